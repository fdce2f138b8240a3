//! `fasti heads`: the heads that a log had over time, each verified.

use std::fmt::Write as _;

use clap::Args;
use fasti::client::heads::{Heads, ReadHeadsError};
use fasti::client::reader::{ReadError, View};
use fasti::client::trust::{OpenedCheckpoint, Trust};
use fasti::objects::{HEADS_ON_PAGE, HeadNumber, IntegratedTime, KeptHead};
use serde_json::{Value, json};
use tiles_spec::TileIndex;

use crate::counted::counted;
use crate::failure::{Failure, refused_if};
use crate::freshness::{Case, FreshnessFlags};
use crate::globals::Globals;
use crate::moment;
use crate::output::Output;
use crate::shown;

/// The width of a plot, in characters.
const PLOT_WIDTH: u64 = 60;

#[derive(Args)]
pub struct Arguments {
    /// Only heads kept at this time or later: RFC 3339, a date, or seconds since 1970
    #[arg(long, value_name = "TIME", value_parser = moment::parse)]
    since: Option<u64>,
    /// Only heads kept at this time or earlier
    #[arg(long, value_name = "TIME", value_parser = moment::parse)]
    until: Option<u64>,
    /// The most heads to list, the newest of them
    #[arg(long, value_name = "N", default_value_t = 20,
          value_parser = clap::value_parser!(u32).range(1..=100_000))]
    limit: u32,
    /// Plot the growth of the log
    #[arg(long, conflicts_with = "note")]
    plot: bool,
    /// Print the signed note of this head, as it was published
    #[arg(long, value_name = "N", conflicts_with_all = ["since", "until"])]
    note: Option<HeadNumber>,
    #[command(flatten)]
    freshness: FreshnessFlags,
}

type Numbered = (HeadNumber, KeptHead);

pub async fn run(globals: &Globals, arguments: &Arguments) -> Result<Output, Failure> {
    let (trust, mut view) = (globals.trust()?, globals.view().await?);
    let fresh = arguments.freshness.check(view.fetch(), view.checkpoint(), &trust).await?;
    let heads = refused_if(Heads::open(view.fetch().clone()).await, ReadHeadsError::is_refusal)?;
    let listed = match arguments.note {
        Some(number) => vec![refused_if(find(&heads, number).await, ReadHeadsError::is_refusal)?],
        None => refused_if(list(&heads, arguments).await, ReadHeadsError::is_refusal)?,
    };
    let mut verified = Vec::new();
    for head in listed {
        verified.push((head, verify(&heads, head, &trust, &mut view).await?));
    }
    if let (Some(_), Some((_, note))) = (arguments.note, verified.first()) {
        let text = String::from_utf8_lossy(&note.to_bytes()).into_owned();
        let lines = text.lines().map(str::to_owned).collect();
        return Ok(fresh.end_silently(Output::good(lines, json!({ "Note": text })), Case::Camel));
    }
    let mut lines: Vec<String> = if arguments.plot {
        plot(&verified.iter().map(|(head, _)| *head).collect::<Vec<_>>())
    } else {
        verified.iter().map(|(head, note)| in_words(*head, note)).collect()
    };
    let (newest, _) = heads.newest();
    let kept = counted(newest.get() + 1, "head", "heads");
    lines.push(format!("{kept} in all. Each of those above is signed, and the log extends it."));
    lines.push(
        "When they were kept is the log's word; when witnesses saw them is theirs.".to_owned(),
    );
    let listed: Vec<_> = verified.iter().map(|(head, note)| json_of(*head, note)).collect();
    let json = json!({ "Kept": newest.get() + 1, "Heads": listed });
    Ok(fresh.end(Output::good(lines, json), Case::Camel))
}

/// Looks up one head.
async fn find(heads: &Heads, number: HeadNumber) -> Result<Numbered, ReadHeadsError> {
    let (newest, _) = heads.newest();
    let page = heads.page(number.min(newest).page()).await?;
    let found = page.heads().find(|(it, _)| *it == number);
    Ok(found.unwrap_or((newest, page.last())))
}

/// The newest heads that are asked for, oldest first.
async fn list(heads: &Heads, arguments: &Arguments) -> Result<Vec<Numbered>, ReadHeadsError> {
    let until = arguments.until.and_then(IntegratedTime::new);
    let last = match until {
        Some(until) => heads.at(until).await?,
        None => Some(heads.newest()),
    };
    let Some((last, _)) = last else { return Ok(Vec::new()) };
    let first = (last.get() + 1).saturating_sub(arguments.limit.into());
    let mut listed = Vec::new();
    for page in first / HEADS_ON_PAGE as u64..=last.page().get() {
        let page = heads.page(TileIndex::new(page)).await?;
        let is_asked = |(number, head): &Numbered| {
            (first..=last.get()).contains(&number.get())
                && arguments.since.is_none_or(|since| head.time.get() >= since)
        };
        listed.extend(page.heads().filter(is_asked));
    }
    Ok(listed)
}

/// Verifies a head's note, and that the log extends it.
async fn verify(
    heads: &Heads,
    head: Numbered,
    trust: &Trust,
    view: &mut View,
) -> Result<OpenedCheckpoint, Failure> {
    let note = refused_if(heads.note(head, trust).await, ReadHeadsError::is_refusal)?;
    let ours = refused_if(view.head_at(note.head().size).await, ReadError::is_refusal)?;
    if ours == note.head() {
        return Ok(note);
    }
    let (size, kept) = (ours.size, note.head().root);
    Err(Failure::Refused(anyhow::anyhow!(
        "FORK: the log signed a tree of {size} entries with root {kept}, which is kept as head {}, \
         but its tree now has the root {} at that size. Keep both notes and tell others",
        head.0,
        ours.root
    )))
}

fn in_words((number, head): Numbered, note: &OpenedCheckpoint) -> String {
    let mut line = format!("{number}  {}  {}", shown::time(head.time.get()), head.size);
    for cosigned in note.cosigned() {
        let when = shown::time(cosigned.unix_seconds);
        write!(line, "  {} at {when}", cosigned.witness).expect("a string takes everything");
    }
    line
}

fn json_of((number, head): Numbered, note: &OpenedCheckpoint) -> Value {
    let cosigned = note.cosigned().iter().map(
        |cosigned| json!({"Witness": cosigned.witness.to_string(), "Time": cosigned.unix_seconds}),
    );
    json!({
        "Number": number.get(),
        "KeptAt": head.time.get(),
        "TreeSize": head.size.get(),
        "RootHash": note.head().root.to_string(),
        "Cosigned": cosigned.collect::<Vec<_>>(),
    })
}

/// A bar for each head, as long as the log was large.
fn plot(heads: &[Numbered]) -> Vec<String> {
    let largest = heads.last().map_or(1, |(_, head)| head.size.get().max(1));
    let bar = |size: u64| {
        let length = u128::from(size) * u128::from(PLOT_WIDTH) / u128::from(largest);
        "#".repeat(usize::try_from(length).unwrap_or_default().max(1))
    };
    let width = largest.to_string().len();
    heads
        .iter()
        .map(|(_, head)| {
            let (time, size) = (shown::time(head.time.get()), head.size.get());
            format!("{time}  {size:>width$}  {}", bar(size))
        })
        .collect()
}
