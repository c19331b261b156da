//! An alert event as outsiders are told of it: class work, which names doors and no people (contracts.md, CloudEvents 1.0).

use domain::{
    Fact,
    alert::{self, Alert, Change, Gap, Severity, Share, State, Status, Why},
    community,
    values::{CommunityId, GridId, Site, StaffId, Subject, Timestamp},
};
use serde::Serialize;

use super::title::{self, Ending, Title};

/// Media type of every message.
pub(crate) const CONTENT_TYPE: &str = "application/cloudevents+json";

/// The word for what somebody silenced.
const SILENCED: &str = "silenced";
/// The word for what is part of a greater alert.
const INHIBITED: &str = "inhibited";

/// Why people are not to be told of something now.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Suppressed {
    /// Until when somebody silenced it.
    pub(crate) silenced_until: Option<Timestamp>,
    /// They are told of a greater alert that it is part of.
    pub(crate) inhibited: bool,
}

impl Suppressed {
    pub(super) fn words(self) -> Vec<&'static str> {
        let silenced = self.silenced_until.map(|_until| SILENCED);
        silenced.into_iter().chain(self.inhibited.then_some(INHIBITED)).collect()
    }
}

/// A message and where it goes.
#[derive(Clone, Debug)]
pub(crate) struct Message<D = Data> {
    pub(crate) subject: String,
    pub(crate) body: Body<D>,
}

/// A CloudEvent around what a class tells.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Body<D = Data> {
    pub(super) specversion: &'static str,
    pub(super) id: String,
    pub(super) source: String,
    pub(super) r#type: String,
    pub(super) subject: String,
    pub(super) time: Timestamp,
    pub(super) datacontenttype: &'static str,
    pub(super) severity: Severity,
    /// Order within the partition: `n` of the alert. Where it comes from in the log stands in a header.
    pub(super) sequence: String,
    pub(super) partitionkey: String,
    pub(super) data: D,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Data {
    alert: String,
    n: u32,
    key: String,
    kind: String,
    action: &'static str,
    state: &'static str,
    severity: Severity,
    exercise: bool,
    late: bool,
    unconfirmed: bool,
    /// Of somebody under an order who was on the way out: they were stopped at the gate.
    stopped: bool,
    title: Title,
    place: Place,
    person: Option<Person>,
    observed: Option<Observed>,
    occurrences: u32,
    first_at: Timestamp,
    last_at: Timestamp,
    /// Whose turn it is; nobody's before a level is told, once it is recovering or over, and where nobody was ever given a duty for it.
    owner: Option<Owner>,
    /// The highest level that was told in this episode, also once it is over: who is told from a level on is told of its end, too.
    level: Option<u8>,
    /// Who was told in this episode and how much, level by level, also once it is over.
    told: Vec<Told>,
    acknowledged: Option<Acknowledged>,
    /// When it is over if nothing comes between; only while it is recovering.
    recovering_until: Option<Timestamp>,
    /// Who has seen it last, where seeing is all they can do.
    seen: Option<Seen>,
    caused_by: Vec<String>,
    rule: Rule,
    /// Why people are not to be told: a flag and never a state. Topics carry it all the same.
    suppressed: Vec<&'static str>,
    /// Until when it is silenced, unless somebody ends that before: people are reminded then of what is still open.
    silenced_until: Option<Timestamp>,
}

#[derive(Clone, Debug, Serialize)]
struct Place {
    /// The place in words: whoever is only not to go up there is told of no more.
    name: Title,
    town: String,
    community: String,
    estate: Option<String>,
    /// The grid that the building lies in: what is about whole buildings is told grid by grid.
    grid: Option<String>,
    building: Option<String>,
    unit: Option<String>,
    household: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
struct Person {
    r#ref: String,
}

#[derive(Clone, Debug, Serialize)]
struct Observed {
    celsius: f64,
    site: Site,
    at: Timestamp,
    recorded_at: Timestamp,
}

#[derive(Clone, Debug, Serialize)]
struct Owner {
    level: u8,
    /// Who has it first; nobody where every level up to this one is vacant.
    staff: Option<StaffId>,
    /// Who has it too.
    also: Vec<StaffId>,
    /// Who else is to know of it, and how much: everything, counts, or only that they are not to go up.
    informed: Vec<Informed>,
    since: Timestamp,
    /// When it goes up next, if nothing happens.
    due_at: Option<Timestamp>,
    /// Posts of the chain that nobody holds, as far as it has come.
    gaps: Vec<Gap>,
    why: Why,
}

#[derive(Clone, Debug, Serialize)]
struct Told {
    level: u8,
    why: Why,
    since: Timestamp,
    staff: Vec<Informed>,
}

#[derive(Clone, Debug, Serialize)]
struct Informed {
    staff: StaffId,
    share: Share,
    /// They were given it by hand: by no duty of theirs.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    given: bool,
}

#[derive(Clone, Debug, Serialize)]
struct Acknowledged {
    by: String,
    at: Timestamp,
    until: Option<Timestamp>,
}

#[derive(Clone, Debug, Serialize)]
struct Seen {
    by: String,
    at: Timestamp,
}

#[derive(Clone, Debug, Serialize)]
struct Rule {
    name: String,
    version: u16,
}

/// The message about an alert event, given the alert after it and why people are not to be told; nothing for other events.
pub(crate) fn of(fact: &Fact<'_>, state: &State, (community, grid): (&community::State, Option<&GridId>), suppressed: Suppressed) -> Option<Message> {
    let header = fact.header;
    let (action, late, caused_by) = said(fact, state)?;
    let occurrence = &state.occurrence;
    let kind = state.key.rule.to_string();
    let severity = state.severity_peak;
    let building = occurrence.place.building.as_ref().map(ToString::to_string);
    let (town, here) = (&community.town, &header.community);
    let subject = format!("gw.v1.{town}.{here}.alert.{kind}.{severity}.{}.{action}", building.as_deref().unwrap_or("_"));
    let body = Body {
        specversion: "1.0",
        id: format!("{}-{}-{}", header.epoch, state.alert, state.n),
        source: format!("/towns/{town}/communities/{here}"),
        r#type: format!("gridward.alert.{action}.v1"),
        subject: building.as_ref().map_or_else(|| "_".to_owned(), |building| format!("building/{building}")),
        time: header.recorded_at,
        datacontenttype: "application/json",
        severity,
        sequence: format!("{:020}", state.n),
        partitionkey: state.alert.to_string(),
        data: Data {
            alert: state.alert.to_string(),
            n: state.n,
            key: state.key.full(here),
            kind: kind.clone(),
            action,
            state: state.status_word(),
            severity,
            exercise: header.exercise,
            late,
            unconfirmed: occurrence.unconfirmed,
            stopped: occurrence.detail.stopped,
            title: title::of(state, community, header, ending(fact)),
            place: Place { grid: grid.map(ToString::to_string), ..place(state, community, here) },
            person: occurrence.person.as_ref().and_then(person),
            observed: observed(state),
            occurrences: occurrence.occurrences,
            first_at: occurrence.first_at,
            last_at: occurrence.last_at,
            owner: owner(state, header.recorded_at),
            level: state.turn.level(),
            told: told(state),
            acknowledged: acknowledged(state),
            recovering_until: state.recovering.map(|recovering| recovering.until),
            seen: state.turn.seen.as_ref().map(|seen| Seen { by: seen.actor.to_string(), at: seen.at }),
            caused_by,
            rule: Rule { name: kind, version: occurrence.rule_version },
            suppressed: suppressed.words(),
            silenced_until: suppressed.silenced_until,
        },
    };
    Some(Message { subject, body })
}

/// What ended an alert, if an event says that something did.
fn ending(fact: &Fact<'_>) -> Ending {
    match Alert::step(fact.event).map(|step| step.change) {
        Some(Change::Resolved(resolution)) => Ending { late: resolution.late, without_record: !resolution.by_hand && resolution.quieted_by.is_empty() },
        _ => Ending::default(),
    }
}

/// What happened in one word, whether it was late, and because of which events.
pub(super) fn said(fact: &Fact<'_>, state: &State) -> Option<(&'static str, bool, Vec<String>)> {
    let by_hand = || vec![fact.id().to_string()];
    let of_occurrence = |action| Some((action, state.occurrence.late, state.occurrence.causes.clone()));
    match Alert::step(fact.event)?.change {
        Change::Raised { .. } => of_occurrence("raised"),
        Change::Updated(_) => of_occurrence("updated"),
        Change::Upgraded(_) => of_occurrence("upgraded"),
        Change::Reopened { .. } => of_occurrence("reopened"),
        Change::Acknowledged { .. } => Some(("acknowledged", state.occurrence.late, by_hand())),
        Change::Escalated(_) => of_occurrence("escalated"),
        Change::EscalationRequested { .. } => Some(("escalation_requested", state.occurrence.late, by_hand())),
        Change::Assigned { .. } => Some(("assigned", state.occurrence.late, by_hand())),
        Change::Noted(_) => Some(("noted", state.occurrence.late, by_hand())),
        Change::RecoveryStarted(recovery) => Some(("recovery_started", recovery.late, recovery.quieted_by.to_vec())),
        Change::Resolved(resolution) if resolution.by_hand => Some(("resolved", resolution.late, by_hand())),
        Change::Resolved(resolution) => Some(("resolved", resolution.late, resolution.quieted_by.to_vec())),
        Change::Closed { .. } => Some(("closed", state.occurrence.late, by_hand())),
    }
}

fn place(state: &State, community: &community::State, here: &CommunityId) -> Place {
    let place = &state.occurrence.place;
    let named = (place, &state.occurrence.names);
    Place {
        name: Title { zh_cn: title::place_zh(named, community), en: title::place_en(named, community) },
        town: community.town.to_string(),
        community: here.to_string(),
        estate: place.estate.as_ref().map(ToString::to_string),
        grid: None,
        building: place.building.as_ref().map(ToString::to_string),
        unit: place.unit.clone(),
        household: place.household.as_ref().map(ToString::to_string),
    }
}

fn person(subject: &Subject) -> Option<Person> {
    let known = subject.person.is_some() || subject.unregistered.is_some();
    known.then(|| Person { r#ref: subject.key().1.to_owned() })
}

fn observed(state: &State) -> Option<Observed> {
    let observed = state.occurrence.observed.as_ref()?;
    let (celsius, site, at, recorded_at) = (f64::from(observed.tenths_celsius) / 10.0, observed.site, observed.at, observed.recorded_at);
    Some(Observed { celsius, site, at, recorded_at })
}

fn acknowledged(state: &State) -> Option<Acknowledged> {
    match &state.status {
        Status::Acknowledged { actor, at, until, .. } => Some(Acknowledged { by: actor.to_string(), at: *at, until: *until }),
        Status::Open | Status::Resolved { .. } | Status::Closed => None,
    }
}

impl Informed {
    fn of(owner: &alert::Owner) -> Self {
        Self { staff: owner.staff.clone(), share: owner.share, given: owner.duty.is_none() }
    }
}

/// Everybody who was told, first those whose turn it is.
fn told(state: &State) -> Vec<Told> {
    let staff = |told: &alert::Told| told.owners.iter().chain(&told.informed).map(Informed::of).collect();
    state.turn.told.iter().map(|(level, told)| Told { level: *level, why: told.why, since: told.since, staff: staff(told) }).collect()
}

/// Whose turn it is, as the highest level that was told has it.
fn owner(state: &State, now: Timestamp) -> Option<Owner> {
    let (level, told) = state.turn.latest().filter(|_| state.needs_somebody())?;
    let mut staff = told.owners.iter().map(|owner| owner.staff.clone());
    let first = staff.next();
    let informed = told.informed.iter().map(Informed::of).collect();
    let (since, due_at) = (told.since, state.goes_up_at(now));
    Some(Owner { level, staff: first, also: staff.collect(), informed, since, due_at, gaps: state.turn.gaps(), why: told.why })
}
