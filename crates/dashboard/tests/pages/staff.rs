//! Those who work here on pages: by name, to choose from, and who has which duty.

use super::*;

#[tokio::test]
async fn staff_are_called_by_name_where_names_may_be_read_and_by_id_elsewhere() {
    let site = site(false, false);
    for (page, named, unnamed) in [
        ("/c/longquan", "二级 万敏", "二级 s-wan"),
        ("/c/longquan/b/y07", "二级 万敏", "二级 s-wan"),
        ("/c/longquan/h/h-y07-2-502", "杨秀英 楼长 记", "s-yang 楼长 记"),
        ("/c/longquan/alerts?state=acknowledged", "万敏 社区办公室 已接", "s-wan 社区办公室 已接"),
        (&alert_path(1), "万敏 社区办公室", "s-wan 社区办公室"),
    ] {
        let seen = site.get(page, &office()).await.text;
        assert!(seen.contains(named) && !seen.contains(unnamed), "{page}");
        let masked = site.get(page, &format!("gridward={VIEWER}")).await.text;
        assert!(masked.contains(unnamed) && ["万敏", "杨秀英", "桂兰", "0538"].iter().all(|hidden| !masked.contains(hidden)), "{page}");
    }
    assert!(site.get("/c/longquan/alerts", &office()).await.text.contains("t-nurse 已接"), "a token that is nobody's is called by what it is");
}

#[tokio::test]
async fn vacant_posts_stand_first_and_everybody_else_by_place() {
    let site = site(false, false);
    let page = site.get("/c/longquan/duties", &office()).await.text;
    let part = |heading: &str| page.split("<h2").find(|part| part.contains(&format!(">{heading}"))).unwrap_or_else(|| panic!("{heading}: {page}")).to_owned();
    let vacant = part("空缺岗位");
    for shown in ["护士", "全社区", "李建军", "替补", "不在", "龙泉家园 30号楼 2单元", "/c/longquan/b/l30"] {
        assert!(vacant.contains(shown), "{shown}: {vacant}");
    }
    assert_eq!(vacant.matches("空缺</span>").count(), 2, "{vacant}");
    let on_shift = part("现在当班");
    assert!(
        on_shift.contains("万敏") && on_shift.contains("值班") && !on_shift.contains("赵强") && !on_shift.contains("桂兰"),
        "whoever holds a post for good is on no shift: {on_shift}"
    );
    let building = part("楼栋");
    assert!(building.contains("桂兰") && building.contains("2月3日 20:14 起") && building.contains("在岗"), "{building}");
    assert!(page.find("空缺岗位") < page.find("现在当班") && page.find("现在当班") < page.find(">楼栋<"), "vacancies first");
    let masked = site.get("/c/longquan/duties", &format!("gridward={VIEWER}; lang=en")).await.text;
    assert!(masked.contains("s-wan") && masked.contains("Vacant posts") && !masked.contains("万敏") && !masked.contains("李建军"), "{masked}");
    assert!(site.get(&alert_path(1), &office()).await.text.contains("href=\"/c/longquan/duties\">谁负责哪里"), "who sees a gap finds the list");
}

#[tokio::test]
async fn an_alert_is_given_to_somebody_named() {
    let site = site(false, false);
    let path = format!("{}/assign", alert_path(1));
    let page = site.get(&alert_path(1), &office()).await.text;
    assert!(page.contains(&format!("action=\"{path}\"")) && !page.contains("孙静"), "who no longer works here is not offered");
    let offered: Vec<&str> = page.split("<option value=\"s-").skip(1).filter_map(|option| option.split('"').next()).collect();
    assert_eq!(offered, ["wan", "lou", "li", "yang", "zhao"], "those who have to do with it first, then everybody who works here");
    let sent = site.post(&path, &office(), "same-origin", "n=2&staff=+s-wan").await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text);
    let command = site.fake.commands.lock().unwrap()[0].clone();
    assert_eq!((&command["type"], &command["data"]), (&"alert.assign".into(), &serde_json::json!({"alert": fake::alert_id(1), "n": 2, "staff": "s-wan"})));
    assert!(site.get(sent.header(header::LOCATION), &office()).await.text.contains("已交给对方"));
    let nobody = site.post(&path, &office(), "same-origin", "n=2&staff=s-nobody").await;
    assert_eq!(nobody.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(nobody.text.contains("找不到这位工作人员"), "{}", nobody.text);
    assert_eq!(site.post(&path, &office(), "same-origin", "n=1&staff=s-wan").await.status, StatusCode::CONFLICT);
    assert_eq!(site.post(&path, &office(), "cross-site", "n=2&staff=s-wan").await.status, StatusCode::FORBIDDEN);
    assert_eq!(site.post(&path, &format!("gridward={VIEWER}"), "same-origin", "n=2&staff=s-wan").await.status, StatusCode::FORBIDDEN);
    let late = site.post(&path, &office(), "same-origin", "n=1&staff=s-yang").await;
    assert!(late.text.contains("<option value=\"s-yang\" selected>"), "what was chosen is still chosen");
    assert!(!site.get(&alert_path(12), &office()).await.text.contains("/assign\""), "it is over: nobody is to have it");
}

#[tokio::test]
async fn an_order_says_who_keeps_it_and_that_nobody_does() {
    let site = site(false, false);
    let page = site.get("/c/longquan/quarantines", &office()).await.text;
    let row = |door: &str| page.split("<tr>").find(|row| row.contains(&format!("/h/{door}\""))).unwrap_or_else(|| panic!("{door}: {page}")).to_owned();
    assert!(row("h-y07-2-402").contains("娄&#60;b&#62;桂兰、杨秀英"), "{page}");
    assert!(row("h-l12-1-301").contains("李建军") && !row("h-l12-1-301").contains("无人包保"), "{page}");
    assert!(row("h-d02-3-101").contains("<span class=\"tag\">无人包保</span>"), "{page}");
    let household = site.get("/c/longquan/h/h-y07-2-402", &office()).await.text;
    assert!(household.contains("包保人 娄&#60;b&#62;桂兰、杨秀英"), "{household}");
    assert!(site.get("/c/longquan/h/h-d02-3-101", &format!("{}; lang=en", office())).await.text.contains("nobody keeps it"));
    let masked = site.get("/c/longquan/quarantines", &format!("gridward={VIEWER}")).await.text;
    assert!(masked.contains("s-lou、s-yang") && !masked.contains("杨秀英"), "by id for who may not read names");
}
