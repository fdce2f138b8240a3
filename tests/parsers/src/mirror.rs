//! What logs and mirrors say to each other (C2SP tlog-mirror).

use tiles_spec::mirror::{
    EntryPackage, MIRROR_INFO_BYTES_MAX, MirrorInfo, PACKAGE_BYTES_MAX, PackageRange,
    PackageReader, UPLOAD_HEAD_BYTES_MAX, UploadHead, packages,
};
use tiles_spec::proof::PROOF_HASHES_MAX;
use tiles_spec::{EntryBundle, TreeSize, append_entry, leaf_hash};

use crate::Seeds;

/// How many packages are read of what follows a head.
const PACKAGES: usize = 4;

/// See the crate.
pub fn check(data: &[u8]) {
    if let Ok(info) = MirrorInfo::parse(data) {
        assert!(data.len() <= MIRROR_INFO_BYTES_MAX);
        assert_eq!(info.to_string().as_bytes(), data);
    }
    if let Ok(Some((head, length))) = UploadHead::read(data) {
        assert!(length <= UPLOAD_HEAD_BYTES_MAX && head.start <= head.end);
        let (own, mut rest) = data.split_at(length);
        assert_eq!(head.to_bytes().as_deref(), Some(own));
        assert_eq!(UploadHead::read(own), Ok(Some((head.clone(), length))));
        assert!(own.is_empty() || UploadHead::read(&own[..length - 1]) == Ok(None));
        for range in packages(&head).take(PACKAGES) {
            assert!(range.start() < range.end() && range.end() <= head.end);
            let Some((package, length)) = package(&range, rest) else { break };
            let mut bytes = Vec::new();
            package.append_to(&mut bytes);
            assert_eq!(bytes, rest[..length]);
            rest = &rest[length..];
        }
    }
}

/// Reads the package that the bytes begin with, at once and byte by byte.
fn package(range: &PackageRange, bytes: &[u8]) -> Option<(EntryPackage, usize)> {
    let (mut whole, mut slow) = (PackageReader::new(range), PackageReader::new(range));
    let read = whole.take(bytes).map(<[u8]>::len);
    let mut taken = 0;
    let crept = bytes.chunks(1).try_for_each(|byte| {
        if !slow.is_whole() {
            taken += 1 - slow.take(byte)?.len();
        }
        Ok(())
    });
    assert_eq!(read.map(drop), crept);
    let rest = read.ok()?;
    assert_eq!(taken, bytes.len() - rest);
    assert!(whole.held() <= PACKAGE_BYTES_MAX);
    assert!(whole.is_whole() || rest == 0);
    let (package, slowly) = (whole.package(), slow.package());
    assert_eq!(package, slowly);
    let package = package?;
    assert!(package.proof.len() <= PROOF_HASHES_MAX);
    let width = u16::try_from(range.entries()).ok().and_then(tiles_spec::TileWidth::new);
    let width = width.expect("1 to 256 entries");
    assert!(EntryBundle::decode(&package.entries, width).is_ok());
    Some((package, taken))
}

/// Each is accepted.
pub fn seeds() -> Seeds {
    let size = |size| TreeSize::new(size).expect("it is small");
    let upload = |start, end, ticket: &[u8]| {
        let origin = "log.example".to_owned();
        let head =
            UploadHead { origin, start: size(start), end: size(end), ticket: ticket.to_vec() };
        let mut bytes = head.to_bytes().expect("a short origin");
        for range in packages(&head) {
            let mut entries = Vec::new();
            for n in range.start().get()..range.end().get() {
                append_entry(&mut entries, &n.to_be_bytes()[6..]).expect("a short entry");
            }
            let proof = vec![leaf_hash(b"one"), leaf_hash(b"two")];
            EntryPackage { entries, proof }.append_to(&mut bytes);
        }
        bytes
    };
    let info =
        |ticket: &[u8]| MirrorInfo { pending: size(900), next: size(256), ticket: ticket.to_vec() };
    vec![
        ("info", info(b"").to_string().into_bytes()),
        ("info-ticket", info(b"a ticket").to_string().into_bytes()),
        ("nothing", upload(7, 7, b"a ticket")),
        ("some", upload(3, 9, b"")),
        ("two-packages", upload(250, 261, b"")),
    ]
}
