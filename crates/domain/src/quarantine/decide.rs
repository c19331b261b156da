//! What happens when something is asked of a quarantine order.

use std::sync::Arc;

use super::{
    Command, Extend, Extended, Kind, Move, Moved, Ordered, PlaceOrder, Quarantine, Release, ReleaseReason, Released, SlotsWaived, State, Waive,
    check::decide_check,
};
use crate::{
    Context, Decide, Event, Known, Rejection,
    community::{DEFAULT_REGIME, Policy},
    decide::{check_reason, required},
    household::{Exposed, as_it_stands, exposed},
    obligation::{DAYS_MAX, SlotId},
    values::{HouseholdId, KeyOwner, Place, PrivateFields, QuarantineId, Slug, Timestamp, field},
};

/// Most slots waived at once: three a day for the longest order would be more, and would be a release.
const WAIVED_MAX: usize = 100;

impl Decide for Quarantine {
    type Command = Command;

    fn decide(command: Command, known: &dyn Known, context: &Context<'_>) -> Result<Vec<Event>, Rejection> {
        match command {
            Command::Order(order) => decide_order(order, known, context),
            Command::Check(check) => decide_check(check, known, context),
            Command::Move(change) => decide_move(change, known, context),
            Command::Extend(extend) => decide_extend(extend, known, context),
            Command::Waive(waive) => decide_waive(waive, known, context),
            Command::Release(release) => decide_release(release, known, context),
        }
    }
}

pub(super) fn policy(known: &dyn Known) -> Policy {
    known.community().map(|community| community.policy.clone()).unwrap_or_default()
}

fn decide_order(order: PlaceOrder, known: &dyn Known, context: &Context<'_>) -> Result<Vec<Event>, Rejection> {
    // first: what the id stands for already does not change when something is registered that the order names now
    if let Some(state) = known.quarantine(&order.quarantine) {
        return same_order(&order, &state);
    }
    let person = required(known.person(&order.person), "/data/person", "person", &order.person)?;
    let home = whereabouts(order.household.as_ref(), known)?.or_else(|| person.home_at(context.at).map(|home| as_it_stands(home, known)));
    let place = home.filter(|_| holds_at_home(order.kind));
    // an order typed late would run into one that is still in force
    if let Some(current) = person.orders_at(context.at).first().or_else(|| person.open_order()) {
        let current = vec![("quarantine", current.to_string())];
        return Err(Rejection::Conflict {
            code: "already_under_order",
            reason: "this person is under an order already: move, extend or release that one".to_owned(),
            current,
        });
    }
    check_place(order.kind, place.as_ref(), order.facility.as_ref())?;
    if policy(known).at(context.at).regime(order.regime.as_ref()).is_none() {
        return Err(Rejection::unknown("/data/regime", "regime", order.regime.as_ref().map_or(DEFAULT_REGIME, Slug::as_str)));
    }
    if order.count_from.date > context.zone.day_of(context.at) {
        return Err(Rejection::invalid("/data/count_from/date", "date_in_future", "day 0 is the day of the order or a day before"));
    }
    if order.days.is_some_and(|days| days > DAYS_MAX) {
        return Err(Rejection::invalid("/data/days", "too_large", format!("at most {DAYS_MAX} days")));
    }
    let exposed = (order.kind == Kind::Hospital).then(|| exposed(&order.person, &order.quarantine, &Place::default(), known, context.at)).flatten();
    let ordered = Ordered {
        quarantine: order.quarantine,
        person: order.person,
        kind: order.kind,
        place: place.unwrap_or_default(),
        facility: order.facility,
        room: order.room,
        regime: order.regime,
        day_0: order.count_from.date,
        basis: order.count_from.basis,
        days: order.days,
    };
    Ok(std::iter::once(ordered.into()).chain(exposed.map(Event::from)).collect())
}

fn same_order(order: &PlaceOrder, state: &State) -> Result<Vec<Event>, Rejection> {
    let same_count = state.order.day_0 == order.count_from.date && state.order.days == order.days && state.order.regime == order.regime;
    let same_place = state.kind == order.kind && (&state.facility, &state.room) == (&order.facility, &order.room);
    let same_home = order.household.is_none() || !holds_at_home(order.kind) || order.household == state.place.household;
    let same = state.person == order.person && same_count && same_place && same_home;
    if same { Ok(Vec::new()) } else { Err(Rejection::conflict("quarantine_exists", "another order has this id: choose a new one, or move or extend that one")) }
}

/// Those who live with somebody who is taken to hospital from a home, and who were not named since they were there last. Were they
/// named again, what is counted from their last exposure would move.
pub(super) fn left_behind(quarantine: &QuarantineId, state: &State, place: &Place, known: &dyn Known, at: Timestamp) -> Option<Exposed> {
    let mut exposed = exposed(&state.person, quarantine, place, known, at)?;
    if let Some(sightings) = known.sightings(quarantine) {
        let named = sightings.named(&state.order, at);
        exposed.housemates.retain(|person| !named.contains(person));
    }
    (!exposed.housemates.is_empty()).then_some(exposed)
}

/// Whether an order of a kind holds in a household. Elsewhere it has a facility and no door: were their home its place, that door
/// would show them as quarantined there, and a check at the site would count as a look at it.
pub(super) const fn holds_at_home(kind: Kind) -> bool {
    match kind {
        Kind::Home | Kind::Watch => true,
        Kind::Facility | Kind::Hospital => false,
    }
}

fn whereabouts(household: Option<&HouseholdId>, known: &dyn Known) -> Result<Option<Place>, Rejection> {
    let place = |household| required(known.household(household), "/data/household", "household", household).map(|state| as_it_stands(&state.place, known));
    household.map(place).transpose()
}

/// Where an order holds, as that place stands now.
pub(super) fn place_now(state: &State, known: &dyn Known) -> Place {
    as_it_stands(&state.place, known)
}

fn check_place(kind: Kind, place: Option<&Place>, facility: Option<&Slug>) -> Result<(), Rejection> {
    match (kind, place, facility) {
        (Kind::Home | Kind::Watch, None, None) => {
            Err(Rejection::invalid("/data/household", "place_missing", "an order at home names a household, or a person whose home is known"))
        }
        (Kind::Facility, _, None) => Err(Rejection::invalid("/data/facility", "place_missing", "an order at a site names the facility")),
        _ => Ok(()),
    }
}

/// The state of an order that `pointer` names: it must exist and not have ended at `at`.
pub(super) fn in_force(quarantine: &QuarantineId, pointer: &str, known: &dyn Known, context: &Context<'_>) -> Result<Arc<State>, Rejection> {
    let state = required(known.quarantine(quarantine), pointer, "quarantine", quarantine)?;
    if has_ended(&state, context) {
        return Err(Rejection::conflict("quarantine_released", "this order had ended at that time"));
    }
    Ok(state)
}

/// Whether an order had ended at `at`.
fn has_ended(state: &State, context: &Context<'_>) -> bool {
    state.order.released_at.is_some_and(|released_at| released_at <= context.at)
}

/// Refuses what happened before an order was given.
pub(super) fn check_begun(state: &State, context: &Context<'_>) -> Result<(), Rejection> {
    if context.at < state.order.ordered_at {
        return Err(Rejection::invalid("/at", "before_order", format!("this order is in force from {} on", state.order.ordered_at)));
    }
    Ok(())
}

/// Refuses a slot that an order does not have.
pub(super) fn check_slot(slot: &SlotId, pointer: &str, state: &State, policy: &Policy, context: &Context<'_>) -> Result<(), Rejection> {
    if !state.order.slots_of_day(slot.date, policy, &context.zone, context.recorded_at).iter().any(|known| known.id == *slot) {
        return Err(Rejection::invalid(pointer, "no_such_slot", "this order has no slot of that name on that day"));
    }
    Ok(())
}

fn decide_move(change: Move, known: &dyn Known, context: &Context<'_>) -> Result<Vec<Event>, Rejection> {
    let state = in_force(&change.quarantine, "/data/quarantine", known, context)?;
    let kind = change.kind.unwrap_or(state.kind);
    let to = whereabouts(change.household.as_ref(), known)?.filter(|_| holds_at_home(kind));
    check_place(kind, to.as_ref(), change.facility.as_ref())?;
    let to = to.unwrap_or_default();
    let from = place_now(&state, known);
    if to == from && change.facility == state.facility && change.room == state.room && kind == state.kind {
        return Ok(Vec::new());
    }
    let (quarantine, person) = (change.quarantine, state.person.clone());
    let taken_there = kind == Kind::Hospital && holds_at_home(state.kind);
    let exposed = taken_there.then(|| left_behind(&quarantine, &state, &from, known, context.at)).flatten();
    let moved = Moved { quarantine, person, kind, from, to, facility: change.facility, room: change.room };
    Ok(std::iter::once(moved.into()).chain(exposed.map(Event::from)).collect())
}

fn decide_extend(extend: Extend, known: &dyn Known, context: &Context<'_>) -> Result<Vec<Event>, Rejection> {
    let state = in_force(&extend.quarantine, "/data/quarantine", known, context)?;
    let last = state.order.last_day(&policy(known));
    if extend.until == last {
        return Ok(Vec::new());
    }
    if extend.until < last || extend.until > state.order.day_0.plus_days(i32::from(DAYS_MAX)) {
        return Err(Rejection::invalid("/data/until", "until_range", format!("a day after {last}, at most {DAYS_MAX} days after day 0")));
    }
    Ok(vec![Extended { quarantine: extend.quarantine, person: state.person.clone(), place: place_now(&state, known), until: extend.until }.into()])
}

fn decide_waive(waive: Waive, known: &dyn Known, context: &Context<'_>) -> Result<Vec<Event>, Rejection> {
    let state = in_force(&waive.quarantine, "/data/quarantine", known, context)?;
    check_reason(&waive.reason)?;
    if waive.slots.is_empty() || waive.slots.len() > WAIVED_MAX {
        return Err(Rejection::invalid("/data/slots", "slots_count", format!("1 to {WAIVED_MAX} slots")));
    }
    let policy = policy(known);
    for (index, slot) in waive.slots.iter().enumerate() {
        let pointer = format!("/data/slots/{index}");
        check_slot(slot, &pointer, &state, &policy, context)?;
        // missed stays missed: only a check that was made in time changes it (alerting.md, obligations)
        if slot.date < context.zone.day_of(context.at) && !state.order.waived.contains(slot) {
            return Err(Rejection::invalid(&pointer, "slot_over", "its day is over, so it was missed or done; slots of today and later can be waived"));
        }
    }
    let slots: Vec<_> = waive.slots.into_iter().filter(|slot| !state.order.waived.contains(slot)).collect();
    if slots.is_empty() {
        return Ok(Vec::new());
    }
    let private = PrivateFields::default().with(field::REASON, Some(&waive.reason)).owned_by(KeyOwner::Person(state.person.clone()));
    Ok(vec![SlotsWaived { quarantine: waive.quarantine, person: state.person.clone(), place: place_now(&state, known), slots, private }.into()])
}

fn decide_release(release: Release, known: &dyn Known, context: &Context<'_>) -> Result<Vec<Event>, Rejection> {
    let state = required(known.quarantine(&release.quarantine), "/data/quarantine", "quarantine", &release.quarantine)?;
    // a release typed late may be earlier than one that is known: the earliest counts
    if has_ended(&state, context) {
        return Ok(Vec::new());
    }
    check_begun(&state, context)?;
    let last = state.order.last_day(&policy(known));
    if release.reason == ReleaseReason::Completed && context.zone.day_of(context.at) < last {
        return Err(Rejection::invalid("/data/reason", "not_completed", format!("the last day of this order is {last}; give the reason why it ends earlier")));
    }
    let private = PrivateFields::default().with(field::DOCUMENT, release.document.as_deref()).owned_by(KeyOwner::Person(state.person.clone()));
    let place = place_now(&state, known);
    let taken_there = release.reason == ReleaseReason::Hospital && holds_at_home(state.kind);
    let exposed = taken_there.then(|| left_behind(&release.quarantine, &state, &place, known, context.at)).flatten();
    let released = Released { quarantine: release.quarantine, person: state.person.clone(), place, reason: release.reason, private };
    Ok(std::iter::once(released.into()).chain(exposed.map(Event::from)).collect())
}
