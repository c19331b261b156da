//! The loop of one subscription: read, decide, write down, call.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use bus::{AppendError, Marks, ReadError, Reading, UnknownOutcome};
use delivery::{Content, Moment, Plan, Send, Settled};
use domain::values::Now;
use tokio::{
    sync::watch,
    task::{Id, JoinError, JoinSet},
    time::{Instant, timeout},
};

use super::{
    DeliveryReport,
    call::{Answer, Receiver},
    mark::{BadMark, Standing, instance_of},
};
use crate::{error::chain, silences::Silences};

/// Messages read before what they come to is written down.
const PAGE_MESSAGES: usize = 100;
/// How often the clock is looked at while nothing happens: a drill clock may run at any rate.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// How long what calls nobody may stay unwritten: it is heard again after a crash.
const WRITE_WITHIN: Duration = Duration::from_secs(1);
/// How often the mark is set although nothing happened: whoever stands by sees by it that somebody is at work.
const BEAT_EVERY: Duration = Duration::from_secs(20);
/// After how long without a beat somebody who stands by goes on.
const STAND_BY: Duration = Duration::from_secs(60);
/// Pause before something that is away is tried again.
const PAUSE: Duration = Duration::from_millis(500);
/// How long calls that are under way are waited for at the end.
const FAREWELL: Duration = Duration::from_secs(3);

/// A delivery with all that it needs.
pub(super) struct Runner {
    pub(super) plan: Plan,
    /// What it is about and who is called, as a hash.
    pub(super) aim: String,
    pub(super) receiver: Receiver,
    pub(super) reading: Reading,
    pub(super) marks: Marks,
    pub(super) silences: Silences,
    pub(super) now: Now,
    pub(super) real: Now,
    pub(super) instance: String,
    pub(super) report: DeliveryReport,
    /// Moves when something was published.
    pub(super) arrivals: watch::Receiver<u64>,
    pub(super) stopped: watch::Receiver<bool>,
}

/// Why a delivery does not go on now.
#[derive(Debug, thiserror::Error)]
enum Hindrance {
    #[error("another instance has this delivery")]
    Overtaken,
    #[error("the stream of alerts or of marks does not answer")]
    Away(#[from] ReadError),
    #[error("the mark cannot be set")]
    Unset(#[source] AppendError),
    #[error(transparent)]
    Mark(#[from] BadMark),
    #[error("the mark cannot be written down")]
    Form(#[from] serde_json::Error),
}

/// A delivery at work.
struct Work {
    standing: Standing,
    /// What the next mark expects.
    expected: u64,
    /// Where the stream ended when this began.
    began_at: u64,
    /// Something stands in the machine that does not stand in the mark, and since when.
    unwritten: Option<Instant>,
    /// It must be written down before anything else.
    urgent: bool,
    written: Instant,
    calls: JoinSet<Answer>,
    /// What is being called, by task: of a call that breaks off nothing else is left.
    under_way: HashMap<Id, Send>,
}

/// What became of the task of a call.
type Ended = Result<(Id, Answer), JoinError>;

impl Runner {
    /// Delivers until told to stop.
    pub(super) async fn run(mut self) {
        while !*self.stopped.borrow() {
            let Err(hindrance) = self.deliver().await else { break };
            let why = chain(&hindrance);
            match hindrance {
                Hindrance::Overtaken => {
                    tracing::info!(delivery = %self.plan.name, "another instance delivers; standing by");
                    self.report.tell(&self.plan.name, |status| status.state = "standing by".to_owned());
                    self.stand_by().await;
                }
                Hindrance::Away(_) | Hindrance::Unset(_) | Hindrance::Mark(_) | Hindrance::Form(_) => {
                    tracing::warn!(delivery = %self.plan.name, %why, "nothing is delivered now");
                    self.report.tell(&self.plan.name, |status| status.state = format!("waiting: {why}"));
                    self.stopped_within(PAUSE).await;
                }
            }
        }
    }

    /// Goes on from the mark until told to stop, or until something is in the way.
    async fn deliver(&mut self) -> Result<(), Hindrance> {
        let mut work = self.take_up().await?;
        let done = self.work(&mut work).await;
        // what came back by now need not be told again
        if done.is_ok() {
            let farewell = async {
                while let Some(ended) = work.calls.join_next_with_id().await {
                    self.settle(&mut work, ended);
                }
            };
            // a call that takes longer is tried again, under the same id, by whoever goes on
            let _unfinished = timeout(FAREWELL, farewell).await;
            self.write(&mut work).await?;
        }
        done
    }

    /// Reads the mark, or begins one, and makes it this instance's own: whoever had it before is refused from now on.
    async fn take_up(&self) -> Result<Work, Hindrance> {
        let mark = self.marks.get(self.plan.name.as_str()).await?;
        // asked after the mark, which may have been moved meanwhile: a stream that ends before its mark counts as another one
        let end = self.reading.end().await?;
        let (mut standing, expected) = match mark {
            Some(mark) => (Standing::read(self.plan.clone(), self.aim.clone(), &mark.payload, &self.instance)?, mark.sequence),
            None => (Standing::begin(self.plan.clone(), self.aim.clone(), end.clone(), &self.instance), 0),
        };
        standing.fit(&end);
        let now = Instant::now();
        let began_at = end.sequence;
        let mut work =
            Work { standing, expected, began_at, unwritten: Some(now), urgent: true, written: now, calls: JoinSet::new(), under_way: HashMap::new() };
        self.write(&mut work).await?;
        Ok(work)
    }

    async fn work(&mut self, work: &mut Work) -> Result<(), Hindrance> {
        let mut looked = Instant::now();
        loop {
            // the server is asked only when there is something that was not heard
            let published = work.began_at.max(*self.arrivals.borrow());
            let more = work.standing.after < published && self.read_on(work).await?;
            // whoever begins hears first what was published meanwhile: somebody may have taken what people would be reminded of
            if more && work.standing.after < work.began_at {
                continue;
            }
            let moment = self.moment();
            let silences = self.silences.of(work.standing.machine.to_ask(moment), moment.clock).await;
            if work.standing.machine.tick(moment, &silences) {
                work.change(true);
            }
            let stale = work.unwritten.is_some_and(|since| since.elapsed() >= WRITE_WITHIN);
            if work.urgent || stale || work.written.elapsed() >= BEAT_EVERY {
                self.write(work).await?;
            }
            self.start_calls(work);
            self.show(work);
            if more && !*self.stopped.borrow() {
                continue;
            }
            let ended = tokio::select! {
                Some(ended) = work.calls.join_next_with_id() => Some(ended),
                _ = self.arrivals.changed() => None,
                () = tokio::time::sleep(LOOK_EVERY) => None,
                _ = self.stopped.wait_for(|stopped| *stopped) => return Ok(()),
            };
            // what came back meanwhile is written down with it
            let mut next = ended;
            while let Some(ended) = next {
                self.settle(work, ended);
                next = work.calls.try_join_next_with_id();
            }
            // a stream that was made anew has no message after the place where the old one was left
            if looked.elapsed() >= BEAT_EVERY {
                looked = Instant::now();
                let before = work.standing.after;
                work.standing.fit(&self.reading.end().await?);
                if work.standing.after != before {
                    work.change(true);
                }
            }
        }
    }

    /// Hears the next messages; whether there may be more.
    async fn read_on(&self, work: &mut Work) -> Result<bool, Hindrance> {
        let room = work.standing.machine.room().min(PAGE_MESSAGES);
        for _ in 0..room {
            let Some(published) = self.reading.after(work.standing.after).await? else { return Ok(false) };
            work.standing.hear(&published, self.moment());
            // what is forwarded is decided by being heard
            work.change(self.plan.forwards());
        }
        Ok(room == PAGE_MESSAGES)
    }

    /// Sets the mark behind the one before. When nobody knows whether it was set, the server is asked.
    async fn write(&self, work: &mut Work) -> Result<(), Hindrance> {
        let payload: bytes::Bytes = work.standing.write(&self.instance)?.into();
        let name = self.plan.name.as_str();
        work.expected = match self.marks.put(name, payload.clone(), work.expected).await {
            Ok(sequence) => sequence,
            // of one message there is no part
            Err(AppendError::Conflict | AppendError::Torn) => return Err(self.overtaken(name).await?),
            Err(AppendError::Unknown(outcome)) => self.look_after(name, &payload, outcome).await?,
            Err(refused @ AppendError::Refused(_)) => return Err(Hindrance::Unset(refused)),
        };
        (work.unwritten, work.urgent, work.written) = (None, false, Instant::now());
        Ok(())
    }

    /// Who set the mark that is in the way: another instance, or this one, with a mark of which nobody knew whether it would come.
    async fn overtaken(&self, name: &str) -> Result<Hindrance, Hindrance> {
        let own = self.marks.get(name).await?.is_some_and(|mark| instance_of(&mark.payload).as_ref() == Some(&self.instance));
        Ok(if own { Hindrance::Unset(AppendError::Conflict) } else { Hindrance::Overtaken })
    }

    /// Where the mark stands that may have been set.
    async fn look_after(&self, name: &str, payload: &bytes::Bytes, outcome: UnknownOutcome) -> Result<u64, Hindrance> {
        match self.marks.get(name).await? {
            Some(mark) if mark.payload == payload => Ok(mark.sequence),
            _ => Err(Hindrance::Unset(AppendError::Unknown(outcome))),
        }
    }

    fn start_calls(&self, work: &mut Work) {
        while work.calls.len() < self.plan.channel.calls_max()
            && let Some(send) = work.standing.machine.start(self.moment())
        {
            work.change(false);
            let (receiver, reading, real) = (self.receiver.clone(), self.reading.clone(), self.real.clone());
            let called = send.clone();
            let task = work.calls.spawn(async move {
                match called.content {
                    Content::Notice(_) => receiver.call(&called, None, real()).await,
                    Content::Message { sequence } => match reading.at(sequence).await {
                        Ok(published) => receiver.call(&called, published.map(|published| published.payload), real()).await,
                        Err(error) => Answer::unread(&error),
                    },
                }
            });
            work.under_way.insert(task.id(), send);
        }
    }

    /// Takes what came of a call.
    fn settle(&self, work: &mut Work, ended: Ended) {
        let (task, answer) = match ended {
            Ok(ended) => ended,
            Err(error) => {
                tracing::error!(delivery = %self.plan.name, %error, "a call did not end well");
                (error.id(), Answer::broken_off())
            }
        };
        let Some(send) = work.under_way.remove(&task) else { return };
        work.change(true);
        let (name, outcome) = (&self.plan.name, answer.summary());
        match work.standing.machine.settle(send.number, answer.outcome, self.moment()) {
            Some(Settled::Delivered) => {
                tracing::debug!(delivery = %name, id = %send.id, "delivered");
                return;
            }
            Some(Settled::Again) => tracing::warn!(delivery = %name, id = %send.id, outcome, "not delivered; it is tried again"),
            Some(Settled::GivenUp) => {
                tracing::error!(delivery = %name, id = %send.id, messages = send.messages, outcome, "given up: it was tried for too long")
            }
            None => return,
        }
        self.report.tell(name, |status| status.last_failure = Some(outcome));
    }

    /// Says how it is doing, to readiness and metrics.
    fn show(&self, work: &Work) {
        let machine = &work.standing.machine;
        let report = machine.report();
        let moment = self.moment();
        let oldest = machine.oldest(moment).map_or(0, |oldest| moment.real.0.saturating_sub(oldest.0).max(0) / 1000);
        let oldest_seconds = u64::try_from(oldest).unwrap_or_default();
        let suppressed: BTreeMap<&'static str, u64> = report.suppressed.iter().map(|(reason, count)| (reason.word(), *count)).collect();
        let name = self.plan.name.to_string();
        for (outcome, count) in [("delivered", report.delivered), ("given_up", report.given_up)] {
            metrics::counter!("gridward_delivery_messages_total", "delivery" => name.clone(), "outcome" => outcome).absolute(count);
        }
        for (reason, count) in &suppressed {
            metrics::counter!("gridward_delivery_suppressed_total", "delivery" => name.clone(), "reason" => *reason).absolute(*count);
        }
        for (outcome, count) in [("ok", report.calls), ("failed", report.failed_calls)] {
            metrics::counter!("gridward_delivery_calls_total", "delivery" => name.clone(), "outcome" => outcome).absolute(count);
        }
        metrics::gauge!("gridward_delivery_waiting", "delivery" => name.clone()).set(machine.waiting() as f64);
        metrics::gauge!("gridward_delivery_oldest_seconds", "delivery" => name).set(oldest_seconds as f64);
        let failing = machine.failing() as u64;
        self.report.tell(&self.plan.name, |status| {
            status.state = if failing > 0 { "failing".to_owned() } else { "telling".to_owned() };
            (status.delivered, status.given_up, status.waiting) = (report.delivered, report.given_up, machine.waiting());
            (status.failing, status.oldest_seconds, status.suppressed) = (failing, oldest_seconds, suppressed);
        });
    }

    /// Waits until whoever has the delivery has not been heard of for a while.
    async fn stand_by(&mut self) {
        let mut seen = (None, Instant::now());
        while !self.stopped_within(STAND_BY / 12).await {
            // a server that does not answer says nothing of the other instance
            let Ok(mark) = self.marks.get(self.plan.name.as_str()).await else {
                seen.1 = Instant::now();
                continue;
            };
            let sequence = mark.map(|mark| mark.sequence);
            if seen.0 != Some(sequence) {
                seen = (Some(sequence), Instant::now());
            } else if seen.1.elapsed() >= STAND_BY {
                return;
            }
        }
    }

    async fn stopped_within(&mut self, pause: Duration) -> bool {
        timeout(pause, self.stopped.wait_for(|stopped| *stopped)).await.is_ok()
    }

    fn moment(&self) -> Moment {
        Moment { clock: (self.now)(), real: (self.real)() }
    }
}

impl Work {
    /// Something is other than it was written down.
    fn change(&mut self, urgent: bool) {
        self.unwritten.get_or_insert_with(Instant::now);
        self.urgent |= urgent;
    }
}
