//! Limits of every door (contracts.md), each tested where it is used.

/// Largest JSON body and largest NDJSON line, in bytes.
pub const COMMAND_BYTES_MAX: usize = 64 * 1024;
/// Largest import file, in bytes.
pub const IMPORT_BYTES_MAX: usize = 10 * 1024 * 1024;
/// Most items of a list.
pub const PAGE_ITEMS_MAX: usize = 200;
/// Most people who are asked for by their ids at once: a query of them has to fit into its own limit.
pub const PEOPLE_AT_ONCE_MAX: usize = 50;
/// Largest request head, in bytes.
pub const HEADER_BYTES_MAX: usize = 16 * 1024;
