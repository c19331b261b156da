//! nats-server as a child of this process: its configuration, its life, and the bond that ends it with its parent.

mod binary;
mod child;
pub mod config;
mod config_text;
mod files;
mod process;
mod supervisor;

pub use binary::{BinaryMissing, SERVER_ENV, find_binary};
pub use child::{LOCKED_EXIT, child_main, child_main_if_asked};
pub use config::{CONSUMER_API_PREFIX, ConsumerAccount, ServerConfig, ServiceUser, TlsFiles};
pub use files::store_room;
pub use process::{Launcher, NatsServer, ReloadError, START_WAIT, ServerOptions, StartError, StopError};
pub use supervisor::ServerState;
