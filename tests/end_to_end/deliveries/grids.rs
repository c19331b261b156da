//! At eight in the evening the office hears of the buildings that did not report, grid by grid; of those without a leader at six, once.

use super::*;

const FIRST_DAY: &str = "2020-02-06T12:00:00+08:00@1";
/// A minute before six of the next day, a minute in six seconds.
const BEFORE_SIX: &str = "2020-02-07T17:59:00+08:00@10";
/// Two minutes before eight of the next day, a minute a second.
const BEFORE_EIGHT: &str = "2020-02-07T19:58:00+08:00@60";

/// A group that is told of silent buildings, and three of them in two grids, on the first day. Who leads them is said by `leader`.
async fn three_buildings(folder: &Path, leader: Value) -> (Foreign, String, System) {
    let (group, port) = receiver(Foreign::python("receive.py").unwrap(), json!({})).await;
    let file = deliveries(folder, &[("group", "wecom", port, "class = 'work'")]);
    fs::write(&file, fs::read_to_string(&file).unwrap().replace("['fever']", "['building_silent']")).unwrap();
    let file = file.display().to_string();
    let mut system = System::start(&["--clock", FIRST_DAY, "--deliveries", &file]).await.unwrap();
    system.settle("dianbu", COMMUNITY).await.unwrap();
    for (building, grid) in [("b07", "g1"), ("b08", "g1"), ("b09", "g2")] {
        let data = json!({"building":building,"name":format!("{}号楼", building.trim_start_matches("b0")),"estate":"e1","grid":grid});
        system.must(COMMUNITY, "building.register", None, data).await.unwrap();
    }
    system.must(COMMUNITY, "staff.register", None, json!({"staff":"s-office","name":"李红","roles":[]})).await.unwrap();
    let data = json!({"scope":{"community":COMMUNITY},"duty":"office","level":2,"staff":"s-office","from":"2020-02-01T00:00:00+08:00"});
    system.must(COMMUNITY, "responsibility.assign", None, data).await.unwrap();
    let leader = json!({"scope":leader,"duty":"leader","level":1,"staff":"s-office","from":"2020-02-01T00:00:00+08:00"});
    system.must(COMMUNITY, "responsibility.assign", None, leader).await.unwrap();
    system.stop().unwrap();
    (group, file, system)
}

fn texts(group: &Foreign) -> Vec<String> {
    all(group).iter().map(|call| call["body"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silent_buildings_without_a_leader_are_told_of_once_and_why_they_went_up() {
    let folder = tempfile::tempdir().unwrap();
    let (group, file, mut system) = three_buildings(folder.path(), json!({"building":"b07"})).await;
    system.begin_with(&["--clock", BEFORE_SIX, "--deliveries", &file]).await.unwrap();
    // three did not report, and two of them have no leader
    until("all of it is told", WAIT, async || (doing(&system, "group").await["delivered"] == 5).then_some(())).await;
    let texts = texts(&group);
    assert!(texts.len() == 1 && texts[0].contains("警报 1 条，上报 2 条"), "{texts:?}");
    assert_eq!(
        (texts[0].matches("1级岗位空缺，已上报至2级：").count(), texts[0].matches("level 1 vacant, escalated to level 2: ").count()),
        (2, 2),
        "{texts:?}"
    );
    system.stop().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silent_buildings_go_to_the_office_at_eight_grid_by_grid() {
    let folder = tempfile::tempdir().unwrap();
    let (group, file, mut system) = three_buildings(folder.path(), json!({"community":COMMUNITY})).await;
    system.begin_with(&["--clock", BEFORE_EIGHT, "--deliveries", &file]).await.unwrap();
    let of_grids = until("both grids are told of", WAIT, async || {
        let texts: Vec<String> = texts(&group).into_iter().filter(|text| text.contains("网格 g")).collect();
        (texts.len() == 2).then_some(texts)
    })
    .await;
    let of = |grid: &str| of_grids.iter().find(|text| text.contains(&format!("七里社区 网格 {grid} 楼栋未报（留意，已上报）"))).unwrap();
    assert!(
        of("g1").contains("警报上报 2 条") && of("g1").contains("已上报至2级：") && of("g1").contains("8号楼") && !of("g1").contains("9号楼"),
        "{of_grids:?}"
    );
    assert!(of("g2").contains("警报上报 1 条") && of("g2").contains("9号楼") && !of("g2").contains("8号楼"), "{of_grids:?}");
    system.stop().unwrap();
}
