//! Everything about people that must never leave unsealed: for a test that looks through every byte that does.

use std::sync::Arc;

use crate::model::{Model, OUTSIDERS};

/// What a canary is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CanaryKind {
    /// A full name of three or more characters; two people, also of two communities, may share one.
    Name,
    /// An ID number; unique in the deployment.
    IdNumber,
    /// A phone; unique in the deployment.
    Phone,
    /// A plate; unique in the deployment.
    Plate,
}

/// A text that belongs to somebody.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Canary {
    /// What it is.
    pub kind: CanaryKind,
    /// The text as it stands in the commands.
    pub text: String,
}

fn canary(kind: CanaryKind, text: String) -> Canary {
    Canary { kind, text }
}

/// The canaries of a community: residents, then staff, then outsiders at its gates. Repeated names are repeated.
pub(crate) fn canaries(model: Arc<Model>) -> impl Iterator<Item = Canary> {
    let (of_staff, of_outsiders) = (Arc::clone(&model), Arc::clone(&model));
    let (people, staff) = (model.people.count(), model.staff.count());
    let residents = (0..people).flat_map(move |person| {
        let person = model.people.person(person);
        let phone = person.phone.map(|phone| canary(CanaryKind::Phone, phone));
        [Some(canary(CanaryKind::Name, person.name)), Some(canary(CanaryKind::IdNumber, person.id_number)), phone].into_iter().flatten()
    });
    let staff = (0..staff).flat_map(move |staff| {
        let name = of_staff.staff.name(staff);
        [canary(CanaryKind::Name, name), canary(CanaryKind::Phone, of_staff.staff.phone(staff))]
    });
    let outsiders = (0..OUTSIDERS).flat_map(move |outsider| {
        let outsider = of_outsiders.outsider(outsider);
        [
            canary(CanaryKind::Name, outsider.name),
            canary(CanaryKind::Phone, outsider.phone),
            canary(CanaryKind::IdNumber, outsider.id_number),
            canary(CanaryKind::Plate, outsider.plate),
        ]
    });
    residents.chain(staff).chain(outsiders)
}
