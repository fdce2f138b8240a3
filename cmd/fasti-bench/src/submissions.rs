//! Submissions of hashedrekord to Rekor v2 or v1, signed before the clock starts.
//!
//! Signing costs about as much as the server's verification, so none of it may happen under load.
//! Only the parts that differ are kept, already as text; bodies and leaves are built around them.
//! The leaf is the RFC 8785 form of the entry (apiVersion 0.0.2, or 0.0.1 of Rekor v1): all ASCII
//! with sorted names, so a template gives its canonical form. In Rekor v1 a client can post just
//! that.

use std::thread;

use anyhow::{Context, Result};
use aws_lc_rs::digest;
use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Whose API submissions are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Api {
    /// Rekor v1's.
    V1,
    /// Rekor v2's.
    V2,
}

/// Signed submissions, each with a digest of its own.
pub struct Submissions {
    api: Api,
    signed: Vec<Signed>,
    /// Base64 of each key's DER SubjectPublicKeyInfo, in Rekor v1 of that in PEM.
    keys: Vec<String>,
}

struct Signed {
    /// In base64, in Rekor v1 in hexadecimal.
    digest: [u8; DIGEST_TEXT_BYTES_MAX],
    digest_length: u8,
    signature: [u8; SIGNATURE_BASE64_BYTES_MAX],
    signature_length: u8,
}

impl Submissions {
    /// Signs `count` digests derived from `seed`, entry `n` with key `n % key_count`; the keys are
    /// new. Uses every core, because nothing else runs yet.
    pub fn sign(api: Api, count: u64, key_count: usize, seed: u64) -> Result<Self> {
        let count = usize::try_from(count)?;
        let pairs = (0..key_count)
            .map(|_| EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING))
            .collect::<Result<Vec<_>, _>>()
            .context("generating signing keys")?;
        let keys = pairs.iter().map(|pair| key_text(api, pair)).collect::<Result<_>>()?;
        let mut signed = Vec::new();
        signed.try_reserve_exact(count).context("memory for the submissions")?;
        signed.resize_with(count, Signed::empty);

        let workers = fasti::offload::processors();
        let share = count.div_ceil(workers).max(1);
        let sign_share = |(worker, chunk): (usize, &mut [Signed])| -> Result<()> {
            for (offset, slot) in chunk.iter_mut().enumerate() {
                let number = worker * share + offset;
                slot.fill(api, &pairs[number % key_count], seed, number as u64)?;
            }
            Ok(())
        };
        let sign_share = &sign_share;
        thread::scope(|scope| {
            let running: Vec<_> = (signed.chunks_mut(share).enumerate())
                .map(|part| scope.spawn(move || sign_share(part)))
                .collect();
            running.into_iter().try_for_each(|w| w.join().expect("signing does not panic"))
        })?;
        Ok(Self { api, signed, keys })
    }

    /// Whose API they are for.
    pub fn api(&self) -> Api {
        self.api
    }

    /// How many submissions there are.
    pub fn count(&self) -> u64 {
        self.signed.len() as u64
    }

    /// The length of the request body of submission `number`.
    pub fn body_length(&self, number: u64) -> usize {
        self.body_parts(number).iter().map(|part| part.len()).sum()
    }

    /// Appends the request body of submission `number`: a CreateEntryRequest, or a ProposedEntry.
    pub fn append_body(&self, number: u64, out: &mut Vec<u8>) {
        self.body_parts(number).iter().for_each(|part| out.extend_from_slice(part));
    }

    /// Appends the leaf that the log must have for submission `number`.
    pub fn append_leaf(&self, number: u64, out: &mut Vec<u8>) {
        if self.api == Api::V1 {
            return self.append_body(number, out);
        }
        let (signed, key) = self.at(number);
        for part in [
            br#"{"apiVersion":"0.0.2","kind":"hashedrekord","spec":{"hashedRekordV002":{"data":{"algorithm":"SHA2_256","digest":""#.as_slice(),
            signed.digest(),
            br#""},"signature":{"content":""#,
            signed.signature(),
            br#"","verifier":{"keyDetails":"PKIX_ECDSA_P256_SHA_256","publicKey":{"rawBytes":""#,
            key,
            br#""}}}}}}"#,
        ] {
            out.extend_from_slice(part);
        }
    }

    fn body_parts(&self, number: u64) -> [&[u8]; 7] {
        let (signed, key) = self.at(number);
        if self.api == Api::V1 {
            return [
                br#"{"apiVersion":"0.0.1","kind":"hashedrekord","spec":{"data":{"hash":{"algorithm":"sha256","value":""#,
                signed.digest(),
                br#""}},"signature":{"content":""#,
                signed.signature(),
                br#"","publicKey":{"content":""#,
                key,
                br#""}}}}"#,
            ];
        }
        [
            br#"{"hashedRekordRequestV002":{"digest":""#,
            signed.digest(),
            br#"","signature":{"content":""#,
            signed.signature(),
            br#"","verifier":{"publicKey":{"rawBytes":""#,
            key,
            br#""},"keyDetails":"PKIX_ECDSA_P256_SHA_256"}}}}"#,
        ]
    }

    fn at(&self, number: u64) -> (&Signed, &[u8]) {
        let number = usize::try_from(number).expect("numbers stay below the count");
        (&self.signed[number], self.keys[number % self.keys.len()].as_bytes())
    }
}

impl Signed {
    fn empty() -> Self {
        let signature = [0; SIGNATURE_BASE64_BYTES_MAX];
        let digest = [0; DIGEST_TEXT_BYTES_MAX];
        Self { digest, digest_length: 0, signature, signature_length: 0 }
    }

    fn fill(&mut self, api: Api, pair: &EcdsaKeyPair, seed: u64, number: u64) -> Result<()> {
        let mut artifact = [0u8; 16];
        artifact[..8].copy_from_slice(&seed.to_le_bytes());
        artifact[8..].copy_from_slice(&number.to_le_bytes());
        let digest = digest::digest(&digest::SHA256, &artifact);
        let signature = pair.sign_digest(&digest).context("signing")?;
        let length = match api {
            Api::V1 => {
                hex::encode_to_slice(digest, &mut self.digest)?;
                self.digest.len()
            }
            Api::V2 => STANDARD.encode_slice(digest, &mut self.digest)?,
        };
        self.digest_length = u8::try_from(length)?;
        let length = STANDARD.encode_slice(signature, &mut self.signature)?;
        self.signature_length = u8::try_from(length)?;
        Ok(())
    }

    fn digest(&self) -> &[u8] {
        &self.digest[..usize::from(self.digest_length)]
    }

    fn signature(&self) -> &[u8] {
        &self.signature[..usize::from(self.signature_length)]
    }
}

fn key_text(api: Api, pair: &EcdsaKeyPair) -> Result<String> {
    let der: PublicKeyX509Der = pair.public_key().as_der().context("encoding a public key")?;
    let spki = STANDARD.encode(&*der);
    Ok(match api {
        Api::V1 => STANDARD.encode(pem(&spki)?),
        Api::V2 => spki,
    })
}

/// The PEM of a public key, from its base64.
fn pem(spki: &str) -> Result<String> {
    let mut text = "-----BEGIN PUBLIC KEY-----\n".to_owned();
    for line in spki.as_bytes().chunks(64) {
        text.push_str(std::str::from_utf8(line)?);
        text.push('\n');
    }
    Ok(text + "-----END PUBLIC KEY-----\n")
}

/// 32 bytes in hexadecimal.
const DIGEST_TEXT_BYTES_MAX: usize = 64;
/// An ECDSA P-256 signature in DER takes at most 72 bytes.
const SIGNATURE_BASE64_BYTES_MAX: usize = 96;

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
    use fasti::rekor_v1::{Limits, Proposal, Setting};
    use serde_json::Value;

    use super::*;

    fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
        value.pointer(pointer).and_then(Value::as_str).expect(pointer)
    }

    #[test]
    fn bodies_verify_and_leaves_agree_with_them() {
        let submissions = Submissions::sign(Api::V2, 7, 2, 11).unwrap();
        let mut digests = std::collections::HashSet::new();
        for number in 0..submissions.count() {
            let (mut body, mut leaf) = (Vec::new(), Vec::new());
            submissions.append_body(number, &mut body);
            submissions.append_leaf(number, &mut leaf);
            assert_eq!(submissions.body_length(number), body.len());

            let body: Value = serde_json::from_slice(&body).unwrap();
            let request = &body["hashedRekordRequestV002"];
            let raw = |pointer| STANDARD.decode(text(request, pointer)).unwrap();
            let mut artifact = 11u64.to_le_bytes().to_vec();
            artifact.extend_from_slice(&number.to_le_bytes());
            assert_eq!(raw("/digest"), digest::digest(&digest::SHA256, &artifact).as_ref());
            let key = raw("/signature/verifier/publicKey/rawBytes");
            UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, key)
                .verify(&artifact, &raw("/signature/content"))
                .unwrap();
            assert!(digests.insert(raw("/digest")));

            // serde_json sorts the names of an object, so printing it again must not change
            // anything.
            let value: Value = serde_json::from_slice(&leaf).unwrap();
            assert_eq!(value.to_string().as_bytes(), leaf);
            let spec = &value["spec"]["hashedRekordV002"];
            assert_eq!(text(spec, "/data/digest"), text(request, "/digest"));
            assert_eq!(
                text(spec, "/signature/verifier/publicKey/rawBytes"),
                text(request, "/signature/verifier/publicKey/rawBytes")
            );
            assert_eq!(text(spec, "/signature/content"), text(request, "/signature/content"));
        }
        assert_ne!(submissions.keys[0], submissions.keys[1]);
    }

    #[test]
    fn a_proposal_is_accepted_as_its_leaf() {
        let submissions = Submissions::sign(Api::V1, 3, 2, 11).unwrap();
        for number in 0..submissions.count() {
            let (mut body, mut leaf) = (Vec::new(), Vec::new());
            submissions.append_body(number, &mut body);
            submissions.append_leaf(number, &mut leaf);
            assert_eq!(submissions.body_length(number), body.len());
            let proposal = Proposal::parse(&body).expect("a proposal");
            let setting = Setting { limits: Limits::default(), now: 0 };
            assert_eq!(proposal.accept(&setting).expect("it is signed").body(), leaf);
        }
    }
}
