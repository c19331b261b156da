//! `gridward token`: who may do what, where.

use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::Value;

use super::Global;
use crate::{
    client::accepted,
    exit::{Done, data, talk},
};

/// What is done with tokens.
#[derive(Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make a token; its secret is shown once
    Add {
        /// What it is called
        name: String,
        /// All communities of one town; without it, and without --community, a token needs --deployment
        #[arg(long, conflicts_with = "deployment")]
        town: Option<String>,
        /// The whole deployment
        #[arg(long)]
        deployment: bool,
        /// admin, command, office, grid, leader, nurse, gate or viewer
        #[arg(long)]
        role: String,
        /// Whose it is
        #[arg(long)]
        staff: Option<String>,
    },
    /// List the tokens in force
    List,
    /// End a token
    Remove {
        /// What it is called, or its id
        name: String,
    },
}

/// Does it.
pub(crate) async fn run(global: &Global, arguments: Arguments) -> Done {
    let client = global.client()?;
    match arguments.command {
        Command::Add { name, town, deployment, role, staff } => {
            let mut wanted = serde_json::json!({ "name": name, "role": role });
            if let Some(town) = town {
                wanted["town"] = town.into();
            } else if !deployment {
                wanted["community"] = global.community()?.into();
            }
            if let Some(staff) = staff {
                wanted["staff"] = staff.into();
            }
            let made: Value = accepted(client.request(Method::POST, "/tokens").json(&wanted).send().await?).await?.json().await?;
            if global.json() {
                data(made);
            } else {
                talk("keep this secret; it is not shown again:");
                data(made["secret"].as_str().unwrap_or_default());
            }
        }
        Command::List => {
            let list: Value = client.get("/tokens").await?;
            for item in list["items"].as_array().into_iter().flatten() {
                if global.json() {
                    data(item);
                } else {
                    data(format_args!("{:20} {:10} {}", text(&item["name"]), text(&item["role"]), scope(&item["scope"])));
                }
            }
        }
        Command::Remove { name } => {
            let list: Value = client.get("/tokens").await?;
            let named = list["items"].as_array().into_iter().flatten().find(|item| item["name"] == name.as_str() || item["token"] == name.as_str());
            let token = named.map_or(name.as_str(), |item| item["token"].as_str().unwrap_or_default());
            accepted(client.request(Method::DELETE, &format!("/tokens/{token}")).send().await?).await?;
            talk(format_args!("{name} is ended"));
        }
    }
    Ok(())
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn scope(scope: &Value) -> String {
    match (scope["community"].as_str(), scope["town"].as_str()) {
        (Some(community), _) => format!("community {community}"),
        (None, Some(town)) => format!("town {town}"),
        (None, None) => "deployment".to_owned(),
    }
}
