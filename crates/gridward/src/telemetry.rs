//! Logs to stderr. A line is a sentence that stands alone, with fields; personal data is in none of them.

use std::io::IsTerminal as _;

use tracing_subscriber::{EnvFilter, fmt};

/// What is logged unless RUST_LOG says otherwise.
const DEFAULT: &str = "warn,gridward=info,intake=info,projection=info,alerting=info,dashboard=info,bus=info,store=info,web=info";

/// Starts logging.
pub(crate) fn start(json: bool, filter: Option<&str>) {
    let filter = filter.map_or_else(|| EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(DEFAULT)), EnvFilter::new);
    // colours are for people: a file or a journal gets plain text
    let builder = fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(std::io::stderr().is_terminal());
    // a second start in one process (tests) keeps the first
    let _already = if json { builder.json().try_init().err() } else { builder.compact().try_init().err() };
}
