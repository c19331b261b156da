//! Scripts. A line is one of
//!
//! ```text
//! # words for readers
//! on 2020-02-06                                          the day of the lines below
//! 15:04  visit h502 met: p1 38.2 forehead, p2 36.5 axilla
//! 15:04  visit h502 met in r1: p1 38.2 axilla cough      with a symptom; a round
//! 18:20 (11:30 on paper)  check q1: 36.6 axilla           typed at 18:20, done at 11:30
//! 09:00  check q1 no_answer
//! 09:00  order q1 p1 since 2020-02-01
//! 09:00  order q1 p1 since 2020-02-01 in hospital
//! 09:00  move q1 to hospital
//! 09:00  extend q1 until 2020-02-16
//! 09:00  release q1
//! 09:00  pass c1 out p1 admitted
//! 09:00  finding p1 not_infected
//! 09:00  report b07                                       or: report b07 unit 2
//! 09:00  round r1 opens until 12:00                       or: round r1 opens, round r1 closes
//! 09:00  take back line 5
//! 09:00  staff s-wang                                     somebody who works here
//! 09:00  duty s-wang nurse 1 for community u07            at level 1, for good
//! 09:00  shift s-li nurse 1 for community u07 from 20:00 until 08:00     tonight, in place of the roster before
//! 09:00  away s-wang until 18:00
//! 15:05  nurse takes fever p1 until 15:40                 or: leader takes fever p1
//! 15:05  grid asks up fever p1
//! 09:00  wait
//! 09:00  in u08 visit h502 absent                         in the other community
//! show alerts · show board · show doors b07 · show slots q1 · show coverage r1 · in u08 show alerts
//! ```

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    commit::Role,
    values::{CommandId, Timestamp},
};
use serde_json::{Value, json};
use testkit::said;

use crate::{
    show,
    town::{Town, alerts, commands},
};

/// The community that lines are about, another one, and one that no line is ever about.
const HERE: &str = "u07";
const OTHER: &str = "u08";
const BYSTANDER: &str = "u99";
/// Words for how people are found; everything else behind a name is a symptom.
const SITES: [&str; 5] = ["forehead", "ear", "axilla", "oral", "thermal"];

/// What happens in a line.
struct Told {
    kind: &'static str,
    data: Value,
}

struct Play {
    town: Town,
    day: String,
    lines: BTreeMap<usize, CommandId>,
    /// Lines by command, for what names its causes.
    causes: BTreeMap<String, usize>,
    seen: BTreeMap<String, usize>,
    /// Communities whose news are told: the other one's only in stories about both.
    told_of: Vec<&'static str>,
    out: String,
}

/// Plays a script: what is said, line by line.
pub(crate) fn play(script: &str) -> String {
    run(script).out
}

/// Plays a script: the communities as they are after it.
pub(crate) fn played(script: &str) -> Town {
    run(script).town
}

fn run(script: &str) -> Play {
    let start = at("2020-02-05", "20:00");
    let told_of = if script.contains(&format!("in {OTHER} ")) { vec![HERE, OTHER] } else { vec![HERE] };
    let mut play = Play {
        town: Town::new(&[HERE, OTHER, BYSTANDER], start),
        day: String::new(),
        lines: BTreeMap::new(),
        causes: BTreeMap::new(),
        seen: BTreeMap::new(),
        told_of,
        out: String::new(),
    };
    play.wake_the_bystander();
    play.note_what_is_known();
    for (number, line) in (1..).zip(script.lines()) {
        play.line(number, line.trim_end());
    }
    play.the_bystander_is_as_without_the_story();
    play
}

/// A bystander to whom things happen, also by time alone: a fever, an order.
fn bystander(town: &mut Town) {
    let now = town.now();
    let visit =
        json!({"household":"h502","outcome":"met","mode":"door","people":[{"person":"p1","readings":[{"celsius":38.4,"site":"axilla"}],"symptoms":[]}]});
    let order = json!({"quarantine":"q1","person":"p3","kind":"home","count_from":{"date":"2020-02-05","basis":"exposure"}});
    for (kind, data) in [("visit.record", visit), ("quarantine.order", order)] {
        let (_, decided) = town.send(BYSTANDER, kind, data, now, None);
        assert!(decided.is_ok_and(|events| !events.is_empty()));
    }
}

impl Play {
    fn wake_the_bystander(&mut self) {
        bystander(&mut self.town);
    }

    fn the_bystander_is_as_without_the_story(&mut self) {
        let mut alone = Town::new(&[BYSTANDER], at("2020-02-05", "20:00"));
        bystander(&mut alone);
        alone.advance(self.town.now());
        let same = self.town.everything(BYSTANDER) == alone.everything(BYSTANDER);
        assert!(same, "the bystander's log is not what it would have been without the story");
        assert_eq!(show::everything(&self.town, BYSTANDER), show::everything(&alone, BYSTANDER));
        let ours = commands(self.town.world(BYSTANDER).commits()).len();
        assert_eq!(ours, self.town.world(BYSTANDER).commits().len());
    }

    /// What was recorded before the story begins is not told.
    fn note_what_is_known(&mut self) {
        for community in [HERE, OTHER] {
            self.seen.insert(community.to_owned(), self.town.world(community).commits().len());
        }
    }

    fn line(&mut self, number: usize, line: &str) {
        if line.is_empty() || line.starts_with('#') {
            self.say(line);
            return;
        }
        if let Some(day) = line.strip_prefix("on ") {
            self.day = day.to_owned();
            // a story may begin on the evening on which everything was registered
            let midnight = at(day, "00:00").max(self.town.now());
            self.pass(number, line, midnight);
            return;
        }
        let (community, show) = community_of(line);
        if let Some(what) = show.strip_prefix("show ") {
            self.say(line);
            for shown in show::show(&self.town, community, what, &self.causes) {
                self.say(&format!("      {shown}"));
            }
            return;
        }
        let (times, words) = line.split_once("  ").unwrap_or_else(|| panic!("line {number}: a time, two spaces, what happens: {line}"));
        let (typed, happened, via) = times_of(times);
        let now = at(&self.day, typed);
        let (community, words) = community_of(words.trim_start());
        self.pass(number, line, now);
        if words == "wait" {
            return;
        }
        let happened = happened.map_or(now, |time| at(&self.day, time));
        let (id, decided) = match self.about_an_alert(community, words) {
            Some((role, Told { kind, data })) => self.town.send_as(role, community, (kind, data), happened, via),
            None => {
                let Told { kind, data } = self.understand(number, words);
                self.town.send(community, kind, data, happened, via)
            }
        };
        self.lines.insert(number, id);
        self.causes.insert(id.to_string(), number);
        if !decided.as_ref().is_ok_and(|events| !events.is_empty()) {
            let said = self.causes.iter().fold(said(&decided), |said, (command, line)| said.replace(command, &format!("of line {line}")));
            self.say(&format!("      {said}"));
        }
        self.tell_news();
    }

    /// Lets time pass, tells what that brought, then the line itself.
    fn pass(&mut self, _: usize, line: &str, until: Timestamp) {
        self.town.advance(until);
        self.tell_news();
        self.say(line);
    }

    /// What was said of alerts since it was last told.
    fn tell_news(&mut self) {
        for community in self.told_of.clone() {
            let commits = self.town.world(community).commits();
            let from = self.seen.insert(community.to_owned(), commits.len()).unwrap_or_default();
            let news: Vec<String> = commits[from..].iter().flat_map(|commit| show::news(commit, &self.causes)).collect();
            for news in news {
                self.say(&format!("    > {}{news}", if community == HERE { String::new() } else { format!("in {community}: ") }));
            }
        }
    }

    fn say(&mut self, line: &str) {
        self.out.push_str(line);
        self.out.push('\n');
    }

    /// What somebody in a role does about an alert, if a line says so: `nurse takes fever p1 until 15:40`.
    fn about_an_alert(&self, community: &str, words: &str) -> Option<(Role, Told)> {
        let words: Vec<&str> = words.split(' ').collect();
        let (role, kind, rule, subject, until) = match words[..] {
            [role, "takes", rule, subject] => (role, "alert.acknowledge", rule, subject, None),
            [role, "takes", rule, subject, "until", time] => (role, "alert.acknowledge", rule, subject, Some(time)),
            [role, "asks", "up", rule, subject] => (role, "alert.escalate", rule, subject, None),
            _ => return None,
        };
        let role = Role::from_word(role).unwrap_or_else(|| panic!("{role} is no role"));
        let known = alerts(self.town.world(community)).into_iter().find(|alert| alert.key.rule.as_str() == rule && alert.key.subject_id.as_str() == subject);
        let alert = known.unwrap_or_else(|| panic!("no alert {rule} {subject}"));
        let mut data = json!({"alert": alert.alert, "n": alert.n});
        if let Some(time) = until {
            data["until"] = json!(at(&self.day, time));
        }
        Some((role, Told { kind, data }))
    }

    /// What a line says of who has which duty.
    fn duty(&self, words: &[&str]) -> Option<Told> {
        let level = |level: &str| level.parse::<u8>().unwrap_or_else(|error| panic!("{level}: {error}"));
        let (kind, data) = match *words {
            ["staff", staff] => ("staff.register", json!({"staff":staff,"name":staff,"roles":[]})),
            ["duty", staff, duty, at_level, "for", thing, id] => {
                ("responsibility.assign", json!({"scope":{thing:id},"duty":duty,"level":level(at_level),"staff":staff}))
            }
            ["shift", staff, duty, at_level, "for", thing, id, "from", from, "until", until] => {
                let (from, mut until) = (at(&self.day, from), at(&self.day, until));
                if until <= from {
                    until = until.plus_minutes(24 * 60);
                }
                let shifts = json!([{"staff":staff,"from":from,"until":until}]);
                ("roster.set", json!({"scope":{thing:id},"duty":duty,"level":level(at_level),"shifts":shifts}))
            }
            ["away", staff, "until", time] => ("staff.absent", json!({"staff":staff,"until":at(&self.day, time)})),
            _ => return None,
        };
        Some(Told { kind, data })
    }

    /// The command that a line stands for.
    fn understand(&self, number: usize, words: &str) -> Told {
        let (told, found) = words.split_once(": ").map_or((words, None), |(told, found)| (told, Some(found)));
        let told: Vec<&str> = told.split(' ').collect();
        if let Some(duty) = self.duty(&told) {
            return duty;
        }
        let (kind, data) = match told[..] {
            ["visit", household, outcome, ref rest @ ..] => {
                let mut data = json!({"household":household,"outcome":outcome,"mode":"door","people":found.map(people).unwrap_or_default()});
                if let ["in", round] = rest {
                    data["round"] = (*round).into();
                }
                ("visit.record", data)
            }
            ["check", quarantine] => {
                let (readings, symptoms) = readings(found.unwrap_or_else(|| panic!("line {number}: what was found?")));
                ("quarantine.check", json!({"checks":[{"quarantine":quarantine,"outcome":"reached","readings":readings,"symptoms":symptoms}],"mode":"door"}))
            }
            ["check", quarantine, outcome] => ("quarantine.check", json!({"checks":[{"quarantine":quarantine,"outcome":outcome}],"mode":"door"})),
            ["order", quarantine, person, "since", day] => {
                ("quarantine.order", json!({"quarantine":quarantine,"person":person,"kind":"home","count_from":{"date":day,"basis":"exposure"}}))
            }
            ["order", quarantine, person, "since", day, "in", kind] => {
                ("quarantine.order", json!({"quarantine":quarantine,"person":person,"kind":kind,"count_from":{"date":day,"basis":"exposure"}}))
            }
            ["move", quarantine, "to", kind] => ("quarantine.move", json!({"quarantine":quarantine,"kind":kind})),
            ["extend", quarantine, "until", day] => ("quarantine.extend", json!({"quarantine":quarantine,"until":day})),
            ["release", quarantine] => ("quarantine.release", json!({"quarantine":quarantine,"reason":"completed"})),
            ["pass", checkpoint, direction, person, result] => {
                ("entry.record", json!({"checkpoint":checkpoint,"direction":direction,"person":person,"id_checked":true,"pass_checked":true,"result":result}))
            }
            ["finding", person, finding] => ("medical.record", json!({"person":person,"finding":finding})),
            ["report", building] => ("building.report", json!({"scopes":[{"building":building}],"basis":"seen"})),
            ["report", building, "unit", unit] => ("building.report", json!({"scopes":[{"building":building,"unit":unit}],"basis":"seen"})),
            ["round", round, "opens"] => ("round.open", json!({"round":round})),
            ["round", round, "opens", "until", time] => ("round.open", json!({"round":round,"closes_at":at(&self.day, time)})),
            ["round", round, "closes"] => ("round.close", json!({"round":round})),
            ["take", "back", "line", line] => {
                let command =
                    line.parse().ok().and_then(|line: usize| self.lines.get(&line)).unwrap_or_else(|| panic!("line {number}: nothing was done in line {line}"));
                ("record.retract", json!({"command":command,"reason":"typing error"}))
            }
            _ => panic!("line {number} is not understood: {words}"),
        };
        Told { kind, data }
    }
}

/// `in u08 …`, or here.
fn community_of(words: &str) -> (&'static str, &str) {
    words.strip_prefix(&format!("in {OTHER} ")).map_or((HERE, words), |rest| (OTHER, rest))
}

/// `18:20`, or `18:20 (11:30 on paper)`.
fn times_of(times: &str) -> (&str, Option<&str>, Option<&'static str>) {
    match times.split_once(" (") {
        None => (times, None, None),
        Some((typed, happened)) => {
            let happened = happened.strip_suffix(')').unwrap_or_else(|| panic!("{times}: close the bracket"));
            match happened.strip_suffix(" on paper") {
                Some(happened) => (typed, Some(happened), Some("paper")),
                None => (typed, Some(happened), None),
            }
        }
    }
}

fn at(day: &str, time: &str) -> Timestamp {
    format!("{day}T{time}:00+08:00").parse().unwrap_or_else(|error| panic!("{day} {time}: {error}"))
}

/// `p1 38.2 forehead cough, p2 36.5 axilla`
fn people(found: &str) -> Vec<Value> {
    found
        .split(", ")
        .map(|person| {
            let (person, rest) = person.split_once(' ').unwrap_or((person, ""));
            let (readings, symptoms) = readings(rest);
            json!({"person":person,"readings":readings,"symptoms":symptoms})
        })
        .collect()
}

/// `38.2 forehead 37.9 axilla cough`: temperatures with their sites, then symptoms.
fn readings(words: &str) -> (Vec<Value>, BTreeSet<String>) {
    let (mut readings, mut symptoms) = (Vec::new(), BTreeSet::new());
    let mut words = words.split(' ').filter(|word| !word.is_empty());
    while let Some(word) = words.next() {
        if let Ok(celsius) = word.parse::<f64>() {
            let site = words.next().filter(|site| SITES.contains(site)).unwrap_or_else(|| panic!("where was {word} measured?"));
            readings.push(json!({"celsius":celsius,"site":site}));
        } else if word == "unreadable" {
            readings.push(json!({"unreadable":"low","site":"forehead"}));
        } else {
            assert!(SYMPTOMS.contains(&word), "{word} is no symptom of these scripts");
            symptoms.insert(word.to_owned());
        }
    }
    (readings, symptoms)
}

/// Symptoms that scripts name.
const SYMPTOMS: [&str; 3] = ["cough", "fatigue", "dyspnea"];
