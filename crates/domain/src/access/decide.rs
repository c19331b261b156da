//! What happens when something is asked about tokens.

use super::{Access, Command, DEPLOYMENT, Granted, Revoke, Revoked};
use crate::{Context, Decide, Event, Known, Rejection, decide::required};

impl Decide for Access {
    type Command = Command;

    fn decide(command: Command, known: &dyn Known, context: &Context<'_>) -> Result<Vec<Event>, Rejection> {
        if context.community.as_str() != DEPLOYMENT {
            return Err(Rejection::invalid("", "wrong_community", "tokens belong to the deployment"));
        }
        match command {
            Command::Grant(grant) => {
                let granted =
                    Granted { token: grant.token, name: grant.name, secret_hash: grant.secret_hash, scope: grant.scope, role: grant.role, staff: grant.staff };
                match known.token(&granted.token) {
                    None => Ok(vec![granted.into()]),
                    Some(state) if state.granted == granted && !state.revoked => Ok(Vec::new()),
                    Some(_) => Err(Rejection::conflict("token_exists", "a token of this id exists")),
                }
            }
            Command::Revoke(Revoke { token }) => {
                let state = required(known.token(&token), "/data/token", "token", &token)?;
                Ok(if state.revoked { Vec::new() } else { vec![Revoked { token }.into()] })
            }
        }
    }
}
