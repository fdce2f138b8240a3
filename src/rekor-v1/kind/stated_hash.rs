//! A hash as proposals state it: `algorithm`, and `value` in hexadecimal digits.

use std::borrow::Cow;

use crate::error::{KindError, required};
use crate::json::Object;

/// What a proposal states. The value can be anything.
#[derive(Debug)]
pub(super) struct StatedHash<'a> {
    pub algorithm: Cow<'a, str>,
    pub value: Cow<'a, str>,
}

/// Reads a member called `name`; `None` if it is not there. `path` is that of the hash, as Rekor
/// spells it, and `algorithms` is what the schema of the kind takes.
pub(super) fn stated_hash<'a>(
    object: &Object<'a>,
    name: &str,
    path: &str,
    algorithms: &[&str],
) -> Result<Option<StatedHash<'a>>, KindError> {
    let Some(hash) = object.object(name) else { return Ok(None) };
    let member = |name: &str| format!("{path}.{name}");
    let algorithm = hash.text("algorithm").ok_or_else(|| required(&member("algorithm")))?;
    if !algorithms.contains(&&*algorithm) {
        let problem = format!("should be one of [{}]", algorithms.join(" "));
        return Err(KindError::Schema { path: member("algorithm"), problem });
    }
    let value = hash.text("value").ok_or_else(|| required(&member("value")))?;
    Ok(Some(StatedHash { algorithm, value }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Reading;

    #[test]
    fn each_member_is_demanded() {
        let read = |json: &str| {
            let object = Object::parse(json.as_bytes(), Reading::Exact).expect("an object");
            match stated_hash(&object, "hash", "a.b", &["sha256", "sha512"]) {
                Ok(None) => "none".to_owned(),
                Ok(Some(hash)) => format!("{}:{}", hash.algorithm, hash.value),
                Err(error) => error.to_string().replace("validation failure list:\n", ""),
            }
        };
        for (json, result) in [
            ("{}", "none"),
            (r#"{"hash":5}"#, "none"),
            (r#"{"hash":{}}"#, "a.b.algorithm in body is required"),
            (
                r#"{"hash":{"algorithm":"md5"}}"#,
                "a.b.algorithm in body should be one of [sha256 sha512]",
            ),
            (r#"{"hash":{"algorithm":"sha256"}}"#, "a.b.value in body is required"),
            (r#"{"hash":{"algorithm":"sha256","value":""}}"#, "sha256:"),
        ] {
            assert_eq!(read(json), result);
        }
    }
}
