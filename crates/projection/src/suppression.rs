//! Why people are not told of alerts now: the silences of a community and the alerts of buildings, read once for a list.

use std::{cell::RefCell, collections::BTreeMap, rc::Rc};

use domain::{
    alert::State,
    values::{BuildingId, Timestamp},
};
use readmodel::{
    Part,
    models::{alert, silence},
    views,
};
use store::{SCAN_ROWS_MAX, StoreError};

use crate::{reader::silence_of_mark, rows::CommunityRows, sight::Sight, tables::with_parts};

/// What alerts of a community are suppressed by at a moment.
pub(crate) struct Suppression<'a> {
    rows: &'a CommunityRows<'a>,
    silences: Vec<silence::Row>,
    /// Alerts that are not over of the buildings that were asked about.
    of_buildings: RefCell<BTreeMap<BuildingId, Rc<Vec<alert::Row>>>>,
    now: Timestamp,
}

impl<'a> Suppression<'a> {
    /// As the rows say it at `now`.
    pub(crate) fn new(rows: &'a CommunityRows<'a>, now: Timestamp) -> Result<Self, StoreError> {
        let over = with_parts(rows.community, [Part::I64(now.0)]);
        // of more than that, those that end first are looked at
        let keys = rows.marks(silence::UNTIL, Vec::new(), Some(&over), SCAN_ROWS_MAX)?;
        let mut silences = Vec::new();
        for (_, id) in keys.iter().filter_map(silence_of_mark) {
            silences.extend(rows.get::<silence::Silence>(&id)?.map(|row| row.value));
        }
        Ok(Self { rows, silences, of_buildings: RefCell::default(), now })
    }

    /// Why people are not told of an alert.
    pub(crate) fn of(&self, alert: &State) -> Result<Option<views::Suppressed>, StoreError> {
        let of_building = alert.building_of_cluster().map(|building| self.alerts_of(building)).transpose()?.unwrap_or_default();
        Ok(views::suppressed(alert, &self.silences, &of_building, self.now))
    }

    fn alerts_of(&self, building: &BuildingId) -> Result<Rc<Vec<alert::Row>>, StoreError> {
        if let Some(known) = self.of_buildings.borrow().get(building) {
            return Ok(Rc::clone(known));
        }
        // clusters say nothing of findings
        let alerts = Rc::new(self.rows.active_alerts(Some(building), Sight::WithoutFindings)?);
        self.of_buildings.borrow_mut().insert(building.clone(), Rc::clone(&alerts));
        Ok(alerts)
    }
}
