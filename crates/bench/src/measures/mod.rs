//! The figures, one file each, and one line here.

mod alert;
mod alone;
pub(crate) mod country;
mod due;
pub(crate) mod growth;
mod lines;
mod posts;
mod reads;
mod rebuild;

use std::future::Future;
use std::pin::Pin;

use crate::Options;
use crate::figures::Figure;
use crate::progress::Phases;

/// A measurement under way.
type Measuring<'a> = Pin<Box<dyn Future<Output = anyhow::Result<Vec<Figure>>> + 'a>>;

/// How one of the figures is made.
pub(crate) struct Measure {
    pub(crate) name: &'static str,
    pub(crate) what: &'static str,
    /// How many phases it has when so often is measured.
    pub(crate) phases: fn(usize) -> usize,
    pub(crate) measure: for<'a> fn(&'a Options, &'a Phases) -> Measuring<'a>,
}

/// The names that may be asked for. B8, the memory, is measured with B6; B10 takes long and is asked for by itself.
pub const NAMES: [&str; 8] = ["B1", "B2", "B3", "B4", "B5", "B6", "B7", "B9"];

/// All of them, in their order.
pub(crate) fn all() -> [Measure; 8] {
    [
        Measure {
            name: "B1",
            what: "single commands over HTTP, durable, folded and judged",
            phases: |runs| 4 + 2 * runs,
            measure: |options, phases| Box::pin(posts::measure(options.clone(), phases)),
        },
        Measure {
            name: "B2",
            what: "many commands in one request",
            phases: |runs| 2 + runs,
            measure: |options, phases| Box::pin(lines::measure(options.clone(), phases)),
        },
        Measure {
            name: "B3",
            what: "from a fever to the message on its topic",
            phases: |_| 2,
            measure: |options, phases| Box::pin(alert::measure(options.clone(), phases)),
        },
        Measure {
            name: "B4",
            what: "one client on an idle system",
            phases: |runs| 2 + runs,
            measure: |options, phases| Box::pin(alone::measure(options.clone(), phases)),
        },
        Measure {
            name: "B5",
            what: "rebuild of the stores of projection and alerting",
            phases: |runs| 3 + runs,
            measure: |options, phases| Box::pin(rebuild::measure(options.clone(), phases)),
        },
        Measure {
            name: "B6",
            what: "reads, over a short and a long history",
            phases: |_| 10,
            measure: |options, phases| Box::pin(reads::measure(options.clone(), phases)),
        },
        Measure {
            name: "B7",
            what: "checks that are overdue at once",
            phases: |runs| 3 * runs,
            measure: |options, phases| Box::pin(due::measure(options.clone(), phases)),
        },
        Measure {
            name: "B9",
            what: "the cost of a commit behind a long history, and with many communities",
            phases: |_| 6,
            measure: |options, phases| Box::pin(growth::measure(options.clone(), phases)),
        },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_has_a_measure() {
        assert_eq!(all().map(|measure| measure.name), NAMES);
    }
}
