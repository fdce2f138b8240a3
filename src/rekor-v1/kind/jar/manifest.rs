//! The manifest of a JAR file, and the signature file, which has the same form: sections of
//! attributes (the JAR file specification, "JAR Manifest").
//!
//! They are read as Rekor's library reads them: an attribute's name is written like a header's of
//! HTTP, the last of several of one name counts, and a section with a name takes the place of an
//! earlier one.

use std::collections::BTreeMap;

use fasti_entry::excerpt;

use crate::error::{KindError, invalid};
use crate::kind::checksum::Checksum;
use crate::pki::hash::Hash;

/// The most characters of a name in a message.
const NAME_CHARS_MAX: usize = 100;

/// The attributes of a section.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Attributes(BTreeMap<String, String>);

/// A manifest or a signature file.
pub(super) struct Manifest {
    pub main: Attributes,
    /// The attributes of files, by their names.
    pub files: BTreeMap<String, Attributes>,
}

/// A digest that an attribute states.
pub(super) struct Stated<'a> {
    /// The attribute's name.
    name: &'a str,
    value: &'a str,
    pub checksum: Checksum,
}

impl Manifest {
    /// Reads all sections, at most so many.
    pub fn read(bytes: &[u8], sections_max: usize) -> Result<Self, KindError> {
        let (sections, is_malformed) = sections(bytes, sections_max)?;
        let Some((first, others)) = sections.split_first() else {
            return Err(invalid("manifest has no sections"));
        };
        let main = Attributes::read(first)?;
        let files = others.iter().map(|section| named(section));
        let files = files.collect::<Result<_, _>>()?;
        if is_malformed {
            return Err(malformed());
        }
        Ok(Self { main, files })
    }
}

/// The main section of a manifest, and the others by their names.
type Split<'a> = (&'a [u8], BTreeMap<String, &'a [u8]>);

/// The main section of a manifest, and the others by the names in them, as they stand in it.
pub(super) fn split(manifest: &[u8], sections_max: usize) -> Result<Split<'_>, KindError> {
    let (sections, is_malformed) = sections(manifest, sections_max)?;
    let (first, others) = match sections.split_first() {
        Some(found) if !is_malformed => found,
        _ => return Err(malformed()),
    };
    let others = others.iter().map(|section| Ok((named(section)?.0, *section)));
    Ok((first, others.collect::<Result<_, KindError>>()?))
}

/// A name in a message.
pub(super) fn said(name: &str) -> String {
    excerpt(name, NAME_CHARS_MAX)
}

impl Attributes {
    /// The value of an attribute, or an empty string if the attribute is missing.
    pub fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", |value| value)
    }

    /// The digests in attributes whose names end so.
    pub fn digests(&self, end: &str) -> Result<Vec<Stated<'_>>, KindError> {
        let stated = self.0.iter().filter_map(|(name, value)| {
            let hash = name.strip_suffix(end)?.to_ascii_uppercase();
            let unknown = || invalid(format!("unknown digest key in manifest: {}", said(&hash)));
            let checksum = checksum(&hash).ok_or_else(unknown);
            Some(checksum.map(|checksum| Stated { name, value, checksum }))
        });
        stated.collect()
    }

    /// Reads a section. A line that begins with a space continues the one before.
    fn read(section: &[u8]) -> Result<Self, KindError> {
        let section = String::from_utf8_lossy(section).replace("\r\n", "\n").replace("\n ", "");
        let mut attributes = BTreeMap::new();
        for line in section.split('\n').filter(|line| !line.is_empty()) {
            let pair = line.split_once(':');
            let (name, value) = pair.ok_or_else(|| invalid("jar manifest is malformed"))?;
            attributes.insert(canonical(name.trim()), value.trim().to_owned());
        }
        Ok(Self(attributes))
    }
}

impl Stated<'_> {
    /// Checks that the digest is this one.
    pub fn check(&self, computed: &[u8]) -> Result<(), String> {
        use base64::Engine as _;
        let computed = base64::engine::general_purpose::STANDARD.encode(computed);
        if computed == self.value {
            return Ok(());
        }
        let (name, value) = (said(self.name), said(self.value));
        Err(format!("{name} mismatch: manifest {value} != calculated {computed}"))
    }
}

fn malformed() -> KindError {
    invalid("manifest has incorrect line ending sequence")
}

/// The name and the attributes of a section that is not the first.
fn named(section: &[u8]) -> Result<(String, Attributes), KindError> {
    let attributes = Attributes::read(section)?;
    match attributes.get("Name") {
        "" => Err(invalid("manifest has section with no \"Name\" attribute")),
        name => Ok((name.to_owned(), attributes)),
    }
}

/// The sections, each with the empty line after it, and whether one lacks that or is empty.
fn sections(mut bytes: &[u8], count_max: usize) -> Result<(Vec<&[u8]>, bool), KindError> {
    let (mut sections, mut is_malformed) = (Vec::new(), false);
    // Each kind of line break is looked for as long as there is one: the work is linear.
    let (mut has_returns, mut has_feeds) = (true, true);
    let find = |bytes: &[u8], wanted: &[u8], is_there: &mut bool| {
        let found = is_there.then(|| bytes.windows(wanted.len()).position(|at| at == wanted));
        *is_there = found.flatten().is_some();
        found.flatten().map(|at| at + wanted.len())
    };
    while !bytes.is_empty() {
        let end = find(bytes, b"\r\n\r\n", &mut has_returns)
            .or_else(|| find(bytes, b"\n\n", &mut has_feeds));
        is_malformed |= end.is_none();
        let (section, rest) = bytes.split_at(end.unwrap_or(bytes.len()));
        bytes = rest;
        if section.trim_ascii().is_empty() {
            is_malformed = true;
            continue;
        }
        if sections.len() > count_max {
            let limit = count_max as u64;
            return Err(KindError::Limit { what: "the number of sections in a manifest", limit });
        }
        sections.push(section);
    }
    Ok((sections, is_malformed))
}

/// The name of a header of HTTP in its usual spelling: `Sha-256-Digest`. A name that cannot be one
/// stays as it is.
fn canonical(name: &str) -> String {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if !name.bytes().all(is_token) {
        return name.to_owned();
    }
    let mut is_start = true;
    let letters = name.chars().map(|letter| {
        let spelled =
            if is_start { letter.to_ascii_uppercase() } else { letter.to_ascii_lowercase() };
        is_start = letter == '-';
        spelled
    });
    letters.collect()
}

/// A checksum by its name.
fn checksum(name: &str) -> Option<Checksum> {
    Some(match &name.replacen('-', "", 1)[..] {
        "MD5" => Checksum::Md5,
        "SHA1" => Checksum::Of(Hash::Sha1),
        "SHA224" => Checksum::Of(Hash::Sha224),
        "SHA256" => Checksum::Of(Hash::Sha256),
        "SHA384" => Checksum::Of(Hash::Sha384),
        "SHA512" => Checksum::Of(Hash::Sha512),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Manifest, String> {
        Manifest::read(text.as_bytes(), 3).map_err(|error| error.to_string())
    }

    #[test]
    fn attributes_of_sections() {
        let text = "Manifest-Version: 1.0\nx: a\nX: b\n\nName: dir/a-very\n -long-name\nSHA-256-DIGEST: \
                    x=\n\nName:b\nMagic: m\n\n";
        for text in [text.to_owned(), text.replace('\n', "\r\n")] {
            let manifest = read(&text).unwrap();
            assert_eq!(manifest.main.get("Manifest-Version"), "1.0");
            assert_eq!(manifest.main.get("X"), "b");
            assert_eq!(manifest.files["b"].get("Magic"), "m");
            let digests = manifest.files["dir/a-very-long-name"].digests("-Digest").unwrap();
            assert_eq!(digests[0].checksum, Checksum::Of(Hash::Sha256));
            assert_eq!(digests[0].value, "x=");
            let (main, others) = split(text.as_bytes(), 3).unwrap();
            assert!(main.starts_with(b"Manifest-Version") && main.ends_with(b"\n"));
            assert!(others["b"].starts_with(b"Name:b"));
        }
    }

    #[test]
    fn what_is_malformed() {
        for (text, message) in [
            ("", "manifest has no sections"),
            ("a: b\n", "manifest has incorrect line ending sequence"),
            ("a: b\n\n\n\n", "manifest has incorrect line ending sequence"),
            ("a\n\n", "jar manifest is malformed"),
            ("a: b\n\nc: d\n\n", "manifest has section with no \"Name\" attribute"),
        ] {
            assert_eq!(read(text).err().as_deref(), Some(message), "{text:?}");
        }
        let many = "a: b\n\n".to_owned() + &"Name: c\n\n".repeat(4);
        assert!(read(&many).err().unwrap().starts_with("the number of sections"));
        assert!(split(b"a: b\n", 3).is_err());
    }

    #[test]
    fn names_of_hashes() {
        for name in ["MD5", "SHA1", "SHA-1", "SHA-224", "SHA256", "SHA-384", "SHA-512"] {
            assert!(checksum(name).is_some(), "{name}");
        }
        let attributes = Attributes::read(b"SHA-512/256-Digest: x\n").unwrap();
        let fault = attributes.digests("-Digest").err().unwrap().to_string();
        assert_eq!(fault, "unknown digest key in manifest: SHA-512/256");
        assert!(Attributes::read(b"a: b").unwrap().digests("-Digest").unwrap().is_empty());
    }
}
