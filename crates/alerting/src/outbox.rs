//! Messages for outsiders wait in the outbox of their class; those that were told are taken out.

use domain::log::LogPosition;
use store::{Store, Unit};

use crate::{
    error::AlertingError,
    names,
    publish::{Class, Happened, message::Suppressed},
    rows::{Dropped, Waiting, dropped_key, outbox_key},
};

/// Messages dropped in one step.
const PAGE: usize = 100;

/// Puts what each class is told of an alert event into the unit that changes the alert, given why people are not to be told; `full` when class
/// full is told, too.
pub(crate) fn put(
    store: &Store,
    mut unit: Unit,
    (happened, suppressed): (&Happened<'_>, Suppressed),
    source: &LogPosition,
    full: bool,
) -> Result<Unit, AlertingError> {
    let (fact, header) = (happened.fact, happened.fact.header);
    for (class, subject, payload) in happened.messages(suppressed, full)? {
        let named = if class == Class::Full { names::of(store, &header.community, happened.state)? } else { None };
        let waiting = Waiting { subject, payload, source: source.clone(), recorded_at: header.recorded_at, named };
        unit = unit.put(class.outbox(), outbox_key(fact.sequence, fact.index), &waiting);
    }
    Ok(unit)
}

/// Drops messages of a class that were told, up to a sequence of the log, and remembers that they are gone: a stream of alerts that turns out to
/// lack them can only be filled by folding anew. `folded` is how far the log is folded.
pub(crate) fn drop_told(store: &Store, class: Class, folded: u64, up_to: u64) -> Result<(), AlertingError> {
    let (from, to) = (outbox_key(0, 0), outbox_key(up_to.saturating_add(1), 0));
    loop {
        let rows = store.scan_range::<Waiting>(class.outbox(), &from..&to, PAGE)?;
        let Some((_, last)) = rows.last() else { return Ok(()) };
        let last_page = rows.len() < PAGE;
        let before = store.get::<Dropped>(class.dropped(), &dropped_key())?.map(|row| row.value.recorded_at);
        let youngest = rows.iter().map(|(_, row)| row.value.recorded_at).chain(before).max().unwrap_or_default();
        let dropped = Dropped { sequence: last.value.source.sequence, recorded_at: youngest };
        let unit = Unit::new(folded).put(class.dropped(), dropped_key(), &dropped);
        // one unit: what is gone and the word that it is gone reach the disk together
        store.apply([rows.into_iter().fold(unit, |unit, (key, _)| unit.delete(class.outbox(), key))])?;
        if last_page {
            return Ok(());
        }
    }
}
