//! What happens when something is asked about responsibilities.

use super::{Assign, Assigned, Command, Id, Release, Released, Responsibility, Scope, ScopeId, ScopeInput, ScopeKind, Standing};
use crate::{
    Context, Decide, Event, Known, Rejection,
    decide::required,
    values::{BuildingId, Slug},
};

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
    check_level("/data/level", assign.level)?;
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

/// A level is one of three.
///
/// # Errors
/// 422 `level_range`.
pub(crate) fn check_level(pointer: &str, level: u8) -> Result<(), Rejection> {
    if !(1..=3).contains(&level) {
        return Err(Rejection::invalid(pointer, "level_range", "a level is 1, 2 or 3"));
    }
    Ok(())
}

/// The one thing a scope names, if it exists.
///
/// # Errors
/// 422 when it names nothing, several things, or something unknown.
pub(crate) fn scope(input: ScopeInput, known: &dyn Known, context: &Context<'_>) -> Result<Scope, Rejection> {
    let mut ids = input.ids.into_iter();
    match (ids.next(), ids.next(), input.unit) {
        (Some((kind, id)), None, None) => thing(kind, id, known, context),
        (Some((ScopeKind::Building, building)), None, Some(unit)) => unit_of_building(&building, &unit, known),
        (None, None, Some(unit)) => unit_by_name(&unit, known),
        _ => Err(Rejection::invalid("/data/scope", "scope_single", "name exactly one thing, such as {\"building\":\"b07\"}, or a building and its unit")),
    }
}

fn thing(kind: ScopeKind, id: Slug, known: &dyn Known, context: &Context<'_>) -> Result<Scope, Rejection> {
    let exists = match kind {
        ScopeKind::Building => known.building(&id.clone().into()).is_some(),
        ScopeKind::Estate => known.estate(&id.clone().into()).is_some(),
        ScopeKind::Household => known.household(&id.clone().into()).is_some(),
        ScopeKind::Person => known.person(&id.clone().into()).is_some(),
        ScopeKind::Quarantine => known.quarantine(&id.clone().into()).is_some(),
        ScopeKind::Checkpoint => known.checkpoint(&id.clone().into()).is_some(),
        ScopeKind::Unit => return unit_by_name(id.as_str(), known),
        ScopeKind::Community => id.as_str() == context.community.as_str(),
        // grids, areas and facilities have no file of their own yet
        ScopeKind::Grid | ScopeKind::Area | ScopeKind::Facility => true,
    };
    if exists { Ok(Scope { kind, id: id.into() }) } else { Err(Rejection::unknown(&format!("/data/scope/{kind}"), kind.word(), id)) }
}

/// A unit has no id of its own: it is named with its building.
fn unit_of_building(building: &Slug, unit: &str, known: &dyn Known) -> Result<Scope, Rejection> {
    let building = BuildingId::from(building.clone());
    let state = required(known.building(&building), "/data/scope/building", "building", &building)?;
    if !state.has_unit(unit) {
        return Err(Rejection::unknown("/data/scope/unit", "unit", unit));
    }
    Ok(Scope { kind: ScopeKind::Unit, id: ScopeId::of_unit(&building, unit) })
}

/// A unit as `building-unit`. Both may hold a hyphen: the longest building that exists and has such a unit is meant.
fn unit_by_name(name: &str, known: &dyn Known) -> Result<Scope, Rejection> {
    let meant = name.rmatch_indices('-').find_map(|(place, _)| {
        let building = BuildingId::from(name[..place].parse::<Slug>().ok()?);
        let unit = &name[place + 1..];
        known.building(&building)?.has_unit(unit).then(|| ScopeId::of_unit(&building, unit))
    });
    meant.map(|id| Scope { kind: ScopeKind::Unit, id }).ok_or_else(|| Rejection::unknown("/data/scope/unit", "unit", name))
}
