//! An alert as it stands.

use std::collections::BTreeMap;

use domain::{
    Role,
    access::Right,
    alert::{Act, Alert, AlertId, DO_NOT_GO_UP, Detail, Gap, Key, Kind, Observed, Owner, Severity, Share, State, Status as AlertStatus},
    values::{CommunityId, Place, PlaceNames, Slug, StaffId, Subject, Timestamp},
};
use serde::{Deserialize, Serialize};

use super::{Suppressed, Veiled, Veils, say_without_measured};
use crate::models::alert::{self, Action, Happened};

/// What happened to an alert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryItem {
    /// Gapless per alert, from 1.
    pub n: u32,
    /// What, in one word.
    pub action: Action,
    /// The event.
    pub event: String,
    /// When, by our clock.
    pub recorded_at: Timestamp,
    /// How bad it was.
    pub severity: Option<Severity>,
    /// The token that asked, or `service`.
    pub actor: Slug,
    /// Who did it.
    pub by: Vec<StaffId>,
    /// Why it is not followed up.
    pub reason: Option<String>,
    /// Why its rule fired, as far as the event before it did not rest on that already; or what made the rule quiet. The latest 32; the log has all.
    pub caused_by: Vec<String>,
    /// The level it went to, or was asked to go to.
    pub level: Option<u8>,
    /// Whose turn it was from then on.
    pub owners: Vec<StaffId>,
    /// Posts that nobody held.
    pub gaps: Vec<Gap>,
    /// Why it was their turn.
    pub why: Option<String>,
    /// How it is known that it is over, or what was noted.
    pub private: Veiled,
}

/// Who has an alert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcknowledgedBy {
    /// The token.
    pub actor: Slug,
    /// Who did it.
    pub by: Vec<StaffId>,
    /// Since when.
    pub at: Timestamp,
    /// Until when.
    pub until: Option<Timestamp>,
}

/// Who has seen a critical alert, where seeing is all they can do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenBy {
    /// The token.
    pub actor: Slug,
    /// Who did it.
    pub by: Vec<StaffId>,
    /// When.
    pub at: Timestamp,
}

/// Whose turn it is, as the highest level that was told has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TurnView {
    /// 1 nearest to the door, 3 the town.
    pub level: u8,
    /// Whose turn it is; nobody's where every level up to here is vacant.
    pub owners: Vec<Owner>,
    /// Who else was told something, at this level or one below it.
    pub informed: Vec<Owner>,
    /// Posts of the chain that nobody holds, as far as it has come.
    pub gaps: Vec<Gap>,
    /// Why it is their turn.
    pub why: String,
    /// Since when.
    pub since: Timestamp,
    /// When it goes up next, if nothing happens.
    pub due_at: Option<Timestamp>,
}

/// An alert as it stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AlertItem {
    /// The alert.
    pub alert: AlertId,
    /// `{community}/{rule}/{subject kind}/{subject id}`; where why it is is left out, `{community}/do_not_go_up/alert/{alert}`.
    pub key: String,
    /// The rule; [`DO_NOT_GO_UP`] where why it is is left out.
    pub kind: Slug,
    /// `open`, `acknowledged`, `recovering`, `resolved` or `closed`. Open again once the time is over until which somebody had it.
    pub state: String,
    /// The worst of this episode.
    pub severity: Severity,
    /// Gapless per alert: what a command must expect.
    pub n: u32,
    /// Counts the times it was opened.
    pub episode: u32,
    /// Where.
    pub place: Place,
    /// What the place is called.
    pub names: PlaceNames,
    /// Who.
    pub person: Option<Subject>,
    /// A second measurement is still owed.
    pub unconfirmed: bool,
    /// What was measured; nothing for those who may not see that, unless all of it came to them.
    pub observed: Option<Observed>,
    /// Slots, days, checkpoint: what its rule says.
    pub detail: Detail,
    /// When it began.
    pub first_at: Timestamp,
    /// When it was last so.
    pub last_at: Timestamp,
    /// How many observations; 0 where why it is is left out.
    pub occurrences: u32,
    /// Recorded long after it happened.
    pub late: bool,
    /// Who has it, or had it until its time was over.
    pub acknowledged: Option<AcknowledgedBy>,
    /// When it is over if nothing comes between; only while it is recovering.
    pub recovering_until: Option<Timestamp>,
    /// Who has seen it last, where seeing is all they can do.
    pub seen: Option<SeenBy>,
    /// Since when nobody has it: since its episode was opened, or since whoever had it has it no more. Nothing while somebody has it, and once it is
    /// recovering or over.
    pub free_since: Option<Timestamp>,
    /// Whose turn it is; nothing once it is recovering or over, and where nobody was ever given a duty for it.
    pub turn: Option<TurnView>,
    /// Why people are not told of it now; nothing where they are, where why it is is left out, and once it is over.
    pub suppressed: Option<Suppressed>,
    /// How much whoever asks was told of it in this episode, at whatever level; nothing where they were told nothing, and once it is over. To a leader
    /// [`Share::DoNotGoUp`] where somebody may be ill, unless it is their turn.
    pub for_you: Option<Share>,
    /// The level nearest to the door at which it is the turn of whoever asks, or was before it went up; nothing where it never was, and as with `turn`.
    pub your_turn: Option<u8>,
    /// The commands about it that whoever asks may send, and that can be done as it stands. Who is only not to go up has nothing to take over.
    pub you_may: Vec<String>,
    /// Version of the rule; 0 where why it is is left out.
    pub rule_version: u16,
    /// What its rule rests on now, or rested on when it fired last: event ids, or slots, the same in whatever order facts came. Empty in lists.
    pub caused_by: Vec<String>,
    /// What became of it, oldest first. Empty in lists.
    pub history: Vec<HistoryItem>,
    /// What is left out for this caller, whether there is any or not: `notes`, `measured`, and `reasons`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub without: Vec<String>,
    /// Sequence of the last commit in it.
    pub sequence: u64,
}

/// What those are not shown who may not see findings: what others wrote about an alert.
const NOTES: &str = "notes";
/// What those are not shown who are only not to go up: why. Neighbours need not know what is behind a door to stay away from it.
pub(super) const REASONS: &str = "reasons";

impl AlertItem {
    /// Whether whoever asked can do something about it.
    pub fn you_may(&self, act: Act) -> bool {
        self.you_may.iter().any(|may| may == act.command())
    }

    /// Without what others wrote about it, for the holder of a token: a nurse or the office may have written what medicine found.
    pub fn mask_notes(&mut self, reader: &Slug) {
        self.history.iter_mut().filter(|happened| happened.actor != *reader).for_each(|happened| happened.private = Veiled::Nothing);
        self.without.push(NOTES.to_owned());
    }

    /// With why people are not told of it now: that a cluster stands for it, or which kind is silenced, says why it is.
    #[must_use]
    pub fn with_suppressed(self, suppressed: Option<Suppressed>) -> Self {
        let suppressed = suppressed.filter(|_| self.says_why());
        Self { suppressed, ..self }
    }

    /// Whether it says to whoever asked why it is.
    pub fn says_why(&self) -> bool {
        self.without.iter().all(|left_out| left_out != REASONS)
    }

    /// Of a place that somebody is not to go up to: where, how it stands, since when, with whom it is, and nothing of why. How bad it is stays, by which
    /// alerts are ordered and counted and buildings coloured.
    fn without_reasons(self, community: &CommunityId) -> Self {
        let history = self.history.into_iter().map(|happened| HistoryItem { reason: None, caused_by: Vec::new(), ..happened });
        Self {
            key: format!("{community}/{DO_NOT_GO_UP}/alert/{}", self.alert),
            kind: do_not_go_up(),
            person: None,
            unconfirmed: false,
            observed: None,
            detail: Detail::default(),
            occurrences: 0,
            you_may: self.you_may.into_iter().filter(|may| may != Act::Acknowledge.command()).collect(),
            rule_version: 0,
            caused_by: Vec::new(),
            history: history.collect(),
            without: vec![REASONS.to_owned()],
            ..self
        }
    }
}

impl Veils for AlertItem {
    fn each_veiled(&mut self, visit: &mut dyn FnMut(&mut Veiled)) {
        self.history.iter_mut().for_each(|item| visit(&mut item.private));
    }
}

/// Who asks for alerts, where and when.
#[derive(Clone, Copy, Debug)]
pub struct AlertReader<'a> {
    /// The community.
    pub community: &'a CommunityId,
    /// Who they are there, if they are anybody.
    pub staff: Option<&'a StaffId>,
    /// What they are there.
    pub role: Role,
    /// When.
    pub now: Timestamp,
}

/// The word that stands for the kind of an alert.
pub(super) fn do_not_go_up() -> Slug {
    #[expect(clippy::expect_used, reason = "a word of ours is a slug: tests show alerts with it")]
    DO_NOT_GO_UP.parse().expect("a word of ours is a slug")
}

/// An alert as it stands, as far as whoever asks may know; with its causes and its history when it alone is asked for.
pub fn alert_item(row: &alert::Row, sequence: u64, whole: bool, reader: AlertReader<'_>) -> AlertItem {
    let mut item = whole_item(row, sequence, whole, reader);
    let told_everything = || share_of_episode(&row.state, reader.staff, reader.role) == Some(Share::Everything);
    if is_without_reasons(&row.state, reader.staff, reader.role) {
        return item.without_reasons(reader.community);
    }
    if !reader.role.may(Right::SeeMeasured) && !told_everything() {
        item.observed = None;
        if Kind::is_of_illness(row.state.key.rule.as_str()) {
            say_without_measured(&mut item.without);
        }
    }
    item
}

/// Whether somebody is not shown why an alert is, nor its events, which say it: a neighbour of whom all that is wanted is not to go up, also when it is over.
/// Who may see findings sees why of everything, whoever they are to the building besides.
pub fn is_without_reasons(state: &State, staff: Option<&StaffId>, role: Role) -> bool {
    !role.may(Right::SeeFindings) && share_of_episode(state, staff, role) == Some(Share::DoNotGoUp)
}

fn whole_item(row: &alert::Row, sequence: u64, whole: bool, AlertReader { community, staff, role, now }: AlertReader<'_>) -> AlertItem {
    let state = &row.state;
    let occurrence = &state.occurrence;
    let acknowledged = match &state.status {
        AlertStatus::Acknowledged { actor, at, until, .. } => Some(AcknowledgedBy { actor: actor.clone(), by: taken_by(row, actor), at: *at, until: *until }),
        AlertStatus::Open | AlertStatus::Resolved { .. } | AlertStatus::Closed => None,
    };
    let key: &Key = &state.key;
    AlertItem {
        alert: state.alert.clone(),
        key: key.full(community),
        kind: key.rule.clone(),
        state: state.word_at(now).to_owned(),
        severity: state.severity_peak,
        n: state.n,
        episode: state.episode,
        place: occurrence.place.clone(),
        names: occurrence.names.clone(),
        person: occurrence.person.clone(),
        unconfirmed: occurrence.unconfirmed,
        observed: occurrence.observed.clone(),
        detail: occurrence.detail.clone(),
        first_at: occurrence.first_at,
        last_at: occurrence.last_at,
        occurrences: occurrence.occurrences,
        late: occurrence.late,
        acknowledged,
        recovering_until: state.recovering.map(|recovering| recovering.until),
        seen: state.turn.seen.as_ref().map(|seen| SeenBy { actor: seen.actor.clone(), by: taken_by(row, &seen.actor), at: seen.at }),
        free_since: state.free_since(now),
        turn: turn_view(state, now),
        suppressed: None,
        for_you: share_of(state, staff, role),
        your_turn: turn_of(state, staff),
        you_may: Alert::acts(state, role).map(|act| act.command().to_owned()).collect(),
        rule_version: occurrence.rule_version,
        caused_by: if whole { occurrence.causes.clone() } else { Vec::new() },
        history: if whole { row.history.iter().map(|(n, happened)| history_item(*n, happened)).collect() } else { Vec::new() },
        without: Vec::new(),
        sequence,
    }
}

/// Who took an alert last with a token, or saw it.
fn taken_by(row: &alert::Row, actor: &Slug) -> Vec<StaffId> {
    let taken = row.history.values().rev().find(|happened| happened.action == Action::Acknowledged && happened.actor == *actor);
    taken.map(|taken| taken.by.clone()).unwrap_or_default()
}

/// How much somebody was told of an alert that is not over.
fn share_of(state: &State, staff: Option<&StaffId>, role: Role) -> Option<Share> {
    share_of_episode(state, staff, role).filter(|_| state.is_active())
}

/// How much somebody was told in the latest episode: as one whose turn it was, or else besides. A leader, who is a neighbour, goes up to nobody who may be
/// ill, told in this minute or not, unless it is their turn.
fn share_of_episode(state: &State, staff: Option<&StaffId>, role: Role) -> Option<Share> {
    let levels = state.turn.told.values();
    let mut told = levels.clone().flat_map(|told| &told.owners).chain(levels.flat_map(|told| &told.informed));
    let share = told.find(|told| Some(&told.staff) == staff).map(|told| told.share);
    share.or_else(|| (role == Role::Leader && Kind::is_of_illness(state.key.rule.as_str())).then_some(Share::DoNotGoUp))
}

/// The first level at which it is somebody's turn, or was in this episode.
fn turn_of(state: &State, staff: Option<&StaffId>) -> Option<u8> {
    let mut told = state.turn.told.iter().filter(|_| state.needs_somebody());
    told.find(|(_, told)| told.owners.iter().any(|owner| Some(&owner.staff) == staff)).map(|(level, _)| *level)
}

/// Whose turn an alert is that is neither recovering nor over.
fn turn_view(state: &State, now: Timestamp) -> Option<TurnView> {
    let (level, told) = state.turn.latest().filter(|_| state.needs_somebody())?;
    // who is not to go up has been told so at the level of their building, and it holds whoever else is told since
    let informed: BTreeMap<&StaffId, &Owner> = state.turn.told.values().flat_map(|told| &told.informed).map(|informed| (&informed.staff, informed)).collect();
    let informed = informed.into_values().filter(|informed| told.owners.iter().all(|owner| owner.staff != informed.staff)).cloned().collect();
    Some(TurnView {
        level,
        owners: told.owners.clone(),
        informed,
        gaps: state.turn.gaps(),
        why: told.why.word().to_owned(),
        since: told.since,
        due_at: state.goes_up_at(now),
    })
}

fn history_item(n: u32, happened: &Happened) -> HistoryItem {
    let passed_on = happened.passed_on.as_ref();
    HistoryItem {
        n,
        action: happened.action,
        event: happened.event.to_string(),
        recorded_at: happened.recorded_at,
        severity: happened.severity,
        actor: happened.actor.clone(),
        by: happened.by.clone(),
        reason: happened.reason.map(|reason| reason.word().to_owned()),
        caused_by: happened.caused_by.clone(),
        level: passed_on.map(|to| to.level),
        owners: passed_on.map(|to| to.staff.clone()).unwrap_or_default(),
        gaps: passed_on.map(|to| to.gaps.clone()).unwrap_or_default(),
        why: passed_on.and_then(|to| to.why).map(|why| why.word().to_owned()),
        private: happened.private.as_ref().into(),
    }
}
