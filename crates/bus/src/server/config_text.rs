//! The configuration as the text nats-server reads.

use std::collections::BTreeMap;
use std::fmt::{self, Write};
use std::net::SocketAddr;
use std::path::Path;

use super::config::{CONSUMER_API_PREFIX, CORE_ACCOUNT, ConfigError, ConsumerAccount, ServerConfig};

/// Connections one outside consumer may hold at once.
const CONSUMER_CONNECTIONS_MAX: u32 = 16;
/// Subscriptions one outside consumer may hold at once.
const CONSUMER_SUBSCRIPTIONS_MAX: u32 = 256;
/// Largest message an outside consumer may send, in bytes.
const CONSUMER_PAYLOAD_MAX: u32 = 256 * 1024;
/// How long a service may take to answer a question, before the server forgets that it was allowed to. Our own services wait six seconds for
/// an answer, and the example programs ten.
const RESPONSE_EXPIRES: &str = "15s";
/// Longest name of a consumer.
const NAME_BYTES_MAX: usize = 48;

impl ConsumerAccount {
    /// The text to add to the configuration of a nats-server that is not ours: the exports for the account of the services,
    /// then the account of the consumer.
    ///
    /// # Errors
    /// When a name or a subject cannot stand in a configuration.
    pub fn text(&self) -> Result<String, ConfigError> {
        let alone = ServerConfig { consumers: vec![self.clone()], ..ServerConfig::new(([127, 0, 0, 1], 0).into(), "unused", Vec::new()) };
        alone.check()?;
        let mut text = format!("# add to the exports of account {CORE_ACCOUNT}; where a subject is exported already, add the account to its list\n");
        // writing to a string cannot fail
        let _infallible = alone.write_exports(&mut text).and_then(|()| {
            writeln!(text, "# add to the accounts")?;
            write_consumer(&mut text, self)
        });
        Ok(text)
    }
}

impl ServerConfig {
    /// The text for nats-server, which keeps its files under `folder`.
    ///
    /// # Errors
    /// When a name or a subject cannot stand in a configuration, or a name occurs twice.
    pub fn text(&self, folder: &Path) -> Result<String, ConfigError> {
        self.check()?;
        let mut text = String::from("# written by gridward: changes are overwritten\n");
        // writing to a string cannot fail
        let _infallible = self.write(&mut text, folder);
        Ok(text)
    }

    fn check(&self) -> Result<(), ConfigError> {
        let mut seen = vec!["system".to_owned()];
        let consumers =
            self.consumers.iter().flat_map(|consumer| [("consumer", &consumer.name), ("durable consumer", &consumer.durable), ("stream", &consumer.stream)]);
        for (what, name) in self.services.iter().map(|service| ("service", &service.name)).chain(consumers) {
            check_name(what, name)?;
        }
        let users = self.services.iter().map(|service| service.name.clone()).chain(self.consumers.iter().map(ConsumerAccount::user));
        for user in users {
            if seen.contains(&user) {
                return Err(ConfigError { what: "user", value: user, why: "the name is taken" });
            }
            seen.push(user);
        }
        check_password("system", &self.system_password)?;
        for service in &self.services {
            check_password(&service.name, &service.password)?;
        }
        for consumer in &self.consumers {
            check_password(&consumer.user(), &consumer.password)?;
        }
        let service_subjects = self.services.iter().flat_map(|service| service.publish.iter().chain(&service.subscribe));
        for subject in service_subjects.chain(self.consumers.iter().flat_map(|consumer| consumer.live.iter().chain(&consumer.asks))) {
            check_subject(subject)?;
        }
        Ok(())
    }

    fn write(&self, out: &mut String, folder: &Path) -> fmt::Result {
        let file = |name: &str| quoted(&folder.join(name).to_string_lossy());
        writeln!(out, "server_name: {}", quoted(&self.server_name))?;
        writeln!(out, "listen: {}", quoted(&address(self.listen)))?;
        writeln!(out, "http: {}", quoted(&address(self.monitor)))?;
        writeln!(out, "ports_file_dir: {}", file("ports"))?;
        writeln!(out, "log_file: {}\nlogfile_size_limit: 10MB\nlogfile_max_num: 4", file("server.log"))?;
        if let Some(tls) = &self.tls {
            let (certificate, key) = (quoted(&tls.certificate.to_string_lossy()), quoted(&tls.key.to_string_lossy()));
            writeln!(out, "tls {{ cert_file: {certificate}, key_file: {key}, min_version: \"1.3\" }}")?;
        }
        // the acknowledgement of a message waits for its fsync
        write!(out, "jetstream {{ store_dir: {}, sync_interval: always, max_memory_store: 64MB", file("store"))?;
        if let Some(bytes) = self.store_bytes_max {
            write!(out, ", max_file_store: {bytes}")?;
        }
        writeln!(out, " }}\nsystem_account: SYS\naccounts {{")?;
        writeln!(out, "  SYS {{ users: [ {{ user: system, password: {} }} ] }}", quoted(&self.system_password))?;
        self.write_core(out)?;
        for consumer in &self.consumers {
            write_consumer(out, consumer)?;
        }
        writeln!(out, "}}")
    }

    fn write_core(&self, out: &mut String) -> fmt::Result {
        writeln!(out, "  {CORE_ACCOUNT} {{\n    jetstream: enabled\n    users: [")?;
        for service in &self.services {
            let mut listen = vec![format!("{}.>", service.inbox_prefix())];
            listen.extend(service.subscribe.iter().cloned());
            let answers = if service.answers { format!(", allow_responses: {{ max: 1, expires: {} }}", quoted(RESPONSE_EXPIRES)) } else { String::new() };
            write_user(out, &service.name, &service.password, &service.publish, &listen, &answers)?;
        }
        writeln!(out, "    ]\n    exports: [")?;
        self.write_exports(out)?;
        writeln!(out, "    ]\n  }}")
    }

    fn write_exports(&self, out: &mut String) -> fmt::Result {
        let mut live: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        let mut asks: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for consumer in &self.consumers {
            let to = format!("accounts: [{}]", quoted(&consumer.account()));
            for (call, many) in consumer.calls() {
                let response = if many { ", response_type: stream" } else { "" };
                writeln!(out, "      {{ service: {}{response}, {to} }}", quoted(&format!("$JS.API.{call}")))?;
            }
            for ack in consumer.acks() {
                writeln!(out, "      {{ service: {}, {to} }}", quoted(&ack))?;
            }
            consumer.live.iter().for_each(|subject| live.entry(subject).or_default().push(consumer.account()));
            consumer.asks.iter().for_each(|subject| asks.entry(subject).or_default().push(consumer.account()));
        }
        for (kind, exports) in [("stream", live), ("service", asks)] {
            for (subject, accounts) in exports {
                writeln!(out, "      {{ {kind}: {}, accounts: {} }}", quoted(subject), list(&accounts))?;
            }
        }
        Ok(())
    }
}

fn write_consumer(out: &mut String, consumer: &ConsumerAccount) -> fmt::Result {
    writeln!(out, "  {} {{", consumer.account())?;
    writeln!(
        out,
        "    limits: {{ max_connections: {CONSUMER_CONNECTIONS_MAX}, max_subscriptions: {CONSUMER_SUBSCRIPTIONS_MAX}, max_payload: {CONSUMER_PAYLOAD_MAX} }}"
    )?;
    writeln!(out, "    users: [")?;
    let mut publish: Vec<String> = consumer.calls().iter().map(|(call, _)| format!("{CONSUMER_API_PREFIX}.{call}")).collect();
    publish.extend(consumer.acks());
    publish.extend(consumer.asks.iter().cloned());
    let mut listen = vec![format!("{}.>", consumer.inbox_prefix())];
    listen.extend(consumer.live.iter().cloned());
    write_user(out, &consumer.user(), &consumer.password, &publish, &listen, "")?;
    writeln!(out, "    ]\n    imports: [")?;
    let from = |subject: &str| format!("{{ account: {CORE_ACCOUNT}, subject: {} }}", quoted(subject));
    for (call, _) in consumer.calls() {
        let (theirs, ours) = (from(&format!("$JS.API.{call}")), quoted(&format!("{CONSUMER_API_PREFIX}.{call}")));
        writeln!(out, "      {{ service: {theirs}, to: {ours} }}")?;
    }
    for subject in consumer.acks().iter().chain(&consumer.asks) {
        writeln!(out, "      {{ service: {} }}", from(subject))?;
    }
    for subject in &consumer.live {
        writeln!(out, "      {{ stream: {} }}", from(subject))?;
    }
    writeln!(out, "    ]\n  }}")
}

fn write_user(out: &mut String, name: &str, password: &str, publish: &[String], subscribe: &[String], more: &str) -> fmt::Result {
    writeln!(out, "      {{ user: {}, password: {}, permissions: {{", quoted(name), quoted(password))?;
    writeln!(out, "          publish: {{ allow: {} }},", list(publish))?;
    writeln!(out, "          subscribe: {{ allow: {} }}{more} }} }}", list(subscribe))
}

fn address(address: SocketAddr) -> String {
    // nats-server reads 0 as its default port, and -1 as any free one
    let port = if address.port() == 0 { "-1".to_owned() } else { address.port().to_string() };
    match address {
        SocketAddr::V4(v4) => format!("{}:{port}", v4.ip()),
        SocketAddr::V6(v6) => format!("[{}]:{port}", v6.ip()),
    }
}

fn list(items: &[String]) -> String {
    let items: Vec<String> = items.iter().map(|item| quoted(item)).collect();
    format!("[{}]", items.join(", "))
}

/// A string of the configuration. Quoted, so that `$` and a leading digit mean nothing.
fn quoted(value: &str) -> String {
    format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
}

fn check_name(what: &'static str, name: &str) -> Result<(), ConfigError> {
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    if name.is_empty() || name.len() > NAME_BYTES_MAX || !plain {
        return Err(ConfigError { what, value: name.to_owned(), why: "it takes 1 to 48 letters, digits, - and _" });
    }
    Ok(())
}

/// The password itself never stands in the error.
fn check_password(user: &str, password: &str) -> Result<(), ConfigError> {
    let plain = |c: char| c.is_ascii_graphic() && c != '"' && c != '\\';
    // what begins like that is a bcrypt hash to nats-server
    if password.is_empty() || password.starts_with("$2") || !password.chars().all(plain) {
        let why = "it takes letters, digits and signs without quotes";
        return Err(ConfigError { what: "password of user", value: user.to_owned(), why });
    }
    Ok(())
}

fn check_subject(subject: &str) -> Result<(), ConfigError> {
    let plain = subject.split('.').all(|token| !token.is_empty() && token.chars().all(|c| c.is_ascii_graphic() && c != '"' && c != '\\'));
    if plain { Ok(()) } else { Err(ConfigError { what: "subject", value: subject.to_owned(), why: "it is not a subject" }) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::ServiceUser;

    fn consumer() -> ConsumerAccount {
        ConsumerAccount {
            name: "clinic".to_owned(),
            password: "p-clinic".to_owned(),
            stream: "ALERTS".to_owned(),
            durable: "clinic".to_owned(),
            live: vec!["gw.v1.t.c.heartbeat".to_owned()],
            asks: vec!["gw.v1.t.c.command".to_owned()],
        }
    }

    fn config(service_password: &str, consumer: ConsumerAccount) -> ServerConfig {
        let services = vec![ServiceUser::intake(service_password)];
        ServerConfig { consumers: vec![consumer], ..ServerConfig::new(([127, 0, 0, 1], 0).into(), "s", services) }
    }

    #[test]
    fn a_block_for_another_server_is_what_our_own_gets() {
        let whole = config("p", consumer()).text(Path::new("/data")).unwrap();
        let block = consumer().text().unwrap();
        let said = block.lines().filter(|line| !line.starts_with('#'));
        assert!(said.clone().count() > 10, "{block}");
        for line in said {
            assert!(whole.contains(line), "{line}");
        }
    }

    #[test]
    fn only_who_answers_questions_may_answer_whom_it_is_asked_by() {
        let services = vec![ServiceUser::intake("i"), ServiceUser::projection("p"), ServiceUser::alerting("a"), ServiceUser::provision("v")];
        let text = ServerConfig::new(([127, 0, 0, 1], 0).into(), "s", services).text(Path::new("/data")).unwrap();
        let users: Vec<&str> = text.split("{ user: ").skip(1).collect();
        let may_answer = users.iter().filter(|user| user.contains("allow_responses")).map(|user| user.split(',').next().unwrap());
        // the server looks through what it remembers of them again and again: a rebuild of what only reads took a tenth longer
        assert_eq!((users.len(), may_answer.collect::<Vec<_>>()), (5, vec!["\"intake\""]));
    }

    #[test]
    fn what_could_break_out_of_the_text_is_refused_and_a_password_is_not_shown() {
        for password in ["", "a b", "a\"b", "a\\", "a\nb", "$2a$11$x", "\u{e9}"] {
            for config in [config(password, consumer()), config("p", ConsumerAccount { password: password.to_owned(), ..consumer() })] {
                let error = config.text(Path::new("/data")).unwrap_err();
                assert!(password.is_empty() || !format!("{error} {error:?}").contains(password), "{error}");
            }
        }
        for name in ["", "a.b", "a b", "a\"", "*", ">", "$x", &"a".repeat(49)] {
            for broken in [
                ConsumerAccount { name: name.to_owned(), ..consumer() },
                ConsumerAccount { durable: name.to_owned(), ..consumer() },
                ConsumerAccount { stream: name.to_owned(), ..consumer() },
            ] {
                assert!(config("p", broken).text(Path::new("/data")).is_err(), "{name:?}");
            }
        }
        for subject in ["", "a..b", "a b", "a\" }", ".a"] {
            let broken = ConsumerAccount { live: vec![subject.to_owned()], ..consumer() };
            assert!(broken.text().is_err(), "{subject:?}");
        }
    }
}
