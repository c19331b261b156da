//! Tables: what they say, and what is said of their mistakes.

use crate::table::{Difference, Document, check};

const HEAD: &str = "规则 rules: fever\n日期 date: 2020-02-06\n\n| 时间 | 记录 | 警报 |\n|---|---|---|\n";

/// What comes of the rows of one table: the differences, or the first mistake.
fn played(rows: &str) -> Result<Vec<Difference>, String> {
    let document = Document::read(&format!("{HEAD}{rows}")).map_err(|errors| errors[0].to_string())?;
    check(&document.tables[0], None).map_err(|error| error.to_string())
}

fn mistake(rows: &str) -> String {
    played(rows).unwrap_err()
}

#[test]
fn a_row_in_either_language_is_what_it_says() {
    for row in [
        "| 09:00 | 走访 h502 见到：p1 37.3 腋下 | 发热 p1 急 |",
        "| 09:00 | visit h502 met: p1 37.3 axilla | fever p1 critical |",
        "|09:00|走访 h502 见到：p1 37.3℃ 腋下，p2 36.5 额温|发热　p1|",
        "| 02-07 09:00 (08:30) | visit h502 met by door: p1 38.0 forehead cough | fever p1 critical open |",
    ] {
        assert_eq!(played(row), Ok(Vec::new()), "{row}");
    }
}

#[test]
fn what_is_not_as_expected_is_told_with_its_place() {
    let difference = |rows: &str| played(rows).unwrap().pop().unwrap();
    let none = difference("| 09:00 | visit h502 met: p1 37.2 axilla | 发热 p1 急 |");
    assert_eq!((none.place.line, none.place.column), (6, 44));
    assert_eq!((none.missing, none.unexpected), (vec!["fever p1 critical".to_owned()], vec![]));
    let other = difference("| 09:00 | visit h502 met: p1 37.4 axilla | fever p1 caution |");
    assert_eq!((other.missing, other.unexpected), (vec!["fever p1 caution".to_owned()], vec!["fever p1 critical".to_owned()]));
    let quiet = difference("| 09:00 | visit h502 met: p1 37.4 axilla | 无 |");
    assert_eq!((quiet.missing, quiet.unexpected), (vec![], vec!["fever p1 critical".to_owned()]));
}

#[test]
fn a_mistake_is_told_with_line_and_column_and_what_would_be_right() {
    for (rows, place, says) in [
        ("| 9 o'clock | wait | 无 |", "6:3", "a time is written 09:00"),
        ("| 09:00 | knock h502 | 无 |", "6:11", "`knock` is nothing that can be entered; there are: 走访 visit"),
        ("| 09:00 | visit h502 hidden | 无 |", "6:22", "`hidden` is not known here; there are: 见到 met"),
        ("| 09:00 | visit h999 absent | 无 |", "6:11", "there is no household h999"),
        ("| 09:00 | visit h502 met: p1 37.3 armpit | 无 |", "6:35", "`armpit` is not known here; there are: 额温 forehead"),
        ("| 09:00 | visit h502 met: p1 37.3 | 无 |", "6:30", "where was 37.3 measured?"),
        ("| 09:00 | visit h502 met: p1 98.6 axilla | 无 |", "6:11", "refused"),
        ("| 09:00 | visit h502 | 无 |", "6:11", "write `visit h502 met"),
        ("| 09:00 | wait | flu p1 |", "6:18", "`flu` is no rule; there are: 发热 fever"),
        ("| 09:00 | wait | fever |", "6:18", "an alert is written `fever p1 critical`"),
        ("| 09:00 | wait | fever p1 hot |", "6:27", "`hot` says nothing of an alert"),
        ("| 09:00 | wait | |", "6:18", "which alerts?"),
        ("| 09:00 | wait |", "6:1", "a row has three cells"),
        ("| 09:00 | wait | 无 |\n| 08:00 | wait | 无 |", "7:3", "time does not go back"),
        ("| 09:00 | retract row 3 | 无 |", "6:23", "nothing was entered in row 3"),
        ("| 09:00 | order q1 p1 since yesterday | 无 |", "6:29", "`yesterday` is no date"),
        ("", "4:1", "this table has no rows"),
    ] {
        let said = mistake(rows);
        assert!(said.starts_with(&format!("{place}: ")) && said.contains(says), "{rows}: {said}");
    }
    for (text, says) in [
        ("", "1:1: there is no table here"),
        ("rules: flu", "1:8: `flu` is no rule"),
        ("date: today", "1:7: `today` is no date"),
        ("policy: {\"graces\": 1}", "1:9: this is no policy as `policy.set` takes it"),
        ("| time | entry | alerts |\n| 09:00 | wait | 无 |", "1:1: of which day is it?"),
    ] {
        let said = Document::read(text).unwrap_err()[0].to_string();
        assert!(said.starts_with(says), "{text}: {said}");
    }
}

#[test]
fn a_policy_holds_from_the_table_and_from_outside_and_the_table_is_the_last_word() {
    let text = |policy: &str| format!("{policy}\n{HEAD}| 09:00 | visit h502 met: p1 37.4 axilla | 无 |");
    let differs = |policy: &str, outside: Option<&str>| {
        let document = Document::read(&text(policy)).unwrap();
        let outside = outside.map(|outside| serde_json::from_str(outside).unwrap());
        !check(&document.tables[0], outside.as_ref()).unwrap().is_empty()
    };
    let (high, low) = (r#"{"fever": {"threshold": 38.0}}"#, r#"{"fever": {"threshold": 37.0}}"#);
    assert!(differs("", None));
    assert!(!differs("", Some(high)));
    assert!(!differs(&format!("参数 policy: {high}"), Some(low)));
    assert!(differs(&format!("参数 policy: {low}"), Some(high)));
}
