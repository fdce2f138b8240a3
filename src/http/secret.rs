//! The secret shared by the writers of a log, and the MACs made with it.
//!
//! Writers talk to each other over plain HTTP in one network. Neither the secret nor anything that
//! reveals it goes over the wire (I16). A question carries an HMAC-SHA256 over its head, which
//! names the log, the term, the writer being asked and the digest of the body. An answer carries
//! one over the question's MAC and its own body. So nobody else can inject entries that no writer
//! has verified, and no old answer passes for a new one. Replaying a question does no harm: a
//! repeated entry gets the index it has (I13), and in another term the question is refused.
//!
//! The MAC key is derived from the secret and the log, so the messages of one log's writers are not
//! valid for the writers of another log with the same secret.

use aws_lc_rs::hmac;
use sha2::{Digest as _, Sha256};

/// Length of a MAC in bytes.
pub const MAC_BYTES: usize = 32;

/// The kind of a message.
#[derive(Clone, Copy, Debug)]
pub enum Message<'a> {
    /// The head of a question, from a writer to the one that it believes to be the leader.
    Question,
    /// The body of the answer to the question with this MAC.
    AnswerTo(&'a [u8; MAC_BYTES]),
}

/// A key that only the writers of one log have.
#[derive(Clone)]
pub struct PeerSecret {
    key: hmac::Key,
    log: [u8; 32],
}

impl std::fmt::Debug for PeerSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PeerSecret")
    }
}

impl PeerSecret {
    /// Derives the secret of one log from what its writers share: the log's private key, or the
    /// content of a file made for this. Neither can be derived from the secret.
    pub fn derive(shared: &[u8], origin: &str, verifier_key: &str) -> Self {
        let mut hasher = Sha256::new();
        for part in ["fasti/peers/v2", origin, verifier_key] {
            hasher.update((part.len() as u64).to_be_bytes());
            hasher.update(part);
        }
        let log: [u8; 32] = hasher.finalize().into();
        let root = hmac::Key::new(hmac::HMAC_SHA256, b"fasti/peers/v2");
        let of_all_logs = hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&root, shared).as_ref());
        let derived = hmac::sign(&of_all_logs, &log);
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, derived.as_ref()), log }
    }

    /// Identifies the log; not secret.
    pub fn log(&self) -> &[u8; 32] {
        &self.log
    }

    /// Returns the MAC of a message.
    pub fn mac(&self, message: Message<'_>, bytes: &[u8]) -> [u8; MAC_BYTES] {
        let mut mac = [0; MAC_BYTES];
        mac.copy_from_slice(self.context(message, bytes).sign().as_ref());
        mac
    }

    /// Whether `mac` is the message's MAC. Runs in constant time.
    pub fn verify(&self, message: Message<'_>, bytes: &[u8], mac: &[u8]) -> bool {
        let signed = self.context(message, bytes).sign();
        aws_lc_rs::constant_time::verify_slices_are_equal(signed.as_ref(), mac).is_ok()
    }

    fn context(&self, message: Message<'_>, bytes: &[u8]) -> hmac::Context {
        let mut context = hmac::Context::with_key(&self.key);
        match message {
            Message::Question => context.update(b"Q"),
            Message::AnswerTo(question) => {
                context.update(b"A");
                context.update(question);
            }
        }
        context.update(bytes);
        context
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mac_holds_for_one_secret_one_log_one_message_and_its_bytes() {
        let secret = PeerSecret::derive(b"the log's key", "log", "key");
        let mac = secret.mac(Message::Question, b"head");
        assert!(secret.verify(Message::Question, b"head", &mac));
        assert!(!secret.verify(Message::Question, b"heae", &mac));
        assert!(!secret.verify(Message::AnswerTo(&mac), b"head", &mac));
        assert!(!secret.verify(Message::Question, b"head", &mac[..31]));
        for (shared, origin, key) in [
            (&b"another"[..], "log", "key"),
            (b"the log's key", "log2", "key"),
            (b"the log's key", "log", "key2"),
            (b"the log's key", "logkey", ""),
        ] {
            let other = PeerSecret::derive(shared, origin, key);
            assert!(!other.verify(Message::Question, b"head", &mac), "{origin} {key}");
            assert_eq!(other.log() == secret.log(), (origin, key) == ("log", "key"));
        }
        let answer = secret.mac(Message::AnswerTo(&mac), b"body");
        assert!(secret.verify(Message::AnswerTo(&mac), b"body", &answer));
        assert!(!secret.verify(Message::AnswerTo(&answer), b"body", &answer));
        assert_eq!(format!("{secret:?}"), "PeerSecret");
    }
}
