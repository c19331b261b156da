//! Deliveries: what was published, told onwards to people and programs, one task per subscription.
//!
//! | room | what is in it |
//! |---|---|
//! | `subscription` | a receiver with its plan: what is checked of it before anything is sent |
//! | `sign` | signatures: Standard Webhooks, DingTalk, Feishu |
//! | `call` | one call: the request of each channel, and what its answer means |
//! | `mark` | how far a delivery came, as it is kept on the server |
//! | `runner` | the loop of one subscription: read, decide, write down, call |
//!
//! A delivery reads the stream of alerts and never the log: what was published is what may be told, so the rebuild of a store tells
//! nobody. One thing it asks of alerting's store, for no message tells of it: whether what people are about to be told is silenced by now.
//! An answer tells nothing; it puts off what would be told, and without one it is told as the stream says.
//!
//! All that it remembers is its mark. What is to be sent stands in the mark before it is tried, so after a crash the same goes
//! out again under the same id; and of two instances that go on from one mark, one is refused and stands by.

mod call;
mod mark;
mod runner;
mod sign;
mod subscription;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bus::{Marks, Reading};
use delivery::{Machine, Moment, Names, Outcome, Source};
use domain::values::{Now, Slug};
use serde::Serialize;
use tokio::{
    sync::watch,
    task::{JoinHandle, JoinSet},
};

pub use subscription::{BadSubscription, Subscription};

use call::Receiver;
use runner::Runner;

use crate::silences::Silences;

/// How often it is looked whether something was published.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// What deliveries need; everything outside reaches them through here.
pub struct DeliveryParts {
    /// The stream of alerts.
    pub alerts: Reading,
    /// The stream of alerts with names; nothing where nobody is to be named on topics.
    pub full: Option<Reading>,
    /// The stream of nudges.
    pub nudges: Reading,
    /// How far each delivery came.
    pub marks: Marks,
    /// Which alerts are silenced by now.
    pub silences: Silences,
    /// Who is told what. No two of one name.
    pub subscriptions: Vec<Subscription>,
    /// What communities are called.
    pub names: Names,
    /// The clock of the system.
    pub now: Now,
    /// Real time.
    pub real: Now,
    /// Letters that are this process's own: it tells by them whether a mark is its own.
    pub instance: String,
}

/// How a delivery is doing: no address, no secret, nothing of what is told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DeliveryStatus {
    /// What it does: telling, failing, standing by, or what it waits for.
    pub state: String,
    /// Messages that the receiver has.
    pub delivered: u64,
    /// Messages that are neither told nor suppressed.
    pub waiting: u64,
    /// Since how many seconds the oldest send waits.
    pub oldest_seconds: u64,
    /// Sends that failed and are tried again.
    pub failing: u64,
    /// Messages that were tried for too long.
    pub given_up: u64,
    /// Messages that were not told, by the reason.
    pub suppressed: BTreeMap<&'static str, u64>,
    /// What the last call that failed came to, such as `HTTP 503`.
    pub last_failure: Option<String>,
}

/// How all deliveries are doing, by name.
#[derive(Clone, Debug, Default)]
pub struct DeliveryReport {
    statuses: Arc<Mutex<BTreeMap<Slug, DeliveryStatus>>>,
}

impl DeliveryReport {
    /// How each is doing now.
    pub fn statuses(&self) -> BTreeMap<Slug, DeliveryStatus> {
        self.statuses.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn tell(&self, name: &Slug, change: impl FnOnce(&mut DeliveryStatus)) {
        change(self.statuses.lock().unwrap_or_else(PoisonError::into_inner).entry(name.clone()).or_default());
    }
}

/// The streams that are read, and where it is said that something was published on each.
type Looking = BTreeMap<Source, (Reading, watch::Sender<u64>)>;

/// All deliveries of a process, running.
pub struct Deliveries {
    report: DeliveryReport,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Deliveries {
    /// Starts them. A delivery that was never there begins with what is published from now on.
    ///
    /// # Errors
    /// When no client for a receiver can be made, or one is to be told names and nobody is named on topics.
    pub fn start(parts: DeliveryParts) -> Result<Self, BadSubscription> {
        let report = DeliveryReport::default();
        let (stop, stopped) = watch::channel(false);
        let mut looking = Looking::default();
        let mut tasks = JoinSet::new();
        for subscription in parts.subscriptions {
            let source = subscription.plan.source();
            let reading = match source {
                Source::Alerts => &parts.alerts,
                Source::AlertsFull => parts.full.as_ref().ok_or_else(|| BadSubscription::Unnamed(subscription.plan.name.clone()))?,
                Source::Nudges => &parts.nudges,
            };
            let arrivals = looking.entry(source).or_insert_with(|| (reading.clone(), watch::Sender::new(0))).1.subscribe();
            let runner = Runner {
                plan: subscription.plan.clone(),
                aim: subscription.aim()?,
                receiver: Receiver::new(&subscription, parts.names.clone())?,
                reading: reading.clone(),
                marks: parts.marks.clone(),
                silences: parts.silences.clone(),
                now: Arc::clone(&parts.now),
                real: Arc::clone(&parts.real),
                instance: parts.instance.clone(),
                report: report.clone(),
                arrivals,
                stopped: stopped.clone(),
            };
            report.tell(&runner.plan.name, |status| status.state = "starting".to_owned());
            tasks.spawn(runner.run());
        }
        let task = tokio::spawn(watch_over(tasks, looking, stopped));
        Ok(Self { report, stop, task })
    }

    /// How each is doing.
    pub fn report(&self) -> DeliveryReport {
        self.report.clone()
    }

    /// Stops them. What is under way is waited for a little; what is not done then is tried again by whoever goes on.
    pub async fn stop(self) {
        // nobody listens any more when the task has ended already
        let _ended = self.stop.send(true);
        if let Err(error) = self.task.await {
            tracing::error!(%error, "deliveries did not end well");
        }
    }
}

/// Looks for what was published, for all of them at once, until they have stopped.
async fn watch_over(mut tasks: JoinSet<()>, looking: Looking, mut stopped: watch::Receiver<bool>) {
    while !tasks.is_empty() && tokio::time::timeout(LOOK_EVERY, stopped.wait_for(|stopped| *stopped)).await.is_err() {
        for (reading, arrived) in looking.values() {
            // whoever reads on will find out why nothing answers
            if let Ok(end) = reading.end().await {
                arrived.send_if_modified(|before| std::mem::replace(before, end.sequence) != end.sequence);
            }
        }
    }
    while let Some(ended) = tasks.join_next().await {
        if let Err(error) = ended {
            tracing::error!(%error, "a delivery did not end well");
        }
    }
}

/// What a receiver said to a test.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TestAnswer {
    /// Whether it took it.
    pub delivered: bool,
    /// What came back, in short, such as `HTTP 200, code 45009`.
    pub answer: String,
    /// The beginning of what it said.
    pub said: String,
}

/// Sends one test notice, marked as such, to the receiver of a subscription. No mark is read or set.
///
/// # Errors
/// When no client for it can be made.
pub async fn test(subscription: &Subscription, names: Names, moment: Moment, instance: &str) -> Result<TestAnswer, BadSubscription> {
    let receiver = Receiver::new(subscription, names)?;
    let machine = Machine::new(subscription.plan.clone(), instance.to_owned());
    let answer = receiver.call(&machine.test_notice(moment, true), None, moment.real).await;
    Ok(TestAnswer { delivered: answer.outcome == Outcome::Delivered, answer: answer.summary(), said: answer.said })
}

#[cfg(test)]
mod tests;
