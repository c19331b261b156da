//! What was entered: a cell as a command.

use domain::{
    quarantine::Kind,
    values::{Day, Timestamp, Zone},
};
use serde_json::{Value, json};

use super::{
    TableError,
    cell::{Cell, Word},
    neighbourhood::COMMUNITY,
    words::{self, VERBS, Verb, is},
};

/// When something was entered, and when it happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Times {
    pub(super) recorded_at: Timestamp,
    pub(super) at: Timestamp,
}

/// What a row asks for.
#[derive(Debug)]
pub(super) enum Entry {
    /// Only time passes.
    Wait,
    /// A command, as the contract writes it.
    Command(&'static str, Value),
    /// What an earlier row told is taken back.
    TakeBack(usize, Word),
    /// An alert is ended by hand.
    Close { rule: Word, subject: Word, reason: Word },
}

/// `09:00`, `02-07 09:00`, `2020-02-07 09:00`; with `(08:30)` behind it, when it had happened.
pub(super) fn times(cell: &Cell, date: Day, zone: &Zone) -> Result<Times, TableError> {
    let wrong = || cell.wrong("a time is written 09:00, 02-07 09:00 or 2020-02-07 09:00; behind it in brackets when it had happened: 18:20 (09:00)");
    let text = cell.plain();
    let (entered, happened) = match text.split_once('(') {
        Some((entered, happened)) => (entered.trim(), Some(happened.strip_suffix(')').ok_or_else(wrong)?.trim())),
        None => (text, None),
    };
    let recorded_at = instant(entered, date, zone).ok_or_else(wrong)?;
    let at = happened.map_or(Some(recorded_at), |happened| instant(happened, zone.day_of(recorded_at), zone)).ok_or_else(wrong)?;
    Ok(Times { recorded_at, at })
}

fn instant(text: &str, date: Day, zone: &Zone) -> Option<Timestamp> {
    let (day, time) = text.split_once(' ').map_or((None, text), |(day, time)| (Some(day), time.trim()));
    let day = match day {
        None => date,
        Some(day) => day.parse().ok().or_else(|| format!("{}-{day}", date.to_string().get(..4)?).parse().ok())?,
    };
    Some(zone.at(day, time.parse().ok()?))
}

/// What stands in a cell.
pub(super) fn read(cell: &Cell, date: Day, zone: &Zone) -> Result<Entry, TableError> {
    let is_round = |word: &Word| VERBS.iter().any(|(chinese, english, verb)| *verb == Verb::Round && is(&word.text, chinese, english));
    // in the time of a round the colon ends nothing
    let (told, found) = if cell.words().first().is_some_and(is_round) { (cell.clone(), None) } else { cell.split_once(':') };
    let words = told.words();
    let (first, rest) = words.split_first().ok_or_else(|| cell.wrong("what was entered? `wait` when nothing was"))?;
    let verb = VERBS.iter().find(|(chinese, english, _)| is(&first.text, chinese, english)).map(|(.., verb)| *verb);
    let verb = verb.ok_or_else(|| {
        let verbs: Vec<String> = VERBS.iter().map(|(chinese, english, _)| format!("{chinese} {english}")).collect();
        first.wrong(format!("`{}` is nothing that can be entered; there are: {}", first.text, verbs.join(", ")))
    })?;
    let form = |form: &str| cell.wrong(format!("write `{form}`"));
    match verb {
        Verb::Wait => Ok(Entry::Wait),
        Verb::Visit => visit(rest, found.as_ref(), &form),
        Verb::Check => check(rest, found.as_ref(), &form),
        Verb::Order => order(rest, &form),
        Verb::Move => moved(rest, &form),
        Verb::Extend => match rest {
            [quarantine, until, day] if is(&until.text, "至", "until") => {
                Ok(Entry::Command("quarantine.extend", json!({"quarantine": quarantine.text, "until": day_of(day)?})))
            }
            _ => Err(form("extend q1 until 2020-02-20 · 延长 q1 至 2020-02-20")),
        },
        Verb::Release => match rest {
            [quarantine] => Ok(Entry::Command("quarantine.release", json!({"quarantine": quarantine.text, "reason": "completed"}))),
            [quarantine, reason] => {
                let reason = known(reason, words::release(&reason.text))?;
                Ok(Entry::Command("quarantine.release", json!({"quarantine": quarantine.text, "reason": reason})))
            }
            _ => Err(form("release q1 · release q1 hospital · 解除 q1")),
        },
        Verb::Duty => match rest {
            [staff, duty, level] => has_duty((staff, duty, level), ("community", COMMUNITY)),
            [staff, duty, level, of, thing, id] if is(&of.text, "为", "for") => has_duty((staff, duty, level), (&thing.text, &id.text)),
            _ => Err(form("duty s1 nurse 1 · duty s1 leader 1 for building b07 · 任职 s1 nurse 1")),
        },
        Verb::Pass => pass(rest, &form),
        Verb::Finding => match rest {
            [person, finding] => {
                Ok(Entry::Command("medical.record", json!({"person": person.text, "finding": known(finding, words::finding(&finding.text))?})))
            }
            _ => Err(form("finding p1 not_infected · 结论 p1 排除")),
        },
        Verb::Arrival => match rest {
            [reference, household, since, day] if is(&since.text, "自", "since") => {
                let who = json!({"ref": reference.text});
                Ok(Entry::Command("arrival.declare", json!({"unregistered": who, "household": household.text, "arrived_on": day_of(day)?})))
            }
            _ => Err(form("arrival v1 h502 since 2020-02-06 · 来人 v1 h502 自 2020-02-06")),
        },
        Verb::Report => report(rest, &form),
        Verb::Round => round(rest, date, zone, &form),
        Verb::TakeBack => match rest {
            [row] | [_, row] if row.text.parse::<usize>().is_ok_and(|number| number > 0) => {
                Ok(Entry::TakeBack(row.text.parse().unwrap_or_default(), row.clone()))
            }
            _ => Err(form("retract row 2 · 撤回 行 2")),
        },
        Verb::Close => match rest {
            [rule, subject, reason] => Ok(Entry::Close { rule: rule.clone(), subject: subject.clone(), reason: reason.clone() }),
            _ => Err(form("close fever p1 false_alarm · 关闭 发热 p1 false_alarm")),
        },
    }
}

fn report(rest: &[Word], form: &dyn Fn(&str) -> TableError) -> Result<Entry, TableError> {
    let (building, unit, arrived) = match rest {
        [building] => (building, None, None),
        [building, unit, number] if is(&unit.text, "单元", "unit") => (building, Some(number), None),
        [building, arrived, household] if is(&arrived.text, "来人", "arrived") => (building, None, Some(household)),
        _ => return Err(form("report b07 · report b07 unit 2 · report b07 arrived h502 · 日报 b07 单元 2")),
    };
    let mut scope = json!({"building": building.text});
    if let Some(unit) = unit {
        scope["unit"] = unit.text.as_str().into();
    }
    let exceptions: Vec<Value> = arrived.map(|household| json!({"household": household.text, "kind": "arrived"})).into_iter().collect();
    Ok(Entry::Command("building.report", json!({"scopes": [scope], "basis": "seen", "exceptions": exceptions})))
}

fn order(rest: &[Word], form: &dyn Fn(&str) -> TableError) -> Result<Entry, TableError> {
    let wrong = || form("order q1 p1 since 2020-02-01 · order q1 p1 since 2020-02-01 hospital · 隔离 q1 p1 自 2020-02-01");
    let [quarantine, person, since, day, kind @ ..] = rest else { return Err(wrong()) };
    let kind = match kind {
        [] => Kind::Home,
        [kind] => known(kind, words::place(&kind.text))?,
        _ => return Err(wrong()),
    };
    if !is(&since.text, "自", "since") {
        return Err(wrong());
    }
    let count_from = json!({"date": day_of(day)?, "basis": "exposure"});
    Ok(Entry::Command("quarantine.order", json!({"quarantine": quarantine.text, "person": person.text, "kind": kind, "count_from": count_from})))
}

fn moved(rest: &[Word], form: &dyn Fn(&str) -> TableError) -> Result<Entry, TableError> {
    let (quarantine, to, place) = match rest {
        [quarantine, to] => (quarantine, to, None),
        [quarantine, to, place] => (quarantine, to, Some(place)),
        _ => return Err(form("move q1 hospital · move q1 home h502 · 转移 q1 医院")),
    };
    let kind = known(to, words::place(&to.text))?;
    let mut data = json!({"quarantine": quarantine.text, "kind": kind});
    if let Some(place) = place {
        let at = if matches!(kind, Kind::Home | Kind::Watch) { "household" } else { "facility" };
        data[at] = place.text.as_str().into();
    }
    Ok(Entry::Command("quarantine.move", data))
}

fn day_of(word: &Word) -> Result<Day, TableError> {
    word.text.parse().map_err(|_| word.wrong(format!("`{}` is no date: write it as 2020-02-06", word.text)))
}

/// What a word stands for, or which words there are.
fn known<T>(word: &Word, read: Result<T, String>) -> Result<T, TableError> {
    read.map_err(|words| word.wrong(format!("`{}` is not known here; there are: {words}", word.text)))
}

fn visit(rest: &[Word], found: Option<&Cell>, form: &dyn Fn(&str) -> TableError) -> Result<Entry, TableError> {
    let wrong = || form("visit h502 met: p1 38.2 axilla cough · visit h502 absent · visit h502 met by phone in r1 · 走访 h502 见到：p1 38.2 腋下 咳嗽");
    let [household, outcome, more @ ..] = rest else { return Err(wrong()) };
    let mut data = json!({"household": household.text, "outcome": known(outcome, words::outcome(&outcome.text))?, "mode": "door"});
    let mut more = more.chunks_exact(2);
    for pair in more.by_ref() {
        match pair {
            [by, mode] if is(&by.text, "用", "by") => data["mode"] = json!(known(mode, words::mode(&mode.text))?),
            [within, round] if is(&within.text, "轮次", "in") => data["round"] = json!(round.text),
            _ => return Err(wrong()),
        }
    }
    if !more.remainder().is_empty() {
        return Err(wrong());
    }
    let people = found.map(|found| found.parts(&[',']).iter().map(person).collect::<Result<Vec<_>, _>>()).transpose()?;
    data["people"] = people.unwrap_or_default().into();
    Ok(Entry::Command("visit.record", data))
}

fn person(part: &Cell) -> Result<Value, TableError> {
    let words = part.words();
    let (person, found) = words.split_first().ok_or_else(|| part.wrong("who?"))?;
    let (readings, symptoms) = found_on(found)?;
    Ok(json!({"person": person.text, "readings": readings, "symptoms": symptoms}))
}

/// `38.2 axilla 37.9 forehead cough`: temperatures, each with its site, and symptoms.
fn found_on(words: &[Word]) -> Result<(Vec<Value>, Vec<String>), TableError> {
    let (mut readings, mut symptoms) = (Vec::new(), Vec::new());
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if let Ok(celsius) = word.text.trim_end_matches(['℃', '度']).parse::<f64>() {
            let site = words.next().ok_or_else(|| word.wrong(format!("where was {} measured? write `{} axilla`", word.text, word.text)))?;
            readings.push(json!({"celsius": celsius, "site": known(site, words::site(&site.text))?}));
        } else if is(&word.text, "测不出", "unreadable") {
            readings.push(json!({"unreadable": "low", "site": "forehead"}));
        } else {
            let symptom = words::symptom(&word.text).ok_or_else(|| word.wrong(format!("`{}` is neither a temperature nor a symptom", word.text)))?;
            symptoms.push(symptom.to_string());
        }
    }
    Ok((readings, symptoms))
}

fn check(rest: &[Word], found: Option<&Cell>, form: &dyn Fn(&str) -> TableError) -> Result<Entry, TableError> {
    let mut data = match rest {
        [quarantine] if found.is_some() => json!({"quarantine": quarantine.text, "outcome": "reached"}),
        [quarantine, outcome] => json!({"quarantine": quarantine.text, "outcome": known(outcome, words::check_outcome(&outcome.text))?}),
        _ => return Err(form("check q1: 36.6 axilla · check q1 no_answer · 监测 q1：36.6 腋下")),
    };
    if let Some(found) = found {
        let (readings, symptoms) = found_on(&found.words())?;
        (data["readings"], data["symptoms"]) = (readings.into(), symptoms.into());
    }
    Ok(Entry::Command("quarantine.check", json!({"checks": [data], "mode": "door"})))
}

fn has_duty((staff, duty, level): (&Word, &Word, &Word), (thing, id): (&str, &str)) -> Result<Entry, TableError> {
    let number: u8 = level.text.parse().map_err(|_| level.wrong("a level is 1, 2 or 3"))?;
    let data = json!({"scope": {thing: id}, "duty": duty.text, "level": number, "staff": staff.text});
    Ok(Entry::Command("responsibility.assign", data))
}

fn pass(rest: &[Word], form: &dyn Fn(&str) -> TableError) -> Result<Entry, TableError> {
    let [checkpoint, way, person, result] = rest else { return Err(form("pass c1 out p1 admitted · 出入 c1 出 p1 放行")) };
    let (way, result) = (known(way, words::direction(&way.text))?, known(result, words::result(&result.text))?);
    let data = json!({"checkpoint": checkpoint.text, "direction": way, "person": person.text, "id_checked": true, "pass_checked": true, "result": result});
    Ok(Entry::Command("entry.record", data))
}

fn round(rest: &[Word], date: Day, zone: &Zone, form: &dyn Fn(&str) -> TableError) -> Result<Entry, TableError> {
    let wrong = || form("round r1 opens until 02-07 20:00 · round r1 opens · round r1 closes · 排查 r1 开始 至 02-07 20:00");
    match rest {
        [round, closes] if is(&closes.text, "结束", "closes") => Ok(Entry::Command("round.close", json!({"round": round.text}))),
        [round, opens, rest @ ..] if is(&opens.text, "开始", "opens") => {
            let closes_at = match rest {
                [] => None,
                [until, time @ ..] if is(&until.text, "至", "until") => {
                    let text: Vec<&str> = time.iter().map(|word| word.text.as_str()).collect();
                    Some(instant(&text.join(" "), date, zone).ok_or_else(wrong)?)
                }
                _ => return Err(wrong()),
            };
            Ok(Entry::Command("round.open", json!({"round": round.text, "closes_at": closes_at})))
        }
        _ => Err(wrong()),
    }
}
