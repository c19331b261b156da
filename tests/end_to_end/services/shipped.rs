//! The files that are shipped for this form, held against the program.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    process::Command,
};

use bus::server::{ServerConfig, ServiceUser, find_binary};
use system_tests::program;

/// What intake may do besides, until the streams are made: the shipped file says to take it out then.
const FOR_PROVISIONING: [&str; 3] = ["$JS.API.STREAM.INFO.*", "$JS.API.STREAM.CREATE.*", "$JS.API.STREAM.UPDATE.EVENTS"];

fn deploy() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy")
}

/// What stands between quotes in the part of a configuration that is about one user.
fn rights(text: &str, user: &str) -> BTreeSet<String> {
    let begin = text.find(&format!("{{ user: \"{user}\"")).unwrap_or_else(|| panic!("no user {user}"));
    let part = &text[begin + 1..];
    let end = part.find("{ user:").or_else(|| part.find("exports:")).unwrap_or(part.len());
    let subjects = part[..end].split('"').skip(1).step_by(2).map(str::to_owned);
    subjects.filter(|subject| subject.contains('.')).collect()
}

#[test]
fn the_shipped_server_configuration_gives_the_rights_that_the_program_gives() {
    let users = [ServiceUser::intake("x"), ServiceUser::projection("x"), ServiceUser::alerting("x")];
    let names: Vec<String> = users.iter().map(|user| user.name.clone()).collect();
    let generated = ServerConfig::new(([127, 0, 0, 1], 4222).into(), "x", users.to_vec()).text(Path::new("/tmp")).unwrap();
    let shipped = std::fs::read_to_string(deploy().join("nats/server.conf")).unwrap();
    for user in &names {
        let mut expected = rights(&generated, user);
        if user == "intake" {
            expected.extend(FOR_PROVISIONING.map(str::to_owned));
        }
        assert_eq!(rights(&shipped, user), expected, "deploy/nats/server.conf gives {user} other rights");
    }
}

#[test]
fn the_shipped_server_configuration_is_one_to_nats_server() {
    let mut command = Command::new(find_binary().unwrap());
    command.arg("-t").arg("-c").arg(deploy().join("nats/server.conf"));
    for user in ["SYSTEM", "INTAKE", "PROJECTION", "ALERTING"] {
        command.env(format!("GRIDWARD_NATS_{user}"), "abcdefghijklmnop");
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn the_shipped_configuration_of_up_is_one() {
    let check = |file: &Path| Command::new(program().unwrap()).args(["config", "check", "--up"]).arg(file).output().unwrap();
    let file = deploy().join("config/up.toml");
    let output = check(&file);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    // what is commented out is one, too
    let whole = tempfile::Builder::new().suffix(".toml").tempfile().unwrap();
    std::fs::write(whole.path(), std::fs::read_to_string(&file).unwrap().replace("# tls =", "tls =").replace("# filter =", "filter =")).unwrap();
    let output = check(whole.path());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn the_shipped_deliveries_are_some() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("deliveries.toml");
    std::fs::copy(deploy().join("config/deliveries.toml"), &file).unwrap();
    std::fs::create_dir(folder.path().join("secrets")).unwrap();
    let check = || Command::new(program().unwrap()).args(["config", "check-deliveries"]).arg(&file).output().unwrap();
    assert!(!check().status.success(), "addresses and secrets are looked at too");
    for (name, text) in [
        ("u07-group.url", "https://robot.example/send?token=a"),
        ("u07-group.key", "SECabc"),
        ("clinic.url", "https://clinic.example/hook"),
        ("clinic.key", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
        ("command-phone.url", "https://ntfy.example/topic"),
        ("town-group.url", "https://robot.example/send?token=b"),
        ("wang-phone.url", "https://ntfy.example/wang"),
        ("li-phone.url", "https://ntfy.example/li"),
    ] {
        std::fs::write(folder.path().join("secrets").join(name), text).unwrap();
    }
    let output = check();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
