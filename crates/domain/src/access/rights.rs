//! What each role may do. The administrator and the office may send every command; of the others, what is not listed is denied.

use crate::commit::Role;

/// Something a door asks for before it opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Right {
    /// See boards, counts and status: no personal data.
    See,
    /// See names, numbers and free text.
    SeePersonal,
    /// See what medicine found of somebody: who works for their health, or decides about it.
    SeeFindings,
    /// See what was measured of somebody, and what they were asked about their health: temperatures, symptoms, exposure, and the notes of whoever
    /// was there. Whoever recorded it reads it without this too.
    SeeMeasured,
    /// Export the log of a community.
    Export,
    /// Make, list and end tokens and consumers.
    Operate,
    /// Found a community.
    Found,
    /// Send a command of this type.
    Send(&'static str),
}

impl Role {
    /// Whether this role has a right.
    pub fn may(self, right: Right) -> bool {
        match right {
            Right::See => true,
            Right::SeePersonal => matches!(self, Self::Office | Self::Grid | Self::Leader | Self::Nurse | Self::Gate),
            Right::SeeFindings => matches!(self, Self::Office | Self::Nurse),
            // a leader is a neighbour, and a guard stops who is on the list: neither needs to know why. Grid workers keep orders and check; the town is
            // told of fevers as they are, and the operator holds the log
            Right::SeeMeasured => matches!(self, Self::Admin | Self::Command | Self::Office | Self::Grid | Self::Nurse),
            Right::Export => matches!(self, Self::Admin | Self::Office),
            Right::Operate | Right::Found => self == Self::Admin,
            Right::Send(kind) => self.may_send(kind),
        }
    }

    fn may_send(self, kind: &str) -> bool {
        let alert = matches!(kind, "alert.acknowledge" | "alert.escalate" | "alert.note");
        let alert_end = matches!(kind, "alert.resolve" | "alert.close" | "alert.assign");
        let report = matches!(kind, "visit.record" | "building.report");
        let check = matches!(kind, "quarantine.check");
        let gate = matches!(kind, "entry.record" | "entry.settle");
        let file = matches!(kind, "household.register" | "person.register" | "residence.start" | "residence.end" | "arrival.declare");
        match self {
            // the operator sets a deployment up, and enters what the office asks for
            Self::Admin | Self::Office => true,
            Self::Command => alert || kind == "alert.assign",
            Self::Grid => alert || alert_end || report || check || file || kind == "record.retract",
            Self::Leader => alert || report || kind == "record.retract",
            Self::Nurse => {
                alert
                    || alert_end
                    || report
                    || check
                    || file
                    || matches!(kind, "record.retract" | "medical.record" | "quarantine.order" | "quarantine.waive" | "quarantine.release")
            }
            Self::Gate => gate || alert || kind == "record.retract",
            Self::Viewer => false,
            Self::Service => matches!(kind, "alert.observe" | "alert.entrust" | "report.nudge"),
        }
    }
}
