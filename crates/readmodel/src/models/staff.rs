//! Somebody who works here: what they are called, what they do, until when.

use domain::{
    Event, Evolve, Fact, staff,
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
}

/// The read model.
#[derive(Debug)]
pub struct Staff;

impl ReadModel for Staff {
    const NAME: &'static str = "staff";
    const VERSION: u32 = 1;
    type Key = StaffId;
    type Row = Row;

    fn keys(fact: &Fact<'_>) -> Vec<StaffId> {
        staff::Staff::touched(fact.event, fact.header)
    }

    fn evolve(row: Option<Row>, key: &StaffId, fact: &Fact<'_>) -> Option<Row> {
        let (state, private) = row.map(|row| (row.state, row.private)).unzip();
        let private = match fact.event {
            Event::StaffRegistered(event) => event.private.clone(),
            Event::StaffFileCorrected(event) => event.private.clone(),
            _ => private.flatten(),
        };
        staff::Staff::evolve(state, key, fact).map(|state| Row { staff: key.clone(), state, private })
    }
}
