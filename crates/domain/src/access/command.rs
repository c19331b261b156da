//! What can be asked about tokens. Only our own services ask; outside there is `/tokens`.

use serde::Deserialize;

use super::{SecretHash, TokenScope};
use crate::{
    commit::Role,
    values::{Slug, StaffId, TokenId},
};

/// What can be asked about tokens.
#[derive(Clone, Debug)]
pub enum Command {
    /// Make one known.
    Grant(Grant),
    /// End it.
    Revoke(Revoke),
}

/// `token.grant`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grant {
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

/// `token.revoke`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Revoke {
    /// The token.
    pub token: TokenId,
}
