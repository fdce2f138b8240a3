//! Checkpoints.

use super::*;
use crate::note::NoteSigningKey;

/// A head of the Go checksum database, under the key published for it.
const SUMDB: &str = "go.sum database tree\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n\
    — sum.golang.org Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n";
const SUMDB_KEY: &str = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8";

#[test]
fn a_checkpoint_of_the_go_checksum_database_opens() {
    let keys = [SUMDB_KEY.parse().unwrap()];
    let checkpoint = open_checkpoint(SUMDB.as_bytes(), "go.sum database tree", &keys).unwrap();
    assert_eq!(checkpoint.head.size.get(), 20_852_163);
    let signed = SignedCheckpoint::parse(SUMDB.as_bytes()).unwrap();
    assert_eq!(signed.to_bytes(), SUMDB.as_bytes());
    assert_eq!(signed.note().text(), signed.checkpoint().to_text());
}

#[test]
fn what_a_log_signs_opens() {
    let origin: Origin = "log.example/fasti".parse().unwrap();
    let key = NoteSigningKey::from_seed(origin.key_name(), &[7; 32]);
    let checkpoint =
        Checkpoint { origin: origin.to_string(), head: TreeHead::EMPTY, extensions: vec![] };
    let mut note = Note::unsigned(checkpoint.to_text()).unwrap();
    note.append(key.sign(note.text())).unwrap();
    let keys = [key.verifier_key().clone()];
    assert_eq!(open_checkpoint(&note.to_bytes(), origin.as_str(), &keys), Ok(checkpoint));
}
