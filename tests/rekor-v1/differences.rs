//! Where this differs from Rekor, case by case.

/// What is different.
#[derive(Clone, Copy, Debug)]
pub(super) enum Difference {
    /// Refused in these words.
    Message(&'static str),
    /// Accepted, where Rekor errs.
    Accepted,
    /// Refused in these words, where Rekor accepts.
    Refused(&'static str),
    /// Accepted with other keys for the index: Rekor's depend on the order of a map.
    Keys,
    /// Accepted with another body, as Rekor cannot read its own.
    Body,
}

use Difference::{Accepted, Body, Keys, Message, Refused};

const NO_HASH: Difference = Message(
    "error processing entry: validation failure list:\ncontent.content.hash in body is required",
);
const NO_SIGNED_PART: Difference =
    Message("error processing entry: not a document of TUF: not an object");

/// By kind and case.
const CASES: &[(&str, &str, Difference)] = &[
    (
        "alpine",
        "gen-ed25519",
        Message(
            "error processing entry: packages of Alpine Linux cannot be signed with \
             Ed25519",
        ),
    ),
    (
        "alpine",
        "gen-pkginfo-line-without-equals",
        Message(
            "error processing entry: parsing .PKGINFO: key-value delimiter not found: \
             \"just text\"",
        ),
    ),
    ("cose", "eddsa", Message("error processing entry: unsupported algorithm type Ed25519")),
    ("dsse", "signature-base64url", Body),
    (
        "hashedrekord",
        "cert-and-key",
        Message(
            "error processing entry: x509: malformed certificate: it has no signature algorithm",
        ),
    ),
    (
        "hashedrekord",
        "dsa-sha256",
        Message("error processing entry: verifying signature: unsupported public key type: DSA"),
    ),
    // Rekor answers 500 to those that are no JSON objects.
    (
        "hashedrekord",
        "json-array",
        Message("invalid type: sequence, expected a JSON object at line 1 column 1"),
    ),
    ("hashedrekord", "json-bom", Message("expected value at line 1 column 1")),
    ("hashedrekord", "json-string", Message("a text instead of a JSON object at line 1 column 3")),
    (
        "hashedrekord",
        "key-text-after-pem",
        Message("error processing entry: error during PEM decoding"),
    ),
    (
        "hashedrekord",
        "key-two-public-keys",
        Message(
            "error processing entry: x509: malformed certificate: it has no signature algorithm",
        ),
    ),
    ("hashedrekord", "kind-number", Message("kind in body must be of type string")),
    (
        "hashedrekord",
        "rekor-file1-ed25519-pure",
        Message("error processing entry: verifying signature: failed to verify signature"),
    ),
    (
        "hashedrekord",
        "spec-string",
        Message(
            "error processing entry: validation failure list:\nspec in body must be of type object",
        ),
    ),
    (
        "intoto",
        "v1-envelope-not-json",
        Message(
            "error processing entry: the envelope is not in the form of DSSE: expected value at \
             line 1 column 1",
        ),
    ),
    // 500 in Rekor.
    ("intoto", "v2-no-hash", NO_HASH),
    ("helm", "gen-two-files", Keys),
    (
        "rekord",
        "pgp-gen-brainpool",
        Refused(
            "error processing entry: this log cannot verify signatures by keys on brainpool \
             curves",
        ),
    ),
    ("rekord", "pgp-gen-three-uids", Keys),
    // Signatures older than the newest self-signature of a key that was prolonged.
    ("rekord", "pgp-x-signed-before-renewed-key", Accepted),
    ("rekord", "pgp-x-subkey-signed-before-newest-binding", Accepted),
    // A signature over SHA-256, which Rekor rewrites before it verifies it.
    ("rekord", "ssh-ed25519-sha256", Accepted),
    ("rekord", "x509-dsa", Message("error processing entry: unsupported public key type: DSA")),
    (
        "rfc3161",
        "gen-bad-signature",
        Message(
            "error processing entry: tsr verification error: its signature was not made with the \
             key of its signer's certificate",
        ),
    ),
    (
        "rfc3161",
        "gen-no-certificate",
        Message(
            "error processing entry: tsr verification error: its signer's certificate is missing \
             from it",
        ),
    ),
    (
        "rfc3161",
        "token-only",
        Message(
            "error processing entry: the timestamp: it is malformed: it is not a response of a \
             timestamp authority",
        ),
    ),
    (
        "tuf",
        "rekor-bogus",
        Message("error processing entry: not a document of TUF: it has no signed part"),
    ),
];

/// Of changed members, by kind, case and member.
const MUTATIONS: &[(&str, &str, &str, Difference)] = &[
    ("intoto", "v2-one", "content.hash", NO_HASH),
    ("tuf", "gen-timestamp", "metadata.content", NO_SIGNED_PART),
    ("tuf", "gen-timestamp", "root.content", NO_SIGNED_PART),
];

pub(super) fn of(kind: &str, case: &str) -> Option<Difference> {
    let mut cases = CASES.iter();
    cases.find(|(of, name, _)| *of == kind && *name == case).map(|(_, _, difference)| *difference)
}

pub(super) fn of_mutation(kind: &str, case: &str, member: &str) -> Option<Difference> {
    let is_it = |(of, name, path, _): &&(&str, &str, &str, Difference)| {
        *of == kind && *name == case && *path == member
    };
    MUTATIONS.iter().find(is_it).map(|(_, _, _, difference)| *difference)
}

/// How many cases are listed.
pub(super) fn count() -> usize {
    CASES.len()
}
