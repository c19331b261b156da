//! Whose turn an alert is: every cell of the table of alerting.md, and what holds of any duties.

mod chains;
mod duties;
mod nudged;
mod properties;

use domain::{
    Evolve, absence,
    alert::{
        AcknowledgedV2, Alert, AlertId, Assigned, Basis, Detail, Escalated, EscalationRequested, Key, Occurrence, Owner, Raised, RecoveryStarted, ReopenedV2,
        Stage, State, UpdatedV2, UpgradedV2,
    },
    community::QuietHours,
    responsibility::{self, Scope as DutyScope, ScopeKind as DutyScopeKind, Standing},
    roster::{self, Shift},
    values::{CommunityId, PlaceNames, StaffId, TimeOfDay},
};

use super::*;
use crate::escalation::{Around, Duties, Judged, turn};

/// Turns after which everything must have been told.
const TURNS_MAX: usize = 200;

fn here() -> CommunityId {
    "u07".parse().unwrap()
}

fn in_community() -> DutyScope {
    DutyScope::of(DutyScopeKind::Community, &"u07")
}

fn in_building() -> DutyScope {
    DutyScope::of(DutyScopeKind::Building, &"b07")
}

fn of_order() -> DutyScope {
    DutyScope::of(DutyScopeKind::Quarantine, &"q1")
}

fn staff(id: &str) -> StaffId {
    id.parse().unwrap()
}

/// Somebody has a duty for good.
fn assigned(scope: DutyScope, duty: &'static str, level: u8, id: &str) -> responsibility::Assigned {
    responsibility::Assigned { scope, duty: word(duty), level, staff: staff(id), standing: Standing::Main, from: at("2020-02-01T00:00"), until: None }
}

fn given_up(scope: DutyScope, duty: &'static str, level: u8, id: &str, until: Timestamp) -> responsibility::Released {
    responsibility::Released { scope, duty: word(duty), level, staff: staff(id), until }
}

fn planned(scope: DutyScope, duty: &'static str, level: u8, shifts: &[(&str, &str, &str)]) -> roster::Planned {
    let shift = |(id, from, until): &(&str, &str, &str)| Shift { staff: staff(id), from: at(from), until: at(until) };
    roster::Planned { scope, duty: word(duty), level, shifts: shifts.iter().map(shift).collect() }
}

fn absent(id: &str, from: &str, until: &str) -> absence::Declared {
    absence::Declared { staff: staff(id), from: at(from), until: at(until), private: None }
}

fn lies_in_grid() -> Registered {
    Registered { estate: Some("e1".parse().unwrap()), grid: Some("g1".parse().unwrap()), ..building(&["1", "2"]) }
}

/// Every post of the table is filled: nurse, keeper of the order of p1, leader of unit 2, grid worker, office, town and clinic.
fn everybody() -> Vec<Event> {
    let grid = DutyScope::of(DutyScopeKind::Grid, &"g1");
    let unit = DutyScope::of_unit(&"b07".parse().unwrap(), "2");
    vec![
        lies_in_grid().into(),
        ordered(Kind::Home, day("2020-02-01")).into(),
        assigned(in_community(), "nurse", 1, "s-nurse").into(),
        assigned(of_order(), "keeper", 1, "s-keeper").into(),
        assigned(unit, "leader", 1, "s-leader").into(),
        assigned(grid, "grid", 1, "s-grid").into(),
        assigned(in_community(), "office", 2, "s-office").into(),
        assigned(in_community(), "command", 3, "s-town").into(),
        assigned(in_community(), "medical", 3, "s-clinic").into(),
    ]
}

/// Everybody but these.
fn everybody_but(without: &[&str]) -> Vec<Event> {
    let kept = |event: &Event| !matches!(event, Event::ResponsibilityAssigned(assigned) if without.contains(&assigned.staff.as_str()));
    everybody().into_iter().filter(kept).collect()
}

/// Numbers of commits say which was told later.
fn duties_of(events: impl IntoIterator<Item = (u64, Event)>) -> Duties {
    let mut duties = Duties::default();
    for (number, event) in events {
        let commit = commit(number, at("2020-02-01T08:00"), at("2020-02-01T08:00"), event);
        duties.fold(&Fact { sequence: number, index: 0, header: &commit.header, event: &commit.events[0] });
    }
    duties
}

fn key(rule: &'static str) -> Key {
    let (kind, id) = match rule {
        "building_silent" => ("building", "b07"),
        "check_overdue" | "release_due" => ("quarantine", "q1"),
        _ => ("person", "p1"),
    };
    Key { rule: word(rule), subject_kind: word(kind), subject_id: id.parse().unwrap() }
}

fn occurrence(severity: Severity, first_at: Timestamp) -> Occurrence {
    Occurrence {
        severity,
        unconfirmed: false,
        place: Place { unit: Some("2".to_owned()), ..home() },
        names: PlaceNames::default(),
        person: Some(subject()),
        observed: None,
        detail: Detail::default(),
        causes: vec!["x-0".to_owned()],
        first_at,
        last_at: first_at,
        occurrences: 1,
        late: false,
        rule_version: 1,
        basis: domain::alert::Basis::default(),
    }
}

/// An alert, and what became of it hour by hour.
struct Play {
    duties: Duties,
    policy: Policy,
    state: State,
    now: Timestamp,
    told: Vec<String>,
    commits: u64,
}

impl Play {
    /// An alert that is raised at a time, where these duties were given.
    fn of(duties: Vec<Event>, rule: &'static str, severity: Severity, raised_at: &str) -> Self {
        Self::from(duties_of((1..).zip(duties)), Policy::default(), (rule, severity), (raised_at, raised_at))
    }

    /// As [`Play::of`], of something that began before the alert was raised.
    fn from(duties: Duties, policy: Policy, (rule, severity): (&'static str, Severity), (first_at, raised_at): (&str, &str)) -> Self {
        let key = key(rule);
        let alert = AlertId::new(key.hash(&here()), 1);
        let raised = Raised { alert, key, n: 1, episode: 1, occurrence: occurrence(severity, at(first_at)) };
        let commit = commit(1, at(raised_at), at(raised_at), raised);
        let fact = Fact { sequence: 1, index: 0, header: &commit.header, event: &commit.events[0] };
        let hash = Alert::touched(fact.event, fact.header)[0].clone();
        let state = Alert::evolve(None, &hash, &fact).unwrap();
        Self { duties, policy, state, now: at(raised_at), told: Vec::new(), commits: 100 }
    }

    fn judged(&self, now: Timestamp) -> Judged {
        turn(&self.state, &Around { community: &here(), duties: &self.duties, policy: &self.policy, zone: &Zone::default() }, now)
    }

    fn happened(&mut self, role: Role, event: impl Into<Event>) {
        self.commits += 1;
        let mut commit = commit(self.commits, self.now, self.now, event);
        commit.header.role = role;
        let fact = Fact { sequence: self.commits, index: 0, header: &commit.header, event: &commit.events[0] };
        let hash = self.state.alert.key_hash().clone();
        self.state = Alert::evolve(Some(self.state.clone()), &hash, &fact).unwrap();
        self.duties.fold(&fact);
    }

    /// Lets time pass; whatever is owed meanwhile is told at once.
    fn until(mut self, until: &str) -> Self {
        let until = at(until);
        for _ in 0..TURNS_MAX {
            let judged = self.judged(self.now);
            if let Some(stage) = judged.owed {
                self.tell(stage);
                continue;
            }
            match judged.next_change.filter(|next| *next <= until) {
                Some(next) => self.now = next,
                None => {
                    self.now = until;
                    return self;
                }
            }
        }
        panic!("there is always somebody more to tell: {:#?}", self.told);
    }

    /// Lets time pass while nobody is running.
    fn down_until(mut self, until: &str) -> Self {
        self.now = at(until);
        self
    }

    fn tell(&mut self, stage: Stage) {
        let Stage { level, owners, informed, gaps, why, since, due_at } = stage;
        let time = |at: Timestamp| Zone::default().local(at)[8..].to_owned();
        let names = |owners: &[Owner]| owners.iter().map(|owner| owner.staff.to_string()).collect::<Vec<_>>().join("+");
        let mut line = format!("{} L{level} {} {why}", time(self.now), if owners.is_empty() { "nobody".to_owned() } else { names(&owners) });
        line.extend(informed.iter().map(|who| format!(" {}:{}", who.staff, who.share)));
        line.extend(owners.iter().filter(|owner| owner.share != domain::alert::Share::Everything).map(|owner| format!(" {}", owner.share)));
        line.extend(gaps.iter().map(|gap| format!(" gap:{}/{}", gap.level, gap.duty)));
        line.extend((since != self.now).then(|| format!(" since:{}", time(since))));
        self.told.push(line);
        let (alert, key, n, place) = (self.state.alert.clone(), self.state.key.clone(), self.state.n + 1, self.state.occurrence.place.clone());
        let basis = Basis::default();
        self.happened(Role::Service, Escalated { alert, key, n, place, person: None, level, owners, informed, gaps, why, since, due_at, basis });
    }

    fn duty(self, until: &str, event: impl Into<Event>) -> Self {
        let mut play = self.until(until);
        play.happened(Role::Office, event);
        play
    }

    /// Somebody takes it at a time, for some minutes or for good.
    fn taken(self, when: &str, role: Role, minutes: Option<i64>) -> Self {
        let mut play = self.until(when);
        let (alert, key, n) = (play.state.alert.clone(), play.state.key.clone(), play.state.n + 1);
        let until = minutes.map(|minutes| play.now.plus_minutes(minutes));
        play.happened(role, AcknowledgedV2 { alert, key, n, place: Place::default(), person: None, until });
        play
    }

    fn moved(self, when: &str, building: &str) -> Self {
        let mut play = self.until(when);
        let (alert, key, n) = (play.state.alert.clone(), play.state.key.clone(), play.state.n + 1);
        let moved_from = play.state.occurrence.place.building.clone();
        let place = Place { building: Some(building.parse().unwrap()), ..play.state.occurrence.place.clone() };
        let occurrence = Occurrence { place, ..play.state.occurrence.clone() };
        play.happened(Role::Service, UpdatedV2 { alert, key, n, episode: 1, occurrence, moved_from });
        play
    }

    fn worse(self, when: &str) -> Self {
        let mut play = self.until(when);
        let (alert, key, n) = (play.state.alert.clone(), play.state.key.clone(), play.state.n + 1);
        let occurrence = Occurrence { severity: Severity::Critical, ..play.state.occurrence.clone() };
        play.happened(Role::Service, UpgradedV2 { alert, key, n, episode: 1, occurrence, moved_from: None });
        play
    }

    fn asked_up(self, when: &str) -> Self {
        let mut play = self.until(when);
        let (alert, key, n) = (play.state.alert.clone(), play.state.key.clone(), play.state.n + 1);
        let level = play.state.turn.level_above().unwrap();
        play.happened(Role::Leader, EscalationRequested { alert, key, n, place: Place::default(), person: None, level });
        play
    }

    /// Its rule is quiet from a time on.
    fn recovering(self, when: &str) -> Self {
        let mut play = self.until(when);
        let (alert, key, n) = (play.state.alert.clone(), play.state.key.clone(), play.state.n + 1);
        let (until, basis) = (play.now.plus_minutes(24 * 60), Basis::default());
        let started = RecoveryStarted { alert, key, n, place: Place::default(), person: None, late: false, quieted_by: Vec::new(), until, basis };
        play.happened(Role::Service, started);
        play
    }

    /// It is back.
    fn reopened(self, when: &str) -> Self {
        let mut play = self.until(when);
        let (alert, key, n, occurrence) = (play.state.alert.clone(), play.state.key.clone(), play.state.n + 1, play.state.occurrence.clone());
        play.happened(Role::Service, ReopenedV2 { alert, key, n, episode: 2, occurrence, moved_from: None });
        play
    }

    fn given_to(self, when: &str, id: &str) -> Self {
        let mut play = self.until(when);
        let (alert, key, n) = (play.state.alert.clone(), play.state.key.clone(), play.state.n + 1);
        let level = play.state.turn.level().unwrap_or(1);
        play.happened(Role::Office, Assigned { alert, key, n, place: Place::default(), person: None, level, staff: staff(id) });
        play
    }

    #[track_caller]
    fn tells(&self, expected: &[&str]) {
        assert_eq!(self.told, expected);
    }
}
