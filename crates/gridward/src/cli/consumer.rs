//! `gridward consumer`: outsiders who subscribe to topics.

use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::Value;

use super::Global;
use crate::{
    client::accepted,
    exit::{Done, data, talk},
    run::consumers::Added,
};

/// What is done with consumers.
#[derive(Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Let somebody subscribe: an account of its own, and one durable consumer
    Add {
        /// What it is called
        name: String,
        /// Subjects, such as gw.v1.dianbu.*.alert.fever.>
        #[arg(long = "filter", required = true, num_args = 1..)]
        filters: Vec<String>,
        /// full (with names, where the system runs with --names-on-topics), work (doors, no names) or public (counts of communities)
        #[arg(long, default_value = "work")]
        class: String,
        /// new, all, or a sequence
        #[arg(long, default_value = "new")]
        from: String,
        /// Communities it may send commands to over NATS, such as dianbu.u07; it needs a token besides
        #[arg(long = "command", value_name = "TOWN.COMMUNITY", num_args = 1..)]
        commands: Vec<String>,
    },
    /// List the consumers
    List,
    /// Take a consumer's account away
    Remove {
        /// What it is called
        name: String,
    },
}

/// Does it.
pub(crate) async fn run(global: &Global, arguments: Arguments) -> Done {
    let client = global.client()?;
    match arguments.command {
        Command::Add { name, filters, class, from, commands } => {
            let from = from.parse::<u64>().map_or(Value::String(from), Value::from);
            let wanted = serde_json::json!({ "name": name, "filters": filters, "class": class, "from": from, "commands": commands });
            let added: Added = accepted(client.request(Method::POST, "/consumers").json(&wanted).send().await?).await?.json().await?;
            if global.json() {
                data(serde_json::to_string(&added)?);
            } else {
                print(&added);
            }
        }
        Command::List => {
            let list: Value = client.get("/consumers").await?;
            for item in list["items"].as_array().into_iter().flatten() {
                data(item);
            }
        }
        Command::Remove { name } => {
            accepted(client.request(Method::DELETE, &format!("/consumers/{name}")).send().await?).await?;
            talk(format_args!("{name} can no longer connect"));
        }
    }
    Ok(())
}

/// What a consumer needs, and a line to try it with.
fn print(added: &Added) {
    data(format_args!("NATS      {}", added.nats));
    data(format_args!("user      {}", added.user));
    data(format_args!("password  {}   (shown once)", added.password));
    data(format_args!("stream    {}", added.stream));
    data(format_args!("durable   {}", added.durable));
    data(format_args!("inbox     {}", added.inbox_prefix));
    data(format_args!("API       {}", added.api_prefix));
    data("may       read its durable consumer (info, next, ack)");
    for subject in &added.commands {
        data(format_args!("may ask   {subject}   (header Authorization: Bearer, and a token)"));
    }
    data("          and nothing else");
    if let Some(account) = &added.account {
        talk("This NATS is not ours: add this account to its configuration, and reload it twice.");
        data(account);
    }
    talk("Programs to begin with, in three languages: docs/consumers. Or try it at once (pip install nats-py):");
    data(one_liner(added));
}

/// Receives alerts with nats-py: one command to paste.
pub(crate) fn one_liner(added: &Added) -> String {
    let program = format!(
        r#"import asyncio, nats
async def main():
    nc = await nats.connect("{}", user="{}", password="{}", inbox_prefix=b"{}")
    sub = await nc.jetstream(prefix="{}").pull_subscribe_bind("{}", "{}")
    while True:
        try:
            for m in await sub.fetch(1, timeout=5):
                print(m.subject, m.data.decode(), flush=True)
                await m.ack()
        except asyncio.TimeoutError:
            pass
asyncio.run(main())"#,
        added.nats, added.user, added.password, added.inbox_prefix, added.api_prefix, added.durable, added.stream
    );
    format!("python3 -c '{program}'")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_one_liner_is_a_program() {
        let text = || "x".to_owned();
        let added = Added {
            name: text(),
            nats: text(),
            user: text(),
            password: text(),
            stream: text(),
            durable: text(),
            inbox_prefix: text(),
            api_prefix: text(),
            commands: Vec::new(),
            applied: true,
            account: None,
        };
        let line = one_liner(&added);
        let program = line.strip_prefix("python3 -c '").and_then(|rest| rest.strip_suffix('\'')).unwrap();
        assert!(!program.contains('\''), "a quote would end the shell's argument");
        let check = "import ast, sys; ast.parse(sys.argv[1])";
        let parsed = std::process::Command::new("python3").args(["-c", check, program]).output().unwrap();
        assert!(parsed.status.success(), "{}", String::from_utf8_lossy(&parsed.stderr));
    }
}
