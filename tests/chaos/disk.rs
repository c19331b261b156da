//! A disk below `nats/` that fills under load, and is made larger later: a tmpfs, which only root may mount. `GRIDWARD_FULL_DISKS` says how
//! often.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    time::Duration,
};

use system_tests::{Chance, History, System, until};
use tokio::sync::RwLock;

use crate::{
    checker::{Run, SETTLE_WAIT, check},
    count_of,
    load::{DOORS, Load, Post, attempt, command, kill, register, visit},
    pass_over,
    past::copy,
    tell,
    told::Outsider,
    wait_for,
};

/// Size of the disk, in MiB, until it is made larger.
const SMALL_MIB: u32 = 64;
/// Its size after that, in MiB.
const LARGE_MIB: u32 = 96;
/// What is left free on it, in KiB: a few commands.
const LEFT_KIB: usize = 256;
/// Longest wait for the first command that a full disk refuses: an append is waited for before its outcome is called unknown.
const FULL_WAIT: Duration = Duration::from_secs(90);

/// A disk in memory.
struct Disk(PathBuf);

impl Disk {
    fn mount(folder: &Path) -> Self {
        fs::create_dir_all(folder).unwrap();
        mount(&["-t", "tmpfs", "-o", &format!("size={SMALL_MIB}m"), "tmpfs", &folder.display().to_string()]);
        Self(folder.to_owned())
    }

    fn resize(&self, size_mib: u32) {
        mount(&["-o", &format!("remount,size={size_mib}m"), &self.0.display().to_string()]);
    }

    fn ballast(&self) -> PathBuf {
        self.0.join("ballast")
    }

    /// What is free on it, in bytes.
    fn free_bytes(&self) -> u64 {
        let of_disk = rustix::fs::statvfs(&self.0).unwrap();
        of_disk.f_bavail * of_disk.f_frsize
    }

    /// Fills it up to a little.
    fn fill(&self) {
        let mut ballast = fs::File::create(self.ballast()).unwrap();
        let piece = vec![0; LEFT_KIB * 1024];
        // until nothing more goes onto it
        while ballast.write_all(&piece).is_ok() {}
        let length = ballast.metadata().unwrap().len();
        ballast.set_len(length.saturating_sub(piece.len() as u64)).unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // lazily: whoever still has a file open on it goes with this test
        let _unmounted = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

fn mount(arguments: &[&str]) {
    let output = Command::new("mount").args(arguments).output().unwrap();
    assert!(output.status.success(), "mount {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_loses_and_doubles_nothing() {
    let Some(times) = count_of("GRIDWARD_FULL_DISKS", 1) else { return };
    if !rustix::process::geteuid().is_root() {
        return pass_over("a full disk: only root may mount one");
    }
    let mut chance = Chance::seeded(20_200_216);
    let seed = chance.seed();
    let folder = tempfile::tempdir().unwrap();
    let mut system = System::start_in(folder.path().join("data"), &[]).await.unwrap();
    register(&system).await;
    let outsider = Outsider::listening(&system, None).await;
    system.stop().unwrap();
    let (nats, aside) = (system.data().join("nats"), system.data().join("nats-aside"));
    fs::rename(&nats, &aside).unwrap();
    let disk = Disk::mount(&nats);
    copy(&aside, &nats);
    system.begin().await.unwrap();
    let system = Arc::new(RwLock::new(system));
    let load = Load::start(&mut chance, &system);
    for time in 0..times {
        let what = format!("seed {seed}, full disk {time}");
        let wanted = load.history.acknowledged() + 20 + usize::try_from(chance.below(100)).unwrap();
        wait_for(|| load.history.acknowledged() >= wanted, SETTLE_WAIT, &format!("{what}: nothing is acknowledged before it")).await;
        // what is said while it fills up counts: the clients may meet the full disk first
        let before = system.read().await.whole_log().len();
        disk.fill();
        is_said(&system, &load.history, before, &what).await;
        // not another limit that came first
        assert!(disk.free_bytes() < LEFT_KIB as u64 * 1024 / 2, "{what}: {} bytes are free", disk.free_bytes());
        disk.resize(LARGE_MIB);
        // nats-server stops using a disk that refused: an operator makes room and starts it again
        let mut running = kill(&system).await;
        running.begin().await.unwrap_or_else(|error| panic!("{what}: {error:#}"));
        drop(running);
        let wanted = load.history.acknowledged() + 20;
        wait_for(|| load.history.acknowledged() >= wanted, SETTLE_WAIT, &format!("{what}: nothing is acknowledged after it")).await;
        fs::remove_file(disk.ballast()).unwrap();
        disk.resize(SMALL_MIB);
    }
    let history = load.stop().await;
    let mut system = Arc::into_inner(system).unwrap().into_inner();
    let came_to = check(Run { system: &system, nats: None, history: &history, outsider, seed }).await;
    tell(seed, &format!("{times} disks filled, {came_to}"));
    system.stop().unwrap();
}

/// Waits until a command is answered that nothing can be recorded now, and looks whether the log says why, behind so many bytes of it.
async fn is_said(system: &Arc<RwLock<System>>, history: &History, before: usize, what: &str) {
    until(&format!("{what}: a command is answered 503"), FULL_WAIT, async || {
        // what is acknowledged as the last that goes onto the disk has to be there afterwards
        let (id, visit) = (uuid::Uuid::now_v7().to_string(), visit(DOORS - 1, 365));
        history.begin(&id, &visit);
        let (status, answer) = system.post(command(&id, &visit)).await?;
        history.note(&id, attempt(&visit, status, &answer));
        (status == 503).then_some(())
    })
    .await;
    // whoever asks may wait no longer before the append has come to nothing
    until(&format!("{what}: the log says why"), FULL_WAIT, async || {
        let said = system.read().await.whole_log()[before..].to_owned();
        (said.contains("the outcome of an append is unknown") || said.contains("the log is full")).then_some(())
    })
    .await;
}
