//! `gridward events`.
use clap::Args;
use super::Global;
use crate::exit::Done;
#[derive(Args)]
pub(crate) struct Arguments {}
pub(crate) async fn run(_global: &Global, _arguments: Arguments) -> Done { Ok(()) }
