//! `fasti search`: which entries have an artifact, a key, an identity, a UUID; and that these are all.

use std::path::PathBuf;

use anyhow::{Context as _, anyhow, bail, ensure};
use clap::{ArgGroup, Args, ValueEnum};
use fasti::client::artifact::ArtifactFile;
use fasti::client::fetch::Location;
use fasti::client::monitor::{Monitor, MonitorError};
use fasti::client::search::{
    self, Answer, FollowError, Follower, LIMIT_DEFAULT, News, Operator, Question, SCAN_DEFAULT,
    SearchError, Term,
};
use fasti::entry::{ArtifactHasher, HashAlgorithm, LookupTerm};
use tiles_spec::{Hash, VerifierKey};

use crate::failure::{Failure, in_words, refused_if};
use crate::files;
use crate::globals::Globals;
use crate::memory::half_known;
use crate::output::Output;

mod found;

#[derive(Args)]
#[command(group = ArgGroup::new("what").required(true).multiple(true)
    .args(["artifact", "sha", "public_key", "email", "identity", "uuid"]))]
pub struct Arguments {
    /// Entries about this artifact, by its SHA-256, SHA-384 and SHA-512
    #[arg(long, value_name = "FILE")]
    artifact: Vec<PathBuf>,
    /// Entries about the artifact, payload or envelope with this digest, in hex
    #[arg(long, value_name = "[sha256:]HEX", alias = "artifact_hash")]
    sha: Vec<String>,
    /// Entries that this key has signed; of a certificate its key counts (PEM or DER)
    #[arg(long, value_name = "FILE", alias = "public_key")]
    public_key: Vec<PathBuf>,
    /// Entries with a certificate for this email address
    #[arg(long, value_name = "ADDRESS")]
    email: Vec<String>,
    /// The same for any identity that a certificate can have, such as a workflow's URL
    #[arg(long, value_name = "NAME", alias = "subject")]
    identity: Vec<String>,
    /// Only identities on the word of this OIDC issuer
    #[arg(long, value_name = "URL")]
    issuer: Option<String>,
    /// The entry with this UUID: its leaf hash, in 64 hex digits, or 80 with a tree's before it
    #[arg(long, value_name = "HEX")]
    uuid: Vec<String>,
    /// Whether an entry needs one of these or all
    #[arg(long, value_enum, default_value = "or")]
    operator: Combined,
    /// Most entries to print: the newest
    #[arg(long, value_name = "N", default_value_t = LIMIT_DEFAULT)]
    limit: usize,
    /// Most leaves to search one by one, where the index does not have them yet
    #[arg(long, value_name = "N", default_value_t = SCAN_DEFAULT)]
    scan_max: u64,
    /// The index is not beside the log, but below `lookup/` here: a URL, bucket or directory
    #[arg(long, value_name = "URL|DIR")]
    index: Option<Location>,
    /// The index is somebody else's: the verifier key that signs it
    #[arg(long, value_name = "NAME+ID+KEY")]
    lookup_key: Option<VerifierKey>,
    /// Print only what is new since the last time, which is remembered in this directory
    ///
    /// Log and index have to prove that they have grown from what they were.
    #[arg(long, value_name = "DIR")]
    follow: Option<PathBuf>,
    /// Only x509 is known here; accepted for scripts that name it
    #[arg(long, value_parser = ["x509"], hide = true, alias = "pki_format")]
    pki_format: Option<String>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Combined {
    /// One of them
    Or,
    /// All of them
    And,
}

pub async fn run(globals: &Globals, arguments: &Arguments) -> Result<Output, Failure> {
    let mut trust = globals.trust()?;
    trust.indexers.extend(arguments.lookup_key.clone());
    let question = arguments.question()?;
    let fetch = globals.log_and_index(arguments.index.as_ref())?;
    let Some(directory) = &arguments.follow else {
        let answer = search::search(fetch, &trust, &question).await;
        let answer = refused_if(answer, SearchError::is_refusal)?;
        return Ok(output(&answer, arguments.lookup_key.as_ref(), None));
    };
    let indexer = arguments.lookup_key.as_ref();
    let news = Follower::new(directory.clone()).news(fetch.clone(), &trust, &question).await;
    // What cannot be read is as if it was never written: all of the answer is new.
    if let Err(FollowError::Monitor(error @ MonitorError::Io { .. })) = news {
        let answer = search::search(fetch, &trust, &question).await;
        let answer = refused_if(answer, SearchError::is_refusal)?;
        return Ok(output(&answer, indexer, Some(true)).warn([forgotten("read", &error)]));
    }
    let news: News = refused_if(news, FollowError::is_refusal)?;
    let namesake = Monitor::new(directory.clone()).namesake(news.answer.log.log());
    let namesake = namesake.filter(|_| news.is_first).map(|known| half_known(&known));
    let output = output(&news.answer, indexer, Some(news.is_first)).warn(namesake);
    Ok(output.then(move || match news.remember() {
        Ok(()) => Vec::new(),
        Err(error) => vec![forgotten("remembered", &error)],
    }))
}

fn forgotten(what: &str, error: &MonitorError) -> String {
    format!(
        "the news cannot be {what}, and will come again: {}; name another directory with --follow",
        in_words(error)
    )
}

/// An answer in both forms. That nothing was found is known only if everything was searched.
fn output(answer: &Answer, indexer: Option<&VerifierKey>, is_first: Option<bool>) -> Output {
    let output = Output::good(found::lines(answer, indexer, is_first), found::json(answer));
    let knows = answer.unsearched == 0 || !answer.entries.is_empty();
    if knows { output } else { output.with_status(2) }
}

impl Arguments {
    fn question(&self) -> anyhow::Result<Question> {
        let mut terms = Vec::new();
        for path in &self.artifact {
            terms.push(artifact(path)?);
        }
        for digest in &self.sha {
            terms.push(read_digest(digest)?.into());
        }
        for path in &self.public_key {
            let key = files::read_key(path)?.public_key();
            let key = key.with_context(|| path.display().to_string())?;
            terms.push(LookupTerm::of_public_key(key.spki_der()).into());
        }
        terms.extend(self.email.iter().chain(&self.identity).map(|name| self.identity(name)));
        ensure!(
            self.issuer.is_none() || !(self.email.is_empty() && self.identity.is_empty()),
            "--issuer goes with --email or --identity"
        );
        for uuid in &self.uuid {
            terms.push(read_uuid(uuid)?.into());
        }
        let operator = match self.operator {
            Combined::Or => Operator::Or,
            Combined::And => Operator::And,
        };
        let (limit, scan_max) = (self.limit, self.scan_max);
        Ok(Question { limit, scan_max, ..Question::new(terms, operator) })
    }

    fn identity(&self, name: &str) -> Term {
        let identity = name.to_owned();
        match &self.issuer {
            None => LookupTerm::Identity(identity).into(),
            Some(issuer) => {
                LookupTerm::IdentityOfIssuer { identity, issuer: issuer.clone() }.into()
            }
        }
    }
}

/// An artifact by all digests that an entry may have of it; the file is read once.
fn artifact(path: &PathBuf) -> anyhow::Result<Term> {
    let mut hashers = HashAlgorithm::ALL.map(ArtifactHasher::new);
    ArtifactFile::new(path)
        .read_pieces(|piece| hashers.iter_mut().for_each(|hasher| hasher.update(piece)))
        .with_context(|| format!("cannot read {}", path.display()))?;
    let digest = |hasher: ArtifactHasher| LookupTerm::Digest(hasher.finish().as_bytes().to_vec());
    Ok(Term { any_of: hashers.map(digest).into() })
}

/// A digest in hex, with or without the name of its hash.
fn read_digest(text: &str) -> anyhow::Result<LookupTerm> {
    let (name, digits) = match text.split_once(':') {
        Some((name, digits)) => (Some(name), digits),
        None => (None, text),
    };
    let bytes = hex::decode(digits).with_context(|| format!("{text:?} is not a digest in hex"))?;
    let mut hashes = HashAlgorithm::ALL.into_iter();
    let by_name = |hash: &HashAlgorithm| match name {
        Some(name) => name.eq_ignore_ascii_case(short_name(*hash)),
        None => hash.digest_len() == bytes.len(),
    };
    match (hashes.find(by_name), name) {
        (Some(hash), _) if hash.digest_len() == bytes.len() => Ok(LookupTerm::Digest(bytes)),
        (Some(hash), _) => {
            let digits = 2 * hash.digest_len();
            Err(anyhow!("{text:?}: a digest of {} has {digits} hex digits", short_name(hash)))
        }
        (None, Some(name)) => bail!("{name:?} is none of sha256, sha384, sha512"),
        (None, None) => bail!(
            "{text:?} is no digest of SHA-256, SHA-384 or SHA-512: those have 64, 96 and 128 hex digits"
        ),
    }
}

fn short_name(hash: HashAlgorithm) -> &'static str {
    match hash {
        HashAlgorithm::Sha256 => "sha256",
        HashAlgorithm::Sha384 => "sha384",
        HashAlgorithm::Sha512 => "sha512",
    }
}

/// A leaf hash, alone or behind the 16 digits of a tree, as Rekor v1 writes it.
fn read_uuid(text: &str) -> anyhow::Result<LookupTerm> {
    let bytes = hex::decode(text).with_context(|| format!("{text:?} is not a UUID in hex"))?;
    let leaf: Option<[u8; 32]> = match bytes.len() {
        32 | 40 => bytes[bytes.len() - 32..].try_into().ok(),
        _ => None,
    };
    let leaf = leaf.with_context(|| format!("{text:?} is no UUID: those have 64 or 80 digits"))?;
    Ok(LookupTerm::Leaf(Hash::from(leaf)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_and_uuids_in_all_spellings() {
        let hex = "ab".repeat(32);
        let digest = LookupTerm::Digest(vec![0xab; 32]);
        for text in [hex.clone(), format!("sha256:{hex}"), format!("SHA256:{}", hex.to_uppercase())]
        {
            assert_eq!(read_digest(&text).unwrap(), digest);
        }
        assert_eq!(read_digest(&"ab".repeat(48)).unwrap(), LookupTerm::Digest(vec![0xab; 48]));
        let sha512 = format!("sha512:{}", "ab".repeat(64));
        assert_eq!(read_digest(&sha512).unwrap(), LookupTerm::Digest(vec![0xab; 64]));
        for (bad, reason) in [
            (format!("sha512:{hex}"), "128"),
            (format!("sha1:{}", "ab".repeat(20)), "none of"),
            ("ab".repeat(20), "64, 96"),
            (hex.replace('a', "x"), "hex"),
            (String::new(), "64, 96"),
        ] {
            let error = format!("{:#}", read_digest(&bad).unwrap_err());
            assert!(error.contains(reason), "{error}");
        }
        let leaf = LookupTerm::Leaf(Hash::from([0xab; 32]));
        assert_eq!(read_uuid(&hex).unwrap(), leaf);
        assert_eq!(read_uuid(&format!("0123456789abcdef{hex}")).unwrap(), leaf);
        assert!(read_uuid(&hex[1..]).is_err() && read_uuid(&hex[2..]).is_err());
    }
}
