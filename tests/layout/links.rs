//! Links in documents: what they name is there, and so is the heading.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use crate::{files, root, text};

/// The targets of the links in a document, outside of its blocks of code.
fn targets(document: &str) -> Vec<String> {
    let mut is_code = false;
    let prose = document.lines().filter(|line| {
        let is_fence = line.trim_start().starts_with("```");
        is_code ^= is_fence;
        !is_code && !is_fence
    });
    let prose = prose.collect::<Vec<_>>().join("\n");
    let ends = prose.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
    ends.map(|(target, _)| target.split_whitespace().collect()).collect()
}

/// The names by which GitHub knows the headings of a document.
fn anchors(document: &str) -> BTreeSet<String> {
    let mut is_code = false;
    let (mut anchors, mut seen) = (BTreeSet::new(), HashMap::new());
    for line in document.lines() {
        is_code ^= line.trim_start().starts_with("```");
        let title = line.trim_start_matches('#');
        if is_code || title.len() == line.len() || !title.starts_with(' ') {
            continue;
        }
        let kept = title.trim().chars().filter_map(|c| match c {
            ' ' => Some('-'),
            '-' | '_' => Some(c),
            c => c.is_alphanumeric().then(|| c.to_ascii_lowercase()),
        });
        let anchor: String = kept.collect();
        let count = seen.entry(anchor.clone()).or_insert(0);
        anchors.insert(if *count == 0 { anchor } else { format!("{anchor}-{count}") });
        *count += 1;
    }
    anchors
}

fn documents() -> Vec<PathBuf> {
    let folders = ["src", "cmd", "tests", "terraform", "tiles-spec"];
    let mut found: Vec<_> = folders.iter().flat_map(|folder| files(folder, "md")).collect();
    found.push(root().join("README.md"));
    found
}

/// What is wrong with a link, if anything is.
fn problem(document: &Path, target: &str) -> Option<String> {
    if ["https://", "http://", "mailto:"].iter().any(|scheme| target.starts_with(scheme)) {
        return None;
    }
    let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
    let named = match path {
        "" => document.to_owned(),
        path => document.parent().expect("a folder").join(path),
    };
    if !named.exists() {
        return Some(format!("{path} is not there"));
    }
    let is_known = anchor.is_empty() || anchors(&text(&named)).contains(anchor);
    (!is_known).then(|| format!("{path} has no heading {anchor}"))
}

#[test]
fn every_link_leads_somewhere() {
    let mut links = 0;
    for document in documents() {
        for target in targets(&text(&document)) {
            links += 1;
            if let Some(problem) = problem(&document, &target) {
                panic!("{}: {target}: {problem}", document.display());
            }
        }
    }
    assert!(links > 150, "{links} links were found");
}

/// Comments and messages name documents too.
#[test]
fn code_names_documents_that_are_there() {
    let names: BTreeSet<String> = documents()
        .iter()
        .filter_map(|path| path.file_name()?.to_str().map(str::to_owned))
        .collect();
    for path in ["src", "cmd", "tests", "tiles-spec/src"].iter().flat_map(|dir| files(dir, "rs")) {
        let source = text(&path);
        for word in source.split(|c: char| !c.is_ascii_alphanumeric() && !"-_./".contains(c)) {
            let Some(name) = word.strip_prefix("src/docs/") else { continue };
            let name = name.trim_end_matches('.');
            assert!(name.is_empty() || names.contains(name), "{} names {word}", path.display());
        }
    }
}

#[test]
fn broken_links_are_found() {
    let readme = root().join("README.md");
    for target in ["nowhere.md", "src/docs/safety.md#nothing", "#nothing"] {
        assert!(problem(&readme, target).is_some(), "{target}");
    }
    for target in ["LICENSE", "src/docs/safety.md#invariants", "#quick-start", "https://a.test/b"] {
        assert_eq!(problem(&readme, target), None);
    }
    assert_eq!(targets("[a](b.md) [c\nd](e.md#f)\n```\n[g](h)\n```\n"), ["b.md", "e.md#f"]);
    let twice = anchors("# A b, c\n```\n# no\n```\n## `x-y` (z)\n## A b, c\n");
    assert_eq!(twice, ["a-b-c", "a-b-c-1", "x-y-z"].map(str::to_owned).into());
}
