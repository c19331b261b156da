//! Who lives behind the doors. A person is derived when asked for, never kept.

use crate::catalogue::CommunitySpec;
use crate::names::{Sex, full_name, surname};
use crate::papers::{PhoneOf, id_number, phone};
use crate::random::{Stream, label, spread};
use crate::slugs;

/// Doors where nobody lives, per thousand.
const VACANT_PERMILLE: u32 = 20;
/// Largest household made at random.
const HOUSEHOLD_PEOPLE_MAX: u32 = 7;
/// From this age on a person has a phone.
const PHONE_AGE_YEARS: u32 = 14;
/// From this age on a person may go shopping for the household.
pub(crate) const ADULT_AGE_YEARS: u32 = 18;
/// The age of the oldest building leader.
pub(crate) const OLDEST_LEADER_AGE_YEARS: u32 = 76;

/// An invented resident.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Place in the community's list of people, from 0.
    pub index: u32,
    /// Household, by its place in the walking order of doors.
    pub household: u32,
    /// Full name.
    pub name: String,
    /// Sex, agreeing with the ID number.
    pub sex: Sex,
    /// Year of birth, agreeing with the ID number.
    pub birth_year: i16,
    /// Age in the year of the first day.
    pub age_years: u32,
    /// An ID number with a valid check character and a region that is not assigned.
    pub id_number: String,
    /// A number that no mobile phone can have; none for small children.
    pub phone: Option<String>,
}

impl Person {
    /// The person's slug.
    pub fn slug(&self) -> String {
        slugs::person(self.index)
    }
}

/// How the people of a community are spread over its doors.
#[derive(Clone, Debug)]
pub(crate) struct People {
    seed: u64,
    community: u32,
    year: i16,
    /// The first person of each household, and the number of people at the end.
    first_person: Vec<u32>,
    /// The leader who is 76.
    oldest_leader: Option<u32>,
}

impl People {
    /// Fills the doors of a community; `year` is the year ages are counted in.
    pub(crate) fn of(spec: &CommunitySpec, seed: u64, year: i16, leader_door: Option<u32>) -> Self {
        let mut stream = Stream::of(seed, &[label("households")]);
        let vacant: Vec<bool> = (0..spec.doors).map(|door| stream.permille(VACANT_PERMILLE) && leader_door != Some(door)).collect();
        let lived_in = vacant.iter().filter(|vacant| !**vacant).count() as u32;
        let mut sizes = spread(spec.people, lived_in, 1, HOUSEHOLD_PEOPLE_MAX, &mut stream).into_iter();
        let mut first_person = Vec::with_capacity(spec.doors as usize + 1);
        let mut next = 0;
        for vacant in vacant {
            first_person.push(next);
            next += if vacant { 0 } else { sizes.next().unwrap_or(0) };
        }
        first_person.push(next);
        let oldest_leader = leader_door.map(|door| first_person[door as usize]);
        Self { seed, community: spec.number, year, first_person, oldest_leader }
    }

    pub(crate) fn count(&self) -> u32 {
        self.first_person.last().copied().unwrap_or(0)
    }

    /// The people of a household, empty when it is vacant.
    pub(crate) fn of_household(&self, household: u32) -> std::ops::Range<u32> {
        self.first_person[household as usize]..self.first_person[household as usize + 1]
    }

    /// The household of a person.
    pub(crate) fn household_of(&self, person: u32) -> u32 {
        // vacant doors share their first person with the next household and come before it
        self.first_person.partition_point(|first| *first <= person) as u32 - 1
    }

    /// The oldest leader, where there is one.
    pub(crate) fn oldest_leader(&self) -> Option<u32> {
        self.oldest_leader
    }

    /// Age and sex by the place in the household: a couple, then children and a parent.
    fn age_and_sex(&self, person: u32) -> (u32, Sex) {
        let household = self.household_of(person);
        let mut family = Stream::of(self.seed, &[label("family"), u64::from(household)]);
        let head_age = family.between(26, 84);
        let head_sex = Sex::any(&mut family);
        let mut own = Stream::of(self.seed, &[label("age"), u64::from(person)]);
        match person - self.of_household(household).start {
            _ if self.oldest_leader == Some(person) => (OLDEST_LEADER_AGE_YEARS, Sex::Female),
            0 => (head_age, head_sex),
            1 => ((head_age + own.below(7)).saturating_sub(3).max(22), head_sex.other()),
            3 => ((head_age + own.between(22, 30)).min(96), Sex::any(&mut own)),
            _ => (head_age.saturating_sub(own.between(23, 38)), Sex::any(&mut own)),
        }
    }

    /// A person's age in the year of the first day.
    pub(crate) fn age_years(&self, person: u32) -> u32 {
        self.age_and_sex(person).0
    }

    /// The person at this place of the list, which must exist.
    pub(crate) fn person(&self, person: u32) -> Person {
        let household = self.household_of(person);
        let (age_years, sex) = self.age_and_sex(person);
        let mut family = Stream::of(self.seed, &[label("surname"), u64::from(household)]);
        let family_name = surname(&mut family);
        let mut own = Stream::of(self.seed, &[label("person"), u64::from(person)]);
        let own_name = surname(&mut own);
        let position = person - self.of_household(household).start;
        let called = match position {
            _ if self.oldest_leader == Some(person) => "杨",
            1 | 3 => own_name,
            _ => family_name,
        };
        let name = full_name(called, sex, &mut own);
        let birth_year = self.year - age_years as i16;
        // the demo starts early in a year: whoever is born in that year is born in its first days
        let month = if age_years == 0 { 1 } else { own.between(1, 12) };
        let birth = (birth_year, month as u8, own.between(1, if age_years == 0 { 9 } else { 28 }) as u8);
        Person {
            index: person,
            household,
            name,
            sex,
            birth_year,
            age_years,
            id_number: id_number(self.community, person, birth, sex),
            phone: (age_years >= PHONE_AGE_YEARS).then(|| phone(self.community, PhoneOf::Resident, person)),
        }
    }
}
