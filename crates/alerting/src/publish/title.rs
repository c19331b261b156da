//! One line for people, in Chinese and in English. It names the estate or community, the building and the door; never a person.

use domain::{
    Header,
    alert::{CHECK_OVERDUE, CLUSTER, FEVER, Kind, NotMade, Occurrence, RESPONSIBILITY_GAP, Severity, State, vacant_posts},
    checkpoint::Direction,
    community,
    values::{Day, Place, PlaceNames, Zone},
};
use serde::Serialize;

/// Most doors that a line names.
const DOORS_SHOWN_MAX: usize = 5;

/// A line in each language that messages carry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Title {
    #[serde(rename = "zh-CN")]
    pub(crate) zh_cn: String,
    pub(crate) en: String,
}

/// What ended an alert, where something did.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Ending {
    /// It was recorded late.
    pub(crate) late: bool,
    /// Nothing did: no record stands any more that it rested on.
    pub(crate) without_record: bool,
}

/// What is said of an alert as it stands after an event, in a community. An exercise says so first.
pub(crate) fn of(state: &State, community: &community::State, header: &Header, ending: Ending) -> Title {
    let (occurrence, exercise) = (&state.occurrence, header.exercise);
    let today = community.zone().day_of(header.recorded_at);
    let rule = state.key.rule.as_str();
    let (stands_zh, stands_en) = match (state.is_active(), state.recovering) {
        (false, _) => ("已结束：", "Over: "),
        (true, Some(_)) => ("恢复中：", "Recovering: "),
        (true, None) => ("", ""),
    };
    let (late_zh, late_en) = late(rule, occurrence, &community.zone());
    let zh_cn = format!(
        "{}{}{} {}{}",
        if exercise { "【演练】" } else { "" },
        stands_zh,
        place_zh((&occurrence.place, &occurrence.names), community),
        if state.is_active() { matter_zh(rule, occurrence, today) } else { past_zh(rule, occurrence, today, ending) },
        late_zh,
    );
    let en = format!(
        "{}{}{}{}, {}",
        if exercise { "[exercise] " } else { "" },
        stands_en,
        if state.is_active() { matter_en(rule, occurrence, today) } else { past_en(rule, occurrence, today, ending) },
        late_en,
        place_en((&occurrence.place, &occurrence.names), community),
    );
    Title { zh_cn, en }
}

/// `阳光小区 7号楼2单元502`
pub(super) fn place_zh((place, names): (&Place, &PlaceNames), community: &community::State) -> String {
    let Place { unit, door, .. } = place;
    let around = names.estate.as_deref().unwrap_or(&community.name);
    let unit = unit.as_deref().map(|unit| if unit.ends_with("单元") { unit.to_owned() } else { format!("{unit}单元") });
    let inside: String = [building(place, names), unit, door.clone()].into_iter().flatten().collect();
    if inside.is_empty() { around.to_owned() } else { format!("{around} {inside}") }
}

/// `Yangguang, building 7, unit 2, door 502`
pub(super) fn place_en((place, names): (&Place, &PlaceNames), community: &community::State) -> String {
    let Place { unit, door, .. } = place;
    let around = names.estate.as_deref().unwrap_or(&community.name).to_owned();
    let building = building(place, names).map(|name| numbered(&name).map_or_else(|| name.clone(), |number| format!("building {number}")));
    let unit = unit.as_deref().map(|unit| format!("unit {}", unit.trim_end_matches("单元")));
    let door = door.as_deref().map(|door| format!("door {door}"));
    [Some(around), building, unit, door].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// What the building is called, or its id when it has no name yet.
fn building(place: &Place, names: &PlaceNames) -> Option<String> {
    names.building.clone().or_else(|| place.building.as_ref().map(ToString::to_string))
}

/// The number of a building that is called by one, such as 7号楼.
fn numbered(name: &str) -> Option<&str> {
    let number = ["号楼", "栋", "幢", "号"].into_iter().find_map(|suffix| name.strip_suffix(suffix))?;
    (!number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())).then_some(number)
}

/// That it was recorded late, and when it was by the clock on the wall: `（补录，2月6日 09:30测）`.
fn late(rule: &str, occurrence: &Occurrence, zone: &Zone) -> (String, String) {
    match &occurrence.observed {
        _ if !occurrence.late => Default::default(),
        // which of its people were recorded late is not said, and they were measured at times of their own
        None if rule == CLUSTER => ("（补录）".to_owned(), " (recorded late)".to_owned()),
        Some(observed) => {
            let (at_zh, at_en) = zone.in_words(observed.at);
            (format!("（补录，{at_zh}测）"), format!(" (recorded late, measured {at_en})"))
        }
        None => {
            let (at_zh, at_en) = zone.in_words(occurrence.last_at);
            (format!("（补录，发生于{at_zh}）"), format!(" (recorded late, of {at_en})"))
        }
    }
}

fn celsius(occurrence: &Occurrence) -> String {
    occurrence.observed.as_ref().map_or_else(String::new, |observed| format!(" {}.{}", observed.tenths_celsius / 10, observed.tenths_celsius % 10))
}

/// The first of the doors that a round missed: its causes are `{round}/{building}/{door}`.
fn doors(occurrence: &Occurrence, between: &str) -> String {
    let named = occurrence.causes.iter().filter_map(|cause| cause.splitn(3, '/').nth(2));
    let shown: Vec<&str> = named.take(DOORS_SHOWN_MAX).collect();
    let more = usize::try_from(occurrence.occurrences).is_ok_and(|count| count > shown.len());
    format!("{}{}", shown.join(between), if more { "…" } else { "" })
}

/// Of what is over: what was open is no number any more. How many checks were missed by then its end does not say, for what was made in time may be
/// recorded later, and a day may end with one that was never made: the order says it.
fn past_zh(rule: &str, occurrence: &Occurrence, today: Day, ending: Ending) -> String {
    match rule {
        CHECK_OVERDUE if ending.late => "体温检查超时（当时已测的已补录，其余见管控页）".to_owned(),
        CHECK_OVERDUE => "体温检查超时（漏查次数见管控页）".to_owned(),
        // a typo that was taken back is no illness that is over
        FEVER | "symptom" if ending.without_record => format!("{}（原记录已撤回，或不再算数）", matter_zh(rule, occurrence, today)),
        // it ends too when nothing is left that anybody there would be told of
        RESPONSIBILITY_GAP => format!("{}（已有人到岗，或暂无待办）", matter_zh(rule, occurrence, today)),
        _ => matter_zh(rule, occurrence, today),
    }
}

fn past_en(rule: &str, occurrence: &Occurrence, today: Day, ending: Ending) -> String {
    match rule {
        CHECK_OVERDUE if ending.late => "Checks overdue (what was made in time is recorded now, the rest stands in the order)".to_owned(),
        CHECK_OVERDUE => "Checks overdue (what was missed stands in the order)".to_owned(),
        FEVER | "symptom" if ending.without_record => format!("{} (its record was taken back, or counts no more)", matter_en(rule, occurrence, today)),
        RESPONSIBILITY_GAP => format!("{} (filled, or nothing to do there now)", matter_en(rule, occurrence, today)),
        _ => matter_en(rule, occurrence, today),
    }
}

fn matter_zh(rule: &str, occurrence: &Occurrence, today: Day) -> String {
    let detail = &occurrence.detail;
    match rule {
        "fever" if occurrence.unconfirmed => format!("疑似发热{}℃，未及时复测", celsius(occurrence)),
        "fever" => format!("发热{}℃", celsius(occurrence)),
        "symptom" => "报告有症状".to_owned(),
        CHECK_OVERDUE => match detail.not_made(today) {
            NotMade { overdue, missed: 0 } => format!("{overdue}次体温检查超时未做"),
            NotMade { overdue: 0, missed } => format!("体温检查漏查{missed}次"),
            NotMade { overdue, missed } => format!("今天{overdue}次体温检查超时未做，此前漏查{missed}次"),
        },
        "quarantine_breach" if detail.stopped => "隔离人员欲外出，已拦下".to_owned(),
        "quarantine_breach" => match detail.direction {
            Some(Direction::Out) => "隔离人员外出".to_owned(),
            Some(Direction::In) => "隔离人员外出后返回".to_owned(),
            None => "隔离人员不在家".to_owned(),
        },
        "building_silent" => detail.for_date.map_or_else(|| "楼栋未报日报".to_owned(), |day| format!("{} 楼栋未报日报", day.in_words().0)),
        "refused" if occurrence.person.is_some() => format!("隔离人员{}次拒绝监测", occurrence.occurrences),
        "refused" => format!("{}次拒绝走访", occurrence.occurrences),
        "door_missed" => format!("{}户未排查：{}", occurrence.occurrences, doors(occurrence, "、")),
        "absent_n_times" => format!("连续{}次无人应门", occurrence.occurrences),
        "arrival" => format!("来人未登记，{}人次", occurrence.occurrences),
        "exposure_undecided" if occurrence.severity == Severity::Critical => "须送医院或集中点，尚未送".to_owned(),
        "exposure_undecided" => "接触者尚未处置".to_owned(),
        "release_due" => "隔离期满，待解除".to_owned(),
        "cluster" => format!("聚集发热，累计{}人", occurrence.occurrences),
        RESPONSIBILITY_GAP => match &vacant_posts(&occurrence.causes).0[..] {
            [] => "一级岗位空缺".to_owned(),
            posts => format!("{}空缺", posts.join("、")),
        },
        other => Kind::name_of(other).0.to_owned(),
    }
}

fn matter_en(rule: &str, occurrence: &Occurrence, today: Day) -> String {
    let detail = &occurrence.detail;
    match rule {
        "fever" if occurrence.unconfirmed => format!("Fever{} °C, not measured again in time", celsius(occurrence)),
        "fever" => format!("Fever{} °C", celsius(occurrence)),
        "symptom" => "Symptoms reported".to_owned(),
        CHECK_OVERDUE => match detail.not_made(today) {
            NotMade { overdue, missed: 0 } => format!("Checks overdue: {overdue}"),
            NotMade { overdue: 0, missed } => format!("Checks missed: {missed}"),
            NotMade { overdue, missed } => format!("Checks overdue today: {overdue}, missed before: {missed}"),
        },
        "quarantine_breach" if detail.stopped => "Under quarantine, stopped on the way out".to_owned(),
        "quarantine_breach" => match detail.direction {
            Some(Direction::Out) => "Under quarantine, went out".to_owned(),
            Some(Direction::In) => "Under quarantine, came back in".to_owned(),
            None => "Under quarantine, not at home".to_owned(),
        },
        "building_silent" => detail.for_date.map_or_else(|| "No building report".to_owned(), |day| format!("No building report for {}", day.in_words().1)),
        "refused" if occurrence.person.is_some() => format!("Under quarantine, refused to be checked: {}", occurrence.occurrences),
        "refused" => format!("Visits refused: {}", occurrence.occurrences),
        "door_missed" => format!("Doors not reached: {} ({})", occurrence.occurrences, doors(occurrence, ", ")),
        "absent_n_times" => format!("Nobody there, visits in a row: {}", occurrence.occurrences),
        "arrival" => format!("Arrived and not registered: {}", occurrence.occurrences),
        "exposure_undecided" if occurrence.severity == Severity::Critical => "To be taken to a hospital or a site, not done yet".to_owned(),
        "exposure_undecided" => "Exposed, nothing decided yet".to_owned(),
        "release_due" => "Quarantine days over, release due".to_owned(),
        "cluster" => format!("Cluster of fevers, people so far: {}", occurrence.occurrences),
        RESPONSIBILITY_GAP => match &vacant_posts(&occurrence.causes).1[..] {
            [] => "A post at level 1 is vacant".to_owned(),
            posts => format!("Vacant post: {}", posts.join(", ")),
        },
        other => Kind::name_of(other).1,
    }
}
