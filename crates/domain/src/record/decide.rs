//! What happens when a record is taken back.

use super::{Command, Record, Retract, Retracted, StoredEvent};
use crate::{
    Context, Decide, Event, Known, Rejection,
    access::Right,
    alert::Alert,
    commit::Role,
    decide::{check_reason, required},
    values::{KeyOwner, PrivateFields, field},
};

impl Decide for Record {
    type Command = Command;

    fn decide(command: Command, known: &dyn Known, context: &Context<'_>) -> Result<Vec<Event>, Rejection> {
        let Command::Retract(Retract { command, reason }) = command;
        check_reason(&reason)?;
        let state = required(known.record(&command), "/data/command", "command", &command)?;
        if state.retracted {
            return Ok(Vec::new());
        }
        let decision = required(known.decision(command), "/data/command", "command", &command)?;
        let is_finding = decision.events.iter().any(|event| matches!(event, Event::FindingRecorded(_)));
        if is_finding && !context.role.may(Right::Send("medical.record")) {
            // that there is a finding is for those who may record one
            return Err(Rejection::unknown("/data/command", "command", command.to_string()));
        }
        let reviews = matches!(context.role, Role::Admin | Role::Office | Role::Grid);
        if !reviews && decision.header.actor != *context.actor {
            return Err(Rejection::conflict("not_yours", "only who recorded it, a grid worker or the office can take it back"));
        }
        if let Some(event) = decision.events.iter().find(|event| !is_field_fact(event)) {
            return Err(Rejection::invalid("/data/command", "not_retractable", remedy(event)));
        }
        let events = decision.events.iter().map(|event| event.encode().map(|payload| StoredEvent { name: event.name().to_owned(), payload }));
        let events = events.collect::<Result<_, _>>().map_err(|_| Rejection::conflict("not_retractable", "this record cannot be read back"))?;
        let private = PrivateFields::default().with(field::REASON, Some(&reason)).owned_by(KeyOwner::Command(context.command));
        Ok(vec![Retracted { command, at: decision.header.at, events, private }.into()])
    }
}

/// Field facts can be taken back; files, orders and alerts have commands of their own for that.
fn is_field_fact(event: &Event) -> bool {
    matches!(
        event,
        Event::VisitRecorded(_)
            | Event::BuildingReported(_)
            | Event::EntryRecorded(_)
            | Event::EntrySettled(_)
            | Event::ArrivalDeclared(_)
            | Event::FindingRecorded(_)
            | Event::HouseholdExposed(_)
            | Event::QuarantineChecked(_)
    )
}

fn remedy(event: &Event) -> &'static str {
    match event {
        Event::QuarantineOrdered(_) => "an order is ended by quarantine.release with reason mistake",
        Event::RecordRetracted(_) => "a retraction stays: record what is right with `replaces`",
        event if Alert::step(event).is_some() => "an alert keeps its history",
        _ => "only visits, reports, entries, checks, arrivals and findings can be taken back; register again with what is right",
    }
}
