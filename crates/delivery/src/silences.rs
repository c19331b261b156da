//! What is known of silences that no message tells of: the answers of whoever has them.

use std::collections::BTreeMap;

use domain::values::Timestamp;

/// Until when alerts are silenced that were asked about, by alert; `None` for one that is not. Of one that is not in it nobody knows: it goes by
/// what was last known.
pub type Silences = BTreeMap<String, Option<Timestamp>>;
