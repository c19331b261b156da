//! `gridward config`: what a service would be told.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::Global;
use crate::{
    config::{Config, UpConfig},
    deliveries::Deliveries,
    exit::{Done, data, talk},
};

/// What is done with a configuration.
#[derive(Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Say whether a file is right, secrets included
    Check {
        /// It is one for `gridward up`
        #[arg(long)]
        up: bool,
        /// The file
        file: PathBuf,
    },
    /// Say whether a file with deliveries is right, its addresses, secrets and templates included
    CheckDeliveries {
        /// The file
        file: PathBuf,
    },
    /// Print what holds after defaults, file and environment; secrets are files and stay there
    Show {
        /// The file
        file: PathBuf,
    },
}

/// Does it.
pub(crate) fn run(global: &Global, arguments: Arguments) -> Done {
    match arguments.command {
        Command::Check { up: true, file } => {
            UpConfig::load(Some(&file))?;
            talk(format_args!("{} is right", file.display()));
        }
        Command::Check { up: false, file } => {
            let config = Config::load(&file)?;
            config.nats_password()?;
            config.deployment_secret()?;
            config.admin_token()?;
            config.deliveries()?;
            talk(format_args!("{} is right", file.display()));
        }
        Command::CheckDeliveries { file } => {
            let count = Deliveries::load(&file)?.subscriptions.len();
            talk(format_args!("{} is right: {count} deliveries", file.display()));
        }
        Command::Show { file } => {
            let config = Config::load(&file)?;
            data(if global.json() { serde_json::to_string(&config)? } else { serde_json::to_string_pretty(&config)? });
        }
    }
    Ok(())
}
