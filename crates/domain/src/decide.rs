//! The one place where commands become events.

use std::sync::Arc;

use crate::{
    Command, Envelope, Event, Known, Rejection,
    commit::Role,
    community,
    values::{CommandId, CommunityId, MINUTE_MS, SecretKey, Slug, Timestamp, Zone},
};

/// How far ahead of our clock `at` may lie after correction, in minutes (contracts.md).
pub const AHEAD_MINUTES_MAX: i64 = 10;

/// What a decision needs besides the state: all of it values.
#[derive(Clone, Debug)]
pub struct Context<'a> {
    /// The community.
    pub community: &'a CommunityId,
    /// Id of the command.
    pub command: CommandId,
    /// Who asks.
    pub actor: &'a Slug,
    /// In which role.
    pub role: Role,
    /// When it happened, after correction.
    pub at: Timestamp,
    /// What every time that the sender's clock told is corrected by: [`clock_offset_ms`].
    pub clock_offset_ms: i64,
    /// Now.
    pub recorded_at: Timestamp,
    /// Key of fingerprints.
    pub secret: &'a SecretKey,
    /// Zone of the community.
    pub zone: Zone,
}

impl Context<'_> {
    /// A short keyed hash of texts, so that states can tell "the same" from "changed".
    pub fn fingerprint<T: AsRef<str>>(&self, texts: &[T]) -> u64 {
        let joined: Vec<&str> = texts.iter().map(AsRef::as_ref).collect();
        self.secret.fingerprint(&joined.join("\0"))
    }

    /// Refuses a time of something that has happened and lies ahead of our clock: the rule of `at` (contracts.md) holds for every
    /// time of a fact, or a typing error would stand as the newest there is until its year comes.
    ///
    /// # Errors
    /// 422 `at_in_future` with the path.
    pub(crate) fn check_happened(&self, at: Timestamp, pointer: &str) -> Result<(), Rejection> {
        if at > self.recorded_at.plus_minutes(AHEAD_MINUTES_MAX) {
            let field = pointer.rsplit('/').next().unwrap_or_default();
            return Err(Rejection::invalid(
                pointer,
                "at_in_future",
                format!("`{field}` lies more than 10 minutes ahead; send the phone's own time as `sent_at` if its clock is wrong"),
            ));
        }
        Ok(())
    }
}

/// An aggregate that commands are addressed to.
pub trait Decide {
    /// What can be asked of it.
    type Command;

    /// What happens, given what is known and what was asked. `Ok([])`: already so.
    ///
    /// # Errors
    /// A [`Rejection`] with the path and what would be right.
    fn decide(command: Self::Command, known: &dyn Known, context: &Context<'_>) -> Result<Vec<Event>, Rejection>;
}

/// When a command happened, by our clock: the phone's own offset corrects it.
pub fn corrected_at(envelope: &Envelope, recorded_at: Timestamp) -> Timestamp {
    envelope.at.unwrap_or(recorded_at).plus_ms(clock_offset_ms(envelope, recorded_at))
}

/// How far the sender's clock is behind ours, in milliseconds; negative when it is ahead.
pub fn clock_offset_ms(envelope: &Envelope, recorded_at: Timestamp) -> i64 {
    let offset_ms = envelope.sent_at.map_or(0, |sent_at| recorded_at.0.saturating_sub(sent_at.0));
    // an offset within a minute is the network's, not the clock's
    if offset_ms.saturating_abs() > MINUTE_MS { offset_ms } else { 0 }
}

/// Decides a command: first what is true of every command, then what its aggregate says.
///
/// # Errors
/// A [`Rejection`] with the path and what would be right.
pub fn decide(envelope: &Envelope, known: &dyn Known, context: &Context<'_>) -> Result<Vec<Event>, Rejection> {
    check_envelope(envelope, known, context)?;
    dispatch(envelope.command.clone(), known, context)
}

fn check_envelope(envelope: &Envelope, known: &dyn Known, context: &Context<'_>) -> Result<(), Rejection> {
    context.check_happened(context.at, "/at")?;
    if let Some(sent_at) = envelope.sent_at
        && envelope.at.is_some_and(|at| at > sent_at.plus_minutes(AHEAD_MINUTES_MAX))
    {
        return Err(Rejection::invalid("/at", "at_in_future", "`at` lies after `sent_at`"));
    }
    for (index, staff) in envelope.by.iter().enumerate() {
        if known.staff(staff).is_none() {
            return Err(Rejection::unknown(&format!("/by/{index}"), "staff", staff));
        }
    }
    if let Some(replaced) = envelope.replaces {
        let record = known.record(&replaced).ok_or_else(|| Rejection::unknown("/replaces", "command", replaced))?;
        if !record.retracted {
            return Err(Rejection::conflict("not_retracted", "`replaces` names a command that was not retracted; retract it first"));
        }
    }
    let founded = known.community().is_some();
    if !founded && envelope.command.needs_community() {
        return Err(Rejection::unknown("", "community", context.community));
    }
    Ok(())
}

fn dispatch(command: Command, known: &dyn Known, context: &Context<'_>) -> Result<Vec<Event>, Rejection> {
    match command {
        Command::Community(command) => community::Community::decide(command, known, context),
        Command::Estate(command) => crate::estate::Estate::decide(command, known, context),
        Command::Building(command) => crate::building::Building::decide(command, known, context),
        Command::Household(command) => crate::household::Household::decide(command, known, context),
        Command::Person(command) => crate::person::Person::decide(command, known, context),
        Command::Staff(command) => crate::staff::Staff::decide(command, known, context),
        Command::Responsibility(command) => crate::responsibility::Responsibility::decide(command, known, context),
        Command::Roster(command) => crate::roster::Roster::decide(command, known, context),
        Command::Absence(command) => crate::absence::Absence::decide(command, known, context),
        Command::Checkpoint(command) => crate::checkpoint::Checkpoint::decide(command, known, context),
        Command::Round(command) => crate::round::Round::decide(command, known, context),
        Command::Visit(command) => crate::visit::Visit::decide(command, known, context),
        Command::Arrival(command) => crate::arrival::Arrival::decide(command, known, context),
        Command::Medical(command) => crate::medical::Medical::decide(command, known, context),
        Command::Quarantine(command) => crate::quarantine::Quarantine::decide(command, known, context),
        Command::Alert(command) => crate::alert::Alert::decide(command, known, context),
        Command::Nudge(command) => crate::nudge::Nudge::decide(command, known, context),
        Command::Silence(command) => crate::silence::Silence::decide(command, known, context),
        Command::Record(command) => crate::record::Record::decide(command, known, context),
        Command::Access(command) => crate::access::Access::decide(command, known, context),
    }
}

/// Refuses a reason that says nothing, where contracts.md asks for one.
///
/// # Errors
/// 422 `reason_required`.
pub(crate) fn check_reason(reason: &str) -> Result<(), Rejection> {
    if reason.trim().is_empty() {
        return Err(Rejection::invalid("/data/reason", "reason_required", "say why, in a few words"));
    }
    Ok(())
}

/// The state of an entity that a command points at.
///
/// # Errors
/// 422 `unknown_reference` with the path.
pub(crate) fn required<T>(found: Option<Arc<T>>, pointer: &str, kind: &'static str, id: &impl ToString) -> Result<Arc<T>, Rejection> {
    found.ok_or_else(|| Rejection::unknown(pointer, kind, id.to_string()))
}
