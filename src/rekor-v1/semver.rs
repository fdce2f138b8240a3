//! Semantic versions (semver.org 2.0.0), which `apiVersion` must be.

/// Whether this is one: three numbers, perhaps a pre-release after `-`, and a build after `+`.
pub(crate) fn is_semver(text: &str) -> bool {
    let (text, build) = parts(text, '+');
    let (core, release) = parts(text, '-');
    let numbers: Vec<_> = core.split('.').collect();
    numbers.len() == 3
        && numbers.into_iter().all(is_number)
        && release.is_none_or(|it| it.split('.').all(|it| is_identifier(it) && !is_padded(it)))
        && build.is_none_or(|it| it.split('.').all(is_identifier))
}

fn parts(text: &str, separator: char) -> (&str, Option<&str>) {
    text.split_once(separator).map_or((text, None), |(head, tail)| (head, Some(tail)))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) && !is_padded(text)
}

fn is_identifier(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// Whether this is a number with a zero before it.
fn is_padded(text: &str) -> bool {
    text.len() > 1 && text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_and_others() {
        for good in ["0.0.1", "10.20.30", "1.0.0-a.1.0b", "1.0.0--", "1.0.0+01.a-b", "1.0.0-0+0"] {
            assert!(is_semver(good), "{good}");
        }
        for bad in [
            "",
            "1",
            "1.0",
            "1.0.0.0",
            "01.0.0",
            "1..0",
            "1.0.0-",
            "1.0.0+",
            "1.0.0-01",
            "v1.0.0",
            "1.0.0 ",
            "1.0.x",
            "1.0.0-a..b",
            "1.0.0-\u{e9}",
        ] {
            assert!(!is_semver(bad), "{bad}");
        }
    }
}
