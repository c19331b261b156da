//! Nothing is acknowledged before it is on disk: nats-server's syncs of the log are counted, a server that does not sync is refused in words,
//! and a full log takes nothing until there is room. Of a log that is damaged, what is sound is shown.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on may say so by panicking")]

use std::{
    fs,
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    time::Duration,
};

use bus::{
    Connection, ConnectionOptions, EventLog, EventLogOptions, Message,
    server::{ServerConfig, ServiceUser},
};
use serde_json::{Value, json};
use system_tests::{Forgetful, NatsByHand, Service, System, any_address, until};
use uuid::Uuid;

/// Commands sent one after the other, each of which is one append.
const COMMANDS: usize = 40;
/// Longest wait for a service to say how it is.
const LOOK_WAIT: Duration = Duration::from_secs(60);
/// Longest wait until a small log is full.
const FULL_WAIT: Duration = Duration::from_secs(120);

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

/// What `docs/operations/disk-full.md` says, step by step.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_log_is_told_by_readiness_and_goes_on_after_room_was_made() {
    let disk = Forgetful::mount().unwrap();
    let mut system = System::start_in(disk.path().join("data"), &[]).await.unwrap();
    system.settle("dianbu", "u07").await.unwrap();
    system.stop().unwrap();
    disk.leave_free(4 << 20);
    system.begin().await.unwrap();
    let visit =
        |n: usize| json!({"id": Uuid::now_v7(), "type": "visit.record", "data": {"household": format!("h{}", n % 8), "outcome": "absent", "mode": "door"}});
    let http = reqwest::Client::new();
    let (url, token) = (system.url().unwrap(), system.admin_token().unwrap());
    let fill = async || {
        let lines: String = (0..500).map(|n| format!("{}\n", visit(n))).collect();
        let request = http.post(format!("{url}/api/v1/communities/u07/commands")).bearer_auth(&token);
        let answer = request.header("content-type", "application/x-ndjson").body(lines).send().await.unwrap().text().await.unwrap();
        answer.contains("outcome_unknown").then_some(())
    };
    until("the log is full", FULL_WAIT, fill).await;
    let told = async || {
        let told: Value = reqwest::get(format!("{url}/readyz")).await.ok()?.json().await.ok()?;
        told["services"]["intake"].as_str()?.starts_with("the log is full: make room;").then_some(())
    };
    until("readiness says so", LOOK_WAIT, told).await;
    let asked = visit(0);
    let answer = system.post("u07", &asked).await.unwrap();
    assert_eq!((answer.status, answer.json["code"].as_str()), (503, Some("outcome_unknown")), "{}", answer.text);
    assert_eq!(system.get("/communities/u07").await.unwrap().status, 200, "what is there is shown");
    // the page: make room, start again, verify. There is room though less is free than the log holds already
    disk.leave_free(2 << 20);
    system.stop().unwrap();
    system.begin().await.unwrap();
    let answer = system.post("u07", &asked).await.unwrap();
    assert!(answer.status < 300, "{}", answer.text);
    let verified = system.command(&["verify"]).unwrap();
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
    system.stop().unwrap();
}

/// What `docs/operations/corruption.md` says of a damaged commit where there is no backup.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_cannot_be_read_stops_intake_and_nothing_else() {
    let mut system = System::start(&[]).await.unwrap();
    system.settle("dianbu", "u07").await.unwrap();
    let token = system.admin_token().unwrap();
    let secrets: Value = serde_json::from_slice(&fs::read(system.data().join("nats-secrets.json")).unwrap()).unwrap();
    let options = ConnectionOptions::new(system.nats().unwrap(), "test").login("intake", secrets["intake"].as_str().unwrap(), "_INBOX_intake");
    let connection = Connection::open(options).await.unwrap();
    connection.connected(LOOK_WAIT).await.unwrap();
    let log = EventLog::new(&connection, &EventLogOptions::default());
    let head = log.head().await.unwrap().last_sequence;
    let damaged = Message { subject: "ev.0.u07._.post.x".to_owned(), payload: b"GW\x01 this is no commit".to_vec().into() };
    let damaged = log.append(head, vec![damaged]).await.unwrap();
    connection.close().await.unwrap();
    system.kill().unwrap();
    system.launch().unwrap();
    let told = until("it says what stopped it", LOOK_WAIT, async || {
        let told: Value = reqwest::get(format!("{}/readyz", system.url().ok()?)).await.ok()?.json().await.ok()?;
        (told["services"]["projection"] == "ready" && told["services"]["alerting"] == "ready").then_some(told)
    });
    let told = told.await;
    assert!(told["services"]["intake"].as_str().unwrap().contains(&format!("cannot be read at {damaged}")), "{told}");
    assert!(system.log().contains("gridward: nothing can be recorded: "), "{}", system.log());
    assert_eq!(system.admin_token().unwrap(), token, "the operator's token is another");
    assert_eq!(system.get("/communities/u07").await.unwrap().status, 200);
    let answer = system.send("u07", "visit.record", None, json!({"household":"h1","outcome":"absent","mode":"door"})).await.unwrap();
    assert_eq!(answer.status, 503, "{}", answer.text);
    let export = system.command(&["events", "export", "--community", "u07"]).unwrap();
    let lines = String::from_utf8(export.stdout).unwrap();
    let last: Value = serde_json::from_str(lines.lines().last().unwrap()).unwrap();
    assert_eq!((export.status.code(), &last["sequence"]), (Some(0), &damaged.into()), "{last}");
    system.stop().unwrap();
}

/// And of a message that nats-server cannot read any more: a bit of it flipped on the disk.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_log_with_a_gap_everything_before_it_can_be_exported() {
    let mut system = System::start(&[]).await.unwrap();
    system.settle("dianbu", "u07").await.unwrap();
    let export = |system: &System| system.command(&["events", "export", "--community", "u07"]).unwrap();
    let whole = String::from_utf8(export(&system).stdout).unwrap();
    let lost = whole.lines().find(|line| line.contains("household.registered.v1") && line.contains(r#""h5""#)).unwrap();
    let lost = serde_json::from_str::<Value>(lost).unwrap()["sequence"].clone();
    system.stop().unwrap();
    let block = system.data().join("nats/store/jetstream/CORE/streams/EVENTS/msgs/1.blk");
    let mut bytes = fs::read(&block).unwrap();
    let place = bytes.windows(12).position(|window| window == b"household.h5").unwrap();
    // behind the subject, in the payload
    bytes[place + 40] ^= 1;
    fs::write(&block, bytes).unwrap();
    system.begin().await.unwrap();
    let told = export(&system);
    let (lines, said) = (String::from_utf8(told.stdout).unwrap(), String::from_utf8(told.stderr).unwrap());
    let (before, last) = lines.trim_end().rsplit_once('\n').unwrap();
    let sequence = |line: &str| serde_json::from_str::<Value>(line).unwrap()["sequence"].as_u64();
    let sound: Vec<&str> = whole.lines().filter(|line| sequence(line) < lost.as_u64()).collect();
    assert!(sound.len() > 10 && before.lines().eq(sound), "{before}");
    let last: Value = serde_json::from_str(last).unwrap();
    assert_eq!((&last["sequence"], &last["gap"], told.status.code()), (&lost, &true.into(), Some(6)), "{last} {said}");
    assert!(said.contains(&format!("message {lost} of the log is damaged or missing")), "{said}");
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
