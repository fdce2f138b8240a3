//! The list of what is accepted although it is altered, with a judgement on each.
//!
//! A line `== words` judges the lines below it. Those are: the scenes, the place, the kinds of
//! damage. `place* | *` stands for a place that nobody reads: any damage to it, and to what is
//! inside it. With `*` for scenes and place, the kinds of damage are judged wherever they are done.
//! Lines with a star are written by hand.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/verify/mutation.golden");
const NOT_JUDGED: &str = "NOT JUDGED";
const HEAD: &str = "\
# How a good bundle, entry or trusted root can be altered and still be accepted, and why that does
# no harm. The test `mutation` writes this file with FASTI_BLESS=1; the words after == and the lines
# with a star are written by hand.
#
# A  0.3, artifact, certificate, timestamp; entry of a newer log
# B  0.3, envelope, certificate, timestamp; entry `dsse` of a newer log
# C  0.3, artifact, bare key; entry of a newer log
# D  0.3, artifact, certificate; entry of a log of Rekor v1, promise and proof
# E  0.2, envelope, chain; entry `dsse` of a log of Rekor v1, promise and proof
# F  0.1, envelope, chain; entry `intoto` of a log of Rekor v1, promise and proof
# G  0.1, artifact, chain; entry of a log of Rekor v1, promise alone
# H  G as cosign wrote it before bundles
# I  E as PyPI has it (PEP 740), with a certificate alone
# entry:X  the entry of X is altered, and then logged and proved
# root:X   the trusted root by which X is judged is altered
";

/// Something altered that is accepted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Survivor {
    pub place: String,
    pub damage: String,
    pub scene: String,
}

/// What is known, with the judgements.
pub struct Golden {
    known: BTreeMap<Survivor, String>,
    /// Places that nobody reads.
    unread: BTreeMap<Unread, String>,
    /// Damage that is harmless everywhere.
    anywhere: BTreeMap<String, String>,
}

/// A place that nobody reads, in a scene.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Unread {
    place: String,
    scene: String,
}

impl Unread {
    fn covers(&self, survivor: &Survivor) -> bool {
        self.scene == survivor.scene && survivor.place.starts_with(&self.place)
    }
}

impl Golden {
    pub fn read() -> Self {
        let text = std::fs::read_to_string(PATH).unwrap_or_default();
        let (mut known, mut unread) = (BTreeMap::new(), BTreeMap::new());
        let mut anywhere = BTreeMap::new();
        let mut judgement = NOT_JUDGED.to_owned();
        for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            if let Some(words) = line.strip_prefix("== ") {
                words.clone_into(&mut judgement);
                continue;
            }
            let mut parts = line.splitn(3, " | ");
            let mut part = || parts.next().unwrap_or_else(|| panic!("three parts: {line}"));
            let (scenes, place, damages) = (part(), part(), part());
            if (scenes, place) == ("*", "*") {
                let damages = damages.split("; ").map(str::to_owned);
                anywhere.extend(damages.map(|damage| (damage, judgement.clone())));
                continue;
            }
            for scene in scenes.split(' ') {
                if let Some(place) = place.strip_suffix('*') {
                    let [place, scene] = [place, scene].map(str::to_owned);
                    unread.insert(Unread { place, scene }, judgement.clone());
                    continue;
                }
                for damage in damages.split("; ") {
                    let [place, damage, scene] = [place, damage, scene].map(str::to_owned);
                    known.insert(Survivor { place, damage, scene }, judgement.clone());
                }
            }
        }
        Self { known, unread, anywhere }
    }

    fn is_covered(&self, survivor: &Survivor) -> bool {
        self.anywhere.contains_key(&survivor.damage)
            || self.unread.keys().any(|unread| unread.covers(survivor))
    }

    /// Fails if there is a survivor that is not known, or not judged; or, after a full run, if one
    /// that is known did not survive.
    pub fn compare(mut self, survivors: &BTreeSet<Survivor>, is_full: bool) {
        let is_new = |one: &&Survivor| !self.known.contains_key(one) && !self.is_covered(one);
        let new: Vec<_> = survivors.iter().filter(is_new).cloned().collect();
        let is_gone = |one: &&Survivor| !survivors.contains(*one) || self.is_covered(one);
        let gone = self.known.keys().filter(is_gone).cloned();
        let gone: Vec<_> = gone.filter(|_| is_full).collect();
        let is_read = |one: &&Unread| !survivors.iter().any(|survivor| one.covers(survivor));
        let read: Vec<_> = self.unread.keys().filter(is_read).cloned().collect();
        if std::env::var_os("FASTI_BLESS").is_some() {
            self.known.retain(|known, _| !gone.contains(known));
            self.known.extend(new.into_iter().map(|new| (new, NOT_JUDGED.to_owned())));
            std::fs::write(PATH, self.write()).expect("the list can be written");
        } else {
            assert!(new.is_empty(), "accepted, though altered, and not listed: {new:#?}");
            assert!(gone.is_empty(), "listed as accepted, but refused: {gone:#?}");
            assert!(read.is_empty() || !is_full, "listed as unread, but read: {read:#?}");
        }
        let left = self.known.values().filter(|words| *words == NOT_JUDGED).count();
        assert_eq!(left, 0, "not judged in {PATH}");
    }

    fn write(&self) -> String {
        // Judgement, scenes, place: the kinds of damage.
        let mut scenes: BTreeMap<(&str, String, &str), BTreeSet<&str>> = BTreeMap::new();
        for (Survivor { place, damage, scene }, words) in &self.known {
            scenes.entry((words, place.clone(), damage)).or_default().insert(scene);
        }
        for (damage, words) in &self.anywhere {
            scenes.entry((words, "*".to_owned(), damage)).or_default().insert("*");
        }
        for (Unread { place, scene }, words) in &self.unread {
            scenes.entry((words, format!("{place}*"), "*")).or_default().insert(scene);
        }
        let mut lines: BTreeMap<(&str, String, Vec<&str>), Vec<&str>> = BTreeMap::new();
        for ((words, place, damage), scenes) in scenes {
            lines.entry((words, place, scenes.into_iter().collect())).or_default().push(damage);
        }
        let mut text = HEAD.to_owned();
        let mut last = "";
        for ((words, place, scenes), damages) in lines {
            if words != last {
                write!(text, "\n== {words}\n").expect("a string");
                last = words;
            }
            let (scenes, damages) = (scenes.join(" "), damages.join("; "));
            writeln!(text, "{scenes} | {place} | {damages}").expect("a string");
        }
        text
    }
}
