//! What a delivery lives through: a receiver that goes away, its own end in the middle of a call, another instance, another stream.

use std::sync::{OnceLock, atomic::AtomicBool};

use bus::event_log::NextAppend;

use super::{
    receiver::{FakeReceiver, ok},
    *,
};

fn webhook(receiver: &FakeReceiver) -> Vec<Subscription> {
    vec![subscription("clinic", Channel::Webhook, Class::Work, &receiver.url())]
}

#[tokio::test]
async fn a_webhook_is_told_each_message_as_it_stands_on_the_topic_and_signed() {
    let (town, receiver) = (Town::new(), FakeReceiver::start(ok).await);
    town.publish(vec![town.message(1, "critical", "b01")]).await;
    let deliveries = town.deliver("one", webhook(&receiver));
    until("it has begun", || status(&deliveries, "clinic").state == "telling").await;
    let payload = town.message(2, "critical", "b07");
    town.publish(vec![payload.clone()]).await;
    until_done(&deliveries, "clinic", 1).await;
    let [call] = receiver.calls().try_into().unwrap();
    assert_eq!(call.body, payload, "the bytes of the topic; and nothing that was published before there was a subscription");
    assert_eq!((call.header("webhook-id"), call.header("content-type")), (Some("1-a2-1"), Some("application/cloudevents+json")));
    let seconds: i64 = call.header("webhook-timestamp").unwrap().parse().unwrap();
    let key = base64::Engine::decode(&base64::prelude::BASE64_STANDARD, KEY.trim_start_matches("whsec_")).unwrap();
    assert_eq!(call.header("webhook-signature").unwrap(), super::super::sign::webhook(&key, "1-a2-1", seconds, &payload));
    deliveries.stop().await;
}

#[tokio::test]
async fn a_receiver_that_was_away_is_told_everything_once_and_holds_up_nobody() {
    let (town, mut away, here) = (Town::new(), FakeReceiver::start(ok).await, FakeReceiver::start(ok).await);
    let both = || vec![subscription("away", Channel::Webhook, Class::Work, &away.url()), subscription("here", Channel::Webhook, Class::Work, &here.url())];
    let deliveries = town.deliver("one", both());
    until("both have begun", || ["away", "here"].iter().all(|name| status(&deliveries, name).state == "telling")).await;
    away.go().await;
    town.publish((0..30).map(|alert| town.message(alert, "serious", "b07")).collect()).await;
    until_done(&deliveries, "here", 30).await;
    until("it is noticed", || status(&deliveries, "away").failing == 30).await;
    let failing = status(&deliveries, "away");
    assert_eq!((failing.state.as_str(), failing.last_failure.as_deref(), failing.waiting), ("failing", Some("no connection"), 30));
    away.come_back().await;
    town.pass(10 * 60_000);
    until_done(&deliveries, "away", 30).await;
    let mut ids = away.ids();
    ids.sort();
    ids.dedup();
    assert_eq!((ids.len(), away.calls().len()), (30, 30));
    deliveries.stop().await;
}

#[tokio::test]
async fn a_call_that_breaks_off_is_tried_again() {
    let (town, receiver) = (Town::new(), FakeReceiver::start(ok).await);
    // the first to ask is the delivery itself; the next other task is a call, which breaks off once
    let (delivery, broken, now) = (OnceLock::new(), AtomicBool::new(false), town.now());
    let real: Now = Arc::new(move || {
        let is_call = *delivery.get_or_init(tokio::task::id) != tokio::task::id();
        assert!(!is_call || broken.swap(true, Ordering::SeqCst), "broken off by the test");
        now()
    });
    let deliveries = town.deliver_by("one", webhook(&receiver), real);
    until("it has begun", || status(&deliveries, "clinic").state == "telling").await;
    town.publish(vec![town.message(1, "critical", "b07")]).await;
    until("it is noticed", || status(&deliveries, "clinic").failing == 1).await;
    assert!(status(&deliveries, "clinic").last_failure.unwrap().contains("broke off"));
    town.pass(10_000);
    until_done(&deliveries, "clinic", 1).await;
    assert_eq!(receiver.ids(), ["1-a1-1"]);
    deliveries.stop().await;
}

#[tokio::test]
async fn what_was_under_way_at_the_end_is_told_again_under_the_same_id() {
    let (town, receiver) = (Town::new(), FakeReceiver::start(|_| None).await);
    for (channel, class) in [(Channel::Webhook, Class::Work), (Channel::Webhook, Class::Public)] {
        let name = class.word();
        let subscriptions = || vec![subscription(name, channel, class, &receiver.url())];
        receiver.answer(|_| None);
        let before = receiver.calls().len();
        let killed = town.deliver("one", subscriptions());
        until("it has begun", || status(&killed, name).state == "telling").await;
        town.publish(vec![town.message(1, "critical", "b07")]).await;
        until("the receiver has it", || receiver.calls().len() == before + 1).await;
        // as a kill does it: no farewell, nothing written
        killed.task.abort();
        let _aborted = killed.task.await;
        receiver.answer(ok);
        // what comes meanwhile must not slip into what was sent: one id stands for one content
        town.publish(vec![town.message(2, "critical", "b07")]).await;
        let next = town.deliver("two", subscriptions());
        until_done(&next, name, 2).await;
        let told: Vec<(String, Vec<u8>)> =
            receiver.calls()[before..].iter().map(|call| (call.header("webhook-id").unwrap().to_owned(), call.body.clone())).collect();
        assert_eq!(told.len(), 3, "{told:?}");
        assert!(told[1..].contains(&told[0]), "the same again");
        assert!(told.iter().filter(|(id, _)| *id == told[0].0).all(|call| *call == told[0]), "and nothing else under its id");
        next.stop().await;
        // and it is done: a third time nothing is told
        let third = town.deliver("three", subscriptions());
        until("it has begun", || status(&third, name).state == "telling").await;
        third.stop().await;
        assert_eq!(receiver.calls().len(), before + 3);
    }
}

#[tokio::test]
async fn what_was_remembered_for_another_filter_or_address_is_not_told_and_no_message_is_left_out() {
    let (town, group, other) = (Town::new(), FakeReceiver::start(ok).await, FakeReceiver::start(ok).await);
    let robot = |url: &str, kinds: &[&str]| {
        let filter = Filter { kinds: kinds.iter().map(|kind| kind.parse().unwrap()).collect(), ..Filter::default() };
        let plan = Plan { filter, ..subscription("group", Channel::Wecom, Class::Work, url).plan };
        vec![Subscription::new(plan, url, None, Template::default()).unwrap()]
    };
    let deliveries = town.deliver("one", robot(&group.url(), &[]));
    until("it has begun", || status(&deliveries, "group").state == "telling").await;
    town.publish(vec![town.message(1, "critical", "b07")]).await;
    until_done(&deliveries, "group", 1).await;
    deliveries.stop().await;
    // each time it would be told again, and only with the same filter at the same address it is
    for (instance, subscriptions, told) in [
        ("two", robot(&group.url(), &[]), 2),
        ("three", robot(&group.url(), &["symptom"]), 2),
        ("four", robot(&group.url(), &[]), 2),
        ("five", robot(&other.url(), &[]), 2),
    ] {
        let deliveries = town.deliver(instance, subscriptions);
        until("it has begun", || status(&deliveries, "group").state == "telling").await;
        town.pass(31 * 60_000);
        until("it is told again", || group.calls().len() >= told).await;
        deliveries.stop().await;
        assert_eq!((group.calls().len(), other.calls().len()), (told, 0), "{instance}");
    }
    // a program that has moved gets what waited for it
    let mut away = FakeReceiver::start(ok).await;
    let deliveries = town.deliver("one", webhook(&away));
    until("it has begun", || status(&deliveries, "clinic").state == "telling").await;
    away.go().await;
    town.publish((2..5).map(|alert| town.message(alert, "serious", "b07")).collect()).await;
    until("it is noticed", || status(&deliveries, "clinic").failing == 3).await;
    deliveries.stop().await;
    let deliveries = town.deliver("two", webhook(&other));
    until_done(&deliveries, "clinic", 3).await;
    deliveries.stop().await;
    let mut ids = other.ids();
    ids.sort();
    assert_eq!(ids, ["1-a2-1", "1-a3-1", "1-a4-1"]);
}

#[tokio::test]
async fn of_two_instances_the_last_that_came_tells_and_the_other_stands_by() {
    let (town, receiver) = (Town::new(), FakeReceiver::start(ok).await);
    let first = town.deliver("one", webhook(&receiver));
    until("it has begun", || status(&first, "clinic").state == "telling").await;
    let second = town.deliver("two", webhook(&receiver));
    until("it has begun", || status(&second, "clinic").state == "telling").await;
    town.publish((0..50).map(|alert| town.message(alert, "serious", "b07")).collect()).await;
    until_done(&second, "clinic", 50).await;
    until("the first has noticed", || status(&first, "clinic").state == "standing by").await;
    let mut ids = receiver.ids();
    ids.sort();
    ids.dedup();
    assert_eq!((ids.len(), receiver.ids().len()), (50, 50), "the one that was overtaken sent nothing");
    first.stop().await;
    second.stop().await;
}

#[tokio::test]
async fn a_mark_of_which_nobody_knows_whether_it_was_set_holds_up_nothing_and_tells_nothing_twice() {
    let (town, receiver) = (Town::new(), FakeReceiver::start(ok).await);
    let deliveries = town.deliver("one", webhook(&receiver));
    until("it has begun", || status(&deliveries, "clinic").state == "telling").await;
    for (alert, outcome) in (0..).zip([NextAppend::AckLost, NextAppend::NotSent, NextAppend::Full, NextAppend::NotSent, NextAppend::AckLost]) {
        town.marks.next_put(outcome);
        town.publish(vec![town.message(alert, "serious", "b07")]).await;
        until_done(&deliveries, "clinic", u64::from(alert) + 1).await;
    }
    assert_eq!(receiver.ids(), ["1-a0-1", "1-a1-1", "1-a2-1", "1-a3-1", "1-a4-1"]);
    // a mark of its own that came late is no other instance
    let own = Marks::in_memory(&town.marks).get("clinic").await.unwrap().unwrap();
    town.marks.next_put(NextAppend::Overtaken(own.payload));
    town.publish(vec![town.message(9, "serious", "b07")]).await;
    until_done(&deliveries, "clinic", 6).await;
    deliveries.stop().await;
}

/// Nothing is called here, so the time of the program can be let pass at will.
#[tokio::test(start_paused = true)]
async fn whoever_stands_by_goes_on_once_the_other_is_not_heard_of_any_more() {
    let town = Town::new();
    let nobody = || vec![subscription("clinic", Channel::Webhook, Class::Work, "http://127.0.0.1:9/")];
    let state_within = async |deliveries: &Deliveries, wanted: &str, seconds: u64| {
        let deadline = tokio::time::Instant::now() + Duration::from_secs(seconds);
        while status(deliveries, "clinic").state != wanted && tokio::time::Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        status(deliveries, "clinic").state
    };
    let first = town.deliver("one", nobody());
    assert_eq!(state_within(&first, "telling", 10).await, "telling");
    let second = town.deliver("two", nobody());
    assert_eq!(state_within(&second, "telling", 10).await, "telling");
    assert_eq!(state_within(&first, "standing by", 30).await, "standing by");
    assert_eq!(state_within(&first, "telling", 600).await, "standing by", "the other is at work");
    second.task.abort();
    assert_eq!(state_within(&first, "telling", 50).await, "standing by", "it may only be slow");
    assert_eq!(state_within(&first, "telling", 60).await, "telling");
    first.stop().await;
}

#[tokio::test]
async fn whoever_begins_hears_what_was_taken_meanwhile_before_people_are_reminded() {
    let (town, receiver) = (Town::new(), FakeReceiver::start(ok).await);
    let group = || vec![subscription("group", Channel::Wecom, Class::Work, &receiver.url())];
    let first = town.deliver("one", group());
    until("it has begun", || status(&first, "group").state == "telling").await;
    town.publish(vec![town.message(1, "critical", "b07"), town.message(2, "critical", "b08")]).await;
    until("both are told", || {
        town.pass(1000);
        status(&first, "group").delivered == 2
    })
    .await;
    first.stop().await;
    let told = receiver.calls().len();
    let mut taken: serde_json::Value = serde_json::from_slice(&town.message(1, "critical", "b07")).unwrap();
    taken["id"] = json!("1-a1-2");
    taken["data"]["n"] = json!(2);
    taken["data"]["action"] = json!("acknowledged");
    taken["data"]["acknowledged"] = json!({"by": "token:n1", "at": taken["time"], "until": null});
    town.publish(vec![serde_json::to_vec(&taken).unwrap()]).await;
    town.pass(50 * 60 * 1000);
    let second = town.deliver("one", group());
    until("people are reminded", || {
        town.pass(1000);
        receiver.calls().len() > told
    })
    .await;
    let reminder = String::from_utf8(receiver.calls()[told].body.clone()).unwrap();
    assert!(reminder.contains("b08") && !reminder.contains("b07"), "{reminder}");
    second.stop().await;
}

/// Nothing is called here, so the time of the program can be let pass at will.
#[tokio::test(start_paused = true)]
async fn the_server_is_not_asked_for_messages_while_none_comes() {
    let town = Town::new();
    town.publish((0..5).map(|alert| town.message(alert, "serious", "b07")).collect()).await;
    let deliveries = town.deliver("one", vec![subscription("clinic", Channel::Wecom, Class::Work, "http://127.0.0.1:9/")]);
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!((town.memory.asked(), status(&deliveries, "clinic").state.as_str()), (0, "telling"));
    town.publish(vec![town.message(9, "serious", "b07")]).await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!((town.memory.asked(), status(&deliveries, "clinic").waiting), (2, 1), "the message, and that there is no other");
    deliveries.stop().await;
}

#[tokio::test]
async fn a_stream_that_was_made_anew_and_filled_again_tells_only_what_is_new() {
    let (town, receiver) = (Town::new(), FakeReceiver::start(ok).await);
    let deliveries = town.deliver("one", webhook(&receiver));
    until("it has begun", || status(&deliveries, "clinic").state == "telling").await;
    let mut told = Vec::new();
    for alert in 0..20 {
        town.pass(1000);
        told.push(town.message(alert, "serious", "b07"));
    }
    town.publish(told.clone()).await;
    until_done(&deliveries, "clinic", 20).await;
    deliveries.stop().await;
    town.memory.roll_back(0);
    town.publish(told[..12].to_vec()).await;
    let again = town.deliver("two", webhook(&receiver));
    until("it has begun", || status(&again, "clinic").state == "telling").await;
    town.publish(told[12..19].to_vec()).await;
    town.pass(1000);
    town.publish(vec![town.message(99, "serious", "b08")]).await;
    until("the new one is told", || receiver.ids().contains(&"1-a99-1".to_owned())).await;
    assert_eq!(receiver.calls().len(), 21, "{:?}", receiver.ids());
    again.stop().await;
}

#[tokio::test]
async fn a_mark_that_cannot_be_read_is_left_alone_and_said() {
    let (town, receiver) = (Town::new(), FakeReceiver::start(ok).await);
    let marks = Marks::in_memory(&town.marks);
    marks.put("clinic", "{}".into(), 0).await.unwrap();
    let deliveries = town.deliver("one", webhook(&receiver));
    until("it is said", || status(&deliveries, "clinic").state.contains("its mark cannot be read")).await;
    deliveries.stop().await;
    assert_eq!(marks.get("clinic").await.unwrap().unwrap().payload, "{}");
}

#[tokio::test]
async fn nobody_is_followed_elsewhere_and_an_endless_answer_is_not_listened_to() {
    let (town, receiver, elsewhere) = (Town::new(), FakeReceiver::start(ok).await, FakeReceiver::start(ok).await);
    let location = format!("Location: {}\r\n", elsewhere.url());
    let mut first = true;
    receiver.answer(
        move |_| if std::mem::take(&mut first) { Some((307, location.clone(), String::new())) } else { Some((200, String::new(), "x".repeat(5_000_000))) },
    );
    let deliveries = town.deliver("one", webhook(&receiver));
    until("it has begun", || status(&deliveries, "clinic").state == "telling").await;
    town.publish(vec![town.message(1, "critical", "b07")]).await;
    until("it failed", || status(&deliveries, "clinic").last_failure.as_deref() == Some("HTTP 307")).await;
    town.pass(10_000);
    until_done(&deliveries, "clinic", 1).await;
    assert_eq!((elsewhere.calls().len(), receiver.calls().len()), (0, 2));
    deliveries.stop().await;
}
