//! Slugs of a community's things: a letter and a running number, never an address, a name or a number of a person.

/// `e01`
pub(crate) fn estate(estate: u32) -> String {
    format!("e{:02}", estate + 1)
}

/// `b001`
pub(crate) fn building(building: u32) -> String {
    format!("b{:03}", building + 1)
}

/// The words of a unit: `1`, `2` …
pub(crate) fn unit(unit: u32) -> String {
    (unit + 1).to_string()
}

/// `g-01`
pub(crate) fn grid(grid: u32) -> String {
    format!("g-{:02}", grid + 1)
}

/// `c01`
pub(crate) fn checkpoint(post: u32) -> String {
    format!("c{:02}", post + 1)
}

/// `h000123`
pub(crate) fn household(household: u32) -> String {
    format!("h{:06}", household + 1)
}

/// `p0000123`
pub(crate) fn person(person: u32) -> String {
    format!("p{:07}", person + 1)
}

/// `r1`
pub(crate) fn round(round: u32) -> String {
    format!("r{}", round + 1)
}
