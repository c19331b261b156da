//! What a trial says.

mod simulate;
mod table;
