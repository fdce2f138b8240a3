//! Causes: an error as people read it, with everything that led to it, on one line.

use std::error::Error;

/// An error and its causes, with colons between them. A cause that the text before it quotes
/// already is not repeated.
pub fn with_causes(error: &dyn Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let told = error.to_string();
        if !words.contains(&told) {
            words = format!("{words}: {told}");
        }
        cause = error.source();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Because(&'static str, Option<Box<Because>>);

    impl std::fmt::Display for Because {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str(self.0)
        }
    }

    impl Error for Because {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            self.1.as_deref().map(|cause| cause as &dyn Error)
        }
    }

    fn chain(texts: &[&'static str]) -> Because {
        let (first, rest) = texts.split_first().expect("at least one");
        Because(first, (!rest.is_empty()).then(|| Box::new(chain(rest))))
    }

    #[test]
    fn causes_follow_each_other_and_none_is_told_twice() {
        for (texts, told) in [
            (&["it failed"][..], "it failed"),
            (
                &["cannot commit", "the store failed", "disk full"],
                "cannot commit: the store failed: disk full",
            ),
            (&["disk full; free some space", "disk full"], "disk full; free some space"),
            (&["cannot read", "it says no", "no", "really"], "cannot read: it says no: really"),
        ] {
            assert_eq!(with_causes(&chain(texts)), told);
        }
    }
}
