//! Before the daily report is due its leaders are nudged, over a night, a kill at five and a rebuild: each once, and nobody else.

use super::*;

/// The day of the registration: nothing is owed yet.
const FIRST_DAY: &str = "2020-02-06T12:00:00+08:00@1";
/// A minute before five of the next day, a minute in ten seconds; and two minutes a second.
const BEFORE_FIVE: &str = "2020-02-07T16:59:00+08:00@6";
const AFTER_FIVE: &str = "2020-02-07T17:10:00+08:00@120";

async fn leaders(system: &System) {
    for (building, staff) in [("b07", "s-li"), ("b08", "s-li"), ("b09", "s-wang"), ("b10", "s-zhao"), ("b11", "s-li")] {
        if building != "b07" {
            let name = format!("{}号楼", building.trim_start_matches('b').trim_start_matches('0'));
            system.must(COMMUNITY, "building.register", None, json!({"building":building,"name":name,"estate":"e1"})).await.unwrap();
        }
        system.must(COMMUNITY, "staff.register", None, json!({"staff":staff,"name":"李红梅","roles":[]})).await.unwrap();
        let data = json!({"scope":{"building":building},"duty":"leader","level":1,"staff":staff,"from":"2020-02-01T00:00:00+08:00"});
        system.must(COMMUNITY, "responsibility.assign", None, data).await.unwrap();
    }
}

fn who(folder: &Path, ports: [u64; 3]) -> PathBuf {
    let [li, program, group] = ports;
    let of = |leaders: &str| format!("class = 'work'\nleaders = {leaders}");
    let entries = [("li", "ntfy", li, of("['s-li']")), ("program", "webhook", program, of("['s-li', 's-wang']") + "\nsecret_file = 'key'")];
    let group = ("group", "wecom", group, "class = 'work'".to_owned());
    let entries = entries.into_iter().chain([group]).collect::<Vec<_>>();
    let file = deliveries(folder, &entries.iter().map(|(name, channel, port, rest)| (*name, *channel, *port, rest.as_str())).collect::<Vec<_>>());
    // of alerts, all kinds; of nudges there are none
    fs::write(&file, fs::read_to_string(&file).unwrap().replace("filter.kinds = ['fever']\n", "")).unwrap();
    file
}

fn bodies(receiver: &Foreign) -> Vec<String> {
    all(receiver).iter().map(|call| call["body"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn leaders_are_nudged_once_before_a_report_is_due_and_nobody_else_is() {
    let folder = tempfile::tempdir().unwrap();
    let (li, li_port) = receiver(Foreign::python("receive.py").unwrap(), json!({})).await;
    let (program, program_port) = receiver(Foreign::python("receive.py").unwrap(), json!({"secret":KEY})).await;
    let (group, group_port) = receiver(Foreign::python("receive.py").unwrap(), json!({})).await;
    let file = who(folder.path(), [li_port, program_port, group_port]).display().to_string();
    let mut system = System::start(&["--clock", FIRST_DAY, "--deliveries", &file]).await.unwrap();
    system.settle("dianbu", COMMUNITY).await.unwrap();
    leaders(&system).await;
    system.stop().unwrap();
    system.begin_with(&["--clock", BEFORE_FIVE, "--deliveries", &file]).await.unwrap();
    system.must(COMMUNITY, "building.report", None, json!({"scopes":[{"building":"b11"}],"basis":"seen"})).await.unwrap();
    let silence = json!({"kind":"building_silent","building":"b08","until":"2020-02-07T23:00:00+08:00","reason":"停电"});
    system.must(COMMUNITY, "alert.silence", None, silence).await.unwrap();
    let nudged = came(&program, 3).await;
    // killed as soon as it is told
    system.kill().unwrap();
    let of = |call: &Value| -> Value { serde_json::from_str(call["body"].as_str().unwrap()).unwrap() };
    assert!(nudged.iter().all(|call| call["verified"] == true && of(call)["type"] == "gridward.report.nudged.v1" && of(call)["id"] == call["id"]));
    let mut buildings: Vec<(String, Value)> =
        nudged.iter().map(|call| (of(call)["data"]["place"]["building"].to_string(), of(call)["data"]["suppressed"].clone())).collect();
    buildings.sort_by_key(|(building, _)| building.clone());
    buildings.dedup();
    let expected = [("\"b07\"", json!([])), ("\"b08\"", json!(["silenced"])), ("\"b09\"", json!([]))];
    assert_eq!(buildings, expected.map(|(building, words)| (building.to_owned(), words)), "not b10, which s-zhao leads, nor b11, which is reported");
    // every store is folded anew
    fs::remove_dir_all(system.data().join("stores")).unwrap();
    system.begin_with(&["--clock", AFTER_FIVE, "--deliveries", &file]).await.unwrap();
    came(&li, 1).await;
    let text = bodies(&li).concat();
    assert!(text.starts_with("【演练】【提醒】今天的日报还差 1 栋"), "{text}");
    assert!(text.contains("阳光小区 7号楼：今天的日报还没收到，18:00前报来就好") && text.contains("in time until 18:00"), "{text}");
    assert!(!text.contains("8号楼") && !text.contains("李红梅"), "silenced, and no name: {text}");
    // the alerts are raised at six, so the nudges are over: nothing came of the kill, the rebuild or the time
    until("the alerts come", WAIT, async || bodies(&group).iter().any(|body| body.contains("楼栋未报")).then_some(())).await;
    assert_eq!((all(&li).len(), doing(&system, "li").await["suppressed"]["silenced"].clone()), (1, json!(1)));
    let ids: BTreeSet<String> = all(&program).iter().map(|call| call["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ids.len(), 3, "told again only under the same id");
    assert!(bodies(&group).iter().all(|body| !body.contains("提醒】")), "a group that is no leader's hears of alerts only");
    let timeline = system.get(&format!("/communities/{COMMUNITY}/timeline?building=b07")).await.unwrap();
    assert_eq!(timeline.text.matches("report.nudged").count(), 1, "{}", timeline.text);
    system.stop().unwrap();
}
