//! Chains with something unusual in them, drawn at random.

use super::made::{
    Extension, Order, basic_constraints, general_names, key_usage, name_constraints, purposes,
    username,
};
use crate::der::{DNS, EMAIL, IP, URI};
use crate::mutation::Draw;

/// A chain, and others beside it.
#[derive(Clone)]
pub struct Scene {
    pub anchors: Vec<Order>,
    pub intermediates: Vec<Order>,
    pub signer: Order,
    /// Whether the signer's own certificate is an anchor.
    pub trusts_signer: bool,
    /// What is in it that fasti and Go judge differently, by the names in the document.
    pub differences: Vec<&'static str>,
}

/// The year in which chains are judged.
pub const YEAR: u16 = 2027;

/// Odd validity: ended, begun just now, long ended, not begun, ended before it began.
const YEARS: [[u16; 2]; 5] = [[2010, 2027], [2027, 2040], [2010, 2020], [2030, 2040], [2030, 2020]];
/// How many keys are of the usual kind; the others follow.
pub const USUAL_KEYS: usize = 8;
/// How many keys there are.
pub const KEYS: usize = USUAL_KEYS + 4;

fn order(subject: &str, issuer: &str, key: usize, signed_by: usize) -> Order {
    Order {
        version: 3,
        serial: u8::try_from(key).expect("few keys") + 1,
        subject: subject.to_owned(),
        issuer: issuer.to_owned(),
        years: [2020, 2030],
        key,
        signed_by,
        way: 0,
        extensions: Vec::new(),
        is_forged: false,
    }
}

fn authority(subject: &str, issuer: &str, key: usize, signed_by: usize) -> Order {
    let mut order = order(subject, issuer, key, signed_by);
    order.extensions.push(Extension::of(19, true, basic_constraints(Some(true), None)));
    order.extensions.push(Extension::of(15, true, key_usage(0b0000_0110)));
    order
}

/// A chain of this many intermediates that holds.
pub fn good(between: usize) -> Scene {
    let mut intermediates = Vec::new();
    let mut above = ("root".to_owned(), 0);
    for n in 1..=between {
        let name = format!("authority {n}");
        intermediates.push(authority(&name, &above.0, n, above.1));
        above = (name, n);
    }
    let mut signer = order("", &above.0, USUAL_KEYS - 1, above.1);
    signer.extensions.push(Extension::of(15, true, key_usage(0b1000_0000)));
    signer.extensions.push(Extension::of(37, false, purposes(&[3])));
    let names = general_names(&[(EMAIL, b"dev@example.com".to_vec())]);
    signer.extensions.push(Extension::of(17, true, names));
    let anchors = vec![authority("root", "root", 0, 0)];
    Scene { anchors, intermediates, signer, trusts_signer: false, differences: Vec::new() }
}

/// A chain with something unusual in it, most often one thing.
pub fn drawn(draw: &mut Draw) -> Scene {
    let mut scene = good([0, 1, 1, 2, 2, 3][draw.below(6)]);
    other_keys(&mut scene, draw);
    for _ in 0..[1, 1, 1, 2, 3][draw.below(5)] {
        match draw.below(12) {
            0..=6 if !scene.anchors.is_empty() => {
                let which = draw.below(scene.anchors.len() + scene.intermediates.len());
                let (is_anchor, order) = match which.checked_sub(scene.anchors.len()) {
                    None => (true, &mut scene.anchors[which]),
                    Some(which) => (false, &mut scene.intermediates[which]),
                };
                scene.differences.extend(odd_authority(order, is_anchor, draw));
            }
            7..=9 => scene.differences.extend(odd_signer(&mut scene.signer, draw)),
            _ => odd_company(&mut scene, draw),
        }
    }
    scene
}

/// Gives some of the authorities keys of other kinds, and lets them sign in other ways.
fn other_keys(scene: &mut Scene, draw: &mut Draw) {
    for key in 0..USUAL_KEYS - 1 {
        if draw.below(3) > 0 {
            continue;
        }
        let other = USUAL_KEYS + draw.below(KEYS - USUAL_KEYS);
        let all = scene.anchors.iter_mut().chain(&mut scene.intermediates);
        // A kind of key is used once at most, so that no two authorities share one.
        if all.map(|order| order.key).any(|used| used == other) {
            continue;
        }
        let all = scene.anchors.iter_mut().chain(&mut scene.intermediates);
        for order in all.chain([&mut scene.signer]) {
            if order.key == key {
                order.key = other;
            }
            if order.signed_by == key {
                order.signed_by = other;
            }
        }
    }
    let all = scene.anchors.iter_mut().chain(&mut scene.intermediates);
    for order in all.chain([&mut scene.signer]) {
        order.way = draw.below(28);
    }
}

fn replace(order: &mut Order, extension: Extension) {
    order.extensions.retain(|other| other.id != extension.id);
    order.extensions.push(extension);
}

fn odd_authority(order: &mut Order, is_anchor: bool, draw: &mut Draw) -> Option<&'static str> {
    let critical = draw.below(2) == 0;
    match draw.below(14) {
        0 => {
            let says = [None, Some(false), Some(true)][draw.below(3)];
            let length = [None, Some(0), Some(1)][draw.below(3)];
            replace(order, Extension::of(19, critical, basic_constraints(says, length)));
        }
        1 => order.extensions.retain(|extension| extension.id[2] != 19),
        2 | 3 => {
            let length = u8::try_from(draw.below(4)).expect("small");
            let value = basic_constraints(Some(true), Some(length));
            replace(order, Extension::of(19, critical, value));
        }
        4 => {
            let bits = [0b0000_0100, 0b1000_0000, 0b1000_0110, 0b0000_0010, 0][draw.below(5)];
            replace(order, Extension::of(15, critical, key_usage(bits)));
            return (bits == 0).then_some("key usage without a usage");
        }
        5 => order.extensions.retain(|extension| extension.id[2] != 15),
        6 => {
            let lists: [&[u8]; 7] = [&[3], &[0], &[1], &[1, 3], &[3, 99], &[99], &[]];
            let list = lists[draw.below(7)];
            replace(order, Extension::of(37, critical, purposes(list)));
            return list.is_empty().then_some("extended key usage without a purpose");
        }
        7 | 8 => return constrain(order, critical, draw),
        9 => order.years = YEARS[draw.below(5)],
        10 => order.version = 1 + u8::try_from(draw.below(2)).expect("small"),
        11 => {
            let names: Vec<_> = (0..draw.below(3)).map(|_| any_name(draw)).collect();
            replace(order, Extension::of(17, critical, general_names(&names)));
            let has_username = names.iter().any(|name| name.0 == 0xa0);
            return has_username.then_some("user names as Fulcio writes them");
        }
        12 => order.is_forged = !is_anchor || critical,
        _ => return odd_extension(order, critical, draw),
    }
    None
}

fn odd_signer(order: &mut Order, draw: &mut Draw) -> Option<&'static str> {
    let critical = draw.below(2) == 0;
    match draw.below(10) {
        0 => {
            let is_authority = critical;
            let length = [None, Some(0)][draw.below(2)];
            let value = basic_constraints(Some(is_authority), length);
            replace(order, Extension::of(19, true, value));
            return is_authority.then_some("a signer that is an authority");
        }
        1 => {
            let lists: [&[u8]; 7] = [&[3], &[0], &[1], &[1, 3], &[3, 99], &[99], &[]];
            let list = lists[draw.below(7)];
            replace(order, Extension::of(37, critical, purposes(list)));
            return list.is_empty().then_some("extended key usage without a purpose");
        }
        2 => order.extensions.retain(|extension| extension.id[2] != 37),
        3..=5 => {
            let names: Vec<_> = (0..draw.below(4)).map(|_| any_name(draw)).collect();
            replace(order, Extension::of(17, critical, general_names(&names)));
            let has_username = names.iter().any(|name| name.0 == 0xa0);
            return has_username.then_some("user names as Fulcio writes them");
        }
        6 => order.years = YEARS[draw.below(5)],
        7 => order.version = 1 + u8::try_from(draw.below(2)).expect("small"),
        8 => order.is_forged = true,
        _ => return odd_extension(order, critical, draw),
    }
    None
}

/// Extensions that Go knows and those that nobody does.
fn odd_extension(order: &mut Order, critical: bool, draw: &mut Draw) -> Option<&'static str> {
    use crate::der::{element, object_identifier, sequence};

    let policy = object_identifier(&[0x2a, 3]);
    let (number, value, difference) = match draw.below(10) {
        0 => (99, vec![5, 0], None),
        1 => (18, general_names(&[(DNS, b"a.example".to_vec())]), None),
        2 => (14, element(4, &[1, 2, 3]), None),
        3 => (35, sequence(&[&element(0x80, &[1, 2, 3])]), None),
        4 => (31, sequence(&[]), None),
        5 => (32, sequence(&[&sequence(&[&policy])]), None),
        6 => {
            let mapping = sequence(&[&policy, &object_identifier(&[0x2a, 4])]);
            (33, sequence(&[&mapping]), Some("rules about policies"))
        }
        7 => {
            let skip = u8::try_from(draw.below(3)).expect("small");
            let tag = 0x80 + u8::try_from(draw.below(2)).expect("small");
            (36, sequence(&[&element(tag, &[skip])]), Some("rules about policies"))
        }
        8 => (54, element(2, &[0]), None),
        _ => {
            let id = vec![0x2b, 6, 1, 5, 5, 7, 1, 1];
            let value = sequence(&[]);
            replace(order, Extension { id, critical, value });
            return None;
        }
    };
    replace(order, Extension::of(number, critical, value));
    difference
}

fn constrain(order: &mut Order, critical: bool, draw: &mut Draw) -> Option<&'static str> {
    let mut list =
        |most: usize| -> Vec<_> { (0..draw.below(most)).map(|_| any_constraint(draw)).collect() };
    let (permitted, mut excluded) = (list(4), list(3));
    if permitted.is_empty() && excluded.is_empty() {
        excluded.push((DNS, b"example.net".to_vec()));
    }
    let value = name_constraints(&permitted, &excluded);
    replace(order, Extension::of(30, critical, value));
    let is_odd = |(tag, base): &(u8, Vec<u8>)| {
        let (address, mask) = base.split_at(base.len() / 2);
        *tag == IP && address.iter().zip(mask).any(|(address, mask)| address & !mask != 0)
    };
    permitted.iter().chain(&excluded).any(is_odd).then_some("networks with bits beyond their mask")
}

fn any_constraint(draw: &mut Draw) -> (u8, Vec<u8>) {
    const HOSTS: [&str; 9] = [
        "example.com",
        ".example.com",
        "EXAMPLE.com",
        "a.example.com",
        "com",
        "example.net",
        "",
        "ple.com",
        "b-a.example.com",
    ];
    let host = |draw: &mut Draw| HOSTS[draw.below(9)].as_bytes().to_vec();
    match draw.below(12) {
        0..=2 => (DNS, host(draw)),
        3..=4 => (EMAIL, host(draw)),
        5 => {
            let mailboxes = ["dev@example.com", "DEV@EXAMPLE.com", "\"dev\"@example.com", "x@y"];
            (EMAIL, mailboxes[draw.below(4)].as_bytes().to_vec())
        }
        6..=7 => (URI, host(draw)),
        8..=9 => {
            let networks: [[u8; 8]; 5] = [
                [192, 0, 2, 0, 255, 255, 255, 0],
                [10, 0, 0, 0, 255, 0, 0, 0],
                [0; 8],
                [192, 0, 2, 1, 255, 255, 255, 255],
                [192, 0, 2, 77, 255, 255, 255, 0],
            ];
            (IP, networks[[0, 1, 2, 3, 0, 1, 2, 3, 4][draw.below(9)]].to_vec())
        }
        10 => {
            let mut network = vec![0; 32];
            network[..4].copy_from_slice(&[0x20, 1, 0xd, 0xb8]);
            network[16..20].fill(0xff);
            (IP, network)
        }
        // A directory name, which neither applies.
        _ => (0xa4, crate::der::name(&crate::der::element(0x0c, b"a"))),
    }
}

fn any_name(draw: &mut Draw) -> (u8, Vec<u8>) {
    const EMAILS: [&str; 7] = [
        "dev@example.com",
        "dev@a.example.com",
        "DEV@Example.COM",
        "x@example.net",
        "\"dev\"@example.com",
        "nobody",
        "a b@example.com",
    ];
    const DNS_NAMES: [&str; 7] = [
        "example.com",
        "a.example.com",
        "*.example.com",
        "example.net",
        "b.a.example.com",
        "example.com.",
        "not a host",
    ];
    const URIS: [&str; 9] = [
        "https://example.com/x",
        "https://a.example.com:8443/x",
        "spiffe://Example.com/x",
        "https://example.net/",
        "urn:example:x",
        "https://192.0.2.1/",
        "https://[2001:db8::1]/",
        "dev@example.com",
        "https://a:b:c/",
    ];
    match draw.below(9) {
        0..=1 => (EMAIL, EMAILS[draw.below(7)].as_bytes().to_vec()),
        2..=3 => (DNS, DNS_NAMES[draw.below(7)].as_bytes().to_vec()),
        4..=5 => (URI, URIS[draw.below(9)].as_bytes().to_vec()),
        6 => (IP, [[192, 0, 2, 1], [10, 1, 2, 3], [8, 8, 8, 8]][draw.below(3)].to_vec()),
        7 => (IP, [&[0x20, 1, 0xd, 0xb8][..], &[0; 11], &[1]].concat()),
        _ => username("dev!example.com"),
    }
}

/// Other certificates around a chain.
fn odd_company(scene: &mut Scene, draw: &mut Draw) {
    let free = USUAL_KEYS - 2;
    match draw.below(9) {
        // Another authority with the root's name: before it, after it, expired.
        0 => scene.anchors.insert(0, authority("root", "root", free, free)),
        1 => scene.anchors.push(authority("root", "root", free, free)),
        2 if !scene.anchors.is_empty() => {
            let mut expired = scene.anchors[0].clone();
            expired.years = [2010, 2020];
            expired.serial ^= 0x40;
            scene.anchors.insert(draw.below(2), expired);
        }
        // The root certified by another one, of which one may be trusted alone.
        3 if !scene.anchors.is_empty() => {
            let mut crossed = scene.anchors[0].clone();
            (crossed.issuer, crossed.signed_by) = ("another root".to_owned(), free);
            scene.intermediates.push(crossed);
            if draw.below(2) == 0 {
                scene.anchors.clear();
            }
            scene.anchors.push(authority("another root", "another root", free, free));
        }
        // An intermediate with a new key, certified by its old one.
        4 if !scene.intermediates.is_empty() => {
            let last = scene.intermediates.len() - 1;
            let old = scene.intermediates[last].clone();
            scene.intermediates.push(authority(&old.subject, &old.subject, free, old.key));
            scene.signer.signed_by = free;
        }
        // Two ways, of which one does not hold.
        5 if !scene.intermediates.is_empty() => {
            let which = draw.below(scene.intermediates.len());
            let mut other = scene.intermediates[which].clone();
            other.serial ^= 0x40;
            scene.differences.extend(odd_authority(&mut other, false, draw));
            scene.intermediates.insert(draw.below(2).min(which), other);
        }
        // A circle.
        6 if !scene.intermediates.is_empty() && !scene.anchors.is_empty() => {
            let (root, low) = (scene.anchors[0].clone(), scene.intermediates[0].clone());
            scene.intermediates.push(authority(&root.subject, &low.subject, root.key, low.key));
        }
        7 => scene.anchors.truncate(usize::from(scene.anchors.len() > 1)),
        8 => {
            scene.trusts_signer = true;
            scene.differences.push("a signer that is an anchor itself");
        }
        _ => scene.intermediates.clear(),
    }
}
