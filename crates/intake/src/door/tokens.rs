//! `/tokens`: made, listed and ended by the operator. A secret is shown once and never stored.

use axum::{
    Json,
    body::Body,
    extract::{Path, RawQuery, State},
    http::{HeaderMap, StatusCode},
};
use domain::{
    Command,
    access::{self, DEPLOYMENT, Grant, Principal, Revoke, SecretHash, TokenScope},
    commit::Role,
    values::{CommunityId, Slug, StaffId, TokenId, TownId},
};
use serde::{Deserialize, Serialize};
use web::{COMMAND_BYTES_MAX, Problem, no_parameters, shape};

use super::{
    Doors,
    single::{Told, record},
};
use crate::ask::Ask;

/// What a token is to be.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    name: Slug,
    community: Option<CommunityId>,
    town: Option<TownId>,
    role: Role,
    staff: Option<StaffId>,
}

/// A token, with its secret, shown once.
#[derive(Debug, Serialize)]
pub(super) struct Made {
    token: TokenId,
    name: Slug,
    role: Role,
    secret: String,
}

/// A token as it is listed.
#[derive(Debug, Serialize)]
pub(super) struct Listed {
    token: TokenId,
    name: Slug,
    role: Role,
    scope: TokenScope,
    staff: Option<StaffId>,
}

pub(super) async fn grant(State(doors): State<Doors>, headers: HeaderMap, query: RawQuery, body: Body) -> Result<(StatusCode, Json<Made>), Problem> {
    let principal = doors.gate.operator_for_change(&headers)?;
    no_parameters(&query)?;
    let json = shape::whole(body, COMMAND_BYTES_MAX, "the body").await?;
    let wanted: Wanted = shape::object(&json)?;
    if wanted.community.is_some() && wanted.town.is_some() {
        return Err(Problem::bad_request("/town", "scope_single", "a token holds in a community, in a town, or everywhere"));
    }
    if let Some(community) = &wanted.community
        && doors.gate.with_grants(|grants| grants.enter(&principal, community)).is_none()
    {
        return Err(Problem::from(domain::Rejection::unknown("/community", "community", community)));
    }
    if doors.gate.with_grants(|grants| grants.tokens().any(|granted| granted.name == wanted.name)) {
        return Err(Problem::new(StatusCode::CONFLICT, "token_exists").with_detail("a token of this name is in force; remove it first, or choose another name"));
    }
    let (token, secret) = new_secret()?;
    let scope = TokenScope { community: wanted.community, town: wanted.town };
    let grant = Grant { token: token.clone(), name: wanted.name.clone(), secret_hash: SecretHash::of(&secret), scope, role: wanted.role, staff: wanted.staff };
    record(&doors, ask(&principal, access::Command::Grant(grant))?).await.into_single()?;
    Ok((StatusCode::CREATED, Json(Made { token, name: wanted.name, role: wanted.role, secret })))
}

pub(super) async fn list(State(doors): State<Doors>, headers: HeaderMap, query: RawQuery) -> Result<Json<serde_json::Value>, Problem> {
    doors.gate.operator(&headers)?;
    no_parameters(&query)?;
    let items = doors.gate.with_grants(|grants| {
        let listed = |granted: &access::Granted| Listed {
            token: granted.token.clone(),
            name: granted.name.clone(),
            role: granted.role,
            scope: granted.scope.clone(),
            staff: granted.staff.clone(),
        };
        grants.tokens().map(listed).collect::<Vec<_>>()
    });
    Ok(Json(serde_json::json!({ "items": items, "next": null })))
}

pub(super) async fn revoke(State(doors): State<Doors>, Path(token): Path<String>, headers: HeaderMap, query: RawQuery) -> Result<StatusCode, Problem> {
    let principal = doors.gate.operator_for_change(&headers)?;
    no_parameters(&query)?;
    let token: TokenId = token.parse().map_err(|_| Problem::not_found())?;
    if !doors.gate.with_grants(|grants| grants.tokens().any(|granted| granted.token == token)) {
        return Err(Problem::not_found());
    }
    let told: Told = record(&doors, ask(&principal, access::Command::Revoke(Revoke { token }))?).await;
    told.into_single().map(|_| StatusCode::NO_CONTENT)
}

fn ask(principal: &Principal, command: access::Command) -> Result<Ask, Problem> {
    deployment_ask(principal.actor(), principal.role(), command).ok_or_else(|| Problem::unavailable("outcome_unknown", 1))
}

/// A command about tokens, which are the deployment's.
pub(crate) fn deployment_ask(actor: Slug, role: Role, command: access::Command) -> Option<Ask> {
    Ask::made_here(DEPLOYMENT.parse().ok()?, (actor, role), Command::Access(command))
}

/// A new token and its secret: 256 random bits, with a prefix by which leaks can be found.
fn new_secret() -> Result<(TokenId, String), Problem> {
    let mut bytes = [0; 40];
    getrandom::fill(&mut bytes).map_err(|_| Problem::unavailable("outcome_unknown", 1))?;
    // letters only, so that a token never looks like somebody's number
    let letters = |bytes: &[u8]| bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(|nibble| char::from(b'a' + nibble)).collect::<String>();
    let token: TokenId = format!("t-{}", letters(&bytes[..8])).parse().map_err(|_| Problem::unavailable("outcome_unknown", 1))?;
    let secret = format!("gw_{}", letters(&bytes[8..]));
    Ok((token, secret))
}
