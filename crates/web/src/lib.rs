//! How we speak HTTP: problems in one form, one gate that decides who may enter, the same headers on every answer, one way to serve,
//! and the contracts that machines read.
//!
//! Every service that opens an HTTP door uses this, so that no door is more lenient than another.

mod contracts;
mod gate;
mod headers;
mod limits;
pub mod lines;
mod params;
mod problem;
mod refusals;
mod serve;
pub mod shape;
mod words;

pub use contracts::{ASYNCAPI, OPENAPI, contracts};
pub use gate::{COOKIE, COOKIE_SECURE, Gate, cookie, cookie_token, patient, same_site, token};
pub use headers::{SEQUENCE, protect};
pub use limits::{COMMAND_BYTES_MAX, HEADER_BYTES_MAX, IMPORT_BYTES_MAX, PAGE_ITEMS_MAX, PEOPLE_AT_ONCE_MAX};
pub use params::{Params, no_parameters};
pub use problem::{InvalidParam, Problem};
pub use serve::{TlsFiles, serve};
pub use words::title;
