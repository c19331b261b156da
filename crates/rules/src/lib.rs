//! What is to be alarmed about: rules that remember facts and judge them, and nothing else.
//!
//! A rule names the scopes of an event, keeps a memory per scope, and says of a memory at a `now`: firing, or quiet, and when
//! that can next change by time alone. No IO, no `async`, no clock: whoever runs the rules brings the time.
//!
//! Whose turn an alert is, once it is open, is said by [`escalation`].
//!
//! A new rule is its own file, and a line where this one lists them.
//!
//! Memories hold facts keyed by the event that told them, so that the order of arrival and duplicates do not matter, and a
//! retraction takes out exactly what its command had put in. They are bounded by named constants.

mod care;
mod course;
pub mod escalation;
mod facts;
mod ordered;
mod rounds;
mod scope;

pub use rounds::{Round, Rounds};
pub use scope::{Scope, ScopeKind};

use std::{collections::BTreeSet, fmt::Debug};

use domain::{
    Event, Fact, Header,
    alert::{Basis, Firing, Key, Observe},
    community::Policy,
    event::DecodeError,
    values::{BuildingId, CommandId, Day, Slug, Timestamp, Zone},
};
use serde::{Serialize, de::DeserializeOwned};

/// What a rule remembers of one scope.
pub trait Remembered: Serialize + DeserializeOwned + Default + Clone + PartialEq + Debug + Send + 'static {
    /// How many facts it holds: what its size follows from.
    fn facts(&self) -> usize;
}

/// One thing to be alarmed about. All parameters come from the community's policy at the time in question.
pub trait Rule: Send + Sync + 'static {
    /// Its name: in keys, topics and policies.
    const NAME: &'static str;
    /// Counts changes of what it says; a new version of its memory is a new version too.
    const VERSION: u16;
    /// The kinds of scope it looks at: those of a community are gone through when what they share has changed.
    const KINDS: &'static [ScopeKind];
    /// What it remembers of one scope. Equal facts give equal memories, whatever the order in which they came.
    type Memory: Remembered;

    /// The scopes that an event is about. A retraction never gets here: see [`scopes`].
    fn scopes(event: &Event, header: &Header) -> Vec<Scope>;

    /// Remembers one more fact about a scope.
    fn evolve(memory: &mut Self::Memory, scope: &Scope, fact: &Fact<'_>);

    /// Forgets what a command had told: afterwards it never happened.
    fn retract(memory: &mut Self::Memory, command: CommandId);

    /// Whether an event of what is [`Shared`] changes what is to be said of every scope of its community. A change of the policy does.
    fn concerns_all(_: &Event) -> bool {
        false
    }

    /// Whether somebody is to be reminded of a scope at `now`, before the rule fires for it; of most scopes nobody ever is. The result holds as
    /// long as that of [`Rule::judge`].
    fn nudge(_: &Self::Memory, _: &Scope, _: &Shared<'_>, _now: Timestamp) -> Option<Nudge> {
        None
    }

    /// What to say of a scope at `now`. The result does not change between `now` and `next_change`.
    fn judge(memory: &Self::Memory, scope: &Scope, shared: &Shared<'_>, now: Timestamp) -> Judgement;
}

/// What a whole community shares, as far as rules ask: kept once for the community and not once per scope.
#[derive(Clone, Copy, Debug)]
pub struct Shared<'a> {
    /// Its parameters with their dates.
    pub policy: &'a Policy,
    /// Its zone: civil days are in it.
    pub zone: &'a Zone,
    /// Its rounds of door-to-door screening.
    pub rounds: &'a Rounds,
}

/// What somebody is to be reminded of before a rule fires.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nudge {
    /// The building.
    pub building: BuildingId,
    /// The units that are missing; empty when it is all of the building.
    pub units: BTreeSet<String>,
    /// The civil day that it is about.
    pub for_date: Day,
    /// Until when it is in time.
    pub due_at: Timestamp,
}

/// What a rule says of a scope, and until when.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    /// What it says.
    pub verdict: Verdict,
    /// When that can next change by time alone.
    pub next_change: Option<Timestamp>,
}

/// What a rule says of a scope.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// Somebody must do something.
    Firing(Firing),
    /// Nobody must any more, and it is over once that has lasted.
    Recovering {
        /// It would have been so in time, had it been recorded in time.
        late: bool,
        /// Event ids of what made it quiet.
        quieted_by: Vec<String>,
        /// When it is over.
        until: Timestamp,
    },
    /// Nobody must.
    Quiet {
        /// It would have been quiet in time, had it been recorded in time.
        late: bool,
        /// Event ids of what made it quiet, where something did.
        quieted_by: Vec<String>,
    },
}

impl Verdict {
    /// Quiet, and nothing in particular made it so.
    pub const fn quiet() -> Self {
        Self::Quiet { late: false, quieted_by: Vec::new() }
    }
}

impl Judgement {
    /// Nobody must do anything.
    pub const fn is_quiet(&self) -> bool {
        !matches!(self.verdict, Verdict::Firing(_))
    }

    /// The judgement as it is sent to the alert.
    pub fn observe(self, key: Key, rule_version: u16, basis: Basis) -> Observe {
        match self.verdict {
            Verdict::Firing(firing) => Observe { firing: Some(firing), ..Observe::quiet(key, rule_version, basis) },
            Verdict::Recovering { late, quieted_by, until } => {
                Observe { late, quieted_by, recovering_until: Some(until), ..Observe::quiet(key, rule_version, basis) }
            }
            Verdict::Quiet { late, quieted_by } => Observe { late, quieted_by, ..Observe::quiet(key, rule_version, basis) },
        }
    }
}

/// Something that is done with every rule in turn.
pub trait Visitor {
    /// One rule.
    fn visit<R: Rule>(&mut self);
}

/// A line for each rule: the module that it is in, and its type.
macro_rules! rules {
    ($($module:ident::$rule:ident,)*) => {
        $(mod $module;
        pub use $module::$rule;)*

        /// Shows every rule there is to a visitor.
        pub fn register(visitor: &mut impl Visitor) {
            $(visitor.visit::<$rule>();)*
        }
    };
}

rules! {
    fever::Fever,
    symptom::Symptom,
    cluster::Cluster,
    check_overdue::CheckOverdue,
    quarantine_breach::QuarantineBreach,
    building_silent::BuildingSilent,
    door_missed::DoorMissed,
    refused::Refused,
    absent_n_times::AbsentNTimes,
    exposure_undecided::ExposureUndecided,
    arrival::Arrival,
    release_due::ReleaseDue,
    responsibility_gap::ResponsibilityGap,
}

/// The scopes whose memory an event changes: its own, or those of the events that a retraction takes back.
///
/// # Errors
/// When a retraction repeats an event that this program cannot read.
pub fn scopes<R: Rule>(event: &Event, header: &Header) -> Result<Vec<Scope>, DecodeError> {
    let mut scopes = match event {
        Event::RecordRetracted(retracted) => retracted.facts()?.iter().flat_map(|original| R::scopes(original, header)).collect(),
        _ => R::scopes(event, header),
    };
    scopes.sort_unstable();
    scopes.dedup();
    Ok(scopes)
}

/// Whether every scope of the community is to be judged anew after an event: what is said of it rests on what all share.
pub fn concerns_all<R: Rule>(event: &Event) -> bool {
    matches!(event, Event::PolicyChanged(_) | Event::PolicyChangedV2(_) | Event::PolicyChangedV3(_)) || R::concerns_all(event)
}

/// Remembers one more fact, or forgets what it takes back.
pub fn evolve<R: Rule>(memory: &mut R::Memory, scope: &Scope, fact: &Fact<'_>) {
    match fact.event {
        Event::RecordRetracted(retracted) => R::retract(memory, retracted.command),
        _ => R::evolve(memory, scope, fact),
    }
}

/// What a rule says of a scope at `now`; a rule that the policy has not enabled is quiet.
pub fn judge<R: Rule>(memory: &R::Memory, scope: &Scope, shared: &Shared<'_>, now: Timestamp) -> Judgement {
    let by_policy = shared.policy.next_change(now);
    if !shared.policy.at(now).rule_enabled(R::NAME) {
        return Judgement { verdict: Verdict::quiet(), next_change: by_policy };
    }
    let judgement = R::judge(memory, scope, shared, now);
    Judgement { next_change: judgement.next_change.into_iter().chain(by_policy).min(), ..judgement }
}

/// Whether somebody is to be reminded of a scope at `now`; nobody is by a rule that the policy has not enabled.
pub fn nudge<R: Rule>(memory: &R::Memory, scope: &Scope, shared: &Shared<'_>, now: Timestamp) -> Option<Nudge> {
    shared.policy.at(now).rule_enabled(R::NAME).then(|| R::nudge(memory, scope, shared, now)).flatten()
}

/// The name of a rule.
pub fn name<R: Rule>() -> Slug {
    word(R::NAME)
}

/// The key of the alert that a rule raises for a scope.
pub fn key<R: Rule>(scope: &Scope) -> Key {
    Key { rule: name::<R>(), subject_kind: word(scope.kind.word()), subject_id: scope.id.clone() }
}

/// A word of ours as a slug.
pub(crate) fn word(text: &'static str) -> Slug {
    #[expect(clippy::expect_used, reason = "rule names and scope kinds are slugs: a test says so of each")]
    text.parse().expect("a word of ours is a slug")
}

#[cfg(test)]
mod tests;
