//! `fasti search`: finds all entries with an artifact, a key, an identity or a UUID, and proves
//! that none was left out.

use std::path::PathBuf;

use anyhow::{Context as _, anyhow, bail, ensure};
use clap::{ArgGroup, Args, ValueEnum};
use fasti::causes::with_causes;
use fasti::client::artifact::ArtifactFile;
use fasti::client::fetch::Location;
use fasti::client::monitor::{Monitor, MonitorError};
use fasti::client::search::{
    self, Answer, FollowError, Follower, LIMIT_DEFAULT, News, Operator, Question, SCAN_DEFAULT,
    SearchError, Term,
};
use fasti::entry::{ArtifactHasher, HashAlgorithm, IdentityKind, LookupTerm};
use fasti::x509::canonical_name;
use tiles_spec::{Hash, VerifierKey};

use crate::failure::{Failure, refused_if};
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
    /// Entries signed by this key, or by the key in this certificate (PEM or DER)
    #[arg(long, value_name = "FILE", alias = "public_key")]
    public_key: Vec<PathBuf>,
    /// Entries with a certificate for this email address, as an email address
    #[arg(long, value_name = "ADDRESS")]
    email: Vec<String>,
    /// Entries with a certificate for this identity of any kind: a workflow's URL, an email
    /// address, a host name, an IP address, a user name
    #[arg(long, value_name = "NAME", alias = "subject")]
    identity: Vec<String>,
    /// Only identities that this OIDC issuer vouched for
    #[arg(long, value_name = "URL")]
    issuer: Option<String>,
    /// The entry with this UUID: its leaf hash, as 64 hex digits, or 80 with a tree ID in front
    #[arg(long, value_name = "HEX")]
    uuid: Vec<String>,
    /// Whether an entry must match one of these or all of them
    #[arg(long, value_enum, default_value = "or")]
    operator: Combined,
    /// The most entries to print; the newest are printed
    #[arg(long, value_name = "N", default_value_t = LIMIT_DEFAULT)]
    limit: usize,
    /// The most leaves to search one by one, if they are not in the index yet
    #[arg(long, value_name = "N", default_value_t = SCAN_DEFAULT)]
    scan_max: u64,
    /// Where the index is, if not next to the log: the URL, bucket or directory above `lookup/`
    #[arg(long, value_name = "URL|DIR")]
    index: Option<Location>,
    /// The verifier key that signs the index, if it is not the log's
    #[arg(long, value_name = "NAME+ID+KEY")]
    lookup_key: Option<VerifierKey>,
    /// Print only what is new since the last search; this directory remembers it
    ///
    /// Log and index must prove that they extend what was seen last.
    #[arg(long, value_name = "DIR")]
    follow: Option<PathBuf>,
    /// Only x509 is supported; accepted for scripts that pass it
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
    // A state that cannot be read counts as none: the whole answer is new.
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
        Err(error) => vec![forgotten("saved", &error)],
    }))
}

fn forgotten(what: &str, error: &MonitorError) -> String {
    format!(
        "the state of this search cannot be {what}, so the same entries will be printed again: {}; \
         name another directory with --follow",
        with_causes(error)
    )
}

/// An answer in both forms. "Nothing found" is a result only if everything was searched.
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
        // Of two terms with one key the first counts, so the wider one comes first.
        terms.extend(self.identity.iter().map(|name| self.identity(&canonical_name(name))));
        terms.extend(self.email.iter().map(|name| self.email(name)));
        ensure!(
            self.issuer.is_none() || !(self.email.is_empty() && self.identity.is_empty()),
            "--issuer needs --email or --identity"
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

    fn email(&self, name: &str) -> Term {
        let (identity, issuer) = (name.to_owned(), self.issuer.clone());
        LookupTerm::IdentityOfKind { kind: IdentityKind::Email, identity, issuer }.into()
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

/// An artifact by every digest that an entry can have of it. The file is read once.
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
            Err(anyhow!("{text:?}: a {} digest has {digits} hex digits", short_name(hash)))
        }
        (None, Some(name)) => bail!("{name:?} is not a known hash: use sha256, sha384 or sha512"),
        (None, None) => bail!(
            "{text:?} is not a SHA-256, SHA-384 or SHA-512 digest: those have 64, 96 and 128 hex \
             digits"
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

/// A leaf hash, alone or after the 16 digits of a tree ID, as Rekor v1 writes it.
fn read_uuid(text: &str) -> anyhow::Result<LookupTerm> {
    let bytes = hex::decode(text).with_context(|| format!("{text:?} is not a UUID in hex"))?;
    let leaf: Option<[u8; 32]> = match bytes.len() {
        32 | 40 => bytes[bytes.len() - 32..].try_into().ok(),
        _ => None,
    };
    let leaf =
        leaf.with_context(|| format!("{text:?} is not a UUID: those have 64 or 80 hex digits"))?;
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
            (format!("sha1:{}", "ab".repeat(20)), "not a known hash"),
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
