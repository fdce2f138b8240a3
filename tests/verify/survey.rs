//! A survey of bundles that other projects publish: which verify, and why the others do not.
//!
//! FASTI_BUNDLES names a directory. Every bundle in the files below it is judged by every trusted
//! root that is found there, and in the directory of the real data; one root is enough. The
//! artifact is the file beside it whose name the bundle's continues, or else what the bundle says:
//! its digest, or the payload of its envelope. The signer can be anybody whom an authority of the
//! root vouches for; a key that a bundle only hints at is looked for among the keys in the
//! directory. The table is printed, a line for each bundle. Of what verifies, no copy with another
//! signature may.

use std::path::{Path, PathBuf};

use fasti_entry::{
    ArtifactDigest, Bundle, BundleContent, Facts, PublicKey, StoredDigest, TransparencyLogEntry,
};
use fasti_read::CheckpointRefusal;
use fasti_verify::{Artifact, Demand, Refusal, TrustedRoot, Verdict, trusted_root};
use fasti_x509::pem;

/// The largest file that can be a bundle.
const BYTES_MAX: u64 = 4 << 20;

/// Whom a survey trusts, and the keys that it knows.
struct Known {
    roots: Vec<(String, TrustedRoot)>,
    keys: Vec<PublicKey>,
}

/// All files below a directory, sorted.
fn below(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut left = vec![directory.to_owned()];
    while let Some(next) = left.pop() {
        for entry in next.read_dir().unwrap_or_else(|e| panic!("{}: {e}", next.display())) {
            let path = entry.expect("an entry").path();
            if path.is_dir() { left.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    found
}

/// The roots in a file: one, or one in each line.
fn roots_in(bytes: &[u8]) -> Vec<TrustedRoot> {
    if let Ok(root) = trusted_root::read(bytes) {
        return vec![root];
    }
    bytes.split(|byte| *byte == b'\n').filter_map(|line| trusted_root::read(line).ok()).collect()
}

fn keys_in(bytes: &[u8]) -> Vec<PublicKey> {
    let keys = pem::blocks(bytes).filter(|block| block.label() == Some("PUBLIC KEY"));
    keys.filter_map(|block| PublicKey::from_spki_der(&block.der().ok()?).ok()).collect()
}

impl Known {
    fn of(data: &Path, files: &[(PathBuf, Vec<u8>)]) -> Self {
        let published = super::files(&data.join("trust"), "root.json");
        let published = published.into_iter().map(|path| (path.clone(), super::read(&path)));
        let mut known = Self { roots: Vec::new(), keys: Vec::new() };
        for (path, bytes) in published.chain(files.iter().cloned()) {
            let roots = roots_in(&bytes).into_iter();
            known.roots.extend(roots.map(|root| (path.display().to_string(), root)));
            for key in keys_in(&bytes) {
                if !known.keys.contains(&key) {
                    known.keys.push(key);
                }
            }
        }
        known
    }

    /// The best that any root says, with the number of that root.
    fn judge(
        &self,
        bundle: &Bundle,
        artifact: Option<&dyn Artifact>,
    ) -> (usize, Result<Verdict, Refusal>) {
        let needs_key = matches!(bundle.certificate(), Ok(None));
        let nobody = [None];
        let keys: Vec<_> = self.keys.iter().map(|key| Some(key.clone())).collect();
        let keys = if needs_key && !keys.is_empty() { &keys[..] } else { &nobody[..] };
        let mut best: Option<(usize, Refusal)> = None;
        for (number, (_, root)) in self.roots.iter().enumerate() {
            for key in keys {
                let demand = Demand { public_key: key.clone(), ..Demand::default() };
                match fasti_verify::bundle(bundle, artifact, root, &demand) {
                    Ok(verdict) => return (number, Ok(verdict)),
                    Err(refusal) if best.as_ref().is_none_or(|b| rank(&refusal) > rank(&b.1)) => {
                        best = Some((number, refusal));
                    }
                    Err(_) => {}
                }
            }
        }
        let (number, refusal) = best.expect("a root");
        (number, Err(refusal))
    }
}

/// How much a refusal says: least if the root is merely another.
fn rank(refusal: &Refusal) -> u8 {
    match refusal {
        Refusal::UnknownLogId { .. }
        | Refusal::Checkpoint(
            CheckpointRefusal::UnknownLog { .. } | CheckpointRefusal::OtherOrigin { .. },
        ) => 1,
        Refusal::Signature(_) => 2,
        Refusal::Authority(_) | Refusal::NoAuthorities => 3,
        Refusal::NoTrustedTime { .. } => 4,
        _ => 5,
    }
}

/// What a bundle is over, if no file beside it is.
fn stated(bundle: &Bundle) -> Option<ArtifactDigest> {
    let BundleContent::MessageSignature(message) = &bundle.content else { return None };
    message.digest.or_else(|| {
        let stored = Facts::of(&bundle.tlog_entries.first()?.canonicalized_body).digests;
        let StoredDigest { algorithm, bytes } = stored.into_iter().next()?;
        ArtifactDigest::new(algorithm?, &bytes).ok()
    })
}

/// The contents of the file whose name this one's continues.
fn beside(path: &Path) -> Option<Vec<u8>> {
    let name = path.file_name()?.to_str()?;
    let stems = name.match_indices(['.', '-']).map(|(at, _)| &name[..at]).rev();
    let mut paths = stems.map(|stem| path.with_file_name(stem)).filter(|path| path.is_file());
    std::fs::read(paths.next()?).ok()
}

/// Version, content and kinds of entries, in words.
fn form(bundle: &Bundle) -> String {
    let kind = |entry: &TransparencyLogEntry| format!("{} {}", entry.kind, entry.version);
    let kinds: Vec<_> = bundle.tlog_entries.iter().map(kind).collect();
    let content = match bundle.content {
        BundleContent::MessageSignature(_) => "signature",
        BundleContent::DsseEnvelope(_) => "envelope",
    };
    format!("{:?} {content} [{}]", bundle.version, kinds.join(", "))
}

#[test]
fn bundles_of_other_projects() {
    let (Some(data), Some(home)) = (super::data(), std::env::var_os("FASTI_BUNDLES")) else {
        return;
    };
    let home = PathBuf::from(home);
    let small = |path: &PathBuf| path.metadata().is_ok_and(|data| data.len() <= BYTES_MAX);
    let files =
        below(&home).into_iter().filter(small).map(|path| (path.clone(), super::read(&path)));
    let files: Vec<_> = files.collect();
    let known = Known::of(&data, &files);
    let (mut good, mut all) = (0, 0);
    for (path, bytes) in &files {
        let name = path.strip_prefix(&home).expect("below").display();
        let looks_like_json = bytes.trim_ascii_start().first() == Some(&b'{');
        if !looks_like_json || !roots_in(bytes).is_empty() {
            continue;
        }
        let bundles = match Bundle::parse_all(bytes) {
            Ok(bundles) => bundles,
            Err(error) => {
                println!("{name} | - | unreadable: {error}");
                all += 1;
                continue;
            }
        };
        let file = beside(path);
        for (number, bundle) in bundles.iter().enumerate() {
            let digest = stated(bundle);
            let artifact = match (&file, &digest) {
                (Some(file), _) => Some(file as &dyn Artifact),
                (None, Some(digest)) => Some(digest as &dyn Artifact),
                (None, None) => None,
            };
            let (root, judged) = known.judge(bundle, artifact);
            let (_, form) = (&known.roots[root], form(bundle));
            let given = if file.is_some() { " with its artifact" } else { "" };
            all += 1;
            match judged {
                Ok(verdict) => {
                    good += 1;
                    let times = verdict.times.len();
                    println!("{name} #{number} | {form} | verified{given}, trusted times: {times}");
                    refused_if_altered(bundle, artifact, &known.roots[root].1);
                }
                Err(refusal) => println!("{name} #{number} | {form} | refused{given}: {refusal}"),
            }
        }
    }
    println!("{good} of {all} verify");
}

/// A single bit of the signature makes the difference.
fn refused_if_altered(bundle: &Bundle, artifact: Option<&dyn Artifact>, root: &TrustedRoot) {
    let mut altered = bundle.clone();
    let signature = match &mut altered.content {
        BundleContent::MessageSignature(message) => &mut message.signature,
        BundleContent::DsseEnvelope(envelope) => &mut envelope.signatures[0].sig,
    };
    *signature.last_mut().expect("a signature") ^= 1;
    let judged = fasti_verify::bundle(&altered, artifact, root, &Demand::default());
    assert!(judged.is_err(), "accepted with another signature");
}
