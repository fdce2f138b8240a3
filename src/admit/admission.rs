//! The writer's admission check: the rates and the lists together.

use std::net::IpAddr;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::SystemTime;

use fasti_entry::{KeyMaterial, Submission};
use fasti_rate::{Client, Pace, Proxies, TooMany};
use http::HeaderMap;
use http::header::AUTHORIZATION;

use super::error::AdmissionRefusal;
use super::fingerprint::Fingerprint;
use super::identities::IdentityList;
use super::keys::KeyList;
use super::metrics::AdmissionMetrics;
use super::tokens::TokenList;

/// Who may write.
#[derive(Debug, Default)]
pub struct Lists {
    /// The keys that may write. With `identities`, either is enough.
    pub keys: Option<KeyList>,
    /// The certificates that may write. With `keys`, either is enough.
    pub identities: Option<IdentityList>,
    /// The tokens required for opaque entries.
    pub tokens: Option<TokenList>,
}

/// The writer's admission check.
#[derive(Debug, Default)]
pub struct Admission {
    proxies: Proxies,
    pace: RwLock<Arc<Pace>>,
    lists: RwLock<Arc<Lists>>,
    metrics: AdmissionMetrics,
}

impl Admission {
    /// Admits what the lists allow, within these rates.
    pub fn new(proxies: Proxies, pace: Pace, lists: Lists, metrics: AdmissionMetrics) -> Self {
        let (pace, lists) = (RwLock::new(Arc::new(pace)), RwLock::new(Arc::new(lists)));
        Self { proxies, pace, lists, metrics }
    }

    /// Replaces the lists.
    pub fn replace(&self, lists: Lists) {
        *self.lists.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(lists);
    }

    /// Replaces the rates. What clients have left of their old ones is forgotten.
    pub fn replace_pace(&self, pace: Pace) {
        *self.pace.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(pace);
    }

    fn paces(&self) -> Arc<Pace> {
        self.pace.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn lists(&self) -> Arc<Lists> {
        self.lists.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether judging takes longer than verifying a signature.
    pub fn is_slow(&self) -> bool {
        self.lists().identities.is_some()
    }

    /// Returns the client that sent a request with these headers over a connection from `peer`.
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> Client {
        self.proxies.client(peer, headers)
    }

    /// Checks a submission over a connection from `peer` against the rates. `bytes` is the
    /// announced length of its body. Call this once for each submission, before any other work on
    /// it.
    pub fn pace(
        &self,
        peer: IpAddr,
        headers: &HeaderMap,
        bytes: u64,
    ) -> Result<(), AdmissionRefusal> {
        self.limit(self.paces().take(self.client(peer, headers), bytes))
    }

    /// Checks the bytes of a body whose length was not announced against the rates.
    pub fn pace_bytes(
        &self,
        peer: IpAddr,
        headers: &HeaderMap,
        bytes: u64,
    ) -> Result<(), AdmissionRefusal> {
        self.limit(self.paces().take_bytes(self.client(peer, headers), bytes))
    }

    fn limit(&self, taken: Result<(), TooMany>) -> Result<(), AdmissionRefusal> {
        taken.inspect_err(|refusal| self.metrics.limited(refusal.limit.name()))?;
        Ok(())
    }

    /// Checks that all signers that a submission names may write at `now`.
    pub fn judge(&self, submission: &Submission, now: SystemTime) -> Result<(), AdmissionRefusal> {
        self.count(self.lists().judge(submission, now))
    }

    /// Checks that these signers of an entry of this kind may write at `now`. They are all of its
    /// signers with keys of X.509.
    pub fn judge_signers<'a>(
        &self,
        kind: &'static str,
        signers: impl IntoIterator<Item = &'a KeyMaterial>,
        now: SystemTime,
    ) -> Result<(), AdmissionRefusal> {
        self.count(self.lists().judge_signers(kind, signers, now))
    }

    /// Checks that an opaque entry with these headers may be written.
    pub fn judge_opaque(&self, headers: &HeaderMap) -> Result<(), AdmissionRefusal> {
        let lists = self.lists();
        let Some(tokens) = &lists.tokens else { return self.count(Ok("open")) };
        let name = tokens.bearer(headers.get(AUTHORIZATION));
        self.count(name.map(|name| {
            tracing::debug!(name, "admitted an opaque entry by its token");
            "token"
        }))
    }

    fn count(
        &self,
        judged: Result<&'static str, AdmissionRefusal>,
    ) -> Result<(), AdmissionRefusal> {
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
    /// Returns why a submission is admitted.
    fn judge(
        &self,
        submission: &Submission,
        now: SystemTime,
    ) -> Result<&'static str, AdmissionRefusal> {
        let mut ground = "open";
        if self.keys.is_some() || self.identities.is_some() {
            let signers = submission.signers()?;
            if signers.is_empty() {
                return Err(AdmissionRefusal::NoSigner(submission.kind().name()));
            }
            for (key, material) in signers {
                ground = self.judge_signer(Fingerprint::of(&key), material, now)?;
            }
        }
        Ok(ground)
    }

    fn judge_signers<'a>(
        &self,
        kind: &'static str,
        signers: impl IntoIterator<Item = &'a KeyMaterial>,
        now: SystemTime,
    ) -> Result<&'static str, AdmissionRefusal> {
        if self.keys.is_none() && self.identities.is_none() {
            return Ok("open");
        }
        let mut ground = None;
        for material in signers {
            let key = material.public_key()?;
            ground = Some(self.judge_signer(Fingerprint::of(&key), material, now)?);
        }
        ground.ok_or(AdmissionRefusal::NoSigner(kind))
    }

    fn judge_signer(
        &self,
        key: Fingerprint,
        material: &KeyMaterial,
        now: SystemTime,
    ) -> Result<&'static str, AdmissionRefusal> {
        if self.keys.as_ref().is_some_and(|keys| keys.holds(&key)) {
            return Ok("key");
        }
        match (&self.identities, material) {
            (None, _) => Err(AdmissionRefusal::Key(key)),
            (Some(_), KeyMaterial::PublicKey(_)) if self.keys.is_some() => {
                Err(AdmissionRefusal::Key(key))
            }
            (Some(_), KeyMaterial::PublicKey(_)) => Err(AdmissionRefusal::NoCertificate(key)),
            (Some(identities), KeyMaterial::Certificate(der)) => {
                identities.judge(der, key, now).map(|()| "identity")
            }
        }
    }
}

#[cfg(test)]
mod tests;
