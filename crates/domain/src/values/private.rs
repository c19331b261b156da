//! Text about people: plain only between the door and the seal, sealed on the log and in every store.

use std::{collections::BTreeMap, fmt};

use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, ser::Error as _};

use super::{BuildingId, CommandId, CommunityId, HouseholdId, PersonId, StaffId};

/// Names of the sealed fields: the same words as in the commands.
pub mod field {
    /// A person's name.
    pub const NAME: &str = "name";
    /// A resident ID number or another paper's number.
    pub const ID_NUMBER: &str = "id_number";
    /// A telephone number; there may be several.
    pub const PHONE: &str = "phone";
    /// A postal address.
    pub const ADDRESS: &str = "address";
    /// A resident or household code.
    pub const CODE: &str = "code";
    /// What the people of a door are called.
    pub const LABEL: &str = "label";
    /// Free text.
    pub const NOTE: &str = "note";
    /// A number plate.
    pub const PLATE: &str = "plate";
    /// Where somebody came from.
    pub const FROM: &str = "from";
    /// What somebody came for.
    pub const PURPOSE: &str = "purpose";
    /// A place of exposure.
    pub const EXPOSURE_PLACE: &str = "exposure_place";
    /// A contact of an exposed person.
    pub const EXPOSURE_CONTACT: &str = "exposure_contact";
    /// Number of a pass.
    pub const PASS: &str = "pass";
    /// Number or name of a document.
    pub const DOCUMENT: &str = "document";
    /// Whom somebody visits.
    pub const HOST: &str = "host";
    /// A reason in free text.
    pub const REASON: &str = "reason";
}

/// Sealed fields by name; most have one value, phones may have several.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PrivateFields(BTreeMap<String, Vec<String>>);

impl PrivateFields {
    /// Adds a value when there is one.
    #[must_use]
    pub fn with(mut self, name: &str, value: Option<&str>) -> Self {
        if let Some(value) = value {
            self.0.entry(name.to_owned()).or_default().push(value.to_owned());
        }
        self
    }

    /// Adds several values.
    #[must_use]
    pub fn with_all(mut self, name: &str, values: &[String]) -> Self {
        if !values.is_empty() {
            self.0.entry(name.to_owned()).or_default().extend_from_slice(values);
        }
        self
    }

    /// The first value of a field.
    pub fn first(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(|values| values.first()).map(String::as_str)
    }

    /// All values of a field.
    pub fn all(&self, name: &str) -> &[String] {
        self.0.get(name).map_or(&[], Vec::as_slice)
    }

    /// True when nothing would be sealed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// These fields as a part of an event, to be sealed with the key of `owner`; nothing when there are none.
    pub fn owned_by(self, owner: KeyOwner) -> Option<Private> {
        (!self.is_empty()).then_some(Private::Plain { owner, fields: self })
    }
}

impl fmt::Debug for PrivateFields {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("‹private›")
    }
}

/// Whose key seals a part. Deleting that key makes every part of theirs unreadable.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum KeyOwner {
    /// A registered person.
    Person(PersonId),
    /// A household: its label, code and phones.
    Household(HouseholdId),
    /// A building: its address.
    Building(BuildingId),
    /// Somebody who works here.
    Staff(StaffId),
    /// Whatever one command says of people without a file.
    Command(CommandId),
}

impl KeyOwner {
    /// The id of this owner's key: a keyed hash, so that it tells nothing and nobody can guess it.
    pub fn key_id(&self, secret: &SecretKey, community: &CommunityId) -> KeyId {
        let (kind, id) = match self {
            Self::Person(id) => ("person", id.to_string()),
            Self::Household(id) => ("household", id.to_string()),
            Self::Building(id) => ("building", id.to_string()),
            Self::Staff(id) => ("staff", id.to_string()),
            Self::Command(id) => ("command", id.to_string()),
        };
        let hash = blake3::keyed_hash(&secret.0, format!("key\0{community}\0{kind}\0{id}").as_bytes());
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash.as_bytes()[..16]);
        KeyId(bytes)
    }
}

/// Id of a key in the key store.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct KeyId(pub [u8; 16]);

impl fmt::Display for KeyId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// 256 secret bits. Never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretKey(pub [u8; 32]);

impl SecretKey {
    /// A short keyed hash of a text, so that states can tell "the same" from "changed" without holding the text.
    pub fn fingerprint(&self, text: &str) -> u64 {
        let hash = blake3::keyed_hash(&self.0, text.as_bytes());
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&hash.as_bytes()[..8]);
        u64::from_le_bytes(bytes)
    }
}

/// The one secret of a deployment. Everything else that is secret is derived from it or wrapped by it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeploymentKey {
    wrapping: SecretKey,
    /// For ids of keys.
    pub key_ids: SecretKey,
    /// For fingerprints of private text.
    pub fingerprints: SecretKey,
    /// For hashes of commands.
    pub contents: SecretKey,
}

impl DeploymentKey {
    /// Derives what a deployment needs from 256 secret bits.
    pub fn new(secret: &[u8; 32]) -> Self {
        let derived = |purpose: &str| SecretKey(blake3::derive_key(&format!("gridward 2026 {purpose}"), secret));
        Self {
            wrapping: derived("wrapping of keys"),
            key_ids: derived("ids of keys"),
            fingerprints: derived("fingerprints"),
            contents: derived("contents of commands"),
        }
    }

    /// A key as it may be stored: nonce, then the sealed key. The nonce comes from the caller.
    ///
    /// # Errors
    /// [`SealError::Refused`], which does not happen with a key and a nonce of these sizes.
    pub fn wrap(&self, key: &SecretKey, id: KeyId, nonce: [u8; 24]) -> Result<Vec<u8>, SealError> {
        let cipher = XChaCha20Poly1305::new(&self.wrapping.0.into());
        let sealed = cipher.encrypt(&XNonce::from(nonce), Payload { msg: &key.0, aad: &id.0 }).map_err(|_| SealError::Refused)?;
        Ok([&nonce[..], &sealed].concat())
    }

    /// The key that was wrapped under an id.
    ///
    /// # Errors
    /// [`SealError`] for another deployment's key, another id or changed bytes.
    pub fn unwrap_key(&self, wrapped: &[u8], id: KeyId) -> Result<SecretKey, SealError> {
        let (nonce, sealed) = wrapped.split_first_chunk::<24>().ok_or(SealError::Malformed)?;
        let cipher = XChaCha20Poly1305::new(&self.wrapping.0.into());
        let plain = cipher.decrypt(&XNonce::from(*nonce), Payload { msg: sealed, aad: &id.0 }).map_err(|_| SealError::Refused)?;
        plain.try_into().map(SecretKey).map_err(|_| SealError::Malformed)
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("‹secret›")
    }
}

/// Fields sealed by XChaCha20-Poly1305. The identity of the event is associated data, so a part cannot be moved to another event,
/// and the community too, so it cannot be moved to another community.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedPart {
    /// The key that opens it.
    pub key: KeyId,
    /// The command whose event it belongs to.
    pub command: CommandId,
    /// Which sealed part of that command, from 0.
    pub ordinal: u16,
    /// Never used twice with one key.
    pub nonce: [u8; 24],
    /// Ciphertext and tag.
    pub ciphertext: Vec<u8>,
}

impl fmt::Debug for SealedPart {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "‹sealed {}›", self.key)
    }
}

/// Why a part could not be sealed or opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// Wrong key, another event's part, or changed bytes.
    #[error("a sealed part does not open with this key, in this place")]
    Refused,
    /// It opened, and what was inside is not ours.
    #[error("a sealed part holds something unknown")]
    Malformed,
}

fn associated_data(community: &CommunityId, command: CommandId, ordinal: u16) -> Vec<u8> {
    format!("gridward.sealed.v1\0{community}\0{command}\0{ordinal}").into_bytes()
}

impl SealedPart {
    /// Seals fields. The caller provides key and nonce: making them is not pure.
    ///
    /// # Errors
    /// [`SealError::Malformed`] when the fields cannot be written down, which a map of texts always can.
    pub fn seal(
        fields: &PrivateFields,
        key: (KeyId, &SecretKey),
        nonce: [u8; 24],
        community: &CommunityId,
        place: (CommandId, u16),
    ) -> Result<Self, SealError> {
        let plain = postcard::to_stdvec(fields).map_err(|_| SealError::Malformed)?;
        let (command, ordinal) = place;
        let aad = associated_data(community, command, ordinal);
        let cipher = XChaCha20Poly1305::new(&key.1.0.into());
        let ciphertext = cipher.encrypt(&XNonce::from(nonce), Payload { msg: &plain, aad: &aad }).map_err(|_| SealError::Refused)?;
        Ok(Self { key: key.0, command, ordinal, nonce, ciphertext })
    }

    /// Opens the part with its key.
    ///
    /// # Errors
    /// [`SealError::Refused`] for another key, community, event or changed bytes; [`SealError::Malformed`] for unknown contents.
    pub fn open(&self, key: &SecretKey, community: &CommunityId) -> Result<PrivateFields, SealError> {
        let aad = associated_data(community, self.command, self.ordinal);
        let cipher = XChaCha20Poly1305::new(&key.0.into());
        let plain = cipher.decrypt(&XNonce::from(self.nonce), Payload { msg: &self.ciphertext, aad: &aad }).map_err(|_| SealError::Refused)?;
        postcard::from_bytes(&plain).map_err(|_| SealError::Malformed)
    }
}

/// The private part of an event or of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Private {
    /// Between the door and the seal, or opened for somebody who may see it. Cannot be written to the log or to a store.
    Plain {
        /// Whose key will seal it.
        owner: KeyOwner,
        /// The fields.
        fields: PrivateFields,
    },
    /// As it is kept.
    Sealed(SealedPart),
}

impl Serialize for Private {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Sealed(part) if serializer.is_human_readable() => {
                let mut closed = BTreeMap::new();
                closed.insert("sealed", part.key.to_string());
                closed.serialize(serializer)
            }
            Self::Sealed(part) => part.serialize(serializer),
            Self::Plain { fields, .. } if serializer.is_human_readable() => fields.serialize(serializer),
            Self::Plain { .. } => Err(S::Error::custom("private text must be sealed before it is written")),
        }
    }
}

impl<'de> Deserialize<'de> for Private {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        SealedPart::deserialize(deserializer).map(Self::Sealed)
    }
}

/// Something that may hold private parts: every event shows all of its own here, and here only.
pub trait Personal {
    /// Calls `visit` with each private part, always in the same order.
    fn each_private(&mut self, visit: &mut dyn FnMut(&mut Private));
}

impl Personal for Option<Private> {
    fn each_private(&mut self, visit: &mut dyn FnMut(&mut Private)) {
        if let Some(private) = self {
            visit(private);
        }
    }
}

/// Says of events that they hold nothing private.
macro_rules! without_private {
    ($($name:ty),+ $(,)?) => {$(
        impl $crate::values::Personal for $name {
            fn each_private(&mut self, _: &mut dyn FnMut(&mut $crate::values::Private)) {}
        }
    )+};
}
pub(crate) use without_private;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_opens_only_with_its_key_in_its_place() {
        let fields = PrivateFields::default().with(field::NAME, Some("杨桂英"));
        let (key, other) = (SecretKey([7; 32]), SecretKey([8; 32]));
        let (here, elsewhere): (CommunityId, CommunityId) = ("u07".parse().unwrap(), "u08".parse().unwrap());
        let command = CommandId(uuid::Uuid::from_u128(1));
        let sealed = SealedPart::seal(&fields, (KeyId([1; 16]), &key), [3; 24], &here, (command, 0)).unwrap();
        assert_eq!(sealed.open(&key, &here).unwrap().first(field::NAME), Some("杨桂英"));
        assert_eq!(sealed.open(&other, &here), Err(SealError::Refused));
        assert_eq!(sealed.open(&key, &elsewhere), Err(SealError::Refused));
        let moved = SealedPart { ordinal: 1, ..sealed };
        assert_eq!(moved.open(&key, &here), Err(SealError::Refused));
    }

    #[test]
    fn a_key_is_unwrapped_by_its_deployment_under_its_id_only() {
        let (ours, theirs) = (DeploymentKey::new(&[1; 32]), DeploymentKey::new(&[2; 32]));
        let key = SecretKey([9; 32]);
        let wrapped = ours.wrap(&key, KeyId([1; 16]), [5; 24]).unwrap();
        assert_eq!(ours.unwrap_key(&wrapped, KeyId([1; 16])), Ok(key));
        assert_eq!(ours.unwrap_key(&wrapped, KeyId([2; 16])), Err(SealError::Refused));
        assert_eq!(theirs.unwrap_key(&wrapped, KeyId([1; 16])), Err(SealError::Refused));
        assert_eq!(ours.unwrap_key(&wrapped[..20], KeyId([1; 16])), Err(SealError::Malformed));
    }

    #[test]
    fn plain_text_cannot_be_written_down() {
        let command = CommandId(uuid::Uuid::from_u128(1));
        let plain = PrivateFields::default().with(field::NAME, Some("杨桂英")).owned_by(KeyOwner::Command(command));
        assert!(postcard::to_stdvec(&plain).is_err());
        assert!(!format!("{plain:?}").contains('杨'));
    }
}
