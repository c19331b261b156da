//! The status of every building as it was last computed, and when time alone will change it: answers cost what changed, not what exists.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use domain::values::{BuildingId, CommunityId, EstateId, RoundId, Timestamp};
use readmodel::{
    ReadModel as _,
    models::{alert, quarantine, round},
    views::{self, CheckCounts, CoverageCount, Elsewhere, StatusRow},
};
use store::{Store, StoreError};

use crate::{
    fold::{Change, concerns_all_buildings},
    rows::{BuildingFacts, CommunityRows, Setting},
    sight::Sight,
};

/// The boards of all communities that somebody has looked at.
#[derive(Debug, Default)]
pub(crate) struct Boards {
    boards: Mutex<HashMap<CommunityId, Slot>>,
}

/// A board, and what changed since it was computed. Marking never waits for computing.
#[derive(Clone, Debug, Default)]
struct Slot {
    marks: Arc<Mutex<Marks>>,
    board: Arc<Mutex<Board>>,
}

#[derive(Debug, Default)]
struct Marks {
    all: bool,
    elsewhere: bool,
    buildings: BTreeSet<BuildingId>,
}

/// The status of a community's buildings.
#[derive(Debug, Default)]
pub(crate) struct Board {
    loaded: bool,
    setting: Option<Setting>,
    estates: BTreeMap<EstateId, String>,
    round: Option<round::Row>,
    buildings: BTreeMap<BuildingId, Computed>,
    due: BTreeSet<(Timestamp, BuildingId)>,
    elsewhere: Elsewhere,
    /// As those see it who may see findings.
    elsewhere_whole: Elsewhere,
    elsewhere_due: Option<Timestamp>,
}

#[derive(Debug)]
struct Computed {
    /// As everybody sees it.
    row: StatusRow,
    /// As those see it who may see findings, where that differs.
    whole: Option<Box<StatusRow>>,
    coverage: Option<CoverageCount>,
    due: Option<Timestamp>,
}

impl Board {
    /// What is known of the community.
    pub(crate) fn setting(&self) -> Option<&Setting> {
        self.setting.as_ref()
    }

    /// Status rows in the order of their ids, after one if it is given.
    pub(crate) fn rows_after(&self, after: Option<&BuildingId>, sight: Sight) -> impl Iterator<Item = &StatusRow> {
        let from = after.map_or(std::ops::Bound::Unbounded, std::ops::Bound::Excluded);
        self.buildings.range((from, std::ops::Bound::Unbounded)).map(move |(_, computed)| match sight {
            Sight::Whole => computed.whole.as_deref().unwrap_or(&computed.row),
            Sight::WithoutFindings => &computed.row,
        })
    }

    /// The current round and its coverage over the buildings it is about.
    pub(crate) fn coverage(&self) -> Option<(RoundId, CoverageCount)> {
        let round = self.round.as_ref()?;
        let counts = self.buildings.values().filter_map(|computed| computed.coverage);
        Some((round.round.clone(), counts.fold(CoverageCount::default(), CoverageCount::plus)))
    }

    /// What stands at no building.
    pub(crate) fn elsewhere(&self, sight: Sight) -> Elsewhere {
        match sight {
            Sight::Whole => self.elsewhere_whole,
            Sight::WithoutFindings => self.elsewhere,
        }
    }
}

impl Boards {
    /// Notes what a batch changed.
    pub(crate) fn mark(&self, changes: &[Change]) {
        let boards = lock(&self.boards);
        for change in changes {
            let Some(slot) = boards.get(&change.community) else { continue };
            let mut marks = lock(&slot.marks);
            match &change.building {
                Some(building) => {
                    marks.buildings.insert(building.clone());
                }
                None if concerns_all_buildings(change.model) => marks.all = true,
                None => marks.elsewhere = true,
            }
            // a row that moves between a building and elsewhere changes both
            marks.elsewhere |= [alert::Alert::NAME, quarantine::Quarantine::NAME].contains(&change.model);
        }
    }

    /// Forgets everything: before a rebuild.
    pub(crate) fn reset(&self) {
        lock(&self.boards).clear();
    }

    /// The communities that somebody has looked at.
    pub(crate) fn known(&self) -> Vec<CommunityId> {
        lock(&self.boards).keys().cloned().collect()
    }

    /// A look at a board as it stands at a moment, and the buildings that time alone has changed since the last look.
    pub(crate) fn look<T>(
        &self,
        store: &Store,
        community: &CommunityId,
        now: Timestamp,
        look: impl FnOnce(&Board) -> T,
    ) -> Result<(T, Vec<BuildingId>), StoreError> {
        let slot = lock(&self.boards).entry(community.clone()).or_default().clone();
        let mut board = lock(&slot.board);
        // first the marks, then the rows: what was marked had been applied before, so the rows show it
        let marks = std::mem::take(&mut *lock(&slot.marks));
        let refreshed = match board.is_current(now, &marks) {
            true => Ok(Vec::new()),
            false => CommunityRows::new(store, community).and_then(|rows| board.refresh(&rows, now, &marks)),
        };
        match refreshed {
            Ok(by_time) => Ok((look(&board), by_time)),
            Err(error) => {
                // what was marked is still to be done
                *board = Board::default();
                Err(error)
            }
        }
    }
}

impl Board {
    /// Whether neither a commit nor the time has changed anything since it was computed.
    fn is_current(&self, now: Timestamp, marks: &Marks) -> bool {
        let due = self.due.first().map(|(due, _)| *due).into_iter().chain(self.elsewhere_due).min();
        self.loaded && !marks.all && !marks.elsewhere && marks.buildings.is_empty() && due.is_none_or(|due| now < due)
    }

    fn refresh(&mut self, rows: &CommunityRows<'_>, now: Timestamp, marks: &Marks) -> Result<Vec<BuildingId>, StoreError> {
        if !self.loaded || marks.all {
            self.load(rows)?;
            let all = rows.building_ids()?;
            self.buildings.clear();
            self.due.clear();
            for building in &all {
                self.compute(rows, building, now)?;
            }
            self.compute_elsewhere(rows, now)?;
            return Ok(Vec::new());
        }
        let mut by_time = Vec::new();
        while let Some((due, building)) = self.due.first().filter(|(due, _)| *due <= now).cloned() {
            self.due.remove(&(due, building.clone()));
            let before = self.buildings.get(&building).map(|computed| computed.row.clone());
            self.compute(rows, &building, now)?;
            if before.as_ref() != self.buildings.get(&building).map(|computed| &computed.row) {
                by_time.push(building);
            }
        }
        for building in &marks.buildings {
            self.compute(rows, building, now)?;
        }
        if marks.elsewhere || self.elsewhere_due.is_some_and(|due| due <= now) {
            self.compute_elsewhere(rows, now)?;
        }
        by_time.retain(|building| !marks.buildings.contains(building));
        Ok(by_time)
    }

    fn load(&mut self, rows: &CommunityRows<'_>) -> Result<(), StoreError> {
        self.setting = rows.setting()?;
        self.estates = rows.estate_names()?;
        self.round = rows.current_round()?;
        self.loaded = true;
        Ok(())
    }

    fn compute(&mut self, rows: &CommunityRows<'_>, building: &BuildingId, now: Timestamp) -> Result<(), StoreError> {
        if let Some(old) = self.buildings.remove(building).and_then(|computed| computed.due) {
            self.due.remove(&(old, building.clone()));
        }
        let Some(setting) = &self.setting else { return Ok(()) };
        let read = |sight| rows.building_facts(building, &self.estates, self.round.as_ref(), sight);
        let Some(whole) = read(Sight::Whole)? else { return Ok(()) };
        // where one is hidden the building is read without it: not even the row's sequence may move with it
        let hides = !whole.alerts.iter().all(|alert| Sight::WithoutFindings.shows_alert(alert));
        let without = if hides { read(Sight::WithoutFindings)? } else { None };
        let moment = setting.moment(now);
        let facts = without.as_ref().unwrap_or(&whole);
        // an alert changes nothing by time alone, so both rows change at the same times
        let due = views::next_change(&facts.rows(), &moment);
        let coverage = facts.round.as_ref().map(|(round, coverage)| views::coverage_count(&facts.file, round, coverage.as_ref()));
        let row = views::status_row(&facts.rows(), &moment);
        let whole = hides.then(|| Box::new(views::status_row(&whole.rows(), &moment)));
        self.due.extend(due.map(|due| (due, building.clone())));
        self.buildings.insert(building.clone(), Computed { row, whole, coverage, due });
        Ok(())
    }

    fn compute_elsewhere(&mut self, rows: &CommunityRows<'_>, now: Timestamp) -> Result<(), StoreError> {
        let Some(setting) = &self.setting else { return Ok(()) };
        let moment = setting.moment(now);
        let orders = rows.active_orders(None)?;
        let in_force: Vec<_> = orders.iter().filter(|row| row.state.order.in_force(now)).collect();
        let checks = in_force.iter().map(|row| row.state.order.counts(moment.policy, moment.zone, now));
        self.elsewhere = Elsewhere {
            quarantined: u32::try_from(in_force.len()).unwrap_or(u32::MAX),
            checks: checks.fold(CheckCounts::default(), |sum, more| CheckCounts {
                due: sum.due + more.due,
                done: sum.done + more.done,
                overdue: sum.overdue + more.overdue,
                missed: sum.missed + more.missed,
            }),
            alerts: views::AlertCounts::of(&rows.active_alerts(None, Sight::WithoutFindings)?),
        };
        self.elsewhere_whole = Elsewhere { alerts: views::AlertCounts::of(&rows.active_alerts(None, Sight::Whole)?), ..self.elsewhere };
        let slots = orders.iter().filter_map(|row| row.state.order.next_change(moment.policy, moment.zone, now));
        let begins = orders.iter().map(|row| row.state.order.ordered_at);
        self.elsewhere_due = slots.chain(begins).filter(|edge| *edge > now).min();
        Ok(())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // what a panic left behind is computed anew at the next change; it is never half a row
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl BuildingFacts {
    /// The inputs of the views.
    pub(crate) fn rows(&self) -> views::BuildingRows<'_> {
        views::BuildingRows {
            file: &self.file,
            estate_name: self.estate_name.as_deref(),
            watch: self.watch.as_ref(),
            orders: &self.orders,
            alerts: &self.alerts,
            round: self.round.as_ref().map(|(round, coverage)| (round, coverage.as_ref())),
            sequence: self.sequence,
        }
    }
}
