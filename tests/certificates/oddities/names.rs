//! Odd subject alternative names, URIs among them.

use super::{Oddity, with};
use crate::Verdict::{Refused, Surplus, Taken};
use crate::der::{DNS, EMAIL, IP, URI, element, extension, names, sequence};

pub(super) fn alternative_names() -> Vec<Oddity> {
    let found = |what: &str, verdict, list: &[(u8, &[u8])]| {
        with(&format!("names: {what}"), verdict, |parts| parts.extensions = names(list))
    };
    let value = |what: &str, verdict, value: &[u8]| {
        with(&format!("names: {what}"), verdict, |parts| parts.extensions = extension(17, value))
    };
    let other = sequence(&[]);
    vec![
        found("none", Taken, &[]),
        found("a hundred", Taken, &[(DNS, &b"a.example.com"[..]); 100]),
        found(
            "of every kind",
            Taken,
            &[
                (EMAIL, b"a@b"),
                (DNS, b"a.b"),
                (URI, b"https://a.b/c"),
                (IP, &[127, 0, 0, 1]),
                (IP, &[0; 16]),
                (0xa0, b"other"),
                (0xa3, b"X.400"),
                (0xa4, &other),
                (0xa5, b"EDI"),
                (0x88, &[0x2a, 3]),
            ],
        ),
        found("of a number beyond all kinds", Taken, &[(0x9e, b"a")]),
        found("an empty email", Taken, &[(EMAIL, b"")]),
        found("an email address that is not valid", Taken, &[(EMAIL, b"nobody at all\0")]),
        found("an email in Latin 1", Refused, &[(EMAIL, b"j\xfcrgen@example.com")]),
        found("an email in UTF-8", Refused, &[(EMAIL, "jürgen@example.com".as_bytes())]),
        found("a host in UTF-8", Refused, &[(DNS, "bücher.example".as_bytes())]),
        found("a host with a dot at the end", Taken, &[(DNS, b"example.com.")]),
        found("a host with a wildcard", Taken, &[(DNS, b"*.example.com")]),
        found("a host name that is not valid", Taken, &[(DNS, b" ..\n")]),
        found("a URI in UTF-8", Refused, &[(URI, "https://example.com/ä".as_bytes())]),
        found("an IP address of 5 bytes", Refused, &[(IP, &[1, 2, 3, 4, 5])]),
        found("an IP address of 8 bytes", Refused, &[(IP, &[0; 8])]),
        found("an IP address of none", Refused, &[(IP, &[])]),
        found("a good one and a bad one", Refused, &[(EMAIL, b"a@b"), (IP, &[1])]),
        found("a constructed email", Taken, &[(0xa1, b"\x16\x01a")]),
        found("a constructed IP address", Taken, &[(0xa7, b"abcde")]),
        found("a primitive other name", Taken, &[(0x80, b"a")]),
        found("a bare IA5String", Surplus, &[(0x16, b"a")]),
        found("a SEQUENCE", Surplus, &[(0x30, b"")]),
        found("a private kind", Surplus, &[(0xc1, b"a")]),
        value("no list", Refused, b""),
        value("a SET", Refused, &element(0x31, &element(EMAIL, b"a@b"))),
        value("a list with more behind it", Surplus, &[sequence(&[]), sequence(&[])].concat()),
        value("a list that is cut", Refused, &[0x30, 5, 0x81, 1, b'a']),
        value("a name that is cut", Refused, &sequence(&[&[0x81, 5, b'a']])),
        value("a long tag", Refused, &sequence(&[&[0x9f, 0x21, 0]])),
        value("a length without end", Refused, &[0x30, 0x80, 0, 0]),
        value("a length longer than needed", Refused, &[0x30, 0x81, 3, 0x81, 1, b'a']),
    ]
}

pub(super) fn uris() -> Vec<Oddity> {
    let uri = |text: &str, verdict| {
        with(&format!("URI {text:?}"), verdict, |parts| {
            parts.extensions = names(&[(URI, text.as_bytes())]);
        })
    };
    let taken = [
        "https://github.com/a/b/.github/workflows/c.yml@refs/heads/main",
        "spiffe://example.org/ns/a/sa/b",
        "",
        "*",
        "a",
        "/a/b",
        "//host/a",
        "///a:b",
        "?a%zz",
        "urn:example:a%zz",
        "mailto:a@b",
        "a+b-c.1:x",
        "1a/b:c",
        "https://",
        "https:///a",
        "https://a",
        "https://a:/b",
        "https://a:80/b",
        "https://a:99999999/b",
        "https://a_b!$&'()*+,;=/",
        "https://<a>\"/",
        "https://%25a/",
        "https://user:pass@a/b",
        "https://user%40:p@ss@a/b",
        "https://@a",
        "https://.a?b#c",
        "https://a/%e4%C3 {}|\\^",
        "https://a#",
        "https://a#%41\u{7f}",
        "https://[::1]/a",
        "https://[::1]:80/a",
        "https://[::ffff:1.2.3.4]/",
        "https://[fe80::1%25en0]/",
        "https://[1:2:3:4:5:6:7::]/",
        "ldap://a:1,b:2/",
        "HTTP://a/",
        "x://a:b:1/",
        "https://a]/",
    ];
    let refused = [
        ":a",
        "a b:c",
        "1a:b",
        "https ://a",
        "https://a\n",
        "a\u{7f}",
        "https://a.",
        "https://a..b",
        "https://a./",
        "https://a .b",
        "https://a%20b/",
        "https://a%41/",
        "https://%e4/",
        "https://a%",
        "https://a/%",
        "https://a/%4",
        "https://a/%4g",
        "https://a#%",
        "https://a:b/",
        "https://a:1:2/",
        "http://a:b:1/",
        "x://a:1:b/",
        "https://us er@a/",
        "https://us%zzer@a/",
        "https://us[er@a/",
        "https://[::1/a",
        "https://a[::1]/",
        "https://[::1]a/",
        "https://[::1]:a/",
        "https://[::1%en0]/",
        "https://[::1%25]/",
        "https://[::1%25%41%20]/",
        "https://[::1%25a%00]/",
        "https://[1.2.3.4]/",
        "https://[]/",
        "https://[a]/",
        "https://[1:2:3:4:5:6:7:8::]/",
        "https://[::12345]/",
        "https://[::1.2.3.04]/",
        "https://a`b/",
        "https://a{b/",
        "https://a\\b/",
    ];
    // A host must never begin with a dot.
    let taken = taken.into_iter().filter(|text| *text != "https://.a?b#c");
    let taken = taken.map(|text| uri(text, Taken));
    taken
        .chain(refused.into_iter().chain(["https://.a?b#c"]).map(|text| uri(text, Refused)))
        .collect()
}
