//! A nudge as it is told: on a stream of its own, for there is no alert yet, and whoever subscribed to alerts is not meant by it (docs/adr/0034).

use domain::{
    Fact,
    alert::Severity,
    community,
    nudge::Nudged,
    values::{Day, StaffId, Timestamp, Zone},
};
use serde::Serialize;

use super::{
    message::{Body, Message, Suppressed},
    title::{Title, place_en, place_zh},
};

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Data {
    /// Who is nudged: ids of staff.
    leaders: Vec<StaffId>,
    for_date: Day,
    /// Until when the report is in time.
    due_at: Timestamp,
    exercise: bool,
    title: Title,
    place: Place,
    /// Why people are not to be told.
    suppressed: Vec<&'static str>,
    silenced_until: Option<Timestamp>,
}

#[derive(Clone, Debug, Serialize)]
struct Place {
    town: String,
    community: String,
    estate: Option<String>,
    building: String,
}

/// The message about a nudge, given its community and why people are not to be told.
pub(crate) fn of(fact: &Fact<'_>, nudged: &Nudged, (community, zone): (&community::State, &Zone), suppressed: Suppressed) -> Message<Data> {
    let header = fact.header;
    let (town, here, building) = (&community.town, &header.community, &nudged.building);
    let body = Body {
        specversion: "1.0",
        // its place in the log
        id: format!("{}-{}-{}", header.epoch, fact.sequence, fact.index),
        source: format!("/towns/{town}/communities/{here}"),
        r#type: "gridward.report.nudged.v1".to_owned(),
        subject: format!("building/{building}"),
        time: header.recorded_at,
        datacontenttype: "application/json",
        severity: Severity::Caution,
        sequence: format!("{:020}", fact.sequence),
        partitionkey: format!("{here}/{building}"),
        data: Data {
            leaders: nudged.leaders.clone(),
            for_date: nudged.for_date,
            due_at: nudged.due_at,
            exercise: header.exercise,
            title: title(nudged, (community, zone), header.exercise),
            place: Place {
                town: town.to_string(),
                community: here.to_string(),
                estate: nudged.place.estate.as_ref().map(ToString::to_string),
                building: building.to_string(),
            },
            suppressed: suppressed.words(),
            silenced_until: suppressed.silenced_until,
        },
    };
    Message { subject: format!("gw-nudge.v1.{town}.{here}.{building}"), body }
}

/// `阳光小区 7号楼：今天的日报还没收到，18:00前报来就好`
fn title(nudged: &Nudged, (community, zone): (&community::State, &Zone), exercise: bool) -> Title {
    let Nudged { place, names, due_at, .. } = nudged;
    let due = zone.time_of_day(*due_at);
    let (drill_zh, drill_en) = if exercise { ("【演练】", "[exercise] ") } else { Default::default() };
    Title {
        zh_cn: format!("{drill_zh}{}：今天的日报还没收到，{due}前报来就好", place_zh((place, names), community)),
        en: format!("{drill_en}No report of today yet, in time until {due}, {}", place_en((place, names), community)),
    }
}
