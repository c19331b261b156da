//! The data folder: one system at a time, a format that is checked, secrets that only the owner can read.

use std::{
    fs::{self, File, OpenOptions},
    io::{ErrorKind, Write},
    net::SocketAddr,
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};

use crate::exit::{Exit, Failure};

/// Version of the folder's layout. Another one is refused rather than guessed at.
const FORMAT: &str = "gridward data 1";

/// The folder of one system.
#[derive(Debug)]
pub(crate) struct DataFolder {
    path: PathBuf,
    _lock: File,
}

/// Where a running system is found.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct RunFile {
    /// Address of its pages and its API.
    pub(crate) http: String,
    /// Address of its NATS.
    pub(crate) nats: String,
    /// Its processes.
    pub(crate) pids: Pids,
    /// The certificate that its address shows, when it speaks TLS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) certificate: Option<PathBuf>,
}

/// Processes of a running system.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Pids {
    /// This program.
    pub(crate) gridward: u32,
    /// Its nats-server, when it runs one.
    pub(crate) nats: Option<u32>,
}

/// Passwords of our own services, made once.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct NatsSecrets {
    pub(crate) system: String,
    pub(crate) intake: String,
    pub(crate) projection: String,
    pub(crate) alerting: String,
    pub(crate) provision: String,
}

/// A consumer's account as it is kept.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct KeptConsumer {
    pub(crate) name: String,
    pub(crate) password: String,
    pub(crate) stream: String,
    pub(crate) durable: String,
    pub(crate) filters: Vec<String>,
    pub(crate) class: String,
    /// Subjects on which it may ask. Consumers of before this have none.
    #[serde(default)]
    pub(crate) asks: Vec<String>,
}

impl DataFolder {
    /// Opens a folder, or makes it, and locks it for this process.
    pub(crate) fn open(path: &Path) -> Result<Self, Exit> {
        fs::create_dir_all(path).with_context(|| format!("cannot make {}", path.display()))?;
        let lock = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path.join("lock"))?;
        if flock(&lock, FlockOperation::NonBlockingLockExclusive).is_err() {
            return Err(Exit::new(Failure::Conflict, format!("{} is used by another gridward; stop it, or choose another folder with --data", path.display())));
        }
        let format = path.join("format");
        match fs::read_to_string(&format) {
            Ok(text) if text.trim() == FORMAT => {}
            // a crash during the very first start
            Ok(text) if text.trim().is_empty() => write_private(&format, FORMAT.as_bytes())?,
            Ok(text) => return Err(Exit::new(Failure::Failed, format!("{} holds `{}`, this program reads `{FORMAT}`", path.display(), text.trim()))),
            Err(error) if error.kind() == ErrorKind::NotFound => write_private(&format, FORMAT.as_bytes())?,
            Err(error) => return Err(error.into()),
        }
        Ok(Self { path: path.to_owned(), _lock: lock })
    }

    /// A place in the folder.
    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The deployment's secret, made on first use. Losing it makes every private text unreadable.
    pub(crate) fn deployment_secret(&self) -> anyhow::Result<[u8; 32]> {
        let text = self.secret("deployment.key", || Ok(hex(&random::<32>()?)))?;
        unhex(&text).context("deployment.key is damaged: restore it from its backup")
    }

    /// The operator's token, made on first use.
    pub(crate) fn admin_token(&self) -> anyhow::Result<String> {
        self.secret("admin.token", || Ok(format!("gw_{}", letters(&random::<32>()?))))
    }

    /// Forgets the operator's token: it was ended, and another will be made.
    pub(crate) fn forget_admin_token(&self) -> anyhow::Result<()> {
        Ok(fs::remove_file(self.join("admin.token"))?)
    }

    /// The token with which the demo's pages are looked at, made on first use.
    pub(crate) fn office_token(&self) -> anyhow::Result<String> {
        self.secret("office.token", || Ok(format!("gw_{}", letters(&random::<32>()?))))
    }

    /// Passwords of our services on our own NATS, made on first use.
    pub(crate) fn nats_secrets(&self) -> anyhow::Result<NatsSecrets> {
        let make = || {
            let password = || random::<24>().map(|bytes| letters(&bytes));
            let secrets = NatsSecrets { system: password()?, intake: password()?, projection: password()?, alerting: password()?, provision: password()? };
            Ok(serde_json::to_string(&secrets)?)
        };
        serde_json::from_str(&self.secret("nats-secrets.json", make)?).context("nats-secrets.json is damaged")
    }

    fn secret(&self, name: &str, make: impl FnOnce() -> anyhow::Result<String>) -> anyhow::Result<String> {
        let path = self.join(name);
        match fs::read_to_string(&path) {
            Ok(text) => Ok(text.trim().to_owned()),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let text = make()?;
                write_private(&path, text.as_bytes())?;
                Ok(text)
            }
            Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
        }
    }

    /// The consumers that were added.
    pub(crate) fn consumers(&self) -> anyhow::Result<Vec<KeptConsumer>> {
        match fs::read(self.join("consumers.json")) {
            Ok(bytes) => serde_json::from_slice(&bytes).context("consumers.json is damaged"),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(error.into()),
        }
    }

    /// Keeps the consumers.
    pub(crate) fn keep_consumers(&self, consumers: &[KeptConsumer]) -> anyhow::Result<()> {
        write_private(&self.join("consumers.json"), &serde_json::to_vec_pretty(consumers)?)
    }

    /// Says that the system is ready, and where.
    pub(crate) fn announce(&self, run: &RunFile) -> anyhow::Result<()> {
        write_private(&self.join("run.json"), &serde_json::to_vec(run)?)
    }

    /// Says that the system has stopped.
    pub(crate) fn withdraw(&self) {
        // a file that is left behind is found stale by its processes
        if let Err(error) = fs::remove_file(self.join("run.json")) {
            tracing::debug!(%error, "run.json was not there to be removed");
        }
    }
}

/// Writes a file that only its owner can read, whole or not at all, also when the power is cut.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let fresh = path.with_extension("new");
    let mut file = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&fresh)?;
    file.set_permissions(fs::Permissions::from_mode(0o600))?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&fresh, path).with_context(|| format!("cannot write {}", path.display()))?;
    // the name is on disk only when its folder is
    let folder = path.parent().context("a file lies in a folder")?;
    Ok(File::open(folder)?.sync_all()?)
}

/// The running system of a folder.
pub(crate) fn find_running(folder: &Path) -> Result<RunFile, Exit> {
    let absent = || Exit::new(Failure::NotFound, format!("no gridward runs on {}; start one with `gridward up --data {}`", folder.display(), folder.display()));
    let bytes = fs::read(folder.join("run.json")).map_err(|_| absent())?;
    let run: RunFile = serde_json::from_slice(&bytes)?;
    // a killed system leaves its file behind
    if Path::new(&format!("/proc/{}", run.pids.gridward)).exists() { Ok(run) } else { Err(absent()) }
}

/// Letters a-p for bytes: no digits, so that no secret ever looks like somebody's number.
pub(crate) fn letters(bytes: &[u8]) -> String {
    bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(|nibble| char::from(b'a' + nibble)).collect()
}

/// Random bytes of the machine.
pub(crate) fn random<const N: usize>() -> anyhow::Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("no random numbers: {error}"))?;
    Ok(bytes)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// 256 bits written as 64 hexadecimal digits.
pub(crate) fn unhex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    let digits = text.trim();
    if digits.len() != 64 || !digits.is_ascii() {
        return None;
    }
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&digits[2 * index..2 * index + 2], 16).ok()?;
    }
    Some(bytes)
}

/// An address to listen on, kept over restarts when any port would do.
pub(crate) fn kept_listener(file: &Path, wanted: SocketAddr) -> anyhow::Result<std::net::TcpListener> {
    if wanted.port() == 0
        && let Ok(text) = fs::read_to_string(file)
        && let Ok(kept) = text.trim().parse::<SocketAddr>()
        && kept.ip() == wanted.ip()
        && let Ok(listener) = std::net::TcpListener::bind(kept)
    {
        return Ok(listener);
    }
    let listener = std::net::TcpListener::bind(wanted).with_context(|| format!("cannot listen on {wanted}: choose another address with --listen"))?;
    if wanted.port() == 0 {
        write_private(file, listener.local_addr()?.to_string().as_bytes())?;
    }
    Ok(listener)
}
