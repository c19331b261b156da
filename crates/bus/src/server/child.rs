//! What runs between our process and nats-server: it ties the child's life to the parent's, takes the lock, and becomes the server.

use std::env;
use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitCode, exit};
use std::thread;
use std::time::{Duration, Instant};

use super::files::open_lock;
use rustix::fs::{FlockOperation, flock};
use rustix::io::{FdFlags, fcntl_setfd};
use rustix::process::{Signal, getppid, set_parent_process_death_signal};

/// Exit code that says that another server holds the folder.
pub const LOCKED_EXIT: u8 = 73;
/// How long the lock is waited for: a server whose parent was killed needs a moment to go.
pub(super) const LOCK_WAIT: Duration = Duration::from_secs(5);
/// Pause between two tries to take the lock.
pub(super) const LOCK_PAUSE: Duration = Duration::from_millis(20);
/// Variable with the arguments of [`child_main`] for a test program, whose own arguments are taken.
pub(super) const CHILD_ENV: &str = "GRIDWARD_NATS_CHILD";
/// What separates the arguments in [`CHILD_ENV`].
pub(super) const SEPARATOR: &str = "\u{1f}";

/// Becomes nats-server. Returns only when it could not; the reason is on stderr.
///
/// The arguments are those that [`super::NatsServer`] passes after the hidden subcommand: the process id of the parent, the
/// lock file, and the command to become. The caller passes them on as they are.
pub fn child_main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    ExitCode::from(run(&arguments.into_iter().collect::<Vec<_>>()))
}

/// For a test program: becomes nats-server when it was started for that, and does nothing otherwise.
///
/// Call it in a test function and name that function in [`super::Launcher::TestEntry`].
pub fn child_main_if_asked() {
    if let Some(arguments) = env::var_os(CHILD_ENV) {
        let arguments = arguments.to_string_lossy().split(SEPARATOR).map(OsString::from).collect::<Vec<_>>();
        exit(i32::from(run(&arguments)));
    }
}

fn run(arguments: &[OsString]) -> u8 {
    let (code, why) = match become_server(arguments) {
        Ok(never) => match never {},
        Err(ChildError::Locked) => (LOCKED_EXIT, "another nats-server holds the folder".to_owned()),
        Err(ChildError::Other(what, error)) => (1, format!("{what}: {error}")),
    };
    // nobody is left to be told when stderr is gone
    let _nobody = writeln!(io::stderr(), "{why}");
    code
}

enum ChildError {
    Locked,
    Other(&'static str, io::Error),
}

enum Never {}

fn become_server(arguments: &[OsString]) -> Result<Never, ChildError> {
    let [parent, lock, program, rest @ ..] = arguments else {
        return Err(ChildError::Other("arguments", io::Error::from(io::ErrorKind::InvalidInput)));
    };
    die_with(parent)?;
    // the lock is held by the open file, which the server inherits: whoever still writes, still holds it
    let lock = open_lock(Path::new(lock)).map_err(|error| ChildError::Other("cannot open the lock", error))?;
    take(&lock)?;
    fcntl_setfd(lock.as_fd(), FdFlags::empty()).map_err(|error| ChildError::Other("cannot keep the lock", error.into()))?;
    let error = Command::new(program).args(rest).env_remove(CHILD_ENV).exec();
    Err(ChildError::Other("cannot start nats-server", error))
}

/// Asks the kernel to kill this process, and the server it becomes, when the thread that started it dies.
fn die_with(parent: &OsStr) -> Result<(), ChildError> {
    set_parent_process_death_signal(Some(Signal::KILL)).map_err(|error| ChildError::Other("cannot bind to the parent", error.into()))?;
    let ours = getppid().map(|pid| pid.as_raw_nonzero().get().to_string());
    // the parent may have died before the kernel was asked
    if ours.as_deref().map(OsStr::new) != Some(parent) {
        return Err(ChildError::Other("the parent", io::Error::other("is gone")));
    }
    Ok(())
}

fn take(lock: impl AsFd) -> Result<(), ChildError> {
    let deadline = Instant::now() + LOCK_WAIT;
    loop {
        match flock(lock.as_fd(), FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(()),
            Err(rustix::io::Errno::WOULDBLOCK) if Instant::now() < deadline => thread::sleep(LOCK_PAUSE),
            Err(rustix::io::Errno::WOULDBLOCK) => return Err(ChildError::Locked),
            Err(error) => return Err(ChildError::Other("cannot take the lock", error.into())),
        }
    }
}
