//! What can be typed. Data goes to stdout, talk to stderr, and the exit code says how it went.

mod alerts;
mod bench;
mod config_command;
mod consumer;
mod deliveries;
mod events;
mod import;
mod rebuild;
mod rules;
mod send;
mod status;
mod token;

pub(crate) use consumer::one_liner;

use std::{net::SocketAddr, path::PathBuf, process::ExitCode};

use clap::{Args, CommandFactory, Parser, Subcommand};

use crate::{
    client::{Client, Target},
    clock::Drill,
    config::UpConfig,
    exit::{Done, Exit, Failure, code, talk},
    run::{Role, UpOptions, run_one, up},
    telemetry,
};

/// 社区防线: the people who knock on doors, stand at gates and take temperatures must not miss anyone.
#[derive(Parser)]
#[command(name = "gridward", version, about, propagate_version = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// What every command takes.
#[derive(Args, Clone)]
pub(crate) struct Global {
    /// Data folder of the system
    #[arg(long, global = true, default_value = "./gridward-data", value_name = "DIR")]
    pub(crate) data: PathBuf,
    /// Address of a running system, instead of finding it by its data folder
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) server: Option<String>,
    /// File with a token, instead of the data folder's admin.token
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
    /// Certificates to trust, PEM
    #[arg(long, global = true, value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// The community
    #[arg(long, global = true, env = "GRIDWARD_COMMUNITY", value_name = "SLUG")]
    community: Option<String>,
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
}

impl Global {
    pub(crate) fn json(&self) -> bool {
        self.json
    }

    pub(crate) fn client(&self) -> Result<Client, Exit> {
        Client::find(&Target { data: self.data.clone(), server: self.server.clone(), token_file: self.token_file.clone(), ca_file: self.ca_file.clone() })
    }

    pub(crate) fn community(&self) -> Result<&str, Exit> {
        self.community.as_deref().ok_or_else(|| Exit::new(Failure::Usage, "which community? add --community SLUG, or set GRIDWARD_COMMUNITY"))
    }
}

/// What can be done.
#[derive(Subcommand)]
enum Command {
    /// Run everything: all services, and nats-server unless --nats is given
    Up(UpArguments),
    /// Run everything with 43 communities in five towns and a living day, on a drill clock
    Demo(UpArguments),
    /// Run the service that takes commands
    Intake(OneArguments),
    /// Run the service that shows
    Projection(OneArguments),
    /// Run the service that alerts
    Alerting(OneArguments),
    /// Send a command: TYPE key=value…, or FILE, or - for standard input
    Send(send::Arguments),
    /// Import a CSV file
    Import(import::Arguments),
    /// How things stand
    Status(status::Arguments),
    /// Alerts: list, show, ack, tail
    Alerts(alerts::Arguments),
    /// The log: tail, show, export
    Events(events::Arguments),
    /// Rules: check tables of what is expected, simulate another policy
    Rules(rules::Arguments),
    /// Tokens: add, list, remove
    Token(token::Arguments),
    /// Outside consumers of topics: add, list, remove
    Consumer(consumer::Arguments),
    /// Who is told of alerts: list, test
    Deliveries(deliveries::Arguments),
    /// Fold the log anew, or compare the stores with it
    Rebuild(rebuild::Arguments),
    /// Check the log: gaps, damage, the chain of hashes
    Verify,
    /// How fast it is on this machine, beside what the machine could do at all
    Bench(bench::Arguments),
    /// Configuration: check, show
    Config(config_command::Arguments),
    /// Print completions for a shell
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
}

/// How everything runs.
#[derive(Args)]
struct UpArguments {
    /// Fill it with the demo towns
    #[arg(long)]
    demo: bool,
    /// Certificate and key of pages and API, how it logs: sections http and log of deploy/config/up.toml
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where pages and API answer; port 0 takes any free one [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    /// An external NATS, instead of starting one; with the user that may do everything, such as nats://user:password@host:4222
    #[arg(long, value_name = "URL", conflicts_with = "nats_listen")]
    nats: Option<String>,
    /// Monitoring endpoint of the external NATS, which alone tells whether it syncs, such as http://host:8222
    #[arg(long, value_name = "URL", requires = "nats")]
    nats_monitor: Option<String>,
    /// Where the nats-server that is started listens; port 0 takes any free one
    #[arg(long, default_value = "127.0.0.1:4222", value_name = "ADDR")]
    nats_listen: SocketAddr,
    /// A drill clock, such as 2020-02-05T21:00:00+08:00@60
    #[arg(long, value_name = "START@RATE")]
    clock: Option<Drill>,
    /// Who is told of alerts, instead of deliveries.toml in the data folder
    #[arg(long, value_name = "FILE")]
    deliveries: Option<PathBuf>,
    /// Publish alerts with the names of people too, for consumers of the class full; kept on the server for a day, in the clear
    #[arg(long)]
    names_on_topics: bool,
    /// How large the demo is
    #[arg(long, default_value = "full", value_name = "SCALE")]
    scale: DemoScale,
    /// Seed of the demo
    #[arg(long, default_value_t = 7)]
    seed: u64,
}

/// How large the demo is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum DemoScale {
    /// Five towns, 486,000 people
    Full,
    /// A tenth of it
    Tenth,
    /// Five small communities
    Tiny,
}

#[derive(Args)]
struct OneArguments {
    /// Its configuration
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

/// Runs what was typed.
pub(crate) fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let usage = error.use_stderr();
            // nothing is left to be told when the terminal is gone
            let _gone = error.print();
            return if usage { Failure::Usage.into() } else { ExitCode::SUCCESS };
        }
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            talk(format_args!("gridward: no threads: {error}"));
            return Failure::Failed.into();
        }
    };
    let outcome = runtime.block_on(dispatch(cli));
    // a blocking read of standard input must not hold the program
    runtime.shutdown_background();
    code(outcome)
}

async fn dispatch(cli: Cli) -> Done {
    let Cli { global, command } = cli;
    match command {
        Command::Up(arguments) => run_up(&global, arguments, false).await,
        Command::Demo(arguments) => run_up(&global, arguments, true).await,
        Command::Intake(arguments) => run_one(Role::Intake, &arguments.config).await,
        Command::Projection(arguments) => run_one(Role::Projection, &arguments.config).await,
        Command::Alerting(arguments) => run_one(Role::Alerting, &arguments.config).await,
        Command::Bench(arguments) => bench::run(&global, arguments).await,
        Command::Send(arguments) => send::run(&global, arguments).await,
        Command::Import(arguments) => import::run(&global, arguments).await,
        Command::Status(arguments) => status::run(&global, arguments).await,
        Command::Alerts(arguments) => alerts::run(&global, arguments).await,
        Command::Events(arguments) => events::run(&global, arguments).await,
        Command::Rules(arguments) => rules::run(&global, arguments).await,
        Command::Token(arguments) => token::run(&global, arguments).await,
        Command::Consumer(arguments) => consumer::run(&global, arguments).await,
        Command::Deliveries(arguments) => deliveries::run(&global, arguments).await,
        Command::Rebuild(arguments) => rebuild::run(&global, arguments).await,
        Command::Verify => rebuild::verify(&global).await,
        Command::Config(arguments) => config_command::run(&global, arguments),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "gridward", &mut script);
            // whoever reads it may have read enough
            let _closed = std::io::Write::write_all(&mut std::io::stdout(), &script);
            Ok(())
        }
    }
}

async fn run_up(global: &Global, arguments: UpArguments, demo: bool) -> Done {
    let UpConfig { mut http, log } = UpConfig::load(arguments.config.as_deref())?;
    telemetry::start(log.json, log.filter.as_deref());
    http.listen = arguments.listen.unwrap_or(http.listen);
    let options = UpOptions {
        data: global.data.clone(),
        http,
        nats: arguments.nats,
        nats_monitor: arguments.nats_monitor,
        nats_listen: arguments.nats_listen,
        clock: arguments.clock,
        deliveries: arguments.deliveries,
        names_on_topics: arguments.names_on_topics,
        demo: (demo || arguments.demo).then_some((arguments.scale, arguments.seed)),
    };
    up(options).await
}
