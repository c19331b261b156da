//! What must hold of every machine: counts add up, criticals first, never more than budget and pace, nothing below the class.

mod away;
mod clusters;
mod handover;
mod holding;
mod levels;
mod next;
mod nudges;
mod properties;
mod share;
mod silenced;
mod stories;
mod texts;

use domain::{
    alert::Severity,
    community::QuietHours,
    values::{TimeOfDay, Timestamp, Zone},
};
use serde_json::json;

use super::*;

/// When the tests begin: away from the full and the half hour.
const START: Timestamp = Timestamp(1_580_972_640_000);

fn at(seconds: i64) -> Moment {
    let now = START.plus_ms(seconds * 1000);
    Moment { clock: now, real: now }
}

fn plan(channel: Channel, class: Class) -> Plan {
    Plan {
        name: "office".parse().unwrap(),
        channel,
        class,
        doors: Doors::All,
        filter: Filter::default(),
        leaders: Vec::new(),
        staff: Vec::new(),
        cluster_stands: false,
        quiet: None,
    }
}

/// A message as it stands on the stream.
fn payload(alert: u32, n: u32, kind: &str, severity: Severity, action: &str, building: &str, seconds: i64) -> Vec<u8> {
    let title = json!({"zh-CN": format!("阳光小区 {building}2单元502 {kind}"), "en": format!("{kind}, Yangguang, {building}, door 502")});
    let acknowledged = (action == "acknowledged").then(|| json!({"by": "token:n1", "at": START, "until": null}));
    let owner = (action == "escalated").then(|| json!({"level": 2, "staff": null, "also": [], "since": START, "gaps": [], "why": "unacknowledged"}));
    let subject = if kind == "building_silent" { format!("building/{building}") } else { "person/p7f3a".to_owned() };
    let body = json!({
        "specversion": "1.0", "id": format!("1-{alert}-{n}"), "source": "/towns/dianbu/communities/u07", "type": format!("gridward.alert.{action}.v1"),
        "subject": format!("building/{building}"), "time": START.plus_ms(seconds * 1000), "severity": severity, "partitionkey": format!("a{alert}"),
        "data": {"alert": format!("a{alert}"), "n": n, "key": format!("u07/{kind}/{subject}"), "kind": kind, "action": action, "severity": severity,
            "exercise": false, "title": title, "person": {"ref": "p7f3a"}, "acknowledged": acknowledged, "owner": owner,
            "place": {"town": "dianbu", "community": "u07", "estate": "e1", "building": building, "unit": "2", "household": "h502"}}
    });
    serde_json::to_vec(&body).unwrap()
}

fn heard(sequence: u64, payload: &[u8], seconds: i64) -> Heard {
    Heard::read(sequence, START.plus_ms(seconds * 1000), payload)
}

/// A machine, a receiver that answers as told, and everything that was called.
struct Bench {
    machine: Machine,
    sequence: u64,
    calls: Vec<(i64, Send)>,
    told: Vec<u8>,
    /// Numbers of the sends that the receiver has.
    done: std::collections::BTreeSet<u64>,
    /// Until when an alert is silenced at a time, both in seconds; nothing while nobody answers.
    silences: Box<Answering>,
    /// What was asked about, and when.
    asked: Vec<(i64, String)>,
    /// When something happened to an alert, and what, where a test keeps it.
    heard: Vec<(i64, String, &'static str)>,
}

/// Of an alert: nobody knows, it is not silenced, or it is until so many seconds.
type Answer = Option<Option<i64>>;
type Answering = dyn Fn(i64, &str) -> Answer;

impl Bench {
    fn new(plan: Plan) -> Self {
        let machine = Machine::new(plan, "abc".to_owned());
        let (calls, told, done, asked, heard) = Default::default();
        Self { machine, sequence: 0, calls, told, done, silences: Box::new(|_, _| None), asked, heard }
    }

    fn hear(&mut self, alert: u32, kind: &str, severity: Severity, action: &str, building: &str, seconds: i64) {
        self.hear_with(payload(alert, 1, kind, severity, action, building, seconds), &json!({}), seconds);
    }

    /// Hears a message of which some of `data` is other.
    fn hear_with(&mut self, payload: Vec<u8>, data: &serde_json::Value, seconds: i64) {
        self.sequence += 1;
        let mut body: serde_json::Value = serde_json::from_slice(&payload).unwrap();
        body["data"].as_object_mut().unwrap().extend(data.as_object().unwrap().clone());
        self.machine.hear(&heard(self.sequence, &serde_json::to_vec(&body).unwrap(), seconds), at(seconds));
        self.adds_up();
    }

    /// Lets a second pass: all that may be called is called.
    fn second(&mut self, seconds: i64, answer: impl Fn(&Send) -> Outcome) {
        loop {
            let silences = self.answers(seconds);
            self.machine.tick(at(seconds), &silences);
            self.adds_up();
            let Some(send) = self.machine.start(at(seconds)) else { break };
            let outcome = answer(&send);
            self.machine.settle(send.number, outcome, at(seconds)).unwrap();
            self.done.extend((outcome == Outcome::Delivered).then_some(send.number));
            self.told.extend(serde_json::to_vec(&send).unwrap());
            self.calls.push((seconds, send));
            self.adds_up();
        }
    }

    /// What the machine asks, answered.
    fn answers(&mut self, seconds: i64) -> Silences {
        let asked: Vec<String> = self.machine.to_ask(at(seconds)).into_iter().map(|(_, alert)| alert).collect();
        self.asked.extend(asked.iter().map(|alert| (seconds, alert.clone())));
        let answer = |alert: String| (self.silences)(seconds, &alert).map(|until| (alert, until.map(|until| at(until).clock)));
        asked.into_iter().filter_map(answer).collect()
    }

    fn run(&mut self, seconds: std::ops::Range<i64>) {
        seconds.for_each(|second| self.second(second, |_| Outcome::Delivered));
    }

    fn adds_up(&self) {
        let report = self.machine.report();
        let suppressed: u64 = report.suppressed.values().sum();
        let known = report.delivered + report.given_up + suppressed + self.machine.waiting();
        assert_eq!(report.heard, known, "every message is in one send, waits for one, or has a reason: {report:?}");
    }

    fn sorts(&self) -> Vec<(i64, Sort, u64)> {
        self.calls.iter().filter_map(|(seconds, send)| notice(send).map(|notice| (*seconds, notice.sort, notice.count()))).collect()
    }
}

fn notice(send: &Send) -> Option<&Notice> {
    match &send.content {
        Content::Notice(notice) => Some(notice),
        Content::Message { .. } => None,
    }
}
