//! What pages say, by key, in two languages.

mod chinese;
mod english;
mod events;
mod staff;
#[cfg(test)]
mod tests;

use std::{collections::HashMap, fmt, sync::LazyLock};

use domain::alert::Kind;

use crate::language::Language;

type Table = HashMap<&'static str, &'static str>;

/// Words that stand in both languages at once.
const BOTH: [&[(&str, &str, &str)]; 2] = [events::WORDS, staff::WORDS];

static CHINESE: LazyLock<Table> =
    LazyLock::new(|| chinese::WORDS.iter().copied().chain(BOTH.into_iter().flatten().map(|(key, chinese, _)| (*key, *chinese))).collect());
static ENGLISH: LazyLock<Table> =
    LazyLock::new(|| english::WORDS.iter().copied().chain(BOTH.into_iter().flatten().map(|(key, _, english)| (*key, *english))).collect());

/// The words of one language.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Words(Language);

impl Words {
    pub(crate) const fn new(language: Language) -> Self {
        Self(language)
    }

    pub(crate) const fn language(self) -> Language {
        self.0
    }

    /// The words for a key.
    pub(crate) fn get(self, key: &str) -> Option<&'static str> {
        let table = match self.0 {
            Language::Chinese => &CHINESE,
            Language::English => &ENGLISH,
        };
        table.get(key).copied()
    }

    /// The words for a key; the key itself where there are none, which a test keeps from happening.
    pub(crate) fn of(self, key: &str) -> &str {
        self.get(key).unwrap_or(key)
    }

    /// The words for a key, with a value in place of `{}`.
    pub(crate) fn with(self, key: &str, value: impl fmt::Display) -> String {
        self.of(key).replace("{}", &value.to_string())
    }

    /// One of two: the first is Chinese.
    pub(crate) fn one_of<T>(self, (chinese, english): (T, T)) -> T {
        match self.0 {
            Language::Chinese => chinese,
            Language::English => english,
        }
    }

    /// What a kind of alert is called.
    pub(crate) fn kind(self, slug: &str) -> String {
        let (chinese, english) = Kind::name_of(slug);
        match self.0 {
            Language::Chinese => chinese.to_owned(),
            Language::English => english,
        }
    }

    /// The words for a word of the API, such as an outcome: the word itself where it is newer than this page.
    pub(crate) fn api_word(self, group: &str, word: &str) -> String {
        self.get(&format!("{group}.{word}")).map_or_else(|| word.replace('_', " "), str::to_owned)
    }
}

/// A number with its thousands apart.
pub(crate) fn thousands(number: impl Into<u64>) -> String {
    let digits = number.into().to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
