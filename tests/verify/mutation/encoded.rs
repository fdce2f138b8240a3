//! What can be done to the bytes that a text stands for in base64: to the bytes, and to the
//! elements of DER and the fields of JSON that they are.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE};
use fasti_kit::elements::{self, Element, Inside, Length};

use super::json::Json;
use super::mutant::{Mutant, Thoroughness};

/// Damaged copies of a document with a text at `path`; none if that is not base64. `of_json`
/// damages the JSON that it can stand for.
pub fn mutants(
    json: &Json,
    path: &[usize],
    place: &str,
    thorough: Thoroughness,
    of_json: &dyn Fn(&Json) -> Vec<Mutant>,
) -> Vec<Mutant> {
    let Json::Text(text) = json.at(path) else { return Vec::new() };
    let bytes = match STANDARD.decode(text) {
        Ok(bytes) if text.len() >= 16 => bytes,
        _ => return Vec::new(),
    };
    let mut all = Vec::new();
    let mut put = |place: &str, damage, text: String| {
        let json = json.with(path, Json::Text(text));
        all.push(Mutant { place: place.to_owned(), damage, json });
    };
    for (damage, other) in [
        ("base64 without its padding", STANDARD_NO_PAD.encode(&bytes)),
        ("base64 of the other alphabet", URL_SAFE.encode(&bytes)),
        ("base64 with a line break after", format!("{text}\n")),
        ("base64 in two lines", format!("{}\n{}", &text[..8], &text[8..])),
        ("base64 with a space in it", format!("{} {}", &text[..8], &text[8..])),
        ("base64 with more padding", format!("{text}=")),
        ("base64 twice", STANDARD.encode(text)),
    ] {
        if other != *text {
            put(place, damage, other);
        }
    }
    if let Some(stray) = with_stray_bits(text) {
        put(place, "base64 with stray bits", stray);
    }
    let mut bytes_of =
        |place: &str, damage, bytes: &[u8]| put(place, damage, STANDARD.encode(bytes));
    bytes_of(place, "a byte more", &[&bytes[..], &[0]].concat());
    bytes_of(place, "a byte more before", &[&[0], &bytes[..]].concat());
    bytes_of(place, "a byte less", &bytes[..bytes.len() - 1]);
    bytes_of(place, "its bytes twice", &bytes.repeat(2));
    if let Some(elements) = elements::parse(&bytes) {
        let each = if thorough.elements { &elements[..] } else { &[] };
        for (at, damage, other) in of_elements(each, thorough) {
            bytes_of(&format!("{place}/{at}"), damage, &elements::encode(&other));
        }
    } else if let Ok(value @ serde_json::Value::Object(_)) = serde_json::from_slice(&bytes) {
        for Mutant { place: at, damage, json } in of_json(&Json::from(&value)) {
            bytes_of(&format!("{place}/{at}"), damage, json.to_string().as_bytes());
        }
        bytes_of(&format!("{place}/"), "a space after", &[&bytes[..], b" "].concat());
    } else {
        for (at, bit) in thorough.positions(bytes.len()) {
            let mut other = bytes.clone();
            other[at] ^= bit;
            bytes_of(place, "another bit", &other);
        }
    }
    all
}

/// The same bytes, with other bits where base64 has some to spare.
fn with_stray_bits(text: &str) -> Option<String> {
    let end = text.trim_end_matches('=').len();
    let last = *text.as_bytes().get(end.checked_sub(1)?)?;
    let padded = end < text.len() && last != b'Z' && last != b'z' && last != b'9';
    padded.then(|| format!("{}{}{}", &text[..end - 1], char::from(last + 1), &text[end..]))
}

/// Damaged copies of elements: where, how, and what is left.
fn of_elements(
    elements: &[Element],
    thorough: Thoroughness,
) -> Vec<(String, &'static str, Vec<Element>)> {
    let mut all = Vec::new();
    for (number, element) in elements.iter().enumerate() {
        let place = number.to_string();
        let mut edit = |damage, change: &dyn Fn(&mut Vec<Element>)| {
            let mut copy = elements.to_vec();
            change(&mut copy);
            all.push((place.clone(), damage, copy));
        };
        edit("removed", &|all| drop(all.remove(number)));
        edit("given twice", &|all| all.insert(number, all[number].clone()));
        edit("exchanged with the next", &|all| {
            let next = (number + 1) % all.len();
            all.swap(number, next);
        });
        edit("of another tag", &|all| all[number].tag ^= 1);
        edit("of a tag of the other form", &|all| all[number].tag ^= 0x20);
        edit("of a tag of another class", &|all| all[number].tag ^= 0x80);
        edit("with a longer length", &|all| all[number].length = Length::Longer);
        edit("of indefinite length", &|all| all[number].length = Length::Indefinite);
        edit("empty", &|all| all[number].inside = Inside::Bytes(Vec::new()));
        edit("before a NULL", &|all| all.insert(number + 1, Element::of_bytes(5, Vec::new())));
        match &element.inside {
            Inside::Bytes(bytes) => of_bytes(bytes, thorough, &mut |damage, bytes| {
                edit(damage, &|all| all[number].inside = Inside::Bytes(bytes.clone()));
            }),
            Inside::Elements(inside) => {
                for (at, damage, other) in of_elements(inside, thorough) {
                    let mut copy = elements.to_vec();
                    copy[number].inside = Inside::Elements(other);
                    all.push((format!("{place}.{at}"), damage, copy));
                }
            }
        }
    }
    all
}

fn of_bytes(bytes: &[u8], thorough: Thoroughness, add: &mut dyn FnMut(&'static str, Vec<u8>)) {
    add("a byte more", [bytes, &[0]].concat());
    add("a byte more before", [&[0], bytes].concat());
    if let Some((_, less)) = bytes.split_last() {
        add("a byte less", less.to_vec());
    }
    for (at, bit) in thorough.positions(bytes.len()) {
        let mut other = bytes.to_vec();
        other[at] ^= bit;
        add("another bit", other);
    }
}
