//! Finding the nats-server program.

use std::env;
use std::path::{Path, PathBuf};

/// Variable that names the nats-server program to use.
pub const SERVER_ENV: &str = "GRIDWARD_NATS_SERVER";
/// Name of the program.
const PROGRAM: &str = "nats-server";
/// Folder of downloaded tools, in the current folder or one above it.
const TOOLS: &str = ".tools";

/// No nats-server program was found.
#[derive(Debug, thiserror::Error)]
#[error(
    "no nats-server program: install version 2.15 or newer, put it on PATH or in .tools, or name it in {SERVER_ENV}{}",
    .named.as_ref().map(|path| format!(" (which names {}, where there is none)", path.display())).unwrap_or_default()
)]
pub struct BinaryMissing {
    named: Option<PathBuf>,
}

/// The nats-server program: what [`SERVER_ENV`] names, else the one on `PATH`, else `.tools/nats-server` in this folder or above.
///
/// # Errors
/// When there is none, or when the variable names a file that does not exist: it is not passed over.
pub fn find_binary() -> Result<PathBuf, BinaryMissing> {
    if let Some(named) = env::var_os(SERVER_ENV).filter(|named| !named.is_empty()) {
        let named = PathBuf::from(named);
        return if named.is_file() { Ok(named) } else { Err(BinaryMissing { named: Some(named) }) };
    }
    let path = env::var_os("PATH").unwrap_or_default();
    let on_path = env::split_paths(&path).map(|folder| folder.join(PROGRAM));
    let here = env::current_dir().unwrap_or_default();
    let in_tools = here.ancestors().map(|folder: &Path| folder.join(TOOLS).join(PROGRAM));
    on_path.chain(in_tools).find(|candidate| candidate.is_file()).ok_or(BinaryMissing { named: None })
}
