//! Which tiles a tree has.

use super::*;

fn size(n: u64) -> TreeSize {
    TreeSize::new(n).unwrap()
}

#[test]
fn the_example_of_the_specification() {
    let all = |n| -> Vec<String> {
        levels().flat_map(|level| tiles_at(size(n), level)).map(|tile| tile.to_string()).collect()
    };
    let tiles = all(70_000);
    assert_eq!(tiles.len(), 273 + 1 + 1 + 1 + 1);
    assert_eq!(
        tiles[272..],
        ["tile/0/272", "tile/0/273.p/112", "tile/1/000", "tile/1/001.p/17", "tile/2/000.p/1"]
    );
    assert_eq!(all(256), ["tile/0/000", "tile/1/000.p/1"]);
}
