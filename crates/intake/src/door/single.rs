//! One command from a caller to its answer, the same through every door.

use axum::http::StatusCode;
use domain::{
    Command,
    access::{Principal, Right},
    community,
    obligation::SlotId,
    quarantine::{Filling, Fills},
    values::{CommandId, CommunityId, QuarantineId, Slug, TownId},
};
use serde::Serialize;
use tokio::time::Instant;
use web::Problem;

use super::Doors;
use crate::{
    ask::{Ask, Outcome},
    parse::{ParsedCommand, parse_command},
};

/// When to try again, in seconds, after too much at once.
const BUSY_RETRY_S: u32 = 1;

/// When to try again, in seconds, after what an operator must mend.
const UNREADABLE_RETRY_S: u32 = 60;

/// What became of a command, as it is told.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Told {
    id: Option<CommandId>,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sequence: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<Problem>,
    /// What its checks are for, where it is recorded and has any.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    checks: Vec<CheckTold>,
}

/// What a check of an order is for: its slot, or why it fills none.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct CheckTold {
    quarantine: QuarantineId,
    slot: Option<SlotId>,
    /// Stable word for programs.
    code: &'static str,
    /// In Chinese, then in English, for people.
    title: String,
}

impl From<Filling> for CheckTold {
    fn from(Filling { quarantine, fills }: Filling) -> Self {
        let (code, slot) = match fills {
            Fills::Slot(slot) => ("check_for_slot", Some(slot)),
            Fills::FirstUndone => ("check_for_first_undone", None),
            Fills::Attempt => ("check_attempt", None),
            Fills::DaysOver => ("check_days_over", None),
            Fills::NoneOpen => ("check_none_open", None),
        };
        Self { quarantine, slot, code, title: web::title(code) }
    }
}

impl Told {
    pub(crate) fn problem(id: Option<CommandId>, problem: Problem) -> Self {
        Self { id, status: "rejected", sequence: None, problem: Some(problem), checks: Vec::new() }
    }

    pub(crate) fn id(&self) -> Option<CommandId> {
        self.id
    }

    pub(crate) fn sequence(&self) -> Option<u64> {
        self.sequence
    }

    /// The HTTP answer of a single command: its status, and either this or its problem.
    pub(crate) fn into_single(self) -> Result<(StatusCode, Self), Problem> {
        match self.problem {
            Some(problem) => Err(problem),
            None if self.status == "recorded" => Ok((StatusCode::CREATED, self)),
            None => Ok((StatusCode::OK, self)),
        }
    }
}

/// A caller in front of a community.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    community: CommunityId,
    principal: Principal,
    /// The principal as it stands in headers.
    actor: Slug,
    /// The community exists and the caller may enter it; or a line before this one founds it.
    inside: bool,
}

impl Caller {
    /// Lets a caller in to a community that exists, or up to one that they may found.
    pub(crate) fn admit(doors: &Doors, principal: Principal, community: &str) -> Result<Self, Problem> {
        let community: CommunityId = community.parse().map_err(|_| Problem::not_found())?;
        let inside = doors.gate.with_grants(|grants| grants.enter(&principal, &community)).is_some();
        if !inside && !principal.may_everywhere(Right::Found) {
            return Err(Problem::not_found());
        }
        Ok(Self { community, actor: principal.actor(), principal, inside })
    }

    /// The town of the community, if there is such a community.
    pub(crate) fn town(&self, doors: &Doors) -> Option<TownId> {
        doors.gate.with_grants(|grants| grants.enter(&self.principal, &self.community)).map(|scope| scope.town().clone())
    }

    /// Parses a command and checks that this caller may send it here. After one that founds the community, others may follow: each
    /// is decided over what the ones before it did.
    pub(crate) fn ask(&mut self, doors: &Doors, json: &[u8]) -> Result<Ask, (Option<CommandId>, Problem)> {
        let ParsedCommand { envelope, content } = parse_command(json, &doors.secrets).map_err(|problem| (None, problem))?;
        let id = Some(envelope.id);
        let founding = matches!(envelope.command, Command::Community(community::Command::Found(_)));
        let may = if founding { self.principal.may_everywhere(Right::Found) } else { self.principal.may(Right::Send(envelope.command.kind())) };
        if !may {
            return Err((id, Problem::new(StatusCode::FORBIDDEN, "forbidden")));
        }
        if !self.inside && !founding && doors.gate.with_grants(|grants| grants.enter(&self.principal, &self.community)).is_none() {
            return Err((id, Problem::not_found()));
        }
        self.inside |= founding;
        Ok(Ask {
            community: self.community.clone(),
            envelope,
            content,
            actor: self.actor.clone(),
            role: self.principal.role(),
            staff: self.principal.staff().cloned(),
            bytes: json.len(),
        })
    }
}

/// Hands over one command and waits for what becomes of it.
pub(crate) async fn record(doors: &Doors, ask: Ask) -> Told {
    let id = ask.envelope.id;
    let deadline = Instant::now() + doors.outcome_wait;
    let Ok(outcomes) = doors.submitter.submit(vec![ask]) else { return Told::problem(Some(id), busy()) };
    told(id, outcomes.until(deadline).await.pop().flatten())
}

/// What is told when nobody knows whether something was recorded.
pub(crate) fn unknown() -> Problem {
    Problem::unavailable("outcome_unknown", BUSY_RETRY_S)
}

/// What is told when there is no room for more.
pub(crate) fn busy() -> Problem {
    Problem::too_many(BUSY_RETRY_S)
}

/// An outcome in words for outside; nothing is none that came in time. It may be recorded, and sending it again is harmless.
pub(crate) fn told(id: CommandId, outcome: Option<Outcome>) -> Told {
    let done = |status, sequence| Told { id: Some(id), status, sequence: Some(sequence), problem: None, checks: Vec::new() };
    let Some(outcome) = outcome else { return Told::problem(Some(id), unknown()) };
    match outcome {
        Outcome::Recorded { sequence, fillings } => Told { checks: fillings.into_iter().map(CheckTold::from).collect(), ..done("recorded", sequence) },
        Outcome::Duplicate { sequence } => done("duplicate", sequence),
        Outcome::Unchanged { sequence } => done("unchanged", sequence),
        Outcome::IdReused => Told::problem(Some(id), id_reused()),
        Outcome::Rejected(rejection) => Told::problem(Some(id), rejection.into()),
        Outcome::Refused(code) => Told::problem(Some(id), refused(code)),
        Outcome::Unreadable { .. } => Told::problem(Some(id), unreadable()),
    }
}

/// What is told when an id stands for another record already.
pub(crate) fn id_reused() -> Problem {
    Problem::new(StatusCode::CONFLICT, "id_reused").with_param("/id", "id_reused", "choose a new id for another record")
}

/// What is told when the log holds what is needed and it cannot be read. Which commit it is stands in the log of the service.
pub(crate) fn unreadable() -> Problem {
    Problem::unavailable("log_unreadable", UNREADABLE_RETRY_S).with_detail("what this is about is recorded and cannot be read now: an operator must look")
}

/// What is told of something that cannot be recorded, however often it is sent.
pub(crate) fn refused(code: &str) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, code).with_detail("this cannot be recorded as it is, however often it is sent; say it in smaller parts")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_check_is_for_is_said_in_both_languages() {
        let slot = SlotId { date: "2020-02-06".parse().unwrap(), name: "am".parse().unwrap() };
        for fills in [Fills::Slot(slot.clone()), Fills::FirstUndone, Fills::Attempt, Fills::DaysOver, Fills::NoneOpen] {
            let told = CheckTold::from(Filling { quarantine: "q1".parse().unwrap(), fills });
            assert!(told.title != web::title("no_such_code"), "there are no words for {told:?}");
            assert_eq!(told.slot, (told.code == "check_for_slot").then(|| slot.clone()));
        }
    }
}
