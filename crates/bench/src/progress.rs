//! What a measurement is at, for whoever watches it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A step of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step<'a> {
    /// A figure is begun.
    Figure {
        /// What it is called, such as `B1`.
        name: &'a str,
        /// What is measured.
        what: &'a str,
        /// How many phases it has.
        phases: usize,
    },
    /// The next phase of it is begun.
    Phase {
        /// Counts from 1.
        number: usize,
        /// What is done in it.
        what: &'a str,
    },
    /// The figure is made.
    Done,
}

/// Is told of each step as it begins.
pub type Told = Arc<dyn Fn(Step<'_>) + Send + Sync>;

/// The phases of one figure.
pub(crate) struct Phases {
    told: Told,
    begun: AtomicUsize,
    count: usize,
}

impl Phases {
    /// Of a figure that is begun.
    pub(crate) fn begin(told: &Told, (name, what): (&str, &str), count: usize) -> Self {
        told(Step::Figure { name, what, phases: count });
        Self { told: Arc::clone(told), begun: AtomicUsize::new(0), count }
    }

    /// The next phase begins.
    pub(crate) fn next(&self, what: &str) {
        let number = self.begun.fetch_add(1, Ordering::Relaxed) + 1;
        (self.told)(Step::Phase { number, what });
    }

    /// One of several runs begins.
    pub(crate) fn run(&self, run: usize, runs: usize, what: &str) {
        self.next(&format!("{what}, run {} of {runs}", run + 1));
    }

    /// It is over. A bar that says so before the end, or not then, says what is not true.
    pub(crate) fn end(&self) {
        debug_assert_eq!(self.begun.load(Ordering::Relaxed), self.count, "phases of a figure");
        (self.told)(Step::Done);
    }
}
