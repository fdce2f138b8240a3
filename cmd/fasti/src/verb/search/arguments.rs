//! What `fasti search` is asked: the options, as a question and whom to believe.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow, bail, ensure};
use clap::{ArgGroup, Args, ValueEnum};
use fasti::client::artifact::ArtifactFile;
use fasti::client::fetch::Location;
use fasti::client::search::{Belief, LIMIT_DEFAULT, Operator, Question, SCAN_DEFAULT, Term};
use fasti::entry::{ArtifactHasher, HashAlgorithm, IdentityKind, LookupTerm};
use fasti::rekor_v1::{KEY_FORMATS, term_of_key};
use fasti::verify::Authority;
use fasti::x509::canonical_name;
use tiles_spec::{Hash, TreeSize, VerifierKey};

use crate::files;
use crate::freshness::FreshnessFlags;

/// The format of keys in certificates, and of all keys that this program signs with.
const X509: &str = "x509";
/// The largest file with a key of another format. Roots of TUF and OpenPGP keys can be long.
const OTHER_KEY_BYTES_MAX: usize = 1 << 20;
/// The largest key at a URL.
pub(super) const KEY_BYTES_MAX: u64 = OTHER_KEY_BYTES_MAX as u64;

#[derive(Args)]
#[command(group = ArgGroup::new("what").required(true).multiple(true)
    .args(["artifact", "sha", "public_key", "email", "identity", "uuid"]))]
pub struct Arguments {
    /// Entries about this artifact, by its SHA-256, SHA-384 and SHA-512
    #[arg(long, value_name = "FILE|URL")]
    pub(super) artifact: Vec<PathBuf>,
    /// Entries about the artifact, payload or envelope with this digest, in hex
    #[arg(long, value_name = "[sha256:]HEX", alias = "artifact_hash")]
    pub(super) sha: Vec<String>,
    /// Entries signed by this key, or by the key in this certificate (PEM or DER)
    ///
    /// With another --pki-format, entries of Rekor v1 with this key.
    #[arg(long, value_name = "FILE|URL", alias = "public_key")]
    pub(super) public_key: Vec<PathBuf>,
    /// What each --public-key is: an OpenPGP key, a line of authorized_keys, the root of a TUF
    /// repository
    #[arg(long, value_name = "FORMAT", value_parser = KEY_FORMATS, default_value = X509,
        alias = "pki_format")]
    pki_format: String,
    /// Entries with a certificate or an OpenPGP key for this email address, as an email address
    #[arg(long, value_name = "ADDRESS")]
    pub(super) email: Vec<String>,
    /// Entries with a certificate for this identity of any kind: a workflow's URL, an email
    /// address, a host name, an IP address, a user name; or with this name in Rekor v1: an email
    /// address in an OpenPGP key, a TUF role
    #[arg(long, value_name = "NAME", visible_alias = "subject")]
    pub(super) identity: Vec<String>,
    /// Only identities that this OIDC issuer vouched for
    #[arg(long, value_name = "URL")]
    pub(super) issuer: Option<String>,
    /// The entry with this UUID: its leaf hash, as 64 hex digits, or 80 with a tree ID in front
    #[arg(long, value_name = "HEX")]
    pub(super) uuid: Vec<String>,
    /// Whether an entry must match one of these or all of them
    #[arg(long, value_enum, default_value = "or")]
    pub(super) operator: Combined,
    /// The most entries to print, the newest [default: 1000]
    ///
    /// With --follow, the oldest that are new, and by default all of them. Entries that somebody
    /// you trust vouches for (--trusted-root, --ca-roots) are printed in any case.
    #[arg(long, value_name = "N")]
    pub(super) limit: Option<usize>,
    /// Only entries from this index on, which is also the size of an earlier tree
    ///
    /// With --follow, where to begin the first time.
    #[arg(long, value_name = "SIZE|INDEX")]
    pub(super) since: Option<TreeSize>,
    /// Print the entries that an authority in this trusted root vouches for, and count the others
    ///
    /// An authority vouches for an entry if it issued the certificate with the name that was
    /// searched for, whenever that was used. Entries with a --public-key or --uuid need nobody.
    #[arg(long, value_name = "FILE")]
    pub(super) trusted_root: Option<PathBuf>,
    /// The same for the authority with these certificates, PEM
    #[arg(long, value_name = "FILE")]
    pub(super) ca_roots: Option<PathBuf>,
    /// Print the entries that nobody vouches for as well, after the others of a page
    #[arg(long)]
    pub(super) all: bool,
    /// The most leaves to search one by one, if they are not in the index yet
    #[arg(long, value_name = "N", default_value_t = SCAN_DEFAULT)]
    pub(super) scan_max: u64,
    /// Where the index is, if not next to the log: the URL, bucket or directory above `lookup/`
    #[arg(long, value_name = "URL|DIR")]
    pub(super) index: Option<Location>,
    /// The verifier key that signs the index, if it is not the log's
    #[arg(long, value_name = "NAME+ID+KEY")]
    pub(super) lookup_key: Option<VerifierKey>,
    /// Print only what is new since the last search, oldest first; this directory remembers it
    ///
    /// Log and index must prove that they extend what was seen last. News comes in pages of up to
    /// 1,000 entries, each remembered when it is printed.
    #[arg(long, value_name = "DIR")]
    pub(super) follow: Option<PathBuf>,
    #[command(flatten)]
    pub(super) freshness: FreshnessFlags,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum Combined {
    /// One of them
    Or,
    /// All of them
    And,
}

impl Arguments {
    /// The question, with what the files say that artifacts and keys are in.
    pub(super) fn question(
        &self,
        artifacts: &[PathBuf],
        keys: &[PathBuf],
    ) -> anyhow::Result<Question> {
        let mut terms = Vec::new();
        for path in artifacts {
            terms.push(artifact(path)?);
        }
        for digest in &self.sha {
            terms.push(read_digest(digest)?.into());
        }
        for path in keys {
            terms.push(self.public_key(path)?.into());
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
        let (limit, scan_max) = (self.limit.unwrap_or(LIMIT_DEFAULT), self.scan_max);
        let since = self.since.unwrap_or(TreeSize::ZERO);
        Ok(Question { limit, scan_max, since, ..Question::new(terms, operator) })
    }

    /// Whom the user believes about names. `None` if the user names nobody.
    pub(super) fn belief(&self, mut authorities: Vec<Authority>) -> anyhow::Result<Option<Belief>> {
        if let Some(path) = &self.ca_roots {
            authorities.push(files::read_authority(path)?);
        }
        let is_asked = self.trusted_root.is_some() || self.ca_roots.is_some();
        ensure!(is_asked || !self.all, "--all needs --trusted-root or --ca-roots");
        ensure!(
            !is_asked || !authorities.is_empty(),
            "the trusted root names no authority that issues certificates"
        );
        Ok(is_asked.then(|| Belief::in_authorities(authorities)))
    }

    fn public_key(&self, path: &Path) -> anyhow::Result<LookupTerm> {
        let name = || path.display().to_string();
        if self.pki_format == X509 {
            let key = files::read_key(path)?.public_key().with_context(name)?;
            return Ok(LookupTerm::of_public_key(key.spki_der()));
        }
        let text = files::read(path, OTHER_KEY_BYTES_MAX)?;
        term_of_key(&self.pki_format, &text).with_context(name)
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
