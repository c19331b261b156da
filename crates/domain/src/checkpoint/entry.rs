//! What happens when somebody comes to a checkpoint.

use super::{EntryRecorded, EntrySettled, RecordEntry, SettleEntry};
use crate::{
    Context, Event, Known, Rejection,
    decide::required,
    person::{resolve, subject_fields},
    values::{accept_readings, field},
};

/// Most people in one vehicle: a bus.
const OCCUPANTS_MAX: u8 = 80;

pub(super) fn decide_record(entry: RecordEntry, known: &dyn Known, context: &Context<'_>) -> Result<Vec<Event>, Rejection> {
    let checkpoint = required(known.checkpoint(&entry.checkpoint), "/data/checkpoint", "checkpoint", &entry.checkpoint)?;
    if checkpoint.closed_at.is_some_and(|closed_at| closed_at <= context.at) {
        return Err(Rejection::conflict("checkpoint_closed", "this checkpoint was closed at that time"));
    }
    if entry.vehicle.as_ref().is_some_and(|vehicle| !(1..=OCCUPANTS_MAX).contains(&vehicle.occupants)) {
        return Err(Rejection::invalid("/data/vehicle/occupants", "occupants_range", format!("1 to {OCCUPANTS_MAX}, the driver included")));
    }
    let who = resolve((entry.person.as_ref(), entry.unregistered.as_ref()), known, "/data", context.at, context.command)?;
    let readings = accept_readings(&entry.readings, "/data/readings", context)?;
    let private = subject_fields(entry.unregistered.as_ref())
        .with(field::PLATE, entry.vehicle.as_ref().map(|vehicle| vehicle.plate.as_str()))
        .with(field::PASS, entry.pass.as_deref())
        .with(field::HOST, entry.host.as_deref())
        .with(field::PURPOSE, entry.purpose.as_deref())
        .with(field::FROM, entry.from.as_deref())
        .with(field::REASON, entry.reason.as_deref())
        .owned_by(who.owner);
    Ok(vec![
        EntryRecorded {
            checkpoint: entry.checkpoint,
            direction: entry.direction,
            who: who.subject,
            home: who.home,
            orders: who.orders,
            trip: entry.trip,
            occupants: entry.vehicle.map(|vehicle| vehicle.occupants),
            readings,
            id_checked: entry.id_checked,
            pass_checked: entry.pass_checked,
            id_match: entry.id_match,
            result: entry.result,
            private,
        }
        .into(),
    ])
}

pub(super) fn decide_settle(settle: SettleEntry, known: &dyn Known, context: &Context<'_>) -> Result<Vec<Event>, Rejection> {
    let readings = accept_readings(&settle.readings, "/data/readings", context)?;
    let record = required(known.record(&settle.entry), "/data/entry", "entry", &settle.entry)?;
    let Some(entry) = known.entry(&settle.entry).filter(|_| !record.retracted) else {
        return Err(Rejection::conflict("not_waiting", "this entry does not wait, or not any more"));
    };
    Ok(vec![
        EntrySettled {
            entry: settle.entry,
            checkpoint: entry.checkpoint.clone(),
            direction: entry.direction,
            who: entry.who.clone(),
            home: entry.home.clone(),
            orders: entry.orders.clone(),
            readings,
            result: settle.result,
        }
        .into(),
    ])
}
