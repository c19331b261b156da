//! `gridward config`: what a service would be told.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::Global;
use crate::{
    config::Config,
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
        Command::Check { file } => {
            let config = Config::load(&file)?;
            config.nats_password()?;
            config.deployment_secret()?;
            config.admin_token()?;
            talk(format_args!("{} is right", file.display()));
        }
        Command::Show { file } => {
            let config = Config::load(&file)?;
            data(if global.json() { serde_json::to_string(&config)? } else { serde_json::to_string_pretty(&config)? });
        }
    }
    Ok(())
}
