//! The examples, against a log that one of them writes.

#[path = "../../src/examples/prove_entry.rs"]
#[allow(dead_code)]
mod prove_entry;
#[path = "../../src/examples/run_writer.rs"]
#[allow(dead_code)]
mod run_writer;
#[path = "../../src/examples/search_artifact.rs"]
#[allow(dead_code)]
mod search_artifact;
#[path = "../../src/examples/verify_bundle.rs"]
#[allow(dead_code)]
mod verify_bundle;

use std::path::Path;
use std::sync::Arc;

use fasti::client::artifact::ArtifactFile;
use fasti::client::fetch::DirectoryFetch;
use fasti::client::private_key::PrivateKey;
use fasti::client::submit::{Submitted, submit};
use fasti::client::trust::Trust;
use fasti::clock::SystemClock;
use fasti::egress::Redirects;
use fasti::entry::Bundle;
use fasti::formats::NoteSigningKey;
use fasti::lookup::{Builder, IndexContext, LookupConfig};
use fasti::metrics::LookupMetrics;
use fasti::offload::Workers;
use fasti::signer::{FileSigner, LookupSigner, Signer};
use fasti::store::{DirectoryOptions, DirectoryStore};
use p256::pkcs8::{EncodePrivateKey as _, EncodePublicKey as _};
use pem_rfc7468::{LineEnding, encode_string};
use tokio::net::TcpListener;

/// Builds the lookup index of the log in `directory`, as `fasti index` does.
async fn index(directory: &Path, signer: Arc<dyn Signer>) {
    let store = DirectoryStore::open(directory, DirectoryOptions::default());
    let store = Arc::new(store.expect("no writer has it open"));
    let site = IndexContext {
        cosigners: None,
        log: Arc::new(DirectoryFetch::open(directory.to_owned()).expect("the directory is there")),
        trust: Trust::in_keys([signer.verifier_key()]),
        origin: signer.origin().clone(),
        objects: store.clone(),
        housekeeping: Some(store),
        signer: Arc::new(LookupSigner::new(signer).expect("the origin is short")),
        clock: Arc::new(SystemClock),
        metrics: Arc::new(LookupMetrics::default()),
        workers: Workers::processors(),
        config: LookupConfig::default(),
    };
    Builder::open(site).await.expect("opens").catch_up().await.expect("indexes");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_writes_the_others_verify() {
    let home = tempfile::tempdir().expect("a directory");
    let (artifact, log) = (home.path().join("artifact"), home.path().join("log"));
    std::fs::write(&artifact, "an artifact").expect("is written");
    let key = p256::SecretKey::from_slice(&[7; 32]).expect("a key");
    let pem = |label, der: &[u8]| encode_string(label, LineEnding::LF, der).expect("is encoded");
    let private = pem("PRIVATE KEY", key.to_pkcs8_der().expect("is encoded").as_bytes());
    let public = key.public_key().to_public_key_der().expect("is encoded");
    let public = pem("PUBLIC KEY", public.as_bytes());
    let private = PrivateKey::from_pem(private.as_bytes()).expect("is read");
    let signed = private.sign(&ArtifactFile::new(&artifact)).expect("signs");

    let origin: fasti::formats::Origin = "log.test".parse().expect("an origin");
    let log_key = NoteSigningKey::from_seed(origin.key_name(), &[9; 32]);
    let signer: Arc<dyn Signer> = Arc::new(FileSigner::new(origin, log_key));
    let vkey = signer.verifier_key().to_string();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let submitting = async {
        let url = url.parse().expect("a URL");
        let submitted = submit(&url, Redirects::default(), &signed).await.expect("is logged");
        drop(stop);
        submitted
    };
    let stopped = async { drop(stopped.await) };
    let running = run_writer::run(&log, signer.clone(), listener, stopped);
    let (ran, submitted) = tokio::join!(running, submitting);
    ran.expect("the writer runs and stops");
    let Submitted::Logged { entry, .. } = submitted else { panic!("it is new") };

    let bundle = Bundle::for_signed_digest(&signed, *entry).to_json();
    let artifact = artifact.to_str().expect("UTF-8");
    let proved = verify_bundle::verify(artifact, &bundle, public.as_bytes(), &vkey);
    assert!(proved.expect("verifies").iter().any(|sentence| sentence.contains("log.test")));
    assert!(verify_bundle::verify("Cargo.toml", &bundle, public.as_bytes(), &vkey).is_err());

    let log_place = log.to_str().expect("UTF-8");
    let (_, proof) = prove_entry::read(log_place, &vkey, 0).await.expect("is proved");
    assert!(proof.starts_with("c2sp.org/tlog-proof@v1\n"), "{proof}");
    assert!(prove_entry::read(log_place, &vkey, 1).await.is_err());

    index(&log, signer).await;
    let answer = search_artifact::find(log_place, &vkey, artifact).await.expect("is searched");
    assert!(answer.complete && answer.index.is_some());
    assert_eq!(answer.entries.len(), 1);
    let none = search_artifact::find(log_place, &vkey, "Cargo.toml").await.expect("is searched");
    assert!(none.complete && none.entries.is_empty());
}
