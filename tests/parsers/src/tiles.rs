//! Paths of published objects, hash tiles and entry bundles (C2SP tlog-tiles).

use fasti::lookup_spec::LookupPath;
use fasti::objects::Published;
use fasti::store::ObjectPath;
use tiles_spec::size::parse_decimal;
use tiles_spec::{
    EntryBundle, Frontier, HashTile, ResourcePath, TileWidth, append_entry, leaf_hash,
};

use crate::{Seeds, signed};

/// See the crate. As a tile or bundle, the first two bytes are the width.
pub fn check(data: &[u8]) {
    if let Ok(path) = std::str::from_utf8(data) {
        paths(path);
    }
    let Some((width, content)) = data.split_first_chunk() else { return };
    let Some(width) = TileWidth::new(u16::from_be_bytes(*width)) else { return };
    tile(content, width);
    bundle(content, width);
}

fn paths(path: &str) {
    let log = path.parse::<ResourcePath>();
    let lookup = path.parse::<LookupPath>();
    let published = path.parse::<Published>();
    assert!(log.is_err() || lookup.is_err(), "one path, two objects: {path}");
    if let Ok(log) = log {
        assert_eq!(log.to_string(), path);
        assert_eq!(published, Ok(Published::Log(log)));
        if let Some(wider) = log.wider() {
            assert_ne!(wider, log);
            assert_eq!(wider.wider(), None);
            assert_eq!(wider.to_string().parse(), Ok(wider));
        }
    }
    if let Ok(lookup) = lookup {
        assert_eq!(lookup.to_string(), path);
        assert_eq!(published, Ok(Published::Lookup(lookup)));
    }
    if let Ok(published) = published {
        assert_eq!(published.to_string(), path);
        assert!(Published::is_meant_by(path));
        let object = ObjectPath::new(path).expect("every published object can be stored");
        assert_eq!(object.as_str(), path);
    }
    if let Ok(object) = ObjectPath::new(path) {
        // No object is outside of its store.
        assert!(path.split('/').all(|part| !["", ".", ".."].contains(&part)), "{path}");
        assert_eq!(object.as_str(), path);
    }
    if let Ok(number) = parse_decimal(path) {
        assert_eq!(number.to_string(), path);
    }
}

fn tile(content: &[u8], width: TileWidth) {
    let Ok(tile) = HashTile::decode(content, width) else { return };
    assert_eq!(tile.encode(), content);
    assert_eq!((tile.width(), tile.hashes().len()), (width, width.as_usize()));
    let mut tree = Frontier::new();
    for hash in tile.hashes() {
        tree.push(*hash).expect("a tile is small");
    }
    assert_eq!(tile.root(), tree.root());
    assert_eq!(tile.subtree_root(0..width.as_usize()), Some(tree.root()));
    assert_eq!(tile.subtree_root(0..width.as_usize() + 1), None);
}

fn bundle(content: &[u8], width: TileWidth) {
    let Ok(bundle) = EntryBundle::decode(content, width) else { return };
    assert_eq!(bundle.as_bytes(), content);
    assert_eq!((bundle.width(), bundle.entries().len()), (width, width.as_usize()));
    let mut again = Vec::new();
    for entry in bundle.entries() {
        append_entry(&mut again, entry).expect("it was in a bundle");
    }
    assert_eq!(again, content);
    assert_eq!(bundle.entry(width.as_usize()), None);
    assert!(bundle.leaf_hashes().into_iter().eq(bundle.entries().map(leaf_hash)));
}

/// See the crate.
pub fn seeds() -> Seeds {
    let mut seeds: Seeds = [
        ("path-checkpoint", "checkpoint"),
        ("path-tile", "tile/0/x001/x234/067"),
        ("path-partial", "tile/1/000.p/17"),
        ("path-bundle", "tile/entries/x004/820.p/147"),
        ("path-description", "log.json"),
        ("path-latest", "lookup/latest"),
        ("path-revision", "lookup/revision/x001/234"),
        ("path-run", "lookup/run/256/512/3"),
        ("path-lookup-tile", "lookup/tile/0/000.p/3"),
    ]
    .map(|(name, path)| (name, path.as_bytes().to_vec()))
    .into();
    let tile = HashTile::new(signed::leaves(3)).expect("three hashes");
    seeds.push(("tile", [&[0, 3][..], &tile.encode()].concat()));
    let mut bundle = vec![0, 4];
    for entry in [&b"one"[..], b"", b"three", &[7; 300]] {
        append_entry(&mut bundle, entry).expect("it is short");
    }
    seeds.push(("bundle", bundle));
    seeds
}
