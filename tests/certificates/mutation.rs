//! Damage to certificates: to single bytes, and to elements with the enclosing lengths corrected,
//! which reaches deep into the structure.

use fasti_kit::elements::{Element, Inside, encode, parse};

/// A pseudorandom sequence that is the same in every run (xorshift64).
pub struct Draw(u64);

impl Draw {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() >> 11).unwrap() % end.max(1)
    }

    fn byte(&mut self) -> u8 {
        u8::try_from(self.next() >> 40 & 0xff).unwrap()
    }
}

/// A damaged copy of a certificate.
pub fn mutated(der: &[u8], draw: &mut Draw) -> Vec<u8> {
    let mut elements = parse(der).expect("what is damaged was whole before");
    for _ in 0..=draw.below(3) / 2 {
        let count = elements.iter().map(Element::count).sum();
        let mut at = draw.below(count);
        damage(&mut elements, &mut at, draw);
    }
    let mut der = encode(&elements);
    let at = draw.below(6 * der.len());
    if let Some(byte) = der.get_mut(at) {
        *byte ^= 1 << draw.below(8);
    }
    der
}

/// Damages element number `at`, counted with those inside others. Returns whether it was found.
fn damage(elements: &mut Vec<Element>, at: &mut usize, draw: &mut Draw) -> bool {
    for n in 0..elements.len() {
        if *at == 0 {
            match draw.below(8) {
                0 => drop(elements.remove(n)),
                1 => elements.insert(n, elements[n].clone()),
                2 => elements.swap(n, 0),
                3 => elements[n].tag = tag(draw),
                4 => elements.insert(n + 1, stray(draw)),
                5 => elements[n] = stray(draw),
                _ => damage_inside(&mut elements[n], draw),
            }
            return true;
        }
        *at -= 1;
        if let Inside::Elements(inside) = &mut elements[n].inside
            && damage(inside, at, draw)
        {
            return true;
        }
    }
    false
}

fn damage_inside(element: &mut Element, draw: &mut Draw) {
    match &mut element.inside {
        Inside::Elements(elements) => match draw.below(3) {
            0 => elements.push(stray(draw)),
            1 => elements.clear(),
            _ => element.inside = Inside::Bytes(bytes(draw)),
        },
        Inside::Bytes(content) => match draw.below(5) {
            0 => *content = bytes(draw),
            1 => content.push(draw.byte()),
            2 => drop(content.pop()),
            3 => content.insert(0, draw.byte()),
            _ => {
                let at = draw.below(content.len());
                if let Some(byte) = content.get_mut(at) {
                    *byte = draw.byte();
                }
            }
        },
    }
}

fn tag(draw: &mut Draw) -> u8 {
    const USUAL: [u8; 24] = [
        0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0a, 0x0c, 0x0d, 0x12, 0x13, 0x14, 0x16, 0x17, 0x18,
        0x1e, 0x30, 0x31, 0x80, 0x81, 0x82, 0x86, 0x87, 0xa0,
    ];
    if draw.below(4) == 0 { draw.byte() } else { USUAL[draw.below(USUAL.len())] }
}

fn stray(draw: &mut Draw) -> Element {
    Element::of_bytes(tag(draw), bytes(draw))
}

/// Bytes that resemble typical values.
fn bytes(draw: &mut Draw) -> Vec<u8> {
    const TEXTS: [&[u8]; 22] = [
        b"",
        b"\0",
        b"\xff",
        b"\x80",
        b"\x00\x80",
        b"\x7f\xff\xff\xff\xff\xff\xff\xff",
        b"Z*&",
        b"a@b",
        b"http://[::1]:80/",
        b"https://example.com:x",
        b"%41://",
        b"urn:a%zz",
        b"//a..b/",
        b"http://a.b./%",
        b"500101000000Z",
        b"19500101000000Z",
        b"2601010000-0100",
        b"\xc3\xa4",
        b"\xd8\x00",
        b"a\0",
        b"\x03\x02\x01\x06",
        b"https://user:pw@host/%7e#%",
    ];
    match draw.below(4) {
        0 => TEXTS[draw.below(TEXTS.len())].to_vec(),
        1 => (0..draw.below(20)).map(|_| draw.byte()).collect(),
        _ => pieces(draw),
    }
}

/// Fragments of URIs, mailboxes, addresses and times, in any order.
fn pieces(draw: &mut Draw) -> Vec<u8> {
    const PIECES: [&str; 46] = [
        "http",
        "https",
        "x",
        ":",
        ":",
        "//",
        "//",
        "/",
        "/",
        "?",
        "#",
        "@",
        "@",
        "[",
        "]",
        "[::1]",
        "::",
        "::1",
        "%25",
        "%41",
        "%e4",
        "%20",
        "%",
        "%zz",
        ".",
        ".",
        "..",
        "a",
        "b.c",
        "example.com",
        "user:pw",
        "80",
        "1.2.3.4",
        " ",
        "\\",
        "\"",
        "\t",
        "\u{7f}",
        "*",
        "&",
        "ä",
        "_",
        "26",
        "0101",
        "000000",
        "Z",
    ];
    let count = 1 + draw.below(9);
    (0..count).flat_map(|_| PIECES[draw.below(PIECES.len())].bytes()).collect()
}
