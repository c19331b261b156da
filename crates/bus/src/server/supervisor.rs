//! The thread that starts nats-server, waits for it, and starts it again.
//!
//! It is a thread of its own because the kernel kills the child when the *thread* that started it dies: this one lives until
//! the child is gone.

use std::io;
use std::os::fd::OwnedFd;
use std::process::{Child, Command, ExitStatus};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use tokio::sync::watch;

/// First pause before the server is started again; it doubles up to [`PAUSE_MAX`].
const PAUSE_MIN: Duration = Duration::from_millis(100);
/// Longest pause before the server is started again.
const PAUSE_MAX: Duration = Duration::from_secs(5);
/// A server that lived as long as this starts again with the shortest pause.
const SOUND: Duration = Duration::from_secs(30);

/// How a server ends that found the folder in use.
pub(super) const LOCKED: &str = "another nats-server holds the folder";

/// What the server process is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerState {
    /// The process lives; whether it answers, a connection tells.
    Running {
        /// Its process id.
        pid: u32,
        /// How often it had to be started again.
        restarts: u64,
    },
    /// It ended by itself and will be started again.
    Down {
        /// How it ended.
        why: String,
        /// How often it had to be started again so far.
        restarts: u64,
    },
    /// It was stopped, and stays so.
    Stopped,
}

/// Makes the command that starts the server.
pub(super) type MakeCommand = Box<dyn Fn() -> io::Result<Command> + Send>;

/// A server under supervision. Dropping it kills the server.
pub(super) struct Supervised {
    state: watch::Receiver<ServerState>,
    process: Arc<Mutex<Option<OwnedFd>>>,
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Supervised {
    pub(super) fn start(command: MakeCommand) -> io::Result<Self> {
        let (sender, state) = watch::channel(ServerState::Down { why: "not started yet".to_owned(), restarts: 0 });
        let process = Arc::new(Mutex::new(None));
        let (stop, stopped) = channel();
        let supervisor = Supervisor { command, state: sender, process: Arc::clone(&process), stopped };
        let (started, first) = channel();
        let thread = thread::Builder::new().name("nats-supervisor".to_owned()).spawn(move || supervisor.run(&started))?;
        let supervised = Self { state, process, stop: Some(stop), thread: Some(thread) };
        first.recv().map_err(io::Error::other)??;
        Ok(supervised)
    }

    pub(super) fn state(&self) -> watch::Receiver<ServerState> {
        self.state.clone()
    }

    pub(super) fn pid(&self) -> Option<u32> {
        match *self.state.borrow() {
            ServerState::Running { pid, .. } => Some(pid),
            ServerState::Down { .. } | ServerState::Stopped => None,
        }
    }

    /// Sends a signal to the process that runs now. A descriptor names it, so a process id that is used again cannot be hit.
    pub(super) fn signal(&self, signal: Signal) -> io::Result<()> {
        match &*self.process.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(process) => Ok(pidfd_send_signal(process, signal)?),
            None => Err(io::Error::from(io::ErrorKind::NotFound)),
        }
    }

    /// Says that the next end is the last one.
    pub(super) fn last(&mut self) {
        self.stop = None;
    }
}

impl Drop for Supervised {
    fn drop(&mut self) {
        self.last();
        // a server that is not running needs no signal
        let _not_running = self.signal(Signal::KILL);
        if let Some(thread) = self.thread.take() {
            // a panic of that thread was reported by itself
            let _panicked = thread.join();
        }
    }
}

struct Supervisor {
    command: MakeCommand,
    state: watch::Sender<ServerState>,
    process: Arc<Mutex<Option<OwnedFd>>>,
    stopped: Receiver<()>,
}

impl Supervisor {
    fn run(self, started: &Sender<io::Result<()>>) {
        let mut restarts = 0;
        let mut pause = PAUSE_MIN;
        loop {
            let began = std::time::Instant::now();
            let why = match self.spawn() {
                Ok(child) => {
                    self.state.send_replace(ServerState::Running { pid: child.id(), restarts });
                    // only the first start is waited for
                    let _nobody_waits = started.send(Ok(()));
                    self.wait(child)
                }
                Err(error) if restarts == 0 => {
                    let _nobody_waits = started.send(Err(error));
                    return;
                }
                Err(error) => error.to_string(),
            };
            if began.elapsed() > SOUND {
                pause = PAUSE_MIN;
            }
            self.state.send_replace(ServerState::Down { why: why.clone(), restarts });
            if self.stopped_within(pause) {
                self.state.send_replace(ServerState::Stopped);
                return;
            }
            pause = (pause * 2).min(PAUSE_MAX);
            restarts += 1;
            tracing::error!(%why, restarts, "nats-server ended and is started again");
        }
    }

    fn spawn(&self) -> io::Result<Child> {
        let mut child = (self.command)()?.spawn()?;
        let opened = i32::try_from(child.id()).ok().and_then(Pid::from_raw).ok_or_else(|| io::Error::other("no process id"));
        match opened.and_then(|pid| Ok(pidfd_open(pid, PidfdFlags::empty())?)) {
            Ok(process) => {
                *self.process.lock().unwrap_or_else(PoisonError::into_inner) = Some(process);
                // whoever stopped us before that line found no process to signal
                if self.stopped_within(Duration::ZERO) {
                    child.kill()?;
                }
                Ok(child)
            }
            Err(error) => {
                child.kill()?;
                child.wait()?;
                Err(error)
            }
        }
    }

    fn wait(&self, mut child: Child) -> String {
        let ended = child.wait();
        *self.process.lock().unwrap_or_else(PoisonError::into_inner) = None;
        ended.map_or_else(|error| error.to_string(), describe)
    }

    /// Whether it was stopped, now or within `pause`.
    fn stopped_within(&self, pause: Duration) -> bool {
        matches!(self.stopped.recv_timeout(pause), Err(RecvTimeoutError::Disconnected))
    }
}

fn describe(status: ExitStatus) -> String {
    match status.code() {
        Some(code) if code == i32::from(super::LOCKED_EXIT) => LOCKED.to_owned(),
        _ => status.to_string(),
    }
}
