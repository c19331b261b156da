//! One community, put together from its specification and the seed. Small enough to be held; a town never is.

use jiff::civil::Date;
use uuid::Uuid;

use crate::catalogue::{CommunitySpec, Scale};
use crate::names::{Sex, full_name, surname};
use crate::orders::Orders;
use crate::papers::{PhoneOf, id_number, phone, plate};
use crate::people::{ADULT_AGE_YEARS, People};
use crate::places::{DoorPlace, Places};
use crate::random::{Stream, label};
use crate::staff::{Role, Staff};

/// Part of every id: raise it whenever the generator writes another content under the same id.
const CONTENT_VERSION: u32 = 2;
/// Outsiders who come to the gates of a community over and over: couriers, drivers, relatives.
pub(crate) const OUTSIDERS: u32 = 120;

/// A leader: of a building, or of one unit of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Leader {
    pub(crate) staff: u32,
    pub(crate) building: u32,
    pub(crate) unit: Option<u32>,
    /// The resident who is the leader.
    pub(crate) person: Option<u32>,
}

/// Somebody who does not live here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outsider {
    pub(crate) name: String,
    pub(crate) sex: Sex,
    pub(crate) phone: String,
    pub(crate) id_number: String,
    pub(crate) plate: String,
}

/// Everything the generators ask about one community.
#[derive(Clone, Debug)]
pub(crate) struct Model {
    pub(crate) spec: CommunitySpec,
    pub(crate) start: Date,
    pub(crate) seed: u64,
    pub(crate) places: Places,
    pub(crate) people: People,
    pub(crate) staff: Staff,
    pub(crate) orders: Orders,
    pub(crate) leaders: Vec<Leader>,
    namespace: Uuid,
}

impl Model {
    /// Builds a community. Its numbers come from the seed and its slug alone, so the others need not exist.
    pub(crate) fn of(spec: CommunitySpec, seed: u64, scale: Scale, start: Date) -> Self {
        let own_seed = Stream::of(seed, &[label("community"), label(&spec.slug)]).next_word();
        let places = Places::of(&spec, own_seed);
        let leader_door = places.leader_building.map(|building| places.buildings[building as usize].first_door);
        let people = People::of(&spec, own_seed, start.year(), leader_door);
        let staff = Staff::of(&spec, own_seed);
        let orders = Orders::of(&spec, own_seed, start, &people);
        let parameters = format!("gridward demo {CONTENT_VERSION} {seed} {} {start} {}", scale.word(), spec.slug);
        let namespace = Uuid::new_v5(&Uuid::NAMESPACE_OID, parameters.as_bytes());
        let mut model = Self { spec, start, seed: own_seed, places, people, staff, orders, leaders: Vec::new(), namespace };
        model.leaders = model.appoint_leaders();
        model
    }

    /// The id of the command that these words name. The words must be unique in the community for ever.
    pub(crate) fn id(&self, words: std::fmt::Arguments<'_>) -> Uuid {
        Uuid::new_v5(&self.namespace, words.to_string().as_bytes())
    }

    /// A stream for one thing of this community.
    pub(crate) fn stream(&self, words: &[u64]) -> Stream {
        Stream::of(self.seed, words)
    }

    /// Where a household lives.
    pub(crate) fn door(&self, household: u32) -> DoorPlace {
        self.places.door(household)
    }

    /// A member of the household who may go out alone.
    pub(crate) fn adult_of(&self, household: u32, stream: &mut Stream) -> Option<u32> {
        let adults: Vec<u32> = self.people.of_household(household).filter(|person| self.people.age_years(*person) >= ADULT_AGE_YEARS).collect();
        (!adults.is_empty()).then(|| *stream.pick(&adults))
    }

    /// One of the outsiders of this community.
    pub(crate) fn outsider(&self, outsider: u32) -> Outsider {
        let mut stream = self.stream(&[label("outsider"), u64::from(outsider)]);
        let sex = Sex::any(&mut stream);
        let family = surname(&mut stream);
        let name = full_name(family, sex, &mut stream);
        let birth = ((self.start.year() - stream.between(20, 60) as i16), stream.between(1, 12) as u8, stream.between(1, 28) as u8);
        let community = self.spec.number;
        // the last serials of the community: residents never reach them
        let serial = 49_999 - outsider;
        Outsider {
            name,
            sex,
            phone: phone(community, PhoneOf::Outsider, outsider),
            id_number: id_number(community, serial, birth, sex),
            plate: plate(community, outsider),
        }
    }

    /// One leader per building, and leaders of second units in the largest buildings.
    fn appoint_leaders(&self) -> Vec<Leader> {
        let blocks = self.spec.blocks + self.spec.village_groups;
        let mut leaders: Vec<Leader> = (0..blocks)
            .map(|building| {
                let staff = self.staff.range(Role::BuildingLeader).start + building;
                Leader { staff, building, unit: None, person: self.leader_person(building, 0) }
            })
            .collect();
        let mut large: Vec<u32> = (0..blocks).filter(|building| self.places.buildings[*building as usize].units.len() > 1).collect();
        large.sort_by_key(|building| (std::cmp::Reverse(self.places.buildings[*building as usize].doors), *building));
        for (index, staff) in self.staff.range(Role::UnitLeader).enumerate() {
            // where there are fewer large buildings than unit leaders, the list is gone through again
            let Some(building) = large.get(index % large.len().max(1)).copied() else {
                break;
            };
            let unit = 1 + (index / large.len()) as u32 % (self.places.buildings[building as usize].units.len() as u32 - 1);
            let first = self.places.buildings[building as usize].units[..unit as usize].iter().map(|unit| unit.doors).sum();
            leaders.push(Leader { staff, building, unit: Some(unit), person: self.leader_person(building, first) });
        }
        leaders
    }

    /// The first adult behind the doors of a building, from its `first` door on, who is not listed.
    fn leader_person(&self, building: u32, first: u32) -> Option<u32> {
        let own = &self.places.buildings[building as usize];
        (own.first_door + first..own.first_door + own.doors)
            .filter(|household| !self.orders.is_listed_household(*household))
            .flat_map(|household| self.people.of_household(household))
            .find(|person| self.people.age_years(*person) >= ADULT_AGE_YEARS)
    }
}
