//! The lines of a list: PEM blocks and other text, with their numbers for errors.

use fasti_x509::pem::{Block, Part, PemError, parts};

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
    let found = parts(text.as_bytes()).map(|(number, part)| {
        let line = match part {
            // A line of a text is text.
            Part::Text(line) => Ok(Line::Text(str::from_utf8(line).unwrap_or_default())),
            Part::Block(block) => decode(&block),
        };
        line.map(|line| (number, line)).map_err(|problem| problem.at(number))
    });
    found.collect()
}

/// The file's content is not repeated in errors: it may be a private key.
fn decode(block: &Block<'_>) -> Result<Line<'static>, ListProblem> {
    let label = block.label().ok_or(ListProblem::UnlabelledPem)?;
    let line = match (label, block.der()) {
        (_, Err(PemError::End)) => return Err(ListProblem::UnfinishedPem(label.to_owned())),
        ("CERTIFICATE", Ok(der)) => Line::Certificate(der),
        ("PUBLIC KEY", Ok(der)) => Line::PublicKey(der),
        ("CERTIFICATE" | "PUBLIC KEY", Err(_)) => {
            return Err(ListProblem::BrokenPem(label.to_owned()));
        }
        _ => return Err(ListProblem::OtherPem(label.to_owned())),
    };
    Ok(line)
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
                "-----BEGIN CERTIFICATE---\nAQID\n-----END CERTIFICATE-----",
                "line 1: begins like a PEM block, but has no label",
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
