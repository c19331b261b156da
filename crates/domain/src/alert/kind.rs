//! What kinds of alerts there are, and what people call them: a rule has a row here.

use serde::{Deserialize, Serialize};

use crate::{
    community::{ARRIVAL, BUILDING_SILENT},
    values::{Day, Timestamp, Zone},
};

/// A kind of alert: a rule of alerting.md. Words are in Chinese and in English.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    /// In keys, topics and policies; it never changes.
    pub slug: &'static str,
    /// What people call it.
    pub called: (&'static str, &'static str),
    /// What is to be done about it, unless a [`Situation`] makes it something else. It is read after `下一步：` and `Next: `.
    next: (&'static str, &'static str),
    /// The post of level 1 that is asked to do it, and what is to be done where nobody holds that.
    asks: Option<Asks>,
    /// It is about something that is owed on a day.
    of_a_day: bool,
    /// Somebody may be ill: neighbours are not to go up, whoever else was told, and are not shown why.
    pub is_illness: bool,
    /// Its alerts say what medicine found of somebody: who is a case, or lives with one. They are for those who may see findings.
    pub of_findings: bool,
}

/// Who is asked to do something about an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Asks {
    /// The post nearest to the door.
    duty: &'static str,
    /// What is to be done where that is vacant.
    next_vacant: (&'static str, &'static str),
}

/// What changes what is to be done about an alert.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Situation {
    /// Whoever reads it has its first turn: level 1.
    pub first_turn: bool,
    /// Its temperature was not measured again.
    pub unconfirmed: bool,
    /// Whom it is about was stopped at the gate.
    #[serde(default)]
    pub stopped: bool,
    /// Nobody holds the post that would be asked.
    #[serde(default)]
    pub vacant: bool,
    /// Whoever reads it is told at the last level only: it is for the community to do, and for them to see that it does.
    #[serde(default)]
    pub above: bool,
    /// The town was told of it.
    #[serde(default)]
    pub town_told: bool,
    /// When the last of what it is about was due, where its kind is of a day.
    #[serde(default)]
    pub due_at: Option<Timestamp>,
}

impl Situation {
    /// Whether nothing is other than usual.
    pub fn is_usual(&self) -> bool {
        *self == Self::default()
    }

    /// The day that it is about, where that is over.
    fn past_day(&self, zone: &Zone, now: Timestamp) -> Option<Day> {
        // what is due at the end of a day is of that day
        self.due_at.map(|due_at| zone.day_of(due_at.plus_ms(-1))).filter(|day| *day < zone.day_of(now))
    }
}

impl Kind {
    /// The kind with a slug.
    pub fn of(slug: &str) -> Option<&'static Self> {
        KINDS.iter().find(|kind| kind.slug == slug)
    }

    /// The situation of an alert of this kind, by what is known of any: of `(level, duty)` of its chain nobody holds these, and when the last of
    /// what it is about was due.
    pub fn situation<'a>(&self, known: Situation, mut gaps: impl Iterator<Item = (u8, &'a str)>, last_at: Option<Timestamp>) -> Situation {
        let vacant = self.asks.is_some_and(|asked| gaps.any(|gap| gap == (1, asked.duty)));
        Situation { vacant, due_at: last_at.filter(|_| self.of_a_day), ..known }
    }

    /// What is to be done about an alert of this kind at a time, in Chinese and in English.
    pub fn next_in(&self, situation: Situation, zone: &Zone, now: Timestamp) -> (String, String) {
        let Situation { first_turn, unconfirmed, stopped, vacant, above, town_told, .. } = situation;
        let past_day = situation.past_day(zone, now);
        let (chinese, english) = match (self.slug, past_day) {
            _ if above => ("请催社区接手，需要时派人支援", "see that the community takes it; send help where it is needed"),
            // the leader of a building that is silent, who need not call themselves
            (BUILDING_SILENT, None) if first_turn => ("请报今天的日报", "please send today's report"),
            (BUILDING_SILENT, Some(day)) if first_turn => {
                let (day_zh, day_en) = day.in_words();
                return (format!("请补报{day_zh}的日报"), format!("please send the report of {day_en}, it is still missing"));
            }
            // what was missed can be neither made nor waived any more: only what was made in time is typed in late
            (CHECK_OVERDUE, Some(_)) => (
                "此前测过的请补录，没测的请写明原因；还在管控期的，今天务必检查",
                "record what was measured, or note why it was not; while the order lasts, make sure of a check today",
            ),
            (FEVER, _) if unconfirmed => ("换腋下再测，隔4小时两次正常才结束", "measure under the arm; two normal ones four hours apart end it"),
            (CLUSTER, _) if town_told => ("街道已收到通知，准备封控", "the town has been told, prepare to seal"),
            (QUARANTINE_BREACH, _) if stopped => ("已在卡口拦下，请送回家", "stopped at the gate, see them home"),
            _ => self.asks.filter(|_| vacant).map_or(self.next, |asked| asked.next_vacant),
        };
        (chinese.to_owned(), english.to_owned())
    }

    /// Whether alerts of a kind are about somebody who may be ill; a kind that this program does not know is not.
    pub fn is_of_illness(slug: &str) -> bool {
        Self::of(slug).is_some_and(|kind| kind.is_illness)
    }

    /// Whether alerts of a kind say what medicine found of somebody; a kind that this program does not know says nothing of it.
    pub fn tells_a_finding(slug: &str) -> bool {
        Self::of(slug).is_some_and(|kind| kind.of_findings)
    }

    /// What people call a kind, in Chinese and in English; one that this program does not know by its slug. [`DO_NOT_GO_UP`] has a name too: lists show it
    /// where a kind stands.
    pub fn name_of(slug: &str) -> (&str, String) {
        let called = Self::of(slug).map(|kind| kind.called).or_else(|| (slug == DO_NOT_GO_UP).then_some(("请不要上楼", "Please do not go up")));
        called.map_or_else(|| (slug, slug.replace('_', " ")), |(chinese, english)| (chinese, english.to_owned()))
    }

    /// The slugs of all kinds.
    pub fn slugs() -> impl Iterator<Item = &'static str> {
        KINDS.iter().map(|kind| kind.slug)
    }
}

/// A fever of somebody.
pub const FEVER: &str = "fever";
/// Several fevers in a building, or in a household.
pub const CLUSTER: &str = "cluster";
/// A check of somebody under an order that was not made in time.
pub const CHECK_OVERDUE: &str = "check_overdue";
/// A post that nobody holds.
pub const RESPONSIBILITY_GAP: &str = "responsibility_gap";
/// Somebody under an order who is not where they should be.
pub const QUARANTINE_BREACH: &str = "quarantine_breach";

/// What stands for the kind of an alert where it is shown to neighbours, who are told nothing of it but this. It is no kind: no rule has this name.
pub const DO_NOT_GO_UP: &str = "do_not_go_up";

/// A kind of which nothing more is to be said than what it is called and what is to be done.
const USUAL: Kind = Kind { slug: "", called: ("", ""), next: ("", ""), asks: None, of_a_day: false, is_illness: false, of_findings: false };

/// All kinds of alerts.
pub const KINDS: &[Kind] = &[
    Kind {
        slug: FEVER, called: ("发热", "Fever"), next: ("陪同就医，登记台账", "escort to the clinic, open the ledger"), is_illness: true, ..USUAL
    },
    Kind {
        slug: "symptom",
        called: ("症状", "Symptoms"),
        next: ("请护士联系，问清后写明结论", "let the nurse call and write down the finding"),
        asks: Some(Asks {
            duty: "nurse",
            next_vacant: (
                "护士空缺，请社区办公室安排人联系，问清后写明结论",
                "no nurse is there; let the office have somebody call and write down the finding",
            ),
        }),
        is_illness: true,
        ..USUAL
    },
    Kind { slug: CHECK_OVERDUE, called: ("体温检查超时", "Check overdue"), next: ("立即补查", "check now"), of_a_day: true, ..USUAL },
    Kind {
        slug: QUARANTINE_BREACH, called: ("管控人员外出", "Left quarantine"), next: ("核实去向，劝返", "find out where they went, see them home"), ..USUAL
    },
    Kind {
        slug: BUILDING_SILENT,
        called: ("楼栋未报", "No building report"),
        next: ("给楼长打电话", "call the building leader"),
        asks: Some(Asks {
            duty: "leader",
            next_vacant: ("楼长空缺，请网格员或社区办公室了解情况，代为上报", "nobody leads it; let the grid worker or the office ask and report"),
        }),
        of_a_day: true,
        ..USUAL
    },
    Kind { slug: "door_missed", called: ("有户未排查", "Doors not reached"), next: ("再上门或电话追访", "knock again or call"), ..USUAL },
    Kind {
        slug: CLUSTER,
        called: ("聚集发热", "Cluster of fevers"),
        next: ("上报街道，准备封控", "tell the town, prepare to seal"),
        is_illness: true,
        ..USUAL
    },
    Kind {
        slug: ARRIVAL,
        called: ("来人未登记", "Arrived, not registered"),
        next: ("请网格员上门，提醒来人当天到居委会登记", "go to the door; arrivals register with the committee on their day"),
        asks: Some(Asks {
            duty: "grid",
            next_vacant: (
                "网格员空缺，请社区办公室派人上门，提醒来人当天到居委会登记",
                "no grid worker is there; let the office send somebody; arrivals register with the committee on their day",
            ),
        }),
        ..USUAL
    },
    Kind {
        slug: "exposure_undecided",
        called: ("病例或接触者待处置", "A case, or exposed: nothing decided"),
        next: (
            "请护士或社区办公室下达隔离，或写明排除；确诊、疑似者须送医院或集中点",
            "let the nurse or the office order a quarantine, or record a finding; a case goes to a hospital or a site",
        ),
        is_illness: true,
        of_findings: true,
        ..USUAL
    },
    Kind {
        slug: "refused", called: ("拒不配合", "Refused"), next: ("请熟悉的人上门，耐心说明", "send somebody they know, explain with patience"), ..USUAL
    },
    Kind {
        slug: "absent_n_times",
        called: ("多次无人应门", "Nobody there, again and again"),
        next: ("向邻居和单位打听，必要时请社区民警上门", "ask neighbours and their work; if need be, go with the police"),
        ..USUAL
    },
    Kind {
        slug: RESPONSIBILITY_GAP,
        called: ("一级岗位空缺", "Vacant post"),
        next: ("请社区办公室指派责任人或代班人", "assign somebody, or put a deputy on duty"),
        ..USUAL
    },
    Kind {
        slug: "release_due", called: ("期满待解除", "Release due"), next: ("办理解除，当面告知", "release them, tell them in person"), ..USUAL
    },
];
