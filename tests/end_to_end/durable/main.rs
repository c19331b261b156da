//! Nothing is acknowledged before it is on disk: nats-server's syncs of the log are counted, and a server that does not sync is refused in words.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on may say so by panicking")]

use std::{
    fs,
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};

use bus::server::{ServerConfig, ServiceUser};
use serde_json::json;
use system_tests::{NatsByHand, Service, System, any_address};

/// Commands sent one after the other, each of which is one append.
const COMMANDS: usize = 40;

/// A strace that writes down the syncs of one process.
struct Syncs {
    strace: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStderr>>,
}

impl Syncs {
    fn of(pid: u32) -> Self {
        let mut command = Command::new("strace");
        command.args(["-f", "-y", "-e", "trace=fsync,fdatasync", "-p", &pid.to_string()]).stderr(Stdio::piped());
        let mut strace = command.spawn().unwrap_or_else(|error| panic!("strace is needed: tests/foreign/install ({error})"));
        let mut lines = BufReader::new(strace.stderr.take().unwrap()).lines();
        // it says so once it is attached to every thread
        let attached = lines.find(|line| line.as_ref().is_ok_and(|line| line.contains("attached")));
        assert!(attached.is_some(), "strace could not attach");
        Self { strace, lines }
    }

    /// Syncs of the log's own files that were begun.
    fn count(mut self) -> usize {
        let pid = rustix::process::Pid::from_raw(i32::try_from(self.strace.id()).unwrap()).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
        let told = self.lines.map_while(Result::ok).filter(|line| line.contains("sync(") && line.contains("/EVENTS/")).count();
        self.strace.wait().unwrap();
        told
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_acknowledged_append_was_synced() {
    let mut system = System::start(&[]).await.unwrap();
    system.settle("dianbu", "u07").await.unwrap();
    let syncs = Syncs::of(system.nats_pid().unwrap());
    for count in 0..COMMANDS {
        let visit = json!({"household":format!("h{}", count % 8),"outcome":"absent","mode":"door"});
        let answer = system.must("u07", "visit.record", None, visit).await.unwrap();
        assert_eq!(answer.status, 201);
    }
    let syncs = syncs.count();
    #[expect(clippy::print_stderr, reason = "figures are shown with --nocapture")]
    {
        eprintln!("{COMMANDS} commands, one after the other: {syncs} syncs of the log");
    }
    assert!(syncs >= COMMANDS, "{COMMANDS} commands were acknowledged after {syncs} syncs");
    system.stop().unwrap();
}

/// A service on a server with a changed configuration: its exit code and what it said.
async fn refused(edit: impl FnOnce(String) -> String, more: &str) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut config = ServerConfig::new(any_address().unwrap(), "p-system", vec![ServiceUser::intake("p-intake")]);
    config.monitor = any_address().unwrap();
    let nats = NatsByHand::start(&folder.join("nats"), &config, edit).await.unwrap();
    fs::write(folder.join("password"), "p-intake").unwrap();
    fs::write(folder.join("key"), "5e".repeat(32)).unwrap();
    let path = |name: &str| folder.join(name).display().to_string();
    let text = format!(
        "[nats]\nurl = '{}'\nuser = 'intake'\npassword_file = '{}'\n{}\n[http]\nlisten = '{}'\n[store]\nfolder = '{}'\n[deployment]\nkey_file = '{}'\n",
        nats.url(),
        path("password"),
        more.replace("{monitor}", &nats.monitor_url()),
        any_address().unwrap(),
        path("store"),
        path("key"),
    );
    let mut intake = Service::new(folder, "intake", String::new(), &text, None).unwrap();
    intake.begin().unwrap();
    let code = intake.ended().await;
    assert!(!folder.join("store").exists(), "it began to work: {}", intake.said());
    (code, intake.said())
}

#[tokio::test]
async fn a_server_that_does_not_sync_is_refused_in_words() {
    let unsynced = |text: String| {
        assert!(text.contains(", sync_interval: always"));
        text.replace(", sync_interval: always", "")
    };
    let (code, said) = refused(unsynced, "monitor_url = '{monitor}'").await;
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("sync_interval: always"), "{said}");
    // what cannot be found out is not taken on trust
    let (code, said) = refused(|text| text, "").await;
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("cannot find out whether nats-server syncs"), "{said}");
    // a server that syncs now and then does not do either
    let (code, said) = refused(|text| text.replace("sync_interval: always", "sync_interval: \"1s\""), "monitor_url = '{monitor}'").await;
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("before they are on disk"), "{said}");
    // nor does one without JetStream
    let without = |text: String| text.lines().filter(|line| !line.contains("jetstream")).collect::<Vec<_>>().join("\n");
    let (code, said) = refused(without, "monitor_url = '{monitor}'").await;
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("jetstream is off"), "{said}");
}
