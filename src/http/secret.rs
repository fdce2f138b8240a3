//! The secret that the writers of one log share, and what is signed with it.
//!
//! Writers speak to each other over plain HTTP in one network; neither the secret nor anything it
//! could be learned from goes over the wire (I16). A message carries an HMAC-SHA256 over its body, an
//! answer one over the question's and its own, so that nobody else can hand in entries that no
//! writer has verified, and no old answer passes for a new one. A message that is sent twice does no
//! harm: the same entry again gets the index it has (I13).

use aws_lc_rs::hmac;

/// Bytes of a MAC.
pub const MAC_BYTES: usize = 32;

/// What a message is.
#[derive(Clone, Copy, Debug)]
pub enum Message<'a> {
    /// From a writer to the one that it takes for the leader.
    Question,
    /// To the question with this MAC.
    AnswerTo(&'a [u8; MAC_BYTES]),
}

/// A key that all writers of one log have, and nobody else.
#[derive(Clone)]
pub struct PeerSecret(hmac::Key);

impl std::fmt::Debug for PeerSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PeerSecret")
    }
}

impl PeerSecret {
    /// Derives the secret from what the writers have in common: the log's private key, or the
    /// content of a file that was made for this. Neither can be found out from the secret.
    pub fn derive(shared: &[u8]) -> Self {
        let root = hmac::Key::new(hmac::HMAC_SHA256, b"fasti/peers/v1");
        let derived = hmac::sign(&root, shared);
        Self(hmac::Key::new(hmac::HMAC_SHA256, derived.as_ref()))
    }

    /// The MAC of a message.
    pub fn mac(&self, message: Message<'_>, body: &[u8]) -> [u8; MAC_BYTES] {
        let mut mac = [0; MAC_BYTES];
        mac.copy_from_slice(self.context(message, body).sign().as_ref());
        mac
    }

    /// Whether `mac` is the message's. Takes as long whether it is or not.
    pub fn verify(&self, message: Message<'_>, body: &[u8], mac: &[u8]) -> bool {
        let signed = self.context(message, body).sign();
        aws_lc_rs::constant_time::verify_slices_are_equal(signed.as_ref(), mac).is_ok()
    }

    fn context(&self, message: Message<'_>, body: &[u8]) -> hmac::Context {
        let mut context = hmac::Context::with_key(&self.0);
        match message {
            Message::Question => context.update(b"Q"),
            Message::AnswerTo(question) => {
                context.update(b"A");
                context.update(question);
            }
        }
        context.update(body);
        context
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mac_holds_for_one_secret_one_message_and_one_body() {
        let secret = PeerSecret::derive(b"the log's key");
        let mac = secret.mac(Message::Question, b"body");
        assert!(secret.verify(Message::Question, b"body", &mac));
        assert!(!secret.verify(Message::Question, b"bodz", &mac));
        assert!(!secret.verify(Message::AnswerTo(&mac), b"body", &mac));
        assert!(!secret.verify(Message::Question, b"body", &mac[..31]));
        assert!(!PeerSecret::derive(b"another").verify(Message::Question, b"body", &mac));
        let answer = secret.mac(Message::AnswerTo(&mac), b"body");
        assert!(secret.verify(Message::AnswerTo(&mac), b"body", &answer));
        assert!(!secret.verify(Message::AnswerTo(&answer), b"body", &answer));
        assert_eq!(format!("{secret:?}"), "PeerSecret");
    }
}
