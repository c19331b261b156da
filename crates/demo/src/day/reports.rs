//! The evening report of every building: all normal, an exception, or silence.

use serde_json::{Value, json};

use super::{Context, Planned, What};
use crate::command::{Draft, Via};
use crate::founding::leader_scope;
use crate::model::Leader;
use crate::moment::clock;
use crate::random::label;
use crate::slugs;
use crate::staff::{Role, staff_slug};

/// Leaders who send nothing this evening, per thousand: their buildings are silent.
const SILENT_PERMILLE: u32 = 30;
/// Leaders who report after the time, per thousand.
const LATE_PERMILLE: u32 = 20;
/// Reports with an exception, per thousand.
const EXCEPTION_PERMILLE: u32 = 40;
/// When the oldest leader calls the office, every evening.
const OLDEST_LEADER_CALLS: u32 = clock(17, 5);

const ORIGINS: [&str; 4] = ["外省", "合肥", "上海", "老家"];

impl Context {
    /// The leaders who owe a report, with the hotels behind them.
    fn reporter(&self, index: u32) -> Leader {
        let leaders = &self.model.leaders;
        leaders.get(index as usize).copied().unwrap_or_else(|| {
            let hotel = index - leaders.len() as u32;
            let building = self.model.spec.blocks + self.model.spec.village_groups + hotel;
            Leader { staff: self.model.staff.one(Role::HotelStaff, hotel), building, unit: None, person: None }
        })
    }

    /// She has no smartphone app: she tells it to the office.
    fn is_oldest(&self, leader: &Leader) -> bool {
        leader.unit.is_none() && self.model.places.leader_building == Some(leader.building)
    }
}

pub(super) fn plan(context: &Context, out: &mut Vec<Planned>) {
    for index in 0..context.model.leaders.len() as u32 + context.model.spec.hotels {
        let mut stream = context.stream([label("report"), u64::from(index), 0]);
        let at = match stream.below(1000) {
            _ if context.is_oldest(&context.reporter(index)) => OLDEST_LEADER_CALLS,
            draw if draw < SILENT_PERMILLE => continue,
            draw if draw < SILENT_PERMILLE + LATE_PERMILLE => clock(18, 5) + stream.below(7200),
            _ => clock(17, 0) + stream.below(3600),
        };
        let report = Planned::prompt(at, What::Report, index, 0);
        // messages and calls are typed by the office within half an hour
        let typed = via(context, index) != Via::App;
        out.push(if typed { report.sent(at + stream.between(60, 1500)) } else { report });
    }
}

fn via(context: &Context, index: u32) -> Via {
    if context.is_oldest(&context.reporter(index)) {
        return Via::Phone;
    }
    // people keep to their ways: the same every day
    let mut stream = context.model.stream(&[label("report via"), u64::from(index)]);
    [Via::Wechat, Via::App, Via::Phone][stream.weighted(&[50, 35, 15])]
}

pub(super) fn write(context: &Context, planned: &Planned) -> Draft {
    let leader = context.reporter(planned.first);
    let mut stream = context.own_stream(planned);
    let basis = ["seen", "heard", "phoned"][stream.weighted(&[80, 12, 8])];
    let mut data = json!({
        "scopes": [leader_scope(&leader)],
        "for_date": context.date.to_string(),
        "basis": basis,
    });
    let doors = context.model.places.buildings[leader.building as usize].doors;
    if doors > 0 && stream.permille(EXCEPTION_PERMILLE) {
        data["exceptions"] = json!([exception(context, &leader, &mut stream)]);
    }
    Draft::new("building.report", context.moment(planned.at), via(context, planned.first), data).by([staff_slug(leader.staff)])
}

/// One thing that is not normal, behind a door of the scope or, for a stranger, on the stairs.
fn exception(context: &Context, leader: &Leader, stream: &mut crate::random::Stream) -> Value {
    let building = &context.model.places.buildings[leader.building as usize];
    let unit = leader.unit.unwrap_or_else(|| stream.below(building.units.len() as u32));
    let before: u32 = building.units[..unit as usize].iter().map(|unit| unit.doors).sum();
    let household = building.first_door + before + stream.below(building.units[unit as usize].doors);
    let kind = ["arrived", "left", "absent", "stranger", "ill", "other"][stream.weighted(&[35, 25, 20, 8, 7, 5])];
    match kind {
        "stranger" => json!({
            "building": slugs::building(leader.building), "unit": slugs::unit(unit), "kind": kind, "note": "楼道里有陌生人",
        }),
        "arrived" => {
            json!({"household": slugs::household(household), "kind": kind, "from": *stream.pick(&ORIGINS)})
        }
        "ill" => {
            json!({"household": slugs::household(household), "kind": kind, "note": "说是普通感冒"})
        }
        "other" => {
            json!({"household": slugs::household(household), "kind": kind, "note": "下水道堵了"})
        }
        _ => json!({"household": slugs::household(household), "kind": kind}),
    }
}
