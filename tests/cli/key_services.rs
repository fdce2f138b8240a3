//! Logs whose key is in a key service: when it works, when it fails, and when it is away.

use std::time::{Duration, Instant};

use fasti_buckets::{S3Options, S3Server};
use tokio::runtime::Runtime;

use crate::key_service::{Account, Fault, KEY_NAME, Key, KeyService, service_account};
use crate::log_keys::live;
use crate::world::{ORIGIN, World};

/// A service, and the writer's settings for it.
struct Cloud {
    service: KeyService,
    key: String,
    variables: Vec<(String, String)>,
}

impl Cloud {
    fn aws(key: Key) -> Self {
        let account = Account::new("writer", "a secret of the tests");
        let variables = account.variables().map(|(name, value)| (name.into(), value.into()));
        let url = format!("awskms:///{}", account.key_id);
        let service = KeyService::aws(account, key);
        Self { service, key: url, variables: variables.to_vec() }
    }

    fn gcp(world: &World, key: Key) -> Self {
        let service = KeyService::gcp(key);
        world.write("account.json", service_account(&service.url()));
        let account = world.path("account.json").display().to_string();
        let variables = vec![("GOOGLE_APPLICATION_CREDENTIALS".into(), account)];
        Self { service, key: format!("gcpkms://{KEY_NAME}"), variables }
    }

    fn variables(&self) -> Vec<(&str, &str)> {
        self.variables.iter().map(|(name, value)| (&**name, &**value)).collect()
    }

    fn flags<'a>(&'a self, url: &'a str) -> [&'a str; 4] {
        ["--key", &self.key, "--kms-endpoint", url]
    }

    /// Starts a writer on `log/`.
    fn start(&self, world: &mut World) {
        let url = self.service.url();
        let flags = [&["--store", "log", "--accept-opaque"], &self.flags(&url)[..]].concat();
        world.start_with(&self.variables(), &flags);
    }

    fn refused(&self, world: &World, reason: &str) {
        let url = self.service.url();
        let flags = [&["--store", "log"], &self.flags(&url)[..]].concat();
        let said = world.start_refused(&self.variables(), &flags);
        assert!(said.contains(reason), "{said}");
        assert!(!said.contains("a secret of the tests") && !said.contains("a-token"), "{said}");
    }
}

/// The verifier key of a log with that key.
pub fn vkey(key: &Key) -> String {
    use tiles_spec::{EcdsaSigningKey, NoteSigningKey};
    let name = ORIGIN.parse().expect("a key name");
    match key {
        Key::P256(key) => {
            use p256::pkcs8::EncodePrivateKey as _;
            let der = p256::SecretKey::from(&**key).to_pkcs8_der().expect("it has a form");
            let key = EcdsaSigningKey::from_pkcs8_der(name, der.as_bytes()).expect("a key");
            key.verifier_key().to_string()
        }
        Key::Ed25519(key) => {
            NoteSigningKey::from_seed(name, key.as_bytes()).verifier_key().to_string()
        }
        Key::Other => panic!("no log has such a key"),
    }
}

/// Both services with both kinds of key, each log in its own world.
fn every_cloud() -> Vec<(World, Cloud)> {
    let mut clouds = Vec::new();
    for key in [Key::p256, Key::ed25519] {
        for is_aws in [true, false] {
            let mut world = World::new();
            world.trust(&vkey(&key(7)));
            let cloud = if is_aws { Cloud::aws(key(7)) } else { Cloud::gcp(&world, key(7)) };
            clouds.push((world, cloud));
        }
    }
    clouds
}

#[test]
fn a_log_lives_on_every_service_with_every_kind_of_key() {
    for (mut world, cloud) in every_cloud() {
        let url = cloud.service.url();
        live(&mut world, &cloud.variables(), &cloud.flags(&url));
        assert!(cloud.service.signed() > 4);
    }
}

/// Nothing of the key is on this machine except what it has signed.
#[test]
fn what_a_service_has_signed_is_remembered() {
    for (mut world, cloud) in every_cloud() {
        cloud.start(&mut world);
        world.add(["an entry".to_owned()]);
        world.stop();
        std::fs::remove_dir_all(world.path("log")).expect("removed");
        cloud.refused(&world, "rolled back");
    }
}

#[test]
fn what_passes_is_waited_for() {
    use Fault::{Broken, Silent, Throttled, Unconfirmed, WrongChecksum};
    for (mut world, cloud) in every_cloud() {
        cloud.start(&mut world);
        world.add(["before".to_owned()]);
        cloud.service.order([Throttled, Broken, Throttled]);
        world.add(["during".to_owned()]);
        cloud.service.order([Silent]);
        world.add(["slowly".to_owned()]);
        if cloud.key.starts_with("gcpkms") {
            cloud.service.order([WrongChecksum, Unconfirmed]);
            world.add(["damaged on the way".to_owned()]);
        }
        assert_eq!(cloud.service.ordered(), 0);
        world.stop();
        world.fasti(&["fsck"]).good();
    }
}

#[test]
fn a_wrong_signature_ends_the_writer_and_not_the_log() {
    for (mut world, cloud) in every_cloud() {
        cloud.start(&mut world);
        world.add(["before".to_owned()]);
        let before = world.read("log/checkpoint");
        cloud.service.order([Fault::WrongSignature]);
        let answer = world.offer("with a wrong signature");
        assert!(!answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert_eq!(world.wait(), Some(1));
        assert_eq!(world.read("log/checkpoint"), before, "nothing of it was published");
        // A correct signature completes what was committed.
        cloud.start(&mut world);
        world.add(["after".to_owned()]);
        world.stop();
        let head = world.fasti(&["loginfo"]).good();
        assert!(head.contains("Active Tree Size:  3"), "{head}");
        world.fasti(&["fsck"]).good();
    }
}

#[test]
fn a_service_that_says_no_is_quoted() {
    for (mut world, cloud) in every_cloud() {
        cloud.start(&mut world);
        cloud.service.order([Fault::Denied; 8]);
        let answer = world.offer("denied");
        assert!(!answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert_eq!(world.wait(), Some(1), "a writer without peers stops; it is started again");
        cloud.refused(&world, "refuses to sign");
        cloud.service.heal();
        cloud.start(&mut world);
        world.add(["after".to_owned()]);
        world.stop();
        world.fasti(&["fsck"]).good();
    }
}

/// Of several writers none halts: the leader retries until the service is back.
#[test]
fn writers_on_a_bucket_outlast_the_service() {
    let runtime = Runtime::new().expect("a runtime");
    let bucket = runtime.block_on(S3Server::start(S3Options::default())).expect("it listens");
    let mut world = World::new();
    let key = Key::p256(7);
    world.trust(&vkey(&key));
    let cloud = Cloud::aws(key);
    let (url, bucket_url) = (cloud.service.url(), bucket.url());
    let flags = [
        &["--store", "s3://log/log", "--store-endpoint", &bucket_url, "--accept-opaque"],
        &cloud.flags(&url)[..],
    ]
    .concat();
    let said = world.start_refused(&cloud.variables(), &flags);
    assert!(said.contains("give each of them the same --peer-secret FILE"), "{said}");

    world.write("secret", "0123456789abcdef0123456789abcdef\n");
    world.start_with(&cloud.variables(), &[&flags[..], &["--peer-secret", "secret"]].concat());
    world.add(["before".to_owned()]);
    cloud.service.order([Fault::Denied; 3]);
    let began = Instant::now();
    world.add(["over several terms".to_owned()]);
    assert_eq!(cloud.service.ordered(), 0);
    assert!(began.elapsed() < Duration::from_mins(1));
    world.add(["after".to_owned()]);
    world.stop();
    assert!(bucket.objects().keys("log/tile/").len() > 1);
}

#[test]
fn keys_and_addresses_that_are_of_no_use() {
    let world = World::new();
    Cloud::aws(Key::Other).refused(&world, "the key is of kind RSA_2048");
    Cloud::gcp(&world, Key::Other).refused(&world, "of kind RSA_SIGN_PSS_2048_SHA256");

    let mut stranger = Cloud::aws(Key::p256(7));
    stranger.variables[1].1 = "another secret".to_owned();
    stranger.refused(&world, "IncompleteSignatureException: the signature does not match");
    let mut elsewhere = Cloud::aws(Key::p256(7));
    elsewhere.key = "awskms:///alias/another".to_owned();
    elsewhere.refused(&world, "NotFoundException");
    let mut elsewhere = Cloud::gcp(&world, Key::p256(7));
    elsewhere.key = elsewhere.key.replace("the-log", "another");
    elsewhere.refused(&world, "NOT_FOUND: no such key");
    let mut nobody = Cloud::gcp(&world, Key::p256(7));
    world.write("none.json", "{}");
    nobody.variables[0].1 = world.path("none.json").display().to_string();
    nobody.refused(&world, "no credentials");

    let open = ["--store", "log", "--key", "awskms:///k", "--kms-endpoint", "http://kms.example"];
    let said = world.start_refused(&[("AWS_REGION", "x")], &open);
    assert!(said.contains("http:// is only for this machine"), "{said}");
    assert!(!world.path("log/checkpoint").exists(), "a log was started");
}
