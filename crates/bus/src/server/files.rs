//! The files of a server: private, and replaced in one step.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::child::LOCK_PAUSE;

/// Bytes read from the end of a log to say why the server did not start.
const TAIL_BYTES: u64 = 2048;

/// Where the files of one server are.
#[derive(Clone, Debug)]
pub(super) struct Files {
    pub(super) folder: PathBuf,
}

/// The ports a server took when it could take any, kept so that it takes the same again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Ports {
    pub(super) nats: u16,
    pub(super) monitor: u16,
}

impl Files {
    /// Makes the folder, which nobody else may look into.
    pub(super) fn make(folder: &Path) -> io::Result<Self> {
        // nats-server resolves paths against its own folder, so they are absolute from here on
        let folder = std::path::absolute(folder)?;
        DirBuilder::new().recursive(true).mode(0o700).create(folder.join("ports"))?;
        Ok(Self { folder })
    }

    pub(super) fn config(&self) -> PathBuf {
        self.folder.join("server.conf")
    }

    pub(super) fn candidate_config(&self) -> PathBuf {
        self.folder.join("server.conf.candidate")
    }

    pub(super) fn lock(&self) -> PathBuf {
        self.folder.join("lock")
    }

    pub(super) fn stderr(&self) -> PathBuf {
        self.folder.join("child.err")
    }

    pub(super) fn log(&self) -> PathBuf {
        self.folder.join("server.log")
    }

    /// Whether no server holds the folder, now or within `wait`: one whose parent was killed needs a moment to go.
    pub(super) async fn free_within(&self, wait: Duration) -> io::Result<bool> {
        let lock = open_lock(&self.lock())?;
        let deadline = Instant::now() + wait;
        loop {
            match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => return Ok(true),
                Err(Errno::WOULDBLOCK) if Instant::now() < deadline => tokio::time::sleep(LOCK_PAUSE).await,
                Err(Errno::WOULDBLOCK) => return Ok(false),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// The ports kept from an earlier start, if there are any that can be read.
    pub(super) fn kept_ports(&self) -> Option<Ports> {
        serde_json::from_slice(&fs::read(self.folder.join("ports.json")).ok()?).ok()
    }

    pub(super) fn keep_ports(&self, ports: Ports) -> io::Result<()> {
        replace(&self.folder.join("ports.json"), &serde_json::to_vec(&ports)?)
    }

    /// Whether the server with this process id has written down that it listens.
    pub(super) fn listens(&self, pid: u32) -> bool {
        self.folder.join("ports").join(format!("nats-server_{pid}.ports")).exists()
    }

    /// Removes what earlier servers wrote down about their ports: a process id may be used again.
    pub(super) fn forget_taken_ports(&self) -> io::Result<()> {
        for entry in fs::read_dir(self.folder.join("ports"))? {
            fs::remove_file(entry?.path())?;
        }
        Ok(())
    }
}

/// Bytes to which a server on this folder may let its store grow: what it holds already, and three quarters of what is free beside that. Left
/// to itself nats-server would count what is free only, and one whose disk is half full would be full when it starts again.
///
/// # Errors
/// When the folder cannot be made or looked into.
pub fn store_room(folder: &Path) -> io::Result<u64> {
    let files = Files::make(folder)?;
    let disk = rustix::fs::statvfs(&files.folder)?;
    Ok(held(&files.folder.join("store"))? + disk.f_bavail * disk.f_frsize / 4 * 3)
}

/// Bytes of all files in a folder; none where there is no folder.
fn held(folder: &Path) -> io::Result<u64> {
    let mut bytes = 0;
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = match fs::read_dir(&folder) {
            // the server that was killed with its parent may still be at work
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            entries => entries?,
        };
        for entry in entries {
            let entry = entry?;
            match entry.metadata() {
                Ok(metadata) if metadata.is_dir() => folders.push(entry.path()),
                Ok(metadata) => bytes += metadata.len(),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(bytes)
}

/// Opens the lock file, which is never removed: a lock on a removed file would guard nothing.
pub(super) fn open_lock(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path)
}

/// Writes a file that only its owner may read, so that a reader sees the old one or the new one and never half of it.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let next = path.with_extension("next");
    let mut file = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&next)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(next, path)
}

/// The end of a text file, or nothing when it cannot be read.
pub(super) fn tail(path: &Path) -> String {
    let read = || -> io::Result<String> {
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(TAIL_BYTES)))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).trim().to_owned())
    };
    read().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_store_holds_is_room_for_it_too() {
        let folder = tempfile::tempdir().unwrap();
        let nats = folder.path().join("nats");
        let empty = store_room(&nats).unwrap();
        let stream = nats.join("store/jetstream/CORE/streams/EVENTS");
        fs::create_dir_all(&stream).unwrap();
        // without blocks of its own: what is free stays as it is
        File::create(stream.join("1.blk")).unwrap().set_len(1 << 40).unwrap();
        let room = store_room(&nats).unwrap();
        assert!(room >= 1 << 40 && room - (1 << 40) < empty * 2, "{room} after {empty}");
    }
}
