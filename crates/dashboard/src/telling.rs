//! Alerts and events in plain words.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    alert::{Detail, Gap, Kind, LEVEL_MAX, NotMade, Observed, RESPONSIBILITY_GAP, Share, Situation, vacant_posts},
    values::{Day, PersonId, Place, PlaceNames},
};
use readmodel::views::{AlertItem, Cell, MEASURED, ReadingView};
use serde_json::Value;

use crate::{colleagues::Colleagues, language::Language, moments::Clock, words::Words};

/// Most details of one event in a line.
const DETAILS_MAX: usize = 16;

/// Names of people by their id, as far as the visitor may read them.
pub(crate) type Names<'a> = BTreeMap<&'a str, &'a str>;

/// `阳光小区 7号楼 2单元 502`: numbers repeat between estates, so the estate comes first. Somebody who is at no door of ours is at a site or in
/// hospital; what is about nobody is about the whole community.
pub(crate) fn place(names: &PlaceNames, place: &Place, is_of_person: bool, words: Words) -> String {
    let building = names.building.clone().or_else(|| place.building.as_ref().map(ToString::to_string));
    let parts = [names.estate.clone(), building, door(place.unit.as_deref(), place.door.as_deref(), words)];
    let text = parts.into_iter().flatten().collect::<Vec<_>>().join(" ");
    match (text.is_empty(), is_of_person) {
        (false, _) => text,
        (true, true) => words.of("place.elsewhere").to_owned(),
        (true, false) => words.of("place.community").to_owned(),
    }
}

/// `2单元 502`, or what of it is known.
pub(crate) fn door(unit: Option<&str>, door: Option<&str>, words: Words) -> Option<String> {
    let unit = unit.map(|unit| words.with("place.unit", unit));
    let parts: Vec<String> = unit.into_iter().chain(door.map(|door| words.with("place.door", door))).collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}

/// Tenths of a degree as people write them.
pub(crate) fn celsius(tenths: i16, words: Words) -> String {
    let space = if words.language() == Language::English { " " } else { "" };
    format!("{}.{}{space}℃", tenths / 10, tenths % 10)
}

/// What an alert is about: `发热 38.2℃ 腋下,待复测`.
pub(crate) fn matter(alert: &AlertItem, clock: &Clock) -> String {
    let words = clock.words;
    let kind = words.kind(alert.kind.as_str());
    let Detail { missed, direction, stopped, for_date, .. } = &alert.detail;
    // of what is over nothing can be made any more
    let NotMade { overdue, missed } = match alert.state.as_str() {
        "resolved" | "closed" => NotMade { overdue: 0, missed: *missed },
        _ => alert.detail.not_made(clock.zone.day_of(clock.now)),
    };
    let observed = alert.observed.as_ref().map(|observed| reading(observed, words));
    let more = [
        alert.unconfirmed.then(|| words.of("alert.unconfirmed").to_owned()),
        (overdue > 0).then(|| words.with("alert.checks_overdue", overdue)),
        (missed > 0).then(|| words.with("alert.missed", missed)),
        direction.map(|direction| words.of(&format!("breach.{}", direction.word())).to_owned()),
        (alert.kind.as_str() == "door_missed").then(|| words.with("alert.doors_missed", alert.occurrences)),
        stopped.then(|| words.of("alert.stopped").to_owned()),
        for_date.map(|day| clock.day(day)),
        vacant(alert, words),
    ];
    let head = std::iter::once(kind).chain(observed).collect::<Vec<_>>().join(" ");
    std::iter::once(head).chain(more.into_iter().flatten()).collect::<Vec<_>>().join(words.of("list.comma"))
}

/// The posts that an alert says nobody holds. In lists it says none.
fn vacant(alert: &AlertItem, words: Words) -> Option<String> {
    let causes: &[String] = if alert.kind.as_str() == RESPONSIBILITY_GAP { &alert.caused_by } else { &[] };
    let posts = words.one_of(vacant_posts(causes));
    (!posts.is_empty()).then(|| posts.join(words.of("list.and")))
}

fn reading(observed: &Observed, words: Words) -> String {
    format!("{} {}", celsius(observed.tenths_celsius, words), words.of(&format!("site.{}", observed.site.word())))
}

/// What is to be done about an alert by whoever looks at it.
pub(crate) fn next_step(alert: &AlertItem, Clock { zone, now, words }: &Clock) -> String {
    let next = match alert.kind.as_str() {
        // what it is called says not to go up already
        _ if !alert.says_why() => words.of("next.office_sees_to_it"),
        _ if alert.for_you == Some(Share::DoNotGoUp) => words.of("next.do_not_go_up"),
        _ if alert.state == "recovering" => words.of("next.recovering"),
        kind => {
            let step = |kind: &Kind| words.one_of(kind.next_in(situation(alert, kind), zone, *now));
            return Kind::of(kind).map_or_else(|| words.of("next.look").to_owned(), step);
        }
    };
    next.to_owned()
}

/// What changes what whoever looks at an alert of a kind is to do about it.
fn situation(alert: &AlertItem, kind: &Kind) -> Situation {
    let gaps = alert.turn.iter().flat_map(|turn| &turn.gaps).map(|gap| (gap.level, gap.duty.as_str()));
    let at = |level| alert.your_turn == Some(level);
    let (unconfirmed, stopped) = (alert.unconfirmed, alert.detail.stopped);
    let town_told = alert.turn.as_ref().is_some_and(|turn| turn.level >= LEVEL_MAX);
    let known = Situation { first_turn: at(1), unconfirmed, stopped, above: at(LEVEL_MAX), town_told, ..Situation::default() };
    kind.situation(known, gaps, Some(alert.last_at))
}

/// Where what was measured is left out of a view: who has it.
pub(crate) fn measured_elsewhere(without: &[String], words: Words) -> Option<&'static str> {
    without.iter().any(|left_out| left_out == MEASURED).then(|| words.of("measured.elsewhere"))
}

/// A temperature of a view: `38.2℃ 腋下`, or what the thermometer showed instead.
pub(crate) fn measured(reading: &ReadingView, words: Words) -> String {
    let value = match (reading.tenths_celsius, &reading.unreadable) {
        (Some(tenths), _) => celsius(tenths, words),
        (None, Some(shown)) => words.api_word("unreadable", shown),
        (None, None) => String::new(),
    };
    format!("{value} {}", words.api_word("site", &reading.site))
}

/// Why a door is as it is, without its alerts: what is known, by what means and since when.
pub(crate) fn known(cell: &Cell, clock: &Clock) -> String {
    let words = clock.words;
    match (cell.known_by, cell.seen_at) {
        (Some(readmodel::views::KnownBy::Seen), Some(at)) => words.with("why.seen", clock.short(at)),
        (Some(readmodel::views::KnownBy::Seen), None) => words.of("why.seen_once").to_owned(),
        (Some(readmodel::views::KnownBy::Reported), _) => words.of("why.reported").to_owned(),
        (None, Some(at)) => words.with("why.stale", clock.short(at)),
        (None, None) => words.of("why.never").to_owned(),
    }
}

/// Characters of an event's id that are shown: enough to be read out, and to tell entries apart.
const SHORT_ID_CHARS: usize = 8;

/// The end of an event's id, which tells apart what was recorded within a minute and by one command; ids begin with the time. All of it stands
/// in the title of what shows it.
pub(crate) fn short_id(event: &str) -> String {
    let before = event.chars().count().saturating_sub(SHORT_ID_CHARS);
    event.chars().skip(before).collect()
}

/// An event's name in words: `visit.recorded.v1` is 走访.
pub(crate) fn event(kind: &str, words: Words) -> String {
    let name = kind.rsplit_once(".v").map_or(kind, |(name, _)| name);
    words.get(&format!("event.{name}")).map_or_else(|| name.replace(['.', '_'], " "), str::to_owned)
}

/// What an event says, as far as its data is known here: outcome, means, temperatures, notes.
pub(crate) fn details(data: &Value, names: &Names<'_>, clock: &Clock, colleagues: &Colleagues) -> Vec<String> {
    let mut said = Vec::new();
    describe(data, names, (clock.words, colleagues), &mut said);
    said.extend(arrival(data, clock));
    said.extend(housemates(data, names, clock.words));
    said.dedup();
    said.truncate(DETAILS_MAX);
    said
}

/// Fields whose value is a word of ours, and the group it belongs to.
const WORD_FIELDS: [(&str, &str); 10] = [
    ("outcome", "outcome"),
    ("finding", "finding"),
    ("presence", "presence"),
    ("mode", "mode"),
    ("direction", "direction"),
    ("result", "entry"),
    ("severity", "severity"),
    ("basis", "report"),
    ("reason", "reason"),
    ("why", "because"),
];

/// Where an event, or a part of one, says whom it is about.
const WHO: [&str; 3] = ["/who/person", "/person/person", "/person"];

/// People with a file whom declared arrivals and what happened to a household name, and who need not live there.
pub(crate) fn mentioned<'a>(data: impl Iterator<Item = &'a Value>) -> BTreeSet<PersonId> {
    let telling = data.filter(|data| data.get(ARRIVED_ON).is_some() || data.get(HOUSEMATES).is_some());
    let told =
        telling.flat_map(|data| WHO.iter().filter_map(|at| data.pointer(at)).chain(data.get(HOUSEMATES).and_then(Value::as_array).into_iter().flatten()));
    told.filter_map(|person| person.as_str()?.parse().ok()).collect()
}

/// The day of a declared arrival.
const ARRIVED_ON: &str = "arrived_on";
/// Who lives with somebody who was taken to hospital.
const HOUSEMATES: &str = "housemates";

/// Of a declared arrival: a stranger's name, the day, the door, and from where. Who has a file is named as in every event.
fn arrival(data: &Value, clock: &Clock) -> Vec<String> {
    let words = clock.words;
    let Some(day) = data.get(ARRIVED_ON).and_then(Value::as_str) else { return Vec::new() };
    let text = |at: &str| data.pointer(at).and_then(Value::as_str);
    let day = day.parse::<Day>().map_or_else(|_| day.to_owned(), |day| clock.day(day));
    let parts = [
        text("/private/name/0").map(str::to_owned),
        text("/private/from/0").map(|from| words.with("arrival.from", from)),
        Some(words.with("arrival.on", day)),
        door(text("/place/unit"), text("/place/door"), words).map(|door| words.with("arrival.at", door)),
    ];
    parts.into_iter().flatten().collect()
}

/// Who lives with somebody, by name where all of them may be read, else how many.
fn housemates(data: &Value, names: &Names<'_>, words: Words) -> Option<String> {
    let ids: Vec<&str> = data.get(HOUSEMATES)?.as_array()?.iter().filter_map(Value::as_str).collect();
    let known: Option<Vec<&str>> = ids.iter().map(|id| names.get(id).copied()).collect();
    let who = known.map_or_else(|| words.with("housemates.count", ids.len()), |known| known.join(words.of("list.and")));
    (!ids.is_empty()).then(|| words.with("housemates.who", who))
}

fn describe(data: &Value, names: &Names<'_>, (words, colleagues): (Words, &Colleagues), said: &mut Vec<String>) {
    let who = WHO.iter().find_map(|at| data.pointer(at)?.as_str());
    said.extend(who.and_then(|who| names.get(who)).map(|name| (*name).to_owned()));
    // which of the alerts of a door this is about
    said.extend(data.pointer("/key/rule").and_then(Value::as_str).map(|rule| words.kind(rule)));
    said.extend(passed_on(data, words, colleagues));
    for (field, group) in WORD_FIELDS {
        // fields of one name have words of several groups: an order's basis, a release's reason
        let groups = [group, "basis", "released"];
        if let Some(word) = data.get(field).and_then(Value::as_str)
            && let Some(text) = groups.iter().find_map(|group| words.get(&format!("{group}.{word}")))
        {
            said.push(text.to_owned());
        }
    }
    said.extend((data.get("late") == Some(&Value::Bool(true))).then(|| words.of("alert.late").to_owned()));
    said.extend(data.get("readings").and_then(Value::as_array).into_iter().flatten().filter_map(|reading| raw_reading(reading, words)));
    match data.get("symptoms").and_then(Value::as_array) {
        Some(symptoms) if symptoms.is_empty() => said.push(words.of("symptom.none").to_owned()),
        Some(symptoms) => said.extend(symptoms.iter().filter_map(Value::as_str).map(|symptom| words.api_word("symptom", symptom))),
        None => {}
    }
    // where somebody arrived from is said with the day and the door
    let from = (data.get(ARRIVED_ON).is_none()).then_some("from");
    for texts in ["note", "document", "reason", "label"].into_iter().chain(from).filter_map(|field| data.get("private")?.get(field)?.as_array()) {
        said.extend(texts.iter().filter_map(Value::as_str).map(|text| words.with("quote", text)));
    }
    for part in ["people", "checks"].iter().filter_map(|field| data.get(field)?.as_array()).flatten() {
        describe(part, names, (words, colleagues), said);
    }
    if let Some(occurrence) = data.get("occurrence") {
        describe(occurrence, names, (words, colleagues), said);
    }
}

/// To whom an alert went, where an event says so: `二级 王芳`, or who is nobody.
fn passed_on(data: &Value, words: Words, colleagues: &Colleagues) -> Option<String> {
    let level = data.get("key").and(data.get("level"))?.as_u64()?;
    let name = |staff: &str| staff.parse().map_or_else(|_| staff.to_owned(), |staff| colleagues.name(&staff));
    let owners = data.get("owners").and_then(Value::as_array);
    let owners: Option<Vec<String>> = owners.map(|owners| owners.iter().filter_map(|owner| owner.get("staff")?.as_str()).map(name).collect());
    let nobody = owners.as_ref().is_some_and(Vec::is_empty);
    let staff = owners.unwrap_or_else(|| data.get("staff").and_then(Value::as_str).map(name).into_iter().collect());
    Some(turn_of(u8::try_from(level).ok()?, &if nobody { vec![words.of("turn.nobody").to_owned()] } else { staff }, words))
}

/// `二级 王芳、李强`
pub(crate) fn turn_of(level: u8, staff: &[String], words: Words) -> String {
    let level = words.of(&format!("turn.level_{level}")).to_owned();
    std::iter::once(level).chain((!staff.is_empty()).then(|| staff.join(words.of("list.and")))).collect::<Vec<_>>().join(" ")
}

/// Posts that nobody holds: `一级 护士`.
pub(crate) fn gaps(gaps: &[Gap], words: Words) -> Vec<String> {
    gaps.iter().map(|gap| turn_of(gap.level, &[words.api_word("duty", gap.duty.as_str())], words)).collect()
}

fn raw_reading(reading: &Value, words: Words) -> Option<String> {
    let site = words.api_word("site", reading.get("site")?.as_str()?);
    let value = match reading.get("tenths_celsius").and_then(Value::as_i64) {
        Some(tenths) => celsius(i16::try_from(tenths).ok()?, words),
        None => words.api_word("unreadable", reading.get("unreadable")?.as_str()?),
    };
    Some(format!("{value} {site}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_an_event_says_is_said_in_words() {
        let clock = Clock { zone: domain::values::Zone::default(), now: "2020-02-06T20:14:05+08:00".parse().unwrap(), words: Words::new(Language::Chinese) };
        let nurse = json!({"staff": "s-wang", "roles": ["nurse"], "org": null, "until": null, "private": {"name": ["王芳"]}, "sequence": 1});
        let colleagues = Colleagues::new(vec![serde_json::from_value(nurse).unwrap()], clock.words);
        let (words, details) = (clock.words, |data: &Value, names: &Names<'_>| details(data, names, &clock, &colleagues));
        let visit = json!({"outcome": "met", "mode": "door", "people": [{"who": {"person": "p1"}, "presence": "here", "symptoms": [],
            "readings": [{"site": "axilla", "tenths_celsius": 382, "unreadable": null, "at": "2020-02-06T12:00:00Z"}]}]});
        let names = Names::from([("p1", "张三")]);
        assert_eq!(details(&visit, &names), ["见到", "上门", "张三", "在家", "38.2℃ 腋下", "无症状"]);
        assert_eq!(details(&visit, &Names::new()), ["见到", "上门", "在家", "38.2℃ 腋下", "无症状"]);
        assert_eq!(details(&json!({"of": "another time"}), &names), Vec::<String>::new());
        let raised = json!({"key": {"rule": "check_overdue"}, "person": {"person": "p1", "unregistered": null}, "late": true});
        assert_eq!(details(&raised, &names), ["张三", "体温检查超时", "晚录"]);
        let escalated = json!({"key": {"rule": "fever"}, "level": 2, "owners": [{"staff": "s-wang"}, {"staff": "s-li"}], "why": "vacant"});
        assert_eq!(details(&escalated, &names), ["发热", "二级 王芳、s-li", "岗位空缺"], "by name where it may be read");
        let nobodys = json!({"key": {"rule": "fever"}, "level": 3, "owners": [], "why": "vacant"});
        assert_eq!(details(&nobodys, &names), ["发热", "三级 无人", "岗位空缺"]);
        let asked = json!({"key": {"rule": "fever"}, "level": 2});
        assert_eq!(details(&asked, &names), ["发热", "二级"]);
        let declared = json!({"who": {"person": null, "unregistered": "v1"}, "place": {"building": "b07", "unit": "2", "door": "502"}, "arrived_on": "2020-02-05",
            "private": {"name": ["赵六"], "from": ["武汉"], "phone": ["0538-555-0142"]}});
        assert_eq!(details(&declared, &names), ["赵六", "来自 武汉", "2月5日到", "住 2单元 502"]);
        let exposed = json!({"person": "p9", "housemates": ["p1", "p2"]});
        assert_eq!(details(&exposed, &names), ["同住 2人"], "who is not named is counted");
        assert_eq!(details(&exposed, &Names::from([("p1", "张三"), ("p2", "李四")])), ["同住 张三、李四"]);
        assert_eq!(mentioned([&exposed, &visit].into_iter()), ["p1", "p2", "p9"].map(|id| id.parse().unwrap()).into());
        assert_eq!(event("visit.recorded.v1", words), "走访");
        assert_eq!(event("something.new_here.v7", words), "something new here");
    }

    #[test]
    fn a_place_names_its_estate_first() {
        let words = Words::new(Language::Chinese);
        let names = PlaceNames { estate: Some("阳光小区".to_owned()), building: Some("7号楼".to_owned()) };
        let at = Place { unit: Some("2".to_owned()), door: Some("502".to_owned()), ..Place::default() };
        assert_eq!(place(&names, &at, true, words), "阳光小区 7号楼 2单元 502");
        assert_eq!(place(&PlaceNames::default(), &Place::default(), false, words), "全社区");
        assert_eq!(place(&PlaceNames::default(), &Place::default(), true, words), "不在楼内");
    }
}
