//! The wrapped keys of people: a stream of their own in which a key can be destroyed, as it never can in the log.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_nats::header::{HeaderMap, NATS_EXPECTED_LAST_SUBJECT_SEQUENCE};
use async_nats::jetstream::stream::DeleteMessageErrorKind;
use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};

use crate::connection::Connection;
use crate::event_log::{ACK_WAIT, AppendError, BATCH_MESSAGES_MAX, ReadError, Refusal};
use crate::jetstream::{Outgoing, StreamPort, check_sizes};

/// What the subject of every key starts with.
const SUBJECT_PREFIX: &str = "key.";
/// Name of the stream of keys.
const STREAM: &str = "KEYS";
/// Longest name of a key, in bytes.
const NAME_BYTES_MAX: usize = 128;
/// Gets that are in flight at once in [`KeyStore::get_many`].
const READS_IN_FLIGHT_MAX: usize = 32;
/// Most versions of one key that are destroyed before giving up: more means that somebody keeps writing it.
const DESTROY_TRIES_MAX: usize = 8;

/// A key as it is stored: an opaque name without personal data, and the wrapped bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredKey {
    /// Its name: letters, digits, `-`, `_`, and dots between them.
    pub name: String,
    /// The wrapped key.
    pub bytes: Bytes,
}

impl std::fmt::Debug for StoredKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoredKey").field("name", &self.name).finish_non_exhaustive()
    }
}

/// The store of keys. A clone is the same store.
#[derive(Clone)]
pub struct KeyStore {
    backend: Backend,
}

#[derive(Clone)]
enum Backend {
    JetStream(StreamPort),
    Memory(Arc<Mutex<BTreeMap<String, Bytes>>>),
}

impl KeyStore {
    /// The store that is the JetStream stream `KEYS`. Asks the server nothing yet.
    pub fn new(connection: &Connection) -> Self {
        Self { backend: Backend::JetStream(StreamPort::new(connection, STREAM, ACK_WAIT)) }
    }

    /// A store in memory, for tests.
    pub fn in_memory() -> Self {
        Self { backend: Backend::Memory(Arc::default()) }
    }

    /// Stores new keys, on disk when it returns; at most [`BATCH_MESSAGES_MAX`], all of them or none.
    ///
    /// # Errors
    /// [`AppendError::Conflict`] when one of the names is taken: a key is never overwritten by accident, for that would destroy
    /// what it seals. After an unknown outcome, get them and compare.
    pub async fn create(&self, keys: Vec<StoredKey>) -> Result<(), AppendError> {
        self.write(keys, true).await
    }

    /// Stores keys whether or not they exist, as when they are wrapped anew; otherwise as [`KeyStore::create`].
    /// The bytes that were there before may stay on the disk for a while, so the key that wrapped them has to go.
    ///
    /// # Errors
    /// When it was refused or the outcome is unknown; doing it again is harmless.
    pub async fn replace(&self, keys: Vec<StoredKey>) -> Result<(), AppendError> {
        self.write(keys, false).await
    }

    /// The bytes of one key, or `None` when it does not exist or was destroyed.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn get(&self, name: &str) -> Result<Option<Bytes>, ReadError> {
        if !is_name(name) {
            return Ok(None);
        }
        match &self.backend {
            Backend::Memory(keys) => Ok(keys.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned()),
            Backend::JetStream(port) => Ok(port.read_last(&subject(name)).await?.map(|message| message.payload)),
        }
    }

    /// The bytes of several keys, in the order asked for.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn get_many(&self, names: &[String]) -> Result<Vec<Option<Bytes>>, ReadError> {
        // owned, so that the future is `Send` for every caller (a closure that borrows is not general enough)
        let reads = names.iter().cloned().map(|name| {
            let store = self.clone();
            async move { store.get(&name).await }
        });
        stream::iter(reads).buffered(READS_IN_FLIGHT_MAX).try_collect().await
    }

    /// Destroys a key: its bytes are overwritten on the disk. Whether there was one.
    ///
    /// # Errors
    /// When the server does not answer; then it may or may not be destroyed, and doing it again is harmless.
    pub async fn destroy(&self, name: &str) -> Result<bool, ReadError> {
        if !is_name(name) {
            return Ok(false);
        }
        let port = match &self.backend {
            Backend::Memory(keys) => {
                return Ok(keys.lock().unwrap_or_else(PoisonError::into_inner).remove(name).is_some());
            }
            Backend::JetStream(port) => port,
        };
        let mut destroyed = false;
        for _ in 0..DESTROY_TRIES_MAX {
            let Some(message) = port.read_last(&subject(name)).await? else {
                return Ok(destroyed);
            };
            destroyed = true;
            erase(port, message.sequence).await?;
        }
        Err(ReadError::Unavailable("the key is written while it is destroyed".to_owned()))
    }

    async fn write(&self, keys: Vec<StoredKey>, only_new: bool) -> Result<(), AppendError> {
        check_sizes(keys.iter().map(|key| key.bytes.len()))?;
        let mut names: Vec<&str> = keys.iter().map(|key| key.name.as_str()).collect();
        names.sort_unstable();
        // a batch takes each subject once: a second guard on it would compare with what the batch itself wrote
        if names.windows(2).any(|pair| pair[0] == pair[1]) || !names.iter().all(|name| is_name(name)) {
            return Err(AppendError::Refused(Refusal::BadSubject));
        }
        let port = match &self.backend {
            Backend::Memory(stored) => {
                let mut stored = stored.lock().unwrap_or_else(PoisonError::into_inner);
                if only_new && keys.iter().any(|key| stored.contains_key(&key.name)) {
                    return Err(AppendError::Conflict);
                }
                stored.extend(keys.into_iter().map(|key| (key.name, key.bytes)));
                return Ok(());
            }
            Backend::JetStream(port) => port,
        };
        let outgoing = keys.into_iter().map(|key| {
            let mut headers = HeaderMap::new();
            if only_new {
                headers.insert(NATS_EXPECTED_LAST_SUBJECT_SEQUENCE, "0");
            }
            Outgoing { subject: subject(&key.name), headers, payload: key.bytes }
        });
        port.append(None, outgoing.collect()).await.map(|_sequence| ())
    }
}

async fn erase(port: &StreamPort, sequence: u64) -> Result<(), ReadError> {
    let stream = port.handle().await?;
    // the plain form of this request overwrites the bytes with random ones before it lets go of them
    match tokio::time::timeout(ACK_WAIT, stream.delete_message(sequence)).await {
        Ok(Ok(true)) => Ok(()),
        Ok(Ok(false)) => Err(ReadError::Unavailable("the server did not delete the key".to_owned())),
        Ok(Err(error)) => match error.kind() {
            // somebody else has destroyed it in the meantime
            DeleteMessageErrorKind::JetStream(refused) if refused.code() == 404 => Ok(()),
            _ => Err(ReadError::Unavailable(error.to_string())),
        },
        Err(_elapsed) => Err(ReadError::Unavailable("no answer in time".to_owned())),
    }
}

fn subject(name: &str) -> String {
    format!("{SUBJECT_PREFIX}{name}")
}

fn is_name(name: &str) -> bool {
    let token = |token: &str| !token.is_empty() && token.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    name.len() <= NAME_BYTES_MAX && name.split('.').all(token)
}

const _: () = assert!(BATCH_MESSAGES_MAX == 1000, "the server takes no more in one batch");
