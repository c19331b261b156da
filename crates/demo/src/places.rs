//! Where people live: estates, buildings, units, floors, doors and the checkpoints around them.

use crate::catalogue::{CommunitySpec, Setting};
use crate::random::{Stream, apportion, label, spread};

/// Names of estates; numbers of buildings repeat between them, so these must not repeat within a community.
const ESTATE_NAMES: [&str; 32] = [
    "阳光小区",
    "锦绣花园",
    "水利小区",
    "梧桐苑",
    "金色家园",
    "教师新村",
    "翠竹园",
    "丰乐家园",
    "供销社宿舍",
    "柏苑新村",
    "碧水湾",
    "兴华小区",
    "农机厂宿舍",
    "康乐园",
    "紫薇苑",
    "粮站家属院",
    "和谐家园",
    "东湖名邸",
    "祥云小区",
    "百合苑",
    "府前小区",
    "棉纺厂宿舍",
    "丽景苑",
    "银杏园",
    "惠民小区",
    "安居苑",
    "新城国际",
    "书香门第",
    "富民家园",
    "玫瑰园",
    "汇景小区",
    "北苑新村",
];
const STREET_NAMES: [&str; 20] = [
    "和平路",
    "人民路",
    "团结巷",
    "油坊巷",
    "文化路",
    "解放路",
    "老街",
    "槐树巷",
    "站前路",
    "建设路",
    "河沿街",
    "菜市街",
    "公园路",
    "学前巷",
    "龙泉路",
    "南门街",
    "卫生巷",
    "包公路",
    "桥头街",
    "光荣巷",
];
const VILLAGE_SURNAMES: [&str; 12] = ["王", "李", "陈", "周", "吴", "徐", "马", "赵", "孙", "胡", "许", "何"];
const VILLAGE_KINDS: [&str; 6] = ["岗", "庄", "圩", "塘", "家湾", "郢"];

/// Fewest doors of a block that keep a staircase plausible.
const BLOCK_DOORS_MIN: u32 = 6;
/// Doors on a floor at most; more would need a third digit in a door's number.
const FLOOR_DOORS_MAX: u32 = 9;

/// Who governs an estate; the words of `estate.register`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Governance {
    Property,
    None,
    Open,
}

impl Governance {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Property => "property",
            Self::None => "none",
            Self::Open => "open",
        }
    }

    /// How many blocks stand on such an estate beside the others: a street has few.
    fn blocks_weight(self) -> u32 {
        match self {
            Self::Property => 30,
            Self::None => 20,
            Self::Open => 6,
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Estate {
    pub(crate) name: String,
    pub(crate) governance: Governance,
}

/// What stands there; the words of `building.register`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BuildingKind {
    Block,
    Row,
    VillageGroup,
    Site,
}

impl BuildingKind {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Block => "block",
            Self::Row => "row",
            Self::VillageGroup => "village_group",
            Self::Site => "site",
        }
    }
}

/// A staircase: doors are numbered floor by floor from the bottom.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unit {
    pub(crate) floors: u32,
    pub(crate) doors: u32,
}

impl Unit {
    /// Floor and position on it (both from 1) of a door of this unit.
    pub(crate) fn place(self, door: u32) -> (u32, u32) {
        let floors = self.floors.max(1);
        let (base, longer) = (self.doors / floors, self.doors % floors);
        // the lower floors take the doors that do not divide evenly
        let in_longer = longer * (base + 1);
        if door < in_longer {
            return (door / (base + 1) + 1, door % (base + 1) + 1);
        }
        let rest = door - in_longer;
        (longer + rest / base.max(1) + 1, rest % base.max(1) + 1)
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Building {
    pub(crate) name: String,
    pub(crate) kind: BuildingKind,
    pub(crate) estate: Option<u32>,
    pub(crate) grid: Option<u32>,
    pub(crate) units: Vec<Unit>,
    /// The first of its doors in the community's walking order.
    pub(crate) first_door: u32,
    pub(crate) doors: u32,
}

/// One door: where it is, in the words a visitor needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DoorPlace {
    pub(crate) building: u32,
    pub(crate) unit: u32,
    pub(crate) floor: u32,
    pub(crate) label: String,
}

#[derive(Clone, Debug)]
pub(crate) struct Checkpoint {
    pub(crate) name: String,
    pub(crate) kind: &'static str,
}

/// All places of a community.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    pub(crate) estates: Vec<Estate>,
    pub(crate) buildings: Vec<Building>,
    pub(crate) checkpoints: Vec<Checkpoint>,
    /// The building whose leader is 76, where there is one.
    pub(crate) leader_building: Option<u32>,
    /// Checkpoints of each estate; the last entry serves buildings without an estate.
    posts_of: Vec<Vec<u32>>,
}

impl Places {
    /// Lays out a community.
    pub(crate) fn of(spec: &CommunitySpec, seed: u64) -> Self {
        let mut stream = Stream::of(seed, &[label("places")]);
        let estates = estates(spec, &mut stream);
        let mut buildings = blocks(spec, &estates, &mut stream);
        let leader_building = spec.leader_doors.map(|_| leader_building(&buildings));
        give_doors(spec, &mut buildings, leader_building, &mut stream);
        for hotel in 0..spec.hotels {
            buildings.push(bare(format!("安心宾馆{}部", hotel + 1), BuildingKind::Site, None));
        }
        let mut next = 0;
        for building in &mut buildings {
            building.first_door = next;
            next += building.doors;
        }
        let checkpoints = checkpoints(spec, &estates, &mut stream);
        let mut posts_of = vec![Vec::new(); estates.len() + 1];
        for post in 0..checkpoints.len() {
            if !estates.is_empty() {
                posts_of[post % estates.len()].push(post as u32);
            }
            posts_of[estates.len()].push(post as u32);
        }
        Self { estates, buildings, checkpoints, leader_building, posts_of }
    }

    /// The door at a place of the walking order, which must exist.
    pub(crate) fn door(&self, door: u32) -> DoorPlace {
        let building = self.buildings.partition_point(|building| building.first_door <= door) - 1;
        // buildings without doors share their first door with the next one and come before it
        let mut rest = door - self.buildings[building].first_door;
        let units = &self.buildings[building].units;
        let mut unit = 0;
        while unit + 1 < units.len() && rest >= units[unit].doors {
            rest -= units[unit].doors;
            unit += 1;
        }
        let (floor, position) = units[unit].place(rest);
        let label = match self.buildings[building].kind {
            BuildingKind::VillageGroup => (rest + 1).to_string(),
            _ => format!("{floor}{position:02}"),
        };
        DoorPlace { building: building as u32, unit: unit as u32, floor, label }
    }

    /// The checkpoints people of a building pass through.
    pub(crate) fn posts(&self, building: u32) -> &[u32] {
        let estate = self.buildings[building as usize].estate.map_or(self.estates.len(), |estate| estate as usize);
        &self.posts_of[estate]
    }
}

fn bare(name: String, kind: BuildingKind, estate: Option<u32>) -> Building {
    Building { name, kind, estate, grid: None, units: Vec::new(), first_door: 0, doors: 0 }
}

fn estates(spec: &CommunitySpec, stream: &mut Stream) -> Vec<Estate> {
    let mut gated: Vec<&str> = ESTATE_NAMES.to_vec();
    // the first name stays: it is the one in every example
    stream.shuffle(&mut gated[1..]);
    let mut streets: Vec<&str> = STREET_NAMES.to_vec();
    stream.shuffle(&mut streets);
    let counts = spec.estates;
    let closed = counts.property + counts.none;
    (0..counts.total())
        .map(|index| {
            let governance = match index {
                _ if index < counts.property => Governance::Property,
                _ if index < closed => Governance::None,
                _ => Governance::Open,
            };
            let name = match governance {
                Governance::Open if spec.setting == Setting::Stairs => "花苑".to_owned(),
                Governance::Open => streets[(index - closed) as usize % streets.len()].to_owned(),
                _ => gated[index as usize % gated.len()].to_owned(),
            };
            Estate { name, governance }
        })
        .collect()
}

fn blocks(spec: &CommunitySpec, estates: &[Estate], stream: &mut Stream) -> Vec<Building> {
    let mut buildings = Vec::new();
    let weights: Vec<u32> = estates.iter().map(|estate| estate.governance.blocks_weight()).collect();
    let mut shares = apportion(spec.blocks, &weights);
    keep_one_each(&mut shares);
    for (estate, share) in shares.into_iter().enumerate() {
        let row = estates[estate].governance == Governance::Open && spec.setting == Setting::TownBlocks;
        for number in 1..=share {
            let (name, kind) = if row { (format!("{}号", number * 2 - 1), BuildingKind::Row) } else { (format!("{number}号楼"), BuildingKind::Block) };
            buildings.push(bare(name, kind, Some(estate as u32)));
        }
    }
    let mut surnames = VILLAGE_SURNAMES.to_vec();
    stream.shuffle(&mut surnames);
    for group in 0..spec.village_groups {
        let surname = surnames[group as usize % surnames.len()];
        let kind = VILLAGE_KINDS[(group as usize / surnames.len()) % VILLAGE_KINDS.len()];
        buildings.push(bare(format!("{surname}{kind}村民组"), BuildingKind::VillageGroup, None));
    }
    let count = buildings.len() as u32;
    for (index, building) in buildings.iter_mut().enumerate() {
        building.grid = (spec.grids > 0).then(|| index as u32 * spec.grids / count);
    }
    buildings
}

/// An estate without a block would be a gate without people: it takes one from the largest.
fn keep_one_each(shares: &mut [u32]) {
    for index in 0..shares.len() {
        let largest = (0..shares.len()).max_by_key(|other| shares[*other]).unwrap_or(index);
        if shares[index] == 0 && shares[largest] > 1 {
            shares[largest] -= 1;
            shares[index] += 1;
        }
    }
}

/// 7号楼 of the first estate, or its last building where the estate is smaller.
fn leader_building(buildings: &[Building]) -> u32 {
    let first_estate = buildings.iter().filter(|building| building.estate == Some(0)).count() as u32;
    first_estate.clamp(1, 7) - 1
}

fn give_doors(spec: &CommunitySpec, buildings: &mut [Building], leader: Option<u32>, stream: &mut Stream) {
    if let Some(stairs) = spec.stairs {
        return give_stairs(spec.doors, stairs, buildings, stream);
    }
    let own = spec.leader_doors.unwrap_or(0).min(spec.doors / 2);
    let others = buildings.len() as u32 - u32::from(leader.is_some());
    let mean = (spec.doors - own) / others.max(1);
    let mut shares = spread(spec.doors - own, others, BLOCK_DOORS_MIN.max(mean / 3), mean * 2, stream).into_iter();
    for (index, building) in buildings.iter_mut().enumerate() {
        let is_leaders = leader == Some(index as u32);
        building.doors = if is_leaders { own } else { shares.next().unwrap_or(0) };
        building.units = if is_leaders {
            vec![Unit { floors: 7, doors: own.div_ceil(2) }, Unit { floors: 7, doors: own / 2 }]
        } else {
            units(spec.setting, building.kind, building.doors, stream)
        };
    }
}

/// Stairs of seven floors with two or three doors on each, three or four stairs to a block.
fn give_stairs(doors: u32, stairs: u32, buildings: &mut [Building], stream: &mut Stream) {
    const FLOORS: u32 = 7;
    let count = buildings.len() as u32;
    let per_building = spread(stairs, count, 3, 4, stream);
    let mut shares = spread(doors, stairs, 2 * FLOORS, 3 * FLOORS, stream).into_iter();
    for (building, stairs) in buildings.iter_mut().zip(per_building) {
        building.units = shares.by_ref().take(stairs as usize).map(|doors| Unit { floors: FLOORS, doors }).collect();
        building.doors = building.units.iter().map(|unit| unit.doors).sum();
    }
}

fn units(setting: Setting, kind: BuildingKind, doors: u32, stream: &mut Stream) -> Vec<Unit> {
    let floors = match (kind, setting) {
        (BuildingKind::VillageGroup, _) => return vec![Unit { floors: 1, doors }],
        (BuildingKind::Row, _) => stream.between(2, 4),
        (_, Setting::GatedTowers) => *stream.pick(&[6, 11, 11, 18]),
        (_, Setting::OldBlocks) => stream.between(6, 7),
        _ => stream.between(4, 6),
    };
    let per_unit = (floors * stream.between(2, 3)).max(1);
    let count = ((doors + per_unit / 2) / per_unit).max(1).max(doors.div_ceil(floors * FLOOR_DOORS_MAX));
    (0..count).map(|unit| doors / count + u32::from(unit < doors % count)).map(|doors| Unit { floors: floors.min(doors.max(1)), doors }).collect()
}

fn checkpoints(spec: &CommunitySpec, estates: &[Estate], stream: &mut Stream) -> Vec<Checkpoint> {
    let mut names = STREET_NAMES.to_vec();
    stream.shuffle(&mut names);
    (0..spec.posts as usize)
        .map(|post| {
            let Some(estate) = (!estates.is_empty()).then(|| &estates[post % estates.len()]) else {
                let road = post.is_multiple_of(2);
                let name = if road { format!("{}路口卡点", names[post % names.len()]) } else { format!("第{}村口卡点", post + 1) };
                return Checkpoint { name, kind: if road { "road" } else { "village" } };
            };
            let side = ["东", "南", "北", "西"][post / estates.len() % 4];
            match estate.governance {
                Governance::Open if estates.len() == 1 => Checkpoint { name: format!("{}路口卡点", names[post % names.len()]), kind: "street" },
                Governance::Open => Checkpoint { name: format!("{}{side}口卡点", estate.name), kind: "street" },
                _ => Checkpoint { name: format!("{}{side}门", estate.name), kind: "gate" },
            }
        })
        .collect()
}
