//! What happens when something is asked about responsibilities.

use super::{Assign, Assigned, Command, Id, Release, Released, Responsibility, Scope, ScopeInput, ScopeKind, Standing};
use crate::{Context, Decide, Event, Known, Rejection, decide::required, values::Slug};

impl Decide for Responsibility {
    type Command = Command;

    fn decide(command: Command, known: &dyn Known, context: &Context<'_>) -> Result<Vec<Event>, Rejection> {
        match command {
            Command::Assign(assign) => decide_assign(assign, known, context),
            Command::Release(release) => decide_release(release, known, context),
        }
    }
}

fn decide_assign(assign: Assign, known: &dyn Known, context: &Context<'_>) -> Result<Vec<Event>, Rejection> {
    let scope = scope(assign.scope, known, context)?;
    if !(1..=3).contains(&assign.level) {
        return Err(Rejection::invalid("/data/level", "level_range", "a level is 1, 2 or 3"));
    }
    required(known.staff(&assign.staff), "/data/staff", "staff", &assign.staff)?;
    let standing = assign.standing.unwrap_or(Standing::Main);
    let id = Id { scope, duty: assign.duty, level: assign.level, staff: assign.staff };
    let held = known.responsibility(&id).filter(|state| state.until.is_none_or(|until| context.at < until));
    if held.is_some_and(|state| state.standing == standing && state.until == assign.until && assign.from.is_none_or(|from| from == state.from)) {
        return Ok(Vec::new());
    }
    let Id { scope, duty, level, staff } = id;
    Ok(vec![Assigned { scope, duty, level, staff, standing, from: assign.from.unwrap_or(context.at), until: assign.until }.into()])
}

fn decide_release(release: Release, known: &dyn Known, context: &Context<'_>) -> Result<Vec<Event>, Rejection> {
    let scope = scope(release.scope, known, context)?;
    let id = Id { scope, duty: release.duty, level: release.level, staff: release.staff };
    let state = required(known.responsibility(&id), "/data/staff", "responsibility", &id)?;
    let until = release.until.or(release.from).unwrap_or(context.at);
    if state.until.is_some_and(|ended| ended <= until) {
        return Ok(Vec::new());
    }
    let Id { scope, duty, level, staff } = id;
    Ok(vec![Released { scope, duty, level, staff, until }.into()])
}

/// The one thing a scope names, if it exists.
///
/// # Errors
/// 422 when it names nothing, several things, or something unknown.
pub(crate) fn scope(input: ScopeInput, known: &dyn Known, context: &Context<'_>) -> Result<Scope, Rejection> {
    if let (2, Some(building), Some(unit)) = (input.len(), input.get(&ScopeKind::Building), input.get(&ScopeKind::Unit)) {
        return unit_of_building(building, unit, known);
    }
    let mut named = input.into_iter();
    let (Some((kind, id)), None) = (named.next(), named.next()) else {
        return Err(Rejection::invalid("/data/scope", "scope_single", "name exactly one thing, such as {\"building\":\"b07\"}, or a building and its unit"));
    };
    let exists = match kind {
        ScopeKind::Building => known.building(&id.clone().into()).is_some(),
        ScopeKind::Estate => known.estate(&id.clone().into()).is_some(),
        ScopeKind::Household => known.household(&id.clone().into()).is_some(),
        ScopeKind::Person => known.person(&id.clone().into()).is_some(),
        ScopeKind::Quarantine => known.quarantine(&id.clone().into()).is_some(),
        ScopeKind::Checkpoint => known.checkpoint(&id.clone().into()).is_some(),
        ScopeKind::Unit => id.as_str().rsplit_once('-').is_some_and(|(building, unit)| unit_exists(building, unit, known)),
        ScopeKind::Community => id.as_str() == context.community.as_str(),
        // grids, areas and facilities have no file of their own yet
        ScopeKind::Grid | ScopeKind::Area | ScopeKind::Facility => true,
    };
    if exists { Ok(Scope { kind, id }) } else { Err(Rejection::unknown(&format!("/data/scope/{kind}"), kind.word(), id)) }
}

/// A unit has no id of its own: it is named with its building.
fn unit_of_building(building: &Slug, unit: &Slug, known: &dyn Known) -> Result<Scope, Rejection> {
    let state = required(known.building(&building.clone().into()), "/data/scope/building", "building", building)?;
    if !state.has_unit(unit.as_str()) {
        return Err(Rejection::unknown("/data/scope/unit", "unit", unit));
    }
    let id =
        format!("{building}-{unit}").parse().map_err(|_| Rejection::invalid("/data/scope/unit", "too_large", "building and unit together are too long"))?;
    Ok(Scope { kind: ScopeKind::Unit, id })
}

fn unit_exists(building: &str, unit: &str, known: &dyn Known) -> bool {
    building.parse::<Slug>().is_ok_and(|building| known.building(&building.into()).is_some_and(|building| building.has_unit(unit)))
}
