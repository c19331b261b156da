//! Events in, rows and answers out: the service behind every page and every question.
//!
//! | room | what is in it |
//! |---|---|
//! | `fold`, `timelines`, `recent`, `tables` | commits become rows, one batch at a time; what is kept decoded; where rows lie |
//! | `service`, `live` | following the log; what the folding thread shares with readers |
//! | `rows`, `boards`, `changes`, `keepers` | rows read together; status kept computed; which buildings changed; who keeps orders |
//! | `reader` | every question, typed, for whoever holds a scope |
//! | `opener` | the one place here where sealed text is opened |
//! | `sight`, `measured` | what is left out for those who may not see findings, or what was measured |
//! | `suppression` | why people are not told of alerts now |
//! | `query` | the HTTP door |
//! | `page`, `cursor` | a page of a list; where it ended |
//! | `status` | how buildings stand, told to outsiders |
//! | `check` | rows against a fresh fold, the log against itself |
//!
//! Pages are clients of the HTTP door within the process (`gridward` hands the dashboard this crate's router): then there is one place for
//! authentication, for masking and for the record of who looked, and no service crate depends on another. The shapes they share are
//! [`readmodel::views`].

mod boards;
mod changes;
pub mod check;
mod cursor;
mod fold;
mod keepers;
mod live;
mod measured;
mod opener;
mod page;
pub mod query;
mod reader;
mod recent;
mod rows;
mod service;
mod sight;
mod status;
mod suppression;
mod tables;
mod timelines;

pub use changes::CHANGES_MAX;
pub use fold::FoldError;
pub use live::Phase;
pub use opener::{Audit, AuditRefused, OpenError, Opener, Opening};
pub use page::{Page, PageOf};
pub use reader::{Alerts, ReadError, Reader};
pub use service::{Parts, Projection, Readiness};
pub use tables::tables;
