//! A figure, what it is compared with, and what was aimed at.

use serde::Serialize;

/// Something that was measured.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Figure {
    /// Its number in the list of targets, such as `B1`.
    pub name: &'static str,
    /// What was measured.
    pub what: String,
    /// The median of all runs.
    pub value: f64,
    /// In which unit.
    pub unit: &'static str,
    /// What of the machine it is compared with, and how much that was.
    pub ceiling: Option<Ceiling>,
    /// What was aimed at.
    pub targets: Vec<Target>,
}

/// What the machine did without us.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Ceiling {
    /// What it was.
    pub what: String,
    /// How much, in the unit of the figure.
    pub value: f64,
}

/// What was aimed at.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// The figure itself reaches this.
    AtLeast(f64),
    /// The figure itself stays below this.
    AtMost(f64),
    /// The figure divided by its ceiling reaches this.
    RatioAtLeast(f64),
    /// The figure divided by its ceiling stays below this.
    RatioAtMost(f64),
}

impl Figure {
    /// The figure in units of its ceiling.
    pub fn ratio(&self) -> Option<f64> {
        self.ceiling.as_ref().map(|ceiling| self.value / ceiling.value)
    }

    /// Whether every target is met; nothing when there is none, or when one needs a ceiling that could not be measured.
    pub fn is_met(&self) -> Option<bool> {
        let met = |target: &Target| match *target {
            Target::AtLeast(least) => Some(self.value >= least),
            Target::AtMost(most) => Some(self.value <= most),
            Target::RatioAtLeast(least) => self.ratio().map(|ratio| ratio >= least),
            Target::RatioAtMost(most) => self.ratio().map(|ratio| ratio <= most),
        };
        let met: Option<Vec<bool>> = self.targets.iter().map(met).collect();
        met.filter(|met| !met.is_empty()).map(|met| met.into_iter().all(|met| met))
    }
}

/// The middle of several runs; of an even number the lower.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len().saturating_sub(1) / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(value: f64, ceiling: Option<f64>, targets: &[Target]) -> Figure {
        let ceiling = ceiling.map(|value| Ceiling { what: "raw".to_owned(), value });
        Figure { name: "B0", what: String::new(), value, unit: "/s", ceiling, targets: targets.to_vec() }
    }

    #[test]
    fn all_targets_have_to_be_met_and_a_missing_ceiling_says_nothing() {
        let both = [Target::AtLeast(100.0), Target::RatioAtLeast(0.5)];
        assert_eq!(figure(100.0, Some(200.0), &both).is_met(), Some(true));
        assert_eq!(figure(100.0, Some(201.0), &both).is_met(), Some(false));
        assert_eq!(figure(99.0, Some(100.0), &both).is_met(), Some(false));
        assert_eq!(figure(100.0, None, &both).is_met(), None);
        assert_eq!(figure(100.0, None, &[]).is_met(), None);
        assert_eq!(figure(10.0, Some(4.0), &[Target::AtMost(10.0), Target::RatioAtMost(2.5)]).is_met(), Some(true));
    }

    #[test]
    fn the_median_is_the_middle() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![4.0, 1.0]), 1.0);
        assert!(median(Vec::new()).is_nan());
    }
}
