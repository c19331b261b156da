//! What happens when something is asked of a building.

use super::{
    AddressCorrected, Building, Command, Exception, ExceptionInput, Kind, KindChanged, Register, Registered, Regrouped, Renamed, Report, ReportScope, Reported,
    State, Unit, UnitsChanged,
};
use crate::{
    Context, Decide, Event, Known, Rejection,
    decide::required,
    household::place_of,
    values::{KeyOwner, Place, Private, PrivateFields, field},
};

/// Most units of a building.
const UNITS_MAX: usize = 64;
/// Most doors of a unit: a village group can be one long unit.
const DOORS_MAX: usize = 500;
/// Most buildings or units in one report.
const SCOPES_MAX: usize = 100;
/// Most exceptions in one report.
const EXCEPTIONS_MAX: usize = 200;

impl Decide for Building {
    type Command = Command;

    fn decide(command: Command, known: &dyn Known, context: &Context<'_>) -> Result<Vec<Event>, Rejection> {
        match command {
            Command::Register(register) => decide_register(register, known, context),
            Command::Report(report) => decide_report(report, known, context),
        }
    }
}

fn decide_register(register: Register, known: &dyn Known, context: &Context<'_>) -> Result<Vec<Event>, Rejection> {
    if let Some(estate) = &register.estate {
        required(known.estate(estate), "/data/estate", "estate", estate)?;
    }
    check_units(&register.units)?;
    let fingerprint = register.address.as_ref().map(|address| context.fingerprint(&[address]));
    match known.building(&register.building) {
        None => Ok(vec![registered(register, fingerprint).into()]),
        Some(state) => Ok(changes(register, &state, fingerprint)),
    }
}

fn check_units(units: &[Unit]) -> Result<(), Rejection> {
    if units.len() > UNITS_MAX {
        return Err(Rejection::invalid("/data/units", "too_many", format!("a building has at most {UNITS_MAX} units")));
    }
    for (index, unit) in units.iter().enumerate() {
        let pointer = format!("/data/units/{index}");
        if unit.doors.len() > DOORS_MAX {
            return Err(Rejection::invalid(&format!("{pointer}/doors"), "too_many", format!("a unit has at most {DOORS_MAX} doors")));
        }
        if units[..index].iter().any(|earlier| earlier.unit == unit.unit) {
            return Err(Rejection::invalid(&format!("{pointer}/unit"), "unit_twice", "every unit of a building has its own name"));
        }
    }
    Ok(())
}

fn address(register: &Register) -> Option<Private> {
    PrivateFields::default().with(field::ADDRESS, register.address.as_deref()).owned_by(KeyOwner::Building(register.building.clone()))
}

fn registered(register: Register, address_fingerprint: Option<u64>) -> Registered {
    let private = address(&register);
    let Register { building, name, kind, estate, grid, units, .. } = register;
    Registered { building, name, kind: kind.unwrap_or(Kind::Block), estate, grid, units, private, address_fingerprint }
}

/// One specific event for each thing that is other than before; an absent field says nothing.
fn changes(register: Register, state: &State, address_fingerprint: Option<u64>) -> Vec<Event> {
    let private = address(&register);
    let Register { building, name, kind, estate, grid, units, .. } = register;
    let mut events: Vec<Event> = Vec::new();
    if state.name != name {
        events.push(Renamed { building: building.clone(), name }.into());
    }
    if let Some(kind) = kind.filter(|kind| *kind != state.kind) {
        events.push(KindChanged { building: building.clone(), kind }.into());
    }
    let (estate, grid) = (estate.or_else(|| state.estate.clone()), grid.or_else(|| state.grid.clone()));
    if estate != state.estate || grid != state.grid {
        events.push(Regrouped { building: building.clone(), estate, grid }.into());
    }
    if !units.is_empty() && units != state.units {
        events.push(UnitsChanged { building: building.clone(), units }.into());
    }
    if address_fingerprint.is_some() && address_fingerprint != state.address_fingerprint {
        events.push(AddressCorrected { building, private, address_fingerprint }.into());
    }
    events
}

fn decide_report(report: Report, known: &dyn Known, context: &Context<'_>) -> Result<Vec<Event>, Rejection> {
    if report.scopes.is_empty() || report.scopes.len() > SCOPES_MAX {
        return Err(Rejection::invalid("/data/scopes", "scopes_count", format!("a report speaks for 1 to {SCOPES_MAX} buildings or units")));
    }
    if report.exceptions.len() > EXCEPTIONS_MAX {
        return Err(Rejection::invalid("/data/exceptions", "too_many", format!("at most {EXCEPTIONS_MAX} exceptions")));
    }
    for (index, scope) in report.scopes.iter().enumerate() {
        let pointer = format!("/data/scopes/{index}");
        let building = required(known.building(&scope.building), &format!("{pointer}/building"), "building", &scope.building)?;
        if let Some(unit) = scope.unit.as_ref().filter(|unit| !building.has_unit(unit)) {
            return Err(Rejection::unknown(&format!("{pointer}/unit"), "unit", unit));
        }
    }
    let today = context.zone.day_of(context.at);
    let for_date = report.for_date.unwrap_or(today);
    if for_date > today {
        return Err(Rejection::invalid("/data/for_date", "date_in_future", "a report is about today or a day before"));
    }
    let exceptions = report.exceptions.iter().enumerate().map(|(index, input)| exception(input, index, &report.scopes, known, context));
    let exceptions = exceptions.collect::<Result<_, _>>()?;
    Ok(vec![Reported { scopes: report.scopes, for_date, basis: report.basis, exceptions }.into()])
}

/// Who speaks for a building speaks for each of its doors; who speaks for a unit, for the doors of that unit.
fn speaks_for(scope: &ReportScope, place: &Place) -> bool {
    place.building.as_ref() == Some(&scope.building) && (scope.unit.is_none() || scope.unit == place.unit)
}

fn exception(input: &ExceptionInput, index: usize, scopes: &[ReportScope], known: &dyn Known, context: &Context<'_>) -> Result<Exception, Rejection> {
    let pointer = format!("/data/exceptions/{index}");
    let place = place_of(&input.door(), known, &pointer)?;
    if !scopes.iter().any(|scope| speaks_for(scope, &place)) {
        let field = if input.household.is_some() { "household" } else { "building" };
        return Err(Rejection::invalid(
            &format!("{pointer}/{field}"),
            "outside_scopes",
            "an exception is at a door that the report speaks for: add its building or unit to the scopes, or report it on its own",
        ));
    }
    let private = PrivateFields::default()
        .with(field::LABEL, input.label.as_deref())
        .with(field::FROM, input.from.as_deref())
        .with(field::NOTE, input.note.as_deref())
        .owned_by(KeyOwner::Command(context.command));
    Ok(Exception { place, kind: input.kind, private })
}
