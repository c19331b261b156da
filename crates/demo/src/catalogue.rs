//! What is to be made: one specification per community, at full size or smaller.

use crate::towns::{self, Town};

/// From this many people on a community has one gate breach a day (at full size; smaller scales keep the breach).
pub const LARGE_COMMUNITY_PEOPLE: u32 = 10_000;

/// Buildings of a community at [`Scale::Tiny`], about.
const TINY_BUILDINGS: u32 = 10;
/// The communities of [`Scale::Tiny`]: one per town.
const TINY: [&str; 5] = ["fuqiang", "longquan", "huayuan", "u01", "zushimiao"];
/// Fewest people under orders in a community, so that every scale has due checks to show.
const ORDERS_MIN: u32 = 6;

/// How much of the five towns to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scale {
    /// All 43 communities with every door and person of the table: 486,300 people.
    Full,
    /// All 43 communities, every figure divided by ten.
    Tenth,
    /// Five communities, one per town, of about ten buildings each.
    Tiny,
}

impl Scale {
    /// A stable word for this scale, part of every command id: the same id must never carry another content.
    pub fn word(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Tenth => "tenth",
            Self::Tiny => "tiny",
        }
    }
}

/// How the buildings of a community stand: decides floors, doors on a floor and kinds of checkpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setting {
    /// Blocks of six or seven floors, two or more units.
    OldBlocks,
    /// Gated estates with blocks of 11 or 18 floors beside lower ones.
    GatedTowers,
    /// Stairs of seven floors with two or three doors each, open to the street.
    Stairs,
    /// Low blocks of four to six floors in a town.
    TownBlocks,
    /// Village groups: doors without floors.
    Villages,
}

/// Estates by who governs them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EstateCounts {
    /// With a property company and a gate (物业小区).
    pub property: u32,
    /// Without company, gate or committee (三无小区).
    pub none: u32,
    /// Open to the street: streets of dianbu, the open estate of dongqu.
    pub open: u32,
}

impl EstateCounts {
    /// No estate at all.
    pub const NONE: Self = Self { property: 0, none: 0, open: 0 };

    /// Estates and streets together.
    pub fn total(self) -> u32 {
        self.property + self.none + self.open
    }
}

/// The figures of one community. Counts are numbers of things, not of commands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommunitySpec {
    /// The town it belongs to.
    pub town: Town,
    /// Its slug, unique in the deployment.
    pub slug: String,
    /// Its Chinese name.
    pub name: String,
    /// Its place in the table, 1 to 43, the same at every scale; part of invented ID numbers and phones.
    pub number: u32,
    /// How its buildings stand.
    pub setting: Setting,
    /// Estates and streets.
    pub estates: EstateCounts,
    /// Residential blocks.
    pub blocks: u32,
    /// Stairs (units) in all blocks where the account counts them.
    pub stairs: Option<u32>,
    /// Village groups, registered as buildings of that kind.
    pub village_groups: u32,
    /// Hotels of central quarantine, registered as sites without doors.
    pub hotels: u32,
    /// Doors, each with the file of one household.
    pub doors: u32,
    /// Residents.
    pub people: u32,
    /// Checkpoints.
    pub posts: u32,
    /// Grids; 0 where the account knows none.
    pub grids: u32,
    /// Leaders of single units, in addition to one leader per building.
    pub unit_leaders: u32,
    /// Doors of the building whose leader is 76, where there is one.
    pub leader_doors: Option<u32>,
    /// Staff in the community office.
    pub office: u32,
    /// Grid workers.
    pub grid_workers: u32,
    /// All grid workers belong to the first estate (243 in one estate of longquan).
    pub grid_workers_in_first_estate: bool,
    /// Nurses.
    pub nurses: u32,
    /// Guards of all posts together.
    pub guards: u32,
    /// Staff of the hotels.
    pub hotel_staff: u32,
    /// Visiting teams of three; 0 = leaders and grid workers go round themselves.
    pub teams: u32,
    /// Days a round of door visits takes.
    pub round_days: u32,
    /// Doors where nobody opens on the first round, per thousand.
    pub first_round_absent_permille: u32,
    /// People with a category or an order on the first day.
    pub listed: u32,
    /// How many of them are under an order of home quarantine.
    pub orders: u32,
    /// Whether a quarantined person walks out of a gate every day.
    pub breaches: bool,
}

impl CommunitySpec {
    /// A community without buildings or people, to be filled in.
    pub(crate) fn new(town: Town, slug: &str, name: &str, setting: Setting) -> Self {
        Self {
            town,
            slug: slug.to_owned(),
            name: name.to_owned(),
            number: 0,
            setting,
            estates: EstateCounts::NONE,
            blocks: 0,
            stairs: None,
            village_groups: 0,
            hotels: 0,
            doors: 0,
            people: 0,
            posts: 0,
            grids: 0,
            unit_leaders: 0,
            leader_doors: None,
            office: 0,
            grid_workers: 0,
            grid_workers_in_first_estate: false,
            nurses: 0,
            guards: 0,
            hotel_staff: 0,
            teams: 0,
            round_days: 3,
            first_round_absent_permille: 120,
            listed: 0,
            orders: 0,
            breaches: false,
        }
    }

    /// Blocks, village groups and hotels: everything registered as a building.
    pub fn buildings(&self) -> u32 {
        self.blocks + self.village_groups + self.hotels
    }

    /// Leaders of buildings and units together.
    pub fn leaders(&self) -> u32 {
        self.blocks + self.village_groups + self.unit_leaders
    }

    /// Staff without the leaders: office, grid workers, nurses, teams, hotel staff, guards.
    pub fn service_staff(&self) -> u32 {
        self.office + self.grid_workers + self.nurses + 3 * self.teams + self.hotel_staff + self.guards
    }

    /// The same community with every count multiplied by `part / whole`; nothing that exists disappears.
    fn scaled(self, part: u32, whole: u32) -> Self {
        let cut = |count: u32| match count {
            0 => 0,
            _ => (u64::from(count) * u64::from(part)).div_ceil(u64::from(whole)) as u32,
        };
        let estates = EstateCounts { property: cut(self.estates.property), none: cut(self.estates.none), open: cut(self.estates.open) };
        let orders = cut(self.orders).max(ORDERS_MIN);
        Self {
            estates,
            blocks: cut(self.blocks).max(estates.total()),
            stairs: self.stairs.map(cut),
            village_groups: cut(self.village_groups),
            doors: cut(self.doors),
            people: cut(self.people),
            posts: cut(self.posts).max(estates.total()),
            grids: cut(self.grids),
            unit_leaders: cut(self.unit_leaders),
            office: cut(self.office).max(2),
            grid_workers: cut(self.grid_workers).max(cut(self.grids)),
            nurses: cut(self.nurses).max(2),
            guards: cut(self.guards).max(cut(self.posts).max(estates.total())),
            teams: cut(self.teams),
            listed: cut(self.listed).max(orders + 4),
            orders,
            ..self
        }
    }
}

/// The communities of a scale, in the order of the table.
pub fn catalogue(scale: Scale) -> Vec<CommunitySpec> {
    let all = towns::all();
    match scale {
        Scale::Full => all,
        Scale::Tenth => all.into_iter().map(|spec| spec.scaled(1, 10)).collect(),
        Scale::Tiny => all
            .into_iter()
            .filter(|spec| TINY.contains(&spec.slug.as_str()))
            .map(|spec| {
                let whole = spec.blocks;
                spec.scaled(TINY_BUILDINGS, whole)
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(specs: &[CommunitySpec], town: &str, figure: impl Fn(&CommunitySpec) -> u32) -> u32 {
        specs.iter().filter(|spec| spec.town.slug == town).map(figure).sum()
    }

    /// The demo table of the mission, row by row: communities, estates, buildings, doors, people, posts.
    #[test]
    fn the_table_is_met_exactly() {
        let specs = catalogue(Scale::Full);
        assert_eq!(specs.len(), 43);
        for (town, communities, estates, blocks, doors, people, posts) in [
            ("pailou", 1, 6, 80, 4_400, 11_300, 8),
            ("beijipo", 1, 4, 60, 3_900, 10_000, 8),
            ("dongqu", 1, 1, 140, 7_500, 15_000, 6),
            ("dianbu", 34, 61 + 26 + 110, 3_000, 152_000, 400_000, 197 + 60),
            ("jixian", 6, 52, 700, 16_000, 50_000, 60),
        ] {
            assert_eq!(sum(&specs, town, |_| 1), communities, "communities of {town}");
            assert_eq!(sum(&specs, town, |spec| spec.estates.total()), estates, "estates of {town}");
            assert_eq!(sum(&specs, town, |spec| spec.blocks), blocks, "blocks of {town}");
            assert_eq!(sum(&specs, town, |spec| spec.doors), doors, "doors of {town}");
            assert_eq!(sum(&specs, town, |spec| spec.people), people, "people of {town}");
            assert_eq!(sum(&specs, town, |spec| spec.posts), posts, "posts of {town}");
        }
    }

    #[test]
    fn the_other_figures_are_met() {
        let specs = catalogue(Scale::Full);
        let one = |slug: &str| specs.iter().find(|spec| spec.slug == slug).expect(slug).clone();
        assert_eq!(one("fuqiang").leaders(), 100);
        assert_eq!(one("fuqiang").leader_doors, Some(42));
        assert_eq!(one("longquan").grid_workers, 243);
        assert_eq!(one("longquan").estates.property, 4);
        assert_eq!((one("huayuan").stairs, one("huayuan").teams), (Some(430), 20));
        assert_eq!(one("zushimiao").estates.total(), 21);
        assert_eq!(sum(&specs, "dianbu", |spec| spec.estates.property), 61);
        assert_eq!(sum(&specs, "dianbu", |spec| spec.estates.none), 26);
        assert_eq!(sum(&specs, "dianbu", |spec| spec.estates.open), 110);
        let urban: u32 = specs.iter().filter(|spec| spec.slug.starts_with('u')).map(|spec| spec.posts).sum();
        assert_eq!(urban, 197);
        assert_eq!(sum(&specs, "dianbu", |spec| spec.hotels), 2);
        assert_eq!(sum(&specs, "dianbu", |spec| spec.hotel_staff), 8);
        assert_eq!(sum(&specs, "dianbu", |spec| spec.listed), 7_756);
        assert!(sum(&specs, "dianbu", CommunitySpec::service_staff) >= 2_000);
        assert_eq!(sum(&specs, "jixian", |spec| spec.grids), 32);
        assert_eq!(sum(&specs, "jixian", |spec| spec.office + spec.grid_workers + spec.nurses), 70);
    }

    #[test]
    fn slugs_and_numbers_are_unique_at_every_scale() {
        for (scale, communities) in [(Scale::Full, 43), (Scale::Tenth, 43), (Scale::Tiny, 5)] {
            let specs = catalogue(scale);
            assert_eq!(specs.len(), communities);
            let slugs: std::collections::BTreeSet<_> = specs.iter().map(|spec| &spec.slug).collect();
            let numbers: std::collections::BTreeSet<_> = specs.iter().map(|spec| spec.number).collect();
            assert_eq!((slugs.len(), numbers.len()), (communities, communities));
            assert!(specs.iter().all(|spec| spec.orders <= spec.listed && spec.listed < spec.people));
        }
    }
}
