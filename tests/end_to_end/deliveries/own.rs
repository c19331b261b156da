//! Each of three levels with a receiver of their own: the nurse hears first and the office beside her, the leader of the building reads only not to go up,
//! the town hears when nobody took it, and who has nothing to do with it hears nothing.

use super::*;

/// A minute a second: the quarter of an hour after which it goes to the town passes.
const CLOCK: &str = "2020-02-06T10:00:00+08:00@60";

/// The receiver of somebody, and what stands of it in the file.
async fn phone(folder: &Path, staff: &str) -> (Foreign, String) {
    let (phone, port) = receiver(Foreign::python("receive.py").unwrap(), json!({})).await;
    fs::write(folder.join(format!("{staff}.url")), format!("http://127.0.0.1:{port}/hook")).unwrap();
    let entry = format!(
        "[[delivery]]\nname = '{staff}'\nchannel = 'wecom'\nclass = 'work'\nurl_file = '{staff}.url'\nfilter.communities = ['{COMMUNITY}']\nstaff = ['{staff}']\n"
    );
    (phone, entry)
}

/// The first line of each text, and the whole of it.
fn texts(phone: &Foreign) -> Vec<(String, String)> {
    let text = |call: &Value| serde_json::from_str::<Value>(call["body"].as_str().unwrap()).unwrap()["text"]["content"].as_str().unwrap().to_owned();
    all(phone).iter().map(text).map(|text| (text.lines().next().unwrap().to_owned(), text)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_level_hears_on_a_receiver_of_its_own_what_it_is_told_and_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let (mut phones, mut file) = (Vec::new(), String::new());
    for staff in ["s-nurse", "s-leader", "s-office", "s-town", "s-other"] {
        let (phone, entry) = phone(folder.path(), staff).await;
        phones.push(phone);
        file += &entry;
    }
    let who = folder.path().join("who.toml");
    fs::write(&who, file).unwrap();
    let mut system = System::start(&["--clock", CLOCK, "--deliveries", &who.display().to_string()]).await.unwrap();
    system.settle("dianbu", COMMUNITY).await.unwrap();
    system.must(COMMUNITY, "building.register", None, json!({"building":"b08","name":"8号楼","estate":"e1","units":[]})).await.unwrap();
    for (staff, scope, duty, level) in [
        ("s-nurse", json!({"community":COMMUNITY}), "nurse", 1),
        ("s-leader", json!({"building":"b07"}), "leader", 1),
        ("s-other", json!({"building":"b08"}), "leader", 1),
        ("s-office", json!({"community":COMMUNITY}), "office", 2),
        ("s-town", json!({"community":COMMUNITY}), "command", 3),
    ] {
        system.must(COMMUNITY, "staff.register", None, json!({"staff":staff,"name":"李红","roles":[]})).await.unwrap();
        let data = json!({"scope":scope,"duty":duty,"level":level,"staff":staff,"from":"2020-02-01T00:00:00+08:00"});
        system.must(COMMUNITY, "responsibility.assign", None, data).await.unwrap();
    }
    for staff in ["s-nurse", "s-leader", "s-office", "s-town", "s-other"] {
        until_telling(&system, staff).await;
    }
    let [nurse, leader, office, town, other] = &phones[..] else { panic!("five phones") };
    assert_eq!(system.post(COMMUNITY, &fever(json!({"person":"p0"}), 0)).await.unwrap().status, 201);
    for phone in [nurse, office] {
        came(phone, 1).await;
        let (head, text) = texts(phone).remove(0);
        assert!(head == "【演练】【紧急】警报 1 条" && text.contains("单元") && text.contains(" 发热 38.2℃"), "new, and where: {text}");
    }
    came(leader, 1).await;
    let (head, text) = texts(leader).remove(0);
    assert!(head == "【演练】【提醒】1 处请不要上楼" && text.contains("单元") && text.contains("：请不要上楼，社区会派人处理"), "{text}");
    assert!(!["发热", "38.2", "Fever", "紧急", "critical"].iter().any(|word| text.contains(word)), "a neighbour is told no reason: {text}");
    assert!(texts(town).is_empty(), "nobody is woken for nothing: {:?}", texts(town));
    came(town, 1).await;
    let (head, text) = texts(town).remove(0);
    assert!(head == "【演练】【紧急】警报上报 1 条" && text.contains("已上报至3级："), "{text}");
    // the office takes it and closes it: all who were told hear that it is over
    let open = system.get(&format!("/communities/{COMMUNITY}/alerts")).await.unwrap();
    let (alert, n) = (&open.json["items"][0]["alert"], &open.json["items"][0]["n"]);
    assert_eq!(open.json["items"][0]["kind"], "fever", "{}", open.text);
    system.must(COMMUNITY, "alert.close", None, json!({"alert":alert,"n":n,"reason":"measured_wrong"})).await.unwrap();
    for (phone, over) in [(nurse, "【已结束】"), (office, "【已结束】"), (town, "【已结束】"), (leader, "1 处提醒结束")] {
        until("they hear that it is over", WAIT, async || texts(phone).iter().any(|(head, _)| head.contains(over)).then_some(())).await;
    }
    assert_eq!((texts(leader).len(), texts(other).len()), (2, 0), "{:?} {:?}", texts(leader), texts(other));
    system.stop().unwrap();
}
