//! Checkpoints signed by others, malformed texts, and the checks of opening a checkpoint.

use proptest::prelude::*;

use super::*;
use crate::cosignature::{CosigningKey, cosign};
use crate::hash::{HashError, leaf_hash};
use crate::note::NoteSigningKey;
use crate::size::{NumberError, TreeSize};
use crate::tree::{Frontier, TreeHead};

// A head of the Go checksum database, and its published key. Its key name is not its origin.
const SUMDB_ORIGIN: &str = "go.sum database tree";
const SUMDB: &str = "go.sum database tree\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n\
    — sum.golang.org Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n";
const SUMDB_KEY: &str = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8";

const ORIGIN: &str = "log.example/fasti";

fn log_key() -> NoteSigningKey {
    NoteSigningKey::from_seed(ORIGIN.parse().unwrap(), &[7; 32])
}

/// A note of this text, signed by the log.
fn signed(text: &str) -> Vec<u8> {
    let mut note = Note::unsigned(text).unwrap();
    note.append(log_key().sign(text)).unwrap();
    note.to_bytes()
}

fn open(text: &str) -> Result<Checkpoint, CheckpointError> {
    open_checkpoint(&signed(text), ORIGIN, &[log_key().verifier_key().clone()])
}

#[test]
fn a_checkpoint_of_the_go_checksum_database() {
    let keys = [SUMDB_KEY.parse().unwrap()];
    let checkpoint = open_checkpoint(SUMDB.as_bytes(), SUMDB_ORIGIN, &keys).unwrap();
    assert_eq!(checkpoint.origin, SUMDB_ORIGIN);
    assert_eq!(checkpoint.head.size.get(), 20_852_163);
    assert_eq!(checkpoint.head.root.to_base64(), "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=");
    assert_eq!(checkpoint.extensions, [""; 0]);
    let signed = SignedCheckpoint::parse(SUMDB.as_bytes()).unwrap();
    assert_eq!(signed.to_bytes(), SUMDB.as_bytes());
    assert_eq!(signed.note().text(), checkpoint.to_text());

    // C2SP tlog-checkpoint shows the same head under another name: its signature no longer
    // verifies.
    let renamed = SUMDB.replace(SUMDB_ORIGIN, "example.com/behind-the-sofa");
    let error = open_checkpoint(renamed.as_bytes(), "example.com/behind-the-sofa", &keys);
    assert!(matches!(error, Err(CheckpointError::Note(NoteError::BadSignature { .. }))));
}

#[test]
fn the_log_of_tessera_signed_again() {
    // transparency-dev/tessera, testdata: the key and entries in build_log.sh, and three of its
    // checkpoints.
    let key = NoteSigningKey::parse(
        "PRIVATE+KEY+example.com/log/testdata+33d7b496+AeymY/SZAX0jZcJ8enZ5FY1Dz+wTML2yWSkK+9DSF3eg",
    )
    .unwrap();
    let vkey = "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx";
    assert_eq!(key.verifier_key().to_string(), vkey);
    let published = [
        (
            1,
            "0Nc2CrefWKseHj/mStd+LqC8B+NrX0btIiPt2SmN+ek=",
            "M9e0lhr9kuLxGdAtaUrhm84TQffVsLdcy808sN0a3WyniNlfcr9+bywoiIke1YYciCNjJGkCgIlQ8b16jhsmg/SChAM=",
        ),
        (
            2,
            "T1X2GdkhUjV3iyufF9b0kVsWFxIU0VI4EpNml2Teci4=",
            "M9e0llH4NKmlf0u7C8tkJioQOmi7l5ELqljXgKRg6R3G5JJ7vx7emDWo5fpqKuA/Dk/jRrI6il+7QCVirNhyUAWGoAk=",
        ),
        (
            15,
            "rKbDipCvhuX1GZ7g5BBe8sA6BbJ7ja/1nk427v383cs=",
            "M9e0luh4jTG+UMBqOUo9/q+yAEvx1ilBEniMvjf1zfcBOhg+CKubMt53MvIt/uEWP6zdkdIQzd/fmwlM/dlPWF74ewI=",
        ),
    ];
    let entries =
        "one two three four five six seven eit nain ten ileven twelf threeten fourten fivten";
    let mut frontier = Frontier::new();
    for entry in entries.split(' ') {
        frontier.push(leaf_hash(entry.as_bytes())).unwrap();
        let size = frontier.size().get();
        let Some((_, root, signature)) = published.iter().find(|(n, ..)| *n == size) else {
            continue;
        };
        let origin = "example.com/log/testdata";
        let checkpoint =
            Checkpoint { origin: origin.into(), head: frontier.head(), extensions: vec![] };
        let mut note = Note::unsigned(checkpoint.to_text()).unwrap();
        note.append(key.sign(note.text())).unwrap();
        assert_eq!(
            note.to_string(),
            format!("{origin}\n{size}\n{root}\n\n— {origin} {signature}\n")
        );
        assert_eq!(
            open_checkpoint(&note.to_bytes(), origin, &[vkey.parse().unwrap()]),
            Ok(checkpoint)
        );
    }
}

#[test]
fn opening_asks_for_key_origin_and_sense() {
    let empty = Checkpoint { origin: ORIGIN.into(), head: TreeHead::EMPTY, extensions: vec![] };
    assert_eq!(open(&empty.to_text()), Ok(empty.clone()));
    let bytes = signed(&empty.to_text());
    let keys = [log_key().verifier_key().clone()];

    let other =
        [NoteSigningKey::from_seed(ORIGIN.parse().unwrap(), &[8; 32]).verifier_key().clone()];
    let error = CheckpointError::Note(NoteError::NoKnownSignature);
    assert_eq!(open_checkpoint(&bytes, ORIGIN, &other), Err(error.clone()));
    assert_eq!(open_checkpoint(&bytes, ORIGIN, &[]), Err(error));

    let elsewhere = "log.example/other";
    let error = CheckpointError::Origin { expected: elsewhere.into(), found: ORIGIN.into() };
    assert_eq!(open_checkpoint(&bytes, elsewhere, &keys), Err(error));

    let root = leaf_hash(b"");
    let odd = Checkpoint { head: TreeHead { root, ..TreeHead::EMPTY }, ..empty.clone() };
    assert_eq!(open(&odd.to_text()), Err(CheckpointError::EmptyRoot(root)));
    assert!(SignedCheckpoint::parse(&signed(&odd.to_text())).is_ok());

    // Other lines around the log's do not matter, in any order, unless one by a known key is bad.
    let witness = CosigningKey::from_seed("witness.example".parse().unwrap(), &[1; 32]);
    let mut note = Note::unsigned(empty.to_text()).unwrap();
    note.append(cosign(&witness, note.text(), 1).unwrap()).unwrap();
    note.append(log_key().sign(note.text())).unwrap();
    assert_eq!(open_checkpoint(&note.to_bytes(), ORIGIN, &keys), Ok(empty));
    note.append(log_key().sign("another text\n")).unwrap();
    let verdict = open_checkpoint(&note.to_bytes(), ORIGIN, &keys);
    assert!(matches!(verdict, Err(CheckpointError::Note(NoteError::BadSignature { .. }))));
}

#[test]
fn extension_lines_come_back() {
    let root = EMPTY_ROOT.to_base64();
    let text = format!("{ORIGIN}\n0\n{root}\nfirst\n second \n");
    assert_eq!(open(&text).unwrap().extensions, ["first", " second "]);
    assert_eq!(open(&text).unwrap().to_text(), text);
}

#[test]
fn texts_that_are_no_checkpoints() {
    let root = EMPTY_ROOT.to_base64();
    let refuse =
        |text: &str, error| assert_eq!(Checkpoint::parse_text(text), Err(error), "{text:?}");
    for text in [
        String::new(),
        "\n".into(),
        "a\n".into(),
        "a\n0\n".into(),
        format!("a\n0\n{root}"),
        format!("\n0\n{root}\n"),
        format!("a\n\n{root}\n"),
        "a\n0\n\n".into(),
        format!("a\n0\n{root}\n\n"),
        format!("a\n0\n{root}\nb\n\n"),
        format!("a\n0\n{root}\n\nb\n"),
    ] {
        refuse(&text, CheckpointError::Lines);
    }
    for size in ["+1", "-1", "01", "00", " 1", "1 ", "1\r", "0x1", "1.0", "1_000", "a", "１"] {
        refuse(&format!("a\n{size}\n{root}\n"), CheckpointError::Size(NumberError::NotCanonical));
    }
    for size in ["9223372036854775808", "18446744073709551616"] {
        refuse(&format!("a\n{size}\n{root}\n"), CheckpointError::Size(NumberError::OutOfRange));
    }
    let largest = Checkpoint::parse_text(&format!("a\n9223372036854775807\n{root}\n")).unwrap();
    assert_eq!(largest.head.size, TreeSize::MAX);
    for bad in [
        root.trim_end_matches('=').to_owned(),
        format!("{root}="),
        format!(" {root}"),
        format!("{root} "),
        format!("{root}\r"),
        root.replace('/', "_"),
        root.replace("FU=", "FV="),
        EMPTY_ROOT.to_string(),
    ] {
        refuse(&format!("a\n0\n{bad}\n"), CheckpointError::Root(HashError::Base64));
    }
    refuse("a\n0\nAAAA\n", CheckpointError::Root(HashError::Length(3)));
}

#[test]
fn size_is_bounded() {
    let long =
        |length| format!("{ORIGIN}\n0\n{}\n{}\n", EMPTY_ROOT.to_base64(), "a".repeat(length));
    let rest = signed(&long(0).replace("\n\n", "\n")).len() + 1;
    let largest = signed(&long(CHECKPOINT_BYTES_MAX - rest));
    assert_eq!(largest.len(), CHECKPOINT_BYTES_MAX);
    assert!(SignedCheckpoint::parse(&largest).is_ok());
    let larger = signed(&long(CHECKPOINT_BYTES_MAX - rest + 1));
    let error = CheckpointError::TooLarge(CHECKPOINT_BYTES_MAX + 1);
    assert_eq!(SignedCheckpoint::parse(&larger), Err(error));
}

#[test]
fn origins() {
    let longest = "é".repeat(127) + "a";
    for good in ["a", ORIGIN, "example.com/a-b_c~d?e", "日本", &longest] {
        let origin: Origin = good.parse().unwrap();
        assert_eq!((origin.as_str(), origin.to_string().as_str()), (good, good));
        assert_eq!(origin.key_name().as_str(), good);
    }
    let too_long = "é".repeat(128);
    for bad in ["", " ", "a b", "a\u{2028}b", "a\u{3000}", "a+b", "a\n", "a\tb", "a\0", &too_long] {
        assert_eq!(bad.parse::<Origin>(), Err(OriginError), "{bad:?}");
    }
}

proptest! {
    #[test]
    fn texts_come_back(
        origin in r"[^\x00-\x1f]{1,30}",
        size in 0..1_u64 << 63,
        root in any::<[u8; 32]>(),
        extensions in prop::collection::vec(r"[^\x00-\x1f]{1,20}", 0..3),
    ) {
        let head = TreeHead { size: TreeSize::new(size).unwrap(), root: root.into() };
        let checkpoint = Checkpoint { origin, head, extensions };
        prop_assert_eq!(Checkpoint::parse_text(&checkpoint.to_text()), Ok(checkpoint));
    }

    #[test]
    fn what_parses_prints_as_it_was(text in r"(a|b c)?\n[0-9+]{1,20}\n[A-Za-z0-9+/]{41,43}=\n(x\n|\n)?(y)?") {
        if let Ok(checkpoint) = Checkpoint::parse_text(&text) {
            prop_assert_eq!(checkpoint.to_text(), text);
        }
    }

    #[test]
    fn no_bytes_make_the_parser_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), text in any::<String>()) {
        let _ = SignedCheckpoint::parse(&bytes);
        let _ = Checkpoint::parse_text(&text);
        let _ = text.parse::<Origin>();
    }

    #[test]
    fn no_bit_of_a_checkpoint_is_free(bit in 0..SUMDB.len() * 8) {
        let mut bytes = SUMDB.as_bytes().to_vec();
        bytes[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(open_checkpoint(&bytes, SUMDB_ORIGIN, &[SUMDB_KEY.parse().unwrap()]).is_err());
    }
}
