//! The five towns: their figures as the accounts of the time give them, never scaled, never random.

use crate::catalogue::{CommunitySpec, EstateCounts, Setting};
use crate::random::apportion;

/// A town and what it is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Town {
    /// The token in topics and in `community.found`.
    pub slug: &'static str,
    /// The Chinese name shown on the town board.
    pub name: &'static str,
}

/// 牌楼镇: 6 estates with leaders of buildings and units.
pub const PAILOU: Town = Town { slug: "pailou", name: "牌楼镇" };
/// 北集坡街道: four gated estates, one with 243 grid workers.
pub const BEIJIPO: Town = Town { slug: "beijipo", name: "北集坡街道" };
/// 东区: an open estate of 430 stairs, 20 teams of three.
pub const DONGQU: Town = Town { slug: "dongqu", name: "东区" };
/// 店埠镇: 34 communities and 400,000 people.
pub const DIANBU: Town = Town { slug: "dianbu", name: "店埠镇" };
/// 吉县城镇: six communities in 32 grids.
pub const JIXIAN: Town = Town { slug: "jixian", name: "吉县城镇" };

/// People of dianbu under orders or in categories (四类人员有效数据 7,756 条).
pub const DIANBU_LISTED: u32 = 7_756;
/// How many of them are under an order of home quarantine; a third is an assumption, the accounts do not say.
pub const DIANBU_ORDERS: u32 = 2_604;

const URBAN_NAMES: [&str; 16] =
    ["长春", "瑶岗", "青年", "幸福", "光明", "西苑", "东门", "永安", "新华", "春晖", "朝阳", "滨河", "金桥", "文昌", "和睦", "站北"];
const RURAL_NAMES: [&str; 18] =
    ["大陈", "小李", "张集", "马店", "河湾", "塘岗", "沙冈", "三十里", "清水", "高塘", "柳树", "石桥", "油坊", "西圩", "北圩", "黄岗", "双井", "枣林"];

/// How unequal the communities of dianbu are; repeated over the communities, so that no two neighbours are alike.
const UNEVEN: [u32; 5] = [100, 124, 88, 136, 72];

fn uneven(parts: usize) -> Vec<u32> {
    (0..parts).map(|part| UNEVEN[part % UNEVEN.len()] + part as u32).collect()
}

/// All 43 communities in the order of the table, at full size.
pub(crate) fn all() -> Vec<CommunitySpec> {
    let mut specs = vec![fuqiang(), longquan(), huayuan()];
    specs.extend(dianbu_urban());
    specs.extend(dianbu_rural());
    specs.extend(jixian());
    for (index, spec) in specs.iter_mut().enumerate() {
        spec.number = index as u32 + 1;
        spec.breaches = spec.people >= crate::catalogue::LARGE_COMMUNITY_PEOPLE;
    }
    specs
}

fn fuqiang() -> CommunitySpec {
    CommunitySpec {
        estates: EstateCounts { property: 4, none: 2, ..EstateCounts::NONE },
        blocks: 80,
        doors: 4_400,
        people: 11_300,
        posts: 8,
        unit_leaders: 20,
        leader_doors: Some(42),
        office: 6,
        grid_workers: 10,
        nurses: 4,
        guards: 24,
        listed: 68,
        orders: 45,
        ..CommunitySpec::new(PAILOU, "fuqiang", "富强社区", Setting::OldBlocks)
    }
}

fn longquan() -> CommunitySpec {
    CommunitySpec {
        estates: EstateCounts { property: 4, ..EstateCounts::NONE },
        blocks: 60,
        doors: 3_900,
        people: 10_000,
        posts: 8,
        office: 6,
        grid_workers: 243,
        grid_workers_in_first_estate: true,
        nurses: 4,
        guards: 24,
        listed: 52,
        orders: 30,
        ..CommunitySpec::new(BEIJIPO, "longquan", "龙泉社区", Setting::GatedTowers)
    }
}

fn huayuan() -> CommunitySpec {
    CommunitySpec {
        estates: EstateCounts { open: 1, ..EstateCounts::NONE },
        blocks: 140,
        stairs: Some(430),
        doors: 7_500,
        people: 15_000,
        posts: 6,
        office: 8,
        grid_workers: 16,
        nurses: 6,
        guards: 18,
        teams: 20,
        // a team of three reaches about a hundred doors an afternoon: four afternoons
        round_days: 4,
        first_round_absent_permille: 400,
        listed: 120,
        orders: 75,
        ..CommunitySpec::new(DONGQU, "huayuan", "花苑社区", Setting::Stairs)
    }
}

fn dianbu_urban() -> Vec<CommunitySpec> {
    let shares = uneven(URBAN_NAMES.len());
    let share = |total| apportion(total, &shares);
    let (property, none, streets) = (share(61), share(26), share(110));
    let (blocks, doors, people) = (share(3_000), share(110_000), share(285_000));
    let (listed, orders) = dianbu_orders();
    (0..URBAN_NAMES.len())
        .map(|i| CommunitySpec {
            estates: EstateCounts { property: property[i], none: none[i], open: streets[i] },
            blocks: blocks[i],
            doors: doors[i],
            people: people[i],
            // one post on every estate and every street: 61 + 26 + 110 = 197
            posts: property[i] + none[i] + streets[i],
            // the two hotels of central quarantine, four of the eight staff in each
            hotels: u32::from(i < 2),
            hotel_staff: if i < 2 { 4 } else { 0 },
            office: 6,
            grid_workers: 24,
            nurses: 8,
            guards: 3 * (property[i] + none[i] + streets[i]),
            listed: listed[i],
            orders: orders[i],
            ..CommunitySpec::new(DIANBU, &format!("u{:02}", i + 1), &format!("{}社区", URBAN_NAMES[i]), Setting::TownBlocks)
        })
        .collect()
}

fn dianbu_rural() -> Vec<CommunitySpec> {
    let shares = uneven(RURAL_NAMES.len());
    let share = |total| apportion(total, &shares);
    let (groups, doors, people, posts) = (share(540), share(42_000), share(115_000), share(60));
    let (listed, orders) = dianbu_orders();
    (0..RURAL_NAMES.len())
        .map(|i| CommunitySpec {
            village_groups: groups[i],
            doors: doors[i],
            people: people[i],
            posts: posts[i],
            office: 6,
            grid_workers: 24,
            nurses: 8,
            guards: 3 * posts[i],
            listed: listed[URBAN_NAMES.len() + i],
            orders: orders[URBAN_NAMES.len() + i],
            ..CommunitySpec::new(DIANBU, &format!("r{:02}", i + 1), &format!("{}社区", RURAL_NAMES[i]), Setting::Villages)
        })
        .collect()
}

/// People listed and ordered per community of dianbu, the urban ones first, in proportion to the people.
fn dianbu_orders() -> (Vec<u32>, Vec<u32>) {
    let mut people = apportion(285_000, &uneven(URBAN_NAMES.len()));
    people.extend(apportion(115_000, &uneven(RURAL_NAMES.len())));
    (apportion(DIANBU_LISTED, &people), apportion(DIANBU_ORDERS, &people))
}

fn jixian() -> Vec<CommunitySpec> {
    // slug, name, property, none, blocks, doors, people, posts, grids, office
    [
        ("zushimiao", "祖师庙社区", 12, 9, 240, 5_400, 16_800, 22, 10, 6),
        ("dongguan", "东关社区", 5, 3, 110, 2_500, 7_800, 9, 5, 4),
        ("xiaofu", "小府社区", 4, 3, 100, 2_300, 7_200, 8, 5, 4),
        ("xuebeihou", "学背后社区", 3, 3, 90, 2_100, 6_500, 7, 4, 4),
        ("qiaonan", "桥南社区", 3, 2, 80, 1_900, 6_000, 7, 4, 4),
        ("xiguan", "西关社区", 3, 2, 80, 1_800, 5_700, 7, 4, 4),
    ]
    .into_iter()
    .map(|(slug, name, property, none, blocks, doors, people, posts, grids, office)| CommunitySpec {
        estates: EstateCounts { property, none, ..EstateCounts::NONE },
        blocks,
        doors,
        people,
        posts,
        grids,
        // the 70 staff of the working committee: one worker per grid, 12 nurses, 26 in the offices
        grid_workers: grids,
        nurses: 2,
        office,
        guards: 2 * posts,
        listed: people / 150,
        orders: people / 240,
        ..CommunitySpec::new(JIXIAN, slug, name, Setting::TownBlocks)
    })
    .collect()
}
