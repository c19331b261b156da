//! From what a record says of a door to the place that its fact carries.

use crate::{
    Known, Rejection,
    decide::required,
    values::{Door, Place},
};

/// A place that was written down earlier, as it stands now: doors are corrected, and buildings change their estate.
pub(crate) fn as_it_stands(place: &Place, known: &dyn Known) -> Place {
    let file = place.household.as_ref().and_then(|household| known.household(household));
    in_estate(file.as_ref().map_or(place, |state| &state.place), known)
}

fn in_estate(place: &Place, known: &dyn Known) -> Place {
    let building = place.building.as_ref().and_then(|building| known.building(building));
    Place { estate: building.map_or_else(|| place.estate.clone(), |state| state.estate.clone()), ..place.clone() }
}

/// The place of a door: of a household's file, or of a building that is known.
///
/// # Errors
/// 422 when the door names nothing, both a household and another building, or something unknown.
pub(crate) fn place_of(door: &Door, known: &dyn Known, pointer: &str) -> Result<Place, Rejection> {
    match (&door.household, &door.building) {
        (Some(household), building) => {
            let state = required(known.household(household), &format!("{pointer}/household"), "household", household)?;
            if building.is_some() && *building != state.place.building {
                return Err(Rejection::invalid(&format!("{pointer}/building"), "door_ambiguous", "this household is in another building; name one of the two"));
            }
            Ok(in_estate(&state.place, known))
        }
        (None, Some(building)) => {
            let state = required(known.building(building), &format!("{pointer}/building"), "building", building)?;
            if let Some(unit) = door.unit.as_ref().filter(|unit| !state.has_unit(unit)) {
                return Err(Rejection::unknown(&format!("{pointer}/unit"), "unit", unit));
            }
            Ok(Place {
                estate: state.estate.clone(),
                building: Some(building.clone()),
                unit: door.unit.clone(),
                floor: door.floor,
                door: door.door.clone(),
                household: None,
            })
        }
        (None, None) => Err(Rejection::invalid(pointer, "door_missing", "name a household, or a building with unit and door")),
    }
}
