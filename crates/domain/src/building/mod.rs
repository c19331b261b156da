//! A building, a row of houses, a village group: the unit of status, coverage, sealing and silence. And its daily report.

mod command;
mod decide;
mod event;
mod evolve;
mod state;

pub use command::{Command, ExceptionInput, Register, Report};
pub use event::{
    AddressCorrected, Exception, ExceptionKind, Kind, KindChanged, Registered, Regrouped, Renamed, ReportBasis, ReportScope, Reported, Unit, UnitsChanged,
};
pub use state::State;

/// The aggregate.
#[derive(Debug)]
pub struct Building;
