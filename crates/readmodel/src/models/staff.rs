//! Somebody who works here: what they are called, what they do, when they are there.

use domain::{
    Event, Evolve, Fact,
    absence::Presence,
    staff,
    values::{Private, StaffId},
};
use serde::{Deserialize, Serialize};

use crate::ReadModel;

/// The file of somebody who works here.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Who.
    pub staff: StaffId,
    /// What decisions know of them too.
    pub state: staff::State,
    /// Name, phones.
    pub private: Option<Private>,
    /// When they are there: what escalation goes by too.
    pub presence: Presence,
}

/// The read model.
#[derive(Debug)]
pub struct Staff;

impl ReadModel for Staff {
    const NAME: &'static str = "staff";
    const VERSION: u32 = 2;
    type Key = StaffId;
    type Row = Row;

    fn keys(fact: &Fact<'_>) -> Vec<StaffId> {
        match fact.event {
            Event::StaffAbsenceDeclared(event) => vec![event.staff.clone()],
            _ => staff::Staff::touched(fact.event, fact.header),
        }
    }

    fn evolve(row: Option<Row>, key: &StaffId, fact: &Fact<'_>) -> Option<Row> {
        let (state, file) = row.map(|row| (row.state, (row.private, row.presence))).unzip();
        let (mut private, mut presence) = file.unwrap_or_default();
        let said = (fact.sequence, fact.index);
        match fact.event {
            Event::StaffRegistered(event) => {
                private.clone_from(&event.private);
                presence.works_until(said, event.until);
            }
            Event::StaffFileCorrected(event) => {
                private.clone_from(&event.private);
                presence.works_until(said, event.until);
            }
            Event::StaffAbsenceDeclared(event) => presence.absent(said, event.from, event.until),
            _ => {}
        }
        staff::Staff::evolve(state, key, fact).map(|state| Row { staff: key.clone(), state, private, presence })
    }
}
