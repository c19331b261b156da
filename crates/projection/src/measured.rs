//! What is left out of events for those who may not see what was measured of somebody and what they were asked: readings, symptoms, exposure, what
//! was written down beside them, and what lets one infer them. That somebody was there, who opened, and which check was made stays.

use domain::{
    Event,
    alert::Occurrence,
    building::{Exception, ExceptionKind, Reported},
    quarantine::{CheckFound, Checked, Released, SlotsWaived},
    visit::{PersonFound, Recorded},
};

/// An event without what was measured; nothing where nothing else is told. Every field of who was found is named here, so that a new one is decided on.
pub(crate) fn without_measured(event: Event) -> Option<Event> {
    match event {
        Event::VisitRecorded(visit) => {
            let people = visit.people.into_iter().map(only_found).collect();
            Some(Recorded { people, private: None, ..visit }.into())
        }
        Event::QuarantineChecked(Checked { checks, mode }) => Some(Checked { checks: checks.into_iter().map(only_checked).collect(), mode }.into()),
        // whom a guard sends to the clinic, or lets wait, is told by the result as well as by the reading
        Event::EntryRecorded(_) | Event::EntrySettled(_) => None,
        Event::BuildingReported(mut reported) => {
            reported.exceptions.retain(|exception| exception.kind != ExceptionKind::Ill);
            let exceptions = reported.exceptions.into_iter().map(|exception| Exception { private: None, ..exception }).collect();
            Some(Reported { exceptions, ..reported }.into())
        }
        Event::QuarantineSlotsWaived(waived) => Some(SlotsWaived { private: None, ..waived }.into()),
        Event::QuarantineReleased(released) => Some(Released { private: None, ..released }.into()),
        mut event => {
            if let Some(occurrence) = occurrence_of(&mut event) {
                occurrence.observed = None;
            }
            Some(event)
        }
    }
}

/// How things were, where an event of an alert says so.
fn occurrence_of(event: &mut Event) -> Option<&mut Occurrence> {
    match event {
        Event::AlertRaised(step) => Some(&mut step.occurrence),
        Event::AlertUpdated(step) => Some(&mut step.occurrence),
        Event::AlertUpdatedV2(step) => Some(&mut step.occurrence),
        Event::AlertUpgraded(step) => Some(&mut step.occurrence),
        Event::AlertUpgradedV2(step) => Some(&mut step.occurrence),
        Event::AlertReopened(step) => Some(&mut step.occurrence),
        Event::AlertReopenedV2(step) => Some(&mut step.occurrence),
        _ => None,
    }
}

/// Who was found, and whether they were there.
fn only_found(found: PersonFound) -> PersonFound {
    let PersonFound { who, basis, presence, readings: _, not_measured: _, symptoms: _, exposure: _, orders, private: _ } = found;
    PersonFound { who, basis, presence, readings: Vec::new(), not_measured: None, symptoms: None, exposure: None, orders, private: None }
}

/// Whether somebody was reached, and for which slot.
fn only_checked(check: CheckFound) -> CheckFound {
    let CheckFound { quarantine, person, place, outcome, readings: _, not_measured: _, symptoms: _, slot } = check;
    CheckFound { quarantine, person, place, outcome, readings: Vec::new(), not_measured: None, symptoms: None, slot }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use testkit::{Source, event_of};

    use super::*;

    /// Where events say what was measured and asked.
    const FIELDS: [&str; 5] = ["readings", "not_measured", "symptoms", "exposure", "observed"];

    fn payload(event: &Event) -> Value {
        event.serialize_payload(serde_json::value::Serializer).unwrap()
    }

    fn tells(value: &Value) -> bool {
        match value {
            Value::Object(fields) => fields.iter().any(|(name, value)| (FIELDS.contains(&name.as_str()) && !is_empty(value)) || tells(value)),
            Value::Array(items) => items.iter().any(tells),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
        }
    }

    fn is_empty(value: &Value) -> bool {
        value.is_null() || value.as_array().is_some_and(Vec::is_empty)
    }

    /// A new event that tells what was measured, or a new field of one, is found here.
    #[test]
    fn no_event_tells_what_was_measured_once_that_is_left_out() {
        let mut telling = Vec::new();
        for name in Event::NAMES {
            let event = event_of(name, &mut Source::full(7)).unwrap();
            if tells(&payload(&event)) {
                telling.push(name.split('.').next().unwrap());
            }
            let left = without_measured(event).map(|event| payload(&event));
            assert!(!left.as_ref().is_some_and(tells), "{name}: {left:?}");
        }
        telling.dedup();
        assert_eq!(telling, ["entry", "visit", "quarantine", "alert"], "what tells something, so that there is something to leave out");
    }

    #[test]
    fn of_a_report_of_others_it_is_not_said_who_is_ill_nor_what_was_written() {
        let Some(Event::BuildingReported(mut reported)) = event_of("building.reported.v1", &mut Source::full(7)) else { panic!("a report") };
        let exception = reported.exceptions[0].clone();
        assert!(exception.private.is_some());
        reported.exceptions = [ExceptionKind::Ill, ExceptionKind::Arrived].map(|kind| Exception { kind, ..exception.clone() }).into();
        let Some(Event::BuildingReported(left)) = without_measured(reported.into()) else { panic!("a report") };
        let left: Vec<_> = left.exceptions.iter().map(|exception| (exception.kind, exception.private.is_none())).collect();
        assert_eq!(left, [(ExceptionKind::Arrived, true)]);
    }
}
