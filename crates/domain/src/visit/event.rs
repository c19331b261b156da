//! What a visit can have found.

use serde::{Deserialize, Serialize};

use crate::values::{Day, Personal, Place, Private, QuarantineId, Reading, RoundId, Slug, Subject, Timestamp, coded};

coded! {
    /// What was found at a door.
    Outcome {
        /// Somebody was met.
        Met = 1 "met",
        /// Nobody was at home.
        Absent = 2 "absent",
        /// They are away for longer.
        Away = 3 "away",
        /// They did not open or answer.
        Refused = 4 "refused",
        /// Nobody lives there.
        Vacant = 5 "vacant",
        /// They have moved out.
        MovedOut = 6 "moved_out",
        /// There is no such door.
        NoSuchDoor = 7 "no_such_door",
        /// Nobody took the call.
        NoAnswer = 8 "no_answer",
        /// It was somebody else's number.
        WrongNumber = 9 "wrong_number",
    }
}

coded! {
    /// How people were reached.
    Mode {
        /// At the door.
        Door = 1 "door",
        /// By telephone.
        Phone = 2 "phone",
        /// By video.
        Video = 3 "video",
        /// By message.
        Message = 4 "message",
        /// They reported themselves.
        Own = 5 "self",
    }
}

coded! {
    /// How something is known of a person.
    Basis {
        /// With one's own eyes.
        Seen = 1 "seen",
        /// Somebody told it.
        Told = 2 "told",
    }
}

coded! {
    /// Whether a person is there.
    Presence {
        /// Is there.
        Here = 1 "here",
        /// Is away for a while.
        Away = 2 "away",
        /// Has left.
        Left = 3 "left",
        /// Was not known before.
        New = 4 "new",
    }
}

coded! {
    /// Why nobody measured.
    NotMeasured {
        /// They did not want to.
        Refused = 1 "refused",
        /// There was no thermometer, or it did not work.
        NoThermometer = 2 "no_thermometer",
        /// They were not at the door.
        NotAtDoor = 3 "not_at_door",
        /// Asleep, or a small child.
        Asleep = 4 "asleep",
        /// Another reason.
        Other = 5 "other",
    }
}

/// Travel or contact; where and with whom is sealed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exposure {
    /// Left there on.
    pub left_on: Option<Day>,
    /// Arrived here on.
    pub arrived_on: Option<Day>,
}

/// One person, as found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PersonFound {
    /// Who.
    pub who: Subject,
    /// How that is known.
    pub basis: Basis,
    /// Whether they are there.
    pub presence: Presence,
    /// Temperatures.
    pub readings: Vec<Reading>,
    /// Why nobody measured.
    pub not_measured: Option<NotMeasured>,
    /// Empty = asked, none; absent = not asked.
    pub symptoms: Option<Vec<Slug>>,
    /// Travel or contact.
    pub exposure: Option<Exposure>,
    /// Orders they were under at that time.
    pub orders: Vec<QuarantineId>,
    /// Note, place and contact of exposure; name and papers of somebody without a file.
    pub private: Option<Private>,
}

impl PersonFound {
    /// Whether this counts as a check of somebody under an order: there, measured or said why not, and asked for symptoms.
    pub fn is_check(&self) -> bool {
        self.presence == Presence::Here && (!self.readings.is_empty() || self.not_measured.is_some()) && self.symptoms.is_some()
    }
}

/// Somebody stood at a door, or called.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recorded {
    /// Where.
    pub place: Place,
    /// The round it belongs to.
    pub round: Option<RoundId>,
    /// What was found.
    pub outcome: Outcome,
    /// How.
    pub mode: Mode,
    /// Who was there.
    pub people: Vec<PersonFound>,
    /// When to call again.
    pub call_back_at: Option<Timestamp>,
    /// Label and answers.
    pub private: Option<Private>,
}

impl Personal for Recorded {
    fn each_private(&mut self, visit: &mut dyn FnMut(&mut Private)) {
        self.private.each_private(visit);
        self.people.iter_mut().for_each(|person| person.private.each_private(visit));
    }
}
