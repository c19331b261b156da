//! A notice as text for people: Chinese first, English second, by a template that a community may replace.
//!
//! What a template sees is what the class may hold, so no template can tell more.

use std::collections::BTreeMap;

use domain::{
    alert::{Kind, Severity, Situation},
    values::{CommunityId, Timestamp, Zone},
};
use minijinja::{Environment, UndefinedBehavior, syntax::SyntaxConfig, value::Serde};
use serde::Serialize;

use crate::{
    next,
    notice::{Item, Line, Notice, Progress, Sort},
};

/// What a template may take: far more than any text needs, and not for ever.
const FUEL: u64 = 50_000;
/// Most lines of counts in a text.
const LINES_SHOWN_MAX: usize = 12;
/// The template that holds where no other is given.
const DEFAULT: &str = include_str!("notice.txt");

/// What communities are called in texts; one without a name is called by its slug.
pub type Names = BTreeMap<CommunityId, String>;

/// A template for every sort of notice.
#[derive(Clone, Debug)]
pub struct Template {
    environment: Environment<'static>,
    source: String,
    zone: Zone,
}

/// Why a template will not do.
#[derive(Debug, thiserror::Error)]
#[error("the template cannot be used")]
pub struct TemplateError(#[from] minijinja::Error);

#[derive(Serialize)]
struct View<'a> {
    sort: Sort,
    exercise: bool,
    grid: Option<&'a str>,
    singly_again: bool,
    overnight: bool,
    severity: Severity,
    severity_zh: &'static str,
    severity_en: &'static str,
    /// All of it.
    count: u64,
    /// Of these, how many went up.
    escalated: u64,
    /// Of these, how many have more people in them than was told.
    grown: u64,
    /// Of these, how many others had before.
    handed: u64,
    /// Of these, how many are over.
    over: u64,
    lines: Vec<LineView<'a>>,
    more_lines: usize,
    /// Of a text that lists nothing: since when, by the clock on the wall. In Chinese under the old name, too: communities have templates of their own.
    since: Option<String>,
    since_zh: Option<String>,
    since_en: Option<String>,
    /// Of a text that could not be told for some minutes: when it was written.
    written_zh: Option<String>,
    written_en: Option<String>,
    items: Vec<ItemView<'a>>,
    more_items: u64,
    /// What is to be done.
    next_zh: Option<String>,
    next_en: Option<String>,
}

#[derive(Serialize)]
struct ItemView<'a> {
    /// By the clock on the wall; with its day, if that is another than the day of the text. As with `since`, the old name is the Chinese one.
    time: Option<String>,
    time_zh: Option<String>,
    time_en: Option<String>,
    /// Since when it is open, where it was handed over.
    since_zh: Option<String>,
    since_en: Option<String>,
    #[serde(flatten)]
    item: &'a Item,
}

#[derive(Serialize)]
struct LineView<'a> {
    community: &'a str,
    kind: &'a str,
    kind_zh: &'a str,
    kind_en: String,
    severity: Severity,
    severity_zh: &'static str,
    severity_en: &'static str,
    progress: Progress,
    count: u64,
}

impl Default for Template {
    fn default() -> Self {
        Self { environment: environment(), source: DEFAULT.to_owned(), zone: Zone::default() }
    }
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    // the marks of a template stand on lines of their own, and leave none behind
    if let Ok(syntax) = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build() {
        environment.set_syntax(syntax);
    }
    environment
}

impl Template {
    /// A template of one's own, tried on a notice of every sort.
    ///
    /// # Errors
    /// When it is not a template, names what there is not, takes too long, or says nothing.
    pub fn read(source: &str) -> Result<Self, TemplateError> {
        let template = Self { source: source.to_owned(), ..Self::default() };
        for notice in samples() {
            let text = template.text(&notice, &Names::new(), usize::MAX)?;
            if text.trim().is_empty() {
                return Err(minijinja::Error::new(minijinja::ErrorKind::InvalidOperation, "it says nothing of a notice").into());
            }
        }
        Ok(template)
    }

    /// The same, with times of this zone.
    #[must_use]
    pub fn in_zone(self, zone: Zone) -> Self {
        Self { zone, ..self }
    }

    /// The text of a notice, at most so many bytes: it lists fewer alerts before it is cut.
    ///
    /// # Errors
    /// When the template fails on this notice.
    pub fn text(&self, notice: &Notice, names: &Names, bytes_max: usize) -> Result<String, TemplateError> {
        let (mut items, mut lines) = (notice.items.len(), notice.lines.len().min(LINES_SHOWN_MAX));
        loop {
            let text = self.environment.render_str(&self.source, Serde(self.view(notice, names, items, lines)))?;
            let text = text.trim();
            if text.len() <= bytes_max {
                return Ok(text.to_owned());
            }
            match (items, lines) {
                (0, 0) => return Ok(cut(text, bytes_max)),
                (0, _) => lines -= 1,
                _ => items -= 1,
            }
        }
    }

    fn view<'a>(&self, notice: &'a Notice, names: &'a Names, items: usize, lines: usize) -> View<'a> {
        let count = notice.alerts();
        // of an alert only the last that is said of it counts
        let told: Vec<&Line> = notice.lines.iter().filter(|line| line.alerts > 0).collect();
        let severity = notice.severity();
        let (severity_zh, severity_en) = severity_words(severity);
        let line = |line: &'a Line| {
            let kind = line.kind.as_ref().map_or("other", |kind| kind.as_str());
            let (kind_zh, kind_en) = line.kind.as_ref().map_or_else(|| ("其他", "Other".to_owned()), |kind| Kind::name_of(kind.as_str()));
            let (severity_zh, severity_en) = severity_words(line.severity);
            LineView {
                community: line.community.as_ref().map_or("…", |community| names.get(community).map_or(community.as_str(), String::as_str)),
                kind,
                kind_zh,
                kind_en,
                severity: line.severity,
                severity_zh,
                severity_en,
                progress: line.progress,
                count: line.alerts,
            }
        };
        let shown = &notice.items[..items.min(notice.items.len())];
        let wall = |at: Option<Timestamp>| at.map(|at| self.wall(at, notice.at)).unzip();
        let (written_zh, written_en) = notice.waited_ms.map(|waited_ms| self.wall(notice.at, notice.at.plus_ms(waited_ms))).unzip();
        let (since_zh, since_en) = wall(notice.since.filter(|_| shown.is_empty()));
        let (next_zh, next_en) = next::of(notice, &self.zone).unzip();
        let item_view = |item: &'a Item| {
            let (time_zh, time_en) = wall(item.at);
            let (since_zh, since_en) = wall(item.began_at);
            ItemView { time: time_zh.clone(), time_zh, time_en, since_zh, since_en, item }
        };
        View {
            sort: notice.sort,
            exercise: notice.exercise,
            grid: notice.grid.as_deref(),
            singly_again: notice.singly_again,
            overnight: notice.overnight,
            severity,
            severity_zh,
            severity_en,
            count,
            escalated: notice.alerts_at(Progress::Escalated),
            grown: notice.alerts_at(Progress::Grown),
            handed: notice.alerts_at(Progress::Handed) + notice.alerts_at(Progress::Clustered),
            over: notice.alerts_at(Progress::Over),
            lines: told.iter().take(lines).map(|told| line(told)).collect(),
            more_lines: told.len().saturating_sub(lines),
            written_zh,
            written_en,
            since: since_zh.clone(),
            since_zh,
            since_en,
            items: shown.iter().map(item_view).collect(),
            // without a list nothing is missing from it
            more_items: if notice.items.is_empty() { 0 } else { count.saturating_sub(shown.len() as u64) },
            next_zh,
            next_en,
        }
    }

    /// A time by the clock on the wall, in Chinese and in English: `14:05`, or `11月29日 23:40` and `29 Nov 23:40` of another day than that of `told`.
    fn wall(&self, at: Timestamp, told: Timestamp) -> (String, String) {
        if self.zone.day_of(at) != self.zone.day_of(told) {
            return self.zone.in_words(at);
        }
        let time = self.zone.time_of_day(at).to_string();
        (time.clone(), time)
    }
}

/// At most so many bytes of a text, with a sign that there was more.
fn cut(text: &str, bytes_max: usize) -> String {
    const MORE: &str = "…";
    let mut end = bytes_max.saturating_sub(MORE.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{MORE}", &text[..end])
}

/// A severity in both languages.
pub fn severity_words(severity: Severity) -> (&'static str, &'static str) {
    match severity {
        Severity::Critical => ("紧急", "critical"),
        Severity::Serious => ("需处理", "to act on"),
        Severity::Caution => ("留意", "to watch"),
    }
}

/// A notice of every sort, with and without a list.
fn samples() -> Vec<Notice> {
    let sorts = [Sort::News, Sort::Storm, Sort::Digest, Sort::Reminder, Sort::Nudge, Sort::DoNotGoUp, Sort::Test];
    let line = |kind: &str, progress, count| Line {
        community: "u07".parse().ok(),
        kind: kind.parse().ok(),
        severity: Severity::Critical,
        progress,
        count,
        alerts: count,
    };
    let title = crate::Title { zh_cn: "阳光小区 7号楼2单元502 发热 38.2℃".to_owned(), en: "Fever 38.2 °C, Yangguang, building 7".to_owned() };
    let item = Item {
        alert: "a1".to_owned(),
        kind: "fever".parse().ok(),
        severity: Severity::Critical,
        count: 1,
        at: Some(Timestamp(0)),
        began_at: Some(Timestamp(0)),
        title,
        action: Some(crate::Action::Escalated),
        level: Some(2),
        vacant: vec![1],
        given: true,
        unstable: true,
        situation: Situation::default(),
    };
    let notice = |sort, items: Vec<Item>| Notice {
        sort,
        at: Timestamp(0),
        since: Some(Timestamp(0)),
        exercise: true,
        grid: Some("g1".to_owned()),
        singly_again: true,
        overnight: sort == Sort::Digest && items.is_empty(),
        waited_ms: items.is_empty().then_some(crate::outbox::WAITED_MS),
        lines: vec![
            line("fever", Progress::New, 3),
            line("other", Progress::Escalated, 1),
            line("cluster", Progress::Grown, 1),
            line("fever", Progress::Handed, 1),
            line("fever", Progress::Clustered, 1),
            line("fever", Progress::Over, 2),
        ],
        items,
    };
    sorts.into_iter().flat_map(|sort| [notice(sort, vec![item.clone()]), notice(sort, Vec::new())]).collect()
}
