//! `/c/{community}/quarantines`: people under order, by door, and who keeps them; no names of theirs, so that the list can be printed and
//! carried.

use askama::Template;
use axum::{extract::Path, response::Response};
use domain::obligation::SlotState;
use readmodel::views::{FindingView, QuarantineItem, SlotView, Status};

use super::{BuildingNames, buildings, natural};
use crate::{
    api::Failure,
    colleagues::Colleagues,
    moments::Clock,
    palette::Mark,
    telling,
    visitor::{Community, Frame, Visitor},
    words::Words,
};

#[derive(Template)]
#[template(path = "quarantines.html")]
struct QuarantinesPage {
    f: Frame,
    rows: Vec<Row>,
    /// Who has what was measured, where that is left out for the visitor.
    measured_elsewhere: Option<&'static str>,
}

pub(super) struct Row {
    pub(super) href: Option<String>,
    pub(super) place: String,
    pub(super) mark: Mark,
    pub(super) kind: String,
    pub(super) day: i32,
    pub(super) days: i32,
    pub(super) basis: String,
    pub(super) last_day: String,
    pub(super) release_due: bool,
    pub(super) missed: u32,
    pub(super) slots: Vec<Slot>,
    pub(super) finding: Option<String>,
    /// Who keeps it, by name; nothing: nobody does.
    pub(super) keepers: Option<String>,
}

/// An owed check.
pub(super) struct Slot {
    pub(super) name: String,
    pub(super) due: String,
    pub(super) word: String,
    /// Class of the style sheet.
    pub(super) class: &'static str,
    pub(super) sign: &'static str,
}

/// `GET /c/{community}/quarantines`
pub(crate) async fn show(visitor: Visitor, Path(id): Path<String>) -> Response {
    visitor.show(page(&visitor, &id).await)
}

async fn page(visitor: &Visitor, id: &str) -> Result<QuarantinesPage, Failure> {
    let community = visitor.community(id).await?;
    let names = BuildingNames::of(&buildings(visitor, &community).await?.items);
    let mut items = visitor.api.list::<QuarantineItem>(&community.path("/quarantines"), "").await?.items;
    items.sort_by_key(|item| {
        let place = &item.place;
        let building = place.building.as_ref().and_then(|building| names.name(building.as_str())).map(natural);
        (item.status != Status::Serious, building, place.unit.clone(), std::cmp::Reverse(place.floor), place.door.clone())
    });
    let colleagues = Colleagues::of(visitor, &community).await?;
    let rows = items.iter().map(|item| Row::of(item, &names, &community, &colleagues)).collect();
    let measured_elsewhere = items.first().and_then(|item| telling::measured_elsewhere(&item.without, visitor.words));
    Ok(QuarantinesPage { f: visitor.community_frame(&community, "quarantines", visitor.words.of("quarantines.title")), rows, measured_elsewhere })
}

impl Row {
    pub(super) fn of(item: &QuarantineItem, names: &BuildingNames, community: &Community, colleagues: &Colleagues) -> Self {
        let (clock, words) = (&community.clock, community.clock.words);
        let place = &item.place;
        let building = place.building.as_ref().map(|building| names.name(building.as_str()).unwrap_or(building.as_str()).to_owned());
        let parts = [building, telling::door(place.unit.as_deref(), place.door.as_deref(), words), item.room.clone()];
        let at = parts.into_iter().flatten().collect::<Vec<_>>().join(" ");
        let today = clock.zone.day_of(clock.now);
        let keepers: Vec<String> = item.keepers.iter().map(|keeper| colleagues.name(&keeper.staff)).collect();
        Self {
            href: place.household.as_ref().map(|household| format!("{}/h/{household}", community.base())),
            place: if at.is_empty() { words.of("quarantines.elsewhere").to_owned() } else { at },
            mark: Mark::of(item.status, words),
            kind: words.api_word("quarantine", &item.kind),
            day: item.day,
            days: item.days,
            basis: words.api_word("basis", &item.basis),
            last_day: clock.day(item.last_day),
            release_due: item.release_due,
            missed: item.checks.missed,
            slots: item.slots.iter().filter(|slot| slot.date == today).map(|view| slot(view, clock)).collect(),
            finding: item.findings.first().map(|found| finding(found, clock)),
            keepers: (!keepers.is_empty()).then(|| keepers.join(words.of("list.and"))),
        }
    }
}

fn slot(slot: &SlotView, clock: &Clock) -> Slot {
    let (class, sign) = slot_sign(slot.state);
    Slot {
        name: clock.words.api_word("slot_name", slot.name.as_str()),
        due: clock.zone.time_of_day(slot.due_at).to_string(),
        word: clock.words.of(&format!("slot.{}", slot.state.word())).to_owned(),
        class,
        sign,
    }
}

const fn slot_sign(state: SlotState) -> (&'static str, &'static str) {
    match state {
        SlotState::Upcoming | SlotState::NotOwed | SlotState::Waived => ("slot-quiet", "·"),
        SlotState::Open => ("slot-open", "○"),
        SlotState::Due => ("slot-due", "◔"),
        SlotState::Overdue => ("slot-overdue", "◆"),
        SlotState::Done => ("slot-done", "✓"),
        SlotState::DoneLate => ("slot-late", "✓"),
        SlotState::Missed => ("slot-missed", "✗"),
    }
}

/// `16:20 查到 36.8℃ 腋下 无症状`
fn finding(found: &FindingView, clock: &Clock) -> String {
    let words: Words = clock.words;
    let head = [clock.short(found.at), words.api_word("outcome", &found.outcome), words.api_word("mode", &found.mode)];
    let readings = found.readings.iter().map(|reading| telling::measured(reading, words));
    head.into_iter().chain(readings).collect::<Vec<_>>().join(" ")
}
