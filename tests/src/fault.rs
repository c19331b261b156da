//! A system call that does not do what it should: strace, from outside, on the program as it is.

use std::{
    path::Path,
    process::{Child, Command},
    time::{Duration, Instant},
};

use anyhow::Context as _;

/// System calls that make something last, or tell somebody: between any two of them a process can die.
const WRITES: &str = "write,writev,pwrite64,pwritev,fsync,fdatasync,sync_file_range,rename,renameat,renameat2,unlink,unlinkat,ftruncate,sendto,sendmsg";
/// Those of them that are about files only.
const FILES: &str = "pwrite64,pwritev,fsync,fdatasync,sync_file_range,ftruncate";

/// Longest wait for a tracer to have every thread.
const ATTACH_WAIT: Duration = Duration::from_secs(10);
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
            Self::KilledAt(call) => format!("inject={}:signal=KILL:when={call}", self.calls()),
            Self::Fails(call, count, error) => format!("inject={}:error={error}:when={call}..{}", self.calls(), call + count),
        }
    }

    /// What strace says in its output of a call that this fault struck.
    fn word(self) -> &'static str {
        match self {
            Self::KilledAt(_) => "+++ killed by SIGKILL",
            Self::Fails(..) => "(INJECTED)",
        }
    }

    fn calls(self) -> &'static str {
        match self {
            Self::KilledAt(_) => WRITES,
            Self::Fails(..) => FILES,
        }
    }

    fn strace(self, seen: &Path) -> Command {
        let mut strace = Command::new("strace");
        strace.args(["-f", "-s", "0", "-e", &format!("trace={}", self.calls()), "-e", &self.injection()]).arg("-o").arg(seen);
        strace
    }

    /// The program, with this fault from its first call on; what strace sees goes to a file.
    pub(crate) fn around(self, program: &Path, seen: &Path) -> Command {
        let mut strace = self.strace(seen);
        strace.arg(program);
        strace
    }

    /// How often it struck, by what strace saw: calls that failed, or threads that were killed.
    pub(crate) fn strikes(self, seen: &Path) -> u64 {
        let seen = std::fs::read(seen).unwrap_or_default();
        String::from_utf8_lossy(&seen).lines().filter(|line| line.contains(self.word())).count() as u64
    }

    /// Breaks a process that runs already.
    ///
    /// # Errors
    /// When it cannot be traced.
    pub fn attach(self, pid: u32) -> anyhow::Result<Attached> {
        let (seen, said) = (tempfile::NamedTempFile::new()?, tempfile::NamedTempFile::new()?);
        // to a file: it speaks of every thread that begins later, and would die of a pipe that nobody reads
        let mut tracer = self.strace(seen.path()).args(["-p", &pid.to_string()]).stderr(said.reopen()?).spawn().context("there is no strace")?;
        let begun = Instant::now();
        loop {
            let ended = tracer.try_wait()?.is_some();
            // it says so when it has every thread, and may strike, and end, before anybody looks
            if std::fs::read_to_string(said.path())?.contains("attached") {
                return Ok(Attached { tracer, seen, fault: self });
            }
            if ended || begun.elapsed() >= ATTACH_WAIT {
                break;
            }
            std::thread::sleep(LOOK_PAUSE);
        }
        end(&mut tracer);
        anyhow::bail!("strace did not attach to {pid}: {}", std::fs::read_to_string(said.path())?)
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
pub struct Attached {
    tracer: Child,
    seen: tempfile::NamedTempFile,
    fault: Fault,
}

impl Attached {
    /// Whether the process is gone, and the tracer with it.
    ///
    /// # Errors
    /// When that cannot be told, or the tracer died and the process did not: nothing strikes any more.
    pub fn is_over(&mut self) -> anyhow::Result<bool> {
        let ended = self.tracer.try_wait()?;
        if let Some(status) = ended {
            let seen = std::fs::read_to_string(self.seen.path())?;
            anyhow::ensure!(seen.lines().any(|line| line.contains("+++ ")), "strace ended with {status}, and what it traced did not");
        }
        Ok(ended.is_some())
    }

    /// How often the fault has struck by now.
    pub fn strikes(&self) -> u64 {
        self.fault.strikes(self.seen.path())
    }

    /// Lets the process go: how often the fault had struck.
    pub fn let_go(mut self) -> u64 {
        self.detach();
        self.strikes()
    }

    fn detach(&mut self) {
        if let Some(pid) = i32::try_from(self.tracer.id()).ok().and_then(rustix::process::Pid::from_raw) {
            // it detaches before it goes; it may be gone already
            let _gone = rustix::process::kill_process(pid, rustix::process::Signal::INT);
        }
        end(&mut self.tracer);
    }
}

impl Drop for Attached {
    fn drop(&mut self) {
        self.detach();
    }
}
