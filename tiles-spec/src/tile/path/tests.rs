//! Valid and invalid paths.

use proptest::prelude::*;

use super::*;
use crate::size::Level;

fn parse(path: &str) -> Result<ResourcePath, PathError> {
    path.parse()
}

/// The index in groups of three digits, computed from its decimal form.
fn naive_index(index: u64) -> String {
    let digits = index.to_string();
    let digits = format!("{digits:0>width$}", width = digits.len().next_multiple_of(3));
    let groups: Vec<_> =
        digits.as_bytes().chunks(3).map(|group| str::from_utf8(group).unwrap()).collect();
    let (last, leading) = groups.split_last().unwrap();
    leading.iter().map(|group| ["x", group, "/"].concat()).collect::<String>() + last
}

#[test]
fn paths_of_the_specification() {
    let tile = |level, index, width| {
        ResourcePath::Tile(TileCoord {
            level: Level::new(level).unwrap(),
            index: TileIndex::new(index),
            width: TileWidth::new(width).unwrap(),
        })
    };
    let bundle = |index, width| {
        ResourcePath::Bundle(BundleCoord {
            index: TileIndex::new(index),
            width: TileWidth::new(width).unwrap(),
        })
    };
    // Includes the cases of transparency-dev/tessera, api/layout/paths_test.go.
    let table = [
        ("checkpoint", ResourcePath::Checkpoint),
        ("tile/0/000", tile(0, 0, 256)),
        ("tile/0/005", tile(0, 5, 256)),
        ("tile/0/x001/x234/067", tile(0, 1_234_067, 256)),
        ("tile/0/x001/x234/067.p/89", tile(0, 1_234_067, 89)),
        ("tile/0/x001/000", tile(0, 1000, 256)),
        ("tile/0/999", tile(0, 999, 256)),
        ("tile/15/x455/667", tile(15, 455_667, 256)),
        ("tile/15/x123/x456/789.p/41", tile(15, 123_456_789, 41)),
        ("tile/63/x999/x999/x999/x999/x999/999.p/255", tile(63, 999_999_999_999_999_999, 255)),
        ("tile/7/x018/x446/x744/x073/x709/x551/615.p/1", tile(7, u64::MAX, 1)),
        ("tile/entries/000", bundle(0, 256)),
        ("tile/entries/255.p/253", bundle(255, 253)),
        ("tile/entries/x123/x456/789", bundle(123_456_789, 256)),
    ];
    for (path, resource) in table {
        assert_eq!(parse(path), Ok(resource), "{path}");
        assert_eq!(resource.to_string(), path);
    }
}

#[test]
fn paths_that_are_none() {
    let number = |error| move |path: &str| (path.to_owned(), error);
    let level = |error| number(PathError::Level(error));
    let width = |error| number(PathError::Width(error));
    let (form, range) = (NumberError::NotCanonical, NumberError::OutOfRange);

    let unknown = [
        "",
        "/",
        "tile",
        "tile/",
        "tile/0",
        "tile/entries",
        "/checkpoint",
        "checkpoint/",
        "Checkpoint",
        "checkpoint ",
        "/tile/0/000",
        "tiles/0/000",
        "tile0/000",
        "./tile/0/000",
        "../checkpoint",
    ];
    let levels =
        ["00", "-1", "+1", "01", "abc", "Entries", " 0", "", ".", "0.p", "0x0", "1e0", "٣"];
    let high_levels = ["64", "255", "256", "18446744073709551616"];
    let indices = [
        "",
        "0",
        "1",
        "00",
        "0000",
        "x000/001",
        "x000/x001/000",
        "x000/000",
        "x001",
        "x1",
        "x001/",
        "x001/x234",
        "x001/x234/",
        "001/002",
        "x001/0002",
        "x001/-02",
        "x001/+02",
        "x001//002",
        "001/",
        "/001",
        "//",
        "x",
        "xx01/000",
        "X001/000",
        "x0001/000",
        "x01/000",
        "..",
        "x001/../002",
        "%30%30%31",
        "001?",
        "001#",
        "00１",
        "001\0",
        "001\n",
        " 001",
        "001.",
        "001.p",
        "001.pp",
        "001p/1",
        "001.P/1",
        ".p/1",
        "x001.p/1",
        "x001/.p/1",
        "1.p/1",
    ];
    let widths =
        ["", "01", "00", "+1", "-1", "1/", "1/1", "abc", "1.p/1", " 1", "1 ", "1\n", "٣", "0x1"];
    let far_widths = ["0", "256", "257", "65536", "65537", "18446744073709551617"];
    let far = [
        "x018/x446/x744/x073/x709/x551/616",
        "x018/x446/x744/x073/x709/x552/000",
        "x100/x000/x000/x000/x000/x000/000",
        "x999/x999/x999/x999/x999/x999/999.p/255",
        "x001/x000/x000/x000/x000/x000/x000/000",
    ];

    let mut table: Vec<_> = unknown.map(number(PathError::Unknown)).to_vec();
    table.extend(levels.map(|l| format!("tile/{l}/000")).iter().map(|path| level(form)(path)));
    table
        .extend(high_levels.map(|l| format!("tile/{l}/000")).iter().map(|path| level(range)(path)));
    for place in ["tile/0/", "tile/entries/"] {
        let prefix = |rest: &str| format!("{place}{rest}");
        table.extend(indices.map(prefix).iter().map(|path| number(PathError::Index)(path)));
        table.extend(far.map(prefix).iter().map(|path| number(PathError::IndexOverflow)(path)));
        let prefix = |rest: &str| format!("{place}001.p/{rest}");
        table.extend(widths.map(prefix).iter().map(|path| width(form)(path)));
        table.extend(far_widths.map(prefix).iter().map(|path| width(range)(path)));
    }
    for (path, error) in table {
        assert_eq!(parse(&path), Err(error), "{path:?}");
    }
}

#[test]
fn a_million_paths_come_back() {
    // A full-period generator over 64 bits, with values truncated to every length, so that all path
    // depths occur.
    let mut state = 1_u64;
    for round in 0..1_000_000_u32 {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let index = TileIndex::new(state >> (round % 64));
        let width = TileWidth::new(1 + u16::from(state.to_le_bytes()[3])).unwrap();
        let level = Level::new(state.to_le_bytes()[4] % 64).unwrap();
        let resource = if round % 4 == 0 {
            ResourcePath::Bundle(BundleCoord { index, width })
        } else {
            ResourcePath::Tile(TileCoord { level, index, width })
        };
        assert_eq!(parse(&resource.to_string()), Ok(resource));
    }
}

#[test]
fn indices_print_in_groups_of_three() {
    let edges = (0..7).flat_map(|power| {
        let first = 1000_u64.pow(power);
        [first - 1, first, first + 1, first * 10, first * 18]
    });
    for index in (0..3000).chain(edges).chain([u64::MAX]) {
        let bundle = BundleCoord { index: TileIndex::new(index), width: TileWidth::FULL };
        assert_eq!(bundle.to_string(), format!("tile/entries/{}", naive_index(index)));
    }
}

proptest! {
    #[test]
    fn what_parses_prints_as_it_was(
        path in r"(checkpoint|tile/(entries|[0-9]{1,2})/(x[0-9]{3}/){0,7}[0-9]{3}(\.p/[0-9]{1,3})?)|[a-z0-9./x]{0,40}"
    ) {
        if let Ok(resource) = parse(&path) {
            prop_assert_eq!(resource.to_string(), path);
        }
    }

    #[test]
    fn no_text_makes_the_parser_panic(path in any::<String>()) {
        let _ = parse(&path);
        let _ = parse(&format!("tile/0/{path}"));
        let _ = parse(&format!("tile/entries/001.p/{path}"));
    }
}
