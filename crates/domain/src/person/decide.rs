//! What happens when something is asked of a person's file.

use super::{
    CategoriesChanged, Command, EndResidence, IdentityCorrected, Person, Register, Registered, Residence, ResidenceEnded, ResidenceKind, ResidenceStarted,
    StartResidence, State, id_number::check_id_number,
};
use crate::{
    Context, Decide, Event, Known, Rejection,
    decide::required,
    values::{KeyOwner, PersonId, Private, PrivateFields, Timestamp, field},
};

/// Most telephone numbers of a person.
const PHONES_MAX: usize = 8;
/// Most categories of a person.
const CATEGORIES_MAX: usize = 16;

impl Decide for Person {
    type Command = Command;

    fn decide(command: Command, known: &dyn Known, context: &Context<'_>) -> Result<Vec<Event>, Rejection> {
        match command {
            Command::Register(register) => decide_register(register, known, context),
            Command::StartResidence(start) => decide_start(start, known, context),
            Command::EndResidence(end) => decide_end(end, known, context),
        }
    }
}

fn decide_register(register: Register, known: &dyn Known, context: &Context<'_>) -> Result<Vec<Event>, Rejection> {
    check(&register)?;
    let home = match &register.household {
        Some(household) => Some(required(known.household(household), "/data/household", "household", household)?.place.clone()),
        None => None,
    };
    let fingerprint = context.fingerprint(&[register.name.clone(), register.id_number.clone().unwrap_or_default(), register.phones.join(",")]);
    let state = known.person(&register.person);
    let mut events = match &state {
        None => vec![registered(&register, fingerprint).into()],
        Some(state) => corrections(&register, state, fingerprint),
    };
    if let Some(place) = home
        && let Some(household) = &register.household
        && state.as_ref().is_none_or(|state| state.open_residence(household, ResidenceKind::Lives).is_none())
    {
        let started = ResidenceStarted { person: register.person.clone(), place, kind: ResidenceKind::Lives, from: context.at, private: None };
        events.extend(moved_in(started, state.as_deref()));
    }
    Ok(events)
}

fn check(register: &Register) -> Result<(), Rejection> {
    if register.phones.len() > PHONES_MAX {
        return Err(Rejection::invalid("/data/phones", "too_many", format!("at most {PHONES_MAX} telephone numbers")));
    }
    if register.categories.as_ref().is_some_and(|categories| categories.len() > CATEGORIES_MAX) {
        return Err(Rejection::invalid("/data/categories", "too_many", format!("at most {CATEGORIES_MAX} categories")));
    }
    if register.name.trim().is_empty() {
        return Err(Rejection::invalid("/data/name", "name_empty", "a person has a name; write what they are called if it is not known"));
    }
    if register.birth_year.is_some_and(|year| !(1880..=2100).contains(&year)) {
        return Err(Rejection::invalid("/data/birth_year", "birth_year_range", "a year with four digits, such as 1944"));
    }
    register.id_number.iter().try_for_each(|number| check_id_number(number, "/data/id_number"))
}

fn identity(register: &Register) -> Option<Private> {
    PrivateFields::default()
        .with(field::NAME, Some(&register.name))
        .with(field::ID_NUMBER, register.id_number.as_deref())
        .with_all(field::PHONE, &register.phones)
        .owned_by(KeyOwner::Person(register.person.clone()))
}

fn registered(register: &Register, identity_fingerprint: u64) -> Registered {
    Registered {
        person: register.person.clone(),
        birth_year: register.birth_year,
        sex: register.sex,
        categories: register.categories.clone().unwrap_or_default(),
        private: identity(register),
        identity_fingerprint,
    }
}

fn corrections(register: &Register, state: &State, identity_fingerprint: u64) -> Vec<Event> {
    let mut events: Vec<Event> = Vec::new();
    let (birth_year, sex) = (register.birth_year.or(state.birth_year), register.sex.or(state.sex));
    if identity_fingerprint != state.identity_fingerprint || birth_year != state.birth_year || sex != state.sex {
        events.push(IdentityCorrected { person: register.person.clone(), birth_year, sex, private: identity(register), identity_fingerprint }.into());
    }
    if let Some(categories) = register.categories.as_ref().filter(|categories| **categories != state.categories) {
        events.push(CategoriesChanged { person: register.person.clone(), from: state.categories.clone(), to: categories.clone() }.into());
    }
    events
}

/// Somebody lives in one place: moving in ends living elsewhere. A home that is typed late ends where the next one that is known begins.
fn moved_in(started: ResidenceStarted, state: Option<&State>) -> Vec<Event> {
    let (person, from) = (started.person.clone(), started.from);
    let open = |residence: &&Residence| residence.kind == ResidenceKind::Lives && residence.until.is_none();
    let (before, after): (Vec<_>, Vec<_>) = state.into_iter().flat_map(|state| &state.residences).filter(open).partition(|residence| residence.from <= from);
    let next = after.into_iter().map(|residence| residence.from).min();
    let own_end = next.map(|until| ResidenceEnded { person: person.clone(), place: started.place.clone(), kind: started.kind, until, private: None });
    let ended = before.into_iter().map(|residence| ended(&person, residence, from, None).into());
    ended.chain([started.into()]).chain(own_end.map(Event::from)).collect()
}

fn ended(person: &PersonId, residence: &Residence, until: Timestamp, private: Option<Private>) -> ResidenceEnded {
    ResidenceEnded { person: person.clone(), place: residence.place.clone(), kind: residence.kind, until, private }
}

fn reason(reason: Option<&str>, person: &PersonId) -> Option<Private> {
    PrivateFields::default().with(field::REASON, reason).owned_by(KeyOwner::Person(person.clone()))
}

fn decide_start(start: StartResidence, known: &dyn Known, context: &Context<'_>) -> Result<Vec<Event>, Rejection> {
    let state = required(known.person(&start.person), "/data/person", "person", &start.person)?;
    let place = required(known.household(&start.household), "/data/household", "household", &start.household)?.place.clone();
    if let Some(open) = state.open_residence(&start.household, start.kind) {
        // "unchanged" would tell the sender that what they wrote is recorded. A reason is sealed: nobody can see here whether it is the same
        let other = match start.from {
            Some(from) if from != open.from => Some("since another time: end that residence first, or leave `from` out"),
            _ => start.reason.as_ref().map(|_| "and why was said at its start, if at all: end that residence first, or leave `reason` out"),
        };
        let Some(other) = other else { return Ok(Vec::new()) };
        return Err(Rejection::Conflict {
            code: "residence_exists",
            reason: format!("they belong to this household in this way already, {other}"),
            current: vec![("from", open.from.to_string())],
        });
    }
    // no phone told this time, somebody wrote it: it is taken as it stands
    let from = start.from.unwrap_or(context.at);
    context.check_happened(from, "/data/from")?;
    let private = reason(start.reason.as_deref(), &start.person);
    let started = ResidenceStarted { person: start.person, place, kind: start.kind, from, private };
    Ok(if start.kind == ResidenceKind::Lives { moved_in(started, Some(&state)) } else { vec![started.into()] })
}

fn decide_end(end: EndResidence, known: &dyn Known, context: &Context<'_>) -> Result<Vec<Event>, Rejection> {
    let state = required(known.person(&end.person), "/data/person", "person", &end.person)?;
    required(known.household(&end.household), "/data/household", "household", &end.household)?;
    let until = end.until.unwrap_or(context.at);
    context.check_happened(until, "/data/until")?;
    let at_household = |residence: &&Residence| {
        residence.place.household.as_ref() == Some(&end.household) && residence.until.is_none() && end.kind.is_none_or(|kind| kind == residence.kind)
    };
    let open: Vec<&Residence> = state.residences.iter().filter(at_household).collect();
    if let Some(residence) = open.iter().find(|residence| residence.from > until) {
        return Err(Rejection::invalid("/data/until", "ends_before_start", format!("this residence began at {}", residence.from)));
    }
    // the reason is said once, on the first of them
    let mut private = reason(end.reason.as_deref(), &end.person);
    Ok(open.into_iter().map(|residence| ended(&end.person, residence, until, private.take()).into()).collect())
}
