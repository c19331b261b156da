//! The shape of the workspace, as architecture.md draws it: who may depend on whom, what pure crates may name, how long things may be.
//!
//! Each check is a function from texts to complaints, and each is shown a planted violation, so that it is known to see.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where it stopped")]

mod dependencies;
mod docs;
mod length;
mod purity;
mod seeded;
mod tree;
