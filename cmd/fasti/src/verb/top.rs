//! `fasti top`: a live view of a log's writers, from their metrics. Nothing in it is proved.

mod row;

use std::time::Duration;

use clap::Args;
use fasti::causes::with_causes;
use fasti::client::metrics_page;
use futures::future::join_all;
use reqwest::Url;
use serde_json::json;
use tokio::time::{Instant, sleep};

use self::row::{COLUMNS, Row, duration, per_second, whole};
use crate::failure::Failure;
use crate::format::Format;
use crate::globals::Globals;
use crate::output::Output;
use crate::samples::Samples;
use crate::terminal;

#[derive(Args)]
pub struct Arguments {
    /// The metrics pages of the log's writers (`--metrics-listen`); without a path, `/metrics` is
    /// meant
    #[arg(value_name = "URL", required = true)]
    writers: Vec<Url>,
    /// How many seconds to look at before each table
    #[arg(long, value_name = "SECONDS", default_value_t = 2,
          value_parser = clap::value_parser!(u32).range(1..=3600))]
    interval: u32,
    /// Print one table and exit; the status is 1 unless exactly one writer leads, or the log is
    /// frozen
    #[arg(long)]
    once: bool,
}

/// When a page was fetched, and the page, or why it could not be fetched.
type Look = (Instant, Result<Samples, String>);

pub async fn run(globals: &Globals, arguments: &Arguments) -> Result<Output, Failure> {
    let writers: Vec<Url> = arguments.writers.iter().cloned().map(page_of).collect();
    let mut before = look(&writers).await;
    loop {
        sleep(Duration::from_secs(u64::from(arguments.interval))).await;
        let now = look(&writers).await;
        let rows: Vec<Row> = writers
            .iter()
            .zip(before.iter().zip(&now))
            .map(|(url, (before, now))| row(url, before, now))
            .collect();
        before = now;
        let output = output(&rows);
        if arguments.once {
            return Ok(output);
        }
        let goes_on = match globals.format {
            Format::Default => terminal::show(&output.lines),
            Format::Json => terminal::show_json(&output.json.to_string()),
        };
        if !goes_on.map_err(anyhow::Error::from)? {
            return Ok(Output::good(Vec::new(), json!(null)));
        }
    }
}

fn page_of(mut url: Url) -> Url {
    if url.path() == "/" {
        url.set_path("/metrics");
    }
    url
}

async fn look(writers: &[Url]) -> Vec<Look> {
    let pages = writers.iter().map(|url| async move {
        let page = metrics_page::fetch(url).await;
        let samples = page.map(|page| Samples::read(&page)).map_err(|error| with_causes(&error));
        (Instant::now(), samples)
    });
    join_all(pages).await
}

fn row(url: &Url, before: &Look, now: &Look) -> Row {
    let host = url.host_str().unwrap_or_default();
    let place = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    match (&before.1, &now.1) {
        (Ok(first), Ok(second)) => {
            Row::between(place, first, second, (now.0 - before.0).as_secs_f64())
        }
        (_, Err(error)) => Row::unknown(place, "out of reach", Some(error.clone())),
        (Err(_), Ok(_)) => Row::unknown(place, "answers again", None),
    }
}

/// The table, under a line about the log as a whole.
fn output(rows: &[Row]) -> Output {
    let largest = |value: fn(&Row) -> Option<f64>| rows.iter().filter_map(value).reduce(f64::max);
    let total = |value: fn(&Row) -> Option<f64>| {
        rows.iter().filter_map(value).fold(0.0, |sum, value| sum + value)
    };
    let leaders: Vec<&str> =
        rows.iter().filter(|row| row.leads()).map(|row| row.place.as_str()).collect();
    let is_frozen = rows.iter().any(|row| row.role == "frozen");
    let leader = match leaders.as_slice() {
        [] if is_frozen => "the log is frozen".to_owned(),
        [] => "nobody leads".to_owned(),
        [one] => format!("{one} leads"),
        several => format!("{} say that they lead", several.join(" and ")),
    };
    // The newest checkpoint is the one that counts.
    let age = rows.iter().filter_map(|row| row.checkpoint_age).reduce(f64::min);
    let lag = largest(|row| row.index_lag);
    let said = [
        Some(leader),
        largest(|row| row.size).map(|size| format!("size {}", whole(size))),
        Some(format!("{} entries/s", per_second(total(|row| row.entries)))),
        age.map(|age| format!("checkpoint {} old", duration(age))),
        lag.map(|lag| format!("index {} behind", whole(lag))),
    ];
    let mut lines = vec![said.into_iter().flatten().collect::<Vec<_>>().join(", "), String::new()];
    lines.extend(table(rows));
    let errors =
        rows.iter().filter_map(|row| Some(format!("{}: {}", row.place, row.error.as_ref()?)));
    lines.extend(errors);
    let json = json!({
        "Leaders": leaders,
        "Frozen": is_frozen,
        "Writers": rows.iter().map(Row::json).collect::<Vec<_>>(),
    });
    Output::judged(leaders.len() == 1 || is_frozen, lines, json)
}

/// Rows with aligned columns: text to the left, numbers to the right.
fn table(rows: &[Row]) -> Vec<String> {
    let mut cells = vec![COLUMNS.map(str::to_owned)];
    cells.extend(rows.iter().map(Row::cells));
    let widths: Vec<usize> = (0..COLUMNS.len())
        .map(|column| cells.iter().map(|row| row[column].chars().count()).max().unwrap_or(0))
        .collect();
    let line = |row: &[String; 13]| {
        let aligned = row.iter().zip(&widths).enumerate().map(|(column, (cell, width))| {
            if column < 2 { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
        });
        aligned.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    cells.iter().map(line).collect()
}
