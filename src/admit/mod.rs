//! Admit: who may write, and how much. Everyone and anything, until the operator says otherwise.
//!
//! | module | what it is |
//! |---|---|
//! | [`keys`] | keys that may write |
//! | [`identities`] | certificates that give a right to write: rules ([`pattern`]) over what they say ([`holder`]) and who stands behind them ([`authorities`]) |
//! | [`tokens`] | tokens for opaque entries |
//! | [`rate`] | how many submissions and bytes are taken, and of each client ([`client`], [`clients`]) |
//! | [`error`] | what can be wrong with a list, and why a submission is refused |
//!
//! A front door asks twice: [`Admission::pace`] when it has a request's head and before it reads the
//! body (and [`Admission::pace_bytes`] after it, where the head did not say how long it is); [`Admission::judge`] when the submission is parsed and before its signatures are verified,
//! which costs more. Whoever passes both may still be refused for what the submission is. Entries that
//! other writers forward were admitted by those.
//!
//! Invariants:
//! - Pure: texts, addresses and times come as arguments; no I/O, no runtime. The rates read the house's
//!   clock.
//! - Nothing is admitted by a signature that was not verified: what a certificate says counts only
//!   after its chain holds, and that its key has signed is verified next, by [`crate::entry`].
//! - Every list, pattern and table is bounded (I12). Tokens are not kept (I16).

mod authorities;
mod client;
mod clients;
mod error;
mod holder;
mod identities;
mod keys;
mod pattern;
mod pem;
mod rate;
mod tokens;

#[cfg(test)]
mod testing;

use std::net::IpAddr;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::SystemTime;

use http::HeaderMap;
use http::header::AUTHORIZATION;

pub use authorities::Authorities;
pub use client::{Block, Client, Network, Proxies, ProxyHeader};
pub use error::{IdentityReason, Limit, ListError, ListProblem, Refusal, seconds};
pub use identities::{IdentityList, Policy};
pub use keys::{Fingerprint, KeyList};
pub use rate::{ByteRate, Pace, Rate, Rates};
pub use tokens::TokenList;

use crate::entry::{KeyMaterial, Submission};
use crate::metrics::AdmissionMetrics;

/// Who may write.
#[derive(Debug, Default)]
pub struct Lists {
    /// The keys that may; with `identities`, either suffices.
    pub keys: Option<KeyList>,
    /// The certificates that may; with `keys`, either suffices.
    pub identities: Option<IdentityList>,
    /// The tokens that opaque entries need.
    pub tokens: Option<TokenList>,
}

/// The writer's door.
#[derive(Debug, Default)]
pub struct Admission {
    proxies: Proxies,
    pace: Pace,
    lists: RwLock<Arc<Lists>>,
    metrics: AdmissionMetrics,
}

impl Admission {
    /// Admits within these rates whom the lists name.
    pub fn new(proxies: Proxies, pace: Pace, lists: Lists, metrics: AdmissionMetrics) -> Self {
        Self { proxies, pace, lists: RwLock::new(Arc::new(lists)), metrics }
    }

    /// Takes other lists from now on.
    pub fn replace(&self, lists: Lists) {
        *self.lists.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(lists);
    }

    fn lists(&self) -> Arc<Lists> {
        self.lists.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether judging takes longer than verifying a signature does.
    pub fn is_slow(&self) -> bool {
        self.lists().identities.is_some()
    }

    /// Who sends a request with these headers over a connection from `peer`.
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> Client {
        self.proxies.client(peer, headers)
    }

    /// Whether a submission over a connection from `peer` is in time, of whose body so many bytes are
    /// announced. To be asked once for each, before anything is done for it.
    pub fn pace(&self, peer: IpAddr, headers: &HeaderMap, bytes: u64) -> Result<(), Refusal> {
        self.limit(self.pace.take(self.client(peer, headers), bytes))
    }

    /// Whether the bytes of a body are in time whose length was not announced.
    pub fn pace_bytes(&self, peer: IpAddr, headers: &HeaderMap, bytes: u64) -> Result<(), Refusal> {
        self.limit(self.pace.take_bytes(self.client(peer, headers), bytes))
    }

    fn limit(&self, taken: Result<(), Refusal>) -> Result<(), Refusal> {
        taken.inspect_err(|refusal| self.metrics.limited(refusal.reason()))
    }

    /// Whether those who have signed a submission, as it says, may write at `now`: all of them.
    pub fn judge(&self, submission: &Submission, now: SystemTime) -> Result<(), Refusal> {
        self.count(self.lists().judge(submission, now))
    }

    /// Whether an opaque entry with these headers may be written.
    pub fn judge_opaque(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let lists = self.lists();
        let Some(tokens) = &lists.tokens else { return self.count(Ok("open")) };
        let name = tokens.bearer(headers.get(AUTHORIZATION));
        self.count(name.map(|name| {
            tracing::debug!(name, "an opaque entry by token");
            "token"
        }))
    }

    fn count(&self, judged: Result<&'static str, Refusal>) -> Result<(), Refusal> {
        match judged {
            Ok(reason) => {
                self.metrics.admitted(reason);
                Ok(())
            }
            Err(refusal) => {
                self.metrics.denied(refusal.reason());
                Err(refusal)
            }
        }
    }
}

impl Lists {
    /// On what ground a submission is admitted.
    fn judge(&self, submission: &Submission, now: SystemTime) -> Result<&'static str, Refusal> {
        let mut ground = "open";
        if self.keys.is_some() || self.identities.is_some() {
            for (key, material) in submission.signers()? {
                ground = self.judge_signer(Fingerprint::of(&key), material, now)?;
            }
        }
        Ok(ground)
    }

    fn judge_signer(
        &self,
        key: Fingerprint,
        material: &KeyMaterial,
        now: SystemTime,
    ) -> Result<&'static str, Refusal> {
        if self.keys.as_ref().is_some_and(|keys| keys.holds(&key)) {
            return Ok("key");
        }
        match (&self.identities, material) {
            (None, _) => Err(Refusal::Key(key)),
            (Some(_), KeyMaterial::PublicKey(_)) if self.keys.is_some() => Err(Refusal::Key(key)),
            (Some(_), KeyMaterial::PublicKey(_)) => Err(Refusal::NoCertificate(key)),
            (Some(identities), KeyMaterial::Certificate(der)) => {
                identities.judge(der, key, now).map(|()| "identity")
            }
        }
    }
}

#[cfg(test)]
mod tests;
