//! A sample of every event: the same one for golden bytes, or any one for properties. Both come from the same lists of fields, so that
//! a field that is added to an event is missing here until somebody adds it.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    Event, absence, access, alert, arrival, building, checkpoint, commit, community, estate, household,
    log::CommitHash,
    medical, nudge, obligation, person, quarantine, record, responsibility, roster, round, silence, staff,
    values::{self, CommandId, Day, EventId, KeyId, Personal, Private, PrivateFields, SealedPart, SecretKey, Slug, TimeOfDay, Timestamp},
    visit,
};
use uuid::Uuid;

/// Most elements of a list in a sample.
const ITEMS_MAX: u64 = 3;

/// Where samples come from: a sequence of numbers that follows from a seed (splitmix64).
#[derive(Clone, Debug)]
pub struct Source {
    state: u64,
    full: bool,
}

impl Source {
    /// Any values: absent and present options, empty lists, extreme numbers.
    pub fn any(seed: u64) -> Self {
        Self { state: seed, full: false }
    }

    /// Values in which every option is present and no list is empty: what golden bytes are made of.
    pub fn full(seed: u64) -> Self {
        Self { state: seed, full: true }
    }

    fn number(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.number() % limit
    }

    fn yes(&mut self) -> bool {
        self.below(2) == 0
    }
}

/// Something of which there is a sample.
pub trait Sample: Sized {
    /// The next sample of a source.
    fn sample(source: &mut Source) -> Self;
}

/// A value of the type that is asked for.
fn of<T: Sample>(source: &mut Source) -> T {
    T::sample(source)
}

macro_rules! numbers {
    ($($name:ty),+) => {$(
        impl Sample for $name {
            fn sample(source: &mut Source) -> Self {
                let edges = [<$name>::MIN, <$name>::MAX, 0, 1];
                if source.full || source.yes() { (source.below(100)) as Self } else { edges[source.below(4) as usize] }
            }
        }
    )+};
}
numbers!(u8, u16, u32, u64, i32, i64);

impl Sample for i16 {
    /// Tenths of a degree Celsius: there is no other number of this size.
    fn sample(source: &mut Source) -> Self {
        if source.full || source.below(8) > 0 { 340 + source.below(86) as Self } else { [Self::MIN, Self::MAX][source.below(2) as usize] }
    }
}

impl Sample for bool {
    fn sample(source: &mut Source) -> Self {
        source.yes()
    }
}

impl Sample for String {
    fn sample(source: &mut Source) -> Self {
        let words = ["7号楼", "2", "", "502", "阳光小区", "a b\"c\\", "\u{0}\u{1F637}"];
        let word = words[source.below(words.len() as u64) as usize];
        if source.full && word.is_empty() { "1".to_owned() } else { word.to_owned() }
    }
}

impl<T: Sample> Sample for Option<T> {
    fn sample(source: &mut Source) -> Self {
        (source.full || source.yes()).then(|| of(source))
    }
}

impl<T: Sample> Sample for Vec<T> {
    fn sample(source: &mut Source) -> Self {
        let items = if source.full { 2 } else { source.below(ITEMS_MAX + 1) };
        (0..items).map(|_| of(source)).collect()
    }
}

impl<T: Sample + Ord> Sample for BTreeSet<T> {
    fn sample(source: &mut Source) -> Self {
        Vec::sample(source).into_iter().collect()
    }
}

impl<K: Sample + Ord, V: Sample> Sample for BTreeMap<K, V> {
    fn sample(source: &mut Source) -> Self {
        let items = if source.full { 2 } else { source.below(ITEMS_MAX + 1) };
        (0..items).map(|_| (of(source), of(source))).collect()
    }
}

impl<const N: usize> Sample for [u8; N] {
    fn sample(source: &mut Source) -> Self {
        std::array::from_fn(|_| source.number().to_le_bytes()[0])
    }
}

impl Sample for Slug {
    fn sample(source: &mut Source) -> Self {
        let letters: String = (0..=source.below(8)).map(|_| char::from(b'a' + source.number().to_le_bytes()[0] % 26)).collect();
        let text = if source.full || source.yes() { letters } else { format!("{}-{letters}_{}", source.below(10), source.below(1000)) };
        text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
    }
}

macro_rules! ids {
    ($($name:ident),+) => {$(
        impl Sample for values::$name {
            fn sample(source: &mut Source) -> Self { Slug::sample(source).into() }
        }
    )+};
}
ids!(TownId, CommunityId, EstateId, BuildingId, GridId, HouseholdId, PersonId, StaffId, CheckpointId, RoundId, QuarantineId, TokenId);

impl Sample for CommandId {
    fn sample(source: &mut Source) -> Self {
        Self(Uuid::from_bytes(of(source)))
    }
}

impl Sample for Timestamp {
    fn sample(source: &mut Source) -> Self {
        // to the minute, in 2020; now and then what nobody would write
        if source.full || source.below(8) > 0 { Self(1_580_486_400_000 + i64::from(u32::sample(source)) * 60_000) } else { Self(of(source)) }
    }
}

impl Sample for Day {
    fn sample(source: &mut Source) -> Self {
        if source.full || source.below(8) > 0 { Self(18_293 + source.below(400) as i32) } else { Self(of(source)) }
    }
}

impl Sample for TimeOfDay {
    fn sample(source: &mut Source) -> Self {
        Self(source.below(24 * 60) as u16)
    }
}

impl Sample for Private {
    /// Sealed with a key and a nonce that follow from the source.
    fn sample(source: &mut Source) -> Self {
        let fields = PrivateFields::default().with(values::field::NAME, Some("杨桂英")).with_all(values::field::PHONE, &of::<Vec<String>>(source));
        let (key, secret): (KeyId, [u8; 32]) = (KeyId(of(source)), of(source));
        let sealed = SealedPart::seal(&fields, (key, &SecretKey(secret)), of(source), &of(source), (of(source), of(source)));
        Self::Sealed(sealed.unwrap_or_else(|error| panic!("{error}")))
    }
}

impl Sample for responsibility::ScopeId {
    fn sample(source: &mut Source) -> Self {
        values::Slug::sample(source).into()
    }
}

impl Sample for access::SecretHash {
    fn sample(source: &mut Source) -> Self {
        Self::of(&String::sample(source))
    }
}

impl Sample for alert::KeyHash {
    fn sample(source: &mut Source) -> Self {
        alert::Key::sample(source).hash(&of(source))
    }
}

impl Sample for alert::AlertId {
    fn sample(source: &mut Source) -> Self {
        Self::new(of(source), u32::sample(source).max(1))
    }
}

impl Sample for CommitHash {
    fn sample(source: &mut Source) -> Self {
        Self(of(source))
    }
}

impl Sample for record::StoredEvent {
    fn sample(source: &mut Source) -> Self {
        let retractable = ["visit.recorded.v1", "building.reported.v1", "entry.recorded.v1", "entry.settled.v1", "quarantine.checked.v1"];
        let event = event_of(retractable[source.below(5) as usize], source).unwrap_or_else(|| panic!("these names exist"));
        Self { name: event.name().to_owned(), payload: event.encode().unwrap_or_else(|error| panic!("{error}")) }
    }
}

impl Sample for domain::Commit {
    /// Any header with one to four events of any kind, or with one of each when the source is full.
    fn sample(source: &mut Source) -> Self {
        let header = of(source);
        if source.full {
            return Self { header, events: Event::NAMES.iter().filter_map(|name| event_of(name, source)).collect() };
        }
        let events = (0..=source.below(3)).filter_map(|_| event_of(Event::NAMES[source.below(Event::NAMES.len() as u64) as usize], source)).collect();
        Self { header, events }
    }
}

macro_rules! words {
    ($($name:ty),+ $(,)?) => {$(
        impl Sample for $name {
            fn sample(source: &mut Source) -> Self { Self::ALL[source.below(Self::ALL.len() as u64) as usize] }
        }
    )+

    /// Every word that has a number on the log: its list, the word, the number.
    pub fn words() -> Vec<(&'static str, &'static str, u8)> {
        let mut all = Vec::new();
        $(all.extend(<$name>::ALL.iter().map(|value| (stringify!($name), value.word(), value.code())));)+
        all
    }};
}
words!(
    commit::Role,
    commit::Via,
    values::Precision,
    values::Site,
    values::Unreadable,
    community::Comparator,
    estate::Governance,
    building::Kind,
    building::ReportBasis,
    building::ExceptionKind,
    person::Sex,
    person::ResidenceKind,
    responsibility::ScopeKind,
    responsibility::Standing,
    checkpoint::Kind,
    checkpoint::Direction,
    checkpoint::EntryResult,
    visit::Outcome,
    visit::Mode,
    visit::Basis,
    visit::Presence,
    visit::NotMeasured,
    medical::Finding,
    quarantine::Kind,
    quarantine::CountBasis,
    quarantine::CheckOutcome,
    quarantine::ReleaseReason,
    alert::Severity,
    alert::CloseReason,
    alert::Why,
    alert::Share,
);

macro_rules! shapes {
    ($($name:path { $($field:ident),* $(,)? })+) => {$(
        impl Sample for $name {
            fn sample(source: &mut Source) -> Self { $(let $field = of(source);)* Self { $($field),* } }
        }
    )+};
}

shapes! {
    commit::Header {
        epoch, community, command, content, actor, role, by, via, paper, at, precision, recorded_at, correlation, cause, replaces, exercise, version, previous,
    }
    EventId { command, index }
    values::Place { estate, building, unit, floor, door, household }
    values::PlaceNames { estate, building }
    values::Subject { person, unregistered }
    values::Reading { site, tenths_celsius, unreadable, at }
    obligation::SlotId { date, name }
    community::Fever { threshold_tenths_celsius, by_site, comparator, clear_below_tenths_celsius }
    community::SlotRule { name, opens, due }
    community::Regime { days, slots, modes }
    community::Escalation { level_2_after_minutes, level_3_after_minutes }
    community::QuietHours { from, until }
    community::RuleSwitch { enabled }
    community::RuleChangeV2 { enabled, times }
    community::RuleChange { enabled, times, nudge_at, hours }
    community::ChangeV1 { fever, regimes, grace_minutes, remeasure_minutes, report_due, stale_after_hours, escalation, quiet_hours, rules }
    community::ChangeV2 { fever, regimes, grace_minutes, remeasure_minutes, report_due, stale_after_hours, escalation, quiet_hours, rules }
    community::Change { fever, regimes, grace_minutes, remeasure_minutes, report_due, stale_after_hours, escalation, quiet_hours, rules }
    building::Unit { unit, name, floors, doors }
    building::ReportScope { building, unit }
    building::Exception { place, kind, private }
    responsibility::Scope { kind, id }
    visit::Exposure { left_on, arrived_on }
    visit::PersonFound { who, basis, presence, readings, not_measured, symptoms, exposure, orders, private }
    quarantine::CheckFound { quarantine, person, place, outcome, readings, not_measured, symptoms, slot }
    alert::Key { rule, subject_kind, subject_id }
    alert::Basis { sequence, due }
    alert::Observed { tenths_celsius, site, at, recorded_at }
    alert::Detail { slots, missed, checkpoint, direction, stopped, for_date }
    alert::Occurrence {
        severity, unconfirmed, place, names, person, observed, detail, causes, first_at, last_at, occurrences, late, rule_version, basis,
    }
    alert::Owner { staff, duty, standing, share }
    alert::Gap { level, duty }
    roster::Shift { staff, from, until }
    access::TokenScope { community, town }
}

macro_rules! events {
    ($($label:literal = $name:path { $($field:ident),* $(,)? })+) => {
        shapes! { $($name { $($field),* })+ }

        /// A sample of the event of a name; nothing when this list does not know the name.
        pub fn event_of(name: &str, source: &mut Source) -> Option<Event> {
            match name {
                $($label => Some(<$name>::sample(source).into()),)+
                _ => None,
            }
        }
    };
}

events! {
    "community.founded.v1" = community::Founded { town, town_name, name, time_zone }
    "community.renamed.v1" = community::Renamed { name, town_name }
    "policy.changed.v1" = community::PolicyChanged { effective_from, change, private }
    "policy.changed.v2" = community::PolicyChangedV2 { effective_from, change, private }
    "policy.changed.v3" = community::PolicyChangedV3 { effective_from, change, private }
    "history.restored.v1" = community::HistoryRestored { epoch, restored_to_sequence }
    "estate.registered.v1" = estate::Registered { estate, name, zone, governance }
    "estate.renamed.v1" = estate::Renamed { estate, name }
    "estate.governance_changed.v1" = estate::GovernanceChanged { estate, zone, governance }
    "building.registered.v1" = building::Registered { building, name, kind, estate, grid, units, private, address_fingerprint }
    "building.renamed.v1" = building::Renamed { building, name }
    "building.kind_changed.v1" = building::KindChanged { building, kind }
    "building.regrouped.v1" = building::Regrouped { building, estate, grid }
    "building.units_changed.v1" = building::UnitsChanged { building, units }
    "building.address_corrected.v1" = building::AddressCorrected { building, private, address_fingerprint }
    "building.reported.v1" = building::Reported { scopes, for_date, basis, exceptions }
    "household.registered.v1" = household::Registered { household, place, private, file_fingerprint }
    "household.door_corrected.v1" = household::DoorCorrected { household, from, to }
    "household.exposed.v1" = household::Exposed { person, quarantine, place, housemates }
    "household.file_corrected.v1" = household::FileCorrected { household, place, private, file_fingerprint }
    "person.registered.v1" = person::Registered { person, birth_year, sex, categories, private, identity_fingerprint }
    "person.identity_corrected.v1" = person::IdentityCorrected { person, birth_year, sex, private, identity_fingerprint }
    "person.categories_changed.v1" = person::CategoriesChanged { person, from, to }
    "residence.started.v1" = person::ResidenceStarted { person, place, kind, from, private }
    "residence.ended.v1" = person::ResidenceEnded { person, place, kind, until, private }
    "staff.registered.v1" = staff::Registered { staff, roles, org, person, until, private, file_fingerprint }
    "staff.file_corrected.v1" = staff::FileCorrected { staff, org, person, until, private, file_fingerprint }
    "staff.roles_changed.v1" = staff::RolesChanged { staff, roles }
    "responsibility.assigned.v1" = responsibility::Assigned { scope, duty, level, staff, standing, from, until }
    "responsibility.released.v1" = responsibility::Released { scope, duty, level, staff, until }
    "roster.planned.v1" = roster::Planned { scope, duty, level, shifts }
    "staff.absence_declared.v1" = absence::Declared { staff, from, until, private }
    "checkpoint.opened.v1" = checkpoint::Opened { checkpoint, name, kind, serves }
    "checkpoint.renamed.v1" = checkpoint::Renamed { checkpoint, name }
    "checkpoint.reassigned.v1" = checkpoint::Reassigned { checkpoint, kind, serves }
    "checkpoint.closed.v1" = checkpoint::Closed { checkpoint }
    "entry.recorded.v1" = checkpoint::EntryRecorded {
        checkpoint, direction, who, home, orders, trip, occupants, readings, id_checked, pass_checked, id_match, result, private,
    }
    "entry.settled.v1" = checkpoint::EntrySettled { entry, checkpoint, direction, who, home, orders, readings, result }
    "round.opened.v1" = round::Opened { round, name, scope, closes_at, reached_by, questions }
    "round.closed.v1" = round::Closed { round }
    "visit.recorded.v1" = visit::Recorded { place, round, outcome, mode, people, call_back_at, private }
    "arrival.declared.v1" = arrival::Declared { who, place, arrived_on, private }
    "medical.finding_recorded.v1" = medical::FindingRecorded { who, finding, home, housemates, facility, private }
    "quarantine.ordered.v1" = quarantine::Ordered { quarantine, person, kind, place, facility, room, regime, day_0, basis, days }
    "quarantine.checked.v1" = quarantine::Checked { checks, mode }
    "quarantine.moved.v1" = quarantine::Moved { quarantine, person, kind, from, to, facility, room }
    "quarantine.extended.v1" = quarantine::Extended { quarantine, person, place, until }
    "quarantine.slots_waived.v1" = quarantine::SlotsWaived { quarantine, person, place, slots, private }
    "quarantine.released.v1" = quarantine::Released { quarantine, person, place, reason, private }
    "alert.raised.v1" = alert::Raised { alert, key, n, episode, occurrence }
    "alert.updated.v1" = alert::Updated { alert, key, n, episode, occurrence }
    "alert.updated.v2" = alert::UpdatedV2 { alert, key, n, episode, occurrence, moved_from }
    "alert.upgraded.v1" = alert::Upgraded { alert, key, n, episode, occurrence }
    "alert.upgraded.v2" = alert::UpgradedV2 { alert, key, n, episode, occurrence, moved_from }
    "alert.reopened.v1" = alert::Reopened { alert, key, n, episode, occurrence }
    "alert.reopened.v2" = alert::ReopenedV2 { alert, key, n, episode, occurrence, moved_from }
    "alert.acknowledged.v1" = alert::Acknowledged { alert, key, n, until }
    "alert.acknowledged.v2" = alert::AcknowledgedV2 { alert, key, n, place, person, until }
    "alert.resolved.v1" = alert::Resolved { alert, key, n, by_hand, late, quieted_by, basis, private }
    "alert.resolved.v2" = alert::ResolvedV2 { alert, key, n, place, person, by_hand, late, quieted_by, basis, private }
    "alert.closed.v1" = alert::Closed { alert, key, n, reason }
    "alert.closed.v2" = alert::ClosedV2 { alert, key, n, place, person, reason }
    "alert.escalated.v1" = alert::Escalated { alert, key, n, place, person, level, owners, informed, gaps, why, since, due_at, basis }
    "alert.escalation_requested.v1" = alert::EscalationRequested { alert, key, n, place, person, level }
    "alert.assigned.v1" = alert::Assigned { alert, key, n, place, person, level, staff }
    "alert.recovery_started.v1" = alert::RecoveryStarted { alert, key, n, place, person, late, quieted_by, until, basis }
    "alert.noted.v1" = alert::Noted { alert, key, n, place, person, private }
    "report.nudged.v1" = nudge::Nudged { building, place, names, for_date, due_at, leaders }
    "silence.started.v1" = silence::Started { silence, kind, building, until, private }
    "silence.ended.v1" = silence::Ended { silence }
    "record.retracted.v1" = record::Retracted { command, at, events, private }
    "token.granted.v1" = access::Granted { token, name, secret_hash, scope, role, staff }
    "token.revoked.v1" = access::Revoked { token }
}

/// How many private parts an event shows to those who seal and open.
pub fn private_parts(event: &Event) -> usize {
    let mut count = 0;
    event.clone().each_private(&mut |_| count += 1);
    count
}
