//! Five towns, 43 communities, invented people, a living day: the demo and test data of gridward, as pure code.
//!
//! Everything follows from a seed, a [`Scale`] and a first day. There is no IO, no clock and no shared chance: a community is
//! made from the seed and its own slug, so communities can be made alone and in any order, and a day is computed from the
//! seed, not from the days before it. The figures are those of the mission's table.
//!
//! ```
//! use demo::{Demo, Intensity, Scale};
//! use jiff::civil::date;
//!
//! let demo = Demo::new(7, Scale::Tiny, date(2020, 2, 6));
//! let set_up = demo.founding().count();
//! let day = demo.day(date(2020, 2, 6), Intensity::FULL);
//! for sent in day.take(3) {
//!     println!("{} {} {}", sent.send, sent.community, sent.command.to_json());
//! }
//! assert!(set_up > 1_000);
//! ```

mod canaries;
mod catalogue;
mod command;
mod day;
mod founding;
mod model;
mod moment;
mod names;
mod orders;
mod papers;
mod people;
mod places;
mod random;
mod readings;
mod rounds;
mod slugs;
mod staff;
mod towns;

use std::sync::Arc;

use jiff::civil::Date;

pub use canaries::{Canary, CanaryKind};
pub use catalogue::{CommunitySpec, EstateCounts, LARGE_COMMUNITY_PEOPLE, Scale, Setting, catalogue};
pub use command::{Command, Sent, Via};
pub use day::{Day, Days, Intensity};
pub use founding::Founding;
pub use moment::{Moment, TIME_ZONE};
pub use names::Sex;
pub use orders::{Order, REGIME, REGIME_DAYS};
pub use papers::id_check_character;
pub use people::Person;
pub use towns::{BEIJIPO, DIANBU, DIANBU_LISTED, DIANBU_ORDERS, DONGQU, JIXIAN, PAILOU, Town};

/// One demo: the same three values give the same bytes, on every machine, for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Demo {
    /// Where all chance comes from.
    pub seed: u64,
    /// How much of the towns to make.
    pub scale: Scale,
    /// The first living day; the communities are founded on the day before.
    pub start: Date,
}

impl Demo {
    /// A demo of these parameters.
    pub fn new(seed: u64, scale: Scale, start: Date) -> Self {
        Self { seed, scale, start }
    }

    /// The communities, made one by one when the iterator is asked.
    pub fn communities(&self) -> impl Iterator<Item = Community> + use<> {
        let demo = *self;
        catalogue(self.scale).into_iter().map(move |spec| demo.build(spec))
    }

    /// One community by its slug, without making the others; `None` when this scale has no such community.
    pub fn community(&self, slug: &str) -> Option<Community> {
        catalogue(self.scale).into_iter().find(|spec| spec.slug == slug).map(|spec| self.build(spec))
    }

    /// The commands that found all communities, one community after the other.
    pub fn founding(&self) -> impl Iterator<Item = Sent> + use<> {
        self.communities().flat_map(|community| community.founding())
    }

    /// A day of all communities in the order of sending. Holds the models of all communities and 20 bytes per command; to
    /// make several days keep the [`Community`] values and use [`merge`].
    pub fn day(&self, date: Date, intensity: Intensity) -> Days {
        merge(self.communities().map(|community| community.day(date, intensity)))
    }

    fn build(&self, spec: CommunitySpec) -> Community {
        Community(Arc::new(model::Model::of(spec, self.seed, self.scale, self.start)))
    }
}

/// The days of several communities as one stream, in the order of sending.
pub fn merge(days: impl IntoIterator<Item = Day>) -> Days {
    Days::of(days.into_iter().collect())
}

/// One community, ready to give its commands. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Community(Arc<model::Model>);

impl Community {
    /// Its figures.
    pub fn spec(&self) -> &CommunitySpec {
        &self.0.spec
    }

    /// The commands that found it, in dependency order, all sent on the day before the start. `len` is exact.
    pub fn founding(&self) -> Founding {
        Founding::of(Arc::clone(&self.0))
    }

    /// What is sent on a day, in the order of sending; nothing on days before the start. `len` is exact.
    pub fn day(&self, date: Date, intensity: Intensity) -> Day {
        Day::of(Arc::clone(&self.0), date, intensity)
    }

    /// The names, ID numbers, phones and plates of everybody this community's commands can mention.
    pub fn canaries(&self) -> impl Iterator<Item = Canary> + use<> {
        canaries::canaries(Arc::clone(&self.0))
    }

    /// Its residents, invented one by one.
    pub fn people(&self) -> impl Iterator<Item = Person> + use<> {
        let model = Arc::clone(&self.0);
        (0..model.people.count()).map(move |person| model.people.person(person))
    }

    /// The orders of home quarantine that are not released by the evening of a day; the day before the start has those of
    /// the founding.
    pub fn orders_on(&self, date: Date) -> Vec<Order> {
        self.0.orders.open_on(moment::days_between(self.0.start, date), &self.0.people)
    }
}
