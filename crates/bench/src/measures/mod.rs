//! The figures, one file each, and one line here.

mod alert;
mod alone;
pub(crate) mod country;
mod due;
mod growth;
mod lines;
mod posts;
mod reads;
mod rebuild;

use std::future::Future;
use std::pin::Pin;

use crate::Options;
use crate::figures::Figure;

/// A measurement under way.
type Measuring = Pin<Box<dyn Future<Output = anyhow::Result<Vec<Figure>>>>>;

/// How one of the figures is made.
pub(crate) struct Measure {
    pub(crate) name: &'static str,
    pub(crate) what: &'static str,
    pub(crate) measure: fn(Options) -> Measuring,
}

/// The names that may be asked for. B8, the memory, is measured with B6; B10 takes long and is asked for by itself.
pub const NAMES: [&str; 8] = ["B1", "B2", "B3", "B4", "B5", "B6", "B7", "B9"];

/// All of them, in their order.
pub(crate) fn all() -> [Measure; 8] {
    [
        Measure { name: "B1", what: "single commands over HTTP, durable, folded and judged", measure: |options| Box::pin(posts::measure(options)) },
        Measure { name: "B2", what: "many commands in one request", measure: |options| Box::pin(lines::measure(options)) },
        Measure { name: "B3", what: "from a fever to the message on its topic", measure: |options| Box::pin(alert::measure(options)) },
        Measure { name: "B4", what: "one client on an idle system", measure: |options| Box::pin(alone::measure(options)) },
        Measure { name: "B5", what: "rebuild of the stores of projection and alerting", measure: |options| Box::pin(rebuild::measure(options)) },
        Measure { name: "B6", what: "reads, over a short and a long history", measure: |options| Box::pin(reads::measure(options)) },
        Measure { name: "B7", what: "checks that are overdue at once", measure: |options| Box::pin(due::measure(options)) },
        Measure {
            name: "B9",
            what: "the cost of a commit behind a long history, and with many communities",
            measure: |options| Box::pin(growth::measure(options)),
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
