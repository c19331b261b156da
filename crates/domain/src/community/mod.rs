//! A community (社区): who it is, its time zone, and its parameters with their dates.

mod command;
mod decide;
mod event;
mod evolve;
mod policy;
mod quiet;
mod state;

pub use command::{Command, FeverInput, Found, RecordRestore, SetPolicy};
pub use event::{
    ChangeV1, ChangeV2, EarlierChange, Founded, HistoryRestored, PolicyChanged, PolicyChangedV2, PolicyChangedV3, Renamed, RuleChangeV2, RuleSwitch,
};
pub use policy::{
    ABSENT_N_TIMES, ABSENT_TIMES, ARRIVAL, BUILDING_SILENT, Change, Comparator, DECIDED_WITHIN_HOURS, DEFAULT_REGIME, EXPOSURE_UNDECIDED, Escalation, Fever,
    Policy, QuietHours, Regime, RuleChange, RuleSettings, Settings, SlotRule, THRESHOLD_TENTHS_CELSIUS_MIN,
};
pub use state::{State, own_id};

/// The aggregate.
#[derive(Debug)]
pub struct Community;
