//! The envelope of a proposal of any kind: `kind`, `apiVersion` and `spec`.
//!
//! What Rekor answers with 500, a body that is not a JSON object or whose `kind` is not a text, is
//! refused here as the submitter's mistake that it is.

use std::borrow::Cow;

use fasti_entry::{excerpt, quote};
use serde_json::json;
use tiles_spec::ENTRY_BYTES_MAX;

use super::accepted::Accepted;
use super::error::{KindError, ProposalError};
use super::json::{self, Object, Reading};
use super::kind::{Kind, Version};
use super::limits::Setting;
use super::semver::is_semver;

/// The most characters of a version in a message.
const VERSION_CHARS_MAX: usize = 32;

/// A proposal of a known kind and version; what is in `spec` was not looked at.
pub struct Proposal<'a> {
    kind: Kind,
    version: &'static Version,
    spec: Object<'a>,
}

impl<'a> Proposal<'a> {
    /// Reads a request's body. Like Rekor, takes the names of the envelope's members in any case,
    /// the last of several of one name, and ignores members that it does not know and whatever
    /// follows the object.
    pub fn parse(body: &'a [u8]) -> Result<Self, ProposalError> {
        match body.trim_ascii() {
            _ if body.is_empty() => return Err(ProposalError::Required("proposedEntry")),
            b"null" => return Err(ProposalError::Required("kind")),
            _ => {}
        }
        let envelope = Object::parse(body, Reading::AnyCase).map_err(ProposalError::Json)?;
        let kind = text(&envelope, "kind")?;
        if kind.is_empty() {
            return Err(ProposalError::Required("kind"));
        }
        let kind = Kind::find(&kind).ok_or_else(|| ProposalError::UnknownKind(quote(&kind)))?;
        let version = text(&envelope, "apiVersion")?;
        if !is_semver(&version) {
            return Err(ProposalError::Semver);
        }
        let spec = envelope.raw("spec").ok_or(ProposalError::Required("spec"))?;
        let known = kind.versions().iter().find(|known| known.name == version);
        let version = known.ok_or_else(|| ProposalError::UnknownVersion {
            kind: kind.name(),
            version: excerpt(&version, VERSION_CHARS_MAX),
        })?;
        let spec = json::object(spec).ok_or_else(|| KindError::Schema {
            path: "spec".to_owned(),
            problem: "must be of type object".to_owned(),
        })?;
        Ok(Self { kind, version, spec })
    }

    /// Its kind.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Verifies every signature in it and returns the entry in canonical form.
    pub fn accept(&self, setting: &Setting) -> Result<Accepted, ProposalError> {
        let mut draft = (self.version.accept)(&self.spec, setting)?;
        let (kind, version, spec) = (self.kind.name(), self.version.name, draft.spec.take());
        let entry = json!({ "apiVersion": version, "kind": kind, "spec": spec });
        let body = serde_json_canonicalizer::to_vec(&entry).map_err(ProposalError::Json)?;
        if body.len() > ENTRY_BYTES_MAX {
            return Err(ProposalError::TooLarge { bytes: body.len(), limit: ENTRY_BYTES_MAX });
        }
        Ok(Accepted::new(self.kind, version, body, draft))
    }
}

/// A member that must be a text.
fn text<'a>(envelope: &Object<'a>, name: &'static str) -> Result<Cow<'a, str>, ProposalError> {
    let value = envelope.raw(name).ok_or(ProposalError::Required(name))?;
    json::text(value).ok_or(ProposalError::Type(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(body: &str) -> String {
        Proposal::parse(body.as_bytes()).err().expect("a refusal").to_string()
    }

    #[test]
    fn envelopes() {
        let good = r#" {"KIND": "tuf", "kind": "intoto", "apiVERSION": "0.0.2", "spec": {},
            "more": [null]} trailing"#;
        let proposal = Proposal::parse(good.as_bytes()).expect("a proposal");
        assert_eq!(proposal.kind(), Kind::Intoto);
        assert_eq!(proposal.version.name, "0.0.2");
        let unknown = "error processing entry: tuf implementation for version '0.0.2' not found: \
                       unable to locate entry for version 0.0.2";
        for (body, message) in [
            ("", "proposedEntry in body is required"),
            (" null ", "kind in body is required"),
            ("{}", "kind in body is required"),
            (r#"{"kind":""}"#, "kind in body is required"),
            (r#"{"kind":5}"#, "kind in body must be of type string"),
            (r#"{"kind":"nope\n"}"#, "invalid kind value: \"nope\\n\""),
            (r#"{"kind":"tuf"}"#, "apiVersion in body is required"),
            (r#"{"kind":"tuf","apiVersion":{}}"#, "apiVersion in body must be of type string"),
            (r#"{"kind":"tuf","apiVersion":"0.0.1"}"#, "spec in body is required"),
            (r#"{"kind":"tuf","apiVersion":"0.0.1","spec":null}"#, "spec in body is required"),
            (r#"{"kind":"tuf","apiVersion":"0.0.2","spec":{}}"#, unknown),
            (
                r#"{"kind":"tuf","apiVersion":"0.0.1","spec":"a"}"#,
                "error processing entry: validation failure list:\n\
                 spec in body must be of type object",
            ),
        ] {
            assert_eq!(refused(body), message, "{body}");
        }
        let not_semver = refused(r#"{"kind":"tuf","apiVersion":"1","spec":{}}"#);
        assert!(not_semver.starts_with("apiVersion in body should match '^(0|"), "{not_semver}");
    }

    #[test]
    fn what_is_sent_does_not_come_back_at_length() {
        let long = "x".repeat(10_000);
        for body in [
            format!("\"{long}\""),
            format!(r#"{{"kind":"{long}"}}"#),
            format!(r#"{{"kind":"tuf","apiVersion":"1.0.0-{long}","spec":{{}}}}"#),
        ] {
            assert!(refused(&body).len() < 400);
        }
    }
}
