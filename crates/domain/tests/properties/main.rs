//! What holds for every value, not only for those somebody thought of. A failure names the seed that made it.

mod alerts;
mod frame;
mod slots;
