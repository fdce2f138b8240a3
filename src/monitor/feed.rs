//! Reports as an Atom feed (RFC 4287): a file that any web server can serve.
//!
//! What is in the feed is kept beside it, in lines of JSON, so that the feed is written and never
//! read. Invariants: the feed has a bounded number of entries, the newest; it is replaced whole; no
//! text in a report can add an element or a character that XML does not allow.

use std::fmt::Write as _;
use std::io;
use std::path::PathBuf;
use std::time::SystemTime;

use fasti_client::replace::replace;
use fasti_entry::Foreign;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::event::Event;

/// The largest file with entries that is read, in bytes.
const KEPT_BYTES_MAX: u64 = 64 << 20;

/// An Atom feed in a file.
#[derive(Clone, Debug)]
pub struct Feed {
    /// The feed.
    pub file: PathBuf,
    /// What is in it, in lines of JSON, the newest first.
    pub kept: PathBuf,
    /// The most entries.
    pub entries_max: usize,
}

impl Feed {
    /// Adds reports, and writes the feed. What is in it already is not added again.
    pub fn add(&self, events: &[Event], now: SystemTime) -> io::Result<()> {
        let updated = OffsetDateTime::from(now).format(&Rfc3339).map_err(io::Error::other)?;
        let mut entries = self.kept()?;
        for event in events {
            let id = event.id();
            if entries.iter().any(|entry| entry["id"] == id.as_str()) {
                continue;
            }
            let entry = json!({
                "id": id,
                "updated": updated,
                "title": format!("{}: {}", event.log, event.name()),
                "words": event.words(),
            });
            entries.insert(0, entry);
        }
        entries.truncate(self.entries_max);
        let lines: Vec<_> = entries.iter().map(|entry| format!("{entry}\n")).collect();
        replace(&self.kept, lines.concat().as_bytes())?;
        replace(&self.file, self.xml(&entries, &updated).as_bytes())
    }

    /// The entries that were kept. A line that is damaged is left out.
    fn kept(&self) -> io::Result<Vec<Value>> {
        match std::fs::metadata(&self.kept) {
            Ok(found) if found.len() > KEPT_BYTES_MAX => return Ok(Vec::new()),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        }
        let text = String::from_utf8_lossy(&std::fs::read(&self.kept)?).into_owned();
        let entries = text.lines().filter_map(|line| serde_json::from_str(line).ok());
        Ok(entries.filter(Value::is_object).collect())
    }

    fn xml(&self, entries: &[Value], now: &str) -> String {
        let place = self.file.display().to_string();
        let id = hex::encode(&Sha256::digest(place)[..16]);
        let mut xml = format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n\
             <feed xmlns=\"http://www.w3.org/2005/Atom\">\n\
             <title>Transparency logs</title>\n<id>urn:fasti:feed:{id}</id>\n\
             <author><name>fasti monitor</name></author>\n<updated>{now}</updated>\n"
        );
        for entry in entries {
            let text = |name: &str| escaped(entry[name].as_str().unwrap_or_default());
            // Writing to a string cannot fail.
            let _ = write!(
                xml,
                "<entry>\n<title>{}</title>\n<id>urn:fasti:report:{}</id>\n\
                 <updated>{}</updated>\n<content type=\"text\">{}</content>\n</entry>\n",
                text("title"),
                text("id"),
                text("updated"),
                text("words"),
            );
        }
        xml.push_str("</feed>\n");
        xml
    }
}

/// A text within an element.
fn escaped(text: &str) -> String {
    let shown = Foreign(text).to_string();
    let mut escaped = String::with_capacity(shown.len());
    for c in shown.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            // All others that XML does not allow are escaped by now.
            '\u{fffe}' | '\u{ffff}' => escaped.extend(c.escape_default()),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::alarm::AlarmKind;
    use crate::event::What;

    fn event(reason: &str) -> Event {
        let what = What::Alarm(AlarmKind::Damaged.alarm(reason));
        Event { log: "log.test/<one>".to_owned(), what }
    }

    #[test]
    fn the_feed_has_the_newest_once_and_no_more() {
        let directory = tempfile::tempdir().unwrap();
        let (file, kept) = (directory.path().join("feed.xml"), directory.path().join("kept"));
        let feed = Feed { file: file.clone(), kept, entries_max: 3 };
        let now = SystemTime::UNIX_EPOCH + Duration::from_hours(500_000);
        for reason in ["a", "b", "b", "c", "d"] {
            feed.add(&[event(reason)], now).unwrap();
        }
        let xml = std::fs::read_to_string(file).unwrap();
        assert_eq!(xml.matches("<entry>").count(), 3);
        assert_eq!(xml.matches(": b</content>").count(), 1);
        assert!(!xml.contains(": a</content>"), "{xml}");
        assert!(xml.contains("<updated>2027-01-15T08:00:00Z</updated>"), "{xml}");
    }

    #[test]
    fn nothing_gets_out_of_its_element() {
        let directory = tempfile::tempdir().unwrap();
        let (file, kept) = (directory.path().join("feed.xml"), directory.path().join("kept"));
        let feed = Feed { file: file.clone(), kept, entries_max: 3 };
        let evil = "</content><x/>]]> & \u{0}\u{1b}\u{fffe}\u{ffff}\u{202e}\n\u{85}";
        feed.add(&[event(evil)], SystemTime::UNIX_EPOCH).unwrap();
        let xml = std::fs::read_to_string(file).unwrap();
        assert!(!xml.contains("<x/>") && !xml.contains("]]>"), "{xml}");
        let is_allowed = |c: char| {
            matches!(c, '\n' | '\u{20}'..='\u{7e}' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}'
                | '\u{10000}'..)
        };
        assert!(xml.chars().all(is_allowed), "{xml:?}");
    }
}
