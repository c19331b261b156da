# Everything that a person or CI runs. `./justw` alone lists it.

set shell := ["bash", "-euo", "pipefail", "-c"]

export GRIDWARD_NATS_SERVER := env("GRIDWARD_NATS_SERVER", "")

[private]
default:
    @just --list --unsorted

# five towns, 43 communities, a living day: prints the address, the token and a subscribe line
demo *ARGS: nats
    cargo run --locked -p gridward -- demo --data gridward-demo {{ ARGS }}

# all tests: unit, properties, contract, scenarios, real nats-server, real browser, foreign clients
test: nats foreign
    # in one go: by itself the program would be built again with other features of the same libraries
    cargo build --locked --workspace --tests --bins --examples
    cargo test --locked --workspace --no-fail-fast

# formatting, lints, documentation
check:
    cargo fmt --all --check
    # the formatter does not see modules that a macro names
    rustfmt --edition 2024 --check crates/rules/src/*.rs
    cargo clippy --locked --workspace --all-targets -- -D warnings
    RUSTDOCFLAGS="-D warnings" cargo doc --locked --workspace --no-deps

# the faults of tests/chaos, many of each (0: none), `rounds` times with another seed: what came of it stands in chaos.txt, and another run adds to it
chaos rounds="1" kills="100" services="100" points="100" errors="20" faults="50" disks="5" cuts="20" jumps="20" restores="5" flips="10": nats foreign
    cargo build --locked --workspace --tests --bins --examples
    for round in $(seq {{ rounds }}); do \
        GRIDWARD_SEED=${GRIDWARD_SEED:-$(date +%s)} GRIDWARD_LEDGER=$PWD/chaos.txt GRIDWARD_COMMIT=$(git rev-parse --short HEAD) \
        GRIDWARD_KILLS={{ kills }} GRIDWARD_SERVICE_KILLS={{ services }} GRIDWARD_POINTS={{ points }} GRIDWARD_ERRORS={{ errors }} GRIDWARD_FAULTS={{ faults }} \
        GRIDWARD_FULL_DISKS={{ disks }} GRIDWARD_CUTS={{ cuts }} GRIDWARD_JUMPS={{ jumps }} GRIDWARD_RESTORES={{ restores }} GRIDWARD_FLIPS={{ flips }} \
            cargo test --locked --workspace --test chaos -- --nocapture --test-threads=1; \
    done

# how fast it is on this machine, beside what the machine could do at all: docs/PERFORMANCE.md
bench *ARGS: nats
    cargo run --release --locked -p gridward -- bench {{ ARGS }}

# write the golden bytes of new events and the outcomes of the stories; look at the difference before committing it
golden-accept:
    GRIDWARD_GOLDEN=accept cargo test --locked -p system-tests --test contract --test scenarios

# the pages of the demo at desktop and phone size, into docs/screenshots
screenshots: nats foreign
    cargo build --locked -p gridward
    tests/browser/screenshots

# nats-server 2.15: on PATH, or brought into .tools
nats:
    @deploy/nats/install >/dev/null

# foreign clients for the tests: a Python environment, JavaScript packages, chromium
foreign:
    @tests/foreign/install

# ten bugs, planted one after the other into a copy: each must be caught
seeded *WHICH: nats foreign
    tests/seeded/run {{ WHICH }}
