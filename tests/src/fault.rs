//! A system call that does not do what it should: strace, from outside, on the program as it is.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::Context as _;

/// System calls that make something last, or tell somebody: between any two of them a process can die.
const WRITES: &str = "write,writev,pwrite64,pwritev,fsync,fdatasync,sync_file_range,rename,renameat,renameat2,unlink,unlinkat,ftruncate,sendto,sendmsg";
/// Those of them that are about files only.
const FILES: &str = "pwrite64,pwritev,fsync,fdatasync,sync_file_range,ftruncate";

/// Longest wait for a tracer that was told to end.
const DETACH_WAIT: Duration = Duration::from_secs(5);
/// Pause between two looks.
const LOOK_PAUSE: Duration = Duration::from_millis(5);

/// What happens to a system call. Calls are counted by each thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The process is killed as it makes its n-th call that writes.
    KilledAt(u64),
    /// From the n-th on, so many calls that write to files fail with this error, such as `EIO`.
    Fails(u64, u64, &'static str),
}

impl Fault {
    fn injection(self) -> String {
        match self {
            Self::KilledAt(call) => format!("inject={WRITES}:signal=KILL:when={call}"),
            Self::Fails(call, count, error) => format!("inject={FILES}:error={error}:when={call}..{}", call + count),
        }
    }

    fn strace(self) -> Command {
        let mut strace = Command::new("strace");
        strace.args(["-f", "-o", "/dev/null", "-e", &self.injection()]);
        strace
    }

    /// The program, with this fault from its first call on.
    pub(crate) fn around(self, program: &Path) -> Command {
        let mut strace = self.strace();
        strace.arg(program);
        strace
    }

    /// Breaks a process that runs already.
    ///
    /// # Errors
    /// When it cannot be traced.
    pub fn attach(self, pid: u32) -> anyhow::Result<Attached> {
        let mut strace = self.strace().args(["-p", &pid.to_string()]).stderr(Stdio::piped()).spawn().context("there is no strace")?;
        let said = BufReader::new(strace.stderr.take().context("strace says nothing")?);
        // it says so when it has every thread; a process that is gone by then has ended strace, too
        let _attached = said.lines().map_while(Result::ok).find(|line| line.contains("attached"));
        Ok(Attached(strace))
    }
}

/// Waits for a tracer, and ends it when it does not: strace may wait for ever for a thread of a process that died under it.
pub(crate) fn end(tracer: &mut Child) {
    let begun = Instant::now();
    while begun.elapsed() < DETACH_WAIT {
        if let Ok(Some(_status)) = tracer.try_wait() {
            return;
        }
        std::thread::sleep(LOOK_PAUSE);
    }
    // what it traces goes on, or dies as it was about to
    let _gone = tracer.kill();
    let _reaped = tracer.wait();
}

/// A tracer that is at work. What is dropped lets the process go.
pub struct Attached(Child);

impl Attached {
    /// Whether the process is gone, and the tracer with it.
    ///
    /// # Errors
    /// When that cannot be told.
    pub fn is_over(&mut self) -> anyhow::Result<bool> {
        Ok(self.0.try_wait()?.is_some())
    }
}

impl Drop for Attached {
    fn drop(&mut self) {
        if let Some(pid) = i32::try_from(self.0.id()).ok().and_then(rustix::process::Pid::from_raw) {
            // it detaches before it goes; it may be gone already
            let _gone = rustix::process::kill_process(pid, rustix::process::Signal::INT);
        }
        end(&mut self.0);
    }
}
