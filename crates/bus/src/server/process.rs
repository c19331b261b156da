//! A nats-server of our own: started, waited for, reloaded and stopped.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::Signal;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

use super::child::{CHILD_ENV, LOCK_WAIT, SEPARATOR};
use super::config::{ConfigError, ServerConfig};
use super::files::{Files, Ports, replace, tail};
use super::supervisor::{LOCKED, MakeCommand, ServerState, Supervised};
use crate::monitor::Monitor;

/// Longest wait for a server to be ready, unless the options say otherwise: ten million subjects take eight seconds.
pub const START_WAIT: Duration = Duration::from_secs(60);
/// Longest wait for a server to end by itself.
const STOP_WAIT: Duration = Duration::from_secs(10);
/// Longest wait for a new configuration to be taken over.
const RELOAD_WAIT: Duration = Duration::from_secs(5);
/// Pause between two looks at a server that starts or reloads.
const LOOK_PAUSE: Duration = Duration::from_millis(20);
/// Longest wait for a kept port to be free again: a server whose parent was killed needs a moment to go.
const PORT_WAIT: Duration = Duration::from_secs(3);

/// Most ports that are tried when any would do.
const PORT_TRIES_MAX: u32 = 5;
/// What nats-server says about a port that somebody else has.
const PORT_TAKEN: &str = "address already in use";

/// How the program that becomes nats-server is started.
#[derive(Clone, Debug)]
pub enum Launcher {
    /// This very program, with a hidden subcommand that calls [`super::child_main`] with the arguments after it.
    ThisProgram {
        /// The hidden subcommand.
        subcommand: String,
    },
    /// A test program, in which the test function of this name calls [`super::child_main_if_asked`].
    TestEntry {
        /// Full name of the test function.
        test: String,
    },
}

/// Which server program to run, where, and how.
#[derive(Clone, Debug)]
pub struct ServerOptions {
    /// Folder of the server's files; made when it is missing. One server at a time can use it.
    pub folder: PathBuf,
    /// The nats-server program.
    pub binary: PathBuf,
    /// How it is started.
    pub launcher: Launcher,
    /// Longest wait for it to be ready.
    pub start_wait: Duration,
}

/// Why the server is not there.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Another server uses the folder.
    #[error("another nats-server holds the folder {0}")]
    Locked(PathBuf),
    /// It ended before it was ready.
    #[error("nats-server ended: {0}")]
    Ended(String),
    /// It was not ready in time: the time it had, and the last that it said.
    #[error("nats-server is not ready after {0:?}; a damaged log can hold it up for ever (docs/operations/corruption.md). It said last: {1}")]
    NotReady(Duration, String),
    /// The configuration cannot be written down.
    #[error("nats configuration")]
    Config(#[from] ConfigError),
    /// Its files cannot be used.
    #[error("files of nats-server")]
    Files(#[from] io::Error),
}

/// Why the new configuration is not in force. The old one still is.
#[derive(Debug, thiserror::Error)]
pub enum ReloadError {
    /// nats-server would not take it.
    #[error("nats-server refuses the configuration: {0}")]
    Refused(String),
    /// It was not taken over in time; what the server last logged.
    #[error("nats-server did not take the configuration over: {0}")]
    NotTaken(String),
    /// The configuration cannot be written down.
    #[error("nats configuration")]
    Config(#[from] ConfigError),
    /// Its files cannot be used, or the server is not running.
    #[error("files of nats-server")]
    Files(#[from] io::Error),
}

/// The server did not end by itself and was killed.
#[derive(Debug, thiserror::Error)]
#[error("nats-server did not end by itself and was killed")]
pub struct StopError;

/// A running nats-server whose life ends with this process. Dropping it kills the server; [`NatsServer::stop`] is kinder.
pub struct NatsServer {
    files: Files,
    binary: PathBuf,
    host: SocketAddr,
    monitor_host: SocketAddr,
    supervised: Supervised,
}

impl std::fmt::Debug for NatsServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NatsServer").field("address", &self.host).field("pid", &self.pid()).finish_non_exhaustive()
    }
}

impl NatsServer {
    /// Starts the server and waits until it is ready. A port of 0 becomes the one this folder had before, or any free one.
    ///
    /// # Errors
    /// When the folder is in use, the server ends at once (a port that is taken, a damaged store), or takes too long.
    pub async fn start(options: &ServerOptions, config: &ServerConfig) -> Result<Self, StartError> {
        let files = Files::make(&options.folder)?;
        // the child takes the lock for good; asking first keeps a second start from touching the files of a running server
        if !files.free_within(LOCK_WAIT).await? {
            return Err(StartError::Locked(files.folder));
        }
        let kept = files.kept_ports();
        let mut tries = 0;
        loop {
            // nats-server refuses to reload a configuration whose ports are not those it was started with, so they are chosen here
            let placed = ServerConfig {
                listen: choose(config.listen, kept.map(|kept| kept.nats)).await?,
                monitor: choose(config.monitor, kept.map(|kept| kept.monitor)).await?,
                ..config.clone()
            };
            tries += 1;
            match Self::start_on(options, &files, &placed).await {
                // somebody took a port between the choice and the start
                Err(StartError::Ended(why)) if why.contains(PORT_TAKEN) && placed.listen != config.listen && tries < PORT_TRIES_MAX => {
                    tracing::warn!(%why, "nats-server is started on another port");
                }
                result => return result,
            }
        }
    }

    async fn start_on(options: &ServerOptions, files: &Files, config: &ServerConfig) -> Result<Self, StartError> {
        files.forget_taken_ports()?;
        replace(&files.config(), config.text(&files.folder)?.as_bytes())?;
        let server = Self {
            files: files.clone(),
            binary: options.binary.clone(),
            host: config.listen,
            monitor_host: config.monitor,
            supervised: Supervised::start(make_command(options, files))?,
        };
        match timeout(options.start_wait, server.ready()).await {
            Ok(ready) => ready?,
            Err(_elapsed) => return Err(StartError::NotReady(options.start_wait, last_line(&tail(&files.log())))),
        }
        server.files.keep_ports(Ports { nats: server.host.port(), monitor: server.monitor_host.port() })?;
        Ok(server)
    }

    /// Address for clients on this machine, such as `nats://127.0.0.1:4222`.
    pub fn url(&self) -> String {
        format!("nats://{}", reachable(self.host))
    }

    /// Address of the monitoring endpoint, such as `http://127.0.0.1:8222`.
    pub fn monitor_url(&self) -> String {
        format!("http://{}", reachable(self.monitor_host))
    }

    /// Where clients connect.
    pub fn address(&self) -> SocketAddr {
        self.host
    }

    /// Process id of the server, when it runs.
    pub fn pid(&self) -> Option<u32> {
        self.supervised.pid()
    }

    /// What the server process is doing, as it changes.
    pub fn state(&self) -> watch::Receiver<ServerState> {
        self.supervised.state()
    }

    /// Takes over other accounts, users and permissions without dropping the connections of those that stay. Ports stay as they are.
    ///
    /// # Errors
    /// When nats-server refuses the configuration; then the old one stays in force.
    pub async fn reload(&self, config: &ServerConfig) -> Result<(), ReloadError> {
        let text = self.placed(config).text(&self.files.folder)?;
        let candidate = self.files.candidate_config();
        replace(&candidate, text.as_bytes())?;
        let check = tokio::process::Command::new(&self.binary).arg("-t").arg("-c").arg(&candidate).output().await?;
        if !check.status.success() {
            return Err(ReloadError::Refused(String::from_utf8_lossy(&check.stderr).trim().to_owned()));
        }
        let old = std::fs::read(self.files.config())?;
        std::fs::rename(&candidate, self.files.config())?;
        if let Err(error) = self.load().await {
            replace(&self.files.config(), &old)?;
            return Err(error);
        }
        // nats-server 2.15 connects the service imports of an account only when it loads the account a second time
        self.load().await
    }

    async fn load(&self) -> Result<(), ReloadError> {
        let monitor = Monitor::new(self.monitor_url());
        let before = monitor.config_loaded_at().await.map_err(io::Error::other)?;
        self.supervised.signal(Signal::HUP)?;
        let taken = async {
            while monitor.config_loaded_at().await.ok().is_none_or(|at| at == before) {
                sleep(LOOK_PAUSE).await;
            }
        };
        timeout(RELOAD_WAIT, taken).await.map_err(|_elapsed| ReloadError::NotTaken(last_line(&tail(&self.files.log()))))
    }

    /// Lets the server end in order, and waits for it.
    ///
    /// # Errors
    /// When it had to be killed. What it had acknowledged is on disk all the same.
    pub async fn stop(mut self) -> Result<(), StopError> {
        let mut state = self.supervised.state();
        self.supervised.last();
        // a server that is not running needs no signal
        let _not_running = self.supervised.signal(Signal::TERM);
        let ended = state.wait_for(|state| *state == ServerState::Stopped);
        timeout(STOP_WAIT, ended).await.map_err(|_elapsed| StopError)?.map(|_| ()).map_err(|_| StopError)
    }

    /// Waits until the server listens on its ports and is healthy.
    async fn ready(&self) -> Result<(), StartError> {
        let state = self.supervised.state();
        let monitor = Monitor::new(self.monitor_url());
        loop {
            let ServerState::Running { pid, restarts: 0 } = *state.borrow() else {
                return Err(self.ended());
            };
            // the list of ports bears the process id, so it is not another server that answers
            if self.files.listens(pid) && monitor.healthy().await {
                return Ok(());
            }
            sleep(LOOK_PAUSE).await;
        }
    }

    fn ended(&self) -> StartError {
        let why = match &*self.supervised.state().borrow() {
            ServerState::Down { why, .. } => why.clone(),
            ServerState::Running { .. } | ServerState::Stopped => "it had to be started again".to_owned(),
        };
        let said = tail(&self.files.stderr());
        if why == LOCKED {
            return StartError::Locked(self.files.folder.clone());
        }
        let said = if said.is_empty() { last_line(&tail(&self.files.log())) } else { said };
        StartError::Ended(format!("{why}: {said}"))
    }

    /// The configuration with the ports this server has.
    fn placed(&self, config: &ServerConfig) -> ServerConfig {
        ServerConfig { listen: self.host, monitor: self.monitor_host, ..config.clone() }
    }
}

fn make_command(options: &ServerOptions, files: &Files) -> MakeCommand {
    let arguments: Vec<OsString> =
        vec![std::process::id().to_string().into(), files.lock().into(), options.binary.clone().into(), "-c".into(), files.config().into()];
    let (launcher, stderr, folder) = (options.launcher.clone(), files.stderr(), files.folder.clone());
    Box::new(move || {
        // the path names the program this process runs even when its file was replaced by a newer one
        let mut command = Command::new("/proc/self/exe");
        match &launcher {
            Launcher::ThisProgram { subcommand } => command.arg(subcommand).args(&arguments),
            Launcher::TestEntry { test } => {
                let packed: Vec<_> = arguments.iter().map(|argument| argument.to_string_lossy()).collect();
                command.args([test, "--exact", "--nocapture"]).env(CHILD_ENV, packed.join(SEPARATOR))
            }
        };
        let stderr: File = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&stderr)?;
        // a group of its own: Ctrl-C is for us, and we stop the server when everything that needs it has stopped
        command.process_group(0).current_dir(&folder).stdin(Stdio::null()).stdout(Stdio::null()).stderr(stderr);
        Ok(command)
    })
}

/// The address with the port it had before, when any would do and that one is free or will be in a moment; else with a free one.
async fn choose(wanted: SocketAddr, kept: Option<u16>) -> io::Result<SocketAddr> {
    if wanted.port() != 0 {
        return Ok(wanted);
    }
    if let Some(kept) = kept {
        let before = SocketAddr::new(wanted.ip(), kept);
        let deadline = Instant::now() + PORT_WAIT;
        while Instant::now() < deadline {
            if TcpListener::bind(before).is_ok() {
                return Ok(before);
            }
            sleep(LOOK_PAUSE).await;
        }
        tracing::warn!(port = kept, "the port that nats-server had before is taken, so it gets another one");
    }
    TcpListener::bind(wanted)?.local_addr()
}

/// An address that can be connected to: one that stands for all interfaces becomes this machine.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(if address.is_ipv4() { [127, 0, 0, 1].into() } else { [0, 0, 0, 0, 0, 0, 0, 1].into() });
    }
    address
}

fn last_line(log: &str) -> String {
    let important = |line: &&str| line.contains("[FTL]") || line.contains("[ERR]");
    log.lines().rev().find(important).or_else(|| log.lines().last()).unwrap_or_default().to_owned()
}
