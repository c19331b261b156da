//! Judging the log and telling what came of it: events in, `alert.observe` to intake out; alert events in, messages out.
//!
//! | room | what is in it |
//! |---|---|
//! | `rows` | tables and keys of the service's own store |
//! | `runner` | a rule and what it remembers of a scope, whatever their types |
//! | `memories` | what all rules remember, a row a scope: decoded and at hand |
//! | `place`, `duties` | what a whole community shares when it is judged; who has which duty there |
//! | `agenda` | who is to be judged when: an index with the time first |
//! | `difference` | whether an observation would change its alert: intake's own decision, asked beforehand |
//! | `nearness` | whether what is folded is near enough to the log to be judged |
//! | `engine` | fold a commit, judge what is due, re-judge a community after a change of policy; what is part of a greater alert |
//! | `names` | the files of people, sealed, for those who may be told names |
//! | `silences` | which alerts people are not to be told of now |
//! | `send` | an observation on its way to intake, again and again until it is answered |
//! | `outbox` | messages that were told are taken out |
//! | `publish` | messages for outsiders: built while folding, appended behind their own guard |
//! | `deliver` | what was published, told onwards to people and programs: reads the stream, never the log, and asks `silences` before it tells |
//! | `check` | what is remembered against a fresh fold |
//! | `service`, `readiness`, `error` | the loop around it; how it is doing; what ends it |
//!
//! Nothing here decides whether an alert is raised: intake does, over the log. So a restart, a replay, a lag and a second active
//! instance raise nothing twice, and a rebuild tells nobody.

mod agenda;
mod check;
mod deliver;
mod difference;
mod duties;
mod engine;
mod error;
mod memories;
mod names;
mod nearness;
mod outbox;
mod place;
mod publish;
mod readiness;
mod rows;
mod runner;
mod send;
mod service;
mod silences;

pub use check::check;
pub use deliver::{BadSubscription, Deliveries, DeliveryParts, DeliveryReport, DeliveryStatus, Subscription, TestAnswer, test};
pub use error::AlertingError;
pub use publish::{HEARTBEAT_EVERY, PublishError};
pub use readiness::Readiness;
pub use rows::tables;
pub use send::OBSERVATIONS;
pub use service::{Alerting, Named, Outlets, Parts};
pub use silences::Silences;

#[cfg(test)]
mod simulation;
