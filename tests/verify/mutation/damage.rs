//! Everything that can be done to a document: to its fields and lists, to texts and numbers, and to
//! what texts stand for (`encoded.rs`).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::encoded;
use super::json::Json;
use super::mutant::{Mutant, Thoroughness};

/// All damaged copies of a document.
pub fn mutants(json: &Json, thorough: Thoroughness) -> Vec<Mutant> {
    let mut all = Vec::new();
    for (path, place) in json.parts() {
        let mut add = |damage, json| all.push(Mutant { place: place.clone(), damage, json });
        if let Some((last, parent)) = path.split_last() {
            match json.at(parent) {
                Json::Object(_) => as_field(json, parent, *last, &mut add),
                _ => as_element(json, parent, *last, &mut add),
            }
        }
        let part = json.at(&path);
        replaced(json, &path, &mut add);
        match part {
            Json::Literal(text) => {
                numbers(text, |damage, part| add(damage, json.with(&path, part)));
            }
            Json::Text(text) => {
                texts(text, thorough, |damage, part| add(damage, json.with(&path, part)));
                numbers(text, |damage, part| add(damage, json.with(&path, part)));
                let inside = |inside: &Json| mutants(inside, thorough);
                all.extend(encoded::mutants(json, &path, &place, thorough, &inside));
            }
            Json::List(list) => lists(list, |damage, part| add(damage, json.with(&path, part))),
            Json::Object(fields) => {
                objects(fields, |damage, part| add(damage, json.with(&path, part)));
            }
        }
    }
    let original = json.to_string();
    all.retain(|mutant| mutant.json.to_string() != original);
    all
}

type Fields = Vec<(String, Json)>;
type Add<'a> = &'a mut dyn FnMut(&'static str, Json);

fn null() -> Json {
    Json::Literal("null".to_owned())
}

fn as_field(json: &Json, parent: &[usize], number: usize, add: Add<'_>) {
    let mut edit = |damage, change: &dyn Fn(&mut Fields)| {
        let mut copy = json.clone();
        if let Json::Object(fields) = copy.at_mut(parent) {
            change(fields);
        }
        add(damage, copy);
    };
    edit("removed", &|fields| drop(fields.remove(number)));
    edit("null", &|fields| fields[number].1 = null());
    edit("given twice", &|fields| fields.insert(number, fields[number].clone()));
    edit("given twice, once null", &|fields| {
        fields.insert(number, (fields[number].0.clone(), null()));
    });
    edit("given twice, spelled differently", &|fields| {
        let (name, value) = fields[number].clone();
        fields.extend(other_spelling(&name).map(|name| (name, value)));
    });
    edit("in the other spelling", &|fields| {
        if let Some(name) = other_spelling(&fields[number].0) {
            fields[number].0 = name;
        }
    });
    edit("renamed", &|fields| fields[number].0.push('X'));
    edit("renamed in capitals", &|fields| fields[number].0.make_ascii_uppercase());
    edit("last of the fields", &|fields| {
        let field = fields.remove(number);
        fields.push(field);
    });
    edit("exchanged with the next field's value", &|fields| {
        let next = (number + 1) % fields.len();
        let (one, other) = (fields[number].1.clone(), fields[next].1.clone());
        (fields[number].1, fields[next].1) = (other, one);
    });
}

/// `snake_case` for `camelCase`, and the other way round; none for a single word.
fn other_spelling(name: &str) -> Option<String> {
    let mut spelled = String::new();
    let mut begins_word = false;
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            spelled.push('_');
        }
        if letter != '_' && begins_word {
            spelled.push(letter.to_ascii_uppercase());
        } else if letter != '_' {
            spelled.push(letter.to_ascii_lowercase());
        }
        begins_word = letter == '_';
    }
    (spelled != name).then_some(spelled)
}

fn as_element(json: &Json, parent: &[usize], number: usize, add: Add<'_>) {
    let mut edit = |damage, change: &dyn Fn(&mut Vec<Json>)| {
        let mut copy = json.clone();
        if let Json::List(list) = copy.at_mut(parent) {
            change(list);
        }
        add(damage, copy);
    };
    edit("removed", &|list| drop(list.remove(number)));
    edit("null", &|list| list[number] = null());
    edit("given twice", &|list| list.insert(number, list[number].clone()));
    edit("after a null", &|list| list.insert(number, null()));
    edit("exchanged with the next element", &|list| {
        let next = (number + 1) % list.len();
        list.swap(number, next);
    });
}

fn replaced(json: &Json, path: &[usize], add: Add<'_>) {
    let part = json.at(path);
    let text = |text: &str| Json::Text(text.to_owned());
    let literal = |text: &str| Json::Literal(text.to_owned());
    for (damage, other) in [
        ("an empty object", Json::Object(Vec::new())),
        ("an empty list", Json::List(Vec::new())),
        ("an empty text", text("")),
        ("another text", text("AAAA")),
        ("zero", literal("0")),
        ("a small number", literal("7")),
        ("true", literal("true")),
        ("alone in a list", Json::List(vec![part.clone()])),
        ("alone in an object", Json::Object(vec![("value".to_owned(), part.clone())])),
    ] {
        if other.to_string() != part.to_string() {
            add(damage, json.with(path, other));
        }
    }
}

fn lists(list: &[Json], mut add: impl FnMut(&'static str, Json)) {
    let mut reversed = list.to_vec();
    reversed.reverse();
    add("reversed", Json::List(reversed));
    add("doubled", Json::List([list, list].concat()));
    add("without its last", Json::List(list[..list.len().saturating_sub(1)].to_vec()));
    add("longer by an empty object", Json::List([list, &[Json::Object(Vec::new())]].concat()));
    add("longer by a text", Json::List([list, &[Json::Text("AAAA".to_owned())]].concat()));
    add("thirty-three times", Json::List(vec![list; 33].concat()));
}

fn objects(fields: &[(String, Json)], mut add: impl FnMut(&'static str, Json)) {
    let mut reversed = fields.to_vec();
    reversed.reverse();
    add("fields reversed", Json::Object(reversed));
    let more = |name: &str| Json::Object([fields, &[(name.to_owned(), null())]].concat());
    add("an unknown field more", more("unknown"));
    add("a field without a name more", more(""));
    let many = (0..70).map(|number| (format!("unknown{number}"), null()));
    add("seventy unknown fields more", Json::Object(fields.iter().cloned().chain(many).collect()));
}

/// A number, or a text that is one.
fn numbers(text: &str, mut add: impl FnMut(&'static str, Json)) {
    let Ok(number) = text.parse::<u64>() else { return };
    for (damage, other) in [
        ("one more", number.wrapping_add(1).to_string()),
        ("one less", number.wrapping_sub(1).to_string()),
        ("2^32 more", (u128::from(number) + (1 << 32)).to_string()),
        ("2^63 more", (u128::from(number) + (1 << 63)).to_string()),
        ("2^64 more", (u128::from(number) + (1 << 64)).to_string()),
        ("negative", format!("-{number}")),
        ("the same number with a fraction", format!("{number}.0")),
        ("the same number with an exponent", format!("{number}e0")),
    ] {
        add(damage, Json::Literal(other.clone()));
        add(damage, Json::Text(other));
    }
    add("a number for a text, or a text for a number", Json::Literal(text.to_owned()));
    for (damage, other) in [
        ("a number for a text, or a text for a number", number.to_string()),
        ("a zero before", format!("0{number}")),
        ("a plus before", format!("+{number}")),
        ("in hexadecimal", format!("{number:#x}")),
    ] {
        add(damage, Json::Text(other));
    }
}

fn texts(text: &str, thorough: Thoroughness, mut add: impl FnMut(&'static str, Json)) {
    let mut edit = |damage, other: String| {
        if other != text {
            add(damage, Json::Text(other));
        }
    };
    edit("a letter more", format!("{text}x"));
    edit("a letter less", text.chars().skip(1).collect());
    // In base64 these are damage to the bytes, or none, as its length has it: see `encoded.rs`.
    if text.len() < 16 || STANDARD.decode(text).is_err() {
        let count = text.chars().count().max(1) - 1;
        edit("a letter less at the end", text.chars().take(count).collect());
        edit("a line break after", format!("{text}\n"));
        edit("twice", text.repeat(2));
    }
    edit("in capitals", text.to_ascii_uppercase());
    edit("in small letters", text.to_ascii_lowercase());
    edit("a space before", format!(" {text}"));
    edit("a space after", format!("{text} "));
    edit("a zero byte after", format!("{text}\0"));
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    if lines.len() > 1 {
        for at in 0..lines.len() {
            let mut without = lines.clone();
            without.remove(at);
            edit("a line less", without.concat());
            let mut twice = lines.clone();
            twice.insert(at, lines[at]);
            edit("a line twice", twice.concat());
            let mut swapped = lines.clone();
            swapped.swap(at, (at + 1) % lines.len());
            edit("two lines exchanged", swapped.concat());
        }
    }
    // Of long texts in one line the bytes are damaged that they stand for.
    let mut begin = 0;
    for line in lines.iter().filter(|_| lines.len() > 1 || text.len() < 200) {
        for (at, _) in thorough.positions(line.len()) {
            let letter = line.as_bytes()[at];
            if letter.is_ascii_graphic() {
                let (mut other, at) = (text.to_owned(), begin + at);
                other.replace_range(at..=at, &char::from(letter ^ 1).to_string());
                edit("another letter", other);
            }
        }
        begin += line.len();
    }
}
