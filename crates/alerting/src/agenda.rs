//! Who is to be judged when. The index has the time first, over all communities: a tick costs what is due, never what exists.

use domain::values::Timestamp;
use store::{Key, Prefix, Store, Unit};

use crate::{
    error::AlertingError,
    rows::{DUE, Target, WAKES},
};

/// The time of what is to be judged at once, because the log told something of it.
pub(crate) const AT_ONCE: Timestamp = Timestamp(i64::MIN);

/// Adds to a unit: this is to be judged at a time, or not before the log tells something of it again.
pub(crate) fn schedule(store: &Store, unit: Unit, target: &Target, at: Option<Timestamp>) -> Result<Unit, AlertingError> {
    let wake = target.wake_key();
    let before = store.get::<Timestamp>(WAKES, &wake)?.map(|row| row.value);
    if before == at {
        return Ok(unit);
    }
    let unit = match before {
        Some(before) => unit.unmark(DUE, target.due_key(before)),
        None => unit,
    };
    Ok(match at {
        Some(at) => unit.put(WAKES, wake, &at).mark(DUE, target.due_key(at)),
        None => unit.delete(WAKES, wake),
    })
}

/// What is due at `now`, longest due first, at most `limit`.
pub(crate) fn due(store: &Store, now: Timestamp, limit: usize) -> Result<Vec<(Timestamp, Target)>, AlertingError> {
    let (from, to) = (Key::deployment().i64(i64::MIN), Key::deployment().i64(now.0.saturating_add(1)));
    let keys = store.scan_keys_range(DUE, &from..&to, limit)?;
    keys.iter().map(|key| Ok(Target::of_due_key(key)?)).collect()
}

/// What is due first, whenever that is, at most `limit`.
pub(crate) fn first(store: &Store, limit: usize) -> Result<Vec<(Timestamp, Target)>, AlertingError> {
    let keys = store.scan_keys(DUE, &Prefix::all_of_deployment_table(), None, limit)?;
    keys.iter().map(|key| Ok(Target::of_due_key(key)?)).collect()
}
