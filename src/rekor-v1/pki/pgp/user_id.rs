//! The email address in a user ID, which by convention is `Name (Comment) <address>`.
//!
//! Which texts are addresses is what Rekor's library says, so that the same keys are listed in an
//! index: Internet addresses with a domain of two labels or more, and with letters of any script.
//! One thing is simpler here: a quoted name may have any spaces and tabs in it, but no line breaks.

/// The email address in a user ID, if it has one.
pub(super) fn email(user_id: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(user_id);
    let email = claimed(&text);
    is_email(email).then(|| email.to_owned())
}

/// What stands where the address should.
fn claimed(text: &str) -> &str {
    // A comment ends where the first closing parenthesis is, whatever is in it.
    let name_end = text.find(['(', '<']).unwrap_or(text.len());
    let (name, rest) = text.split_at(name_end);
    let rest = match rest.strip_prefix('(') {
        // The first character of a comment is never its end.
        Some(comment) => {
            let from = comment.chars().next().map_or(0, char::len_utf8);
            comment[from..].split_once(')').map_or("", |(_, rest)| rest)
        }
        None => rest,
    };
    let email = rest.split_once('<').map_or("", |(_, email)| {
        let from = email.chars().next().map_or(0, char::len_utf8);
        let end = email[from..].find('>').map_or(email.len(), |end| from + end);
        &email[..end]
    });
    match (email.trim(), name.trim()) {
        ("", name) if name.contains('@') => name,
        (email, _) => email,
    }
}

fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    is_local(local) && (is_domain(domain) || domain.strip_suffix('.').is_some_and(is_domain))
}

/// Whether letters of other scripts, as Rekor's library sees them.
fn is_foreign(letter: char) -> bool {
    matches!(letter,
        '\u{a0}'..='\u{d7ff}' | '\u{f900}'..='\u{fdcf}' | '\u{fdf0}'..='\u{ffef}')
}

fn is_local(local: &str) -> bool {
    let is_atom = |letter: char| {
        letter.is_ascii_alphanumeric()
            || "!#$%&'*+-/=?^_`{|}~".contains(letter)
            || is_foreign(letter)
    };
    let is_quoted = |letter: char| match letter {
        '\0' | '\n' | '\r' | '"' | '\\' => false,
        _ => letter.is_ascii() || is_foreign(letter),
    };
    match local.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(quoted) => quoted.chars().all(is_quoted),
        None => local.split('.').all(|atom| !atom.is_empty() && atom.chars().all(is_atom)),
    }
}

fn is_domain(domain: &str) -> bool {
    let is_letter = |letter: char| letter.is_ascii_alphabetic() || is_foreign(letter);
    let is_end = |letter: char| is_letter(letter) || letter.is_ascii_digit();
    let is_any = |letter: char| is_end(letter) || "-._~".contains(letter);
    let first = domain.chars().next();
    let last = domain.chars().next_back();
    // A dot in the middle must be after a letter or digit and before a letter.
    let is_split = |(at, _): (usize, &str)| {
        let before = domain[..at].chars().next_back();
        before.is_some_and(is_end) && domain[at + 1..].chars().next().is_some_and(is_letter)
    };
    first.is_some_and(is_end)
        && last.is_some_and(is_letter)
        && domain.chars().all(is_any)
        && domain.match_indices('.').any(is_split)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_the_address_stands() {
        for (user_id, expected) in [
            ("Ann <ann@example.com>", Some("ann@example.com")),
            ("Ann (test) <Ann@Example.com>", Some("Ann@Example.com")),
            ("Ann (a) b) < ann@example.com > x", Some("ann@example.com")),
            ("<ann@example.com>", Some("ann@example.com")),
            (" ann@example.com ", Some("ann@example.com")),
            ("Ann <ann@example.com", Some("ann@example.com")),
            ("Ann (ann@example.com)", None),
            ("Ann (ann@example.com", None),
            ("Ann <> ann@example.com", None),
            ("Ann", None),
            ("", None),
            ("()", None),
            ("<", None),
        ] {
            assert_eq!(email(user_id.as_bytes()).as_deref(), expected, "{user_id}");
        }
        assert_eq!(email(b"a\xff@example.com"), None);
    }

    #[test]
    fn what_an_address_is() {
        for good in [
            "a@b.c",
            "a.b+c@x-y.example",
            "\"a b\"@example.com",
            "a@1.example.",
            "\u{e4}@\u{f6}.example",
            "a@b_c.d.e",
        ] {
            assert!(is_email(good), "{good}");
        }
        for bad in [
            "", "@", "a@", "a@b..c", "@b.c", "a@b", "a@b.1", "a@-b.c", "a@b-.c", "a..b@c.d",
            ".a@b.c", "a b@c.d", "a@b.c..", "\"a@b.c", "a@b,c.d", "a@.b", "(a@b.c",
        ] {
            assert!(!is_email(bad), "{bad}");
        }
    }
}
