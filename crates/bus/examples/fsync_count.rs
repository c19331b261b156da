//! How often nats-server syncs per acknowledged append: 1000 single messages, then 10 batches of 100.
//!
//! `cargo run -p bus --example fsync_count` needs nats-server and strace.

use std::error::Error;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use bus::provision::{StreamPlan, ensure};
use bus::server::{Launcher, NatsServer, START_WAIT, ServerConfig, ServerOptions, ServiceUser, child_main, find_binary};
use bus::{Connection, ConnectionOptions, EventLog, EventLogOptions, Message};
use bytes::Bytes;

/// Hidden subcommand with which this program becomes the server.
const CHILD: &str = "nats-child";
/// Longest wait for the server to let us in.
const PATIENCE: Duration = Duration::from_secs(10);

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().is_some_and(|first| first == CHILD) {
        return child_main(arguments);
    }
    let result = tokio::runtime::Runtime::new().map_err(Into::into).and_then(|runtime| runtime.block_on(count()));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _nobody_reads = writeln!(std::io::stderr(), "{error}");
            ExitCode::FAILURE
        }
    }
}

async fn count() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let services = vec![ServiceUser::intake("i"), ServiceUser::provision("p")];
    let config = ServerConfig::new(([127, 0, 0, 1], 0).into(), "s", services);
    let options = ServerOptions {
        folder: folder.path().to_owned(),
        binary: find_binary()?,
        launcher: Launcher::ThisProgram { subcommand: CHILD.to_owned() },
        start_wait: START_WAIT,
    };
    let server = NatsServer::start(&options, &config).await?;
    let connect = async |user: &str, password: &str| -> Result<Connection, Box<dyn Error>> {
        let options = ConnectionOptions::new(server.url(), user).login(user, password, format!("_INBOX_{user}"));
        let connection = Connection::open(options).await?;
        connection.connected(PATIENCE).await?;
        Ok(connection)
    };
    ensure(&connect("provision", "p").await?, &[StreamPlan::events(None)], || "example".to_owned()).await?;
    let log = EventLog::new(&connect("intake", "i").await?, &EventLogOptions::default());
    let pid = server.pid().ok_or("the server is gone")?;
    let mut head = 0;
    for (what, appends, size) in [("single messages", 1000_u32, 1), ("batches of 100", 10, 100)] {
        let tracer = Tracer::attach(pid)?;
        let began = Instant::now();
        for _ in 0..appends {
            let message = Message { subject: "ev.0.c1._.post.1".to_owned(), payload: Bytes::from(vec![7; 200]) };
            head = log.append(head, vec![message; size]).await?;
        }
        let took = began.elapsed();
        let syncs = tracer.detach()?;
        writeln!(std::io::stdout(), "{appends} {what}: {syncs} syncs, {:.3?} an append under strace", took / appends)?;
    }
    server.stop().await?;
    Ok(())
}

/// A strace that counts the syncs of one process.
struct Tracer {
    strace: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStderr>>,
}

impl Tracer {
    fn attach(pid: u32) -> Result<Self, Box<dyn Error>> {
        let mut strace =
            Command::new("strace").args(["-f", "-e", "trace=fsync,fdatasync,sync_file_range", "-p", &pid.to_string()]).stderr(Stdio::piped()).spawn()?;
        let mut lines = BufReader::new(strace.stderr.take().ok_or("strace says nothing")?).lines();
        // it says so when it has attached to every thread
        lines.find(|line| line.as_ref().is_ok_and(|line| line.contains("attached"))).ok_or("strace did not attach")??;
        Ok(Self { strace, lines })
    }

    fn detach(mut self) -> Result<usize, Box<dyn Error>> {
        let strace = rustix::process::Pid::from_raw(i32::try_from(self.strace.id())?).ok_or("no process id")?;
        rustix::process::kill_process(strace, rustix::process::Signal::INT)?;
        let syncs = self.lines.map_while(Result::ok).filter(|line| line.contains("sync(") && !line.contains("resumed")).count();
        self.strace.wait()?;
        Ok(syncs)
    }
}
