//! What is to be done, as a text ends with it.

use std::collections::BTreeSet;

use domain::{
    alert::Kind,
    values::{Slug, Zone},
};

use crate::{
    message::Action,
    notice::{Notice, Progress, Sort},
};

/// Most kinds of which it is said one by one: a text is short.
const KINDS_MAX: usize = 3;
/// What is to be done about more than that, and where it is not the same about all of a kind. It is read after `下一步：` and `Next: `.
const ONE_BY_ONE: (&str, &str) = ("请打开警报页，先急后缓，逐条接手", "open the page of alerts and take them one by one, the most urgent first");
/// What is to be done where a text only counts: what is there, it does not say.
const LOOK: (&str, &str) = ("详情请看警报页", "see the page of alerts, it says which they are");

/// What is to be done about all that is not over, as far as that is listed, in Chinese and in English; where there is more than one kind, kind by kind.
pub(crate) fn of(notice: &Notice, zone: &Zone) -> Option<(String, String)> {
    // a nudge and a door say so themselves
    if !matches!(notice.sort, Sort::News | Sort::Storm | Sort::Digest | Sort::Reminder) {
        return None;
    }
    let mut counted: Vec<Option<&Slug>> = Vec::new();
    for line in notice.lines.iter().filter(|line| line.progress != Progress::Over && line.alerts > 0) {
        counted.extend((!counted.contains(&line.kind.as_ref())).then_some(line.kind.as_ref()));
    }
    let said = |(chinese, english): (&str, &str)| Some((chinese.to_owned(), english.to_owned()));
    if notice.items.is_empty() && !counted.is_empty() {
        return said(LOOK);
    }
    let only = counted.first().copied().flatten().filter(|_| counted.len() == 1);
    let mut steps: Vec<(&Kind, (String, String))> = Vec::new();
    for item in notice.items.iter().filter(|item| !item.action.is_some_and(Action::is_end)) {
        let Some(kind) = only.or(item.kind.as_ref()).and_then(|kind| Kind::of(kind.as_str())) else { continue };
        let step = (kind, kind.next_in(item.situation, zone, notice.at));
        steps.extend((!steps.contains(&step)).then_some(step));
    }
    let kinds: BTreeSet<&str> = steps.iter().map(|(kind, _)| kind.slug).collect();
    match &steps[..] {
        [] => None,
        [(_, step)] if only.is_some() => Some(step.clone()),
        // the last level sees that others do it, whatever it is
        [(_, step), others @ ..] if !others.is_empty() && others.iter().all(|(_, other)| other == step) => Some(step.clone()),
        _ if steps.len() > KINDS_MAX || kinds.len() < steps.len() => said(ONE_BY_ONE),
        _ => {
            let (chinese, english): (Vec<String>, Vec<String>) =
                steps.iter().map(|(kind, (zh, en))| (format!("【{}】{zh}", kind.called.0), format!("[{}] {en}", kind.called.1))).unzip();
            Some((chinese.join("；"), english.join("; ")))
        }
    }
}
