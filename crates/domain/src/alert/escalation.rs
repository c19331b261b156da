//! What can have happened to the turn of an alert: whose it is, at which level, and why.

use serde::{Deserialize, Serialize};

use super::{AlertId, Basis, Key};
use crate::{
    responsibility::Standing,
    values::{Personal, Place, Private, Slug, StaffId, Subject, Timestamp, coded, without_private},
};

/// The highest level: the town.
pub const LEVEL_MAX: u8 = 3;

coded! {
    /// Why it is somebody's turn.
    Why {
        /// Its chain begins here.
        AtOnce = 1 "at_once",
        /// Nobody took it in time.
        Unacknowledged = 2 "unacknowledged",
        /// The level below is vacant, or the one above to which it would go.
        Vacant = 3 "vacant",
        /// The level below sleeps, and it cannot wait.
        QuietHours = 4 "quiet_hours",
        /// It is worse than it was.
        Worse = 5 "worse",
        /// The time of day has come at which it goes up.
        Hour = 6 "hour",
        /// The time is over until which somebody had it.
        Expired = 7 "expired",
        /// Others are on duty now.
        DutyChanged = 8 "duty_changed",
        /// Somebody asked for it.
        ByHand = 9 "by_hand",
    }
}

coded! {
    /// How much of an alert somebody is told.
    Share {
        /// Everything that their role may see.
        Everything = 1 "everything",
        /// How many there are, and no door.
        Counts = 2 "counts",
        /// The door, and that they are not to go up: no more.
        DoNotGoUp = 3 "do_not_go_up",
    }
}

/// Somebody who is told of an alert, and as what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Owner {
    /// Who.
    pub staff: StaffId,
    /// By which duty; none when they were given it by hand.
    pub duty: Option<Slug>,
    /// In what standing; none when they are on shift by the roster, or were given it by hand.
    pub standing: Option<Standing>,
    /// How much they are told.
    pub share: Share,
}

/// A post that nobody holds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gap {
    /// At which level.
    pub level: u8,
    /// Which duty.
    pub duty: Slug,
}

/// It is the turn of a level: its people, by name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Escalated {
    /// The alert.
    pub alert: AlertId,
    /// What it is about.
    pub key: Key,
    /// Gapless per alert.
    pub n: u32,
    /// Where, as it was last said.
    pub place: Place,
    /// Who, as it was last said.
    pub person: Option<Subject>,
    /// 1 nearest to the door, 3 the town.
    pub level: u8,
    /// Whose turn it is; nobody's when every level up to the highest is vacant.
    pub owners: Vec<Owner>,
    /// Who else is told something.
    pub informed: Vec<Owner>,
    /// Posts that nobody holds: of this level, of vacant ones below that it came from, and of those above to which it cannot go.
    pub gaps: Vec<Gap>,
    /// Why it is their turn.
    pub why: Why,
    /// Since when it is their turn. Told later only when nobody was running.
    pub since: Timestamp,
    /// When it goes up next, if time alone brings that.
    pub due_at: Option<Timestamp>,
    /// What the judgement rests on.
    pub basis: Basis,
}

/// Somebody asked that it go up now. To whom is said by the escalation that follows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EscalationRequested {
    /// The alert.
    pub alert: AlertId,
    /// What it is about.
    pub key: Key,
    /// Gapless per alert.
    pub n: u32,
    /// Where, as it was last said.
    pub place: Place,
    /// Who, as it was last said.
    pub person: Option<Subject>,
    /// To which level.
    pub level: u8,
}

/// It was given to somebody by hand.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Assigned {
    /// The alert.
    pub alert: AlertId,
    /// What it is about.
    pub key: Key,
    /// Gapless per alert.
    pub n: u32,
    /// Where, as it was last said.
    pub place: Place,
    /// Who, as it was last said.
    pub person: Option<Subject>,
    /// At which level.
    pub level: u8,
    /// To whom.
    pub staff: StaffId,
}

/// Somebody wrote something down about it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Noted {
    /// The alert.
    pub alert: AlertId,
    /// What it is about.
    pub key: Key,
    /// Gapless per alert.
    pub n: u32,
    /// Where, as it was last said.
    pub place: Place,
    /// Who, as it was last said.
    pub person: Option<Subject>,
    /// What.
    pub private: Option<Private>,
}

without_private!(Escalated, EscalationRequested, Assigned);

impl Personal for Noted {
    fn each_private(&mut self, visit: &mut dyn FnMut(&mut Private)) {
        self.private.each_private(visit);
    }
}
