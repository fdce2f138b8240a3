//! The words of a report.

use fasti::audit::elsewhere::{Elsewhere, History, Who};
use fasti::audit::fsck::{Attestations, Report, Resumed};
use fasti::audit::lookup::IndexReport;

use crate::counted::{counted, entries};

/// A report, line by line.
pub fn lines(report: &Report) -> Vec<String> {
    let named = report.problems.iter();
    let mut lines: Vec<_> =
        named.map(|problem| format!("{}: {}", problem.path, problem.problem)).collect();
    if report.problems_omitted > 0 {
        lines.push(format!("and {} more problems", report.problems_omitted));
    }
    let (Some(origin), Some(size), Some(root)) = (&report.origin, report.size, &report.root) else {
        lines.push("Not clean: without a checkpoint, nothing else can be checked".to_owned());
        return lines;
    };
    let verdict = if report.is_clean() { "Clean" } else { "Not clean" };
    lines.push(format!("{verdict}: {origin}, tree of {size} with root hash {root}"));
    lines.push(format!(
        "{} ({} Rekor) in {} hash to it; {}",
        entries(report.entries),
        report.rekor_entries,
        counted(report.objects, "object", "objects"),
        counted(report.problems.len() as u64 + report.problems_omitted, "problem", "problems"),
    ));
    lines.extend(report.heads.map(|kept| counted(kept, "head is kept", "heads are kept")));
    lines.extend(report.lookup.as_ref().map(line_of_index));
    lines.extend(report.lookup.as_ref().into_iter().flat_map(attested));
    if let Some(timeless) = report.timed_entries.and_then(|n| report.entries.checked_sub(n))
        && timeless > 0
    {
        let are = if timeless == 1 { "is" } else { "are" };
        lines.push(format!("{} {are} from before the log kept times", entries(timeless)));
    }
    if let Some(Attestations { kept, missing }) = report.attestations {
        lines.push(format!("Attestations: {kept} kept, {missing} not there"));
    }
    lines.extend(report.resumed.as_ref().map(not_read));
    lines.extend(report.elsewhere.iter().map(line_of_other));
    if report.frozen {
        lines.push("The log is frozen: this is its last tree".to_owned());
    }
    for (count, one, many) in [
        (report.signatures, "signature verified again", "signatures verified again"),
        (
            report.rekor_v1_entries,
            "entry is of Rekor v1; its signatures are not verified again",
            "entries are of Rekor v1; their signatures are not verified again",
        ),
        (
            report.unreadable_entries,
            "entry looks like Rekor's but cannot be read as such",
            "entries look like Rekor's but cannot be read as such",
        ),
        (report.ahead, "object is ahead of the checkpoint", "objects are ahead of the checkpoint"),
    ] {
        if count > 0 {
            lines.push(counted(count, one, many));
        }
    }
    lines
}

/// Lines on what depends on attestations in an index, if there is anything.
fn attested(index: &IndexReport) -> Vec<String> {
    let mut lines = Vec::new();
    if index.late > 0 {
        let postings = counted(index.late, "posting is", "postings are");
        lines.push(format!("{postings} missing for attestations that were kept later"));
    }
    if index.unexplained > 0 {
        let postings = counted(index.unexplained, "posting is", "postings are");
        lines.push(format!("{postings} of entries whose attestations are not there"));
    }
    lines
}

fn line_of_index(index: &IndexReport) -> String {
    let IndexReport { revisions, runs, parts, bytes, postings, unlisted, .. } = index;
    let Some(size) = index.size else {
        let revisions = counted(*revisions, "revision", "revisions");
        return format!("Index: none of its {revisions} could be reproduced");
    };
    let others = match unlisted {
        0 => String::new(),
        1 => "; 1 object is of another revision".to_owned(),
        count => format!("; {count} objects are of other revisions"),
    };
    format!(
        "Index: revision {} of {}; {} in {} of {} ({bytes} bytes) match the entries{others}",
        revisions.saturating_sub(1),
        entries(size),
        counted(*postings, "posting", "postings"),
        counted(*parts, "object", "objects"),
        counted(*runs, "run", "runs"),
    )
}

/// What was not read, because an earlier check read it.
fn not_read(resumed: &Resumed) -> String {
    let Resumed { size, root, entries_not_read, times_not_read, places_read_again, .. } = resumed;
    if let Some(reason) = &resumed.started_over {
        return format!("Everything was read again: {reason}");
    }
    let again = match places_read_again {
        0 => String::new(),
        count => {
            let tiles =
                counted(*count, "tile that had problems was", "tiles that had problems were");
            format!("; {tiles} read again")
        }
    };
    format!(
        "Not read again: {} with their tiles, and {} of theirs, which an earlier check found as \
         they were signed; its tree of {size} with root hash {root} is proved to be the beginning \
         of this one{again}",
        entries(*entries_not_read),
        counted(*times_not_read, "time", "times"),
    )
}

fn line_of_other(other: &Elsewhere) -> String {
    let who = match other.who {
        Who::Mirror => "Mirror",
        Who::Witness => "Witness",
    };
    let size = other.size.map_or_else(String::new, |size| format!(" of {size}"));
    let history = match other.history {
        History::Same => format!("the same tree{size}"),
        History::Behind => format!("a tree{size}, with which this one is proved to begin"),
        History::Ahead => format!("a larger tree{size}: ROLLBACK"),
        History::Fork => format!("another tree{size}: FORK"),
        History::None => "has no checkpoint of this log".to_owned(),
        History::Unknown => format!("a tree{size}, which could not be compared"),
    };
    let evidence = other.evidence.as_ref();
    let evidence = evidence.map_or_else(String::new, |file| format!("; evidence: {file}"));
    format!("{who} {}: {history}{evidence}", other.place)
}
