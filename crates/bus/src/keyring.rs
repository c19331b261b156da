//! Keys of people, unwrapped and at hand for a while, for the few places that open what is sealed.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use domain::values::{DeploymentKey, KeyId, SecretKey};

use crate::event_log::ReadError;
use crate::keys::KeyStore;

/// Most keys kept at hand. When there are more, all are forgotten and read again as they are needed.
const KEYS_AT_HAND_MAX: usize = 4096;
/// Longest time that a key is kept at hand: so long may text stay readable here after its key was destroyed.
const KEY_AGE_MAX: Duration = Duration::from_secs(60);
/// Most keys read at once.
const KEYS_PER_READ_MAX: usize = 1000;

/// Since when a key is at hand; or that there was none then.
type AtHand = (Instant, Option<SecretKey>);

/// Reads and unwraps keys. A clone shares what it has at hand.
#[derive(Clone)]
pub struct Keyring {
    keys: KeyStore,
    secrets: Arc<DeploymentKey>,
    at_hand: Arc<Mutex<HashMap<KeyId, AtHand>>>,
}

impl Keyring {
    /// A keyring over a key store, whose keys are wrapped by the deployment's.
    pub fn new(keys: KeyStore, secrets: DeploymentKey) -> Self {
        Self { keys, secrets: Arc::new(secrets), at_hand: Arc::default() }
    }

    /// These keys, without those that were destroyed and those that do not unwrap.
    ///
    /// # Errors
    /// When the key store does not answer.
    pub async fn get(&self, ids: &BTreeSet<KeyId>) -> Result<HashMap<KeyId, SecretKey>, ReadError> {
        let mut keys = HashMap::new();
        let mut missing = Vec::new();
        {
            let at_hand = self.at_hand.lock().unwrap_or_else(PoisonError::into_inner);
            for id in ids {
                match at_hand.get(id).filter(|(since, _)| since.elapsed() < KEY_AGE_MAX) {
                    Some((_, key)) => keys.extend(key.clone().map(|key| (*id, key))),
                    None => missing.push(*id),
                }
            }
        }
        for ids in missing.chunks(KEYS_PER_READ_MAX) {
            keys.extend(self.fetch(ids).await?);
        }
        Ok(keys)
    }

    async fn fetch(&self, ids: &[KeyId]) -> Result<Vec<(KeyId, SecretKey)>, ReadError> {
        let names: Vec<String> = ids.iter().map(ToString::to_string).collect();
        let wrapped = self.keys.get_many(&names).await?;
        let mut at_hand = self.at_hand.lock().unwrap_or_else(PoisonError::into_inner);
        if at_hand.len() + ids.len() > KEYS_AT_HAND_MAX {
            at_hand.clear();
        }
        let mut found = Vec::new();
        for (id, wrapped) in ids.iter().zip(wrapped) {
            let key = wrapped.and_then(|wrapped| match self.secrets.unwrap_key(&wrapped, *id) {
                Ok(key) => Some(key),
                Err(error) => {
                    tracing::error!(key = %id, %error, "a key does not unwrap: is the deployment's key the one this log was written with?");
                    None
                }
            });
            at_hand.insert(*id, (Instant::now(), key.clone()));
            found.extend(key.map(|key| (*id, key)));
        }
        Ok(found)
    }
}
