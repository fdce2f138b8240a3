//! What a file looks like in which a private key was expected, for an error.
//!
//! Invariant: the answer is one of a few fixed texts, and reveals nothing of a key.

use super::pem;

/// What a file looks like that holds no private key of the expected form.
pub fn look_of_key_file(bytes: &[u8]) -> &'static str {
    let text = bytes.trim_ascii();
    for (start, what) in [
        (&b""[..], "an empty file"),
        (b"PRIVATE+KEY+", "the key of a log"),
        (b"untrusted comment:", "a minisign or signify key"),
        (b"ssh-", "a public key of SSH"),
        (b"ecdsa-sha2-", "a public key of SSH"),
        (b"{", "JSON"),
        (b"\x30", "a key or certificate in DER; convert it to PEM with `openssl pkey -inform DER`"),
    ] {
        if text.starts_with(start) && (text.is_empty() == start.is_empty()) {
            return what;
        }
    }
    match pem::blocks(text).find_map(|block| block.label()) {
        Some(label) => look_of_label(label),
        None if std::str::from_utf8(text).is_ok() => "some other text",
        None => "some other binary file",
    }
}

/// What a PEM block with this label looks like.
fn look_of_label(label: &str) -> &'static str {
    match label {
        "PRIVATE KEY" | "EC PRIVATE KEY" => "a private key that is cut short or damaged",
        "RSA PRIVATE KEY" => "an RSA key in PKCS #1 form",
        "OPENSSH PRIVATE KEY" => "a private key of OpenSSH",
        "PUBLIC KEY" | "RSA PUBLIC KEY" => "a public key, not a private one",
        "CERTIFICATE" => "a certificate, not a private key",
        "CERTIFICATE REQUEST" => "a certificate signing request",
        "EC PARAMETERS" => "the parameters of a curve, without a key",
        "ENCRYPTED COSIGN PRIVATE KEY" | "ENCRYPTED SIGSTORE PRIVATE KEY" => {
            "an encrypted private key of cosign"
        }
        _ if label.starts_with("PGP ") => "an OpenPGP block",
        _ if label.starts_with("ENCRYPTED ") => "an encrypted private key",
        _ => "a PEM block of another kind",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_named_for_what_they_look_like() {
        let block =
            |label: &str| format!("text\n-----BEGIN {label}-----\nAA==\n-----END {label}-----\n");
        for (file, words) in [
            (String::new(), "an empty file"),
            ("\n".to_owned(), "an empty file"),
            ("PRIVATE+KEY+log+01020304+x".to_owned(), "the key of a log"),
            ("ssh-ed25519 AAAA".to_owned(), "SSH"),
            ("{}".to_owned(), "JSON"),
            ("hello".to_owned(), "some other text"),
            (block("ENCRYPTED PRIVATE KEY"), "an encrypted private key"),
            (block("ENCRYPTED SIGSTORE PRIVATE KEY"), "of cosign"),
            (block("RSA PRIVATE KEY"), "PKCS #1"),
            (block("OPENSSH PRIVATE KEY"), "OpenSSH"),
            (block("PUBLIC KEY"), "a public key"),
            (block("CERTIFICATE"), "a certificate"),
            (block("PGP PRIVATE KEY BLOCK"), "OpenPGP"),
            (block("DH PARAMETERS"), "another kind"),
        ] {
            let look = look_of_key_file(file.as_bytes());
            assert!(look.contains(words), "{file:?}: {look}");
        }
        assert!(look_of_key_file(&[0x30, 0x82, 1, 1]).contains("DER"));
        assert_eq!(look_of_key_file(&[0xff, 0xfe]), "some other binary file");
    }
}
