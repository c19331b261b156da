//! Few messages that are right: an upload of fevers in one building is one matter for the town and each person for the nurse, and what waits when a
//! silence begins is not told.

use super::*;

/// Fevers in one upload.
const UPLOAD: usize = 80;

/// A group that is told of everything of some kinds in the community.
async fn group(folder: &Path, name: &str, rest: &str) -> (Foreign, String) {
    let (group, port) = receiver(Foreign::python("receive.py").unwrap(), json!({})).await;
    fs::write(folder.join(format!("{name}.url")), format!("http://127.0.0.1:{port}/hook")).unwrap();
    let entry = format!(
        "[[delivery]]\nname = '{name}'\nchannel = 'wecom'\nclass = 'work'\nurl_file = '{name}.url'\n{rest}\nfilter.communities = ['{COMMUNITY}']\n\
         filter.kinds = ['fever', 'cluster', 'symptom']\n"
    );
    (group, entry)
}

/// The text of each call.
fn texts(group: &Foreign) -> Vec<String> {
    let text = |call: &Value| serde_json::from_str::<Value>(call["body"].as_str().unwrap()).unwrap()["text"]["content"].as_str().unwrap().to_owned();
    all(group).iter().map(text).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_of_fevers_in_a_building_is_its_cluster_for_the_town_and_each_person_for_the_nurse() {
    let folder = tempfile::tempdir().unwrap();
    let (town, of_town) = group(folder.path(), "town", "cluster_stands = true").await;
    let (nurse, of_nurse) = group(folder.path(), "nurse", "").await;
    let file = folder.path().join("who.toml");
    fs::write(&file, of_town + &of_nurse).unwrap();
    let mut system = System::start(&["--clock", "2020-02-06T10:00:00+08:00@1", "--deliveries", &file.display().to_string()]).await.unwrap();
    until_telling(&system, "town").await;
    until_telling(&system, "nurse").await;
    system.settle("dianbu", COMMUNITY).await.unwrap();
    let lines: Vec<String> = (0..UPLOAD).map(|number| fever(json!({"unregistered":{"ref":format!("guest-{number}")}}), number % 24).to_string()).collect();
    let (token, path) = (system.admin_token().unwrap(), format!("/communities/{COMMUNITY}/commands"));
    let answer = system.open(&token, Method::POST, &path, &[("content-type", "application/x-ndjson")], Some(lines.join("\n"))).await.unwrap();
    assert_eq!(answer.text().await.unwrap().lines().filter(|line| line.contains("\"recorded\"")).count(), UPLOAD);
    let fevers = until("the nurse is told of each", WAIT, async || {
        let of_fevers = |text: &String| text.lines().find_map(|line| line.strip_prefix("u07 发热（紧急）")?.parse::<usize>().ok());
        let told: usize = texts(&nurse).iter().filter_map(of_fevers).sum();
        (told >= UPLOAD).then_some(told)
    })
    .await;
    assert_eq!(fevers, UPLOAD);
    let by_name = || texts(&town).iter().flat_map(|text| text.lines()).filter(|line| line.contains("单元") && line.contains(" 发热 38.2℃")).count();
    until("the town is told of the cluster, and all else is counted", WAIT, async || {
        let of_cluster = texts(&town).iter().any(|text| text.contains("7号楼 聚集发热，累计"));
        let inhibited = doing(&system, "town").await["suppressed"]["inhibited"].as_u64().unwrap_or_default();
        (of_cluster && inhibited + by_name() as u64 == UPLOAD as u64).then_some(())
    })
    .await;
    // none, but for those who were read before the others were on the log
    assert!(by_name() <= 2, "{:?}", texts(&town));
    // of each fever the API and its page say what stands for it
    let (cluster, fevers) = until("each fever says so", WAIT, async || {
        let items = system.get(&format!("/communities/{COMMUNITY}/alerts?limit=200")).await.ok()?.json["items"].as_array()?.clone();
        let cluster = items.iter().find(|item| item["kind"] == "cluster")?.clone();
        let part: Vec<Value> = items.into_iter().filter(|item| item["suppressed"]["inhibited_by"] == cluster["alert"]).collect();
        (part.len() == UPLOAD && part.iter().all(|item| item["kind"] == "fever")).then_some((cluster, part))
    })
    .await;
    assert_eq!(cluster["suppressed"], Value::Null, "people are told of the cluster");
    let show = async |alert: &Value| system.page(&token, &format!("/c/{COMMUNITY}/alerts/{}", alert.as_str().unwrap())).await.unwrap().text;
    let stands = format!("href=\"/c/{COMMUNITY}/alerts/{}\">并入聚集警报</a>", cluster["alert"].as_str().unwrap());
    assert!(show(&fevers[0]["alert"]).await.contains(&stands) && !show(&cluster["alert"]).await.contains("并入聚集警报"));
    system.stop().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_its_minute_when_a_silence_begins_is_counted_and_not_told() {
    let folder = tempfile::tempdir().unwrap();
    let (robot, entry) = group(folder.path(), "group", "").await;
    let file = folder.path().join("who.toml");
    fs::write(&file, entry).unwrap();
    // a minute in three seconds
    let mut system = System::start(&["--clock", "2020-02-06T10:00:00+08:00@20", "--deliveries", &file.display().to_string()]).await.unwrap();
    until_telling(&system, "group").await;
    system.settle("dianbu", COMMUNITY).await.unwrap();
    let cough = |number: usize| {
        let people = json!([{"person":format!("p{number}"),"readings":[{"celsius":36.5,"site":"axilla"}],"symptoms":["cough"]}]);
        json!({"id":uuid::Uuid::now_v7(),"type":"visit.record","data":{"household":format!("h{number}"),"outcome":"met","mode":"door","people":people}})
    };
    assert_eq!(system.post(COMMUNITY, &cough(0)).await.unwrap().status, 201);
    until("it waits", WAIT, async || (doing(&system, "group").await["waiting"] == 1).then_some(())).await;
    let silence = json!({"kind":"symptom","building":"b07","until":"2020-02-06T20:00:00+08:00","reason":"演练前的测试"});
    let silence = system.must(COMMUNITY, "alert.silence", None, silence).await.unwrap();
    until("it is counted", WAIT, async || (doing(&system, "group").await["suppressed"]["silenced"] == 1).then_some(())).await;
    assert!(all(&robot).is_empty(), "{silence:?}: {:?}", texts(&robot));
    let path = format!("/communities/{COMMUNITY}/alerts?after={}", silence.json["sequence"]);
    let alert = system.get(&path).await.unwrap().json["items"][0].clone();
    let silenced = &alert["suppressed"]["silenced"];
    assert_eq!((&silenced["silence"], &silenced["until"]), (&silence.json["id"], &json!("2020-02-06T12:00:00Z")), "{alert}");
    system.stop().unwrap();
}
