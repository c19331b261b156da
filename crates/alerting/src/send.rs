//! A judgement on its way to intake: asked again until it is answered. Nothing depends on its being sent once.

use std::time::Duration;

use bus::{AskError, Headers, Requests};
use bytes::Bytes;
use domain::{
    alert::{Basis, Entrust, Key, Observe, Stage},
    nudge::Give,
    values::{CommandId, CommunityId},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Where intake listens. The body is `{"community","id","type","command"}` with an [`Observe`], an
/// [`Entrust`] or a [`Give`]; the answer carries `Gridward-Status`.
pub const OBSERVATIONS: &str = "svc.intake.observe";
/// Reply header with the HTTP status.
const STATUS: &str = "Gridward-Status";
/// Longest wait for one answer.
const ANSWER_WAIT: Duration = Duration::from_secs(6);
/// First pause before it is asked again; it doubles.
const PAUSE_MIN: Duration = Duration::from_millis(50);
/// Longest pause before it is asked again.
const PAUSE_MAX: Duration = Duration::from_secs(5);
/// Makes ids of observations differ from every other use of these names.
const NAMESPACE: Uuid = Uuid::from_u128(0x67_72_69_64_77_61_72_64_2e_6f_62_73_65_72_76_65);

/// A judgement on its way.
#[derive(Debug, Serialize)]
pub(crate) struct Observation {
    pub(crate) community: CommunityId,
    pub(crate) id: CommandId,
    pub(crate) r#type: &'static str,
    pub(crate) command: Said,
}

/// What is said: how things are with an alert, whose turn it is, or who is to be nudged before there is one.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Said {
    Observe(Observe),
    Entrust(Entrust),
    Nudge(Give),
}

impl Observation {
    pub(crate) fn new(community: CommunityId, command: Observe) -> Self {
        let id = observation_id(&community, &command.key, command.basis);
        Self { community, id, r#type: "alert.observe", command: Said::Observe(command) }
    }

    pub(crate) fn of_turn(community: CommunityId, command: Entrust) -> Self {
        let id = turn_id(&community, &command);
        Self { community, id, r#type: "alert.entrust", command: Said::Entrust(command) }
    }

    /// That somebody is to be nudged, judged on the log up to a sequence.
    pub(crate) fn of_nudge(community: CommunityId, sequence: u64, command: Give) -> Self {
        let id = nudge_id(&community, sequence, &command);
        Self { community, id, r#type: "report.nudge", command: Said::Nudge(command) }
    }
}

/// The same judgement on the same basis has the same id, whoever makes it.
fn observation_id(community: &CommunityId, key: &Key, basis: Basis) -> CommandId {
    let due = basis.due.map_or_else(String::new, |due| due.0.to_string());
    CommandId(Uuid::new_v5(&NAMESPACE, format!("{}\0{}\0{due}", key.full(community), basis.sequence).as_bytes()))
}

/// As [`observation_id`]: the turn of a level, judged on the alert at `n` and the same basis.
fn turn_id(community: &CommunityId, entrust: &Entrust) -> CommandId {
    let Entrust { alert, n, basis, stage: Stage { level, .. } } = entrust;
    let due = basis.due.map_or_else(String::new, |due| due.0.to_string());
    CommandId(Uuid::new_v5(&NAMESPACE, format!("{community}\0{alert}\0{n}\0{level}\0{}\0{due}", basis.sequence).as_bytes()))
}

/// As [`observation_id`]: of whoever is on duty then, for who that is may change by time alone.
fn nudge_id(community: &CommunityId, sequence: u64, give: &Give) -> CommandId {
    let leaders: Vec<&str> = give.leaders.iter().map(|leader| leader.as_str()).collect();
    CommandId(Uuid::new_v5(&NAMESPACE, format!("{community}\0{}\0nudge\0{}\0{sequence}\0{}", give.building, give.for_date, leaders.join(",")).as_bytes()))
}

/// Asks intake until it has an answer. What the answer is does not matter here: what came of it comes back over the log.
pub(crate) async fn send(requests: Requests, payload: Bytes) {
    let mut pause = PAUSE_MIN;
    loop {
        match requests.ask(OBSERVATIONS, Headers::default(), payload.clone(), ANSWER_WAIT).await {
            Ok(answer) => match answer.headers.get(STATUS).and_then(|status| status.parse::<u16>().ok()) {
                Some(200..=299) => return,
                // the same basis was decided with another view of things: that decision is on its way to us
                Some(409) => return,
                Some(status @ (400..=428 | 430..=499)) => {
                    let code = code_of(&answer.payload);
                    tracing::error!(status, code, "intake refused an observation: it is too large, or alerting and intake are of different versions");
                    metrics::counter!("gridward_observations_refused_total").increment(1);
                    return;
                }
                status => tracing::debug!(?status, "intake cannot take an observation now"),
            },
            Err(AskError::Unsendable(why)) => {
                tracing::error!(why, "an observation cannot be sent");
                return;
            }
            Err(error) => tracing::debug!(%error, "intake did not answer an observation"),
        }
        metrics::counter!("gridward_observations_retried_total").increment(1);
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(PAUSE_MAX);
    }
}

/// Why something was refused, in the word of the problem.
fn code_of(problem: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Problem {
        code: String,
    }
    serde_json::from_slice(problem).map_or_else(|_| "unknown".to_owned(), |Problem { code }| code)
}

#[cfg(test)]
mod tests {
    use domain::values::Timestamp;

    use super::*;

    #[test]
    fn the_id_follows_from_community_key_and_basis() {
        let key = |id: &str| Key { rule: "fever".parse().unwrap(), subject_kind: "person".parse().unwrap(), subject_id: id.parse().unwrap() };
        let id = |community: &str, person, sequence, due: Option<i64>| {
            observation_id(&community.parse().unwrap(), &key(person), Basis { sequence, due: due.map(Timestamp) }).to_string()
        };
        let one = id("u07", "p1", 7, None);
        assert_eq!(one, id("u07", "p1", 7, None));
        for other in [id("u08", "p1", 7, None), id("u07", "p2", 7, None), id("u07", "p1", 8, None), id("u07", "p1", 7, Some(0))] {
            assert_ne!(one, other);
        }
    }
}
