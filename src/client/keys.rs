//! Public keys and certificates in files: PEM or DER.

use fasti_entry::{EntryError, KeyMaterial};
use fasti_x509::pem::{self, Block, PemError};
use fasti_x509::{Certificate, PublicKey, X509Error};

/// The maximum size of a file with a key, a certificate or a signature, in bytes.
pub const KEY_FILE_BYTES_MAX: usize = 1 << 20;

/// Why bytes are not a key or certificate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeysError {
    /// PEM of another kind.
    #[error("found a PEM block {label:?}, expected PUBLIC KEY or CERTIFICATE; {advice}")]
    Label {
        /// The block's label.
        label: String,
        /// What to do.
        advice: &'static str,
    },
    /// Broken PEM.
    #[error("not valid PEM: {0}")]
    Pem(#[source] PemError),
    /// Neither a key nor a certificate.
    #[error("neither a public key ({key}) nor an X.509 certificate ({certificate})")]
    Neither {
        /// Why it is not a key.
        key: Box<X509Error>,
        /// Why it is not a certificate.
        certificate: Box<X509Error>,
    },
    /// A key of a kind that is not used here.
    #[error("the key cannot be used")]
    Unsuitable(#[source] EntryError),
    /// No certificate at all.
    #[error("no PEM block CERTIFICATE found")]
    NoCertificate,
}

/// Reads a public key or a certificate, PEM or DER. If there are several, reads the first. Other
/// blocks may stand before it, as OpenSSL writes the parameters of a curve.
pub fn read_key_material(bytes: &[u8]) -> Result<KeyMaterial, KeysError> {
    let Some(first) = pem::blocks(bytes).next() else { return from_der(bytes) };
    let mut blocks = pem::blocks(bytes);
    let is_wanted = |block: &Block<'_>| {
        block.label().is_some_and(|label| ["PUBLIC KEY", "CERTIFICATE"].contains(&label))
    };
    let block = blocks.find(is_wanted).unwrap_or(first);
    let der = block.der().map_err(KeysError::Pem)?;
    match block.label() {
        Some("PUBLIC KEY") => Ok(KeyMaterial::PublicKey(der)),
        Some("CERTIFICATE") => Ok(KeyMaterial::Certificate(der)),
        label => {
            let label = label.unwrap_or_default();
            Err(KeysError::Label { label: label.to_owned(), advice: advice(label) })
        }
    }
}

/// Reads a public key, or the one in a certificate, as [`read_key_material`] does.
pub fn read_public_key(bytes: &[u8]) -> Result<PublicKey, KeysError> {
    read_key_material(bytes)?.public_key().map_err(KeysError::Unsuitable)
}

/// Reads all certificates in a PEM file, and returns them as DER.
pub fn read_certificates(text: &[u8]) -> Result<Vec<Vec<u8>>, KeysError> {
    let mut certificates = Vec::new();
    for block in pem::blocks(text) {
        if block.label().ok_or(KeysError::Pem(PemError::Label))? == "CERTIFICATE" {
            certificates.push(block.der().map_err(KeysError::Pem)?);
        }
    }
    if certificates.is_empty() { Err(KeysError::NoCertificate) } else { Ok(certificates) }
}

fn from_der(der: &[u8]) -> Result<KeyMaterial, KeysError> {
    let Err(key) = PublicKey::from_spki_der(der) else {
        return Ok(KeyMaterial::PublicKey(der.to_vec()));
    };
    match Certificate::from_der(der) {
        Ok(_) => Ok(KeyMaterial::Certificate(der.to_vec())),
        Err(certificate) => {
            Err(KeysError::Neither { key: key.into(), certificate: certificate.into() })
        }
    }
}

fn advice(label: &str) -> &'static str {
    match label {
        "RSA PUBLIC KEY" => "convert it with `openssl rsa -RSAPublicKey_in -pubout`",
        label if label.ends_with("PRIVATE KEY") => {
            "that is a private key: give its public half, `openssl pkey -pubout`"
        }
        _ => "export the key as SubjectPublicKeyInfo",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pem(label: &str, der: &[u8]) -> String {
        pem_rfc7468::encode_string(label, pem_rfc7468::LineEnding::LF, der).unwrap()
    }

    #[test]
    fn keys_and_certificates_in_either_form() {
        let pair = rcgen::KeyPair::generate().unwrap();
        let certificate = rcgen::CertificateParams::new([]).unwrap().self_signed(&pair).unwrap();
        let key = KeyMaterial::PublicKey(rcgen::PublicKeyData::subject_public_key_info(&pair));
        let certificate = KeyMaterial::Certificate(certificate.der().to_vec());
        for (material, label) in [(&key, "PUBLIC KEY"), (&certificate, "CERTIFICATE")] {
            assert_eq!(read_key_material(material.der()).unwrap(), *material);
            let text = pem(label, material.der());
            assert_eq!(read_key_material(text.as_bytes()).unwrap(), *material);
            let chain = format!("subject=CN\n{text}{text}");
            assert_eq!(read_key_material(chain.as_bytes()).unwrap(), *material);
        }
        let curve = pem("EC PARAMETERS", &[6, 1, 0]);
        let text = curve + &pem("PUBLIC KEY", key.der());
        assert_eq!(read_key_material(text.as_bytes()).unwrap(), key);
        let text = pem("CERTIFICATE", certificate.der());
        assert_eq!(
            read_certificates(format!("{text}\n# next\n{text}").as_bytes()).unwrap().len(),
            2
        );
        assert!(matches!(read_certificates(b"nothing"), Err(KeysError::NoCertificate)));
    }

    #[test]
    fn what_is_no_key_is_refused_with_advice() {
        let private = pem("EC PRIVATE KEY", b"secret");
        let message = read_key_material(private.as_bytes()).unwrap_err().to_string();
        assert!(message.contains("-pubout"), "{message}");
        for bad in [&b""[..], b"plain text", b"\x30\x03\x02\x01\x00"] {
            assert!(matches!(read_key_material(bad), Err(KeysError::Neither { .. })));
        }
        let cut = "-----BEGIN PUBLIC KEY-----\nAAAA\n";
        assert!(matches!(read_key_material(cut.as_bytes()), Err(KeysError::Pem(_))));
    }
}
