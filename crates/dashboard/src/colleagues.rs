//! What those who work here are called, as far as the visitor may read it.

use std::collections::BTreeMap;

use domain::values::{Slug, StaffId, Timestamp, field};
use readmodel::views::StaffItem;

use crate::{
    api::Failure,
    visitor::{Community, Visitor},
    words::Words,
};

/// Those who work in a community, or did.
pub(crate) struct Colleagues {
    known: BTreeMap<StaffId, StaffItem>,
    words: Words,
}

/// Somebody to choose from.
pub(crate) struct Choice {
    pub(crate) staff: String,
    pub(crate) text: String,
}

impl Colleagues {
    /// Those of a community, with the names that the visitor may read. While names cannot be had, such as without the keys, all are
    /// called by their ids: a page of alerts does not wait for what people are called.
    pub(crate) async fn of(visitor: &Visitor, community: &Community) -> Result<Self, Failure> {
        let items = match visitor.api.list::<StaffItem>(&community.path("/staff"), "").await {
            Ok(list) => list.items,
            Err(Failure::Busy | Failure::Broken) => Vec::new(),
            Err(failure) => return Err(failure),
        };
        Ok(Self::new(items, visitor.words))
    }

    pub(crate) fn new(items: Vec<StaffItem>, words: Words) -> Self {
        Self { known: items.into_iter().map(|item| (item.staff.clone(), item)).collect(), words }
    }

    /// `王芳`; their id where there is no name that may be read.
    pub(crate) fn name(&self, staff: &StaffId) -> String {
        self.known.get(staff).and_then(|item| item.private.first(field::NAME)).unwrap_or(staff.as_str()).to_owned()
    }

    /// `王芳 护士`
    pub(crate) fn with_post(&self, staff: &StaffId) -> String {
        let roles = self.known.get(staff).map(|item| item.roles.as_slice()).unwrap_or_default();
        let role = roles.first().map(|role| self.words.api_word("role", role.as_str()));
        std::iter::once(self.name(staff)).chain(role).collect::<Vec<_>>().join(" ")
    }

    /// Who did something: by name and post where it was said who, else the token that asked.
    pub(crate) fn who(&self, by: &[StaffId], actor: &Slug) -> String {
        if by.is_empty() {
            return self.words.api_word("actor", actor.as_str());
        }
        by.iter().map(|staff| self.with_post(staff)).collect::<Vec<_>>().join(self.words.of("list.and"))
    }

    /// Whom something can be given to: those who work here now, the ones that have to do with it first; told apart where two would read alike.
    pub(crate) fn choices(&self, first: &[StaffId], now: Timestamp) -> Vec<Choice> {
        let mut choices: Vec<(&StaffId, String)> =
            self.known.values().filter(|item| item.until.is_none_or(|until| now < until)).map(|item| (&item.staff, self.with_post(&item.staff))).collect();
        choices.sort_by_key(|(staff, text)| (!first.contains(staff), text.clone()));
        let text_of = |staff: &StaffId, text: &str| {
            let alike = choices.iter().filter(|(_, other)| other == text).count() > 1;
            if alike { format!("{text} {staff}") } else { text.to_owned() }
        };
        choices.iter().map(|(staff, text)| Choice { staff: staff.to_string(), text: text_of(staff, text) }).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::language::Language;

    fn colleagues() -> Colleagues {
        let item = |staff: &str, role: &str, name: Option<&str>, until: Option<&str>| {
            let private = name.map(|name| json!({ "name": [name] }));
            serde_json::from_value(json!({ "staff": staff, "roles": [role], "org": null, "until": until, "private": private, "sequence": 1 })).unwrap()
        };
        let items = vec![
            item("s1", "nurse", Some("王芳"), None),
            item("s2", "leader", Some("李强"), Some("2020-02-06T00:00:00Z")),
            item("s3", "guard", None, None),
            item("s4", "nurse", Some("王芳"), None),
        ];
        Colleagues::new(items, Words::new(Language::Chinese))
    }

    #[test]
    fn somebody_is_called_by_name_and_post_and_by_id_where_the_name_may_not_be_read() {
        let (colleagues, id) = (colleagues(), |id: &str| id.parse::<StaffId>().unwrap());
        assert_eq!(["s1", "s3", "s9"].map(|staff| colleagues.with_post(&id(staff))), ["王芳 护士", "s3 值守员", "s9"]);
        let token: Slug = "t-lou".parse().unwrap();
        assert_eq!(colleagues.who(&[id("s1"), id("s2")], &token), "王芳 护士、李强 楼长");
        assert_eq!(colleagues.who(&[], &token), "t-lou");
    }

    #[test]
    fn whoever_left_is_not_offered_and_two_of_one_name_are_told_apart() {
        let now = "2020-02-06T20:00:00+08:00".parse().unwrap();
        let choices = colleagues().choices(&["s3".parse().unwrap()], now);
        assert_eq!(choices.iter().map(|choice| choice.text.as_str()).collect::<Vec<_>>(), ["s3 值守员", "王芳 护士 s1", "王芳 护士 s4"]);
    }
}
