//! An alert in a line: what, where, who has it, what comes next.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    alert::{Act, Severity},
    values::{PersonId, Timestamp},
};
use readmodel::views::{AlertItem, Suppressed, TurnView};

use super::names_of;
use crate::{
    api::Failure,
    colleagues::Colleagues,
    moments::Clock,
    palette::Mark,
    telling,
    visitor::{Community, Visitor},
};

/// Why people are not told of an alert.
pub(crate) struct Why {
    /// `已静默至 14:00`, `并入聚集警报`.
    pub(crate) text: String,
    /// What stands for it, or says so.
    pub(crate) href: String,
    /// Who silenced it.
    pub(crate) by: Option<String>,
    /// Who is not told.
    pub(crate) means: &'static str,
}

/// An alert in a line.
pub(crate) struct Line {
    pub(crate) alert: String,
    pub(crate) href: String,
    pub(crate) acknowledge: Option<String>,
    pub(crate) n: u32,
    pub(crate) mark: Mark,
    pub(crate) place: String,
    pub(crate) matter: String,
    /// Whom it is about, where they have a file.
    pub(crate) person: Option<PersonId>,
    pub(crate) since: String,
    pub(crate) age: String,
    pub(crate) owner: String,
    pub(crate) owned: bool,
    pub(crate) next: Option<String>,
    pub(crate) late: bool,
    /// Why people are not told of it now.
    pub(crate) suppressed: Vec<Why>,
    /// What the list is ordered by: when somebody must act next.
    pub(crate) deadline: Timestamp,
}

impl Line {
    /// The line of an alert on the pages under `base`.
    pub(crate) fn of(alert: &AlertItem, base: &str, clock: &Clock, colleagues: &Colleagues) -> Self {
        let words = clock.words;
        let acknowledged = alert.acknowledged.as_ref().filter(|_| alert.state == "acknowledged");
        let recovering = alert.state == "recovering";
        let ended = matches!(alert.state.as_str(), "resolved" | "closed");
        // what is recorded late began long before anybody could take it
        let free_since = alert.free_since.unwrap_or(alert.first_at);
        let owner = match acknowledged {
            _ if ended => words.api_word("state", &alert.state),
            _ if recovering => {
                let until = alert.recovering_until.map(|until| words.with("alert.recovering_until", clock.short(until)));
                let has_it = alert
                    .acknowledged
                    .as_ref()
                    .filter(|taken| taken.until.is_none_or(|until| clock.now < until))
                    .map(|taken| words.with("alert.has_it", colleagues.who(&taken.by, &taken.actor)));
                until.into_iter().chain(has_it).collect::<Vec<_>>().join(words.of("list.comma"))
            }
            None => {
                let waiting = words.with("alert.waiting", clock.age(free_since));
                // somebody had it, and nobody has it any more
                let until = alert.acknowledged.as_ref().and_then(|taken| taken.until).map(|until| words.with("alert.expired", clock.short(until)));
                let seen = alert.seen.as_ref().map(|seen| words.with("alert.seen", colleagues.who(&seen.by, &seen.actor)));
                let turn = alert.turn.as_ref().map(|turn| whose(turn, clock, colleagues));
                std::iter::once(waiting).chain(until).chain(seen).chain(turn).collect::<Vec<_>>().join(words.of("list.comma"))
            }
            Some(taken) => {
                let has_it = words.with("alert.has_it", colleagues.who(&taken.by, &taken.actor));
                let until = taken.until.map(|until| words.with("alert.until", clock.short(until)));
                [Some(has_it), until].into_iter().flatten().collect::<Vec<_>>().join(words.of("list.comma"))
            }
        };
        let href = format!("{base}/alerts/{}", alert.alert);
        Self {
            alert: alert.alert.to_string(),
            acknowledge: (alert.state == "open" && alert.you_may(Act::Acknowledge)).then(|| format!("{href}/acknowledge")),
            href,
            n: alert.n,
            mark: Mark::of_severity(weight(alert), words),
            place: telling::place(&alert.names, &alert.place, alert.person.is_some() || !alert.says_why(), words),
            matter: telling::matter(alert, clock),
            person: alert.person.as_ref().and_then(|who| who.person.clone()),
            since: clock.short(alert.first_at),
            age: clock.age(alert.first_at),
            owner,
            owned: acknowledged.is_some() || recovering,
            next: match ended {
                false => Some(telling::next_step(alert, clock)),
                // that a reason is gone does not say that the household may be visited
                true => (!alert.says_why()).then(|| words.of("next.ask_before_going_up").to_owned()),
            },
            late: alert.late,
            suppressed: suppressed(alert, base, clock, colleagues),
            // nobody has it: somebody should have had it since they could
            deadline: acknowledged.and_then(|taken| taken.until).unwrap_or(free_since),
        }
    }
}

fn suppressed(alert: &AlertItem, base: &str, clock: &Clock, colleagues: &Colleagues) -> Vec<Why> {
    let Some(Suppressed { silenced, inhibited_by }) = &alert.suppressed else { return Vec::new() };
    let words = clock.words;
    let silenced = silenced.as_ref().map(|silenced| Why {
        text: words.with("suppressed.silenced", clock.short(silenced.until)),
        href: format!("{base}/alerts#silences"),
        by: Some(colleagues.who(&silenced.by, &silenced.actor)),
        means: words.of("suppressed.silenced_means"),
    });
    let inhibited = inhibited_by.as_ref().map(|cluster| Why {
        text: words.of("suppressed.cluster").to_owned(),
        href: format!("{base}/alerts/{cluster}"),
        by: None,
        means: words.of("suppressed.cluster_means"),
    });
    silenced.into_iter().chain(inhibited).collect()
}

/// As what an alert counts: what recovers is to be looked at today, whatever it was.
pub(crate) fn weight(alert: &AlertItem) -> Severity {
    if alert.state == "recovering" { Severity::Caution } else { alert.severity }
}

/// Whose turn it is, and when it goes up: `二级 王芳，15:20 上报`.
fn whose(turn: &TurnView, clock: &Clock, colleagues: &Colleagues) -> String {
    let words = clock.words;
    let staff: Vec<String> = turn.owners.iter().map(|owner| colleagues.name(&owner.staff)).collect();
    let whose = telling::turn_of(turn.level, &if staff.is_empty() { vec![words.of("turn.nobody").to_owned()] } else { staff }, words);
    let due = turn.due_at.map(|due_at| words.with("turn.goes_up", clock.short(due_at)));
    std::iter::once(whose).chain(due).collect::<Vec<_>>().join(words.of("list.comma"))
}

/// Lines of alerts, the most urgent first: nobody's before somebody's and what recovers, the worse before the lesser, the older before the younger.
pub(crate) fn lines<'a>(alerts: impl Iterator<Item = &'a AlertItem>, base: &str, clock: &Clock, colleagues: &Colleagues) -> Vec<Line> {
    let mut alerts: Vec<(&AlertItem, Line)> = alerts.map(|alert| (alert, Line::of(alert, base, clock, colleagues))).collect();
    // a cluster stands for the fevers in it: whoever has it, it is the cluster that is to be done, and what nobody stands for
    let in_cluster = |alert: &AlertItem| alert.suppressed.as_ref().is_some_and(|suppressed| suppressed.inhibited_by.is_some());
    alerts.sort_by_key(|(alert, line)| (line.owned || in_cluster(alert), std::cmp::Reverse(weight(alert)), in_cluster(alert), line.deadline));
    alerts.into_iter().map(|(_, line)| line).collect()
}

/// Says of lines that would read alike whom each is about, such as two housemates behind one door: by name for those who may read it, else
/// which of how many.
pub(crate) async fn tell_apart(lines: &mut [Line], visitor: &Visitor, community: &Community) -> Result<(), Failure> {
    let mut alike: BTreeMap<(String, String), BTreeSet<PersonId>> = BTreeMap::new();
    for line in lines.iter() {
        alike.entry((line.place.clone(), line.matter.clone())).or_default().extend(line.person.clone());
    }
    alike.retain(|_, people| people.len() > 1);
    let names = names_of(visitor, community, alike.values().flatten().cloned().collect()).await?;
    for line in lines {
        let Some((people, person)) = alike.get(&(line.place.clone(), line.matter.clone())).zip(line.person.as_ref()) else { continue };
        // by the order of their ids, so that the same person is the same number when the page is loaded again
        let number = people.iter().take_while(|other| *other < person).count() + 1;
        let who = names.get(person).cloned().unwrap_or_else(|| visitor.words.with("alert.which_of", format!("{number}/{}", people.len())));
        line.matter = [std::mem::take(&mut line.matter), who].join(visitor.words.of("list.comma"));
    }
    Ok(())
}
