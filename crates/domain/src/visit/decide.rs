//! What happens when a visit is recorded.

use super::{Basis, Command, Exposure, PersonFound, PersonInput, Presence, Record, Recorded, Visit};
use crate::{
    Context, Decide, Event, Known, Rejection,
    decide::required,
    household::place_of,
    person::{resolve, subject_fields},
    values::{KeyOwner, PrivateFields, accept_readings, field},
};

/// Most people at one visit.
const PEOPLE_MAX: usize = 32;
/// Most symptoms of a person.
pub(crate) const SYMPTOMS_MAX: usize = 16;
/// Most answers of a visit.
const ANSWERS_MAX: usize = 64;

impl Decide for Visit {
    type Command = Command;

    fn decide(command: Command, known: &dyn Known, context: &Context<'_>) -> Result<Vec<Event>, Rejection> {
        let Command::Record(visit) = command;
        let place = place_of(&visit.door(), known, "/data")?;
        if let Some(round) = &visit.round {
            let state = required(known.round(round), "/data/round", "round", round)?;
            // at `at`, never at arrival: a visit that syncs after the round closed is recorded, late
            if state.closed_at.is_some_and(|closed_at| closed_at <= context.at) {
                return Err(Rejection::conflict("round_closed", "this round was closed at that time; leave the round out, or name another"));
            }
        }
        if visit.people.len() > PEOPLE_MAX {
            return Err(Rejection::invalid("/data/people", "too_many", format!("at most {PEOPLE_MAX} people")));
        }
        if visit.answers.len() > ANSWERS_MAX {
            return Err(Rejection::invalid("/data/answers", "too_many", format!("at most {ANSWERS_MAX} answers")));
        }
        // a re-measure is a second reading: a person stands in a record once, so that it is one attempt per order
        let registered = |index: usize| visit.people[index].person.as_ref();
        if let Some(index) =
            (0..visit.people.len()).find(|index| registered(*index).is_some_and(|person| (0..*index).any(|earlier| registered(earlier) == Some(person))))
        {
            return Err(Rejection::invalid(
                &format!("/data/people/{index}"),
                "person_twice",
                "a person stands in a visit once; a second measurement is a second reading",
            ));
        }
        let people = visit.people.iter().enumerate().map(|(index, person)| found(person, index, known, context)).collect::<Result<_, _>>()?;
        let owner = place.household.clone().map_or(KeyOwner::Command(context.command), KeyOwner::Household);
        let private = answers(&visit).owned_by(owner);
        Ok(vec![Recorded { place, round: visit.round, outcome: visit.outcome, mode: visit.mode, people, call_back_at: visit.call_back_at, private }.into()])
    }
}

fn answers(visit: &Record) -> PrivateFields {
    let label = PrivateFields::default().with(field::LABEL, visit.label.as_deref());
    visit.answers.iter().fold(label, |fields, (question, answer)| fields.with(&format!("answer:{question}"), Some(answer)))
}

fn found(input: &PersonInput, index: usize, known: &dyn Known, context: &Context<'_>) -> Result<PersonFound, Rejection> {
    let pointer = format!("/data/people/{index}");
    let who = resolve((input.person.as_ref(), input.unregistered.as_ref()), known, &pointer, context.at, context.command)?;
    let readings = accept_readings(&input.readings, &format!("{pointer}/readings"), context)?;
    if input.symptoms.as_ref().is_some_and(|symptoms| symptoms.len() > SYMPTOMS_MAX) {
        return Err(Rejection::invalid(&format!("{pointer}/symptoms"), "too_many", format!("at most {SYMPTOMS_MAX} symptoms")));
    }
    let exposure = input.exposure.as_ref();
    let private = subject_fields(input.unregistered.as_ref())
        .with(field::NOTE, input.note.as_deref())
        .with(field::EXPOSURE_PLACE, exposure.map(|exposure| exposure.place.as_str()))
        .with(field::EXPOSURE_CONTACT, exposure.and_then(|exposure| exposure.contact.as_deref()))
        .owned_by(who.owner);
    Ok(PersonFound {
        who: who.subject,
        basis: input.basis.unwrap_or(Basis::Seen),
        presence: input.presence.unwrap_or(Presence::Here),
        readings,
        not_measured: input.not_measured,
        symptoms: input.symptoms.clone(),
        exposure: exposure.map(|exposure| Exposure { left_on: exposure.left_on, arrived_on: exposure.arrived_on }),
        orders: who.orders,
        private,
    })
}
