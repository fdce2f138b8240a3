//! The tokens that allow posting opaque entries, which have no signer to check.
//!
//! Only their SHA-256 is kept. A token in a request is hashed and compared with every one of them
//! in constant time, so that the timing reveals nothing about them (I16).

use std::fmt;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use http::HeaderValue;
use sha2::{Digest as _, Sha256};

use super::error::{AdmissionRefusal, ListError, ListProblem};

/// Maximum number of tokens.
const TOKENS_MAX: usize = 1024;
/// Maximum length of a name.
const NAME_BYTES_MAX: usize = 64;
/// Minimum and maximum length of a token: a shorter one could be guessed.
const TOKEN_BYTES: std::ops::RangeInclusive<usize> = 16..=512;

/// The tokens.
#[derive(Clone, Default)]
pub struct TokenList(Vec<(String, [u8; 32])>);

impl fmt::Debug for TokenList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenList({} tokens)", self.0.len())
    }
}

impl TokenList {
    /// Reads a list: `NAME:TOKEN` or `NAME:sha256:DIGEST` on each line, and comments that begin
    /// with `#`. A name can have several tokens, for example while one replaces another.
    pub fn parse(text: &str) -> Result<Self, ListError> {
        let mut tokens = Vec::new();
        for (index, line) in text.lines().map(str::trim).enumerate() {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            tokens.push(token(line).ok_or_else(|| ListProblem::NoToken.at(index + 1))?);
            if tokens.len() > TOKENS_MAX {
                return Err(ListProblem::TooMany(TOKENS_MAX).at(index + 1));
            }
        }
        if tokens.is_empty() {
            return Err(ListProblem::Empty.at(text.lines().count().max(1)));
        }
        Ok(Self(tokens))
    }

    /// Returns the name of the token in an `Authorization` field.
    pub fn bearer(&self, authorization: Option<&HeaderValue>) -> Result<&str, AdmissionRefusal> {
        let token = authorization.and_then(bearer).ok_or(AdmissionRefusal::NoToken)?;
        let digest = Sha256::digest(token);
        let mut found = None;
        for (name, listed) in &self.0 {
            if verify_slices_are_equal(&digest, listed).is_ok() {
                found = Some(name.as_str());
            }
        }
        found.ok_or(AdmissionRefusal::WrongToken)
    }

    /// How many tokens there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }
}

fn token(line: &str) -> Option<(String, [u8; 32])> {
    let (name, token) = line.split_once(':')?;
    let in_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if name.is_empty() || name.len() > NAME_BYTES_MAX || !name.bytes().all(in_name) {
        return None;
    }
    if let Some(digest) = token.strip_prefix("sha256:") {
        return Some((name.to_owned(), hex::decode(digest).ok()?.try_into().ok()?));
    }
    // RFC 6750, b64token.
    let in_token = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte);
    let is_one = token.trim_end_matches('=').bytes().all(in_token);
    let digest = || (name.to_owned(), Sha256::digest(token).into());
    (is_one && TOKEN_BYTES.contains(&token.len())).then(digest)
}

/// Returns the token in a field of the form `Bearer TOKEN` (RFC 6750).
fn bearer(field: &HeaderValue) -> Option<&[u8]> {
    let (scheme, token) = field.as_bytes().split_at_checked(6)?;
    (scheme.eq_ignore_ascii_case(b"bearer") && token.starts_with(b" ")).then(|| token.trim_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "abcdefghijklmnopqrstuv";
    const NEW: &str = "ABCDEFGH-._~+/01234==";

    #[test]
    fn a_token_is_known_by_itself_or_by_its_digest() {
        let digest = hex::encode(Sha256::digest(NEW));
        let text =
            format!("# two for ci\nci:{OLD}\n\n  ci:sha256:{digest}\nmia.k:0123456789abcdef");
        let list = TokenList::parse(&text).unwrap();
        assert_eq!(list.count(), 3);
        assert_eq!(format!("{list:?}"), "TokenList(3 tokens)");
        let name = |field: &str| {
            let field = HeaderValue::from_str(field).unwrap();
            list.bearer(Some(&field)).map_err(|refusal| refusal.reason())
        };
        assert_eq!(name(&format!("Bearer {OLD}")), Ok("ci"));
        assert_eq!(name(&format!("bearer   {NEW} ")), Ok("ci"));
        assert_eq!(name("BEARER 0123456789abcdef"), Ok("mia.k"));
        assert_eq!(name("Bearer 0123456789abcdeF"), Err("token"));
        assert_eq!(name(&format!("Bearer sha256:{digest}")), Err("token"));
        assert_eq!(name(&format!("Bearer {OLD} {OLD}")), Err("token"));
        assert_eq!(name("Bearer "), Err("token"));
        for field in [OLD, "Basic Y2k6eA==", "Bearer", "Bearerabcdefghijklmnopqrstuv", "B"] {
            assert_eq!(name(field), Err("no_token"), "{field}");
        }
        assert_eq!(list.bearer(None).unwrap_err().reason(), "no_token");
    }

    #[test]
    fn bad_lists_are_refused_with_the_line_and_without_the_token() {
        for (text, line) in [
            ("", 1),
            ("# none\n", 1),
            ("ci:secret", 1),
            ("ci:0123456789abcdef\nsecret0123456789abcdef", 2),
            (":secret0123456789abcdef", 1),
            ("c i:secret0123456789abcdef", 1),
            ("ci:secret 0123456789abcdef", 1),
            ("ci:sha256:secret", 1),
            ("ci:=secret0123456789abcdef=", 1),
        ] {
            let error = TokenList::parse(text).unwrap_err();
            assert_eq!(error.line, line, "{text}");
            assert!(!error.to_string().contains("secret"), "{error}");
        }
        let many = "a:0123456789abcdef\n".repeat(1025);
        assert_eq!(TokenList::parse(&many).unwrap_err().line, 1025);
    }
}
