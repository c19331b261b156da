//! A log that was put back to an earlier state begins a new epoch, in every community and in those that are founded later.

use domain::Event;

use crate::{
    harness::{HERE, House, SOON, building, fresh, impatient},
    nats::{ask, observation},
};

/// Epoch of each commit of a community, with the epoch that begins with it.
async fn epochs(house: &House, community: &str) -> Vec<(u32, Option<(u32, u64)>)> {
    let of_it = house.log().await.into_iter().filter(|on_log| on_log.commit.header.community.as_str() == community);
    let begun = |events: &[Event]| {
        events.iter().find_map(|event| if let Event::HistoryRestored(restored) = event { Some((restored.epoch, restored.restored_to_sequence)) } else { None })
    };
    of_it.map(|on_log| (on_log.commit.header.epoch, begun(&on_log.commit.events))).collect()
}

async fn rename(house: &House, name: &str) {
    let data = serde_json::json!({"town": "dianbu", "community": HERE, "name": name});
    assert_eq!(house.send(&fresh("community.found", data)).await.status, 201);
}

/// Starts it, and waits until people may enter.
async fn open(house: &mut House) {
    house.start().await;
    opened(house).await;
}

async fn opened(house: &House) {
    tokio::time::timeout(SOON, async {
        while house.why_not().is_some() {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    })
    .await
    .expect("intake opens");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restore_begins_an_epoch_everywhere() {
    let mut house = House::open().await;
    house.found("u08", "dianbu").await;
    let backup = house.log().await.len() as u64;
    rename(&house, "二里").await;
    rename(&house, "三里").await;
    house.stop().await;
    house.memory.roll_back(backup);
    open(&mut house).await;
    rename(&house, "四里").await;
    house.found("u09", "dianbu").await;
    assert_eq!(epochs(&house, HERE).await, [(0, None), (0, Some((1, backup))), (1, None)]);
    assert_eq!(epochs(&house, "u08").await, [(0, None), (0, Some((1, backup)))]);
    assert_eq!(epochs(&house, "u09").await, [(1, None)], "founded after the restore");

    // neither a restart nor a store that is made anew begins another
    house.restart().await;
    house.restart_from_the_log().await;
    rename(&house, "五里").await;
    assert_eq!(epochs(&house, HERE).await[3..], [(1, None)]);

    // the next restore goes back behind the first: its epoch must not come again
    house.stop().await;
    house.memory.roll_back(backup);
    open(&mut house).await;
    rename(&house, "六里").await;
    assert_eq!(epochs(&house, HERE).await, [(0, None), (0, Some((2, backup))), (2, None)]);
}

/// Whoever dies between letting go of the rows and recording it remembers at the next start.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restore_is_not_forgotten_by_a_crash() {
    let mut house = House::open().await;
    let backup = house.log().await.len() as u64;
    rename(&house, "二里").await;
    house.stop().await;
    house.memory.roll_back(backup);
    // it noted what is lost, let go of its rows, and got no further
    let store = house.folder.path().join("intake");
    std::fs::remove_dir_all(&store).unwrap();
    std::fs::create_dir(&store).unwrap();
    std::fs::write(store.join("note"), r#"{"epoch":0,"recorded":false}"#).unwrap();
    open(&mut house).await;
    rename(&house, "三里").await;
    assert_eq!(epochs(&house, HERE).await, [(0, None), (0, Some((1, backup))), (1, None)]);
}

/// Alerting may have folded the log sooner than intake: what it asks then would raise an alert under an id that was told in the history that is
/// lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_observed_before_the_new_epoch_begins() {
    let mut house = House::with(impatient()).await;
    house.record(&[building("b07", "7号楼")]).await;
    let backup = house.log().await.len() as u64;
    rename(&house, "二里").await;
    house.stop().await;
    house.memory.roll_back(backup);
    house.memory.set_available(false);
    house.begin().await;
    let observe = async |id| ask(&house, "svc.intake.observe", "", observation(id, backup).to_string()).await;
    let (status, told) = observe(uuid::Uuid::now_v7()).await;
    assert_eq!((status, &told["code"]), (503, &"starting".into()));
    house.memory.set_available(true);
    opened(&house).await;
    assert_eq!(observe(uuid::Uuid::now_v7()).await.0, 201);
    let log = house.log().await;
    let [.., restored, raised] = log.as_slice() else { panic!("{log:?}") };
    assert!(matches!(restored.commit.events[..], [Event::HistoryRestored(_)]), "{restored:?}");
    assert!(matches!(raised.commit.events[0], Event::AlertRaised(_)), "{raised:?}");
    assert_eq!(raised.commit.header.epoch, 1);
}
