//! The one place of the projection where sealed text is opened, and where its reading can be recorded.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use bus::{KeyStore, Keyring};
use domain::{
    Event,
    access::{Right, Scope},
    values::{CommunityId, DeploymentKey, KeyId, Personal as _, Private, PrivateFields, SealedPart, SecretKey},
};
use readmodel::views::{Veiled, Veils};

/// Personal data is about to be shown.
#[derive(Clone, Copy, Debug)]
pub struct Opening<'a> {
    /// To whom, where.
    pub scope: &'a Scope,
    /// What was asked for, such as `person`.
    pub what: &'static str,
    /// Which, several with commas between them; empty for whole lists.
    pub id: &'a str,
    /// How many sealed parts.
    pub parts: usize,
}

/// Is told before personal data is shown. When it refuses, nothing is shown.
pub type Audit = Arc<dyn Fn(&Opening<'_>) -> Result<(), AuditRefused> + Send + Sync>;

/// The reading could not be recorded, so it does not happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditRefused;

/// Why nothing was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The key store does not answer.
    #[error("the key store is away")]
    Away,
    /// The reading could not be recorded.
    #[error("the reading could not be recorded")]
    NotRecorded,
}

/// Opens sealed parts for those who may see them. A clone shares the keys at hand.
#[derive(Clone)]
pub struct Opener {
    keyring: Keyring,
    audit: Option<Audit>,
}

impl Opener {
    /// An opener over a key store.
    pub fn new(keys: KeyStore, secrets: DeploymentKey, audit: Option<Audit>) -> Self {
        Self { keyring: Keyring::new(keys, secrets), audit }
    }

    /// Opens every private part of a view, if the scope may see personal data; else they stay `null`.
    ///
    /// # Errors
    /// [`OpenError`]: better no answer than one in which names are missing without a word.
    pub async fn open_view(&self, scope: &Scope, asked: (&'static str, &str), view: &mut impl Veils) -> Result<(), OpenError> {
        let mut parts = Vec::new();
        view.each_veiled(&mut |veiled| {
            if let Veiled::Sealed(part) = veiled {
                parts.push(part.clone());
            }
        });
        let Some(keys) = self.keys_for(scope, asked, &parts).await? else { return Ok(()) };
        view.each_veiled(&mut |veiled| {
            if let Veiled::Sealed(part) = veiled {
                *veiled = opened(part, &keys, scope.community()).map_or(Veiled::Nothing, Veiled::Open);
            }
        });
        Ok(())
    }

    /// Opens every private part of events, if the scope may see personal data. What does not open stays sealed.
    ///
    /// # Errors
    /// As [`Opener::open_view`].
    pub async fn open_events(&self, scope: &Scope, asked: (&'static str, &str), events: &mut [Event]) -> Result<(), OpenError> {
        let mut parts = Vec::new();
        for event in events.iter_mut() {
            event.each_private(&mut |private| {
                if let Private::Sealed(part) = private {
                    parts.push(part.clone());
                }
            });
        }
        let Some(keys) = self.keys_for(scope, asked, &parts).await? else { return Ok(()) };
        for event in events {
            event.each_private(&mut |private| {
                if let Private::Sealed(part) = private
                    && let Some(fields) = opened(part, &keys, scope.community())
                {
                    // the owner matters for sealing only, and this is never sealed again
                    *private = Private::Plain { owner: domain::values::KeyOwner::Command(part.command), fields };
                }
            });
        }
        Ok(())
    }

    /// The keys of some parts; nothing when there is nothing to open or the scope may not.
    async fn keys_for(&self, scope: &Scope, (what, id): (&'static str, &str), parts: &[SealedPart]) -> Result<Option<HashMap<KeyId, SecretKey>>, OpenError> {
        if parts.is_empty() || !scope.may(Right::SeePersonal) {
            return Ok(None);
        }
        if let Some(audit) = &self.audit {
            audit(&Opening { scope, what, id, parts: parts.len() }).map_err(|AuditRefused| OpenError::NotRecorded)?;
        }
        let ids: BTreeSet<KeyId> = parts.iter().map(|part| part.key).collect();
        let keys = self.keyring.get(&ids).await.map_err(|error| {
            tracing::warn!(%error, "keys cannot be read");
            OpenError::Away
        })?;
        Ok(Some(keys))
    }
}

/// The fields of a part; nothing when its key was destroyed or does not fit.
fn opened(part: &SealedPart, keys: &HashMap<KeyId, SecretKey>, community: &CommunityId) -> Option<PrivateFields> {
    let key = keys.get(&part.key)?;
    part.open(key, community).inspect_err(|error| tracing::error!(key = %part.key, %error, "a sealed part does not open")).ok()
}
