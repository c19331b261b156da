//! `gridward rules`: tables of what an office expects of rules, and what another policy would have done.

use std::{
    fs,
    path::{Path, PathBuf},
};

use clap::{Args, Subcommand};
use domain::{
    community::SetPolicy,
    values::{Day, Timestamp, Zone},
};
use serde_json::json;
use trial::{
    Line,
    simulate::{Answer, OfRule, Opened, Question, simulate},
    table::{self, DOCUMENT_BYTES_MAX, Document},
};

use super::{Global, events};
use crate::exit::{Done, Exit, Failure, data, talk};

/// Most alerts listed of a kind of difference.
const LISTED_MAX: usize = 50;

#[derive(Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Play tables of what is expected of rules, without any server
    Check {
        /// Markdown documents with tables
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// A policy as policy.set takes it, JSON, instead of the usual one
        #[arg(long, value_name = "FILE")]
        policy: Option<PathBuf>,
    },
    /// What another policy would have done over the log of a community, beside what was done
    Simulate {
        /// From when on the other policy holds: a date, or a time such as 2020-02-06T08:00:00+08:00
        #[arg(long, value_name = "TIME")]
        from: String,
        /// Until when: the end of a date, or a time
        #[arg(long, value_name = "TIME")]
        to: String,
        /// The other policy as policy.set takes it, JSON; without it, the same policy
        #[arg(long, value_name = "FILE")]
        policy: Option<PathBuf>,
        /// A log that `gridward events export --json` wrote, instead of that of a running system
        #[arg(long, value_name = "FILE")]
        log: Option<PathBuf>,
    },
}

pub(crate) async fn run(global: &Global, arguments: Arguments) -> Done {
    match arguments.command {
        Command::Check { files, policy } => check(global, &files, policy.as_deref()),
        Command::Simulate { from, to, policy, log } => {
            let policy = policy.as_deref().map(read_policy).transpose()?;
            let log = match log {
                Some(file) => read_log(&read(&file)?, &file.display().to_string())?,
                None => read_log(&events::export(&global.client()?, global.community()?).await?, "the log")?,
            };
            let zone = zone_of(&log);
            if log.iter().any(|line| line.lacks_findings) {
                talk(
                    "this log was exported with a token that may not see findings: they, who was exposed by them, and alerts of exposure_undecided are not in it; use an office's token",
                );
            }
            let ends_at = log.iter().map(|line| line.commit.header.recorded_at).max();
            let question = Question { from: instant(&from, &zone, 0)?, to: instant(&to, &zone, 1)?, policy };
            if question.to <= question.from {
                return Err(Exit::new(Failure::Usage, "--to lies before --from"));
            }
            let answer = simulate(&log, &question).map_err(|error| Exit::new(Failure::Usage, error.to_string()))?;
            if global.json() {
                data(serde_json::to_string(&answer)?)
            } else {
                tell(&answer, &zone);
                if let Some(ends_at) = ends_at.filter(|ends_at| *ends_at < answer.to) {
                    let ends_at = zone.local(ends_at);
                    talk(format_args!("the log ends at {ends_at}: after that it is taken that nobody told anything, and time alone goes on"));
                }
            }
            Ok(())
        }
    }
}

/// What cannot be read is usage; what is not as expected is failure.
fn check(global: &Global, files: &[PathBuf], policy: Option<&Path>) -> Done {
    let policy = policy.map(read_policy).transpose()?;
    let (mut played, mut differing, mut unreadable) = (0, 0, 0);
    for file in files {
        let name = file.display();
        let text = read(file)?;
        let mut wrong = |error: &table::TableError| {
            unreadable += 1;
            talk(format_args!("{name}:{error}"));
        };
        let document = match Document::read(&text) {
            Ok(document) => document,
            Err(errors) => {
                errors.iter().for_each(&mut wrong);
                continue;
            }
        };
        for table in &document.tables {
            played += 1;
            match table::check(table, policy.as_ref()) {
                Err(error) => wrong(&error),
                Ok(differences) => {
                    differing += usize::from(!differences.is_empty());
                    for table::Difference { place, missing, unexpected } in differences {
                        if global.json() {
                            let place = json!({"line": place.line, "column": place.column});
                            data(json!({"file": name.to_string(), "table": table.title, "place": place, "missing": missing, "unexpected": unexpected}));
                        } else {
                            let said =
                                |what: &str, alerts: &[String]| if alerts.is_empty() { String::new() } else { format!("; {what}: {}", alerts.join("; ")) };
                            data(format_args!("{name}:{place}: {}{}{}", table.title, said("missing", &missing), said("not expected", &unexpected)));
                        }
                    }
                }
            }
        }
    }
    talk(format_args!("{played} tables, {differing} not as expected, {unreadable} mistakes"));
    match (unreadable, differing) {
        (0, 0) => Ok(()),
        (0, _) => Err(Exit::new(Failure::Failed, "the rules say something else than these tables")),
        _ => Err(Exit::new(Failure::Usage, "some tables cannot be read")),
    }
}

fn read(file: &Path) -> Result<String, Exit> {
    let not_there = |error: std::io::Error| {
        let failure = if error.kind() == std::io::ErrorKind::NotFound { Failure::NotFound } else { Failure::Failed };
        Exit::new(failure, format!("{}: {error}", file.display()))
    };
    fs::read_to_string(file).map_err(not_there)
}

fn read_policy(file: &Path) -> Result<SetPolicy, Exit> {
    let text = read(file)?;
    if text.len() > DOCUMENT_BYTES_MAX {
        return Err(Exit::new(Failure::Usage, format!("{}: larger than any policy", file.display())));
    }
    serde_json::from_str(&text).map_err(|error| Exit::new(Failure::Usage, format!("{}: no policy as policy.set takes it: {error}", file.display())))
}

fn read_log(text: &str, name: &str) -> Result<Vec<Line>, Exit> {
    let lines = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
    lines.map(|(number, line)| Line::read(line).map_err(|error| Exit::new(Failure::Usage, format!("{name}, line {number}: {error}")))).collect()
}

/// The zone in which the community counts its days.
fn zone_of(log: &[Line]) -> Zone {
    let founded = log.iter().flat_map(|line| &line.commit.events).find_map(|event| match event {
        domain::Event::CommunityFounded(founded) => Some(founded.time_zone.clone()),
        _ => None,
    });
    founded.and_then(|name| Zone::named(&name).ok()).unwrap_or_default()
}

/// A time, or a date: the beginning of it, or of a day after it.
fn instant(text: &str, zone: &Zone, days_later: i32) -> Result<Timestamp, Exit> {
    let of_day = || text.parse::<Day>().ok().map(|day| zone.start_of(day.plus_days(days_later)));
    let wrong = || Exit::new(Failure::Usage, format!("`{text}` is no time: write 2020-02-06 or 2020-02-06T08:00:00+08:00"));
    text.parse().ok().or_else(of_day).ok_or_else(wrong)
}

fn tell(answer: &Answer, zone: &Zone) {
    for (rule, OfRule { then, would_be, new, missing, changed }) in &answer.rules {
        data(format_args!("{rule}: {then} then, {would_be} would be; {} new, {} missing, {} otherwise", new.len(), missing.len(), changed.len()));
        for (sign, list) in [("+", new), ("-", missing)] {
            list.iter().take(LISTED_MAX).for_each(|opened| data(format_args!("  {sign} {}", line(opened, zone))));
            more(list.len());
        }
        changed.iter().take(LISTED_MAX).for_each(|(was, would)| data(format_args!("  ~ {}  ->  {}", line(was, zone), line(would, zone))));
        more(changed.len());
    }
    talk(format_args!("from {} to {}", zone.local(answer.from), zone.local(answer.to)));
    if answer.rules.is_empty() {
        data("no alert was opened in this time, and none would have been");
    }
    if answer.done_about_nothing > 0 {
        talk(format_args!("{} acts of people were about alerts that there would not have been", answer.done_about_nothing));
    }
}

fn more(count: usize) {
    if count > LISTED_MAX {
        data(format_args!("  … and {} more; --json lists all", count - LISTED_MAX));
    }
}

/// When, where and how bad; never who: the subject is an id.
fn line(opened: &Opened, zone: &Zone) -> String {
    let building = opened.names.building.clone().or_else(|| opened.place.building.as_ref().map(ToString::to_string));
    let unit = opened.place.unit.as_ref().map(|unit| format!("{unit}单元"));
    let place: Vec<String> = [opened.names.estate.clone(), building, unit, opened.place.door.clone()].into_iter().flatten().collect();
    let ended = opened.ended_at.map(|at| format!(" until {}", zone.local(at))).unwrap_or_default();
    format!("{}{ended}  {}  {} {}/{}", zone.local(opened.at), place.join(" "), opened.severity, opened.subject_kind, opened.subject)
}
