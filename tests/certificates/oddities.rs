//! Certificates with something unusual in one field, and whether Go 1.26 parses them.

mod constraints;
mod extensions;
mod fields;
mod keys;
mod names;
mod subjects;

use crate::Verdict;
use crate::der::Parts;

/// A description, the certificate, and the verdict.
pub type Oddity = (String, Parts, Verdict);

/// All odd certificates.
pub fn oddities() -> Vec<Oddity> {
    [
        vec![with("nothing unusual", Verdict::Taken, |_| {})],
        fields::numbers(),
        fields::times(),
        fields::surplus(),
        keys::keys(),
        subjects::strings(),
        subjects::distinguished_names(),
        names::alternative_names(),
        names::uris(),
        constraints::constraints(),
        extensions::keys_and_purposes(),
        extensions::policies_and_places(),
        extensions::extension_lists(),
    ]
    .concat()
}

fn with(what: &str, verdict: Verdict, change: impl FnOnce(&mut Parts)) -> Oddity {
    let mut parts = Parts::good();
    change(&mut parts);
    (what.to_owned(), parts, verdict)
}
