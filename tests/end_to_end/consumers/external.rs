//! A nats-server that somebody else runs: what `consumer add` prints is put into its configuration as the page for operators says, and does there
//! what our own server does.

use serde_json::json;
use system_tests::{NatsByHand, Subscriber, System};

use crate::{
    COMMUNITY, NEIGHBOUR,
    asking::{Asking, acknowledge},
    consumer, fever, token,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_printed_for_another_server_lets_a_consumer_hear_and_answer_there() {
    let folder = tempfile::tempdir().unwrap();
    let nats = NatsByHand::start_plain(folder.path()).await.unwrap();
    let url = format!("nats://admin:p-admin@{}", nats.address());
    let mut system = System::start(&["--nats", &url, "--nats-monitor", &nats.monitor_url()]).await.unwrap();
    for community in [COMMUNITY, NEIGHBOUR] {
        system.settle("dianbu", community).await.unwrap();
    }
    let clinic = consumer(&system, "clinic", "gw.v1.dianbu.u07.alert.fever.>", &["--command", "dianbu.u07"]);
    assert_eq!((&clinic["applied"], &clinic["nats"]), (&json!(false), &json!(nats.url())), "the operator's own password is not given away");
    nats.let_in(&clinic).await.unwrap();

    let nurse = token(&system, COMMUNITY, "nurse").await;
    let told = Subscriber::start(&clinic).await.unwrap();
    fever(&system, COMMUNITY, 0).await;
    let raised = told.message(0).await;
    let mut asking = Asking::as_consumer(&clinic).await;
    let command = acknowledge(raised.alert(), raised.json["data"]["n"].as_u64().unwrap());
    for (token, status) in [(None, "401"), (Some(nurse.as_str()), "201")] {
        let came = asking.command(COMMUNITY, token, &command).await;
        assert_eq!(came.status, status, "{came:?}");
    }
    assert_eq!(told.message(1).await.action(), "acknowledged");
    let away = asking.command(NEIGHBOUR, Some(&nurse), &command).await;
    assert!(away.refused.contains("permissions violation"), "{away:?}");
    for subject in ["ev.0.u07.b07.visit.h0", "svc.intake.observe", "$JS.API.STREAM.INFO.EVENTS", "GRIDWARD.CONSUMER.MSG.NEXT.EVENTS.clinic"] {
        let came = asking.attempt(json!({"do":"request","subject":subject,"payload":"{}"})).await;
        assert!(came.refused.contains("permissions violation"), "{subject}: {came:?}");
    }
    drop((told, asking));
    system.stop().unwrap();
}
