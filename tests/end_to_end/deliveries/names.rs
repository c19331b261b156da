//! Class full: a name goes to the one program that an operator wants it to go to, and to nobody else.

use super::*;

const FULL: &str = "class = 'full'\nnames_leave = true\nsecret_file = 'key'";
/// What the names of the neighbourhood begin with: all of them are 杨桂 and a number.
const NAME: &str = "杨桂";

/// Files in a folder that hold a name in the clear.
fn holding_a_name(folder: &Path) -> Vec<String> {
    let output = std::process::Command::new("grep").args(["-rl", NAME]).arg(folder).output().unwrap();
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_goes_to_a_webhook_of_class_full_and_to_no_other_and_lies_in_no_mark() {
    let folder = tempfile::tempdir().unwrap();
    let (mut clinic, clinic_port) = receiver(Foreign::python("receive.py").unwrap(), json!({"secret":KEY})).await;
    let (keeper, keeper_port) = receiver(Foreign::python("receive.py").unwrap(), json!({"secret":KEY})).await;
    let (press, press_port) = receiver(Foreign::python("receive.py").unwrap(), json!({"secret":KEY})).await;
    let (group, group_port) = receiver(Foreign::python("receive.py").unwrap(), json!({})).await;
    let entries = [
        ("clinic", "webhook", clinic_port, FULL),
        ("keeper", "webhook", keeper_port, WORK),
        ("press", "webhook", press_port, "secret_file = 'key'"),
        ("group", "wecom", group_port, "class = 'work'"),
    ];
    let file = deliveries(folder.path(), &entries).display().to_string();
    let mut system = System::start(&["--names-on-topics", "--deliveries", &file]).await.unwrap();
    for (name, ..) in entries {
        until_telling(&system, name).await;
    }
    system.settle("dianbu", COMMUNITY).await.unwrap();
    // the receiver is away while it happens: what waits for it is a place in the stream, and no name
    clinic.tell(&json!({"answer":503})).unwrap();
    assert_eq!(system.post(COMMUNITY, &fever(json!({"person":"p0"}), 0)).await.unwrap().status, 201);
    until("it is tried", WAIT, async || (doing(&system, "clinic").await["failing"] == 1).then_some(())).await;
    system.kill().unwrap();
    clinic.tell(&json!({"answer":200})).unwrap();
    system.begin().await.unwrap();
    until("it is told", WAIT, async || (doing(&system, "clinic").await["delivered"] == 1).then_some(())).await;
    let told = all(&clinic).pop().unwrap();
    let body: Value = serde_json::from_str(told["body"].as_str().unwrap()).unwrap();
    assert_eq!((&body["data"]["person"], &told["verified"]), (&json!({"ref":"p0","name":"杨桂0"}), &json!(true)));
    let mut without = body.clone();
    without["data"]["person"].as_object_mut().unwrap().remove("name");
    let same: Value = serde_json::from_str(came(&keeper, 1).await[0]["body"].as_str().unwrap()).unwrap();
    assert_eq!(without, same, "but for the name it is what class work is told, under the same id");
    for (who, receiver) in [("keeper", &keeper), ("press", &press), ("group", &group)] {
        let said: String = came(receiver, 1).await.iter().map(|call| call["body"].as_str().unwrap().to_owned()).collect();
        assert!(!said.contains(NAME) && !said.contains("138000000"), "{who}: {said}");
    }
    assert!(!system.whole_log().contains(NAME), "a name in the log of the program");
    system.stop().unwrap();
    let open = holding_a_name(&system.data());
    assert!(!open.is_empty() && open.iter().all(|file| file.contains("/streams/ALERTS_FULL/")), "{open:?}");
    // without the operator's other word it does not start, and says why
    let refused = system.begin_with(&["--deliveries", &file]).await.unwrap_err();
    let said = format!("{refused:#}");
    assert!(said.contains("delivery clinic has class full") && said.contains("--names-on-topics"), "{said}");
}
