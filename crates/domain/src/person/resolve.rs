//! From what a record says of somebody to what its fact carries: who, where they belong, which orders they are under.

use super::id_number::check_id_number;
use crate::{
    Known, Rejection,
    decide::required,
    household::as_it_stands,
    values::{CommandId, KeyOwner, PersonId, Place, PrivateFields, QuarantineId, Subject, Timestamp, Unregistered, field},
};

/// Somebody, looked up once.
#[derive(Clone, Debug)]
pub(crate) struct Resolved {
    pub(crate) subject: Subject,
    /// Where they belong at that time, if that is known.
    pub(crate) home: Option<Place>,
    /// Orders in force at that time.
    pub(crate) orders: Vec<QuarantineId>,
    /// Whose key seals what is said of them.
    pub(crate) owner: KeyOwner,
}

/// Looks up a person or takes note of one without a file. Exactly one of the two is named.
///
/// # Errors
/// 422 when neither or both are named, the person is unknown, or an ID number cannot be one.
pub(crate) fn resolve(
    who: (Option<&PersonId>, Option<&Unregistered>),
    known: &dyn Known,
    pointer: &str,
    at: Timestamp,
    command: CommandId,
) -> Result<Resolved, Rejection> {
    match who {
        (Some(person), None) => {
            let state = required(known.person(person), &format!("{pointer}/person"), "person", person)?;
            let home = state.home_at(at).map(|place| as_it_stands(place, known));
            let orders = state.orders_at(at);
            Ok(Resolved { subject: Subject::person(person.clone()), home, orders, owner: KeyOwner::Person(person.clone()) })
        }
        (None, Some(unregistered)) => {
            let id_number = unregistered.id_number.iter();
            id_number.into_iter().try_for_each(|number| check_id_number(number, &format!("{pointer}/unregistered/id_number")))?;
            let subject = Subject { person: None, unregistered: Some(unregistered.r#ref.clone()) };
            Ok(Resolved { subject, home: None, orders: Vec::new(), owner: KeyOwner::Command(command) })
        }
        (Some(_), Some(_)) => Err(Rejection::invalid(pointer, "who_ambiguous", "name a person or somebody unregistered, not both")),
        (None, None) => Err(Rejection::invalid(pointer, "who_missing", "name a person, or describe somebody unregistered")),
    }
}

/// What is said of somebody without a file, to be sealed.
pub(crate) fn subject_fields(unregistered: Option<&Unregistered>) -> PrivateFields {
    unregistered.map_or_else(PrivateFields::default, |unregistered| {
        PrivateFields::default()
            .with(field::NAME, unregistered.name.as_deref())
            .with(field::PHONE, unregistered.phone.as_deref())
            .with(field::ID_NUMBER, unregistered.id_number.as_deref())
            .with(field::FROM, unregistered.from.as_deref())
    })
}
