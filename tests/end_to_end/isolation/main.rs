//! A community never sees another's data: not over HTTP, not on topics, not in live pages. What is not theirs looks exactly like what does
//! not exist.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on may say so by panicking")]

mod doors;
mod findings;
mod measured;
mod neighbours;
mod offers;
mod topics;

use serde_json::{Value, json};
use system_tests::System;

/// A community, its neighbour in the same town, and one of another town.
const OWN: &str = "u07";
const NEIGHBOUR: &str = "u08";
const ELSEWHERE: &str = "n01";
/// Nobody ever founded it.
const ABSENT: &str = "u99";

/// A civil day near today: an order of long ago would be due for release, and told of.
#[expect(clippy::disallowed_methods, reason = "the program under test runs by the real clock")]
fn days_from_now(days: i64) -> String {
    (jiff::Zoned::now().date() + jiff::Span::new().days(days)).to_string()
}

/// Three communities that hold the same ids, and besides some that only the others have.
async fn three_communities() -> System {
    let system = System::start(&[]).await.unwrap();
    for (town, community) in [("dianbu", OWN), ("dianbu", NEIGHBOUR), ("beijipo", ELSEWHERE)] {
        system.settle(town, community).await.unwrap();
        if community != OWN {
            system.must(community, "building.register", None, json!({"building":"b-other","name":"9号楼"})).await.unwrap();
            system.must(community, "household.register", None, json!({"household":"h-other","building":"b-other","door":"1"})).await.unwrap();
            system.must(community, "person.register", None, json!({"person":"p-other","name":"王小他","household":"h-other"})).await.unwrap();
            let order = json!({"quarantine":"q-other","person":"p-other","kind":"home","count_from":{"date":days_from_now(0),"basis":"exposure"}});
            system.must(community, "quarantine.order", None, order).await.unwrap();
        }
        system.must(community, "round.open", None, json!({"round":"r1"})).await.unwrap();
    }
    system
}

/// Somebody at a door has a fever.
async fn fever(system: &System, community: &str, household: &str, person: &str) -> Value {
    let people = json!([{"person":person,"readings":[{"celsius":38.6,"site":"axilla"}],"symptoms":[]}]);
    let visit = json!({"household":household,"outcome":"met","mode":"door","people":people});
    system.must(community, "visit.record", None, visit).await.unwrap().json
}
