//! Posts that nobody holds, as the causes of an alert about them name them.

use std::collections::BTreeSet;

use crate::{
    responsibility,
    values::{EventId, Slug},
};

/// The cause of an alert that a post is vacant: the escalation that told of it, and which post.
pub fn vacancy(event: EventId, duty: &Slug) -> String {
    format!("{event}/{duty}")
}

/// The event and the duty of such a cause; nothing of one that was written before it named a duty.
pub fn read_vacancy(cause: &str) -> Option<(&str, &str)> {
    cause.split_once('/')
}

/// What people call the posts that such causes name, each once, in Chinese and in English.
pub fn vacant_posts(causes: &[String]) -> (Vec<&str>, Vec<&str>) {
    let duties: BTreeSet<&str> = causes.iter().filter_map(|cause| read_vacancy(cause)).map(|(_, duty)| duty).collect();
    duties.into_iter().map(responsibility::called).unzip()
}
