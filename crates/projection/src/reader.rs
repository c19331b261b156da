//! Every question that can be asked of rows, answered in views. There is no way in without a [`Scope`].
//!
//! These calls read the store and may block for a moment: keep them off an async runtime's threads.

use std::{collections::BTreeSet, sync::Arc};

use domain::{
    Commit, Event, Fact,
    access::{Right, Scope},
    alert::{Alert, AlertId},
    responsibility::ScopeKind,
    values::{BuildingId, CheckpointId, CommandId, CommunityId, HouseholdId, Now, PersonId, QuarantineId, RoundId, StaffId, Timestamp},
};
use readmodel::{
    Only, Part,
    models::{
        self,
        timeline::{Entry, Of},
    },
    views::{self, DoorRows},
};
use store::{Key, Store, StoreError};

use crate::{
    boards::{Board, Boards},
    changes::{Changed, Changes},
    cursor::Cursor,
    keepers::Keepers,
    page::{Page, PageOf, cut, cut_pairs, read_on},
    rows::{CommunityRows, alert_id, order_of_mark},
    sight::{Sight, as_seen},
    suppression::Suppression,
    tables::{key_of, with_parts},
};

/// Most measurements shown of a person: two weeks of two a day, and some.
const MEASUREMENTS_MAX: usize = 32;

/// Why a question was not answered.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// There is no such thing in this community.
    #[error("not found")]
    NotFound,
    /// The cursor is not one that was handed out for this list.
    #[error("the cursor is not one of this list")]
    Cursor,
    /// The store failed, or is being rebuilt: try again.
    #[error("the rows cannot be read now")]
    Store(#[from] StoreError),
}

/// Which alerts are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alerts {
    /// Open and acknowledged ones, the worst first.
    Active,
    /// Those that are over, the youngest first.
    Ended,
}

/// The reader of a projection. A clone is the same reader.
#[derive(Clone)]
pub struct Reader {
    store: Store,
    boards: Arc<Boards>,
    changes: Arc<Changes>,
    now: Now,
}

impl Reader {
    pub(crate) fn new(store: Store, boards: Arc<Boards>, changes: Arc<Changes>, now: Now) -> Self {
        Self { store, boards, changes, now }
    }

    /// The headline of a community.
    ///
    /// # Errors
    /// [`ReadError`]; not found for a community whose founding was not folded yet.
    pub fn headline(&self, scope: &Scope) -> Result<views::CommunityHeadline, ReadError> {
        let community = scope.community();
        let rows = self.rows(community)?;
        let (sequence, checkpoints) = (rows.head()?, rows.all::<models::checkpoint::Checkpoint>(Vec::new())?);
        drop(rows);
        let now = (self.now)();
        self.look(community, now, |board| {
            let setting = board.setting()?;
            let moment = setting.moment(now);
            let today = moment.zone.day_of(now);
            let (from, to) = (moment.zone.start_of(today), moment.zone.end_of(today));
            let entries_today = checkpoints.iter().map(|row| row.value.entries_between(from, to).entries).sum();
            let (round, sight) = (board.coverage(), Sight::of(scope));
            let parts = views::HeadlineParts { community, state: &setting.state, round, elsewhere: board.elsewhere(sight), entries_today, sequence };
            Some(views::headline(parts, board.rows_after(None, sight)))
        })?
        .ok_or(ReadError::NotFound)
    }

    /// The status rows of a community's buildings, by id.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn buildings(&self, scope: &Scope, page: &PageOf) -> Result<Page<views::StatusRow>, ReadError> {
        let after: Option<BuildingId> = page.cursor.as_deref().map(|cursor| cursor.parse().map_err(|_| ReadError::Cursor)).transpose()?;
        let sequence = self.sequence(scope)?;
        let sight = Sight::of(scope);
        let rows = self.look(scope.community(), (self.now)(), |board| board.rows_after(after.as_ref(), sight).take(page.limit + 1).cloned().collect())?;
        Ok(cut(rows, page.limit, sequence, |row: &views::StatusRow| row.building.to_string()))
    }

    /// One building as it stands.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn building(&self, scope: &Scope, building: &BuildingId) -> Result<views::BuildingDetail, ReadError> {
        let rows = self.rows(scope.community())?;
        let setting = rows.setting()?.ok_or(ReadError::NotFound)?;
        let (estates, rounds) = (rows.estate_names()?, rows.rounds()?);
        let current = rows.current_round()?;
        let facts = rows.building_facts(building, &estates, current.as_ref(), Sight::of(scope))?.ok_or(ReadError::NotFound)?;
        let (households, doors) = rows.doors(&facts.file)?;
        let doors = DoorRows { households: &households, doors: &doors, rounds: &rounds };
        Ok(views::building_detail(&facts.rows(), &doors, &setting.moment((self.now)())))
    }

    /// A household's file.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn household(&self, scope: &Scope, household: &HouseholdId) -> Result<views::HouseholdView, ReadError> {
        let rows = self.rows(scope.community())?;
        let setting = rows.setting()?.ok_or(ReadError::NotFound)?;
        let row = rows.household(household)?.ok_or(ReadError::NotFound)?;
        let orders = rows.active_orders(row.value.place.building.as_ref())?;
        let mut view = views::household_view(&row.value, &orders, row.sequence, &setting.moment((self.now)()));
        if !scope.may(Right::SeeMeasured) {
            view.mask_measured(|by| scope.did(by));
        }
        Ok(view)
    }

    /// A person's file.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn person(&self, scope: &Scope, person: &PersonId) -> Result<views::PersonView, ReadError> {
        let rows = self.rows(scope.community())?;
        let setting = rows.setting()?.ok_or(ReadError::NotFound)?;
        let row = rows.get::<models::person::Person>(person)?.ok_or(ReadError::NotFound)?;
        let moment = setting.moment((self.now)());
        let sees_all = scope.may(Right::SeeMeasured);
        let look = |fact: &Fact<'_>| views::measured_view(fact, person, &moment).filter(|_| sees_all || scope.recorded(fact.header));
        let (measured, last) = rows.newest_of(&Of::Person(person.clone()), MEASUREMENTS_MAX, look)?;
        let mut orders = Vec::new();
        for order in row.value.state.orders.iter().filter(|order| order.until.is_none_or(|until| moment.now < until)) {
            orders.extend(rows.get::<models::quarantine::Quarantine>(&order.quarantine)?);
        }
        let sequence = orders.iter().map(|order| order.sequence).chain([row.sequence, last]).max().unwrap_or(last);
        let orders: Vec<_> = orders.into_iter().map(|order| order.value).collect();
        let mut view = views::person_view(&row.value, &orders, measured, sequence, &moment);
        if !sees_all {
            view.say_without_measured();
        }
        Ok(view)
    }

    /// What some people are called, in the order of their ids. Whoever has no file in this community is left out.
    ///
    /// # Errors
    /// [`ReadError::Store`].
    pub fn people(&self, scope: &Scope, people: &BTreeSet<PersonId>) -> Result<Page<views::PersonItem>, ReadError> {
        let (rows, now) = (self.rows(scope.community())?, (self.now)());
        let mut items = Vec::new();
        for person in people {
            items.extend(rows.get::<models::person::Person>(person)?.map(|row| views::person_item(&row.value, row.sequence, now)));
        }
        Ok(Page { items, next: None, sequence: rows.head()? })
    }

    /// The orders that nobody has released, by building, with the slots of today.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn quarantines(&self, scope: &Scope, page: &PageOf) -> Result<Page<views::QuarantineItem>, ReadError> {
        let rows = self.rows(scope.community())?;
        let setting = rows.setting()?.ok_or(ReadError::NotFound)?;
        let after = Cursor::key(page, |cursor| Some(vec![Part::Text(cursor.text()?), Part::Text(cursor.text()?)]), scope.community())?;
        let moment = setting.moment((self.now)());
        let keys = rows.marks(models::quarantine::ACTIVE_BY_BUILDING, Vec::new(), after.as_ref(), page.limit + 1)?;
        let (mut items, mut keepers) = (Vec::new(), Keepers::new(&rows));
        for (building, id) in keys.iter().filter_map(order_of_mark) {
            let Some(row) = rows.get::<models::quarantine::Quarantine>(&id)? else { continue };
            let keepers = keepers.of(&row.value, moment.now)?;
            let item = views::quarantine_item(&row.value, row.sequence, keepers, false, &moment);
            items.push((Cursor::of([building, id.to_string()]), order_as_seen(scope, item)));
        }
        Ok(cut_pairs(items, page.limit, rows.head()?))
    }

    /// One order, with all its slots.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn quarantine(&self, scope: &Scope, quarantine: &QuarantineId) -> Result<views::QuarantineItem, ReadError> {
        let rows = self.rows(scope.community())?;
        let setting = rows.setting()?.ok_or(ReadError::NotFound)?;
        let row = rows.get::<models::quarantine::Quarantine>(quarantine)?.ok_or(ReadError::NotFound)?;
        let moment = setting.moment((self.now)());
        let keepers = Keepers::new(&rows).of(&row.value, moment.now)?;
        Ok(order_as_seen(scope, views::quarantine_item(&row.value, row.sequence, keepers, true, &moment)))
    }

    /// Alerts. One that says what medicine found is no alert of those who may not see that; to whom is only not to go up, none says why it is.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn alerts(&self, scope: &Scope, which: Alerts, page: &PageOf) -> Result<Page<views::AlertItem>, ReadError> {
        let rows = self.rows(scope.community())?;
        let index = if which == Alerts::Active { models::alert::ACTIVE } else { models::alert::ENDED };
        let parts = |cursor: &mut Cursor<'_>| {
            let worst = if which == Alerts::Active { vec![Part::U8(cursor.number()?)] } else { Vec::new() };
            let rest = vec![Part::I64(cursor.number()?), Part::Text(cursor.text()?), Part::U64(cursor.number()?)];
            Some(worst.into_iter().chain(rest).collect())
        };
        let after = Cursor::key(page, parts, scope.community())?;
        let (sight, reader) = (Sight::of(scope), self.reads_alerts(scope));
        let suppression = Suppression::new(&rows, reader.now)?;
        read_on(&rows, (index, after), page.limit, |key| {
            let Some((cursor, id)) = alert_of_mark(key, which) else { return Ok(None) };
            let row = rows.get::<models::alert::Alert>(&id)?.filter(|row| sight.shows_alert(&row.value));
            let Some(row) = row else { return Ok(None) };
            let item = views::alert_item(&row.value, row.sequence, false, reader);
            Ok(Some((cursor, item.with_suppressed(suppression.of(&row.value.state)?))))
        })
    }

    /// One alert, with its causes and its history.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn alert(&self, scope: &Scope, alert: &AlertId) -> Result<views::AlertItem, ReadError> {
        let (rows, reader) = (self.rows(scope.community())?, self.reads_alerts(scope));
        let row = rows.get::<models::alert::Alert>(alert)?.filter(|row| Sight::of(scope).shows_alert(&row.value)).ok_or(ReadError::NotFound)?;
        let suppressed = Suppression::new(&rows, reader.now)?.of(&row.value.state)?;
        Ok(views::alert_item(&row.value, row.sequence, true, reader).with_suppressed(suppressed))
    }

    fn reads_alerts<'a>(&self, scope: &'a Scope) -> views::AlertReader<'a> {
        views::AlertReader { community: scope.community(), staff: scope.staff(), role: scope.principal().role(), now: (self.now)() }
    }

    /// Silences that hold now, the first to end first. One of alerts that are none for those who may not see findings is no silence of theirs; one of
    /// alerts that do not say why does not either.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn silences(&self, scope: &Scope, page: &PageOf) -> Result<Page<views::SilenceItem>, ReadError> {
        let (rows, now) = (self.rows(scope.community())?, (self.now)());
        let parts = |cursor: &mut Cursor<'_>| Some(vec![Part::I64(cursor.number()?), Part::Text(cursor.text()?)]);
        let over = with_parts(scope.community(), [Part::I64(now.0)]);
        let after = Cursor::key(page, parts, scope.community())?.unwrap_or(over);
        let sight = Sight::of(scope);
        read_on(&rows, (models::silence::UNTIL, Some(after)), page.limit, |key| {
            let Some((cursor, id)) = silence_of_mark(key) else { return Ok(None) };
            let Some(row) = rows.get::<models::silence::Silence>(&id)?.filter(|row| sight.shows_silence(&row.value)) else { return Ok(None) };
            let building = row.value.state.building.as_ref().map(|building| rows.get::<models::building::Building>(building)).transpose()?.flatten();
            let name = building.map(|building| building.value.name);
            let item = views::silence_item(&row.value, name, row.sequence, now);
            Ok(item.map(|item| (cursor, item.as_seen_by(scope.principal().role()))))
        })
    }

    /// Who works here, by id.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn staff(&self, scope: &Scope, page: &PageOf) -> Result<Page<views::StaffItem>, ReadError> {
        let rows = self.rows(scope.community())?;
        let after: Option<StaffId> = page.cursor.as_deref().map(|cursor| cursor.parse().map_err(|_| ReadError::Cursor)).transpose()?;
        let after = after.map(|after| key_of(scope.community(), &after));
        let found = rows.page::<models::staff::Staff>(after.as_ref(), page.limit + 1)?;
        let items = found.into_iter().map(|row| views::staff_item(&row.value, row.sequence)).collect();
        Ok(cut(items, page.limit, rows.head()?, |item: &views::StaffItem| item.staff.to_string()))
    }

    /// Who has which duty for which place, vacant posts first.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn duties(&self, scope: &Scope, page: &PageOf) -> Result<Page<views::DutyItem>, ReadError> {
        let after = page.cursor.as_deref().map(|cursor| duty_after(cursor).ok_or(ReadError::Cursor)).transpose()?;
        let rows = self.rows(scope.community())?;
        let (posts, staff, buildings) =
            (rows.values::<models::post::Post>()?, rows.values::<models::staff::Staff>()?, rows.values::<models::building::Building>()?);
        let (estates, checkpoints) = (rows.estates()?, rows.values::<models::checkpoint::Checkpoint>()?);
        let known =
            views::DutyRows { community: scope.community(), posts: &posts, staff: &staff, buildings: &buildings, estates: &estates, checkpoints: &checkpoints };
        let items = views::duties(&known, (self.now)()).into_iter();
        let items = items.skip_while(|item| after.as_ref().is_some_and(|after| item.place() <= *after)).take(page.limit + 1).collect();
        Ok(cut(items, page.limit, rows.head()?, cursor_of_duty))
    }

    /// Checkpoints, by id.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn checkpoints(&self, scope: &Scope, page: &PageOf) -> Result<Page<views::CheckpointItem>, ReadError> {
        let rows = self.rows(scope.community())?;
        let setting = rows.setting()?.ok_or(ReadError::NotFound)?;
        let after: Option<CheckpointId> = page.cursor.as_deref().map(|cursor| cursor.parse().map_err(|_| ReadError::Cursor)).transpose()?;
        let after = after.map(|after| key_of(scope.community(), &after));
        let moment = setting.moment((self.now)());
        let found = rows.page::<models::checkpoint::Checkpoint>(after.as_ref(), page.limit + 1)?;
        let items = found.into_iter().filter_map(|row| views::checkpoint_item(&row.value, row.sequence, &moment)).collect();
        Ok(cut(items, page.limit, rows.head()?, |item: &views::CheckpointItem| item.checkpoint.to_string()))
    }

    /// The coverage of a round by building; of the current round when none is named.
    ///
    /// # Errors
    /// [`ReadError`]; not found when there is no such round.
    pub fn coverage(&self, scope: &Scope, round: Option<&RoundId>, page: &PageOf) -> Result<(RoundId, Page<views::CoverageDoors>), ReadError> {
        let rows = self.rows(scope.community())?;
        let round = match round {
            Some(round) => rows.get::<models::round::Round>(round)?.map(|row| row.value),
            None => rows.current_round()?,
        };
        let round = round.ok_or(ReadError::NotFound)?;
        let mut after: Option<BuildingId> = page.cursor.as_deref().map(|cursor| cursor.parse().map_err(|_| ReadError::Cursor)).transpose()?;
        let mut items = Vec::new();
        // a round may be about few of many buildings: read on until the page is full
        while items.len() <= page.limit {
            let key = after.as_ref().map(|after| key_of(scope.community(), after));
            let files = rows.page::<models::building::Building>(key.as_ref(), page.limit + 1)?;
            let Some(last) = files.last() else { break };
            after = Some(last.value.building.clone());
            for file in files.iter().map(|row| &row.value).filter(|file| views::in_scope(&round, file)) {
                let key = models::coverage::Key { round: round.round.clone(), building: file.building.clone() };
                let coverage = rows.get::<models::coverage::Coverage>(&key)?.map(|row| row.value);
                items.push(views::coverage_doors(file, &round, coverage.as_ref()));
            }
        }
        items.truncate(page.limit + 1);
        let page = cut(items, page.limit, rows.head()?, |item: &views::CoverageDoors| item.building.to_string());
        Ok((round.round, page))
    }

    /// A timeline, newest first; each entry with its event as this caller may know of it, private parts sealed. Events of an alert say why it is: they are
    /// none for those who are only not to go up.
    ///
    /// # Errors
    /// [`ReadError`]; not found when there is no such building, household, person or order.
    pub fn timeline(&self, scope: &Scope, of: &Of, page: &PageOf) -> Result<Page<(views::TimelineItem, Event)>, ReadError> {
        let rows = self.rows(scope.community())?;
        let entry = |cursor: &mut Cursor<'_>| Some(Entry { at: Timestamp(cursor.number()?), sequence: cursor.number()?, index: cursor.number()? });
        let mut before = page.cursor.as_deref().map(|cursor| Cursor::read(cursor, entry).ok_or(ReadError::Cursor)).transpose()?;
        let mut items = Vec::new();
        // as with alerts: what is left out must not show as a shorter page
        while items.len() <= page.limit {
            let entries = rows.entries(of, before, page.limit + 1)?;
            if entries.is_empty() && before.is_none() {
                return Err(ReadError::NotFound);
            }
            let Some(oldest) = entries.last() else { break };
            before = Some(*oldest);
            let commits = rows.commits_of(&entries)?;
            for Entry { at, sequence, index } in entries {
                let Some(commit) = commits.get(&sequence) else { continue };
                let retracted_by = rows.get::<models::retracted::Retracted>(&commit.header.command)?.map(|row| row.value);
                let cursor = Cursor::of([at.0.to_string(), sequence.to_string(), index.to_string()]);
                let item = views::timeline_item(commit, sequence, index, retracted_by);
                let seen = item.and_then(|(item, event)| entry_as_seen(scope, commit, item, event));
                let Some(seen) = seen else { continue };
                if !is_without_reasons(&rows, scope, &seen.1)? {
                    items.push((cursor, seen));
                }
            }
        }
        items.truncate(page.limit + 1);
        Ok(cut_pairs(items, page.limit, rows.head()?))
    }

    /// Sequence of the last commit of the community that is in the rows.
    ///
    /// # Errors
    /// [`ReadError::Store`].
    pub fn sequence(&self, scope: &Scope) -> Result<u64, ReadError> {
        Ok(self.head_of(scope.community())?)
    }

    pub(crate) fn head_of(&self, community: &CommunityId) -> Result<u64, StoreError> {
        let head = self.store.get::<models::head::Row>(crate::tables::table_of::<models::head::Head>(), &key_of(community, &Only))?;
        Ok(head.map_or(0, |row| row.value.sequence))
    }

    /// Recomputes what time alone has changed in the boards that are in use, and tells live pages.
    pub(crate) fn tick(&self) -> Result<(), StoreError> {
        for community in self.boards.known() {
            self.look(&community, (self.now)(), |_| ())?;
        }
        Ok(())
    }

    /// The status rows of all buildings of a community, for the service's own telling: of findings nothing is told.
    pub(crate) fn status_rows(&self, community: &CommunityId) -> Result<Vec<views::StatusRow>, StoreError> {
        self.look(community, (self.now)(), |board| board.rows_after(None, Sight::WithoutFindings).cloned().collect())
    }

    fn look<T>(&self, community: &CommunityId, now: Timestamp, look: impl FnOnce(&Board) -> T) -> Result<T, StoreError> {
        let (seen, by_time) = self.boards.look(&self.store, community, now, look)?;
        if !by_time.is_empty() {
            let sequence = self.head_of(community)?;
            self.changes.push(by_time.into_iter().map(|building| (community.clone(), Changed { building, sequence, of_findings: false })));
        }
        Ok(seen)
    }

    fn rows<'a>(&self, community: &'a CommunityId) -> Result<CommunityRows<'a>, StoreError> {
        CommunityRows::new(&self.store, community)
    }
}

/// An order as somebody may know of it.
fn order_as_seen(scope: &Scope, mut order: views::QuarantineItem) -> views::QuarantineItem {
    if !scope.may(Right::SeeMeasured) {
        order.mask_measured(|by| scope.did(by));
    }
    order
}

/// An entry of a timeline as somebody may know of it.
fn entry_as_seen(scope: &Scope, commit: &Commit, mut item: views::TimelineItem, event: Event) -> Option<(views::TimelineItem, Event)> {
    if !scope.may(Right::SeeMeasured) {
        item.without.push(views::MEASURED.to_owned());
    }
    as_seen(scope, &commit.header, event).map(|event| (item, event))
}

/// Whether an event is a step of an alert of which somebody is not shown why it is.
fn is_without_reasons(rows: &CommunityRows<'_>, scope: &Scope, event: &Event) -> Result<bool, StoreError> {
    let Some(step) = Alert::step(event) else { return Ok(false) };
    let row = rows.get::<models::alert::Alert>(step.alert)?;
    Ok(row.is_some_and(|row| views::is_without_reasons(&row.value.state, scope.staff(), scope.principal().role())))
}

/// The cursor and the alert of an index entry.
fn alert_of_mark(key: &Key, which: Alerts) -> Option<(String, AlertId)> {
    let mut parts = key.read();
    parts.community().ok()?;
    let worst = if which == Alerts::Active { Some(parts.u8().ok()?.to_string()) } else { None };
    let (at, hash, group) = (parts.i64().ok()?, parts.text().ok()?, parts.u64().ok()?);
    let id = alert_id(&hash, group)?;
    Some((Cursor::of(worst.into_iter().chain([at.to_string(), hash, group.to_string()])), id))
}

/// The cursor and the silence of an index entry.
pub(crate) fn silence_of_mark(key: &Key) -> Option<(String, CommandId)> {
    let mut parts = key.read();
    parts.community().ok()?;
    let (until, id) = (parts.i64().ok()?, parts.text().ok()?);
    let silence = id.parse().ok()?;
    Some((Cursor::of([until.to_string(), id]), silence))
}

/// The cursor of a duty. The id of a unit may hold anything, so it comes last.
fn cursor_of_duty(item: &views::DutyItem) -> String {
    let (held, kind, id, duty, level) = item.place();
    Cursor::of([u8::from(held).to_string(), kind.word().to_owned(), duty, level.to_string(), id])
}

/// The place of the duty that a page begins after.
fn duty_after(cursor: &str) -> Option<views::DutyPlace> {
    let mut parts = cursor.splitn(5, Cursor::SEPARATOR);
    let (held, kind) = (parts.next()?.parse::<u8>().ok()? != 0, ScopeKind::from_word(parts.next()?)?);
    let (duty, level) = (parts.next()?.to_owned(), parts.next()?.parse().ok()?);
    Some((held, kind, parts.next()?.to_owned(), duty, level))
}
