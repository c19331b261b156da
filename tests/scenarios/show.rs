//! What is said: news of alerts, and boards, as lines that can be read aloud.

use std::collections::BTreeMap;

use domain::{
    Commit, Fact, Known,
    alert::{Alert, Change, Escalated, Occurrence, Owner, Step},
    values::{Timestamp, Zone},
};
use readmodel::{
    ReadModel,
    models::{alert, building, coverage, door, estate, household, quarantine, round, watch},
    taken_back,
    views::{
        AlertCounts, AlertReader, BuildingRows, CoverageDoors, DoorRows, Moment, alert_item, building_detail, coverage_doors, in_scope, quarantine_item,
        status_row,
    },
};
use testkit::World;

use crate::town::Town;

/// Lines of a script by command.
type Causes = BTreeMap<String, usize>;

/// What a commit says of alerts, in words.
pub(crate) fn news(commit: &Commit, causes: &Causes) -> Vec<String> {
    let time = clock(commit.header.recorded_at);
    let of = |action: &str, rule: &str, occurrence: &Occurrence| {
        let late = if occurrence.late { ", recorded late" } else { "" };
        let unconfirmed = if occurrence.unconfirmed { ", not measured again" } else { "" };
        format!("{time} {rule} {action}, {}{unconfirmed}{late}: {} because of {}", occurrence.severity, what(occurrence), because(&occurrence.causes, causes))
    };
    let mut lines = Vec::new();
    for event in &commit.events {
        let Some(Step { key, change, .. }) = Alert::step(event) else { continue };
        let rule = key.rule.as_str();
        lines.extend(match change {
            Change::Raised { occurrence, .. } => Some(of("raised", rule, occurrence)),
            Change::Updated(occurrence) => Some(of("updated", rule, occurrence)),
            Change::Upgraded(occurrence) => Some(of("upgraded", rule, occurrence)),
            Change::Reopened { occurrence, .. } => Some(of("reopened", rule, occurrence)),
            Change::Resolved(resolution) => {
                let late = if resolution.late { ", late" } else { "" };
                let by = if resolution.quieted_by.is_empty() { String::new() } else { format!(" because of {}", because(resolution.quieted_by, causes)) };
                Some(format!("{time} {rule} resolved{late}: {}{by}", key.subject_id))
            }
            Change::RecoveryStarted(recovery) => {
                let late = if recovery.late { ", late" } else { "" };
                Some(format!(
                    "{time} {rule} recovering until {}{late}: {} because of {}",
                    clock(recovery.until),
                    key.subject_id,
                    because(recovery.quieted_by, causes)
                ))
            }
            Change::Escalated(escalated) => Some(passed_on(&time, rule, escalated)),
            Change::Acknowledged { .. } | Change::EscalationRequested { .. } | Change::Assigned { .. } | Change::Noted(_) | Change::Closed { .. } => None,
        });
    }
    lines
}

/// Whose turn it is: `level 2 s-office at_once; nobody has nurse of level 1`.
fn passed_on(time: &str, rule: &str, escalated: &Escalated) -> String {
    let names = |owners: &[Owner]| owners.iter().map(|owner| owner.staff.to_string()).collect::<Vec<_>>().join(" and ");
    let owners = if escalated.owners.is_empty() { "nobody".to_owned() } else { names(&escalated.owners) };
    let informed: String = escalated.informed.iter().map(|who| format!(", {} is told {}", who.staff, who.share)).collect();
    let gaps: String = escalated.gaps.iter().map(|gap| format!(", nobody is {} at level {}", gap.duty, gap.level)).collect();
    let due = escalated.due_at.map_or_else(String::new, |due| format!(", goes up at {}", clock(due)));
    format!("{time} {rule} level {}: {owners}, {}{informed}{gaps}{due}", escalated.level, escalated.why)
}

/// An action in plain words: `recovery started`.
fn word(action: readmodel::models::alert::Action) -> String {
    serde_json::to_value(action).unwrap().as_str().unwrap().replace('_', " ")
}

/// Where and who: `7号楼 2单元 502, p1, 38.2 axilla`.
fn what(occurrence: &Occurrence) -> String {
    let place = &occurrence.place;
    let building = occurrence.names.building.clone().unwrap_or_default();
    let unit = place.unit.as_ref().map(|unit| format!("{unit}单元"));
    let place: Vec<String> = [Some(building), unit, place.door.clone()].into_iter().flatten().filter(|part| !part.is_empty()).collect();
    let person = occurrence.person.as_ref().map(|who| who.key().1.to_owned());
    let observed = occurrence.observed.as_ref().map(|seen| format!("{}.{} {}", seen.tenths_celsius / 10, seen.tenths_celsius % 10, seen.site));
    let slots = (!occurrence.detail.slots.is_empty()).then(|| {
        let slots: Vec<String> = occurrence.detail.slots.iter().map(|slot| format!("{} {}", slot.date, slot.name)).collect();
        format!("not checked {} (missed so far: {})", slots.join(" and "), occurrence.detail.missed)
    });
    let gate = occurrence.detail.checkpoint.as_ref().map(|checkpoint| {
        let way = occurrence.detail.direction.map(|direction| direction.to_string()).unwrap_or_default();
        format!("{way} at {checkpoint}{}", if occurrence.detail.stopped { ", stopped" } else { "" })
    });
    let day = occurrence.detail.for_date.map(|day| format!("no report for {day}"));
    [Some(place.join(" ")), person, observed, slots, gate, day].into_iter().flatten().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
}

/// Events of this script by their line; slots as they are.
fn because(named: &[String], causes: &Causes) -> String {
    let name = |cause: &String| {
        let line = cause.rsplit_once('-').and_then(|(command, _)| causes.get(command));
        line.map_or_else(|| cause.clone(), |line| format!("line {line}"))
    };
    named.iter().map(name).collect::<Vec<_>>().join(" and ")
}

fn clock(at: Timestamp) -> String {
    let zone = Zone::default();
    let day = zone.day_of(at);
    let minutes = (at.0 - zone.start_of(day).0) / 60_000;
    format!("{}-{} {:02}:{:02}", &day.to_string()[5..7], &day.to_string()[8..], minutes / 60, minutes % 60)
}

/// The rows of one model, folded from the beginning.
fn rows<M: ReadModel>(world: &World) -> BTreeMap<M::Key, M::Row> {
    let mut rows = BTreeMap::new();
    for (commit, sequence) in world.commits().iter().zip(1..) {
        for (event, index) in commit.events.iter().zip(0..) {
            let fact = Fact { sequence, index, header: &commit.header, event };
            if let Some(taken_back) = taken_back(&fact).unwrap() {
                for original in taken_back.facts() {
                    for key in M::keys(&original) {
                        let row = rows.remove(&key).and_then(|row| M::take_back(row, &key, &original));
                        rows.extend(row.map(|row| (key, row)));
                    }
                }
            }
            for key in M::keys(&fact) {
                let row = M::evolve(rows.remove(&key), &key, &fact);
                rows.extend(row.map(|row| (key, row)));
            }
        }
    }
    rows
}

/// What a line asks to be shown.
pub(crate) fn show(town: &Town, community: &str, what: &str, causes: &Causes) -> Vec<String> {
    let world = town.world(community);
    let state = (world as &dyn Known).community().unwrap();
    let zone = state.zone();
    let moment = Moment { policy: &state.policy, zone: &zone, now: town.now() };
    match what.split(' ').collect::<Vec<_>>()[..] {
        ["alerts"] => alerts(world, &moment, causes),
        ["board"] => board(world, &moment),
        ["doors", building] => doors(world, &moment, building),
        ["slots", quarantine] => slots(world, &moment, quarantine, causes),
        ["coverage", round] => coverage_of(world, round),
        _ => panic!("nobody knows how to show {what}"),
    }
}

/// Everything that can be shown of a community.
pub(crate) fn everything(town: &Town, community: &str) -> Vec<String> {
    ["alerts", "board", "doors b07", "doors b08", "slots q1"].iter().flat_map(|what| show(town, community, what, &Causes::new())).collect()
}

fn or_nothing(lines: Vec<String>) -> Vec<String> {
    if lines.is_empty() { vec!["nothing".to_owned()] } else { lines }
}

fn alerts(world: &World, moment: &Moment<'_>, causes: &Causes) -> Vec<String> {
    let rows = rows::<alert::Alert>(world);
    let reader = AlertReader { community: world.community_id(), staff: None, role: domain::Role::Office, now: moment.now };
    let mut items: Vec<_> = rows.values().map(|row| (row, alert_item(row, 0, true, reader))).collect();
    items.sort_by_key(|(_, item)| (item.first_at, item.key.clone()));
    let line = |(row, item): &(&alert::Row, readmodel::views::AlertItem)| {
        let history: Vec<String> = item.history.iter().map(|happened| format!("{} {}", word(happened.action), clock(happened.recorded_at))).collect();
        let late = if item.late { ", recorded late" } else { "" };
        let because = because(&item.caused_by, causes);
        format!("{} {} {}{late}: {} because of {because} [{}]", item.kind, item.severity, item.state, self::what(&row.state.occurrence), history.join(", "))
    };
    or_nothing(items.iter().map(line).collect())
}

/// Rows of all buildings, and what they are shown from.
struct Board {
    buildings: BTreeMap<domain::values::BuildingId, building::Row>,
    estates: BTreeMap<domain::values::EstateId, <estate::Estate as ReadModel>::Row>,
    watches: BTreeMap<domain::values::BuildingId, watch::Row>,
    orders: Vec<quarantine::Row>,
    alerts: Vec<alert::Row>,
    rounds: Vec<round::Row>,
    coverage: BTreeMap<coverage::Key, coverage::Row>,
}

impl Board {
    fn of(world: &World) -> Self {
        Self {
            buildings: rows::<building::Building>(world),
            estates: rows::<estate::Estate>(world),
            watches: rows::<watch::Watch>(world),
            orders: rows::<quarantine::Quarantine>(world).into_values().filter(|row| row.released.is_none()).collect(),
            alerts: rows::<alert::Alert>(world).into_values().filter(|row| row.state.is_active()).collect(),
            rounds: rows::<round::Round>(world).into_values().collect(),
            coverage: rows::<coverage::Coverage>(world),
        }
    }

    /// Calls `with` with the rows of one building.
    fn building<T>(&self, file: &building::Row, with: impl FnOnce(&BuildingRows<'_>) -> T) -> T {
        let here = |place: &domain::values::Place| place.building.as_ref() == Some(&file.building);
        let orders: Vec<quarantine::Row> = self.orders.iter().filter(|row| here(&row.state.place)).cloned().collect();
        let alerts: Vec<alert::Row> = self.alerts.iter().filter(|row| here(&row.state.occurrence.place)).cloned().collect();
        let round = self.rounds.iter().max_by_key(|round| (round.closed_at.is_none(), round.opened_at)).filter(|round| in_scope(round, file));
        let coverage = round.and_then(|round| self.coverage.get(&coverage::Key { round: round.round.clone(), building: file.building.clone() }));
        let estate_name = file.estate.as_ref().and_then(|estate| self.estates.get(estate)).map(|estate| estate.name.as_str());
        let rows = BuildingRows {
            file,
            estate_name,
            watch: self.watches.get(&file.building),
            orders: &orders,
            alerts: &alerts,
            round: round.map(|round| (round, coverage)),
            sequence: 0,
        };
        with(&rows)
    }
}

fn counts(alerts: AlertCounts) -> String {
    format!("{} critical, {} serious, {} caution", alerts.critical, alerts.serious, alerts.caution)
}

fn board(world: &World, moment: &Moment<'_>) -> Vec<String> {
    let board = Board::of(world);
    let line = |file: &building::Row| {
        let row = board.building(file, |rows| status_row(rows, moment));
        let silent = if row.silent { "; silent" } else { "" };
        let badges = if row.badges.is_empty() { String::new() } else { format!("; {}", row.badges.join(" ")) };
        let checks = format!("checks today {} of {} done, {} overdue; missed {}", row.checks.done, row.checks.due, row.checks.overdue, row.checks.missed);
        format!("{} is {:?}: {}; reached {} of {} doors; {checks}{silent}{badges}", row.name, row.status, counts(row.alerts), row.covered, row.doors)
    };
    board.buildings.values().map(line).collect()
}

fn doors(world: &World, moment: &Moment<'_>, building: &str) -> Vec<String> {
    let board = Board::of(world);
    let file = board.buildings.values().find(|file| file.building.as_str() == building).unwrap_or_else(|| panic!("no building {building}"));
    let households = rows::<household::Household>(world).into_iter().map(|(key, row)| (key.household, row)).collect();
    let rows: Vec<_> = rows::<door::Door>(world).into_values().collect();
    let doors = DoorRows { households: &households, doors: &rows, rounds: &board.rounds };
    let detail = board.building(file, |rows| building_detail(rows, &doors, moment));
    let cells = detail.units.iter().flat_map(|unit| &unit.floors).flat_map(|floor| &floor.doors);
    let line = |cell: &readmodel::views::Cell| {
        let unit = cell.unit.as_ref().map(|unit| format!("{unit}单元 ")).unwrap_or_default();
        let known = cell.known_by.map_or_else(|| "not known".to_owned(), |by| format!("{by:?}").to_lowercase());
        let day = cell.day.zip(cell.days).map(|(day, days)| format!(", day {day} of {days}")).unwrap_or_default();
        format!("{unit}{} is {:?}, {known}{day}", cell.door.as_deref().unwrap_or("?"), cell.state)
    };
    or_nothing(cells.map(line).collect())
}

fn slots(world: &World, moment: &Moment<'_>, quarantine: &str, causes: &Causes) -> Vec<String> {
    let rows = rows::<quarantine::Quarantine>(world);
    let row = rows.values().find(|row| row.quarantine.as_str() == quarantine).unwrap_or_else(|| panic!("no order {quarantine}"));
    let item = quarantine_item(row, 0, Vec::new(), true, moment);
    let begun = item.slots.iter().filter(|slot| slot.opens_at <= moment.now);
    let line = |slot: &readmodel::views::SlotView| {
        let by = slot.done_by.as_ref().map(|event| format!(" by {}", because(std::slice::from_ref(event), causes))).unwrap_or_default();
        format!("{} {} is {}{by}{}", slot.date, slot.name, slot.state, if slot.late_entry { ", entered late" } else { "" })
    };
    let head = format!("{} of {}, day {} of {}{}", item.quarantine, item.person, item.day, item.days, if item.release_due { ", to be released" } else { "" });
    std::iter::once(head).chain(begun.map(line)).collect()
}

fn coverage_of(world: &World, round: &str) -> Vec<String> {
    let board = Board::of(world);
    let round = board.rounds.iter().find(|row| row.round.as_str() == round).unwrap_or_else(|| panic!("no round {round}"));
    let line = |file: &building::Row| {
        let key = coverage::Key { round: round.round.clone(), building: file.building.clone() };
        let CoverageDoors { name, reached, total, absent, refused, missing, .. } = coverage_doors(file, round, board.coverage.get(&key));
        let list = |word: &str, doors: &[String]| if doors.is_empty() { String::new() } else { format!("; {word}: {}", doors.join(", ")) };
        format!("{name}: reached {reached} of {total}{}{}{}", list("absent", &absent), list("refused", &refused), list("nobody came to", &missing))
    };
    board.buildings.values().map(line).collect()
}
