//! Every command: its type in JSON, and the envelope around it (contracts.md, binding).

use serde::{Deserialize, Deserializer};

use crate::{
    absence, access, alert, arrival, building, checkpoint,
    commit::Via,
    community, estate, household, medical, nudge, person, quarantine, record, responsibility, roster, round, silence, staff,
    values::{CommandId, EventId, Precision, Slug, StaffId, Timestamp},
    visit,
};

/// A command with what is said of every command.
#[derive(Clone, Debug)]
pub struct Envelope {
    /// The idempotency key.
    pub id: CommandId,
    /// When it happened in the field; when it is recorded, if absent.
    pub at: Option<Timestamp>,
    /// How exactly that is known.
    pub at_precision: Precision,
    /// Staff who did it.
    pub by: Vec<StaffId>,
    /// By what means it reached us.
    pub via: Option<Via>,
    /// Number of the paper sheet.
    pub paper: Option<Slug>,
    /// The phone's clock when sending.
    pub sent_at: Option<Timestamp>,
    /// A retracted command that this one stands for.
    pub replaces: Option<CommandId>,
    /// The event that caused it; only services say so.
    pub cause: Option<EventId>,
    /// What is asked.
    pub command: Command,
}

impl Envelope {
    /// A command of a service: it happens when it is recorded, and nobody stands behind it.
    pub fn of_service(id: CommandId, command: Command) -> Self {
        Self { id, at: None, at_precision: Precision::Minute, by: Vec::new(), via: None, paper: None, sent_at: None, replaces: None, cause: None, command }
    }
}

/// Why the data of a command did not parse.
#[derive(Debug)]
pub enum ParseError<E> {
    /// There is no command of this type.
    UnknownType,
    /// The data has another shape; the deserializer says where.
    Data(E),
}

macro_rules! commands {
    ($($group:ident($enum:ty) { $($variant:path as $payload:ty = $kind:literal),+ $(,)? })+) => {
        /// What can be asked.
        #[derive(Clone, Debug)]
        pub enum Command { $(#[doc = stringify!($group)] $group($enum)),+ }

        impl Command {
            /// Every type there is.
            pub const TYPES: &'static [&'static str] = &[$($($kind),+),+];

            /// The command of a type and its data.
            ///
            /// # Errors
            /// [`ParseError`]: unknown type, or data of another shape.
            pub fn parse<'de, D: Deserializer<'de>>(kind: &str, data: D) -> Result<Self, ParseError<D::Error>> {
                match kind {
                    $($($kind => <$payload>::deserialize(data).map(|payload| Self::$group($variant(payload))).map_err(ParseError::Data),)+)+
                    _ => Err(ParseError::UnknownType),
                }
            }

            /// Its type.
            pub const fn kind(&self) -> &'static str {
                match self { $($(Self::$group($variant(_)) => $kind,)+)+ }
            }
        }
    };
}

commands! {
    Community(community::Command) {
        community::Command::Found as community::Found = "community.found",
        community::Command::SetPolicy as community::SetPolicy = "policy.set",
        community::Command::RecordRestore as community::RecordRestore = "history.restore",
    }
    Estate(estate::Command) { estate::Command::Register as estate::Register = "estate.register" }
    Building(building::Command) {
        building::Command::Register as building::Register = "building.register",
        building::Command::Report as building::Report = "building.report",
    }
    Household(household::Command) { household::Command::Register as household::Register = "household.register" }
    Person(person::Command) {
        person::Command::Register as person::Register = "person.register",
        person::Command::StartResidence as person::StartResidence = "residence.start",
        person::Command::EndResidence as person::EndResidence = "residence.end",
    }
    Staff(staff::Command) { staff::Command::Register as staff::Register = "staff.register" }
    Responsibility(responsibility::Command) {
        responsibility::Command::Assign as responsibility::Assign = "responsibility.assign",
        responsibility::Command::Release as responsibility::Release = "responsibility.release",
    }
    Roster(roster::Command) { roster::Command::Set as roster::Set = "roster.set" }
    Absence(absence::Command) { absence::Command::Declare as absence::Declare = "staff.absent" }
    Checkpoint(checkpoint::Command) {
        checkpoint::Command::Open as checkpoint::Open = "checkpoint.open",
        checkpoint::Command::Close as checkpoint::Close = "checkpoint.close",
        checkpoint::Command::RecordEntry as checkpoint::RecordEntry = "entry.record",
        checkpoint::Command::SettleEntry as checkpoint::SettleEntry = "entry.settle",
    }
    Round(round::Command) {
        round::Command::Open as round::Open = "round.open",
        round::Command::Close as round::Close = "round.close",
    }
    Visit(visit::Command) { visit::Command::Record as visit::Record = "visit.record" }
    Arrival(arrival::Command) { arrival::Command::Declare as arrival::Declare = "arrival.declare" }
    Medical(medical::Command) { medical::Command::Record as medical::Record = "medical.record" }
    Quarantine(quarantine::Command) {
        quarantine::Command::Order as quarantine::PlaceOrder = "quarantine.order",
        quarantine::Command::Check as quarantine::Check = "quarantine.check",
        quarantine::Command::Move as quarantine::Move = "quarantine.move",
        quarantine::Command::Extend as quarantine::Extend = "quarantine.extend",
        quarantine::Command::Waive as quarantine::Waive = "quarantine.waive",
        quarantine::Command::Release as quarantine::Release = "quarantine.release",
    }
    Alert(alert::Command) {
        alert::Command::Observe as alert::Observe = "alert.observe",
        alert::Command::Acknowledge as alert::Acknowledge = "alert.acknowledge",
        alert::Command::Resolve as alert::Resolve = "alert.resolve",
        alert::Command::Close as alert::Close = "alert.close",
        alert::Command::Entrust as alert::Entrust = "alert.entrust",
        alert::Command::Escalate as alert::Escalate = "alert.escalate",
        alert::Command::Assign as alert::Assign = "alert.assign",
        alert::Command::Note as alert::Note = "alert.note",
    }
    Nudge(nudge::Command) { nudge::Command::Give as nudge::Give = "report.nudge" }
    Silence(silence::Command) {
        silence::Command::Begin as silence::Begin = "alert.silence",
        silence::Command::End as silence::End = "alert.unsilence",
    }
    Record(record::Command) { record::Command::Retract as record::Retract = "record.retract" }
    Access(access::Command) {
        access::Command::Grant as access::Grant = "token.grant",
        access::Command::Revoke as access::Revoke = "token.revoke",
    }
}

impl Command {
    /// False for what may come before a community is founded.
    pub(crate) const fn needs_community(&self) -> bool {
        !matches!(self, Self::Community(community::Command::Found(_)) | Self::Access(_))
    }

    /// Types that only our own services may send.
    pub const INTERNAL_TYPES: &'static [&'static str] = &["alert.observe", "alert.entrust", "report.nudge", "history.restore", "token.grant", "token.revoke"];
}
