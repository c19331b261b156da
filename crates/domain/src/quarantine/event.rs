//! What can have happened to a quarantine order.

use serde::{Deserialize, Serialize};

use crate::{
    obligation::{SlotId, Whereabouts},
    values::{Day, PersonId, Personal, Place, Private, QuarantineId, Reading, Slug, coded, without_private},
    visit::{Mode, NotMeasured},
};

coded! {
    /// What kind of order.
    Kind {
        /// At home.
        Home = 1 "home",
        /// At a site.
        Facility = 2 "facility",
        /// In hospital.
        Hospital = 3 "hospital",
        /// Health watch: may go out.
        Watch = 4 "watch",
    }
}

impl Kind {
    /// Where somebody under an order of this kind is.
    pub const fn whereabouts(self) -> Whereabouts {
        match self {
            Self::Hospital => Whereabouts::Hospital,
            Self::Home | Self::Facility | Self::Watch => Whereabouts::Elsewhere,
        }
    }
}

coded! {
    /// What happened on day 0.
    CountBasis {
        /// The last exposure.
        Exposure = 1 "exposure",
        /// The arrival.
        Arrival = 2 "arrival",
        /// The order.
        Order = 3 "order",
    }
}

coded! {
    /// Whether somebody was reached.
    CheckOutcome {
        /// Reached.
        Reached = 1 "reached",
        /// Nobody answered: an attempt, not a check.
        NoAnswer = 2 "no_answer",
        /// Not at home: a breach.
        NotHome = 3 "not_home",
        /// Would not answer.
        Refused = 4 "refused",
        /// In hospital.
        Hospital = 5 "hospital",
    }
}

coded! {
    /// Why an order ended.
    ReleaseReason {
        /// Its days are over.
        Completed = 1 "completed",
        /// They went to hospital.
        Hospital = 2 "hospital",
        /// They died.
        Died = 3 "died",
        /// They moved to where others look after them.
        Moved = 4 "moved",
        /// It should not have been ordered.
        Mistake = 5 "mistake",
    }
}

/// It was ordered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ordered {
    /// The order.
    pub quarantine: QuarantineId,
    /// Who.
    pub person: PersonId,
    /// What kind.
    pub kind: Kind,
    /// Where.
    pub place: Place,
    /// Where, elsewhere.
    pub facility: Option<Slug>,
    /// Which room there.
    pub room: Option<String>,
    /// Which regime.
    pub regime: Option<Slug>,
    /// Day 0.
    pub day_0: Day,
    /// What happened on it.
    pub basis: CountBasis,
    /// Days after day 0, where the order does not take the regime's.
    pub days: Option<u16>,
}

/// What was found of one order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CheckFound {
    /// The order.
    pub quarantine: QuarantineId,
    /// Who.
    pub person: PersonId,
    /// Where they are to be.
    pub place: Place,
    /// Whether they were reached.
    pub outcome: CheckOutcome,
    /// Temperatures.
    pub readings: Vec<Reading>,
    /// Why nobody measured.
    pub not_measured: Option<NotMeasured>,
    /// Empty = asked, none; absent = not asked.
    pub symptoms: Option<Vec<Slug>>,
    /// The slot it was meant for.
    pub slot: Option<SlotId>,
}

impl CheckFound {
    /// Reached, measured or said why not, and asked for symptoms: only this fills a slot.
    pub fn is_complete(&self) -> bool {
        self.outcome == CheckOutcome::Reached && (!self.readings.is_empty() || self.not_measured.is_some()) && self.symptoms.is_some()
    }
}

/// One or several orders were checked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Checked {
    /// What was found of each.
    pub checks: Vec<CheckFound>,
    /// How.
    pub mode: Mode,
}

/// It goes on elsewhere.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Moved {
    /// The order.
    pub quarantine: QuarantineId,
    /// Who.
    pub person: PersonId,
    /// What kind it is there.
    pub kind: Kind,
    /// Where it was.
    pub from: Place,
    /// Where it is.
    pub to: Place,
    /// Where, elsewhere.
    pub facility: Option<Slug>,
    /// Which room there.
    pub room: Option<String>,
}

/// It ends later.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Extended {
    /// The order.
    pub quarantine: QuarantineId,
    /// Who.
    pub person: PersonId,
    /// Where.
    pub place: Place,
    /// The new last day.
    pub until: Day,
}

/// Some slots need not be done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SlotsWaived {
    /// The order.
    pub quarantine: QuarantineId,
    /// Who.
    pub person: PersonId,
    /// Where.
    pub place: Place,
    /// Which slots.
    pub slots: Vec<SlotId>,
    /// Why.
    pub private: Option<Private>,
}

/// It ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Released {
    /// The order.
    pub quarantine: QuarantineId,
    /// Who.
    pub person: PersonId,
    /// Where.
    pub place: Place,
    /// Why.
    pub reason: ReleaseReason,
    /// The paper.
    pub private: Option<Private>,
}

without_private!(Ordered, Checked, Moved, Extended);

impl Personal for SlotsWaived {
    fn each_private(&mut self, visit: &mut dyn FnMut(&mut Private)) {
        self.private.each_private(visit);
    }
}

impl Personal for Released {
    fn each_private(&mut self, visit: &mut dyn FnMut(&mut Private)) {
        self.private.each_private(visit);
    }
}
