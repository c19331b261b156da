//! What happens when something is asked of a household.

use super::{Command, DoorCorrected, FileCorrected, Household, Register, Registered, State, place_of};
use crate::{
    Context, Decide, Event, Known, Rejection,
    values::{Door, KeyOwner, Place, Private, PrivateFields, field},
};

impl Decide for Household {
    type Command = Command;

    fn decide(command: Command, known: &dyn Known, context: &Context<'_>) -> Result<Vec<Event>, Rejection> {
        let Command::Register(register) = command;
        let door = Door {
            household: None,
            building: Some(register.building.clone()),
            unit: register.unit.clone(),
            floor: register.floor,
            door: register.door.clone(),
        };
        let place = Place { household: Some(register.household.clone()), ..place_of(&door, known, "/data")? };
        let (private, file_fingerprint) = file(&register, context);
        match known.household(&register.household) {
            None => Ok(vec![Registered { household: register.household, place, private, file_fingerprint }.into()]),
            Some(state) => correct(register, &state, place, private, file_fingerprint),
        }
    }
}

fn file(register: &Register, context: &Context<'_>) -> (Option<Private>, u64) {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let fingerprint = context.fingerprint(&[text(&register.label), text(&register.part), text(&register.code), register.phones.join(",")]);
    let private = PrivateFields::default()
        .with(field::LABEL, register.label.as_deref())
        .with("part", register.part.as_deref())
        .with(field::CODE, register.code.as_deref())
        .with_all(field::PHONE, &register.phones)
        .owned_by(KeyOwner::Household(register.household.clone()));
    (private, fingerprint)
}

fn correct(register: Register, state: &State, place: Place, private: Option<Private>, file_fingerprint: u64) -> Result<Vec<Event>, Rejection> {
    if state.place.building != place.building {
        return Err(Rejection::conflict("building_fixed", "a household never changes its building: register a new one where they live now"));
    }
    let household = register.household;
    let mut events: Vec<Event> = Vec::new();
    let door = |place: &Place| (place.unit.clone(), place.floor, place.door.clone());
    if door(&state.place) != door(&place) {
        events.push(DoorCorrected { household: household.clone(), from: state.place.clone(), to: place.clone() }.into());
    }
    if state.file_fingerprint != file_fingerprint {
        events.push(FileCorrected { household, place, private, file_fingerprint }.into());
    }
    Ok(events)
}
