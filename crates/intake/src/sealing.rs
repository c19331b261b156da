//! Keys of people, and the seal: what is private leaves this service only sealed.

use std::collections::{HashMap, HashSet};

use bus::{AppendError, KeyStore, StoredKey, event_log::BATCH_MESSAGES_MAX};
use domain::{
    Commit,
    values::{CommunityId, DeploymentKey, KeyId, Personal, Private, SealedPart, SecretKey},
};

/// Keys kept at hand. When there are more, all are forgotten and read again as they are needed.
const KEYS_AT_HAND_MAX: usize = 64_000;

/// Id of a key that seals nothing: it is stored before the first commit, and proves at every start that the key store and the
/// deployment key are those that this log was written with.
const PROOF: KeyId = KeyId([0; 16]);

/// Why something could not be sealed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SealingError {
    /// The key store did not answer, or not clearly: try again.
    #[error("the key store is away")]
    Away,
    /// A stored key does not unwrap: another deployment's key file, or damage.
    #[error("the key of {0} does not unwrap: is deployment.key the one this log was written with?")]
    Unwrap(KeyId),
    /// The log holds commits, and the key store none of our keys.
    #[error("the log holds records and the key store none of their keys: restore the stream KEYS from the backup that belongs to this log")]
    Lost,
    /// The machine gives no random numbers.
    #[error("no random numbers")]
    Random,
    /// The seal failed, which does not happen with keys of the right size.
    #[error("the seal failed")]
    Seal,
}

/// Seals what is private, with a key per person, household, building or command.
pub(crate) struct Sealing {
    store: KeyStore,
    secrets: DeploymentKey,
    at_hand: HashMap<KeyId, SecretKey>,
}

impl Sealing {
    pub(crate) fn new(store: KeyStore, secrets: DeploymentKey) -> Self {
        Self { store, secrets, at_hand: HashMap::new() }
    }

    /// Makes sure that these are the keys that the log was sealed with; begins with new ones only when the log is empty.
    ///
    /// Without this, an empty key store would be filled with new keys and nobody would notice that what was sealed before cannot be
    /// opened any more.
    ///
    /// # Errors
    /// [`SealingError::Away`], [`SealingError::Unwrap`] with another deployment's key, [`SealingError::Lost`].
    pub(crate) async fn prove(&mut self, log_is_empty: bool) -> Result<(), SealingError> {
        match self.store.get(&name(&PROOF)).await {
            Err(_) => Err(SealingError::Away),
            Ok(Some(wrapped)) => self.secrets.unwrap_key(&wrapped, PROOF).map(drop).map_err(|_| SealingError::Unwrap(PROOF)),
            // somebody else made it just now: look again
            Ok(None) if log_is_empty => self.make(&[PROOF]).await?.then_some(()).ok_or(SealingError::Away),
            Ok(None) => Err(SealingError::Lost),
        }
    }

    /// Seals every private part of these decisions. Keys that are needed for the first time are stored, on disk, before this returns:
    /// an event whose key could be lost must not reach the log.
    pub(crate) async fn seal(&mut self, commits: &mut [Commit]) -> Result<(), SealingError> {
        let mut needed = HashSet::new();
        for commit in commits.iter_mut() {
            let community = commit.header.community.clone();
            for event in &mut commit.events {
                event.each_private(&mut |private| {
                    if let Private::Plain { owner, .. } = private {
                        needed.insert(owner.key_id(&self.secrets.key_ids, &community));
                    }
                });
            }
        }
        self.have(&needed).await?;
        commits.iter_mut().try_for_each(|commit| self.seal_commit(commit))
    }

    fn seal_commit(&self, commit: &mut Commit) -> Result<(), SealingError> {
        let (community, command) = (commit.header.community.clone(), commit.header.command);
        let mut ordinal = 0;
        let mut outcome = Ok(());
        for event in &mut commit.events {
            event.each_private(&mut |private| {
                let sealed = self.seal_part(private, &community, (command, ordinal));
                ordinal += 1;
                match sealed {
                    Ok(Some(sealed)) => *private = Private::Sealed(sealed),
                    Ok(None) => {}
                    Err(error) => outcome = Err(error),
                }
            });
        }
        outcome
    }

    fn seal_part(&self, private: &Private, community: &CommunityId, place: (domain::values::CommandId, u16)) -> Result<Option<SealedPart>, SealingError> {
        let Private::Plain { owner, fields } = private else { return Ok(None) };
        let id = owner.key_id(&self.secrets.key_ids, community);
        let key = self.at_hand.get(&id).ok_or(SealingError::Seal)?;
        SealedPart::seal(fields, (id, key), random()?, community, place).map(Some).map_err(|_| SealingError::Seal)
    }

    async fn have(&mut self, needed: &HashSet<KeyId>) -> Result<(), SealingError> {
        if self.at_hand.len() + needed.len() > KEYS_AT_HAND_MAX {
            self.at_hand.clear();
        }
        let missing: Vec<KeyId> = needed.iter().filter(|id| !self.at_hand.contains_key(*id)).copied().collect();
        for ids in missing.chunks(BATCH_MESSAGES_MAX) {
            // most keys are needed because somebody is new: making them all first saves looking them all up
            if !self.make(ids).await? {
                self.look_up_or_make(ids).await?;
            }
        }
        Ok(())
    }

    async fn look_up_or_make(&mut self, ids: &[KeyId]) -> Result<(), SealingError> {
        let names: Vec<String> = ids.iter().map(name).collect();
        let stored = self.store.get_many(&names).await.map_err(|_| SealingError::Away)?;
        let mut absent = Vec::new();
        for (id, stored) in ids.iter().zip(stored) {
            match stored {
                Some(wrapped) => {
                    let key = self.secrets.unwrap_key(&wrapped, *id).map_err(|_| SealingError::Unwrap(*id))?;
                    self.at_hand.insert(*id, key);
                }
                None => absent.push(*id),
            }
        }
        // made by somebody else meanwhile: they are there when it is tried again
        if absent.is_empty() || self.make(&absent).await? { Ok(()) } else { Err(SealingError::Away) }
    }

    /// Makes keys; false when one of them is there already.
    async fn make(&mut self, ids: &[KeyId]) -> Result<bool, SealingError> {
        let mut made = Vec::with_capacity(ids.len());
        let mut stored = Vec::with_capacity(ids.len());
        for id in ids {
            let key = SecretKey(random()?);
            let wrapped = self.secrets.wrap(&key, *id, random()?).map_err(|_| SealingError::Seal)?;
            stored.push(StoredKey { name: name(id), bytes: wrapped.into() });
            made.push((*id, key));
        }
        match self.store.create(stored).await {
            Err(AppendError::Conflict) => return Ok(false),
            created => created.map_err(|_| SealingError::Away)?,
        };
        self.at_hand.extend(made);
        Ok(true)
    }
}

/// The name of a key in the key store.
fn name(id: &KeyId) -> String {
    id.to_string()
}

fn random<const N: usize>() -> Result<[u8; N], SealingError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| SealingError::Random)?;
    Ok(bytes)
}

impl std::fmt::Debug for Sealing {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Sealing").field("keys", &self.at_hand.len()).finish()
    }
}
