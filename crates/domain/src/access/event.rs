//! What can have happened to a token.

use serde::{Deserialize, Serialize};

use super::SecretHash;
use crate::{
    commit::Role,
    values::{CommunityId, Slug, StaffId, TokenId, TownId, without_private},
};

/// Where a token holds: one community, all of one town, or everywhere when both are absent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenScope {
    /// One community.
    pub community: Option<CommunityId>,
    /// All communities of one town.
    pub town: Option<TownId>,
}

/// It was made known.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Granted {
    /// The token.
    pub token: TokenId,
    /// What it is called in lists.
    pub name: Slug,
    /// Hash of its secret.
    pub secret_hash: SecretHash,
    /// Where it holds.
    pub scope: TokenScope,
    /// What it may do there.
    pub role: Role,
    /// Whose it is.
    pub staff: Option<StaffId>,
}

/// It was ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Revoked {
    /// The token.
    pub token: TokenId,
}

without_private!(Granted, Revoked);
