//! Damage to certificates: to single bytes, and to elements with the enclosing lengths corrected,
//! which reaches deep into the structure.

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

/// An element with its content.
#[derive(Clone)]
struct Node {
    tag: u8,
    /// Bytes before the inner elements: the unused bits of a BIT STRING.
    prefix: Vec<u8>,
    inside: Inside,
}

#[derive(Clone)]
enum Inside {
    Bytes(Vec<u8>),
    Nodes(Vec<Node>),
}

/// A damaged copy of a certificate.
pub fn mutated(der: &[u8], draw: &mut Draw) -> Vec<u8> {
    let mut nodes = parse(der).expect("what is damaged was whole before");
    for _ in 0..=draw.below(3) / 2 {
        let count = nodes.iter().map(Node::count).sum();
        let mut at = draw.below(count);
        damage(&mut nodes, &mut at, draw);
    }
    let mut der = encode(&nodes);
    let at = draw.below(6 * der.len());
    if let Some(byte) = der.get_mut(at) {
        *byte ^= 1 << draw.below(8);
    }
    der
}

fn parse(mut bytes: &[u8]) -> Option<Vec<Node>> {
    let mut nodes = Vec::new();
    while let [tag, length, rest @ ..] = bytes {
        let (content, rest) = match *length {
            0..=0x7f => rest.split_at_checked(usize::from(*length))?,
            0x81 => {
                rest.split_first().and_then(|(n, rest)| rest.split_at_checked(usize::from(*n)))?
            }
            0x82 => {
                let (digits, rest) = rest.split_first_chunk()?;
                rest.split_at_checked(usize::from(u16::from_be_bytes(*digits)))?
            }
            _ => return None,
        };
        let may_wrap = tag & 0x20 != 0 || *tag == 4 || *tag == 3;
        let prefix = usize::from(*tag == 3).min(content.len());
        let (prefix, inside) = content.split_at(prefix);
        let wrapped = if may_wrap && !inside.is_empty() { parse(inside) } else { None };
        nodes.push(match wrapped {
            Some(nodes) => {
                Node { tag: *tag, prefix: prefix.to_vec(), inside: Inside::Nodes(nodes) }
            }
            None => Node { tag: *tag, prefix: Vec::new(), inside: Inside::Bytes(content.to_vec()) },
        });
        bytes = rest;
    }
    bytes.is_empty().then_some(nodes)
}

fn encode(nodes: &[Node]) -> Vec<u8> {
    let encode_one = |node: &Node| {
        let inside = match &node.inside {
            Inside::Bytes(bytes) => bytes.clone(),
            Inside::Nodes(nodes) => encode(nodes),
        };
        super::der::element(node.tag, &[&node.prefix[..], &inside].concat())
    };
    nodes.iter().flat_map(encode_one).collect()
}

impl Node {
    fn count(&self) -> usize {
        match &self.inside {
            Inside::Bytes(_) => 1,
            Inside::Nodes(nodes) => 1 + nodes.iter().map(Self::count).sum::<usize>(),
        }
    }
}

/// Damages node number `at`, counted with the nodes inside nodes. Returns whether it was found.
fn damage(nodes: &mut Vec<Node>, at: &mut usize, draw: &mut Draw) -> bool {
    for n in 0..nodes.len() {
        if *at == 0 {
            match draw.below(8) {
                0 => drop(nodes.remove(n)),
                1 => nodes.insert(n, nodes[n].clone()),
                2 => nodes.swap(n, 0),
                3 => nodes[n].tag = tag(draw),
                4 => nodes.insert(n + 1, stray(draw)),
                5 => nodes[n] = stray(draw),
                _ => damage_inside(&mut nodes[n], draw),
            }
            return true;
        }
        *at -= 1;
        if let Inside::Nodes(inside) = &mut nodes[n].inside
            && damage(inside, at, draw)
        {
            return true;
        }
    }
    false
}

fn damage_inside(node: &mut Node, draw: &mut Draw) {
    match &mut node.inside {
        Inside::Nodes(nodes) => match draw.below(3) {
            0 => nodes.push(stray(draw)),
            1 => nodes.clear(),
            _ => node.inside = Inside::Bytes(bytes(draw)),
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

fn stray(draw: &mut Draw) -> Node {
    Node { tag: tag(draw), prefix: Vec::new(), inside: Inside::Bytes(bytes(draw)) }
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
