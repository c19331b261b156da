//! A disk that forgets: what was not synced is lost when its power is cut, as on a real machine. It lives in memory and is mounted by FUSE,
//! which Linux lets root do.

mod disk;
mod mount;

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::Context as _;
use fuser::{BackgroundSession, Config, MountOption};

pub use disk::Remains;

use self::{disk::Disk, mount::Mounted};
use crate::Chance;

/// A disk in memory, mounted on a folder.
pub struct Forgetful {
    folder: tempfile::TempDir,
    disk: Arc<Mutex<Disk>>,
    session: Option<BackgroundSession>,
}

impl Forgetful {
    /// Mounts an empty one.
    ///
    /// # Errors
    /// When this machine has no FUSE, or whoever runs this may not mount.
    pub fn mount() -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let mut forgetful = Self { folder, disk: Arc::default(), session: None };
        forgetful.power_on()?;
        Ok(forgetful)
    }

    /// The folder it is mounted on.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Leaves so much free, in bytes, as if others had filled it or made room. It only says so: what is written beyond is taken.
    ///
    /// # Panics
    /// When an operation on it panicked.
    pub fn leave_free(&self, bytes: u64) {
        let mut disk = self.disk.lock().unwrap_or_else(PoisonError::into_inner);
        disk.size = disk.bytes() + bytes;
    }

    /// Cuts the power, after which the disk comes back with what was synced and, of the rest, with what `remains` leaves. Whoever has a
    /// file open on it must have been killed before.
    ///
    /// # Errors
    /// When it is still in use.
    ///
    /// # Panics
    /// When an operation on it panicked.
    pub fn cut_power(&mut self, remains: Remains, chance: &mut Chance) -> anyhow::Result<()> {
        // the kernel's own copies go with the mount
        self.power_off()?;
        self.disk.lock().unwrap_or_else(PoisonError::into_inner).cut_power(remains, chance);
        self.power_on()
    }

    fn power_on(&mut self) -> anyhow::Result<()> {
        let mut config = Config::default();
        config.mount_options = vec![MountOption::FSName("forgetful".to_owned()), MountOption::DefaultPermissions];
        let session = fuser::spawn_mount(Mounted(Arc::clone(&self.disk)), self.folder.path(), &config);
        self.session = Some(session.context("cannot mount a disk of our own: it takes /dev/fuse and the right to mount")?);
        Ok(())
    }

    fn power_off(&mut self) -> anyhow::Result<()> {
        self.session.take().map_or(Ok(()), BackgroundSession::umount_and_join).context("the disk is still in use")
    }
}

impl Drop for Forgetful {
    fn drop(&mut self) {
        // a mount that stays behind goes with this process
        let _unmounted = self.power_off();
    }
}
