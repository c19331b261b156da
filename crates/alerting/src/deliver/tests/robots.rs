//! Robots with the limits and the answers of the real ones.

use std::collections::VecDeque;

use super::{
    receiver::{Answer, Call, FakeReceiver, ok},
    *,
};

/// A robot that counts as its vendor does: so many calls in a minute, and its own answer beyond.
fn counting(clock: Now, per_minute: usize, beyond: &'static str) -> impl FnMut(&Call) -> Answer + Send {
    let mut calls = VecDeque::new();
    move |_| {
        let now = clock();
        while calls.front().is_some_and(|call: &Timestamp| now.0 - call.0 >= 60_000) {
            calls.pop_front();
        }
        calls.push_back(now);
        let answer = if calls.len() > per_minute { beyond } else { r#"{"errcode":0,"code":0,"errmsg":"ok"}"# };
        Some((200, String::new(), answer.to_owned()))
    }
}

#[tokio::test]
async fn five_hundred_fevers_in_a_minute_never_make_a_robot_say_too_often() {
    let town = Town::new();
    let robots = [
        (Channel::Wecom, 20, r#"{"errcode":45009,"errmsg":"api freq out of limit"}"#),
        (Channel::Dingtalk, 20, r#"{"errcode":130101,"errmsg":"send too fast, exceed 20 times per minute"}"#),
        (Channel::Feishu, 100, r#"{"code":11232,"msg":"create message trigger rate limit"}"#),
    ];
    let mut receivers = Vec::new();
    let mut subscriptions = Vec::new();
    for (channel, per_minute, beyond) in robots {
        let receiver = FakeReceiver::start(counting(town.now(), per_minute, beyond)).await;
        subscriptions.push(subscription(channel.word(), channel, Class::Work, &receiver.url()));
        receivers.push((channel.word(), receiver));
    }
    let deliveries = town.deliver("one", subscriptions);
    until("all have begun", || receivers.iter().all(|(name, _)| status(&deliveries, name).state == "telling")).await;
    for second in 0..60_u32 {
        let many = (0..9).map(|number| second * 9 + number).filter(|alert| *alert < 500);
        let message = |alert: u32| town.message(alert, if alert.is_multiple_of(2) { "critical" } else { "serious" }, &format!("b{}", alert % 120));
        let payloads: Vec<Vec<u8>> = many.map(message).collect();
        if !payloads.is_empty() {
            town.publish(payloads).await;
        }
        town.pass(1000);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let all_told = || receivers.iter().all(|(name, _)| status(&deliveries, name).delivered == 500);
    until("all is told", || {
        town.pass(2000);
        all_told()
    })
    .await;
    for (name, receiver) in &receivers {
        assert_eq!(status(&deliveries, name).last_failure, None, "{name} said too often");
        let calls = receiver.calls().len();
        assert!(calls < if *name == "feishu" { 130 } else { 45 }, "{name} was called {calls} times");
    }
    deliveries.stop().await;
}

#[tokio::test]
async fn what_a_robot_answers_decides_whether_it_was_told() {
    for (channel, status_code, answer, expected) in [
        (Channel::Wecom, 200, r#"{"errcode":0,"errmsg":"ok"}"#, (true, "HTTP 200, code 0")),
        (Channel::Wecom, 200, r#"{"errcode":93000,"errmsg":"invalid webhook url"}"#, (false, "HTTP 200, code 93000")),
        (Channel::Wecom, 200, r#"{"errcode":45009,"errmsg":"api freq out of limit"}"#, (false, "HTTP 200, code 45009")),
        (Channel::Wecom, 200, "<html>a proxy</html>", (false, "HTTP 200")),
        (Channel::Dingtalk, 200, r#"{"errcode":310000,"errmsg":"keywords not in content"}"#, (false, "HTTP 200, code 310000")),
        (Channel::Feishu, 200, r#"{"StatusCode":0,"StatusMessage":"success"}"#, (true, "HTTP 200, code 0")),
        (Channel::Feishu, 200, r#"{"code":19021,"msg":"sign match fail or timestamp is not within one hour"}"#, (false, "HTTP 200, code 19021")),
        (Channel::Ntfy, 200, r#"{"id":"x"}"#, (true, "HTTP 200")),
        (Channel::Ntfy, 403, r#"{"code":40301}"#, (false, "HTTP 403")),
        (Channel::Webhook, 204, "", (true, "HTTP 204")),
        (Channel::Webhook, 302, "", (false, "HTTP 302")),
    ] {
        let town = Town::new();
        let receiver = FakeReceiver::start(move |_| Some((status_code, String::new(), answer.to_owned()))).await;
        let moment = delivery::Moment { clock: (town.now())(), real: (town.now())() };
        let told = super::super::test(&subscription("office", channel, Class::Public, &receiver.url()), Names::new(), moment, "abc").await.unwrap();
        assert_eq!((told.delivered, told.answer.as_str()), expected, "{channel:?} {answer}");
        assert!(!told.answer.contains("top-secret"));
    }
}

#[tokio::test]
async fn each_robot_is_asked_in_its_own_way_and_signed_when_it_has_a_secret() {
    let town = Town::new();
    let moment = delivery::Moment { clock: (town.now())(), real: (town.now())() };
    let ask = async |channel: Channel, secret: Option<&str>| {
        let receiver = FakeReceiver::start(ok).await;
        let plan = Plan {
            name: "office".parse().unwrap(),
            channel,
            class: Class::Public,
            doors: delivery::Doors::All,
            filter: Filter::default(),
            leaders: Vec::new(),
            staff: Vec::new(),
            cluster_stands: false,
            quiet: None,
        };
        let subscription = Subscription::new(plan, &receiver.url(), secret, Template::default()).unwrap();
        assert!(super::super::test(&subscription, Names::new(), moment, "abc").await.unwrap().delivered);
        receiver.calls().remove(0)
    };
    let text = "测试消息，无需处理";
    let wecom = ask(Channel::Wecom, None).await;
    assert!(wecom.json()["text"]["content"].as_str().unwrap().contains(text) && wecom.json()["msgtype"] == "text");
    let dingtalk = ask(Channel::Dingtalk, Some("SECabc")).await;
    let line = dingtalk.head.lines().next().unwrap();
    assert!(line.contains("timestamp=1580972640000&sign=RCS1ZTE93eWZ0nfs08so7jY2WlclUMRDlnAfncQUACQ%3D"), "{line}");
    let feishu = ask(Channel::Feishu, Some("SECabc")).await.json();
    assert_eq!((feishu["timestamp"].as_str(), feishu["msg_type"].as_str()), (Some("1580972640"), Some("text")));
    assert_eq!(feishu["sign"], "qHKG7/jne70a3vLGa06OD+NucBDy+VvzS8jZB4VTvzc=");
    assert!(ask(Channel::Feishu, None).await.json().get("sign").is_none());
    let ntfy = ask(Channel::Ntfy, Some("tk_abc")).await;
    assert_eq!((ntfy.header("authorization"), ntfy.header("priority")), (Some("Bearer tk_abc"), Some("3")));
    assert!(String::from_utf8(ntfy.body).unwrap().contains(text));
}

#[tokio::test]
async fn no_byte_that_leaves_for_class_public_says_where_or_who() {
    let town = Town::new();
    let mut receivers = Vec::new();
    let mut subscriptions = Vec::new();
    for channel in [Channel::Webhook, Channel::Wecom, Channel::Dingtalk, Channel::Feishu, Channel::Ntfy] {
        let receiver = FakeReceiver::start(ok).await;
        subscriptions.push(subscription(channel.word(), channel, Class::Public, &receiver.url()));
        receivers.push((channel.word(), receiver));
    }
    let deliveries = town.deliver("one", subscriptions);
    until("all have begun", || receivers.iter().all(|(name, _)| status(&deliveries, name).state == "telling")).await;
    let kinds = ["fever", "symptom", "check_overdue", "quarantine_breach", "building_silent", "refused", "release_due", "a_kind_of_tomorrow"];
    let actions = ["raised", "updated", "upgraded", "acknowledged", "escalated", "resolved", "closed", "reopened"];
    let mut payloads = Vec::new();
    for (alert, (kind, action)) in (0..).zip(kinds.iter().flat_map(|kind| actions.iter().map(move |action| (kind, action)))) {
        let severity = ["critical", "serious", "caution"][alert as usize % 3];
        let mut body: serde_json::Value = serde_json::from_slice(&town.message(alert, severity, "b07")).unwrap();
        (body["data"]["kind"], body["data"]["action"]) = ((*kind).into(), (*action).into());
        payloads.push(serde_json::to_vec(&body).unwrap());
    }
    let count = payloads.len() as u64;
    town.publish(payloads).await;
    for (name, _) in &receivers {
        until("all is told", || {
            town.pass(5000);
            let status = status(&deliveries, name);
            status.waiting == 0 && status.delivered + status.suppressed.values().sum::<u64>() == count
        })
        .await;
    }
    // the reminder, too
    town.pass(40 * 60_000);
    until("all are reminded", || receivers.iter().all(|(_, receiver)| receiver.calls().len() >= 2)).await;
    deliveries.stop().await;
    for (name, receiver) in &receivers {
        for call in receiver.calls() {
            let left = format!("{}\n{}", call.head, String::from_utf8_lossy(&call.body));
            for secret in ["b07", "502", "阳光小区", "Yangguang", "p7f3a", "h502", "e1\"", "38.2", "1-a"] {
                // 502 in the middle of a timestamp, or b07 of a signature, says nothing
                let begins = |(at, _): (usize, &str)| !left[..at].ends_with(|before: char| before.is_ascii_alphanumeric());
                assert!(!left.match_indices(secret).any(begins), "{name}: {secret} left in {left}");
            }
        }
    }
}
