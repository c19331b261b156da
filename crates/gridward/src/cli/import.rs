//! `gridward import`: a CSV file, row by row; good rows apply beside bad ones.

use std::path::PathBuf;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use reqwest::Method;
use serde_json::Value;

use super::Global;
use crate::{
    client::accepted,
    exit::{Done, Exit, Failure, data, talk},
};

/// What is imported.
#[derive(Args)]
pub(crate) struct Arguments {
    /// buildings, households, people, staff, visits or checks
    kind: String,
    /// The file
    file: PathBuf,
    /// Say what would happen, and record nothing
    #[arg(long)]
    dry_run: bool,
}

/// Imports it.
pub(crate) async fn run(global: &Global, arguments: Arguments) -> Done {
    let client = global.client()?;
    let text =
        tokio::fs::read(&arguments.file).await.map_err(|error| Exit::new(Failure::NotFound, format!("cannot read {}: {error}", arguments.file.display())))?;
    let path = format!("/communities/{}/imports", global.community()?);
    let progress =
        ProgressBar::new(text.len() as u64).with_style(ProgressStyle::with_template("{bar:40} {bytes}/{total_bytes}").unwrap_or(ProgressStyle::default_bar()));
    let sent = progress.clone();
    let chunks: Vec<Vec<u8>> = text.chunks(64 * 1024).map(<[u8]>::to_vec).collect();
    let body = futures_util::stream::iter(chunks.into_iter().map(move |chunk| {
        sent.inc(chunk.len() as u64);
        Ok::<_, std::io::Error>(chunk)
    }));
    let dry_run = arguments.dry_run.to_string();
    let request = client.request(Method::POST, &path).query(&[("kind", arguments.kind.as_str()), ("dry_run", &dry_run)]).header("content-type", "text/csv");
    let report: Value = accepted(request.body(reqwest::Body::wrap_stream(body)).send().await?).await?.json().await?;
    progress.finish_and_clear();
    if global.json() {
        data(&report);
    } else {
        for error in report["errors"].as_array().into_iter().flatten() {
            data(format_args!("line {} {}: {}", error["line"], error["column"].as_str().unwrap_or("-"), error["reason"].as_str().unwrap_or_default()));
        }
        talk(format_args!("{} rows: {} taken, {} known already, {} refused", report["rows"], report["accepted"], report["duplicate"], report["rejected"]));
    }
    if report["rejected"].as_u64().unwrap_or_default() > 0 {
        Err(Exit::new(Failure::Partly, "some rows were refused; mend them and import the file again"))
    } else {
        Ok(())
    }
}
