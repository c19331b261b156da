//! `POST /communities/{community}/imports`.

use bus::event_log::NextAppend;
use domain::{Role, commit::Via};
use serde_json::{Value as Json, json};

use crate::harness::{ADMIN, HERE, House, Reply, building, fresh, household, impatient, until, visit};

async fn import(house: &House, query: &str, file: impl Into<axum::body::Body>) -> Reply {
    house.request("POST", &format!("/communities/{HERE}/imports?{query}"), ADMIN, "text/csv", file).await
}

/// Rows, accepted, duplicate, rejected; they add up.
fn counts(reply: &Reply) -> [u64; 4] {
    assert_eq!(reply.status, 200, "{}", reply.text());
    let counts = ["rows", "accepted", "duplicate", "rejected"].map(|name| reply.json()[name].as_u64().unwrap());
    assert_eq!(counts[0], counts[1] + counts[2] + counts[3], "{}", reply.text());
    counts
}

/// Line, column and code of every error.
fn errors(reply: &Reply) -> Vec<(u64, Json, String)> {
    let error = |error: &Json| (error["line"].as_u64().unwrap(), error["column"].clone(), error["code"].as_str().unwrap().to_owned());
    reply.json()["errors"].as_array().unwrap().iter().map(error).collect()
}

const BUILDINGS: &str = "building,name,unit,floors,doors\nb01,1号楼,1,6,101 102\nb01,1号楼,2,6,101 102\nb02,2号楼,1,6,101\n";
const HOUSEHOLDS: &str = "户编号,楼栋编号,单元,楼层,门牌,电话\nh1,b01,1,1,101,13800000000、13800000001\nh2,b01,2,1,101,\nh3,b02,1,1,101,\n";
const PEOPLE: &str = "人员编号;姓名;户编号;性别;出生年;人员类别\np1;杨桂英;h1;女;1944;elder\np2;李雷;h1;男;;\np3;王芳;h2;f;1980;\n";
const STAFF: &str = "staff,name,roles\ns1,陈组长,leader keeper\n";
const VISITS: &str = "household,outcome,mode,person,celsius,site,symptoms,by,at\nh1,met,door,p1,36.5,ear,无,s1,2020-02-06T09:00:00+08:00\nh1,见到,上门,p2,37.9,腋下,cough,s1,\nh2,不在家,door,,,,,,\n";
const CHECKS: &str = "quarantine,outcome,mode,celsius,site,symptoms\nq1,reached,phone,36.4,axilla,无\n";

async fn import_all(house: &House, dry_run: bool) -> Vec<[u64; 4]> {
    let mut all = Vec::new();
    for (kind, file) in [("buildings", BUILDINGS), ("households", HOUSEHOLDS), ("people", PEOPLE), ("staff", STAFF), ("visits", VISITS), ("checks", CHECKS)] {
        let reply = import(house, &format!("kind={kind}&dry_run={dry_run}"), file).await;
        all.push(counts(&reply));
        if kind == "people" && !dry_run && all.len() == 3 {
            let order = json!({"quarantine": "q1", "person": "p3", "kind": "home", "count_from": {"date": "2020-02-05", "basis": "exposure"}});
            house.send(&fresh("quarantine.order", order)).await;
        }
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_every_kind_are_recorded_and_sent_again_they_are_duplicates() {
    let mut house = House::open().await;
    assert_eq!(import_all(&house, false).await, [[3, 3, 0, 0], [3, 3, 0, 0], [3, 3, 0, 0], [1, 1, 0, 0], [3, 3, 0, 0], [1, 1, 0, 0]]);
    let log = house.log().await;
    assert_eq!(log.len(), 2 + 2 + 3 + 3 + 1 + 1 + 3 + 1);
    assert!(log[2..].iter().filter(|on_log| !on_log.subject.contains("quarantine")).all(|on_log| on_log.commit.header.via == Some(Via::Import)));
    let visited = &log[log.len() - 4].commit.header;
    assert_eq!((visited.at.to_string(), visited.by[0].as_str()), ("2020-02-06T01:00:00Z".to_owned(), "s1"));
    house.restart_from_the_log().await;
    let all_again = [[3, 0, 3, 0], [3, 0, 3, 0], [3, 0, 3, 0], [1, 0, 1, 0], [3, 0, 3, 0], [1, 0, 1, 0]];
    assert_eq!(import_all(&house, false).await, all_again);
    assert_eq!(import_all(&house, true).await, all_again);
    assert_eq!(house.log().await.len(), log.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_tells_what_would_happen_and_changes_nothing() {
    let house = House::open().await;
    let before = house.log().await.len();
    assert_eq!(counts(&import(&house, "kind=buildings&dry_run=true", BUILDINGS).await), [3, 3, 0, 0]);
    // nothing of it is known afterwards
    assert_eq!(counts(&import(&house, "kind=households&dry_run=true", HOUSEHOLDS).await), [3, 0, 0, 3]);
    assert_eq!(house.send(&household("h1", "b01")).await.status, 422);
    assert_eq!(house.log().await.len(), before);
    // the report of the dry run is the report of the run
    house.record(&[building("b01", "x")]).await;
    let file = "household,building,floor\nh1,b01,1\nh1,b99,1\nh1,b01,1\nh1,b01,one\nh1,b01,2\n";
    let mut rehearsed = import(&house, "kind=households&dry_run=true", file).await;
    let done = import(&house, "kind=households", file).await;
    assert_eq!(counts(&done), [5, 2, 1, 2]);
    assert!(rehearsed.headers.remove("gridward-sequence").is_none(), "nothing was recorded");
    assert_eq!((rehearsed.status, rehearsed.json()), (done.status, done.json()));
    assert_eq!(done.headers["gridward-sequence"], house.log().await.len().to_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn good_rows_are_recorded_beside_bad_ones_and_every_error_names_its_row() {
    let house = House::open().await;
    house.record(&[building("b01", "1号楼"), household("h1", "b01")]).await;
    let file = "人员编号,姓名,户编号,出生年\np1,杨桂英,h1,1944\np2,李雷,h9,1950\n\np3,,h1,\np4,王芳,h1,19\np5,赵明,h1,就是她\nP6,钱红,h1,\np7,孙丽,,\n";
    let reply = import(&house, "kind=people", file).await;
    assert_eq!(counts(&reply), [7, 2, 0, 5]);
    let expected = [
        (3, json!("户编号"), "unknown_reference"),
        (5, json!("姓名"), "cell_missing"),
        (6, json!("出生年"), "birth_year_range"),
        (7, json!("出生年"), "wrong_shape"),
        (8, json!("人员编号"), "wrong_shape"),
    ];
    assert_eq!(errors(&reply), expected.map(|(line, column, code)| (line, column, code.to_owned())));
    for text in ["杨桂英", "王芳", "就是她"] {
        assert!(!reply.text().contains(text), "{}", reply.text());
    }
    assert_eq!(house.log().await.len(), 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unreadable_file_is_refused_before_any_row() {
    let house = House::open().await;
    let before = house.log().await.len();
    for (query, file, code) in [
        ("kind=people", &b"person,name\np1,Li\np2,\"Wang\n"[..], "unreadable_file"),
        ("kind=people", b"person,name\np1,Li\np2,\xff\xff\n", "unreadable_file"),
        ("kind=people", b"p1,Li\n", "column_unknown"),
        ("kind=people", b"", "header_missing"),
        ("kind=staff", b"person,name\np1,Li\n", "column_missing"),
        ("kind=pets", b"person,name\np1,Li\n", "unknown_kind"),
        ("dry_run=true", b"person,name\np1,Li\n", "unknown_kind"),
        ("kind=people&dry_run=perhaps", b"person,name\np1,Li\n", "wrong_shape"),
        ("kind=people&as_of=2020", b"person,name\np1,Li\n", "unsupported_parameter"),
    ] {
        let reply = import(&house, query, file.to_vec()).await;
        assert_eq!(reply.told(), (400, code.to_owned()), "{}", reply.text());
        assert_eq!(reply.headers["content-type"], "application/problem+json");
    }
    assert_eq!(house.log().await.len(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_may_send_the_command_may_import_it() {
    let house = House::open().await;
    house.record(&[building("b01", "1号楼"), household("h1", "b01")]).await;
    let leader = house.token(Role::Leader).await;
    let path = |kind: &str| format!("/communities/{HERE}/imports?kind={kind}");
    let visits = house.request("POST", &path("visits"), &leader, "text/csv", "household,outcome,mode\nh1,met,door\n").await;
    assert_eq!(counts(&visits), [1, 1, 0, 0]);
    for dry_run in ["", "&dry_run=true"] {
        let people = house.request("POST", &(path("people") + dry_run), &leader, "text/csv", "person,name\np1,Li\n").await;
        assert_eq!(people.told(), (403, "forbidden".to_owned()));
    }
    assert_eq!(house.request("POST", &path("people"), "gw_nobody", "text/csv", "").await.told(), (401, "unauthenticated".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_with_an_id_of_its_own_is_that_command() {
    let house = House::open().await;
    house.record(&[building("b01", "1号楼"), household("h1", "b01")]).await;
    let id = uuid::Uuid::now_v7();
    let file = |outcome: &str| format!("id,household,outcome,mode\n{id},h1,{outcome},door\n");
    assert_eq!(counts(&import(&house, "kind=visits", file("met")).await), [1, 1, 0, 0]);
    assert_eq!(counts(&import(&house, "kind=visits", file("met")).await), [1, 0, 1, 0]);
    let reused = import(&house, "kind=visits", file("absent")).await;
    assert_eq!((counts(&reused), errors(&reused)), ([1, 0, 0, 1], vec![(2, json!("id"), "id_reused".to_owned())]));
    assert_eq!(house.log().await.last().unwrap().commit.header.command.to_string(), id.to_string());
    // the same visit twice in a file are two visits
    assert_eq!(counts(&import(&house, "kind=visits", "household,outcome,mode\nh1,met,door\nh1,met,door\n").await), [2, 2, 0, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_the_log_interrupts_is_completed_by_sending_it_again() {
    let house = House::with(impatient()).await;
    let file: String = (0..1_200).fold("building,name\n".to_owned(), |file, n| file + &format!("b{n},{n}号楼\n"));
    // the first rows are recorded and the answer is lost, and then the log is silent for longer than anybody waits
    house.memory.next_append(NextAppend::AckLost);
    (0..8).for_each(|_| house.memory.next_append(NextAppend::NotSent));
    let reply = import(&house, "kind=buildings", file.clone()).await;
    assert_eq!(reply.told(), (503, "outcome_unknown".to_owned()));
    let mut last = [0; 4];
    until("the import is complete", async || {
        let reply = import(&house, "kind=buildings", file.clone()).await;
        if reply.status == 200 {
            last = counts(&reply);
        }
        reply.status == 200
    })
    .await;
    assert_eq!((last[0], last[3]), (1_200, 0));
    assert_eq!(counts(&import(&house, "kind=buildings", file).await), [1_200, 0, 1_200, 0]);
    assert_eq!(house.log().await.len(), 1_202);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_and_a_run_may_meet_other_commands() {
    let house = House::open().await;
    let file: String = (0..2_000).fold("building,name\n".to_owned(), |file, n| file + &format!("b{n},{n}号楼\n"));
    let others: Vec<Json> = (0..500).map(|n| building(&format!("c{n}"), "楼")).collect();
    let (dry, run, told) =
        tokio::join!(import(&house, "kind=buildings&dry_run=true", file.clone()), import(&house, "kind=buildings", file.clone()), house.lines(&others));
    assert_eq!(counts(&dry)[3], 0);
    assert_eq!(counts(&run), [2_000, 2_000, 0, 0]);
    assert!(told.iter().all(|told| told["status"] == "recorded"));
    assert_eq!(house.log().await.len(), 2 + 2_000 + 500);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_so_many_files_are_worked_on_at_once() {
    let house = House::open().await;
    house.memory.set_available(false);
    let file = "building,name\nb1,1号楼\n";
    let mut both = std::pin::pin!(futures_util::future::join(import(&house, "kind=buildings", file), import(&house, "kind=buildings", file)));
    assert!(tokio::time::timeout(std::time::Duration::from_millis(100), &mut both).await.is_err());
    assert_eq!(import(&house, "kind=buildings", file).await.told(), (429, "too_many_requests".to_owned()));
    house.memory.set_available(true);
    let (first, second) = both.await;
    assert_eq!(counts(&first)[1] + counts(&second)[1], 1);
    assert_eq!(counts(&import(&house, "kind=buildings", file).await), [1, 0, 1, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_are_listed_up_to_a_limit_and_the_rest_is_counted() {
    let house = House::open().await;
    let file = "household,outcome,mode\n".to_owned() + &"h9,met,door\n".repeat(1_500);
    for query in ["kind=visits", "kind=visits&dry_run=true"] {
        let reply = import(&house, query, file.clone()).await;
        assert_eq!(counts(&reply), [1_500, 0, 0, 1_500]);
        assert_eq!((errors(&reply).len(), reply.json()["errors_left_out"].as_u64()), (1_000, Some(500)));
    }
    assert_eq!(house.send(&visit("h9")).await.status, 422);
}
