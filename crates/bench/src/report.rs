//! What was measured, as a table for people and as JSON for programs.

use std::fmt::{self, Display, Formatter};

use serde::Serialize;

use crate::figures::{Figure, Target};
use crate::machine::Machine;

/// All figures of one run.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// On what it was measured.
    pub machine: Machine,
    /// How long each load lasted, in seconds.
    pub load_seconds: u64,
    /// How often each was measured.
    pub runs: usize,
    /// The figures.
    pub figures: Vec<Figure>,
}

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Machine { processor, cores, memory_mib, kernel, file_system, optimised } = &self.machine;
        writeln!(f, "{processor}, {cores} cores, {memory_mib} MiB, Linux {kernel}, {file_system}")?;
        if !optimised {
            writeln!(f, "a debug build: these are no figures; cargo build --release -p gridward")?;
        }
        writeln!(f, "loads of {} s, median of {} runs\n", self.load_seconds, self.runs)?;
        writeln!(f, "| # | what | figure | ceiling | ratio | target | met |")?;
        writeln!(f, "|---|---|---|---|---|---|---|")?;
        for figure in &self.figures {
            let ceiling = figure.ceiling.as_ref().map_or_else(|| "–".to_owned(), |ceiling| format!("{}: {}", ceiling.what, number(ceiling.value)));
            let ratio = figure.ratio().map_or_else(|| "–".to_owned(), |ratio| format!("{ratio:.2}"));
            let targets: Vec<String> = figure.targets.iter().map(target).collect();
            let met = figure.is_met().map_or("–", |met| if met { "yes" } else { "NO" });
            let value = format!("{} {}", number(figure.value), figure.unit);
            writeln!(f, "| {} | {} | {value} | {ceiling} | {ratio} | {} | {met} |", figure.name, figure.what, targets.join(", "))?;
        }
        Ok(())
    }
}

fn target(target: &Target) -> String {
    match target {
        Target::AtLeast(least) => format!(">= {}", number(*least)),
        Target::AtMost(most) => format!("<= {}", number(*most)),
        Target::RatioAtLeast(least) => format!(">= {least} x"),
        Target::RatioAtMost(most) => format!("<= {most} x"),
    }
}

/// Three digits that count, and no more than that.
fn number(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}
