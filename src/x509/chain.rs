//! Did a trusted authority issue this certificate? (RFC 5280, section 6, as Go's `crypto/x509`
//! judges it for code signing), or for timestamps by the same rules.
//!
//! Checked are, from the signer up to an anchor: names, signatures, validity, who may issue, path
//! lengths, name constraints, purposes, and that no extension is critical and not understood. The
//! anchor is held to its own certificate as well.
//!
//! Where this differs from Go it is stricter, but for user names as Fulcio writes them; the table
//! in `src/docs/safety.md` ("Chains of certificates") has every difference and its reason, and
//! `tests/interop/go/certificates` compares the two, chain by chain.
//!
//! Not checked is revocation: certificates that live for minutes need none.
//!
//! The time is the caller's. A moment is a span whose ends are one.
//!
//! Invariant: at most [`CHECKS_MAX`] signatures are checked for a certificate, and no chain is
//! longer.

use super::authority::Authority;
use super::chain_error::ChainError;
use super::link::{Link, Place, Purpose, objection_to_chain};
use super::x509::X509;

/// How many signatures are checked for one certificate at most, as in Go.
const CHECKS_MAX: usize = 100;

/// The authorities that a caller trusts.
#[derive(Clone, Debug, Default)]
pub struct Authorities {
    anchors: Vec<Authority>,
    intermediates: Vec<Authority>,
}

impl Authorities {
    /// Trusts `anchors`, and through them `intermediates`.
    pub fn new(anchors: Vec<Authority>, intermediates: Vec<Authority>) -> Self {
        Self { anchors: once(anchors), intermediates: once(intermediates) }
    }

    /// Trusts every certificate of `listed` whose issuer is not listed as well, and itself if it
    /// is. The others are intermediates.
    pub fn of_list(listed: &[Authority]) -> Self {
        let is_anchor = |one: &&Authority| {
            one.subject() == one.issuer()
                || listed.iter().all(|other| other.subject() != one.issuer())
        };
        let (anchors, others): (Vec<_>, Vec<_>) = listed.iter().partition(is_anchor);
        Self::new(anchors.into_iter().cloned().collect(), others.into_iter().cloned().collect())
    }

    /// Whether nothing is trusted, so that no certificate counts.
    pub(super) fn is_without_anchor(&self) -> bool {
        self.anchors.is_empty()
    }

    /// All of them, anchors first.
    pub fn all(&self) -> impl Iterator<Item = &Authority> {
        self.anchors.iter().chain(&self.intermediates)
    }

    /// Those that have this name, a DER `Name`.
    pub fn named(&self, subject: &[u8]) -> impl Iterator<Item = &Authority> {
        self.all().filter(move |authority| authority.subject() == subject)
    }

    /// Checks that one of them issued `certificate` for code signing. Every authority in the chain
    /// must have been valid in all of `span`, the first and last second relative to 1970; the
    /// certificate itself in the first. Returns the one that issued it, which need not be an
    /// anchor.
    pub fn check(&self, certificate: &[u8], span: [i64; 2]) -> Result<&Authority, ChainError> {
        self.check_for(Purpose::Code, certificate, &[], span)
    }

    /// The same for a purpose. Certificates that were `brought` along can be intermediates, too.
    pub(super) fn check_for<'t>(
        &'t self,
        purpose: Purpose,
        certificate: &[u8],
        brought: &'t [Authority],
        span: [i64; 2],
    ) -> Result<&'t Authority, ChainError> {
        let parsed = X509::from_der(certificate).map_err(ChainError::Malformed)?;
        let signer = Link::of(certificate, &parsed);
        if let Some(error) = signer.objection_to_signer(purpose, span[0]) {
            return Err(error);
        }
        let error = ChainError::UnknownIssuer;
        let mut search = Search { trusted: self, brought, purpose, span, checks: 0, error };
        search.issuer_above(&[&signer]).ok_or(search.error)
    }
}

/// Each certificate once.
fn once(authorities: Vec<Authority>) -> Vec<Authority> {
    let mut kept: Vec<Authority> = Vec::with_capacity(authorities.len());
    for authority in authorities {
        if kept.iter().all(|other| other.link.der != authority.link.der) {
            kept.push(authority);
        }
    }
    kept
}

/// A search for a chain that holds, through all that could.
struct Search<'t> {
    trusted: &'t Authorities,
    brought: &'t [Authority],
    purpose: Purpose,
    span: [i64; 2],
    /// How many signatures have been checked.
    checks: usize,
    /// The most telling reason against a chain so far.
    error: ChainError,
}

impl<'t> Search<'t> {
    /// What stands above these links in the first chain that begins with them and holds.
    fn issuer_above(&mut self, chain: &[&Link]) -> Option<&'t Authority> {
        let (trusted, brought) = (self.trusted, self.brought);
        let (head, _) = chain.split_last()?;
        for anchor in candidates(&trusted.anchors, head) {
            if !self.fits(chain, &anchor.link, Place::Anchor) {
                continue;
            }
            match objection_to_chain(&[chain, &[&anchor.link]].concat()) {
                None => return Some(anchor),
                Some(error) => self.note(error),
            }
        }
        let listed = candidates(&trusted.intermediates, head).into_iter();
        listed.chain(candidates(brought, head)).find(|authority| {
            self.fits(chain, &authority.link, Place::Intermediate)
                && self.issuer_above(&[chain, &[&authority.link]].concat()).is_some()
        })
    }

    /// Whether a certificate can be put on top of a chain, whose head names it as its issuer.
    fn fits(&mut self, chain: &[&Link], link: &Link, place: Place) -> bool {
        if self.checks == CHECKS_MAX {
            self.note(ChainError::TooManyChecks);
            return false;
        }
        self.checks += 1;
        if chain.iter().any(|below| link.is_twin_of(below)) {
            return false;
        }
        let Some((head, authorities)) = chain.split_last() else { return false };
        let objection = head
            .objection_to_issuer(link)
            .or_else(|| link.objection(place, self.purpose, self.span, authorities.len()));
        match objection {
            None => true,
            Some(error) => {
                self.note(error);
                false
            }
        }
    }

    fn note(&mut self, error: ChainError) {
        if error.rank() > self.error.rank() {
            self.error = error;
        }
    }
}

/// Those that a certificate names as its issuer, first those that have the key that it names.
fn candidates<'t>(authorities: &'t [Authority], below: &Link) -> Vec<&'t Authority> {
    let mut named: Vec<_> =
        authorities.iter().filter(|authority| authority.subject() == below.issuer).collect();
    named.sort_by_key(|authority| {
        let (theirs, named) = (&authority.link.subject_key_id, &below.authority_key_id);
        match theirs == named {
            true => 0,
            false if theirs.is_empty() || named.is_empty() => 1,
            false => 2,
        }
    });
    named
}
