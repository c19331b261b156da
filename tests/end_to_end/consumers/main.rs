//! Whoever is told from outside: asks at the door that was opened to them, hears what their class may hear, and runs the programs we show.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on may say so by panicking")]

mod asking;
mod contract;
mod examples;
mod external;
mod names;

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use system_tests::{System, until};

const COMMUNITY: &str = "u07";
const NEIGHBOUR: &str = "u08";
/// Longest wait for anything that is expected.
const WAIT: Duration = Duration::from_secs(20);

/// The person behind a door has a fever.
async fn fever(system: &System, community: &str, door: usize) {
    let people = json!([{"person":format!("p{door}"),"readings":[{"celsius":38.2,"site":"axilla"}],"symptoms":[]}]);
    let visit = json!({"household":format!("h{door}"),"outcome":"met","mode":"door","people":people});
    system.must(community, "visit.record", None, visit).await.unwrap();
}

/// A token that every service knows already.
async fn token(system: &System, community: &str, role: &str) -> String {
    let token = system.token(&format!("{community}-{role}"), &["--community", community], role).unwrap();
    let known = async || (system.request_as(&token, Method::GET, "/communities", None).await.unwrap().status == 200).then_some(());
    until("the token", WAIT, known).await;
    token
}

/// A consumer with these further arguments: its credentials, as they are printed.
fn consumer(system: &System, name: &str, filter: &str, more: &[&str]) -> Value {
    system.json_of(&[&["consumer", "add", name, "--from", "all", "--filter", filter], more].concat()).unwrap()
}
