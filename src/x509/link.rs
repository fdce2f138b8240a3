//! A certificate as a link of a chain: what it says of itself, of the one above it and of those
//! below it (RFC 5280, section 6.1).

use const_oid::db::rfc5280::{ANY_EXTENDED_KEY_USAGE, ID_KP_CODE_SIGNING, ID_KP_TIME_STAMPING};

use super::chain_algorithm::ChainAlgorithm;
use super::chain_error::ChainError;
use super::constrained::ConstrainedNames;
use super::constraint::NameConstraints;
use super::extension::{
    self, AUTHORITY_KEY_ID, BASIC_CONSTRAINTS, KEY_USAGE, NAME_CONSTRAINTS, POLICY_CONSTRAINTS,
    POLICY_MAPPINGS, SUBJECT_ALT_NAME, SUBJECT_KEY_ID,
};
use super::primitives;
use super::x509::X509;

/// Whether a certificate stands at the top of a chain or below.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Anchor,
    Intermediate,
}

/// What the certificates of a chain must be for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    Code,
    Timestamps,
    /// Whatever they are for, even issuing certificates.
    Any,
}

impl Purpose {
    /// What is wrong with a certificate that is for something else.
    fn objection(self) -> ChainError {
        match self {
            Self::Code | Self::Any => ChainError::Purpose,
            Self::Timestamps => ChainError::TimestampPurpose,
        }
    }
}

/// A link of a chain.
#[derive(Clone, Debug)]
pub(super) struct Link {
    pub(super) der: Vec<u8>,
    pub(super) subject: Vec<u8>,
    pub(super) issuer: Vec<u8>,
    pub(super) subject_key_id: Vec<u8>,
    pub(super) authority_key_id: Vec<u8>,
    pub(super) public_key: Vec<u8>,
    /// The value of the extension.
    alternative_names: Option<Vec<u8>>,
    /// Its first and last second, relative to 1970; can be negative.
    validity: [i64; 2],
    issuing: Issuing,
    /// What it is for, as far as its extended key usage restricts it.
    purposes: Vec<Purpose>,
    is_understood: bool,
    /// Whether it has rules about policies. Without them, no chain fails because of policies.
    rules_policies: bool,
    constraints: Option<NameConstraints>,
    /// `None` if they cannot be compared with constraints.
    names: Option<ConstrainedNames>,
    /// What is signed, the algorithm's identifier, and the signature.
    signed: [Vec<u8>; 3],
}

/// What a certificate says of issuing others.
#[derive(Clone, Copy, Debug)]
struct Issuing {
    /// Whether it has no basic constraints, and is of a version that could not have any.
    is_old: bool,
    is_authority: bool,
    /// How many certificates of authorities may follow, if that is limited.
    path_length: Option<u64>,
    /// Whether its key usage allows it, or it has none.
    may_sign: bool,
}

impl Link {
    pub(super) fn of(der: &[u8], read: &X509<'_>) -> Self {
        let value = |id| read.extension(id);
        let owned = |value: Option<&[u8]>| value.unwrap_or_default().to_vec();
        let basic = value(BASIC_CONSTRAINTS);
        let (is_authority, path_length) =
            basic.and_then(extension::authority).unwrap_or((false, None));
        let issuing = Issuing {
            is_old: basic.is_none() && read.version < 3,
            is_authority,
            path_length,
            may_sign: value(KEY_USAGE).is_none_or(extension::may_sign_certificates),
        };
        Self {
            der: der.to_vec(),
            subject: read.subject.to_vec(),
            issuer: read.issuer.to_vec(),
            subject_key_id: owned(value(SUBJECT_KEY_ID).and_then(extension::subject_key_id)),
            authority_key_id: owned(value(AUTHORITY_KEY_ID).and_then(extension::authority_key_id)),
            public_key: read.public_key.to_vec(),
            alternative_names: value(SUBJECT_ALT_NAME).map(<[u8]>::to_vec),
            validity: [read.not_before, read.not_after],
            issuing,
            purposes: purposes(read),
            is_understood: read
                .extensions
                .iter()
                .all(|extension| !extension.critical || extension::is_understood(extension)),
            rules_policies: value(POLICY_CONSTRAINTS).or(value(POLICY_MAPPINGS)).is_some(),
            constraints: value(NAME_CONSTRAINTS).and_then(|it| NameConstraints::read(it).ok()),
            names: ConstrainedNames::of(&read.names()),
            signed: [read.signed, read.algorithm, read.signature].map(<[u8]>::to_vec),
        }
    }

    /// Whether it is for issuing certificates: it says so (`CA:TRUE`), or is too old to say so, and
    /// its key usage, if it has one, allows it.
    pub(super) fn may_issue(&self) -> bool {
        (self.issuing.is_authority || self.issuing.is_old) && self.issuing.may_sign
    }

    fn is_for(&self, purpose: Purpose) -> bool {
        purpose == Purpose::Any || self.purposes.contains(&purpose)
    }

    /// Whether it is the same subject with the same key as another. In a chain, none comes twice.
    pub(super) fn is_twin_of(&self, other: &Self) -> bool {
        self.subject == other.subject
            && self.public_key == other.public_key
            && self.alternative_names == other.alternative_names
    }

    /// What is wrong if it is a signer's at this time.
    pub(super) fn objection_to_signer(&self, purpose: Purpose, time: i64) -> Option<ChainError> {
        let [first, last] = self.validity;
        if !self.is_understood {
            Some(ChainError::CriticalExtension)
        } else if !(first..=last).contains(&time) {
            Some(ChainError::Expired)
        } else if self.issuing.is_authority && purpose != Purpose::Any {
            Some(ChainError::Authority)
        } else if !self.is_for(purpose) {
            Some(purpose.objection())
        } else {
            None
        }
    }

    /// What is wrong if it stands above `below` certificates of authorities in a chain that must
    /// hold in all of a span of time.
    pub(super) fn objection(
        &self,
        place: Place,
        purpose: Purpose,
        [first, last]: [i64; 2],
        below: usize,
    ) -> Option<ChainError> {
        let is_permitted = place == Place::Anchor || self.issuing.is_authority;
        if !self.is_understood {
            Some(ChainError::CriticalExtension)
        } else if first < self.validity[0] || self.validity[1] < last {
            Some(ChainError::Validity)
        } else if !is_permitted || !self.may_issue() {
            Some(ChainError::MayNotIssue)
        } else if self.issuing.path_length.is_some_and(|most| below as u64 > most) {
            Some(ChainError::PathLength)
        } else if !self.is_for(purpose) {
            Some(purpose.objection())
        } else {
            None
        }
    }

    /// What is wrong if another certificate is said to be its issuer's.
    pub(super) fn objection_to_issuer(&self, issuer: &Self) -> Option<ChainError> {
        let [message, identifier, signature] = &self.signed;
        let Some((algorithm, key)) = ChainAlgorithm::of(&issuer.public_key, identifier) else {
            return Some(ChainError::Algorithm);
        };
        let is_made = match signature.as_slice() {
            [0, signature @ ..] => primitives::signed(algorithm, key, message, signature),
            _ => false,
        };
        (!is_made).then_some(ChainError::Signature)
    }
}

/// What is wrong with a chain as a whole, from the signer up to the anchor.
pub(super) fn objection_to_chain(chain: &[&Link]) -> Option<ChainError> {
    let Some((_, below)) = chain.split_last() else { return Some(ChainError::UnknownIssuer) };
    if below.iter().any(|link| link.rules_policies) {
        return Some(ChainError::Policy);
    }
    let holds = chain.iter().enumerate().all(|(place, link)| {
        let above = chain[place + 1..].iter().filter_map(|above| above.constraints.as_ref());
        let mut constraints = above.peekable();
        // Names that nobody constrains may have any form.
        constraints.peek().is_none()
            || link.alternative_names.is_none()
            || link.names.as_ref().is_some_and(|names| constraints.all(|it| it.allow(names)))
    });
    (!holds).then_some(ChainError::NameConstraint)
}

/// What a certificate is for, as far as its extended key usage restricts it.
fn purposes(certificate: &X509<'_>) -> Vec<Purpose> {
    let said = certificate.purposes();
    let says = |id: &[u8]| said.as_ref().is_none_or(|said| said.contains(&id));
    let all = [(Purpose::Code, ID_KP_CODE_SIGNING), (Purpose::Timestamps, ID_KP_TIME_STAMPING)];
    let is_for_any = says(ANY_EXTENDED_KEY_USAGE.as_bytes());
    let stated = all.into_iter().filter(|(_, id)| is_for_any || says(id.as_bytes()));
    stated.map(|(purpose, _)| purpose).collect()
}
