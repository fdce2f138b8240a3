//! The table of objects, compared with what the documents and the recipes for other programs say.

use std::fs;
use std::path::Path;

use fasti_objects::{Lifetime, Packing, Published};

/// One object of each kind, with the object as `formats.md` writes it.
const OBJECTS: [(&str, &str); 15] = [
    ("checkpoint", "`checkpoint`"),
    ("tile/0/x001/067", "`tile/<L>/...`"),
    ("tile/entries/067.p/8", "`tile/entries/...`"),
    ("time/067.p/8", "`time/...`"),
    (ATTESTATION, "`attestations/sha256/...`"),
    ("heads/latest", "`heads/latest`"),
    ("heads/page/000", "`heads/page/...`"),
    ("heads/note/x001/234", "`heads/note/...`"),
    ("heads/json/x001/234", "`heads/json/...`"),
    ("log.json", "`log.json`"),
    ("lookup/latest", "`lookup/latest`"),
    ("lookup/revision/x001/234", "`lookup/revision/...`"),
    ("lookup/run/256/512/0", "`lookup/run/...`"),
    ("lookup/checkpoint", "`lookup/checkpoint`"),
    ("lookup/tile/0/001.p/3", "`lookup/tile/...`"),
];

const ATTESTATION: &str =
    "attestations/sha256/e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

fn text(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    fs::read_to_string(root.join(path)).expect("readable")
}

fn objects() -> impl Iterator<Item = (Published, &'static str)> {
    OBJECTS.into_iter().map(|(path, row)| {
        let object: Published = path.parse().expect(path);
        assert_eq!(object.to_string(), path);
        (object, row)
    })
}

/// The cells of the row of a Markdown table that begins so.
fn cells<'a>(table: &'a str, first: &str) -> Vec<&'a str> {
    let mut rows = table.lines().map(|line| line.trim().trim_matches('|').split('|'));
    let row = rows.find(|row| row.clone().next().is_some_and(|cell| cell.contains(first)));
    row.expect(first).map(|cell| cell.trim().trim_matches('`')).collect()
}

#[test]
fn formats_md_has_the_table() {
    let formats = text("src/docs/formats.md");
    let (_, table) = formats.split_once("\n| object | Content-Type |").expect("the table");
    let table = table.split("\n\n").next().expect("its end");
    for (object, row) in objects() {
        let cells = cells(table, row);
        if cells[1] == "as for the log" {
            let own = object.to_string();
            let of_log: Published = own.trim_start_matches("lookup/").parse().expect("the log's");
            assert_eq!(object.properties(), of_log.properties());
            continue;
        }
        let properties = object.properties();
        assert_eq!(cells[1], properties.content_type, "{object}");
        assert_eq!(cells[2], properties.lifetime.cache_control(), "{object}");
        assert_eq!(cells[3] == "gzip", properties.packing == Packing::Stored, "{object}");
        let at_most: String = cells[4].chars().filter(char::is_ascii_digit).collect();
        assert_eq!(at_most, bytes_max(&object).to_string(), "{object}");
    }
    assert_eq!(cells(table, "`_writer/...`")[2], Lifetime::Uncached.cache_control());
}

/// The most bytes; for tiles and bundles, the most bytes of one hash or entry.
fn bytes_max(object: &Published) -> usize {
    use tiles_spec::ResourcePath::{Bundle, Tile};
    let all = object.properties().bytes_max;
    match object {
        Published::Log(Tile(tile)) => all / tile.width.as_usize(),
        Published::Log(Bundle(bundle)) | Published::Times(bundle) => all / bundle.width.as_usize(),
        _ => all,
    }
}

/// The paths of the locations of the recipe for nginx that set a header: `location ~ ^/(a|b)` names
/// several, `location /a/` one.
fn nginx_locations(cache_control: &str) -> Vec<String> {
    let starting = text("src/docs/starting.md");
    let mut found = Vec::new();
    for block in starting.split("\n  location ").skip(1) {
        let (location, rest) = block.split_once(" {").expect("a block");
        let (body, _) = rest.split_once('}').expect("its end");
        if body.contains(cache_control) {
            let several = location.strip_prefix("~ ^/(").and_then(|paths| paths.split_once(')'));
            let paths = several.map_or_else(|| location.trim_matches('/'), |(paths, _)| paths);
            found.extend(paths.split('|').map(|path| path.replace('\\', "")));
        }
    }
    assert!(!found.is_empty(), "the recipe sets it");
    found
}

/// Whether a path begins with a prefix, in which `*` at the end stands for any one folder.
fn is_below(object: &Published, prefixes: &[String]) -> bool {
    let path = object.to_string();
    prefixes.iter().any(|prefix| match prefix.strip_suffix('*') {
        Some(above) => path.strip_prefix(above).is_some_and(|rest| rest.contains('/')),
        None => path.starts_with(&format!("{prefix}/")),
    })
}

#[test]
fn the_recipe_for_nginx_sets_the_same_lifetimes() {
    let immutable = nginx_locations("add_header Cache-Control \"public, max-age=31536000");
    let revalidated = nginx_locations("add_header Cache-Control no-cache");
    for (object, _) in objects() {
        let is = (is_below(&object, &immutable), revalidated.contains(&object.to_string()));
        match object.properties().lifetime {
            Lifetime::Immutable => assert_eq!(is, (true, false), "{object}"),
            Lifetime::Revalidated => assert_eq!(is, (false, true), "{object}"),
            Lifetime::Uncached => panic!("{object} is not served"),
        }
    }
}

#[test]
fn terraform_caches_the_same_objects() {
    for file in ["aws/edge.tf", "gcp/routes.tf", "azure/routes.tf"] {
        let file = format!("terraform/modules/{file}");
        let file = file.as_str();
        let text = text(file);
        let (_, list) = text.split_once("immutable_prefixes = [").expect("the list");
        let (list, _) = list.split_once(']').expect("its end");
        let prefixes: Vec<String> =
            list.split(',').map(|prefix| prefix.trim().trim_matches('"').to_owned()).collect();
        for (object, _) in objects() {
            let is_immutable = object.properties().lifetime == Lifetime::Immutable;
            assert_eq!(is_below(&object, &prefixes), is_immutable, "{object} in {file}");
        }
    }
}

#[test]
fn terraform_lets_a_writer_replace_what_changes() {
    let text = text("terraform/modules/gcp/writer_access.tf");
    for (object, _) in objects() {
        let is_replaced = text.contains(&format!("${{local.objects}}/{object}\\\""));
        let changes = object.properties().lifetime == Lifetime::Revalidated;
        assert_eq!(is_replaced, changes, "{object}");
    }
}

/// On AWS the bucket itself sees to it that what changes is replaced at a version, and that all
/// else is created once.
#[test]
fn terraform_denies_all_other_writes() {
    let text = text("terraform/modules/aws/bucket_policy.tf");
    let resources = |sid: &str| -> Vec<String> {
        let (_, statement) = text.split_once(&format!("\"{sid}\"")).expect(sid);
        let (_, list) = statement.split_once("resources = [").expect("its resources");
        let (list, _) = list.split_once(']').expect("their end");
        let paths = list.split('"').filter_map(|each| each.strip_prefix("${local.objects_arn}/"));
        paths.map(|path| path.trim_end_matches("/*").to_owned()).collect()
    };
    let created = resources("TilesAndRecordsAreCreatedOnce");
    let replaced = resources("WhatChangesIsReplacedConditionally");
    for (object, _) in objects() {
        let is = (is_below(&object, &created), replaced.contains(&object.to_string()));
        let changes = object.properties().lifetime == Lifetime::Revalidated;
        assert_eq!(is, (!changes, changes), "{object}");
    }
}

#[test]
fn other_paths_are_not_of_a_log() {
    for path in ["", "checkpoint/", "log.jsonx", "tile", "lookup", "_writer/trimmed", "add"] {
        assert!(path.parse::<Published>().is_err(), "{path}");
        assert!(!Published::is_meant_by(path), "{path}");
    }
    for path in [
        "tile/",
        "tile/0/1",
        "lookup/",
        "lookup/run/1/1/0",
        "attestations/",
        "attestations/sha256/",
        "attestations/sha256/e3b0",
        &ATTESTATION.to_uppercase().replace("ATTESTATIONS/SHA256", "attestations/sha256"),
        &ATTESTATION.replace("sha256", "sha512"),
        &format!("{ATTESTATION}/"),
    ] {
        assert!(path.parse::<Published>().is_err(), "{path}");
        assert!(Published::is_meant_by(path), "{path}");
    }
}
