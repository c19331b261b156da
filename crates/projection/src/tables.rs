//! Where rows lie in the store, and how their keys are written there.

use domain::values::CommunityId;
use readmodel::{Mark, Part, ReadModel, RowKey, for_each_model, models};
use store::{Key, PARKED, Table};

use crate::timelines::{COMMITS, NEWEST, TIMELINE};

const INDEXES: [Table; 6] = [
    Table::new(models::alert::ACTIVE, 1),
    Table::new(models::alert::ACTIVE_BY_BUILDING, 1),
    Table::new(models::alert::ENDED, 1),
    Table::new(models::household::BUILDING_OF, 1),
    Table::new(models::quarantine::ACTIVE_BY_BUILDING, 1),
    Table::new(models::silence::UNTIL, 1),
];

macro_rules! model_tables {
    ($($model:ty),+ $(,)?) => {
        const MODELS: &[Table] = &[$(table_of::<$model>()),+];
    };
}
for_each_model!(model_tables);

/// The table of a read model.
pub(crate) const fn table_of<M: ReadModel>() -> Table {
    Table::new(M::NAME, M::VERSION)
}

/// All tables of a projection's store: open it with these.
pub fn tables() -> Vec<Table> {
    MODELS.iter().chain(&INDEXES).chain(&[NEWEST, TIMELINE, COMMITS, PARKED]).copied().collect()
}

/// The table of an index.
pub(crate) fn index_table(name: &str) -> Option<Table> {
    INDEXES.into_iter().find(|table| table.name == name)
}

/// The key of a row.
pub(crate) fn key_of(community: &CommunityId, key: &impl RowKey) -> Key {
    with_parts(community, key.parts())
}

/// The key that parts make within a community; also the beginning of longer ones.
pub(crate) fn with_parts(community: &CommunityId, parts: impl IntoIterator<Item = Part>) -> Key {
    parts.into_iter().fold(Key::community(community.as_str()), |key, part| match part {
        Part::U8(part) => key.u8(part),
        Part::U64(part) => key.u64(part),
        Part::I64(part) => key.i64(part),
        Part::Text(part) => key.text(&part),
        Part::Bytes(part) => key.bytes(&part),
    })
}

/// The table and the key of an index entry. An index that was not declared is a mistake in the program that the store reports.
pub(crate) fn mark_key(community: &CommunityId, mark: Mark) -> (Table, Key) {
    (index_table(mark.index).unwrap_or(Table::new(mark.index, 0)), with_parts(community, mark.parts))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_has_a_name_of_its_own() {
        let mut names: Vec<_> = tables().into_iter().map(|table| table.name).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
