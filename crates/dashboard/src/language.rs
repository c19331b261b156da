//! Which of the two languages a visitor reads: Chinese first, English second.

use axum::http::{HeaderMap, header};

/// Name of the cookie that remembers the choice.
pub(crate) const COOKIE: &str = "lang";

/// A language that every page speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Language {
    /// 简体中文
    #[default]
    Chinese,
    /// English
    English,
}

impl Language {
    /// The word in cookies and paths.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Chinese => "zh",
            Self::English => "en",
        }
    }

    /// The value of `lang` in HTML.
    pub(crate) const fn html(self) -> &'static str {
        match self {
            Self::Chinese => "zh-CN",
            Self::English => "en",
        }
    }

    /// What its readers call it: a switch is read by those who do not read the other one.
    pub(crate) const fn own_name(self) -> &'static str {
        match self {
            Self::Chinese => "中文",
            Self::English => "English",
        }
    }

    /// The other one.
    pub(crate) const fn other(self) -> Self {
        match self {
            Self::Chinese => Self::English,
            Self::English => Self::Chinese,
        }
    }

    /// The language of a word, if it is one of ours.
    pub(crate) fn from_word(word: &str) -> Option<Self> {
        [Self::Chinese, Self::English].into_iter().find(|language| language.word() == word)
    }

    /// What the visitor chose; else what the browser prefers; else Chinese.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let chosen = web::cookie(headers, COOKIE).and_then(Self::from_word);
        chosen.or_else(|| headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).map(preferred)).unwrap_or_default()
    }
}

/// English only for those who prefer it to Chinese.
fn preferred(accept: &str) -> Language {
    let weight = |prefix: &str| {
        let wanted = accept.split(',').map(|part| part.trim().split_once(";q=").unwrap_or((part.trim(), "1")));
        let wanted = wanted.filter(|(tag, _)| tag.get(..2).is_some_and(|start| start.eq_ignore_ascii_case(prefix)));
        wanted.filter_map(|(_, weight)| weight.trim().parse::<f32>().ok()).fold(0.0, f32::max)
    };
    if weight("en") > weight("zh") { Language::English } else { Language::Chinese }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chinese_unless_english_is_preferred_or_chosen() {
        let of = |name: &'static str, value: &'static str| Language::of(&[(name.parse().unwrap(), value.parse().unwrap())].into_iter().collect());
        assert_eq!(Language::of(&HeaderMap::new()), Language::Chinese);
        assert_eq!(of("accept-language", "zh-CN,zh;q=0.9,en;q=0.8"), Language::Chinese);
        assert_eq!(of("accept-language", "en-GB,en;q=0.9"), Language::English);
        assert_eq!(of("accept-language", "de,fr"), Language::Chinese);
        assert_eq!(of("cookie", "a=b; lang=en"), Language::English);
        assert_eq!(of("cookie", "lang=xx"), Language::Chinese);
    }
}
