//! Bodies as Rekor's own client shows them: below the name of a type of that program.

use serde_json::Value;

use super::kind::Kind;

/// The name of the type, and the `spec` of a body; `None` if it is of no known kind and version.
/// Nothing else in it is looked at.
pub fn model_of(body: &[u8]) -> Option<(&'static str, Value)> {
    let mut body: Value = serde_json::from_slice(body).ok()?;
    let kind = Kind::find(body["kind"].as_str()?)?;
    let is_known = kind.has_version(body["apiVersion"].as_str()?);
    let spec = body.get_mut("spec").filter(|spec| is_known && spec.is_object())?;
    Some((kind.model(), spec.take()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_told_by_kind_and_version() {
        let model = |body: &str| model_of(body.as_bytes());
        let body = r#"{"apiVersion":"0.0.2","kind":"intoto","spec":{"a":1}}"#;
        assert_eq!(model(body), Some(("IntotoObj", serde_json::json!({"a": 1}))));
        for other in [
            "",
            "[]",
            r#"{"kind":"intoto","apiVersion":"0.0.3","spec":{}}"#,
            r#"{"kind":"nope","apiVersion":"0.0.1","spec":{}}"#,
            r#"{"kind":"hashedrekord","apiVersion":"0.0.2","spec":{}}"#,
            r#"{"kind":"rekord","apiVersion":"0.0.1"}"#,
            r#"{"kind":"rekord","apiVersion":"0.0.1","spec":[]}"#,
        ] {
            assert_eq!(model(other), None, "{other}");
        }
    }
}
