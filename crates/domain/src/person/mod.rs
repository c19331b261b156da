//! A person's file, and where they live, work or stay.

mod command;
mod decide;
mod event;
mod evolve;
mod id_number;
mod resolve;
mod state;

pub use command::{Command, EndResidence, Register, StartResidence};
pub use event::{CategoriesChanged, IdentityCorrected, Registered, ResidenceEnded, ResidenceKind, ResidenceStarted, Sex};
pub(crate) use resolve::{resolve, subject_fields};
pub use state::{Residence, State, UnderOrder};

/// The aggregate.
#[derive(Debug)]
pub struct Person;
