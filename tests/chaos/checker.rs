//! What must hold whatever happened: every acknowledged command on the log once, each cause in one alert, folds without a difference.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use bus::IN_TURN_MAX;
use jiff::Timestamp;
use serde_json::Value;
use system_tests::{Attempt, History, NatsByHand, Sent, System};

use crate::{
    load::{COMMUNITY, FEVER_TENTHS_CELSIUS, visit_on_log},
    told::{self, Outsider},
};

/// Longest wait for everything to settle after the last fault.
pub(crate) const SETTLE_WAIT: Duration = Duration::from_secs(60);

/// What a run is judged by.
pub(crate) struct Run<'a> {
    pub(crate) system: &'a System,
    /// A nats-server that is not the program's.
    pub(crate) nats: Option<&'a NatsByHand>,
    pub(crate) history: &'a History,
    pub(crate) outsider: Outsider,
    pub(crate) seed: u64,
}

/// Checks all of it. What the run came to, in numbers.
pub(crate) async fn check(run: Run<'_>) -> String {
    let Run { system, history, seed, .. } = run;
    check_log(&export(system), history, seed);
    let facts = every_fever_is_told(system, history, seed, |_, _| false).await;
    check_alerts(&facts, seed);
    let batches = batches(&export(system));
    assert!(batches > 0, "seed {seed}: nothing was appended in a batch");
    format!("{}, {batches} appended in batches", finish(run).await)
}

/// As [`check`], where the clock jumped: a fever that, by the times of all readings, was over later is none to tell. Those are counted.
pub(crate) async fn check_out_of_time(run: Run<'_>) -> String {
    let Run { system, history, seed, .. } = run;
    check_log(&export(system), history, seed);
    let facts = every_fever_is_told(system, history, seed, Facts::was_over).await;
    check_alerts(&facts, seed);
    let over = facts.fevers.iter().filter(|fever| !facts.causes.contains_key(*fever)).count();
    format!("{}, {over} fevers over before they were told", finish(run).await)
}

async fn finish(run: Run<'_>) -> String {
    let Run { system, nats, history, mut outsider, seed } = run;
    let told = told::check(system, nats, &mut outsider, &BTreeSet::new(), seed).await;
    check_folds(system, seed);
    format!("{}, {told} messages told", history.summary())
}

/// Every line of the exported log.
pub(crate) fn export(system: &System) -> Vec<Value> {
    let output = system.command(&["--community", COMMUNITY, "--json", "events", "export"]).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Commits that were appended as one atomic batch: what is appended together is recorded at one time, and more than so many do not go in turn.
fn batches(commits: &[Value]) -> usize {
    commits.chunk_by(|one, next| one["recorded_at"] == next["recorded_at"]).map(<[Value]>::len).filter(|commits| *commits > IN_TURN_MAX).sum()
}

fn check_log(commits: &[Value], history: &History, seed: u64) {
    let (all, refused, again) = (history.all().len(), history.refused(), history.answered_again());
    assert!(all > 100, "seed {seed}: only {all} commands were sent");
    assert!(refused > 0 && again > 0, "seed {seed}: no bad command was refused, or none was sent again");
    check_each(commits, history, seed);
}

/// What was answered, against what stands on the log.
fn check_each(commits: &[Value], history: &History, seed: u64) {
    let mut found: BTreeMap<String, Vec<(u64, Option<Value>)>> = BTreeMap::new();
    for commit in commits {
        let stands = (commit["sequence"].as_u64().unwrap(), visit_on_log(commit));
        found.entry(commit["command"].as_str().unwrap().to_owned()).or_default().push(stands);
    }
    for (id, sent) in history.all() {
        let stands = found.remove(&id).unwrap_or_default();
        match sent.attempt {
            Attempt::Acknowledged(sequence) => {
                assert_eq!(stands, [(sequence, Some(sent.what))], "seed {seed}: command {id} was acknowledged at {sequence}");
            }
            Attempt::Refused => assert!(stands.is_empty(), "seed {seed}: command {id} was refused and stands at {stands:?}"),
            Attempt::Unknown => {
                assert!(stands.len() <= 1, "seed {seed}: command {id} stands at {stands:?}");
                assert!(stands.iter().all(|(_, what)| what.as_ref() == Some(&sent.what)), "seed {seed}: {id} is not what was sent: {stands:?}");
            }
        }
    }
    let strange: Vec<_> = found.iter().filter(|(_, stands)| stands.iter().any(|(_, what)| what.is_some())).collect();
    assert!(strange.is_empty(), "seed {seed}: visits that nobody sent: {strange:?}");
}

/// What the log says of fevers and alerts.
#[derive(Default)]
struct Facts {
    /// Visits that found a fever.
    fevers: BTreeSet<String>,
    /// How often each alert was raised.
    raised: BTreeMap<String, u32>,
    /// The alerts of people that each cause stands in. A cluster, which is about nobody, says once more what their fevers say.
    causes: BTreeMap<String, BTreeSet<String>>,
    /// What was measured of each person.
    readings: BTreeMap<String, Vec<Reading>>,
}

/// What was measured, in the order of time.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Reading {
    at: Timestamp,
    tenths_celsius: i64,
    event: String,
    /// Of the commit.
    sequence: u64,
}

/// Two readings without a fever that lie so far apart end one (crates/rules/src/course.rs), in seconds.
const CLEAR_APART_SECONDS: i64 = 4 * 3600;
/// Commits that may follow a fever before alerting has judged it.
const JUDGED_WITHIN: u64 = 100;

impl Facts {
    fn of(commits: &[Value]) -> Self {
        let mut facts = Self::default();
        let events = commits.iter().flat_map(|commit| commit["events"].as_array().into_iter().flatten().map(move |event| (commit, event)));
        for (commit, event) in events {
            let (kind, alert) = (event["type"].as_str(), event["data"]["alert"].as_str().unwrap_or_default().to_owned());
            if kind == Some("visit.recorded.v1") {
                let (person, id) = (&event["data"]["people"][0], event["id"].as_str().unwrap().to_owned());
                let (at, tenths_celsius) = (&person["readings"][0]["at"], person["readings"][0]["tenths_celsius"].as_i64().unwrap());
                let (at, sequence) = (at.as_str().unwrap().parse().unwrap(), commit["sequence"].as_u64().unwrap());
                if tenths_celsius >= FEVER_TENTHS_CELSIUS {
                    facts.fevers.insert(id.clone());
                }
                let who = person["who"]["person"].as_str().unwrap().to_owned();
                facts.readings.entry(who).or_default().push(Reading { at, tenths_celsius, event: id, sequence });
            }
            if kind == Some("alert.raised.v1") {
                *facts.raised.entry(alert.clone()).or_default() += 1;
            }
            let occurrence = &event["data"]["occurrence"];
            for cause in occurrence["causes"].as_array().filter(|_| !occurrence["person"].is_null()).into_iter().flatten() {
                facts.causes.entry(cause.as_str().unwrap().to_owned()).or_default().insert(alert.clone());
            }
        }
        facts.readings.values_mut().for_each(|readings| readings.sort());
        facts
    }

    /// Whether a fever lies, by its time, before readings that ended it, and these were recorded by the time it was judged: nobody is told of what is
    /// over.
    fn was_over(&self, fever: &str) -> bool {
        let of_person = self.readings.values().find(|readings| readings.iter().any(|reading| reading.event == fever));
        let Some((readings, place)) = of_person.and_then(|all| Some((all, all.iter().position(|reading| reading.event == fever)?))) else { return false };
        let judged_at = readings[place].sequence + JUDGED_WITHIN;
        let mut clear = None;
        for reading in readings[place + 1..].iter().filter(|reading| reading.sequence <= judged_at) {
            clear = match clear {
                _ if reading.tenths_celsius >= FEVER_TENTHS_CELSIUS => None,
                Some(first) if reading.at.as_second() - first >= CLEAR_APART_SECONDS => return true,
                Some(first) => Some(first),
                None => Some(reading.at.as_second()),
            };
        }
        false
    }
}

/// The fevers that clients were told stand on the log, by the ids of their events.
fn acknowledged_fevers(history: &History) -> BTreeSet<String> {
    let is_fever = |sent: &Sent| matches!(sent.attempt, Attempt::Acknowledged(_)) && sent.what["tenths"].as_i64() >= Some(FEVER_TENTHS_CELSIUS);
    history.all().into_iter().filter(|(_, sent)| is_fever(sent)).map(|(id, _)| format!("{id}-0")).collect()
}

/// Waits until every fever stands in the causes of an alert, unless it is excused: those that were acknowledged, and of those without an answer
/// what stands on the log.
async fn every_fever_is_told(system: &System, history: &History, seed: u64, is_excused: impl Fn(&Facts, &str) -> bool) -> Facts {
    let (acknowledged, begun) = (acknowledged_fevers(history), Instant::now());
    loop {
        let facts = Facts::of(&export(system));
        let is_missing = |fever: &&String| !facts.causes.contains_key(*fever) && !is_excused(&facts, fever);
        let missing = facts.fevers.union(&acknowledged).filter(is_missing).count();
        if missing == 0 {
            return facts;
        }
        assert!(begun.elapsed() < SETTLE_WAIT, "seed {seed}: {missing} of {} fevers were never alerted", facts.fevers.len());
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Each cause stands in one alert and is a fever of the log, and each alert was raised once.
fn check_alerts(facts: &Facts, seed: u64) {
    let Facts { fevers, raised, causes, .. } = facts;
    assert!(!fevers.is_empty() && !raised.is_empty(), "seed {seed}: no fever was recorded, or none was told");
    assert!(raised.values().all(|times| *times == 1), "seed {seed}: raised twice: {raised:?}");
    let doubled: Vec<_> = causes.iter().filter(|(_, alerts)| alerts.len() > 1).collect();
    assert!(doubled.is_empty(), "seed {seed}: a cause in two alerts: {doubled:?}");
    let strange: Vec<_> = causes.keys().filter(|cause| !fevers.contains(*cause)).collect();
    assert!(strange.is_empty(), "seed {seed}: told because of what is no fever on the log: {strange:?}");
}

pub(crate) fn check_folds(system: &System, seed: u64) {
    for arguments in [&["rebuild", "--check"][..], &["verify"]] {
        let output = system.command(arguments).unwrap();
        let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "seed {seed}: gridward {arguments:?} found something:\n{said}");
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::load::visit;

    /// A command of this id, answered so.
    fn answered(attempt: Attempt) -> History {
        let history = History::default();
        history.begin("c1", &visit(1, 366));
        history.note("c1", attempt);
        history
    }

    /// A commit of a command that says this of door 1.
    fn stands(command: &str, sequence: u64, tenths: i64) -> Value {
        let people = json!([{"who":{"person":"p1"},"readings":[{"tenths_celsius":tenths}]}]);
        let visit = json!({"type":"visit.recorded.v1","data":{"place":{"household":"h1"},"people":people}});
        json!({"command":command,"sequence":sequence,"recorded_at":"2020-02-06T07:04:00Z","events":[visit]})
    }

    #[test]
    fn what_was_answered_and_is_not_so_is_seen() {
        let (acknowledged, here) = (Attempt::Acknowledged(7), stands("c1", 7, 366));
        let is_sound = |commits: &[Value], attempt| std::panic::catch_unwind(|| check_each(commits, &answered(attempt), 0)).is_ok();
        assert!(is_sound(std::slice::from_ref(&here), acknowledged) && is_sound(&[], Attempt::Refused), "as it should be");
        assert!(is_sound(std::slice::from_ref(&here), Attempt::Unknown) && is_sound(&[], Attempt::Unknown), "once, or not at all");
        for (commits, attempt, what) in [
            (vec![], acknowledged, "lost"),
            (vec![here.clone(), stands("c1", 9, 366)], acknowledged, "doubled"),
            (vec![stands("c1", 8, 366)], acknowledged, "elsewhere"),
            (vec![stands("c1", 7, 390)], acknowledged, "something else"),
            (vec![here.clone()], Attempt::Refused, "refused and recorded"),
            (vec![here.clone(), stands("c1", 9, 366)], Attempt::Unknown, "doubled without an answer"),
            (vec![stands("c1", 7, 390)], Attempt::Unknown, "something else without an answer"),
            (vec![here, stands("c2", 8, 366)], acknowledged, "what nobody sent"),
        ] {
            assert!(!is_sound(&commits, attempt), "{what} passes");
        }
    }

    #[test]
    fn a_batch_is_what_was_recorded_at_one_time_and_is_more_than_goes_in_turn() {
        let commits = |count: usize, at: &str| vec![json!({"recorded_at":at}); count];
        let all = [commits(IN_TURN_MAX, "a"), commits(IN_TURN_MAX + 1, "b"), commits(3, "c"), commits(40, "d")].concat();
        assert_eq!(batches(&all), IN_TURN_MAX + 1 + 40);
    }
}
