//! What the public is told: how many alerts of a kind and severity are open in a community, whenever that changes. Nothing below the
//! community is in it, no person, and no alert: an id that is made of a person's could be guessed back to them.

use std::collections::BTreeMap;

use domain::{
    Fact,
    alert::{Kind, Severity, State},
    community,
    values::Slug,
};
use serde::{Deserialize, Serialize};

use super::{
    message::{Body, Message, said},
    title::Title,
};

/// Open alerts of a community, by kind and severity: a fold of its alerts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Counts {
    /// Changes so far: gapless per community.
    n: u64,
    open: BTreeMap<Counted, u32>,
}

/// What an open alert is counted as.
type Counted = (Slug, Severity);

/// As what an alert is counted; nothing once it is recovering or over, and where it says what medicine found: such counts are counts of cases.
pub(crate) fn counted(state: &State) -> Option<Counted> {
    (state.needs_somebody() && !state.key.tells_a_finding()).then(|| (state.key.rule.clone(), state.severity_peak))
}

/// How a count moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moved {
    /// There is one more.
    More,
    /// There is one less.
    Less,
    /// As many, one of them worse.
    Worse,
}

/// The body of a message.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Data {
    /// What happened to the alert that moved the counts.
    action: &'static str,
    kind: String,
    severity: Severity,
    exercise: bool,
    n: u64,
    title: Title,
    place: Place,
    /// Everything that is open now; what is not listed is zero.
    open: Vec<Line>,
}

#[derive(Clone, Debug, Serialize)]
struct Place {
    town: String,
    community: String,
}

#[derive(Clone, Debug, Serialize)]
struct Line {
    kind: String,
    severity: Severity,
    count: u32,
}

impl Counts {
    /// Takes in what became of an alert; nothing when no count moves by it.
    pub(crate) fn turn(&mut self, before: Option<Counted>, after: Option<Counted>) -> Option<Moved> {
        let moved = match (&before, &after) {
            (None, Some(_)) => Moved::More,
            (Some(_), None) => Moved::Less,
            (Some(was), Some(is)) if was != is => Moved::Worse,
            (Some(_), Some(_)) | (None, None) => return None,
        };
        if let Some(was) = before {
            self.open.entry(was.clone()).and_modify(|count| *count = count.saturating_sub(1));
            self.open.retain(|_, count| *count > 0);
        }
        if let Some(is) = after {
            *self.open.entry(is).or_default() += 1;
        }
        self.n += 1;
        Some(moved)
    }

    /// What is open, and how often.
    pub(crate) fn open(&self) -> impl Iterator<Item = (&Counted, &u32)> {
        self.open.iter()
    }

    /// How many of a kind are open.
    fn of_kind(&self, kind: &Slug) -> u32 {
        self.open.iter().filter(|((counted, _), _)| counted == kind).map(|(_, count)| count).sum()
    }

    /// The message about an event that moved the counts to these; nothing when it is no alert event.
    pub(crate) fn message(&self, fact: &Fact<'_>, state: &State, moved: Moved, community: &community::State) -> Option<Message<Data>> {
        let (header, (action, _late, _causes)) = (fact.header, said(fact, state)?);
        let (town, here, kind, severity) = (&community.town, &header.community, &state.key.rule, state.severity_peak);
        let line = |((kind, severity), count): (&Counted, &u32)| Line { kind: kind.to_string(), severity: *severity, count: *count };
        let data = Data {
            action,
            kind: kind.to_string(),
            severity,
            exercise: header.exercise,
            n: self.n,
            title: title(kind, moved, self.of_kind(kind), community, header.exercise),
            place: Place { town: town.to_string(), community: here.to_string() },
            open: self.open().map(line).collect(),
        };
        let body = Body {
            specversion: "1.0",
            // its place in the log: an alert's own id would tell two messages of one person from two of two
            id: format!("{}-{}-{}", header.epoch, fact.sequence, fact.index),
            source: format!("/towns/{town}/communities/{here}"),
            r#type: "gridward.alert_counts.changed.v1".to_owned(),
            subject: "_".to_owned(),
            time: header.recorded_at,
            datacontenttype: "application/json",
            severity,
            sequence: format!("{:020}", self.n),
            partitionkey: here.to_string(),
            data,
        };
        Some(Message { subject: format!("gw-public.v1.{town}.{here}.alert.{kind}.{severity}._.{action}"), body })
    }
}

/// `阳光社区 发热：新增1起，现有3起`
fn title(kind: &Slug, moved: Moved, count: u32, community: &community::State, exercise: bool) -> Title {
    let (kind_zh, kind_en) = Kind::name_of(kind.as_str());
    let (moved_zh, moved_en) = match moved {
        Moved::More => ("新增1起", "one more"),
        Moved::Less => ("减少1起", "one less"),
        Moved::Worse => ("加重1起", "one is worse"),
    };
    let (drill_zh, drill_en) = if exercise { ("【演练】", "[exercise] ") } else { Default::default() };
    let name = &community.name;
    Title { zh_cn: format!("{drill_zh}{name} {kind_zh}：{moved_zh}，现有{count}起"), en: format!("{drill_en}{kind_en}: {moved_en}, {count} open, {name}") }
}
