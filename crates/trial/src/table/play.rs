//! Playing a table, and comparing the alerts after each row with those that are expected.

use std::collections::BTreeMap;

use domain::{
    Command, Envelope, Rejection,
    alert::{self, Severity, Status},
    command::ParseError,
    commit::Role,
    community::{self, SetPolicy},
    record,
    values::{CommandId, Slug, TimeOfDay, Timestamp, Zone},
};
use serde_json::Value;

use super::{
    Location, Row, Table, TableError,
    cell::{Cell, Word},
    entry::{self, Entry, Times},
    neighbourhood,
    words::{self, NOTHING, STANDINGS, Standing},
};
use crate::{Trial, TrialError};

/// When the neighbourhood is registered, on the day before.
const REGISTERED: TimeOfDay = TimeOfDay::of(20, 0);

/// A row after which the alerts are not those that are expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Where the alerts are expected.
    pub place: Location,
    /// Expected, and not so.
    pub missing: Vec<String>,
    /// So, and not expected.
    pub unexpected: Vec<String>,
}

/// An alert that is expected.
struct Expected {
    rule: Slug,
    subject: String,
    severity: Option<Severity>,
    unconfirmed: bool,
    standing: Standing,
}

impl Expected {
    fn is(&self, alert: &alert::State) -> bool {
        let (severity, unconfirmed) = (alert.occurrence.severity, alert.occurrence.unconfirmed);
        let stands = self.standing == standing(alert) && (self.standing != Standing::Open || self.unconfirmed == unconfirmed);
        self.same(alert) && stands && self.severity.is_none_or(|expected| expected == severity)
    }

    fn same(&self, alert: &alert::State) -> bool {
        self.rule == alert.key.rule && self.subject == alert.key.subject_id.as_str()
    }
}

fn standing(alert: &alert::State) -> Standing {
    match alert.status {
        Status::Open | Status::Acknowledged { .. } if alert.recovering.is_some() => Standing::Recovering,
        Status::Open | Status::Acknowledged { .. } => Standing::Open,
        Status::Resolved { .. } => Standing::Resolved,
        Status::Closed => Standing::Closed,
    }
}

/// Plays a table, under another policy than the usual one if there is one. What stands above the table comes on top of it.
///
/// # Errors
/// What is wrong with the first cell that cannot be played.
pub fn check(table: &Table, policy: Option<&SetPolicy>) -> Result<Vec<Difference>, TableError> {
    let mut play = Play::begin(table, policy)?;
    let mut differences = Vec::new();
    for row in &table.rows {
        play.row(row)?;
        let expected = expected(&row.alerts)?;
        differences.extend(play.differs(&row.alerts, &expected));
    }
    Ok(differences)
}

struct Play<'a> {
    table: &'a Table,
    trial: Trial,
    zone: Zone,
    now: Timestamp,
    /// The command of each row, from 1.
    rows: BTreeMap<usize, CommandId>,
    row: usize,
}

impl<'a> Play<'a> {
    fn begin(table: &'a Table, policy: Option<&SetPolicy>) -> Result<Self, TableError> {
        let zone = Zone::default();
        let now = zone.at(table.date.plus_days(-1), REGISTERED);
        #[expect(clippy::expect_used, reason = "the community of the neighbourhood is a slug")]
        let community = neighbourhood::COMMUNITY.parse().expect("a slug");
        let mut play = Self { table, trial: Trial::new(community), zone, now, rows: BTreeMap::new(), row: 0 };
        let top = table.rows.first().map_or(Location { line: 1, column: 1 }, |row| row.time.place());
        let wrong = |what: String| TableError { place: top, what };
        for (kind, data) in neighbourhood::commands() {
            play.send(kind, data, Times { recorded_at: now, at: now }).map_err(wrong)?;
        }
        for policy in policy.into_iter().chain(&table.policy) {
            let policy = SetPolicy { effective_from: Some(policy.effective_from.unwrap_or(now)), ..policy.clone() };
            play.ask(Command::Community(community::Command::SetPolicy(policy)), Times { recorded_at: now, at: now }).map_err(wrong)?;
        }
        Ok(play)
    }

    fn row(&mut self, row: &Row) -> Result<(), TableError> {
        self.row += 1;
        let times = entry::times(&row.time, self.table.date, &self.zone)?;
        if times.recorded_at < self.now {
            return Err(row.time.wrong("time does not go back: this is before the row above"));
        }
        self.now = times.recorded_at;
        let id = match entry::read(&row.entry, self.table.date, &self.zone)? {
            Entry::Wait => return self.trial.advance(self.now).map_err(|error| row.entry.wrong(error.to_string())),
            Entry::Command(kind, data) => self.send(kind, data, times),
            Entry::TakeBack(number, word) => {
                let command = self.rows.get(&number).copied();
                let command = command.ok_or_else(|| word.wrong(format!("nothing was entered in row {number}, counted in this table from 1")))?;
                let retract = record::Retract { command, reason: "typing error".to_owned() };
                self.ask(Command::Record(record::Command::Retract(retract)), times)
            }
            Entry::Close { rule, subject, reason } => {
                let command = self.close(&rule, &subject, &reason)?;
                self.ask(Command::Alert(command), times)
            }
        };
        let id = id.map_err(|what| row.entry.wrong(what))?;
        self.rows.insert(self.row, id);
        Ok(())
    }

    fn close(&self, rule: &Word, subject: &Word, reason: &Word) -> Result<alert::Command, TableError> {
        let slug = words::rule(&rule.text).ok_or_else(|| rule.wrong(words::no_rule(&rule.text)))?;
        let known = self.trial.alerts().find(|alert| alert.key.rule == slug && alert.key.subject_id.as_str() == subject.text);
        let known = known.ok_or_else(|| subject.wrong(format!("there is no alert {slug} of {}", subject.text)))?;
        let words = || alert::CloseReason::ALL.iter().map(|reason| reason.word()).collect::<Vec<_>>().join(", ");
        let reason =
            alert::CloseReason::from_word(&reason.text).ok_or_else(|| reason.wrong(format!("`{}` is no reason; there are: {}", reason.text, words())))?;
        Ok(alert::Command::Close(alert::Close { alert: known.alert.clone(), n: known.n, reason }))
    }

    /// Asks for a command as the contract writes it.
    fn send(&mut self, kind: &str, data: Value, times: Times) -> Result<CommandId, String> {
        let command = Command::parse(kind, data).map_err(|error| match error {
            ParseError::UnknownType => format!("no command type {kind}"),
            ParseError::Data(error) => error.to_string(),
        })?;
        self.ask(command, times)
    }

    fn ask(&mut self, command: Command, times: Times) -> Result<CommandId, String> {
        let id = self.trial.next_id();
        let envelope = Envelope { at: Some(times.at), ..Envelope::of_service(id, command) };
        match self.trial.send(&envelope, Role::Office, times.recorded_at) {
            Ok(Ok(())) => Ok(id),
            Ok(Err(refusal)) => Err(refused(&refusal)),
            Err(error @ (TrialError::Retraction(_) | TrialError::Restless(_))) => Err(error.to_string()),
        }
    }

    fn differs(&self, cell: &Cell, expected: &[Expected]) -> Option<Difference> {
        let compared = |alert: &&alert::State| self.table.rules.is_empty() || self.table.rules.contains(&alert.key.rule);
        let alerts: Vec<&alert::State> = self.trial.alerts().filter(compared).collect();
        let missing = expected.iter().filter(|expected| !alerts.iter().any(|alert| expected.is(alert))).map(say_expected).collect::<Vec<_>>();
        let open = alerts.iter().filter(|alert| alert.is_active());
        let mut unexpected: Vec<String> = open.filter(|alert| !expected.iter().any(|expected| expected.is(alert))).map(|alert| say(alert)).collect();
        unexpected.sort_unstable();
        (!missing.is_empty() || !unexpected.is_empty()).then(|| Difference { place: cell.place(), missing, unexpected })
    }
}

fn refused(refusal: &Rejection) -> String {
    match refusal {
        Rejection::UnknownReference { kind, id, .. } => format!("there is no {kind} {id} in the neighbourhood of the tables"),
        Rejection::Invalid { reason, .. } | Rejection::Conflict { reason, .. } => format!("this would be refused: {reason}"),
    }
}

/// The alerts that a cell expects, separated by semicolons.
fn expected(cell: &Cell) -> Result<Vec<Expected>, TableError> {
    if cell.plain().is_empty() {
        return Err(cell.wrong("which alerts? `nothing` or 无 when there are none"));
    }
    if NOTHING.contains(&cell.plain()) {
        return Ok(Vec::new());
    }
    cell.parts(&[';', ',']).iter().map(one_expected).collect()
}

fn one_expected(part: &Cell) -> Result<Expected, TableError> {
    let words = part.words();
    let [rule, subject, more @ ..] = &words[..] else {
        return Err(part.wrong("an alert is written `fever p1 critical` · 发热 p1 急"));
    };
    let slug = words::rule(&rule.text).ok_or_else(|| rule.wrong(words::no_rule(&rule.text)))?;
    let mut expected = Expected { rule: slug, subject: subject.text.clone(), severity: None, unconfirmed: false, standing: Standing::Open };
    for word in more {
        let standing = STANDINGS.iter().find(|(chinese, english, _)| words::is(&word.text, chinese, english));
        if let Some((.., standing)) = standing {
            expected.standing = *standing;
        } else if words::is(&word.text, "待复测", "unconfirmed") {
            expected.unconfirmed = true;
        } else {
            let known = words::severity(&word.text);
            let words = |words| {
                format!("`{}` says nothing of an alert; there are: {words}, 待复测 unconfirmed, 恢复中 recovering, 已结束 resolved, 已关闭 closed", word.text)
            };
            expected.severity = Some(known.map_err(|all| word.wrong(words(all)))?);
        }
    }
    Ok(expected)
}

fn say_expected(expected: &Expected) -> String {
    let severity = expected.severity.map(|severity| format!(" {severity}")).unwrap_or_default();
    let unconfirmed = if expected.unconfirmed { " unconfirmed" } else { "" };
    format!("{} {}{severity}{unconfirmed}{}", expected.rule, expected.subject, say_standing(expected.standing))
}

fn say(alert: &alert::State) -> String {
    let unconfirmed = if alert.occurrence.unconfirmed { " unconfirmed" } else { "" };
    format!("{} {} {}{unconfirmed}{}", alert.key.rule, alert.key.subject_id, alert.occurrence.severity, say_standing(standing(alert)))
}

fn say_standing(standing: Standing) -> &'static str {
    match standing {
        Standing::Open => "",
        Standing::Recovering => " recovering",
        Standing::Resolved => " resolved",
        Standing::Closed => " closed",
    }
}
