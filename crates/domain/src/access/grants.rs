//! From a bearer token to what it may do in one community.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::{Granted, Right, TokenScope};
use crate::{
    Event, Fact,
    commit::{Header, Role},
    values::{CommunityId, Slug, StaffId, TokenId, TownId},
};

/// Hash of a token's secret. The secret has 256 random bits, so a plain hash is enough.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SecretHash([u8; 32]);

impl SecretHash {
    /// The hash of a bearer token as it is sent.
    pub fn of(bearer: &str) -> Self {
        Self(*blake3::hash(bearer.as_bytes()).as_bytes())
    }

    /// A name for it: 64 of its bits as 16 letters, so that it never looks like somebody's number.
    pub fn name(&self) -> String {
        self.0[..8].iter().flat_map(|byte| [byte >> 4, byte & 15]).map(|nibble| char::from(b'a' + nibble)).collect()
    }
}

impl std::fmt::Debug for SecretHash {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("‹hash›")
    }
}

impl Serialize for SecretHash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() { serializer.collect_str(&blake3::Hash::from_bytes(self.0).to_hex()) } else { self.0.serialize(serializer) }
    }
}

impl<'de> Deserialize<'de> for SecretHash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
            blake3::Hash::from_hex(text.as_bytes()).map(|hash| Self(*hash.as_bytes())).map_err(D::Error::custom)
        } else {
            <[u8; 32]>::deserialize(deserializer).map(Self)
        }
    }
}

/// Every token in force, and every community with its town: a fold over the log that each service keeps in memory.
#[derive(Clone, Debug, Default)]
pub struct Grants {
    by_hash: HashMap<SecretHash, Granted>,
    by_token: BTreeMap<TokenId, SecretHash>,
    towns: BTreeMap<CommunityId, TownId>,
}

impl Grants {
    /// Whether an event says something of who may enter.
    pub fn concerns(event: &Event) -> bool {
        matches!(event, Event::TokenGranted(_) | Event::TokenRevoked(_) | Event::CommunityFounded(_))
    }

    /// Takes in one more fact.
    pub fn apply(&mut self, fact: &Fact<'_>) {
        match fact.event {
            Event::TokenGranted(granted) => {
                self.by_token.insert(granted.token.clone(), granted.secret_hash);
                self.by_hash.insert(granted.secret_hash, granted.clone());
            }
            Event::TokenRevoked(revoked) => {
                if let Some(hash) = self.by_token.remove(&revoked.token) {
                    self.by_hash.remove(&hash);
                }
            }
            Event::CommunityFounded(founded) => {
                self.towns.insert(fact.header.community.clone(), founded.town.clone());
            }
            _ => {}
        }
    }

    /// Who a bearer token is, if it is in force.
    pub fn authenticate(&self, bearer: &str) -> Option<Principal> {
        self.by_hash.get(&SecretHash::of(bearer)).map(|granted| Principal { granted: granted.clone() })
    }

    /// The tokens in force.
    pub fn tokens(&self) -> impl Iterator<Item = &Granted> {
        self.by_token.values().filter_map(|hash| self.by_hash.get(hash))
    }

    /// Every community with its town, in the order of their slugs: for services, which belong to all of them.
    pub fn towns(&self) -> impl Iterator<Item = (&CommunityId, &TownId)> {
        self.towns.iter()
    }

    /// The communities that a principal may enter, in the order of their slugs.
    pub fn communities(&self, principal: &Principal) -> Vec<Scope> {
        self.towns.keys().filter_map(|community| self.enter(principal, community)).collect()
    }

    /// The scope of a principal in a community. `None` is the same for a community it may not enter and for one that does not exist.
    pub fn enter(&self, principal: &Principal, community: &CommunityId) -> Option<Scope> {
        let town = self.towns.get(community)?;
        let TokenScope { community: only, town: only_town } = &principal.granted.scope;
        let inside = only.as_ref().is_none_or(|only| only == community) && only_town.as_ref().is_none_or(|only| only == town);
        inside.then(|| Scope { community: community.clone(), town: town.clone(), principal: principal.clone() })
    }

    /// The scope in which a principal founds a community that does not exist yet.
    pub fn found(&self, principal: &Principal, community: &CommunityId, town: &TownId) -> Option<Scope> {
        let everywhere = principal.granted.scope == TokenScope::default();
        let town = self.towns.get(community).unwrap_or(town);
        (everywhere && principal.may(Right::Found)).then(|| Scope { community: community.clone(), town: town.clone(), principal: principal.clone() })
    }
}

/// Somebody whose token was accepted.
#[derive(Clone, Debug)]
pub struct Principal {
    granted: Granted,
}

impl Principal {
    /// Whether the role has a right.
    pub fn may(&self, right: Right) -> bool {
        self.granted.role.may(right)
    }

    /// Whether the role has a right in the whole deployment.
    pub fn may_everywhere(&self, right: Right) -> bool {
        self.granted.scope == TokenScope::default() && self.may(right)
    }

    /// The token's id, as it stands in the log as actor.
    pub fn actor(&self) -> Slug {
        self.granted.token.as_str().parse().unwrap_or_else(|_| crate::community::own_id())
    }

    /// The role.
    pub fn role(&self) -> Role {
        self.granted.role
    }

    /// Whose token it is.
    pub fn staff(&self) -> Option<&StaffId> {
        self.granted.staff.as_ref()
    }

    /// Where it holds.
    pub fn scope(&self) -> &TokenScope {
        &self.granted.scope
    }
}

/// A principal inside one community. There is no other way to read or write a community's data, and no other way to make one.
#[derive(Clone, Debug)]
pub struct Scope {
    community: CommunityId,
    town: TownId,
    principal: Principal,
}

impl Scope {
    /// The community.
    pub fn community(&self) -> &CommunityId {
        &self.community
    }

    /// Its town.
    pub fn town(&self) -> &TownId {
        &self.town
    }

    /// Who.
    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    /// Who they are among those who work here. Ids of staff are a community's own, so whoever comes from outside is nobody.
    pub fn staff(&self) -> Option<&StaffId> {
        self.principal.staff().filter(|_| self.principal.scope().community.as_ref() == Some(&self.community))
    }

    /// Whether they have a right here.
    pub fn may(&self, right: Right) -> bool {
        self.principal.may(right)
    }

    /// Whether they are among those who did something.
    pub fn did(&self, by: &[StaffId]) -> bool {
        self.staff().is_some_and(|staff| by.contains(staff))
    }

    /// Whether they recorded something: their token sent it, or they are among those who did it.
    pub fn recorded(&self, header: &Header) -> bool {
        header.actor == self.principal.actor() || self.did(&header.by)
    }
}
