//! One run of one writer process: its gate, its clock, its random numbers, its signer.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use bytes::Bytes;
use fasti::clock::Clock;
use fasti::entropy::Entropy;
use fasti::signer::{FileSigner, Signer, SignerError, Statement};
use fasti::store::RecordNumber;
use tiles_spec::{NoteSignature, NoteSigningKey, Origin, VerifierKey};

use crate::defect::{self, Defect};
use crate::gate::Gate;
use crate::sim::{Sim, lock};

pub const ORIGIN: &str = "log.test/sim";

/// The log's key, which all writers hold.
pub fn signing_key() -> NoteSigningKey {
    NoteSigningKey::from_seed(origin().key_name(), &[7; 32])
}

pub fn origin() -> Origin {
    ORIGIN.parse().expect("an origin")
}

/// The process; see the module documentation.
pub struct Process {
    pub sim: Arc<Sim>,
    pub writer: usize,
    pub gate: Arc<Gate>,
    /// The commit records it has tried to create.
    pub created: Mutex<Vec<(RecordNumber, Bytes)>>,
}

impl Process {
    pub fn new(sim: &Arc<Sim>, writer: usize) -> Arc<Self> {
        let gate = Gate::new(sim.mix.clock_freezes);
        Arc::new(Self { sim: sim.clone(), writer, gate, created: Mutex::default() })
    }

    /// Reports whether this process wrote a record that it takes for another writer's.
    pub fn is_author(&self, number: RecordNumber) -> bool {
        let there = self.sim.ask_oracle(|_, bucket| bucket.record(number));
        lock(&self.created).iter().any(|(n, bytes)| *n == number && Some(bytes) == there.as_ref())
    }
}

#[async_trait]
impl Clock for Process {
    async fn sleep(&self, span: Duration) {
        let until = self.gate.now() + span;
        loop {
            let left = until.saturating_duration_since(self.gate.now());
            if left.is_zero() {
                return;
            }
            tokio::time::sleep(left).await;
        }
    }

    fn now(&self) -> Instant {
        self.gate.now().into_std()
    }

    /// The machines' clocks disagree by hours, and one of them runs backwards.
    fn date(&self) -> SystemTime {
        const START: Duration = Duration::from_secs(1_780_000_000);
        const HOUR: Duration = Duration::from_hours(1);
        let passed = self.sim.passed(self.gate.now());
        let here = UNIX_EPOCH + START + HOUR * u32::try_from(self.writer).expect("a few writers");
        if self.writer == 1 { here - passed } else { here + passed }
    }
}

impl Entropy for Process {
    fn nonce(&self) -> [u8; 16] {
        let (high, low) = self.sim.draw(|rng| (rng.next(), rng.next()));
        if defect::has(Defect::NonceReused) {
            return [0; 16];
        }
        let mut nonce = [0; 16];
        nonce[..8].copy_from_slice(&high.to_be_bytes());
        nonce[8..].copy_from_slice(&low.to_be_bytes());
        nonce
    }
}

/// A signer that shows the oracle everything it signs.
pub struct WatchedSigner {
    process: Arc<Process>,
    signer: FileSigner,
}

impl WatchedSigner {
    pub fn new(process: Arc<Process>) -> Self {
        Self { process, signer: FileSigner::new(origin(), signing_key()) }
    }
}

#[async_trait]
impl Signer for WatchedSigner {
    fn origin(&self) -> &Origin {
        self.signer.origin()
    }

    fn verifier_key(&self) -> VerifierKey {
        self.signer.verifier_key()
    }

    async fn sign(&self, statement: Statement<'_>) -> Result<NoteSignature, SignerError> {
        let (sim, text) = (&self.process.sim, statement.text());
        let size = text.lines().nth(1).unwrap_or_default();
        sim.note(&format!("w{} signs size {size}", self.process.writer));
        if !sim.is_astray() {
            sim.judge(sim.ask_oracle(|oracle, _| oracle.signs(text)));
        }
        self.signer.sign(statement).await
    }
}
