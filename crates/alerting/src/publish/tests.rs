//! Titles word by word, subjects and heartbeats.

use domain::{
    Commit, Evolve, Header, Role,
    alert::{Alert, Basis, Detail, Escalated, Gap, Key, Observed, Occurrence, Owner, Raised, Severity, Share, State, Status, Told, Why},
    checkpoint::Direction,
    community,
    obligation::SlotId,
    values::{Place, PlaceNames, Site, Subject, Timestamp},
};
use serde_json::json;
use tempfile::TempDir;
use testkit::{MemoryIntake, World};

use super::{
    Class, Happened, beat,
    counts::{Counts, Moved, counted},
    message::{self, Suppressed},
    title,
    title::Ending,
};
use crate::{
    engine::Engine,
    simulation::{Clock, open},
};

fn town() -> community::State {
    community::State {
        town: "dianbu".parse().unwrap(),
        town_name: "店埠镇".to_owned(),
        name: "阳光社区".to_owned(),
        time_zone: "Asia/Shanghai".to_owned(),
        policy: community::Policy::default(),
        epoch: 1,
    }
}

fn state(rule: &str) -> State {
    let place = Place {
        estate: Some("e1".parse().unwrap()),
        building: Some("b07".parse().unwrap()),
        unit: Some("2".to_owned()),
        floor: Some(5),
        door: Some("502".to_owned()),
        household: Some("h502".parse().unwrap()),
    };
    let occurrence = Occurrence {
        severity: Severity::Critical,
        unconfirmed: false,
        place,
        names: PlaceNames { estate: Some("阳光小区".to_owned()), building: Some("7号楼".to_owned()) },
        person: Some(Subject::person("p1".parse().unwrap())),
        observed: Some(Observed { tenths_celsius: 382, site: Site::Axilla, at: Timestamp(0), recorded_at: Timestamp(0) }),
        detail: Detail::default(),
        causes: vec!["x-0".to_owned()],
        first_at: Timestamp(0),
        last_at: Timestamp(0),
        occurrences: 2,
        late: false,
        rule_version: 1,
        basis: Basis::default(),
    };
    let key = Key { rule: rule.parse().unwrap(), subject_kind: "person".parse().unwrap(), subject_id: "p1".parse().unwrap() };
    let alert = domain::alert::AlertId::new(key.hash(&"u07".parse().unwrap()), 1);
    let raised = Raised { alert, key, n: 1, episode: 1, occurrence };
    let mut world = World::settled();
    world.record("visit.record", json!({"household": "h502", "outcome": "absent", "mode": "door"}), "2020-02-02T10:00");
    let commit: Commit = (*world.commits()[0].clone()).clone();
    let event = raised.into();
    let fact = domain::Fact { sequence: 1, index: 0, header: &commit.header, event: &event };
    let hash = Alert::step(&event).map(|step| step.alert.key_hash().clone()).unwrap();
    Alert::evolve(None, &hash, &fact).unwrap()
}

/// Of an event that was recorded in the afternoon of 6 February.
fn header(exercise: bool) -> Header {
    let recorded_at = "2020-02-06T07:04:00Z".parse().unwrap();
    Header { exercise, recorded_at, ..World::settled().commits()[0].header.clone() }
}

fn titles(state: &State, exercise: bool) -> (String, String) {
    let title = title::of(state, &town(), &header(exercise), Ending::default());
    (title.zh_cn, title.en)
}

fn expect(state: &State, zh: &str, en: &str) {
    assert_eq!(titles(state, false), (zh.to_owned(), en.to_owned()));
}

#[test]
fn titles_of_every_rule() {
    let mut fever = state("fever");
    expect(&fever, "阳光小区 7号楼2单元502 发热 38.2℃", "Fever 38.2 °C, 阳光小区, building 7, unit 2, door 502");
    fever.occurrence.unconfirmed = true;
    expect(&fever, "阳光小区 7号楼2单元502 疑似发热 38.2℃，未及时复测", "Fever 38.2 °C, not measured again in time, 阳光小区, building 7, unit 2, door 502");
    expect(&state("symptom"), "阳光小区 7号楼2单元502 报告有症状", "Symptoms reported, 阳光小区, building 7, unit 2, door 502");
    let mut breach = state("quarantine_breach");
    for (direction, stopped, zh, en) in [
        (None, false, "隔离人员不在家", "Under quarantine, not at home"),
        (Some(Direction::Out), false, "隔离人员外出", "Under quarantine, went out"),
        (Some(Direction::Out), true, "隔离人员欲外出，已拦下", "Under quarantine, stopped on the way out"),
        (Some(Direction::In), false, "隔离人员外出后返回", "Under quarantine, came back in"),
    ] {
        (breach.occurrence.detail.direction, breach.occurrence.detail.stopped) = (direction, stopped);
        expect(&breach, &format!("阳光小区 7号楼2单元502 {zh}"), &format!("{en}, 阳光小区, building 7, unit 2, door 502"));
    }
    let mut refused = state("refused");
    expect(&refused, "阳光小区 7号楼2单元502 隔离人员2次拒绝监测", "Under quarantine, refused to be checked: 2, 阳光小区, building 7, unit 2, door 502");
    refused.occurrence.person = None;
    expect(&refused, "阳光小区 7号楼2单元502 2次拒绝走访", "Visits refused: 2, 阳光小区, building 7, unit 2, door 502");
    expect(&state("absent_n_times"), "阳光小区 7号楼2单元502 连续2次无人应门", "Nobody there, visits in a row: 2, 阳光小区, building 7, unit 2, door 502");
    expect(&state("arrival"), "阳光小区 7号楼2单元502 来人未登记，2人次", "Arrived and not registered: 2, 阳光小区, building 7, unit 2, door 502");
    let case = state("exposure_undecided");
    expect(
        &case,
        "阳光小区 7号楼2单元502 须送医院或集中点，尚未送",
        "To be taken to a hospital or a site, not done yet, 阳光小区, building 7, unit 2, door 502",
    );
    let mut exposed = case;
    exposed.occurrence.severity = Severity::Serious;
    expect(&exposed, "阳光小区 7号楼2单元502 接触者尚未处置", "Exposed, nothing decided yet, 阳光小区, building 7, unit 2, door 502");
    expect(&state("release_due"), "阳光小区 7号楼2单元502 隔离期满，待解除", "Quarantine days over, release due, 阳光小区, building 7, unit 2, door 502");
    let mut missed = state("door_missed");
    (missed.occurrence.place.unit, missed.occurrence.place.door) = (None, None);
    missed.occurrence.causes = vec!["r1/b07/1-101".to_owned(), "r1/b07/2-502".to_owned()];
    expect(&missed, "阳光小区 7号楼 2户未排查：1-101、2-502", "Doors not reached: 2 (1-101, 2-502), 阳光小区, building 7");
    missed.occurrence.causes = (101..109).map(|door| format!("r1/b07/{door}")).collect();
    missed.occurrence.occurrences = 8;
    expect(&missed, "阳光小区 7号楼 8户未排查：101、102、103、104、105…", "Doors not reached: 8 (101, 102, 103, 104, 105…), 阳光小区, building 7");
    let mut cluster = state("cluster");
    (cluster.occurrence.place.unit, cluster.occurrence.place.door) = (None, None);
    expect(&cluster, "阳光小区 7号楼 聚集发热，累计2人", "Cluster of fevers, people so far: 2, 阳光小区, building 7");
    (cluster.occurrence.late, cluster.occurrence.observed) = (true, None);
    expect(&cluster, "阳光小区 7号楼 聚集发热，累计2人（补录）", "Cluster of fevers, people so far: 2 (recorded late), 阳光小区, building 7");
    let mut silent = state("building_silent");
    silent.occurrence.place = Place { building: Some("b07".parse().unwrap()), ..Place::default() };
    silent.occurrence.names = PlaceNames { estate: None, building: Some("7号楼".to_owned()) };
    silent.occurrence.detail.for_date = Some("2020-02-06".parse().unwrap());
    expect(&silent, "阳光社区 7号楼 2月6日 楼栋未报日报", "No building report for 6 Feb, 阳光社区, building 7");
    silent.occurrence.detail.for_date = None;
    expect(&silent, "阳光社区 7号楼 楼栋未报日报", "No building report, 阳光社区, building 7");
}

#[test]
fn a_title_says_what_is_overdue_now_and_what_was_missed_and_no_check_twice() {
    let mut overdue = state("check_overdue");
    let slots = |names: &[&str]| names.iter().map(|slot| SlotId { date: slot[..10].parse().unwrap(), name: slot[11..].parse().unwrap() }).collect::<Vec<_>>();
    for (open, missed, zh, en) in [
        (&["2020-02-06/am"][..], 0, "1次体温检查超时未做", "Checks overdue: 1"),
        (&["2020-02-06/am", "2020-02-06/pm"], 0, "2次体温检查超时未做", "Checks overdue: 2"),
        // none is counted twice
        (&["2020-02-05/pm", "2020-02-06/am"], 1, "今天1次体温检查超时未做，此前漏查1次", "Checks overdue today: 1, missed before: 1"),
        (&["2020-02-06/am"], 3, "今天1次体温检查超时未做，此前漏查3次", "Checks overdue today: 1, missed before: 3"),
        (&["2020-02-05/am", "2020-02-05/pm"], 3, "体温检查漏查3次", "Checks missed: 3"),
        // something else happened to it before the end of the day was counted
        (&["2020-02-05/pm"], 0, "体温检查漏查1次", "Checks missed: 1"),
    ] {
        (overdue.occurrence.detail.slots, overdue.occurrence.detail.missed) = (slots(open), missed);
        expect(&overdue, &format!("阳光小区 7号楼2单元502 {zh}"), &format!("{en}, 阳光小区, building 7, unit 2, door 502"));
    }
    overdue.occurrence.detail.missed = 1;
    overdue.status = Status::Resolved { at: Timestamp(0), by_hand: false };
    // what was missed when it fired last is not what was missed in the end
    for (recorded_late, zh, en) in [
        (false, "体温检查超时（漏查次数见管控页）", "Checks overdue (what was missed stands in the order)"),
        (true, "体温检查超时（当时已测的已补录，其余见管控页）", "Checks overdue (what was made in time is recorded now, the rest stands in the order)"),
    ] {
        let title = title::of(&overdue, &town(), &header(false), Ending { late: recorded_late, without_record: false });
        assert_eq!(title.zh_cn, format!("已结束：阳光小区 7号楼2单元502 {zh}"));
        assert_eq!(title.en, format!("Over: {en}, 阳光小区, building 7, unit 2, door 502"));
    }
}

#[test]
fn a_title_says_which_post_is_vacant() {
    let mut gap = state("responsibility_gap");
    expect(&gap, "阳光小区 7号楼2单元502 一级岗位空缺", "A post at level 1 is vacant, 阳光小区, building 7, unit 2, door 502");
    for (causes, zh, en) in [
        (&["x-0/leader"][..], "楼长空缺", "Vacant post: leader"),
        (&["x-0/nurse", "y-0/keeper", "z-0/nurse"], "包保人、护士空缺", "Vacant post: keeper, nurse"),
        (&["x-0/guard"], "guard空缺", "Vacant post: guard"),
    ] {
        gap.occurrence.causes = causes.iter().map(|cause| (*cause).to_owned()).collect();
        expect(&gap, &format!("阳光小区 7号楼2单元502 {zh}"), &format!("{en}, 阳光小区, building 7, unit 2, door 502"));
    }
    // it is over when the post is filled, and when nothing is left to tell it
    gap.occurrence.causes = ["x-0/leader".to_owned()].into();
    gap.status = Status::Resolved { at: Timestamp(0), by_hand: false };
    expect(
        &gap,
        "已结束：阳光小区 7号楼2单元502 楼长空缺（已有人到岗，或暂无待办）",
        "Over: Vacant post: leader (filled, or nothing to do there now), 阳光小区, building 7, unit 2, door 502",
    );
}

#[test]
fn what_was_recorded_late_says_when_it_was() {
    let mut fever = state("fever");
    fever.occurrence.late = true;
    fever.occurrence.last_at = "2020-02-06T02:00:00Z".parse().unwrap();
    fever.occurrence.observed.as_mut().unwrap().at = "2020-02-06T01:30:00Z".parse().unwrap();
    let place = "阳光小区, building 7, unit 2, door 502";
    expect(&fever, "阳光小区 7号楼2单元502 发热 38.2℃（补录，2月6日 09:30测）", &format!("Fever 38.2 °C (recorded late, measured 6 Feb 09:30), {place}"));
    let mut symptom = state("symptom");
    (symptom.occurrence.observed, symptom.occurrence.late, symptom.occurrence.last_at) = (None, true, fever.occurrence.last_at);
    expect(&symptom, "阳光小区 7号楼2单元502 报告有症状（补录，发生于2月6日 10:00）", &format!("Symptoms reported (recorded late, of 6 Feb 10:00), {place}"));
    // by the clock of the community, not by that of the machine or of China
    let urumqi = community::State { time_zone: "Asia/Urumqi".to_owned(), ..town() };
    assert!(title::of(&fever, &urumqi, &header(false), Ending::default()).zh_cn.ends_with("（补录，2月6日 07:30测）"));
}

#[test]
fn a_title_says_exercise_late_and_over_and_always_a_place() {
    let mut fever = state("fever");
    fever.occurrence.late = true;
    fever.status = Status::Closed;
    assert_eq!(
        titles(&fever, true),
        (
            "【演练】已结束：阳光小区 7号楼2单元502 发热 38.2℃（补录，1月1日 08:00测）".to_owned(),
            "[exercise] Over: Fever 38.2 °C (recorded late, measured 1 Jan 08:00), 阳光小区, building 7, unit 2, door 502".to_owned()
        )
    );
    let mut nowhere = state("fever");
    (nowhere.occurrence.place, nowhere.occurrence.names) = (Place::default(), PlaceNames::default());
    expect(&nowhere, "阳光社区 发热 38.2℃", "Fever 38.2 °C, 阳光社区");
    let mut unnamed = state("fever");
    unnamed.occurrence.names.building = Some("东楼".to_owned());
    unnamed.occurrence.place.unit = Some("甲单元".to_owned());
    expect(&unnamed, "阳光小区 东楼甲单元502 发热 38.2℃", "Fever 38.2 °C, 阳光小区, 东楼, unit 甲, door 502");
}

#[test]
fn other_events_have_no_message_and_a_subject_names_no_person_and_no_household() {
    let world = World::settled();
    let state = state("fever");
    for commit in world.commits() {
        for event in &commit.events {
            let fact = domain::Fact { sequence: 1, index: 0, header: &commit.header, event };
            assert!(message::of(&fact, &state, (&town(), None), Suppressed::default()).is_none());
        }
    }
    let header = &world.commits()[0].header;
    let acknowledged = domain::alert::Acknowledged { alert: state.alert.clone(), key: state.key.clone(), n: 2, until: None }.into();
    let message = message::of(&domain::Fact { sequence: 1, index: 0, header, event: &acknowledged }, &state, (&town(), None), Suppressed::default()).unwrap();
    assert_eq!(message.subject, "gw.v1.dianbu.u07.alert.fever.critical.b07.acknowledged");
}

#[test]
fn messages_are_those_that_the_contract_shows() {
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    let mut world = World::settled();
    let command =
        json!({"id": "01922f0c-7b1e-7c3a-9f00-5b1d2c3e4f50", "type": "visit.record", "data": {"household": "h502", "outcome": "met", "mode": "door"}});
    world.record_command(&command, "2020-02-06T15:04");
    let commit = world.commits().last().unwrap().clone();
    let said = |state: &State, event: domain::Event, silenced_until| {
        let grid = state.occurrence.place.building.as_ref().map(|_| "g1".parse().unwrap());
        let message = message::of(
            &domain::Fact { sequence: 1, index: 0, header: &commit.header, event: &event },
            state,
            (&town(), grid.as_ref()),
            Suppressed { silenced_until, inhibited: false },
        )
        .unwrap();
        serde_json::to_value(&message.body).unwrap()
    };
    let mut full = state("fever");
    let (first, last) = (at("2020-02-06T06:50:00Z"), at("2020-02-06T06:58:00Z"));
    full.occurrence.observed = Some(Observed { tenths_celsius: 382, site: Site::Axilla, at: last, recorded_at: last });
    (full.occurrence.first_at, full.occurrence.last_at, full.occurrence.rule_version) = (first, last, 3);
    let actor = "t-office".parse().unwrap();
    (full.n, full.status) = (2, Status::Acknowledged { actor, role: Role::Office, at: commit.header.recorded_at, until: Some(at("2020-02-06T09:00:00Z")) });
    let acknowledged = domain::alert::Acknowledged { alert: full.alert.clone(), key: full.key.clone(), n: 2, until: None };
    // somebody under an order elsewhere, whose home is not known
    let mut bare = state("quarantine_breach");
    (bare.occurrence.place, bare.occurrence.names, bare.occurrence.observed) = Default::default();
    (bare.occurrence.first_at, bare.occurrence.last_at, bare.occurrence.occurrences) = (first, first, 1);
    // that the office was told stands in it to its end
    let told = Told { owners: Vec::new(), informed: Vec::new(), gaps: Vec::new(), why: Why::AtOnce, since: first };
    bare.turn.told.insert(2, told);
    (bare.n, bare.status) = (3, Status::Resolved { at: commit.header.recorded_at, by_hand: false });
    let quieted_by = vec!["01922f0c-7b1e-7c3a-9f00-5b1d2c3e4f50-0".to_owned()];
    let resolved =
        domain::alert::Resolved { alert: bare.alert.clone(), key: bare.key.clone(), n: 3, by_hand: false, late: true, quieted_by, basis: None, private: None };
    let contract: serde_json::Value = serde_json::from_str(web::OPENAPI).unwrap();
    let shown = &contract["components"]["schemas"]["AlertMessage"]["examples"];
    let escalated: domain::Event = passed_on(&full, commit.header.recorded_at).into();
    let (hash, fact) = (full.alert.key_hash().clone(), domain::Fact { sequence: 1, index: 0, header: &commit.header, event: &escalated });
    let turned = Alert::evolve(Some(State { status: Status::Open, ..full.clone() }), &hash, &fact).unwrap();
    let until = Some(at("2020-02-06T12:00:00Z"));
    let expected = json!([said(&full, acknowledged.into(), None), said(&bare, resolved.into(), until), said(&turned, escalated, None)]);
    assert_eq!(&expected, shown, "what is said, and what openapi.json shows");
}

#[test]
fn a_fever_whose_record_was_taken_back_is_said_to_be_that_and_no_illness_that_is_over() {
    let (mut fever, header) = (state("fever"), header(false));
    (fever.n, fever.status) = (3, Status::Resolved { at: header.recorded_at, by_hand: false });
    let said = |by_hand, quieted_by: &[&str]| {
        let quieted_by = quieted_by.iter().map(|id| (*id).to_owned()).collect();
        let (alert, key) = (fever.alert.clone(), fever.key.clone());
        let event = domain::alert::Resolved { alert, key, n: 3, by_hand, late: false, quieted_by, basis: None, private: None }.into();
        let fact = domain::Fact { sequence: 1, index: 0, header: &header, event: &event };
        let message = message::of(&fact, &fever, (&town(), None), Suppressed::default()).unwrap();
        serde_json::to_value(&message.body).unwrap()["data"]["title"].clone()
    };
    let taken_back = said(false, &[]);
    assert!(taken_back["zh-CN"].as_str().unwrap().ends_with("（原记录已撤回，或不再算数）"), "{taken_back}");
    assert!(taken_back["en"].as_str().unwrap().contains(" (its record was taken back, or counts no more)"), "{taken_back}");
    for well in [said(false, &["01922f0c-7b1e-7c3a-9f00-5b1d2c3e4f50-0"]), said(true, &[])] {
        assert!(!well.to_string().contains("撤回") && !well.to_string().contains("taken back"), "{well}");
    }
}

#[test]
fn whose_post_is_vacant_is_said_at_every_level_that_it_goes_up_to() {
    let mut silent = state("building_silent");
    let told = |gaps: &[(u8, &str)], why| {
        let gaps = gaps.iter().map(|(level, duty)| Gap { level: *level, duty: duty.parse().unwrap() }).collect();
        Told { owners: Vec::new(), informed: Vec::new(), gaps, why, since: Timestamp(0) }
    };
    silent.turn.told = [(2, told(&[(1, "leader")], Why::Vacant)), (3, told(&[(3, "command")], Why::Hour))].into();
    let event: domain::Event = passed_on(&silent, Timestamp(0)).into();
    let header = header(false);
    let fact = domain::Fact { sequence: 1, index: 0, header: &header, event: &event };
    let message = message::of(&fact, &silent, (&town(), None), Suppressed::default()).unwrap();
    let owner = serde_json::to_value(&message.body).unwrap()["data"]["owner"].clone();
    assert_eq!((&owner["level"], &owner["gaps"]), (&json!(3), &json!([{"level": 1, "duty": "leader"}, {"level": 3, "duty": "command"}])));
}

#[test]
fn counts_are_those_that_the_contract_shows() {
    let alert = state("fever");
    let mut world = World::settled();
    world.record("visit.record", json!({"household": "h502", "outcome": "met", "mode": "door"}), "2020-02-06T15:04");
    let commit = world.commits().last().unwrap().clone();
    let mut counts = Counts::default();
    counts.turn(None, Some(("check_overdue".parse().unwrap(), Severity::Serious)));
    counts.turn(None, counted(&alert));
    let moved = counts.turn(None, counted(&alert)).unwrap();
    let raised = Raised { alert: alert.alert.clone(), key: alert.key.clone(), n: 1, episode: 1, occurrence: alert.occurrence.clone() }.into();
    let fact = domain::Fact { sequence: 184_220, index: 0, header: &commit.header, event: &raised };
    let message = counts.message(&fact, &alert, moved, &town()).unwrap();
    let contract: serde_json::Value = serde_json::from_str(web::OPENAPI).unwrap();
    let shown = &contract["components"]["schemas"]["AlertCountsMessage"]["examples"];
    assert_eq!(&json!([message.body]), shown, "what is said, and what openapi.json shows");
}

/// A settled alert whose every word that could lead to somebody can be found again.
fn marked(rule: &str) -> State {
    let mut marked = state(rule);
    let occurrence = &mut marked.occurrence;
    occurrence.place = Place {
        estate: Some("m-estate".parse().unwrap()),
        building: Some("m-building".parse().unwrap()),
        unit: Some("m-unit".to_owned()),
        floor: Some(33),
        door: Some("m-door".to_owned()),
        household: Some("m-household".parse().unwrap()),
    };
    occurrence.names = PlaceNames { estate: Some("m-阳光小区".to_owned()), building: Some("m-7号楼".to_owned()) };
    occurrence.person = Some(Subject::person("m-person".parse().unwrap()));
    occurrence.causes = vec!["m-cause-0".to_owned()];
    occurrence.observed = Some(Observed { tenths_celsius: 399, site: Site::Axilla, at: Timestamp(0), recorded_at: Timestamp(0) });
    (occurrence.occurrences, occurrence.detail.missed) = (77, 88);
    marked.key = Key { subject_id: "m-subject".parse().unwrap(), ..marked.key };
    marked
}

#[test]
fn the_public_is_told_of_no_place_below_the_community_no_person_and_no_alert() {
    let world = World::settled();
    let header = &world.commits()[0].header;
    let known = domain::alert::Kind::slugs().filter(|rule| !marked(rule).key.tells_a_finding()).chain(["of_a_newer_program"]);
    for (rule, severity) in known.flat_map(|rule| Severity::ALL.iter().map(move |severity| (rule, *severity))) {
        let mut alert = marked(rule);
        alert.severity_peak = severity;
        let hidden = [alert.alert.to_string(), "m-".to_owned(), "502".to_owned(), "39.9".to_owned(), "77".to_owned(), "88".to_owned()];
        for (status, was, moved) in [
            (Status::Open, None, Moved::More),
            (Status::Open, Some(Severity::Caution).filter(|was| *was != severity), Moved::Worse),
            (Status::Closed, Some(severity), Moved::Less),
        ] {
            let mut counts = Counts::default();
            let before = was.map(|was| (alert.key.rule.clone(), was));
            if before.is_some() {
                counts.turn(None, before.clone());
            }
            let closed = matches!(status, Status::Closed);
            alert.status = status;
            let found = counts.turn(before, counted(&alert));
            // nothing is worse than it was in the lowest
            let Some(found) = found.filter(|found| *found == moved) else { continue };
            let event =
                domain::alert::Updated { alert: alert.alert.clone(), key: alert.key.clone(), n: 2, episode: 1, occurrence: alert.occurrence.clone() }.into();
            let fact = domain::Fact { sequence: 4711, index: 1, header, event: &event };
            let told = publish_messages(&fact, &alert, found, &counts);
            let [(Class::Work, _, full), (Class::Public, subject, payload)] = &told[..] else { panic!("{told:?}") };
            let text = String::from_utf8(payload.clone()).unwrap();
            for hidden in &hidden {
                assert!(!text.contains(hidden.as_str()) && !subject.contains(hidden.as_str()), "{hidden} is in {subject} {text}");
            }
            assert!(String::from_utf8_lossy(full).contains("m-person"), "it could have been found");
            assert_eq!(*subject, format!("gw-public.v1.dianbu.u07.alert.{rule}.{severity}._.updated"));
            let json: serde_json::Value = serde_json::from_slice(payload).unwrap();
            assert_eq!(json["data"]["open"], if closed { json!([]) } else { json!([{"kind": rule, "severity": severity, "count": 1}]) });
            assert_eq!(json["id"], format!("{}-4711-1", header.epoch));
        }
    }
}

fn publish_messages(fact: &domain::Fact<'_>, state: &State, moved: Moved, counts: &Counts) -> Vec<(Class, String, Vec<u8>)> {
    Happened { fact, state, community: &town(), grid: None, counts: Some((moved, counts)) }.messages(Suppressed::default(), false).unwrap()
}

#[test]
fn what_medicine_found_is_told_to_class_full_alone() {
    let world = World::settled();
    let header = &world.commits()[0].header;
    for rule in domain::alert::Kind::slugs() {
        let alert = marked(rule);
        let mut counts = Counts::default();
        let moved = counts.turn(None, counted(&alert));
        let event = domain::alert::Raised { alert: alert.alert.clone(), key: alert.key.clone(), n: 1, episode: 1, occurrence: alert.occurrence.clone() }.into();
        let fact = domain::Fact { sequence: 4711, index: 0, header, event: &event };
        let counts = moved.map(|moved| (moved, &counts));
        let happened = Happened { fact: &fact, state: &alert, community: &town(), grid: None, counts };
        let told = |full| happened.messages(Suppressed::default(), full).unwrap().into_iter().map(|(class, ..)| class).collect::<Vec<_>>();
        let of_findings = rule == "exposure_undecided";
        assert_eq!(told(false), if of_findings { vec![] } else { vec![Class::Work, Class::Public] }, "{rule}");
        assert_eq!(told(true), if of_findings { vec![Class::Full] } else { vec![Class::Full, Class::Work, Class::Public] }, "{rule}");
    }
}

#[test]
fn what_moves_no_count_is_not_told_to_the_public() {
    let mut counts = Counts::default();
    let fever = |severity| Some(("fever".parse().unwrap(), severity));
    for (before, after, moved) in [
        (None, fever(Severity::Serious), Some(Moved::More)),
        (fever(Severity::Serious), fever(Severity::Serious), None),
        (fever(Severity::Serious), fever(Severity::Critical), Some(Moved::Worse)),
        (None, None, None),
        (fever(Severity::Critical), None, Some(Moved::Less)),
    ] {
        assert_eq!(counts.turn(before, after), moved);
    }
    assert_eq!(counts.open().count(), 0);
}

/// The nurse is not there: it goes to the office, two of them.
fn passed_on(state: &State, since: Timestamp) -> Escalated {
    let owner = |staff: &str| Owner { staff: staff.parse().unwrap(), duty: Some("office".parse().unwrap()), standing: None, share: Share::Everything };
    Escalated {
        alert: state.alert.clone(),
        key: state.key.clone(),
        n: state.n + 1,
        place: state.occurrence.place.clone(),
        person: state.occurrence.person.clone(),
        level: 2,
        owners: vec![owner("s-wang"), owner("s-li")],
        informed: vec![Owner { share: Share::DoNotGoUp, ..owner("s-lou") }],
        gaps: vec![Gap { level: 1, duty: "nurse".parse().unwrap() }],
        why: Why::Vacant,
        since,
        due_at: Some(since.plus_minutes(15)),
        basis: Basis::default(),
    }
}

#[tokio::test]
async fn a_heartbeat_says_how_far_how_late_and_how_many() {
    let (memory, clock) = (bus::MemoryLog::new("town"), Clock::at("2020-02-06T12:00"));
    let intake = MemoryIntake::new(&memory, clock.now());
    intake.adopt(World::settled()).await;
    let log = bus::EventLog::in_memory(&memory);
    let dir = TempDir::new().unwrap();
    let store = open(&dir);
    let mut engine = Engine::new(store.clone());
    let head = log.head().await.unwrap().last_sequence;
    let sequences: Vec<u64> = (1..head).collect();
    engine.fold(&log.read_many(&sequences).await.unwrap()).unwrap();
    // two buildings that nobody has reported for days
    let pass = engine.judge((clock.now())(), 8).unwrap();
    for (target, observation) in pass.observations {
        intake.observe(&serde_json::to_vec(&observation).unwrap()).await;
        engine.answered(&target).unwrap();
    }
    let sequences: Vec<u64> = (head..=head + 1).collect();
    engine.fold(&log.read_many(&sequences).await.unwrap()).unwrap();
    engine.put_off((clock.now())()).unwrap();
    let announcer = bus::Announcer::in_memory();
    beat(&log, &store, 3, &announcer).await.unwrap();
    let said: Vec<(String, serde_json::Value)> =
        announcer.announced().into_iter().map(|(subject, payload)| (subject, serde_json::from_slice(&payload).unwrap())).collect();
    assert_eq!(said, vec![("gw.v1.dianbu.u07.heartbeat".to_owned(), json!({"sequence": head + 1, "lag": 1, "open_alerts": 1, "parked": 3}))]);
}
