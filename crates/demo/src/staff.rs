//! Who does the work: office, grid workers, nurses, teams, hotel staff, guards, and the leaders of buildings and units.

use crate::catalogue::CommunitySpec;
use crate::names::{Sex, full_name, surname};
use crate::papers::{PhoneOf, phone};
use crate::random::{Stream, label};

/// What a member of staff is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Office,
    GridWorker,
    Nurse,
    Volunteer,
    HotelStaff,
    Guard,
    BuildingLeader,
    UnitLeader,
}

impl Role {
    /// The word in `roles` of `staff.register`.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Office => "office",
            Self::GridWorker => "grid_worker",
            Self::Nurse => "nurse",
            Self::Volunteer => "volunteer",
            Self::HotelStaff => "facility",
            Self::Guard => "guard",
            Self::BuildingLeader | Self::UnitLeader => "leader",
        }
    }

    /// Who sends them, as free text.
    pub(crate) fn organisation(self) -> Option<&'static str> {
        match self {
            Self::Office | Self::GridWorker => Some("社区居委会"),
            Self::Nurse => Some("社区卫生服务站"),
            Self::Volunteer => Some("志愿服务队"),
            Self::HotelStaff => Some("集中隔离点"),
            Self::Guard => Some("物业和镇直单位"),
            Self::BuildingLeader | Self::UnitLeader => None,
        }
    }
}

/// The places of each role in the one numbering of a community's staff.
#[derive(Clone, Debug)]
pub(crate) struct Staff {
    seed: u64,
    community: u32,
    ends: [(Role, u32); 8],
}

impl Staff {
    pub(crate) fn of(spec: &CommunitySpec, seed: u64) -> Self {
        let counts = [
            (Role::Office, spec.office),
            (Role::GridWorker, spec.grid_workers),
            (Role::Nurse, spec.nurses),
            (Role::Volunteer, 3 * spec.teams),
            (Role::HotelStaff, spec.hotel_staff),
            (Role::Guard, spec.guards),
            (Role::BuildingLeader, spec.blocks + spec.village_groups),
            (Role::UnitLeader, spec.unit_leaders),
        ];
        let mut end = 0;
        let ends = counts.map(|(role, count)| {
            end += count;
            (role, end)
        });
        Self { seed, community: spec.number, ends }
    }

    /// Everybody.
    pub(crate) fn count(&self) -> u32 {
        self.ends[self.ends.len() - 1].1
    }

    /// The numbers of one role.
    pub(crate) fn range(&self, role: Role) -> std::ops::Range<u32> {
        let mut start = 0;
        for (other, end) in self.ends {
            if other == role {
                return start..end;
            }
            start = end;
        }
        0..0
    }

    /// Somebody of a role, chosen by any number; the office where the role is empty.
    pub(crate) fn one(&self, role: Role, number: u32) -> u32 {
        let range = self.range(role);
        if range.is_empty() { 0 } else { range.start + number % (range.end - range.start) }
    }

    /// What a number is there for, and the place within that role.
    pub(crate) fn role(&self, staff: u32) -> (Role, u32) {
        let mut start = 0;
        for (role, end) in self.ends {
            if staff < end {
                return (role, staff - start);
            }
            start = end;
        }
        (Role::UnitLeader, staff - start)
    }

    /// An invented name for staff who are not residents.
    pub(crate) fn name(&self, staff: u32) -> String {
        let mut stream = Stream::of(self.seed, &[label("staff"), u64::from(staff)]);
        let sex = Sex::any(&mut stream);
        let family = surname(&mut stream);
        full_name(family, sex, &mut stream)
    }

    /// The duty phone of a member of staff.
    pub(crate) fn phone(&self, staff: u32) -> String {
        phone(self.community, PhoneOf::Staff, staff)
    }
}

/// The slug of a member of staff: a number in the community, never a name.
pub(crate) fn staff_slug(staff: u32) -> String {
    format!("s-{:04}", staff + 1)
}
