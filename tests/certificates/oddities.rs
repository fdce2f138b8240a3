//! Certificates with something unusual in one field, and whether Go 1.26 parses them.

use super::Verdict::{self, Key, Refused, Surplus, Taken, Version};
use super::der::{
    DNS, EMAIL, IP, Parts, URI, element, extension, key, name, names, object_identifier, sequence,
};

type Oddity = (String, Parts, Verdict);

/// All of them.
pub fn oddities() -> Vec<Oddity> {
    let good = |what: &str| (what.to_owned(), Parts::good(), Taken);
    [
        vec![good("nothing unusual")],
        numbers(),
        times(),
        strings(),
        distinguished_names(),
        alternative_names(),
        uris(),
        constraints(),
        extension_values(),
        extension_lists(),
        keys(),
        surplus(),
    ]
    .concat()
}

fn with(what: &str, verdict: Verdict, change: impl FnOnce(&mut Parts)) -> Oddity {
    let mut parts = Parts::good();
    change(&mut parts);
    (what.to_owned(), parts, verdict)
}

fn numbers() -> Vec<Oddity> {
    let serial = |what: &str, verdict, bytes: &[u8]| {
        with(&format!("serial number: {what}"), verdict, |parts| parts.serial = element(2, bytes))
    };
    let version = |what: &str, verdict, explicit: &[u8], bare: bool| {
        with(&format!("version: {what}"), verdict, |parts| {
            parts.version = explicit.to_vec();
            if bare {
                parts.extensions.clear();
            }
        })
    };
    let number = |bytes: &[u8]| element(0xa0, &element(2, bytes));
    vec![
        serial("zero", Taken, &[0]),
        serial("of 21 bytes", Taken, &[1; 21]),
        serial("of 300 bytes", Taken, &[1; 300]),
        serial("with the high bit", Taken, &[0, 0x80]),
        serial("negative", Refused, &[0x80]),
        serial("minus one", Refused, &[0xff]),
        serial("longer than needed", Refused, &[0, 1]),
        serial("negative and longer than needed", Refused, &[0xff, 0x80]),
        serial("empty", Refused, &[]),
        with("serial number: an ENUMERATED", Refused, |parts| parts.serial = element(10, &[1])),
        with("serial number: missing", Refused, |parts| parts.serial.clear()),
        version("1, said", Taken, &number(&[0]), true),
        version("1, unsaid", Taken, &[], true),
        version("1 with extensions", Surplus, &[], false),
        version("2", Taken, &number(&[1]), true),
        version("2 with extensions", Surplus, &number(&[1]), false),
        version("3 without extensions", Taken, &number(&[2]), true),
        version("4", Refused, &number(&[3]), true),
        version("-1", Refused, &number(&[0xff]), true),
        version("longer than needed", Refused, &number(&[0, 2]), true),
        version("of 9 bytes", Refused, &number(&[1; 9]), true),
        version("2^63", Version, &number(&i64::MAX.to_be_bytes()), true),
        version("of two numbers", Refused, &element(0xa0, &[2, 1, 2, 2, 1, 2]), true),
        version("of none", Refused, &element(0xa0, &[]), true),
        version("primitive", Refused, &element(0x80, &[2, 1, 2]), true),
    ]
}

fn times() -> Vec<Oddity> {
    let at = |tag: u8, text: &str, verdict| {
        with(&format!("valid from {tag:#x} {text}"), verdict, |parts| {
            let until = element(0x18, b"99991231235959Z");
            parts.validity = sequence(&[&element(tag, text.as_bytes()), &until]);
        })
    };
    let (utc, generalized) = (0x17, 0x18);
    vec![
        at(utc, "500101000000Z", Taken),
        at(utc, "691231235959Z", Taken),
        at(utc, "491231235959Z", Taken),
        at(utc, "2601010000Z", Taken),
        at(utc, "260101000000+0100", Taken),
        at(utc, "260101000000-2459", Taken),
        at(utc, "2601010000-0130", Taken),
        at(utc, "260101000000+0000", Refused),
        at(utc, "260101000000+0060", Refused),
        at(utc, "260101000000+2500", Refused),
        at(utc, "260101000000+01", Refused),
        at(utc, "260101000000", Refused),
        at(utc, "260101000000z", Refused),
        at(utc, "260101000000Z ", Refused),
        at(utc, "260101000000.5Z", Refused),
        at(utc, "260101000060Z", Refused),
        at(utc, "260101006000Z", Refused),
        at(utc, "260101240000Z", Refused),
        at(utc, "260132000000Z", Refused),
        at(utc, "260229000000Z", Refused),
        at(utc, "280229000000Z", Taken),
        at(utc, "560229000000Z", Taken),
        at(utc, "000229000000Z", Taken),
        at(utc, "261301000000Z", Refused),
        at(utc, "260001000000Z", Refused),
        at(utc, "260100000000Z", Refused),
        at(utc, "26010100000Z", Refused),
        at(utc, "2601010000000Z", Refused),
        at(utc, "", Refused),
        at(generalized, "19500101000000Z", Taken),
        at(generalized, "20260101000000Z", Taken),
        at(generalized, "20500101000000Z", Taken),
        at(generalized, "00000101000000Z", Taken),
        at(generalized, "00010101000000Z", Taken),
        at(generalized, "99991231235959Z", Taken),
        at(generalized, "20260101000000+0100", Taken),
        at(generalized, "20260101000000-0000", Refused),
        at(generalized, "202601010000Z", Refused),
        at(generalized, "20260101000000.0Z", Refused),
        at(generalized, "20260101000000,5Z", Refused),
        at(generalized, "20260101000000", Refused),
        at(generalized, "19000229000000Z", Refused),
        at(generalized, "20000229000000Z", Taken),
        at(generalized, "2026010100000 Z", Refused),
        at(0x16, "260101000000Z", Refused),
        with("valid until nothing", Refused, |parts| {
            parts.validity = sequence(&[&element(0x17, b"260101000000Z")]);
        }),
        with("valid until before it begins", Taken, |parts| {
            parts.validity =
                sequence(&[&element(0x17, b"260101000000Z"), &element(0x17, b"250101000000Z")]);
        }),
        with("three times of validity", Taken, |parts| {
            parts.validity = sequence(&[&element(0x17, b"260101000000Z").repeat(3)]);
        }),
    ]
}

fn strings() -> Vec<Oddity> {
    let string = |what: &str, tag: u8, text: &[u8], verdict| {
        let what = format!("{what} {text:x?} in a name");
        with(&what, verdict, |parts| parts.subject = name(&element(tag, text)))
    };
    vec![
        string("UTF8String", 0x0c, "Jürgen 😀".as_bytes(), Taken),
        string("UTF8String", 0x0c, b"", Taken),
        string("UTF8String", 0x0c, b"a\0b", Taken),
        string("UTF8String", 0x0c, b"\xff", Refused),
        string("UTF8String", 0x0c, b"\xc0\x80", Refused),
        string("UTF8String", 0x0c, b"\xed\xa0\x80", Refused),
        string("UTF8String", 0x0c, b"\xf4\x90\x80\x80", Refused),
        string("PrintableString", 0x13, b"AZaz09 '()+,-./:=?", Taken),
        string("PrintableString", 0x13, b"*.example.com & sons", Taken),
        string("PrintableString", 0x13, b"a@b", Refused),
        string("PrintableString", 0x13, b"a_b", Refused),
        string("PrintableString", 0x13, b"a!b", Refused),
        string("PrintableString", 0x13, b"a;b", Refused),
        string("PrintableString", 0x13, b"\xc3\xa4", Refused),
        string("PrintableString", 0x13, b"\0", Refused),
        string("IA5String", 0x16, b"a@b\0\x7f", Taken),
        string("IA5String", 0x16, b"\x80", Refused),
        string("IA5String", 0x16, "ä".as_bytes(), Refused),
        string("T61String", 0x14, b"\xff\x80\0", Taken),
        string("NumericString", 0x12, b"12 34", Taken),
        string("NumericString", 0x12, b"12-34", Refused),
        string("NumericString", 0x12, b"a", Refused),
        string("BMPString", 0x1e, b"\0a\x20\xac", Taken),
        string("BMPString", 0x1e, b"\0a\0\0", Taken),
        string("BMPString", 0x1e, b"", Taken),
        string("BMPString", 0x1e, b"\0a\0", Refused),
        string("BMPString", 0x1e, b"\xd8\x3d\xde\0", Refused),
        string("BMPString", 0x1e, b"\xdf\xff", Refused),
        string("BMPString", 0x1e, b"\xff\xff", Refused),
        string("BMPString", 0x1e, b"\xff\xfe", Refused),
        string("BMPString", 0x1e, b"\xff\xfd", Taken),
        string("BMPString", 0x1e, b"\xfd\xd0", Refused),
        string("BMPString", 0x1e, b"\xfd\xef", Refused),
        string("BMPString", 0x1e, b"\xfd\xf0", Taken),
        string("UniversalString", 0x1c, b"\0\0\0a", Refused),
        string("VisibleString", 0x1a, b"a", Refused),
        string("GeneralString", 0x1b, b"a", Refused),
        string("OCTET STRING", 0x04, b"a", Refused),
        string("INTEGER", 0x02, b"\x01", Refused),
        string("constructed UTF8String", 0x2c, b"\x0c\x01a", Refused),
    ]
}

fn distinguished_names() -> Vec<Oddity> {
    let subject = |what: &str, verdict, subject: &[u8]| {
        with(&format!("subject: {what}"), verdict, |parts| parts.subject = subject.to_vec())
    };
    let common_name = object_identifier(&[0x55, 4, 3]);
    let text = element(0x0c, b"a");
    let attribute = sequence(&[&common_name, &text]);
    let within = |attribute: &[u8]| sequence(&[&element(0x31, attribute)]);
    vec![
        subject("two attributes in a set", Taken, &within(&attribute.repeat(2))),
        subject("an empty set", Taken, &within(&[])),
        subject(
            "an attribute of no known type",
            Taken,
            &within(&sequence(&[&object_identifier(&[0x2a, 3]), &text])),
        ),
        subject("more behind the value", Taken, &within(&sequence(&[&common_name, &text, &text]))),
        subject("no value", Refused, &within(&sequence(&[&common_name]))),
        subject("no type", Refused, &within(&sequence(&[&text]))),
        subject("a SEQUENCE for the set", Refused, &sequence(&[&sequence(&[&attribute])])),
        subject("a SET for the attribute", Refused, &within(&element(0x31, &attribute))),
        subject(
            "a malformed type",
            Refused,
            &within(&sequence(&[&object_identifier(&[0x80, 1]), &text])),
        ),
        subject("an empty type", Refused, &within(&sequence(&[&object_identifier(&[]), &text]))),
        subject(
            "a cut type",
            Refused,
            &within(&sequence(&[&object_identifier(&[0x55, 0x84]), &text])),
        ),
        subject("a SET", Refused, &element(0x31, &[])),
        subject("bytes", Refused, &sequence(&[&[0x31]])),
        with("issuer: empty", Taken, |parts| parts.issuer = sequence(&[])),
        with("issuer: invalid UTF8String", Refused, |parts| {
            parts.issuer = name(&element(0x0c, b"\xff"));
        }),
    ]
}

fn alternative_names() -> Vec<Oddity> {
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
        found("an email that is none", Taken, &[(EMAIL, b"nobody at all\0")]),
        found("an email in Latin 1", Refused, &[(EMAIL, b"j\xfcrgen@example.com")]),
        found("an email in UTF-8", Refused, &[(EMAIL, "jürgen@example.com".as_bytes())]),
        found("a host in UTF-8", Refused, &[(DNS, "bücher.example".as_bytes())]),
        found("a host with a dot at the end", Taken, &[(DNS, b"example.com.")]),
        found("a host with a wildcard", Taken, &[(DNS, b"*.example.com")]),
        found("a host that is none", Taken, &[(DNS, b" ..\n")]),
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

fn uris() -> Vec<Oddity> {
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
    // A host may begin with a dot in no case.
    let taken = taken.into_iter().filter(|text| *text != "https://.a?b#c");
    let taken = taken.map(|text| uri(text, Taken));
    taken
        .chain(refused.into_iter().chain(["https://.a?b#c"]).map(|text| uri(text, Refused)))
        .collect()
}

fn constraints() -> Vec<Oddity> {
    let value = |what: &str, verdict, value: &[u8]| {
        with(&format!("name constraints: {what}"), verdict, |parts| {
            parts.extensions.extend(extension(30, value));
        })
    };
    let permitted = |what: &str, verdict, tag: u8, base: &[u8]| {
        let list = sequence(&[&element(tag, base)]);
        value(&format!("{what} {base:x?}"), verdict, &sequence(&[&element(0xa0, &list)]))
    };
    let domain = sequence(&[&element(DNS, b"example.com")]);
    vec![
        value(
            "permitted and excluded",
            Taken,
            &sequence(&[&element(0xa0, &domain), &element(0xa1, &domain)]),
        ),
        value("excluded", Taken, &sequence(&[&element(0xa1, &domain)])),
        value(
            "in the other order",
            Refused,
            &sequence(&[&element(0xa1, &domain), &element(0xa0, &domain)]),
        ),
        value("none", Refused, &sequence(&[])),
        value("two empty lists", Refused, &sequence(&[&element(0xa0, &[]), &element(0xa1, &[])])),
        value("one empty list", Taken, &sequence(&[&element(0xa0, &[]), &element(0xa1, &domain)])),
        value("more behind", Refused, &[sequence(&[&element(0xa0, &domain)]), vec![5, 0]].concat()),
        value("more inside", Refused, &sequence(&[&element(0xa0, &domain), &[5, 0]])),
        value(
            "a base with a minimum",
            Taken,
            &sequence(&[&element(0xa0, &sequence(&[&element(DNS, b"a"), &[0x80, 1, 0]]))]),
        ),
        value("an empty base", Refused, &sequence(&[&element(0xa0, &sequence(&[]))])),
        permitted("host", Taken, DNS, b""),
        permitted("host", Taken, DNS, b".example.com"),
        permitted("host", Refused, DNS, b"."),
        permitted("host", Refused, DNS, b"..a"),
        permitted("host", Refused, DNS, b"a."),
        permitted("host", Refused, DNS, b"a b"),
        permitted("host", Refused, DNS, "ä".as_bytes()),
        permitted("email", Taken, EMAIL, b"example.com"),
        permitted("email", Taken, EMAIL, b".example.com"),
        permitted("email", Taken, EMAIL, b"a@example.com"),
        permitted("email", Taken, EMAIL, b"\"a b\"@example.com"),
        permitted("email", Refused, EMAIL, b"a b@example.com"),
        permitted("email", Refused, EMAIL, b"@example.com"),
        permitted("email", Refused, EMAIL, b"a..b@example.com"),
        permitted("email", Refused, EMAIL, b"a@example.com."),
        permitted("email", Refused, EMAIL, b"\xff"),
        permitted("network", Taken, IP, &[10, 0, 0, 0, 255, 0, 0, 0]),
        permitted("network", Taken, IP, &[0; 32]),
        permitted("network", Refused, IP, &[10, 0, 0, 0, 255, 0, 255, 0]),
        permitted("network", Refused, IP, &[10, 0, 0, 0, 250, 0, 0, 0]),
        permitted("network", Refused, IP, &[10, 0, 0, 0]),
        permitted("URI host", Taken, URI, b"example.com"),
        permitted("URI host", Refused, URI, b"127.0.0.1"),
        permitted("URI host", Refused, URI, b"::1"),
        permitted("URI host", Taken, URI, b"1.2.3.4.5"),
        permitted("URI host", Taken, URI, b"https:"),
        permitted("URI host", Refused, URI, b"a b"),
        permitted("directory", Taken, 0xa4, &sequence(&[])),
        permitted("no such type", Taken, 0x07, b"a"),
    ]
}

fn extension_values() -> Vec<Oddity> {
    let value = |number: u8, what: &str, verdict, value: &[u8]| {
        with(&format!("extension {number}: {what}"), verdict, |parts| {
            parts.extensions.extend(extension(number, value));
        })
    };
    let critical = |id: &[u8], what: &str, verdict, said: &[u8], value: &[u8]| {
        with(&format!("critical: {what}"), verdict, |parts| {
            let critical = element(1, said);
            parts.extensions.extend(sequence(&[
                &object_identifier(id),
                &critical,
                &element(4, value),
            ]));
        })
    };
    let (octets, id) = (element(4, b"key"), object_identifier(&[0x2a, 3]));
    let point = |name: &[u8]| sequence(&[&sequence(&[&element(0xa0, name)])]);
    let access = [0x2b, 6, 1, 5, 5, 7, 1, 1];
    let information = |value: &[u8]| sequence(&[&object_identifier(&access), &element(4, value)]);
    let accessible = |what: &str, verdict, value: &[u8]| {
        with(&format!("information access: {what}"), verdict, |parts| {
            parts.extensions.extend(information(value));
        })
    };
    vec![
        value(14, "subject key", Taken, &octets),
        value(14, "subject key, empty", Taken, &element(4, b"")),
        value(14, "subject key, bare", Refused, b"key"),
        value(14, "subject key, more behind", Taken, &octets.repeat(2)),
        critical(&[0x55, 0x1d, 14], "subject key", Refused, &[0xff], &octets),
        critical(&[0x55, 0x1d, 14], "subject key, not so", Taken, &[0], &octets),
        value(15, "usage", Taken, &[3, 2, 7, 0x80]),
        value(15, "usage, none", Taken, &[3, 1, 0]),
        value(15, "usage, of no bytes", Refused, &[3, 0]),
        value(15, "usage, bits without bytes", Refused, &[3, 1, 1]),
        value(15, "usage, of eight unused bits", Refused, &[3, 2, 8, 0]),
        value(15, "usage, unused bits that are set", Refused, &[3, 2, 7, 0xc0]),
        value(15, "usage, of forty bits", Taken, &[3, 6, 0, 1, 2, 3, 4, 5]),
        value(19, "basic constraints, none", Taken, &sequence(&[])),
        value(19, "basic constraints", Taken, &sequence(&[&[1, 1, 0xff], &[2, 1, 0]])),
        value(19, "basic constraints, FALSE", Taken, &sequence(&[&[1, 1, 0]])),
        value(19, "basic constraints, TRUE as in BER", Refused, &sequence(&[&[1, 1, 1]])),
        value(19, "basic constraints, a length alone", Taken, &sequence(&[&[2, 1, 5]])),
        value(19, "basic constraints, a negative length", Refused, &sequence(&[&[2, 1, 0xff]])),
        value(
            19,
            "basic constraints, the longest length",
            Taken,
            &sequence(&[&element(2, &i64::MAX.to_be_bytes())]),
        ),
        value(
            19,
            "basic constraints, a longer one",
            Refused,
            &sequence(&[&element(2, &[0, 0x80, 0, 0, 0, 0, 0, 0, 0])]),
        ),
        value(19, "basic constraints, more inside", Taken, &sequence(&[&[5, 0]])),
        value(19, "basic constraints, no SEQUENCE", Refused, &[1, 1, 0xff]),
        value(31, "distribution point", Taken, &point(&element(0xa0, &element(URI, b"\xff")))),
        value(
            31,
            "distribution point, of another kind",
            Taken,
            &point(&element(0xa0, &element(DNS, b"a"))),
        ),
        value(31, "distribution point, relative", Refused, &point(&element(0xa1, b""))),
        value(31, "distribution point, nameless", Taken, &sequence(&[&sequence(&[])])),
        value(31, "distribution point, bare", Refused, &sequence(&[&element(4, b"")])),
        value(32, "policy", Taken, &sequence(&[&sequence(&[&id, &[5, 0]])])),
        value(32, "policy, twice", Refused, &sequence(&[&sequence(&[&id]).repeat(2)])),
        value(
            32,
            "policy, of a large number",
            Taken,
            &sequence(&[&sequence(&[&object_identifier(&[
                0x2a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f,
            ])])]),
        ),
        value(
            32,
            "policy, malformed",
            Refused,
            &sequence(&[&sequence(&[&object_identifier(&[0x2a, 0x80, 1])])]),
        ),
        value(
            32,
            "policy, cut",
            Refused,
            &sequence(&[&sequence(&[&object_identifier(&[0x2a, 0x81])])]),
        ),
        value(32, "policy, empty", Refused, &sequence(&[&sequence(&[&object_identifier(&[])])])),
        value(32, "policy, none", Taken, &sequence(&[])),
        value(33, "mapping", Taken, &sequence(&[&sequence(&[&id, &object_identifier(&[0x80])])])),
        value(33, "mapping, half", Refused, &sequence(&[&sequence(&[&id])])),
        value(
            35,
            "authority key",
            Taken,
            &sequence(&[&element(0x80, b"key"), &[0xa1, 0], &[0x82, 1, 1]]),
        ),
        value(35, "authority key, none", Taken, &sequence(&[])),
        value(35, "authority key, bare", Refused, &octets),
        critical(&[0x55, 0x1d, 35], "authority key", Refused, &[0xff], &sequence(&[])),
        value(36, "policy constraints", Taken, &sequence(&[&[0x80, 1, 0], &[0x81, 1, 0xff]])),
        value(
            36,
            "policy constraints, longer than needed",
            Refused,
            &sequence(&[&[0x80, 2, 0, 0]]),
        ),
        value(36, "policy constraints, too large", Refused, &sequence(&[&element(0x81, &[1; 9])])),
        value(37, "purposes", Taken, &sequence(&[&id.repeat(2)])),
        value(37, "purposes, none", Taken, &sequence(&[])),
        value(
            37,
            "purposes, of a number of 31 bits",
            Taken,
            &sequence(&[&object_identifier(&[0x2a, 0x87, 0xff, 0xff, 0xff, 0x7f])]),
        ),
        value(
            37,
            "purposes, of a number of 32 bits",
            Refused,
            &sequence(&[&object_identifier(&[0x2a, 0x88, 0x80, 0x80, 0x80, 0])]),
        ),
        value(
            37,
            "purposes, of sixty numbers",
            Taken,
            &sequence(&[&object_identifier(&[0x2a; 60])]),
        ),
        value(37, "purposes, other", Refused, &sequence(&[&[5, 0]])),
        value(54, "any policy", Taken, &[2, 1, 0]),
        value(54, "any policy, negative", Taken, &[2, 1, 0xff]),
        value(54, "any policy, too large", Refused, &element(2, &[1; 9])),
        value(54, "any policy, bare", Refused, &[0]),
        value(99, "of no known kind", Taken, b"\xff"),
        critical(&[0x55, 0x1d, 99], "of no known kind", Taken, &[0xff], b"\xff"),
        critical(&[0x2a, 3], "of another arc", Taken, &[0xff], b"\xff"),
        critical(&[0x2a, 3], "TRUE as in BER", Refused, &[1], b""),
        critical(&[0x2a, 3], "nothing", Refused, &[], b""),
        accessible("a URI", Taken, &sequence(&[&sequence(&[&id, &element(URI, b"\xff")])])),
        accessible("another name", Taken, &sequence(&[&sequence(&[&id, &element(DNS, b"a")])])),
        accessible("no method", Refused, &sequence(&[&sequence(&[&element(URI, b"a")])])),
        accessible("no list", Refused, b""),
        critical(&access, "information access", Refused, &[0xff], &sequence(&[])),
    ]
}

fn extension_lists() -> Vec<Oddity> {
    let list = |what: &str, verdict, extensions: &[u8]| {
        with(&format!("extensions: {what}"), verdict, |parts| {
            parts.extensions = extensions.to_vec()
        })
    };
    let (id, value) = (object_identifier(&[0x2a, 3]), element(4, b""));
    let one = sequence(&[&id, &value]);
    vec![
        list("one", Taken, &one),
        list("one twice", Refused, &one.repeat(2)),
        list("no value", Refused, &sequence(&[&id])),
        list("no kind", Refused, &sequence(&[&value])),
        list("a malformed kind", Refused, &sequence(&[&object_identifier(&[0x80, 1]), &value])),
        list(
            "a kind with a number of 32 bits",
            Refused,
            &sequence(&[&object_identifier(&[0x2a, 0x88, 0x80, 0x80, 0x80, 0]), &value]),
        ),
        list("a value of bits", Refused, &sequence(&[&id, &[3, 1, 0]])),
        list("a SET", Refused, &element(0x31, &[id.clone(), value.clone()].concat())),
        list("bytes", Refused, &[0]),
        with("extensions: an empty list", Taken, |parts| {
            parts.extensions.clear();
            parts.surplus = element(0xa3, &sequence(&[]));
        }),
        with("extensions: no list", Refused, |parts| {
            parts.extensions.clear();
            parts.surplus = element(0xa3, &[]);
        }),
        with("unique identifiers", Taken, |parts| {
            parts.unique_ids = [element(0x81, &[0, 1]), element(0x82, b"")].concat();
        }),
        with("unique identifiers, constructed", Surplus, |parts| {
            parts.unique_ids = element(0xa1, &[3, 1, 0]);
        }),
    ]
}

fn keys() -> Vec<Oddity> {
    let public_key = |what: &str, verdict, public_key: &[u8]| {
        with(&format!("key: {what}"), verdict, |parts| parts.public_key = public_key.to_vec())
    };
    let ec = object_identifier(&[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1]);
    let curve = |last: u8| object_identifier(&[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, last]);
    let rsa = object_identifier(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1]);
    let dsa = object_identifier(&[0x2a, 0x86, 0x48, 0xce, 0x38, 4, 1]);
    let ed25519 = object_identifier(&[0x2b, 0x65, 0x70]);
    let unknown = object_identifier(&[0x2a, 3]);
    let modulus = [&[0][..], &[0xc5; 255], &[0x01]].concat();
    let modulus = |len: usize| [&[0][..], &modulus[1..][256 - len..]].concat();
    let rsa_key =
        |modulus: &[u8], exponent: &[u8]| sequence(&[&element(2, modulus), &element(2, exponent)]);
    let spki = super::der::p256_key();
    let with_bits =
        |unused: u8, last: u8| sequence(&[&sequence(&[&unknown]), &element(3, &[unused, 1, last])]);
    vec![
        public_key(
            "RSA of 2048 bits",
            Taken,
            &key(&[&rsa, &[5, 0]], &rsa_key(&modulus(256), &[1, 0, 1])),
        ),
        public_key(
            "RSA of 2040 bits",
            Key,
            &key(&[&rsa, &[5, 0]], &rsa_key(&modulus(255), &[1, 0, 1])),
        ),
        public_key("RSA without NULL", Key, &key(&[&rsa], &rsa_key(&modulus(256), &[1, 0, 1]))),
        public_key(
            "RSA with an exponent of 1",
            Key,
            &key(&[&rsa, &[5, 0]], &rsa_key(&modulus(256), &[1])),
        ),
        public_key(
            "RSA with a negative exponent",
            Key,
            &key(&[&rsa, &[5, 0]], &rsa_key(&modulus(256), &[0xff])),
        ),
        public_key(
            "RSA with an exponent of 40 bits",
            Key,
            &key(&[&rsa, &[5, 0]], &rsa_key(&modulus(256), &[1, 0, 0, 0, 1])),
        ),
        public_key(
            "RSA with more behind it",
            Key,
            &key(&[&rsa, &[5, 0]], &[rsa_key(&modulus(256), &[3]), vec![0]].concat()),
        ),
        public_key("EC on no named curve", Key, &key(&[&ec, &sequence(&[])], &[4])),
        public_key("EC on no known curve", Key, &key(&[&ec, &curve(1)], &[4; 65])),
        public_key(
            "EC with a point that is not on the curve",
            Key,
            &key(&[&ec, &curve(7)], &[4; 65]),
        ),
        public_key("EC without a curve", Key, &key(&[&ec], &[4; 65])),
        public_key("Ed25519 with parameters", Key, &key(&[&ed25519, &[5, 0]], &[9; 32])),
        public_key("Ed25519 of 31 bytes", Key, &key(&[&ed25519], &[9; 31])),
        public_key("DSA", Key, &key(&[&dsa, &sequence(&[&[2, 1, 1].repeat(3)])], &[2, 1, 1])),
        public_key("of no known kind", Key, &key(&[&unknown], b"anything")),
        public_key("of no known kind, with bits left over", Key, &with_bits(4, 0xf0)),
        public_key("with unused bits that are set", Refused, &with_bits(4, 0xf1)),
        public_key("with more behind it", Key, &sequence(&[&spki[2..], &[5, 0]])),
        public_key("without bits", Refused, &sequence(&[&sequence(&[&unknown])])),
        public_key("without an algorithm", Refused, &sequence(&[&sequence(&[]), &[3, 1, 0]])),
        public_key("of a malformed algorithm", Refused, &key(&[&object_identifier(&[0x80])], b"")),
        public_key("with malformed parameters", Refused, &key(&[&unknown, &[5, 1]], b"")),
        public_key("a SET", Refused, &element(0x31, &spki[2..])),
    ]
}

fn surplus() -> Vec<Oddity> {
    let algorithm = |what: &str, verdict, both: &[u8]| {
        with(&format!("algorithm: {what}"), verdict, |parts| {
            parts.algorithm = both.to_vec();
            parts.outer_algorithm = both.to_vec();
        })
    };
    let id = object_identifier(&[0x2a, 3]);
    vec![
        algorithm("of no known kind", Taken, &sequence(&[&id])),
        algorithm("with parameters of a type of no use", Taken, &sequence(&[&id, &[0x0d, 0]])),
        algorithm("with more behind the parameters", Taken, &sequence(&[&id, &[5, 0, 5, 0]])),
        algorithm("with bytes behind the parameters", Taken, &sequence(&[&id, &[5, 0, 5]])),
        algorithm("with cut parameters", Refused, &sequence(&[&id, &[5]])),
        algorithm("with parameters of a long tag", Refused, &sequence(&[&id, &[0x1f, 0x21, 0]])),
        algorithm("none", Refused, &sequence(&[])),
        algorithm("malformed", Refused, &sequence(&[&object_identifier(&[0x80])])),
        with("two algorithms", Refused, |parts| parts.outer_algorithm = sequence(&[&id])),
        with("the same algorithm with NULL", Refused, |parts| {
            parts.outer_algorithm = sequence(&[&parts.algorithm[2..], &[5, 0]]);
        }),
        with("signature: bits left over", Taken, |parts| parts.signature = element(3, &[4, 0xf0])),
        with("signature: unused bits that are set", Refused, |parts| {
            parts.signature = element(3, &[4, 0xff]);
        }),
        with("signature: none", Taken, |parts| parts.signature = element(3, &[0])),
        with("signature: of no bytes", Refused, |parts| parts.signature = element(3, &[])),
        with("signature: an OCTET STRING", Refused, |parts| parts.signature = element(4, &[0])),
        with("signature: missing", Refused, |parts| parts.signature.clear()),
        with("signature: more behind it", Surplus, |parts| parts.signature.extend([5, 0])),
        with("extensions: more behind them", Surplus, |parts| parts.surplus = vec![5, 0]),
        with("extensions: bytes behind them", Surplus, |parts| parts.surplus = vec![5]),
        with("extensions: more behind the list", Surplus, |parts| {
            parts.surplus = element(0xa3, &[sequence(&[&parts.extensions]), vec![5, 0]].concat());
            parts.extensions.clear();
        }),
        with("extension: more behind the value", Surplus, |parts| {
            parts.extensions = sequence(&[&id, &element(4, b""), &[5, 0]]);
        }),
    ]
}
