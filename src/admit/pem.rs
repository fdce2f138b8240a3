//! PEM blocks with their line numbers, so that errors can name them.
//!
//! More tolerant than RFC 7468: lines can have any length, as `jq` and other tools write them.

use rustls_pki_types::pem::{PemObject as _, SectionKind};

use super::error::{ListError, ListProblem};

/// A line of a file that may contain PEM blocks.
#[derive(Debug, PartialEq, Eq)]
pub enum Line<'a> {
    /// A line outside of all blocks, trimmed.
    Text(&'a str),
    /// The DER of a certificate.
    Certificate(Vec<u8>),
    /// The DER of a `SubjectPublicKeyInfo`.
    PublicKey(Vec<u8>),
}

/// Returns the lines of `text` with their numbers. A block counts as its first line.
pub fn lines(text: &str) -> Result<Vec<(usize, Line<'_>)>, ListError> {
    let mut found = Vec::new();
    let mut numbered = text.lines().map(str::trim).enumerate().map(|(n, line)| (n + 1, line));
    while let Some((number, line)) = numbered.next() {
        let Some(label) = label(line, "-----BEGIN ") else {
            found.push((number, Line::Text(line)));
            continue;
        };
        let mut block = format!("{line}\n");
        let end = numbered.by_ref().map(|(_, line)| line).find(|line| {
            block.extend([line, "\n"]);
            line.starts_with("-----")
        });
        if end.and_then(|end| self::label(end, "-----END ")) != Some(label) {
            return Err(ListProblem::UnfinishedPem(label.to_owned()).at(number));
        }
        found.push((number, decode(label, &block).map_err(|problem| problem.at(number))?));
    }
    Ok(found)
}

fn label<'a>(line: &'a str, start: &str) -> Option<&'a str> {
    line.strip_prefix(start)?.strip_suffix("-----")
}

fn decode(label: &str, block: &str) -> Result<Line<'static>, ListProblem> {
    match <(SectionKind, Vec<u8>)>::from_pem_slice(block.as_bytes()) {
        Ok((SectionKind::Certificate, der)) => Ok(Line::Certificate(der)),
        Ok((SectionKind::PublicKey, der)) => Ok(Line::PublicKey(der)),
        // The file's content is not repeated: it may be a private key.
        Ok(_) | Err(rustls_pki_types::pem::Error::NoItemsFound) => {
            Err(ListProblem::OtherPem(label.to_owned()))
        }
        Err(_) => Err(ListProblem::BrokenPem(label.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_and_lines_are_told_apart() {
        let text = "first\n\n -----BEGIN PUBLIC KEY-----\nAQ\nID\n-----END PUBLIC KEY-----\r\nlast";
        assert_eq!(
            lines(text).unwrap(),
            [
                (1, Line::Text("first")),
                (2, Line::Text("")),
                (3, Line::PublicKey(vec![1, 2, 3])),
                (7, Line::Text("last")),
            ]
        );
        let long = format!(
            "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
            "A".repeat(400)
        );
        assert_eq!(lines(&long).unwrap(), [(1, Line::Certificate(vec![0; 300]))]);
    }

    #[test]
    fn bad_blocks_are_named_by_line_and_never_quoted() {
        for (text, why) in [
            ("x\n-----BEGIN CERTIFICATE-----\nAQID\n", "line 2: the CERTIFICATE block has no end"),
            (
                "-----BEGIN CERTIFICATE-----\n-----END PUBLIC KEY-----\n",
                "line 1: the CERTIFICATE block has no end",
            ),
            (
                "-----BEGIN CERTIFICATE-----\nAQ!D\n-----END CERTIFICATE-----",
                "line 1: the CERTIFICATE block is not base64",
            ),
            (
                "-----BEGIN PRIVATE KEY-----\nAQID\n-----END PRIVATE KEY-----",
                "line 1: a PRIVATE KEY does not belong here",
            ),
            (
                "-----BEGIN PGP MESSAGE-----\nAQID\n-----END PGP MESSAGE-----",
                "line 1: a PGP MESSAGE does not belong here",
            ),
        ] {
            let message = lines(text).unwrap_err().to_string();
            assert!(message.starts_with(why), "{message}");
            assert!(!message.contains("AQ"), "{message}");
        }
    }
}
