//! The pages over an API that answers as the real one does: who gets in, what is shown, what is sent.
#![expect(clippy::unwrap_used, reason = "tests")]

mod fake;
#[path = "pages/offers.rs"]
mod offers;
#[path = "pages/staff.rs"]
mod staff;

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
};

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Request, StatusCode, header},
};
use dashboard::Options;
use domain::values::Timestamp;
use fake::{COMMUNITY, Fake, OFFICE, VIEWER};
use tower::ServiceExt as _;

struct Site {
    router: Router,
    fake: Fake,
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
}

impl Answer {
    fn header(&self, name: header::HeaderName) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }
}

fn site(exercise: bool, secure: bool) -> Site {
    let now: Timestamp = "2020-02-06T20:14:05+08:00".parse().unwrap();
    let fake = Fake::new(Arc::new(move || now));
    let router = dashboard::router(fake.router(), Options { now: fake.now.clone(), exercise, secure });
    Site { router, fake }
}

impl Site {
    async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let text = String::from_utf8(to_bytes(body, usize::MAX).await.unwrap().to_vec()).unwrap();
        Answer { status: parts.status, headers: parts.headers, text }
    }

    async fn get(&self, path: &str, cookie: &str) -> Answer {
        self.send(Request::get(path).header(header::COOKIE, cookie).body(Body::empty()).unwrap()).await
    }

    async fn post(&self, path: &str, cookie: &str, from: &str, form: &str) -> Answer {
        let request = Request::post(path).header(header::COOKIE, cookie).header("sec-fetch-site", from);
        self.send(request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(Body::from(form.to_owned())).unwrap()).await
    }
}

fn office() -> String {
    format!("gridward={OFFICE}")
}

fn alert_path(number: u32) -> String {
    format!("/c/{COMMUNITY}/alerts/{}", fake::alert_id(number))
}

#[tokio::test]
async fn a_token_that_the_api_knows_becomes_a_strict_cookie() {
    let site = site(false, false);
    let answer = site.post("/login", "", "same-origin", &format!("token={OFFICE}&next=%2Fc%2F{COMMUNITY}%2Falerts")).await;
    assert_eq!((answer.status, answer.header(header::LOCATION)), (StatusCode::SEE_OTHER, "/c/longquan/alerts"));
    let cookie = answer.header(header::SET_COOKIE);
    for part in ["gridward=office-token;", "HttpOnly", "SameSite=Strict", "Path=/", "Max-Age="] {
        assert!(cookie.contains(part), "{part}: {cookie}");
    }
    let over_tls = self::site(false, true).post("/login", "", "same-origin", &format!("token={OFFICE}")).await;
    let cookie = over_tls.header(header::SET_COOKIE);
    assert!(cookie.starts_with("__Host-gridward=") && cookie.ends_with("; Secure"), "{cookie}");
}

#[tokio::test]
async fn who_has_no_token_in_force_is_sent_to_the_door_and_back_afterwards() {
    let site = site(false, false);
    for cookie in ["", "gridward=stolen"] {
        let answer = site.get("/c/longquan/alerts?state=open", cookie).await;
        assert_eq!(
            (answer.status, answer.header(header::LOCATION)),
            (StatusCode::SEE_OTHER, "/login?next=%2Fc%2Flongquan%2Falerts%3Fstate%3Dopen"),
            "{cookie}"
        );
    }
    let refused = site.post("/login", "", "same-origin", "token=stolen").await;
    assert_eq!((refused.status, refused.headers.get(header::SET_COOKIE)), (StatusCode::UNAUTHORIZED, None));
    assert!(refused.text.contains("role=\"alert\"") && !refused.text.contains("stolen"), "it says so, and does not repeat the token");
    let elsewhere = site.post("/login", "", "same-origin", &format!("token={OFFICE}&next=%2F%2Fevil.example")).await;
    assert_eq!(elsewhere.header(header::LOCATION), "/");
}

#[tokio::test]
async fn a_form_of_another_site_changes_nothing() {
    let site = site(false, false);
    let login = site.post("/login", "", "cross-site", &format!("token={OFFICE}")).await;
    assert_eq!((login.status, login.headers.get(header::SET_COOKIE)), (StatusCode::FORBIDDEN, None));
    assert_eq!(site.post("/logout", &office(), "cross-site", "").await.status, StatusCode::FORBIDDEN);
    let take = site.post(&format!("{}/acknowledge", alert_path(1)), &office(), "cross-site", "n=2").await;
    assert_eq!(take.status, StatusCode::FORBIDDEN);
    assert!(site.fake.commands.lock().unwrap().is_empty());
}

#[tokio::test]
async fn going_out_forgets_the_token() {
    let answer = site(false, false).post("/logout", &office(), "same-origin", "").await;
    assert_eq!((answer.status, answer.header(header::LOCATION)), (StatusCode::SEE_OTHER, "/login"));
    assert!(answer.header(header::SET_COOKIE).starts_with("gridward=; Path=/; Max-Age=0;"));
}

/// Kinds of pages, so that a crawl sees some of each and not every door.
fn kind_of(path: &str) -> String {
    let path = path.split(['?', '#']).next().unwrap();
    let parts: Vec<&str> = path.split('/').collect();
    match parts.as_slice() {
        ["", "c", "longquan", kind, _] => format!("/c/…/{kind}/…"),
        ["", "assets", _] => path.to_owned(),
        _ => path.to_owned(),
    }
}

fn links(text: &str) -> impl Iterator<Item = String> {
    text.split(['"'])
        .scan(false, |is_link, part| {
            let link = std::mem::replace(is_link, part.ends_with("href=") || part.ends_with("src=")).then(|| part.replace("&amp;", "&").replace("&#38;", "&"));
            Some(link)
        })
        .flatten()
}

#[tokio::test]
async fn every_link_leads_somewhere_in_both_languages() {
    const OF_A_KIND_MAX: usize = 4;
    let site = site(true, false);
    for (language, html) in [("zh", "lang=\"zh-CN\""), ("en", "lang=\"en\"")] {
        let cookie = format!("{}; lang={language}", office());
        let mut waiting = VecDeque::from(["/".to_owned()]);
        let mut seen: BTreeSet<String> = BTreeSet::new();
        let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
        while let Some(path) = waiting.pop_front() {
            // other communities are not in the invented API; a language switch is another test
            let foreign = path.starts_with("/c/") && !path.starts_with("/c/longquan");
            let count = kinds.entry(kind_of(&path)).or_default();
            if foreign || path.starts_with("/language") || path.starts_with('#') || *count >= OF_A_KIND_MAX || !seen.insert(path.clone()) {
                continue;
            }
            *count += 1;
            let answer = site.get(&path, &cookie).await;
            assert_eq!(answer.status, StatusCode::OK, "{path}");
            if path.starts_with("/assets/") {
                assert!(answer.header(header::CACHE_CONTROL).contains("immutable"), "{path}");
                continue;
            }
            assert!(answer.text.contains(html), "{path}");
            assert_eq!(answer.header(header::CACHE_CONTROL), "no-store", "{path}");
            assert!(answer.text.contains("class=\"exercise\""), "{path}");
            assert!(!answer.text.contains("style=\"") && !answer.text.contains("<script>"), "{path}");
            waiting.extend(links(&answer.text));
        }
        for kind in [
            "/",
            "/c/longquan",
            "/c/…/b/…",
            "/c/…/h/…",
            "/c/longquan/alerts",
            "/c/…/alerts/…",
            "/c/longquan/unreported",
            "/c/longquan/coverage",
            "/c/longquan/quarantines",
            "/c/longquan/checkpoints",
        ] {
            assert!(kinds.contains_key(kind), "the crawl found no {kind}: {kinds:?}");
        }
    }
}

#[tokio::test]
async fn the_board_says_what_the_api_says() {
    let site = site(false, false);
    let board = site.get("/c/longquan", &office()).await.text;
    assert_eq!(board.matches("data-building=\"").count(), 100, "a tile per building");
    assert_eq!(board.matches("class=\"tile s-unknown\"").count(), 5);
    assert_eq!(board.matches("class=\"tile s-critical\"").count(), 1);
    assert!(!board.contains("class=\"exercise\""));
    for expected in ["href=\"/c/longquan/alerts?severity=critical\"", "20:14:05", "184220", "data-stream=\"/api/v1/communities/longquan/stream\"", "93%"] {
        assert!(board.contains(expected), "{expected}");
    }
    let part = site.get("/c/longquan?part=live&tiles=y07,l12,nothing", &office()).await.text;
    assert_eq!(part.matches("class=\"tile ").count(), 2, "only what was asked for");
    assert!(part.contains("id=\"part-todo\"") && part.contains("id=\"asof\"") && !part.contains("<html"), "a part, not a page");
}

#[tokio::test]
async fn the_numbers_open_lists_of_that_length() {
    let site = site(false, false);
    let lines = async |query: &str| site.get(&format!("/c/longquan/alerts{query}"), &office()).await.text.matches("<li class=\"line").count();
    assert_eq!(lines("?severity=critical").await, 1);
    assert_eq!(lines("?severity=serious").await, 6);
    assert_eq!(lines("?state=open").await, 10);
    assert_eq!(lines("?state=acknowledged").await, 2);
    assert_eq!(lines("?state=ended").await, 2);
    assert_eq!(site.get("/c/longquan/unreported", &office()).await.text.matches("<tr><th scope=\"row\">").count(), 5);
}

#[tokio::test]
async fn what_people_wrote_is_shown_and_never_run() {
    let page = site(false, false).get("/c/longquan/h/h-y07-2-502", &office()).await.text;
    assert!(page.contains("&#60;script&#62;alert(1)") && !page.contains("<script>alert"), "notes are escaped");
    assert!(page.contains("&#60;b&#62;王家"), "labels are escaped");
    for expected in [
        "王建国",
        "38.2℃",
        "疑似 ",
        "排除感染 ",
        "在医院，17:14 起",
        "住院期间不用做健康核查",
        "<s>",
        "晚录",
        "id=\"e-01922f0c-7b1e-7c3a-9f00-5b1d2c3e4f51-0\"",
        "href=\"#e-01922f0c-7b1e-7c3a-9f00-5b1d2c3e4f51-0\"",
    ] {
        assert!(page.contains(expected), "{expected}");
    }
    // the entry of an alert says which one, and leads to what it was raised for
    let raised = page.split("<li id=\"e-").find(|entry| entry.contains("警报发出")).unwrap();
    assert!(raised.contains("发热") && raised.contains("起因 <a href=\"#e-01922f0c-7b1e-7c3a-9f00-5b1d2c3e4f51-0\""), "{raised}");
}

#[tokio::test]
async fn silences_stand_on_the_page_of_alerts_with_their_end_and_who_said_so() {
    let site = site(false, false);
    let page = site.get("/c/longquan/alerts", &office()).await.text;
    let line = page.split("静默中").nth(1).and_then(|rest| rest.split("</section>").next()).expect("a section");
    for shown in ["楼栋未报 · 各栋 · 至 ", "杨秀英 楼长", "“停电&#60;b&#62;”"] {
        assert!(line.contains(shown), "{shown} is not in {line}");
    }
    let viewer = site.get("/c/longquan/alerts", &format!("gridward={VIEWER}")).await.text;
    assert!(viewer.contains("静默中") && !viewer.contains("停电"), "why is private");
}

#[tokio::test]
async fn who_may_not_see_names_sees_none() {
    let page = site(false, false).get("/c/longquan/h/h-y07-2-502", &format!("gridward={VIEWER}")).await;
    assert_eq!(page.status, StatusCode::OK);
    for hidden in ["王", "0538", "1948", "发冷", "疑似", "排除感染", "在医院"] {
        assert!(!page.text.contains(hidden), "{hidden}");
    }
}

#[tokio::test]
async fn two_housemates_are_two_people() {
    let site = site(false, false);
    for page in ["/c/longquan", "/c/longquan/b/y07", "/c/longquan/h/h-y07-2-502", "/c/longquan/alerts"] {
        let seen = site.get(page, &office()).await.text;
        assert!(seen.contains("待处置，李秀兰") && seen.contains("待处置，王若彤"), "{page}");
        let masked = site.get(page, &format!("gridward={VIEWER}")).await.text;
        assert!(masked.contains("待处置，第 1/2 人") && masked.contains("待处置，第 2/2 人") && !masked.contains("李秀兰"), "{page}");
        let english = site.get(page, &format!("gridward={VIEWER}; lang=en")).await.text;
        assert!(english.contains("person 1/2"), "{page}");
    }
}

#[tokio::test]
async fn people_are_told_apart_by_one_question_and_by_none_of_who_may_not_read_names() {
    let site = site(false, false);
    let looked_up = || std::mem::take(&mut *site.fake.looked_up.lock().unwrap());
    for page in ["/c/longquan", "/c/longquan?part=live&tiles=y07", "/c/longquan/b/y07", "/c/longquan/alerts"] {
        site.get(page, &office()).await;
        assert_eq!(looked_up(), ["p7f3b,p7f3c"], "{page}");
        site.get(page, &format!("gridward={VIEWER}")).await;
        assert_eq!(looked_up(), Vec::<String>::new(), "{page}");
    }
    site.get(&alert_path(1), &office()).await;
    assert_eq!(looked_up(), Vec::<String>::new(), "where nobody is to be told apart nobody is asked for");
}

#[tokio::test]
async fn while_names_cannot_be_opened_alerts_are_shown_without_them() {
    let site = site(false, false);
    let alert = alert_path(1);
    for page in ["/c/longquan", "/c/longquan/b/y07", "/c/longquan/alerts", &alert, "/c/longquan/duties"] {
        let with_names = site.get(page, &office()).await;
        site.fake.keys_away.store(true, std::sync::atomic::Ordering::Relaxed);
        let without = site.get(page, &office()).await;
        site.fake.keys_away.store(false, std::sync::atomic::Ordering::Relaxed);
        assert_eq!((with_names.status, without.status), (StatusCode::OK, StatusCode::OK), "{page}");
        assert_eq!(with_names.text.matches("待处置").count(), without.text.matches("待处置").count(), "{page}");
        assert!(!without.text.contains("李秀兰"), "{page}");
    }
}

#[tokio::test]
async fn a_declared_arrival_says_who_came_from_where_when_and_to_which_door() {
    let site = site(false, false);
    let page = site.get("/c/longquan/h/h-y07-2-502", &office()).await.text;
    let entry = page.split("<li id=\"e-").find(|entry| entry.contains("来人申报")).unwrap();
    for said in ["赵六", "来自 武汉", "2月5日到", "住 2单元 502"] {
        assert!(entry.contains(said), "{said}: {entry}");
    }
    let exposed = page.split("<li id=\"e-").find(|entry| entry.contains("同住人接触")).unwrap();
    assert!(exposed.contains("同住 李秀兰、王若彤"), "{exposed}");
    let masked = site.get("/c/longquan/h/h-y07-2-502", &format!("gridward={VIEWER}")).await.text;
    assert!(
        masked.contains("来人申报") && ["赵六", "武汉", "2月5日到"].iter().all(|said| !masked.contains(said)),
        "as before: that somebody came, and no more"
    );
}

#[tokio::test]
async fn a_community_of_others_is_not_there() {
    let site = site(false, false);
    let foreign = site.get("/c/fuqiang", &office()).await;
    let none = site.get("/c/nowhere", &office()).await;
    assert_eq!((foreign.status, none.status), (StatusCode::NOT_FOUND, StatusCode::NOT_FOUND));
    assert_eq!(foreign.text.replace("fuqiang", "nowhere"), none.text);
    for odd in ["/c/..%2f..%2fcommunities", "/c/longquan/b/..%2Fcommands", "/c/longquan/h/13812345678", "/c/longquan/alerts/x"] {
        assert_eq!(site.get(odd, &office()).await.status, StatusCode::NOT_FOUND, "{odd}");
    }
}

#[tokio::test]
async fn taking_an_alert_sends_what_was_seen() {
    let site = site(false, false);
    let taken = site.post(&format!("{}/acknowledge", alert_path(1)), &office(), "same-origin", "n=2&minutes=60").await;
    assert_eq!(taken.status, StatusCode::SEE_OTHER, "{}", taken.text);
    let command = site.fake.commands.lock().unwrap()[0].clone();
    assert_eq!(command["data"]["n"], 2);
    assert_eq!(command["data"]["until"], "2020-02-06T13:14:05Z");
    assert_eq!(command["at"], "2020-02-06T12:14:05Z");
    assert!(command["id"].as_str().unwrap().parse::<domain::values::CommandId>().is_ok());
    let page = site.get(taken.header(header::LOCATION), &office()).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.text.contains("t-office") && !page.text.contains("/acknowledge\""), "it shows who has it, and offers nothing more to take");
}

#[tokio::test]
async fn an_alert_says_whose_turn_it_is_and_since_when_and_when_it_goes_up() {
    let site = site(false, false);
    let page = site.get(&alert_path(1), &office()).await.text;
    for expected in [
        "二级",
        "万敏 社区办公室",
        "20:02 起",
        "岗位空缺",
        "娄&#60;b&#62;桂兰 楼长 不要上楼",
        "20:17",
        "一级 护士",
        "娄&#60;b&#62;桂兰 楼长 已看到",
        "二级 万敏，岗位空缺，空缺岗位",
    ] {
        assert!(page.contains(expected), "{expected}: {page}");
    }
    let english = site.get(&alert_path(1), &format!("{}; lang=en", office())).await.text;
    for expected in ["level 2", "万敏 office", "a post is vacant", "桂兰 leader do not go up", "level 1 nurse", "桂兰 building leader"] {
        assert!(english.contains(expected), "{expected}: {english}");
    }
    assert!(site.get("/c/longquan/alerts", &office()).await.text.contains("二级 万敏，20:17 上报"), "in lists too");
    // nobody was ever given a duty for this one
    assert!(site.get(&alert_path(2), &office()).await.text.contains("还没有人分到这类责任"));
}

#[tokio::test]
async fn an_alert_is_sent_up_with_one_tap() {
    let site = site(false, false);
    let path = format!("{}/escalate", alert_path(1));
    assert!(site.get(&alert_path(1), &office()).await.text.contains(&format!("action=\"{path}\"")));
    let sent = site.post(&path, &office(), "same-origin", "n=2").await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text);
    let command = site.fake.commands.lock().unwrap()[0].clone();
    assert_eq!((&command["type"], &command["data"]), (&"alert.escalate".into(), &serde_json::json!({"alert": fake::alert_id(1), "n": 2})));
    assert!(site.get(sent.header(header::LOCATION), &office()).await.text.contains("这条警报正在上报"));
    let stale = site.post(&path, &office(), "same-origin", "n=1").await;
    assert_eq!(stale.status, StatusCode::CONFLICT);
    assert_eq!(site.post(&path, &office(), "cross-site", "n=2").await.status, StatusCode::FORBIDDEN);
    // nobody was ever given a duty for this one: there is nobody to send it to
    assert!(!site.get(&alert_path(2), &office()).await.text.contains("/escalate\""));
}

#[tokio::test]
async fn the_causes_of_an_alert_say_what_they_were_and_when() {
    let site = site(false, false);
    let page = site.get(&alert_path(1), &office()).await.text;
    let (link, cause) = ("/c/longquan/h/h-y07-2-502#e-01922f0c-7b1e-7c3a-9f00-5b1d2c3e4f51-0", "走访 20:02</a>");
    assert!(page.contains(&format!("<a href=\"{link}\">{cause}")), "{page}");
    assert!(!page.contains(">事件 01922f0c"), "what is known is not told as an id");
    // that something was told, and when, is on the timeline of whoever may not see what
    assert!(site.get(&alert_path(1), &format!("gridward={VIEWER}; lang=en")).await.text.contains("Visit 20:02</a>"));
}

#[tokio::test]
async fn a_note_is_kept_and_not_lost_when_somebody_else_was_faster() {
    let site = site(false, false);
    let path = format!("{}/note", alert_path(1));
    let sent = site.post(&path, &office(), "same-origin", "n=2&note=%E8%80%81%E4%BA%BA%E8%80%B3%E8%83%8C").await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text);
    let command = site.fake.commands.lock().unwrap()[0].clone();
    assert_eq!((&command["type"], &command["data"]), (&"alert.note".into(), &serde_json::json!({"alert": fake::alert_id(1), "n": 2, "note": "老人耳背"})));
    assert!(!sent.header(header::LOCATION).contains("note=") && site.get(sent.header(header::LOCATION), &office()).await.text.contains("备注已存入"));
    let late = site.post(&path, &office(), "same-origin", "n=1&note=%3Cb%3Edeaf").await;
    assert_eq!(late.status, StatusCode::CONFLICT);
    assert!(late.text.contains("&#60;b&#62;deaf</textarea>"), "what was written is still there: {}", late.text);
    assert_eq!(site.post(&path, &office(), "same-origin", "n=2&note=+").await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(site.post(&path, &office(), "cross-site", "n=2&note=x").await.status, StatusCode::FORBIDDEN);
    // a note can be written about what is over, too
    assert!(site.get(&alert_path(12), &office()).await.text.contains("/note\""));
}

#[tokio::test]
async fn that_there_is_a_note_is_shown_to_all_and_what_it_says_to_those_who_may_read_it() {
    let site = site(false, false);
    site.fake.noted(&fake::alert_id(1), "核酸<阳性");
    let read = site.get(&alert_path(1), &office()).await.text;
    assert!(read.contains("核酸&#60;阳性") && !read.contains("内容由护士和办公室掌握"), "{read}");
    let hidden = site.get(&alert_path(1), &format!("gridward={VIEWER}")).await.text;
    assert!(!hidden.contains("阳性") && hidden.contains("内容由护士和办公室掌握") && hidden.contains("t-night"), "{hidden}");
}

#[tokio::test]
async fn an_alert_that_nobody_has_any_more_is_to_be_taken_again() {
    let site = site(false, false);
    site.fake.taken_until(&fake::alert_id(1), "2020-02-06T12:00:00Z");
    let page = site.get(&alert_path(1), &office()).await;
    assert!(page.text.contains("接手已于 20:00 到期") && page.text.contains("/acknowledge\""), "{}", page.text);
}

#[tokio::test]
async fn an_alert_that_changed_meanwhile_is_shown_as_it_stands() {
    let site = site(false, false);
    site.fake.taken_by_another(&fake::alert_id(1));
    let late = site.post(&format!("{}/acknowledge", alert_path(1)), &office(), "same-origin", "n=2").await;
    assert_eq!(late.status, StatusCode::CONFLICT);
    assert!(late.text.contains("role=\"alert\"") && late.text.contains("t-night"), "kindly, and with the state of now");
    let forbidden = site.post(&format!("{}/acknowledge", alert_path(3)), &format!("gridward={VIEWER}"), "same-origin", "n=2").await;
    assert_eq!(forbidden.status, StatusCode::FORBIDDEN);
    assert!(forbidden.text.contains("<h1>"), "a page, not a bare error");
}

#[tokio::test]
async fn the_language_is_remembered_and_one_comes_back() {
    let site = site(false, false);
    let answer = site.get("/language/en?back=%2Fc%2Flongquan%2Falerts", "").await;
    assert_eq!((answer.status, answer.header(header::LOCATION)), (StatusCode::SEE_OTHER, "/c/longquan/alerts"));
    assert!(answer.header(header::SET_COOKIE).starts_with("lang=en;"));
    assert_eq!(site.get("/language/xx", "").await.status, StatusCode::NOT_FOUND);
    assert_eq!(site.get("/language/en?back=https:%2F%2Fevil.example", "").await.header(header::LOCATION), "/");
}

#[tokio::test]
async fn pages_are_protected_from_other_pages() {
    let login = site(false, false).get("/login", "").await;
    let policy = login.header(header::CONTENT_SECURITY_POLICY);
    assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    assert_eq!(login.header(header::X_CONTENT_TYPE_OPTIONS), "nosniff");
}

#[tokio::test]
async fn where_there_is_no_page_a_page_says_so_and_a_program_is_told_as_everywhere() {
    let site = site(false, false);
    let ask = async |path: &str, accept: &str| site.send(Request::get(path).header(header::ACCEPT, accept).body(Body::empty()).unwrap()).await;
    let page = ask("/c/longquan/nowhere", "text/html,*/*;q=0.8").await;
    assert_eq!((page.status, page.header(header::CONTENT_TYPE)), (StatusCode::NOT_FOUND, "text/html; charset=utf-8"), "{}", page.text);
    assert!(page.text.contains("没有找到"), "{}", page.text);
    for (path, accept) in [("/api/v1/nowhere", "text/html"), ("/nowhere", "*/*"), ("/assets/nothing.css", "text/css")] {
        let told = ask(path, accept).await;
        assert_eq!((told.status, told.header(header::CONTENT_TYPE)), (StatusCode::NOT_FOUND, "application/problem+json"), "{path}: {}", told.text);
        assert!(told.text.contains(r#""code":"not_found""#), "{path}: {}", told.text);
    }
    let wrong = site.send(Request::delete("/login").body(Body::empty()).unwrap()).await;
    assert!(wrong.status == StatusCode::METHOD_NOT_ALLOWED && wrong.text.contains("method_not_allowed"), "{}", wrong.text);
}
