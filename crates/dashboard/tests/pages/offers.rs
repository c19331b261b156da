//! What each visitor is offered and told to do about an alert.

use domain::{Role, access::Right};
use serde_json::json;

use super::*;

#[tokio::test]
async fn a_late_record_waits_since_it_was_recorded() {
    let site = site(false, false);
    site.fake.recorded_late(&fake::alert_id(1));
    for path in [alert_path(1), "/c/longquan/alerts".to_owned(), "/c/longquan".to_owned(), "/c/longquan/b/y07".to_owned()] {
        let page = site.get(&path, &office()).await.text;
        assert!(page.contains("1 分钟 未接") && !page.contains("3 天 未接"), "{path}: {page}");
        assert!(page.contains("2月3日 20:14 起"), "and still says when it was, {path}: {page}");
    }
}

#[tokio::test]
async fn the_leader_of_a_silent_building_reads_what_to_send_and_not_to_call_themselves() {
    let (site, silent) = (site(false, false), fake::alert_id(6));
    for (level, expected) in [
        (None, ["给楼长打电话", "call the building leader"]),
        (Some(2), ["给楼长打电话", "call the building leader"]),
        (Some(1), ["请报今天的日报", "please send today&#39;s report"]),
    ] {
        level.into_iter().for_each(|level| site.fake.turn_of_who_asks(&silent, level));
        for (cookie, expected) in [office(), format!("{}; lang=en", office())].into_iter().zip(expected) {
            let page = site.get(&alert_path(6), &cookie).await.text;
            assert!(page.contains(expected) && (level != Some(1) || !page.contains("给楼长打电话") && !page.contains("call the")), "{level:?}: {page}");
        }
    }
    // of another kind it is the turn of a leader, too, and they do what is to be done
    site.fake.turn_of_who_asks(&fake::alert_id(10), 1);
    assert!(site.get(&alert_path(10), &office()).await.text.contains("再上门或电话追访"));
}

#[tokio::test]
async fn who_is_not_to_go_up_reads_that_and_not_what_others_do() {
    let site = site(false, false);
    for (told, expected) in [
        (false, ["陪同就医，登记台账", "escort to the clinic, open the ledger"]),
        (true, ["请不要上楼，社区会派人处理", "please do not go up: the office sees to it"]),
    ] {
        if told {
            site.fake.not_to_go_up(&fake::alert_id(1));
        }
        for (cookie, expected) in [office(), format!("{}; lang=en", office())].into_iter().zip(expected) {
            let page = site.get(&alert_path(1), &cookie).await.text;
            assert!(page.contains(expected) && (!told || !page.contains("陪同就医") && !page.contains("escort")), "{page}");
        }
    }
}

#[tokio::test]
async fn what_is_to_be_done_is_what_can_be_done_now_by_whoever_is_there() {
    let site = site(false, false);
    let (checks, silent) = (fake::alert_id(2), fake::alert_id(6));
    let page = async |number| site.get(&alert_path(number), &office()).await.text;
    let read = page(2).await;
    assert!(read.contains("今天 1 次超时未做，累计漏查 1 次") && read.contains("立即补查"), "{read}");
    let yesterday = json!({ "last_at": "2020-02-05T12:30:00Z", "detail": { "slots": [{ "date": "2020-02-05", "name": "evening" }], "missed": 2 } });
    site.fake.alert_says(&checks, yesterday);
    let read = page(2).await;
    assert!(read.contains("体温检查超时，累计漏查 2 次") && !read.contains("次超时未做"), "{read}");
    assert!(read.contains("还在管控期的，今天务必检查") && !read.contains("立即补查"), "{read}");
    // the check was made, and its day is over since
    site.fake.alert_says(&checks, json!({ "state": "resolved", "detail": { "slots": [{ "date": "2020-02-05", "name": "evening" }], "missed": 0 } }));
    assert!(!page(2).await.contains("漏查"));
    site.fake.alert_says(&silent, json!({ "last_at": "2020-02-05T10:00:00Z" }));
    assert!(page(6).await.contains("给楼长打电话"), "the leader can be called the next day, too");
    let turn = json!({ "level": 2, "owners": [], "informed": [], "gaps": [{ "level": 1, "duty": "leader" }], "why": "vacant", "since": "2020-02-05T10:00:00Z", "due_at": null });
    site.fake.alert_says(&silent, json!({ "turn": turn }));
    let read = page(6).await;
    assert!(read.contains("楼长空缺，请网格员或社区办公室了解情况，代为上报") && !read.contains("给楼长打电话"), "{read}");
    site.fake.turn_of_who_asks(&silent, 1);
    assert!(page(6).await.contains("请补报2月5日的日报"));
}

#[tokio::test]
async fn a_gap_says_which_post_nobody_holds_and_behind_each_what_told_of_it() {
    let (site, gap) = (site(false, false), fake::alert_id(10));
    let event = "01922f0c-7b1e-7c3a-9f00-5b1d2c3e4f50-0";
    let causes = [format!("{event}/nurse"), format!("{event}/leader"), event.to_owned()];
    site.fake.alert_says(&gap, json!({ "kind": "responsibility_gap", "caused_by": causes }));
    let read = site.get(&alert_path(10), &office()).await.text;
    assert!(read.contains("一级岗位空缺，楼长、护士"), "{read}");
    assert!(read.contains(">护士，走访 19:53<") && read.contains(">楼长，走访 19:53<"), "{read}");
}

#[tokio::test]
async fn what_is_offered_to_each_role_is_what_is_taken_from_it() {
    let fields = [("acknowledge", "n=2&minutes=60"), ("escalate", "n=2"), ("assign", "n=2&staff=s-wan"), ("note", "n=2&note=x")];
    let mut offered_to = BTreeSet::new();
    for role in Role::ALL.iter().copied() {
        let cookie = format!("gridward={role}-token");
        // open, taken, closed
        for alert in [1, 4, 12] {
            let page = site(false, false).get(&alert_path(alert), &cookie).await;
            assert_eq!(page.status, StatusCode::OK, "{role}");
            for (action, form) in fields {
                let path = format!("{}/{action}", alert_path(alert));
                let taken = site(false, false).post(&path, &cookie, "same-origin", form).await.status == StatusCode::SEE_OTHER;
                let offered = page.text.contains(&format!("action=\"{path}\""));
                assert!(taken || !offered, "{role} is offered {action} of {alert}, which is refused");
                assert!(alert != 1 || taken == offered, "{role} is not offered {action}, which would be taken");
                offered_to.extend(offered.then_some((role, action)));
            }
        }
        let may_take = role.may(Right::Send("alert.acknowledge"));
        for list in ["", "/alerts", "/b/y07"] {
            let page = site(false, false).get(&format!("/c/longquan{list}"), &cookie).await.text;
            assert_eq!(page.contains("/acknowledge\""), may_take, "{role} on {list}");
        }
    }
    let offered = |role, action| offered_to.contains(&(role, action));
    assert!(offered(Role::Nurse, "assign") && !offered(Role::Leader, "assign") && offered(Role::Leader, "note"));
}

/// What is owed on a day is said as that, and not as the id of a check.
#[tokio::test]
async fn the_cause_of_a_silent_building_is_a_report_of_a_day() {
    let (site, silent) = (site(false, false), fake::alert_id(3));
    site.fake.alert_says(&silent, json!({"kind": "building_silent", "caused_by": ["y07/2020-02-05"]}));
    let read = site.get(&alert_path(3), &office()).await.text;
    assert!(read.contains(">2月5日 的日报没报<") && !read.contains("检查 y07"), "{read}");
    site.fake.alert_says(&silent, json!({"kind": "release_due", "caused_by": ["q1/2020-02-20"]}));
    assert!(site.get(&alert_path(3), &office()).await.text.contains("2月20日 是最后一天"));
}

/// A cluster stands before the fevers in it, though they were there first.
#[tokio::test]
async fn a_fever_that_a_cluster_stands_for_stands_behind_what_stands_for_itself() {
    let (site, fever, cluster) = (site(false, false), fake::alert_id(1), fake::alert_id(4));
    let critical =
        |kind: &str, free_since: &str| json!({"kind": kind, "state": "open", "severity": "critical", "free_since": free_since, "acknowledged": null});
    site.fake.alert_says(&fever, critical("fever", "2020-02-06T11:00:00Z"));
    site.fake.alert_says(&cluster, critical("cluster", "2020-02-06T11:30:00Z"));
    let first = async |site: &Site| {
        let page = site.get("/c/longquan/alerts", &office()).await.text;
        [&fever, &cluster].map(|alert| page.find(&format!("href=\"/c/longquan/alerts/{alert}\"")).unwrap_or_else(|| panic!("{alert}: {page}")))
    };
    let [of_fever, of_cluster] = first(&site).await;
    assert!(of_fever < of_cluster, "it has waited for longer");
    site.fake.suppressed(&fever, &json!({"silenced": null, "inhibited_by": cluster}));
    let [of_fever, of_cluster] = first(&site).await;
    assert!(of_cluster < of_fever, "the cluster is to be taken first");
}

/// What people are not told of says so wherever it stands, and leads to what stands for it or says why.
#[tokio::test]
async fn what_people_are_not_told_of_says_why_and_leads_to_what_stands_for_it() {
    let (site, cluster) = (site(false, false), fake::alert_id(10));
    let lists = ["/c/longquan/alerts", "/c/longquan/alerts?state=suppressed"];
    for path in lists.into_iter().chain(["/c/longquan", &alert_path(1)]) {
        let told = site.get(path, &office()).await.text;
        assert!(
            !told.contains("已静默") && !told.contains("并入聚集警报") && !told.contains("不通知的原因") && (path == lists[1] || !told.contains("suppressed")),
            "{path}: {told}"
        );
    }
    let silenced =
        serde_json::json!({"silence": "01922f0c-7b1e-7c3a-9f00-5b1d2c3e4f70", "until": "2020-02-06T22:00:00+08:00", "actor": "office", "by": ["s-yang"]});
    site.fake.suppressed(&fake::alert_id(1), &serde_json::json!({"silenced": silenced, "inhibited_by": cluster}));
    site.fake.suppressed(&fake::alert_id(4), &serde_json::json!({"silenced": silenced, "inhibited_by": null}));
    let (why, stands) = ("href=\"/c/longquan/alerts#silences\">已静默至 22:00</a>", format!("href=\"/c/longquan/alerts/{cluster}\">并入聚集警报</a>"));
    for path in lists.into_iter().chain(["/c/longquan"]) {
        let page = site.get(path, &office()).await.text;
        assert_eq!((page.matches(why).count(), page.matches(&stands).count()), (2, 1), "{path}: {page}");
    }
    let page = site.get(&alert_path(1), &office()).await.text;
    assert!(page.contains(why) && page.contains(&stands) && page.contains("不通知的原因"), "{page}");
    for said in ["</a> 杨秀英", "群聊和个人都不通知", "只收聚集的接收方不再逐人通知", "订阅程序照常收到"] {
        assert!(page.contains(said), "{said}: {page}");
    }
    assert!(!site.get(&alert_path(4), &office()).await.text.contains("只收聚集的群"), "what does not hold is not explained");
    let english = site.get(&alert_path(1), &format!("{}; lang=en", office())).await.text;
    assert!(english.contains("silenced until 22:00") && english.contains("held back for the cluster"), "{english}");
    let inbox = site.get("/c/longquan/alerts", &office()).await.text;
    assert!(inbox.contains("不通知 <b>2</b>") && inbox.contains("id=\"silences\""), "counted, with the list behind the number: {inbox}");
    assert_eq!(site.get(lists[1], &office()).await.text.matches("<li class=\"line").count(), 2);
}
