//! The words of tables, Chinese and English: every word of a contract stands for itself, and has a Chinese one.

use domain::{
    alert::{KINDS, Severity},
    checkpoint::{Direction, EntryResult},
    medical::Finding,
    quarantine::{CheckOutcome, Kind, ReleaseReason},
    values::{Site, Slug},
    visit::{Mode, Outcome},
};

/// What the first column of a story is called.
pub(super) const TIME: [&str; 2] = ["时间", "time"];
/// No alert.
pub(super) const NOTHING: [&str; 4] = ["无", "-", "nothing", "none"];

/// A line above a table.
#[derive(Clone, Copy)]
pub(super) enum Setting {
    Rules,
    Date,
    Policy,
}

pub(super) fn setting(word: &str) -> Option<Setting> {
    match word {
        "规则" | "rules" => Some(Setting::Rules),
        "日期" | "date" => Some(Setting::Date),
        "参数" | "policy" => Some(Setting::Policy),
        _ => None,
    }
}

/// What a row can begin with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Visit,
    Check,
    Order,
    Move,
    Extend,
    Release,
    Duty,
    Pass,
    Finding,
    Arrival,
    Report,
    Round,
    TakeBack,
    Close,
    Wait,
}

pub(super) const VERBS: &[(&str, &str, Verb)] = &[
    ("走访", "visit", Verb::Visit),
    ("监测", "check", Verb::Check),
    ("隔离", "order", Verb::Order),
    ("转移", "move", Verb::Move),
    ("延长", "extend", Verb::Extend),
    ("解除", "release", Verb::Release),
    ("任职", "duty", Verb::Duty),
    ("出入", "pass", Verb::Pass),
    ("结论", "finding", Verb::Finding),
    ("来人", "arrival", Verb::Arrival),
    ("日报", "report", Verb::Report),
    ("排查", "round", Verb::Round),
    ("撤回", "retract", Verb::TakeBack),
    ("关闭", "close", Verb::Close),
    ("等待", "wait", Verb::Wait),
];

const OUTCOMES: &[(&str, Outcome)] = &[
    ("见到", Outcome::Met),
    ("不在", Outcome::Absent),
    ("外出", Outcome::Away),
    ("拒绝", Outcome::Refused),
    ("空置", Outcome::Vacant),
    ("搬走", Outcome::MovedOut),
    ("无此户", Outcome::NoSuchDoor),
    ("没接", Outcome::NoAnswer),
    ("号错", Outcome::WrongNumber),
];
const MODES: &[(&str, Mode)] = &[("上门", Mode::Door), ("电话", Mode::Phone), ("视频", Mode::Video), ("微信", Mode::Message), ("自报", Mode::Own)];
const CHECKS: &[(&str, CheckOutcome)] = &[
    ("见到", CheckOutcome::Reached),
    ("没接", CheckOutcome::NoAnswer),
    ("不在家", CheckOutcome::NotHome),
    ("拒绝", CheckOutcome::Refused),
    ("住院", CheckOutcome::Hospital),
];
const SITES: &[(&str, Site)] = &[("额温", Site::Forehead), ("耳温", Site::Ear), ("腋下", Site::Axilla), ("口腔", Site::Oral), ("热像", Site::Thermal)];
const DIRECTIONS: &[(&str, Direction)] = &[("进", Direction::In), ("出", Direction::Out)];
const RESULTS: &[(&str, EntryResult)] =
    &[("放行", EntryResult::Admitted), ("劝返", EntryResult::TurnedBack), ("等候", EntryResult::Waiting), ("送诊", EntryResult::SentToClinic)];
const SEVERITIES: &[(&str, Severity)] = &[("急", Severity::Critical), ("需处理", Severity::Serious), ("留意", Severity::Caution)];
const RELEASES: &[(&str, ReleaseReason)] = &[
    ("期满", ReleaseReason::Completed),
    ("住院", ReleaseReason::Hospital),
    ("去世", ReleaseReason::Died),
    ("迁出", ReleaseReason::Moved),
    ("误录", ReleaseReason::Mistake),
];
const PLACES: &[(&str, Kind)] = &[("居家", Kind::Home), ("集中", Kind::Facility), ("医院", Kind::Hospital), ("观察", Kind::Watch)];
const FINDINGS: &[(&str, Finding)] = &[
    ("排除", Finding::NotInfected),
    ("其他疾病", Finding::OtherIllness),
    ("疑似", Finding::Suspected),
    ("确诊", Finding::Confirmed),
    ("痊愈", Finding::Recovered),
    ("去世", Finding::Died),
];
const SYMPTOMS: &[(&str, &str)] = &[("咳嗽", "cough"), ("乏力", "fatigue"), ("呼吸困难", "dyspnea"), ("腹泻", "diarrhea"), ("咽痛", "sore_throat")];

/// How an alert that is named stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Open,
    Recovering,
    Resolved,
    Closed,
}

pub(super) const STANDINGS: &[(&str, &str, Standing)] = &[
    ("未结", "open", Standing::Open),
    ("恢复中", "recovering", Standing::Recovering),
    ("已结束", "resolved", Standing::Resolved),
    ("已关闭", "closed", Standing::Closed),
];

macro_rules! words {
    ($($of:ident, $list:ident, $type:ty);+ $(;)?) => {$(
        /// The value of a word in either language, or all words that there are.
        pub(super) fn $of(word: &str) -> Result<$type, String> {
            let chinese = $list.iter().find(|(chinese, _)| *chinese == word).map(|(_, value)| *value);
            chinese.or_else(|| <$type>::from_word(word)).ok_or_else(|| {
                $list.iter().map(|(chinese, value)| format!("{chinese} {value}")).collect::<Vec<_>>().join(", ")
            })
        }
    )+};
}

words! {
    outcome, OUTCOMES, Outcome;
    mode, MODES, Mode;
    check_outcome, CHECKS, CheckOutcome;
    site, SITES, Site;
    direction, DIRECTIONS, Direction;
    result, RESULTS, EntryResult;
    severity, SEVERITIES, Severity;
    release, RELEASES, ReleaseReason;
    finding, FINDINGS, Finding;
    place, PLACES, Kind;
}

/// A rule by its slug or its Chinese name.
pub(super) fn rule(name: &str) -> Option<Slug> {
    KINDS.iter().find(|kind| kind.slug == name || kind.called.0 == name).and_then(|kind| kind.slug.parse().ok())
}

/// What is said of a name that is no rule's.
pub(super) fn no_rule(name: &str) -> String {
    let names: Vec<String> = KINDS.iter().map(|kind| format!("{} {}", kind.called.0, kind.slug)).collect();
    format!("`{name}` is no rule; there are: {}", names.join(", "))
}

/// A symptom by its slug or its Chinese name: a slug of any kind is one.
pub(super) fn symptom(name: &str) -> Option<Slug> {
    SYMPTOMS.iter().find(|(chinese, _)| *chinese == name).map_or(name, |(_, slug)| *slug).parse().ok()
}

/// Whether a word stands for something, in either language.
pub(super) fn is(word: &str, chinese: &str, english: &str) -> bool {
    word == chinese || word == english
}
