//! Rows of one community, read together at one moment of the store.

use std::collections::BTreeMap;

use domain::{
    alert::AlertId,
    community,
    values::{BuildingId, CommunityId, EstateId, HouseholdId, QuarantineId, Timestamp, Zone},
};
use readmodel::{
    Only, Part, ReadModel, RowKey as _,
    models::{alert, building, coverage, door, estate, head, household, quarantine, round, watch},
    views::Moment,
};
use store::{Key, Row, SCAN_ROWS_MAX, Store, StoreError, View};

use crate::{
    sight::Sight,
    tables::{index_table, key_of, table_of, with_parts},
};

/// A community's parameters and zone.
#[derive(Clone, Debug)]
pub(crate) struct Setting {
    pub(crate) state: community::State,
    zone: Zone,
}

impl Setting {
    pub(crate) fn moment(&self, now: Timestamp) -> Moment<'_> {
        Moment { policy: &self.state.policy, zone: &self.zone, now }
    }
}

/// All rows that the status of a building follows from.
#[derive(Clone, Debug)]
pub(crate) struct BuildingFacts {
    pub(crate) file: building::Row,
    pub(crate) estate_name: Option<String>,
    pub(crate) watch: Option<watch::Row>,
    pub(crate) orders: Vec<quarantine::Row>,
    pub(crate) alerts: Vec<alert::Row>,
    pub(crate) round: Option<(round::Row, Option<coverage::Row>)>,
    pub(crate) sequence: u64,
}

/// Rows of one community. Made only for a scope, or for the machinery that keeps boards.
#[derive(Debug)]
pub(crate) struct CommunityRows<'a> {
    pub(crate) community: &'a CommunityId,
    pub(crate) view: View,
}

impl<'a> CommunityRows<'a> {
    pub(crate) fn new(store: &Store, community: &'a CommunityId) -> Result<Self, StoreError> {
        Ok(Self { community, view: store.view()? })
    }

    /// A row with its sequence.
    pub(crate) fn get<M: ReadModel>(&self, key: &M::Key) -> Result<Option<Row<M::Row>>, StoreError> {
        self.view.get(table_of::<M>(), &key_of(self.community, key))
    }

    /// All rows of a model whose keys begin with some parts; for models of which a community has few.
    pub(crate) fn all<M: ReadModel>(&self, parts: Vec<Part>) -> Result<Vec<Row<M::Row>>, StoreError> {
        let prefix = with_parts(self.community, parts).prefix();
        let (mut rows, mut after) = (Vec::new(), None);
        loop {
            let page = self.view.scan::<M::Row>(table_of::<M>(), &prefix, after.as_ref(), SCAN_ROWS_MAX)?;
            let full = page.len() == SCAN_ROWS_MAX;
            after = page.last().map(|(key, _)| key.clone());
            rows.extend(page.into_iter().map(|(_, row)| row));
            if !full {
                return Ok(rows);
            }
        }
    }

    /// All rows of a model of which a community has few, without their sequences.
    pub(crate) fn values<M: ReadModel>(&self) -> Result<Vec<M::Row>, StoreError> {
        Ok(self.all::<M>(Vec::new())?.into_iter().map(|row| row.value).collect())
    }

    /// A page of rows in the order of their keys.
    pub(crate) fn page<M: ReadModel>(&self, after: Option<&Key>, limit: usize) -> Result<Vec<Row<M::Row>>, StoreError> {
        let page = self.view.scan(table_of::<M>(), &with_parts(self.community, Vec::new()).prefix(), after, limit)?;
        Ok(page.into_iter().map(|(_, row)| row).collect())
    }

    /// A page of index entries that begin with some parts.
    pub(crate) fn marks(&self, index: &str, parts: Vec<Part>, after: Option<&Key>, limit: usize) -> Result<Vec<Key>, StoreError> {
        let table = index_table(index).ok_or(StoreError::UnknownTable { table: "index" })?;
        self.view.scan_keys(table, &with_parts(self.community, parts).prefix(), after, limit)
    }

    pub(crate) fn setting(&self) -> Result<Option<Setting>, StoreError> {
        let row = self.get::<readmodel::models::community::Community>(&Only)?;
        Ok(row.map(|row| Setting { zone: row.value.zone(), state: row.value }))
    }

    /// Sequence of the last commit of the community; 0 before the first.
    pub(crate) fn head(&self) -> Result<u64, StoreError> {
        Ok(self.get::<head::Head>(&Only)?.map_or(0, |row| row.value.sequence))
    }

    pub(crate) fn building_ids(&self) -> Result<Vec<BuildingId>, StoreError> {
        Ok(self.all::<building::Building>(Vec::new())?.into_iter().map(|row| row.value.building).collect())
    }

    pub(crate) fn estate_names(&self) -> Result<BTreeMap<EstateId, String>, StoreError> {
        Ok(self.estates()?.into_iter().map(|(id, estate)| (id, estate.name)).collect())
    }

    pub(crate) fn estates(&self) -> Result<BTreeMap<EstateId, domain::estate::State>, StoreError> {
        let prefix = with_parts(self.community, Vec::new()).prefix();
        let rows = self.view.scan::<<estate::Estate as ReadModel>::Row>(table_of::<estate::Estate>(), &prefix, None, SCAN_ROWS_MAX)?;
        let named = rows.into_iter().filter_map(|(key, row)| {
            let mut parts = key.read();
            parts.community().ok()?;
            Some((parts.text().ok()?.parse().ok()?, row.value))
        });
        Ok(named.collect())
    }

    pub(crate) fn rounds(&self) -> Result<Vec<round::Row>, StoreError> {
        Ok(self.all::<round::Round>(Vec::new())?.into_iter().map(|row| row.value).collect())
    }

    /// The round that was opened last of those that are open; when none is, the one that was opened last.
    pub(crate) fn current_round(&self) -> Result<Option<round::Row>, StoreError> {
        Ok(self.rounds()?.into_iter().max_by_key(|round| (round.closed_at.is_none(), round.opened_at, round.round.clone())))
    }

    /// The orders at a building, or at none, that nobody has released.
    pub(crate) fn active_orders(&self, building: Option<&BuildingId>) -> Result<Vec<quarantine::Row>, StoreError> {
        Ok(self.orders_with_sequence(building)?.into_iter().map(|row| row.value).collect())
    }

    /// The alerts at a building, or at none, that are open or acknowledged, as far as there are any for a viewer.
    pub(crate) fn active_alerts(&self, building: Option<&BuildingId>, sight: Sight) -> Result<Vec<alert::Row>, StoreError> {
        Ok(self.alerts_with_sequence(building, sight)?.into_iter().map(|row| row.value).collect())
    }

    fn orders_with_sequence(&self, building: Option<&BuildingId>) -> Result<Vec<Row<quarantine::Row>>, StoreError> {
        let keys = self.marks(quarantine::ACTIVE_BY_BUILDING, building_parts(building), None, SCAN_ROWS_MAX)?;
        let ids = keys.iter().filter_map(order_of_mark);
        ids.filter_map(|(_, id)| self.get::<quarantine::Quarantine>(&id).transpose()).collect()
    }

    fn alerts_with_sequence(&self, building: Option<&BuildingId>, sight: Sight) -> Result<Vec<Row<alert::Row>>, StoreError> {
        let keys = self.marks(alert::ACTIVE_BY_BUILDING, building_parts(building), None, SCAN_ROWS_MAX)?;
        let ids = keys.iter().filter_map(|key| {
            let mut parts = key.read();
            parts.community().ok()?;
            parts.text().ok()?;
            alert_id(&parts.text().ok()?, parts.u64().ok()?)
        });
        let alerts = ids.filter_map(|id| self.get::<alert::Alert>(&id).transpose());
        alerts.filter(|row| row.as_ref().map_or(true, |row| sight.shows_alert(&row.value))).collect()
    }

    /// All rows that the status of a building follows from, for a viewer.
    pub(crate) fn building_facts(
        &self,
        building: &BuildingId,
        estates: &BTreeMap<EstateId, String>,
        round: Option<&round::Row>,
        sight: Sight,
    ) -> Result<Option<BuildingFacts>, StoreError> {
        let Some(file) = self.get::<building::Building>(building)? else { return Ok(None) };
        let watch = self.get::<watch::Watch>(building)?;
        let orders = self.orders_with_sequence(Some(building))?;
        let alerts = self.alerts_with_sequence(Some(building), sight)?;
        let round = round.filter(|round| readmodel::views::in_scope(round, &file.value));
        let coverage = round.map(|round| self.get::<coverage::Coverage>(&coverage::Key { round: round.round.clone(), building: building.clone() }));
        let coverage = coverage.transpose()?.flatten();
        let sequences = [Some(file.sequence), watch.as_ref().map(|row| row.sequence), coverage.as_ref().map(|row| row.sequence)];
        let more = orders.iter().map(|row| row.sequence).chain(alerts.iter().map(|row| row.sequence));
        let sequence = sequences.into_iter().flatten().chain(more).max().unwrap_or(file.sequence);
        Ok(Some(BuildingFacts {
            estate_name: file.value.estate.as_ref().and_then(|estate| estates.get(estate)).cloned(),
            file: file.value,
            watch: watch.map(|row| row.value),
            orders: orders.into_iter().map(|row| row.value).collect(),
            alerts: alerts.into_iter().map(|row| row.value).collect(),
            round: round.map(|round| (round.clone(), coverage.map(|row| row.value))),
            sequence,
        }))
    }

    /// A household, found by its id alone.
    pub(crate) fn household(&self, household: &HouseholdId) -> Result<Option<Row<household::Row>>, StoreError> {
        let found = self.marks(household::BUILDING_OF, household.parts(), None, 1)?;
        let Some(building) = found.first().and_then(building_of_mark) else { return Ok(None) };
        self.get::<household::Household>(&household::Key { building, household: household.clone() })
    }

    /// The households of a building, and its doors without one.
    pub(crate) fn doors(&self, file: &building::Row) -> Result<(BTreeMap<HouseholdId, household::Row>, Vec<door::Row>), StoreError> {
        let households = self.all::<household::Household>(file.building.parts())?.into_iter();
        let households = households.map(|row| (row.value.household.clone(), row.value)).collect();
        let doors = self.all::<door::Door>(file.building.parts())?.into_iter().map(|row| row.value).collect();
        Ok((households, doors))
    }
}

fn building_parts(building: Option<&BuildingId>) -> Vec<Part> {
    vec![Part::Text(building.map(ToString::to_string).unwrap_or_default())]
}

/// The building of an index entry of a household.
fn building_of_mark(key: &Key) -> Option<BuildingId> {
    let mut parts = key.read();
    parts.community().ok()?;
    parts.text().ok()?;
    parts.text().ok()?.parse().ok()
}

/// The building, empty for none, and the order of an index entry.
pub(crate) fn order_of_mark(key: &Key) -> Option<(String, QuarantineId)> {
    let mut parts = key.read();
    parts.community().ok()?;
    let building = parts.text().ok()?;
    Some((building, parts.text().ok()?.parse().ok()?))
}

/// An alert id from the parts of a key.
pub(crate) fn alert_id(hash: &str, group: u64) -> Option<AlertId> {
    format!("{hash}-{group}").parse().ok()
}
