//! The mix of one run: how many writers and clients, and which faults, all drawn from the seed.
//!
//! Each kind of fault is on in about half of the runs, and then rare or frequent (swarm testing): a
//! fault that is always there would hide what happens without it.

use std::time::Duration;

use crate::seeded::Seeded;

/// How often something happens to one operation or message, in ten thousand.
#[derive(Clone, Debug, Default)]
pub struct Rates {
    /// Takes seconds, up to minutes.
    pub slow: u32,
    /// A definite error: nothing has happened.
    pub refused: u32,
    /// No answer, and it never happens.
    pub lost_before: u32,
    /// It happens, and the answer is lost.
    pub lost_after: u32,
    /// No answer, and it happens at any later time.
    pub late: u32,
    /// It happens twice, the second time at any later time.
    pub twice: u32,
    /// The body of a read is cut, or one bit of it is flipped.
    pub damaged: u32,
    /// A listing or a hint is of an earlier time.
    pub stale: u32,
    /// The writer dies at this step.
    pub crash: u32,
    /// The writer is frozen at this step.
    pub freeze: u32,
    /// A message between writers, or its answer, is lost.
    pub message_lost: u32,
    /// A message takes seconds.
    pub message_slow: u32,
    /// A message arrives twice.
    pub message_twice: u32,
    /// A peer's answer is not true.
    pub lie: u32,
}

/// What befalls a writer from outside, at any time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    Crash,
    Restart,
    Freeze,
    CutFromStore,
    CutFromPeer,
}

/// Where is remembered what was signed and verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Memory {
    /// Nowhere but in the processes.
    Lost,
    /// Each writer has a machine of its own.
    Apart,
    /// All writers are on one machine.
    Shared,
}

/// What befalls the store as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Astray {
    /// It is put back to an older state.
    PutBack,
    /// It is copied, and the last writer begins on the copy.
    Copied,
}

/// See the module's text.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is on or off by itself")]
pub struct Mix {
    pub writers: usize,
    /// One writer that knows of no peers, on a store that needs no tidying.
    pub alone: bool,
    /// All writers were given one address, by mistake: nothing is promised but safety.
    pub one_address: bool,
    /// When faults have ended, one writer does not come back.
    pub one_stays_down: bool,
    /// Somebody freezes the log.
    pub ends: bool,
    pub memory: Memory,
    pub astray: Option<Astray>,
    pub clients: usize,
    /// How often each client submits something.
    pub steps: usize,
    /// Most entries that a client submits at once.
    pub burst: usize,
    /// How long a client thinks at most, in milliseconds.
    pub think: u64,
    pub rates: Rates,
    pub troubles: Vec<Trouble>,
    /// The time between two troubles, at most, in milliseconds.
    pub trouble_every: u64,
    /// How long the longest delay, freeze, cut or late effect is, in milliseconds.
    pub longest: u64,
    /// How long a writer waits for the store.
    pub patience: Duration,
    /// How often it asks when it reads and hears nothing.
    pub read_tries: u32,
    /// Versions are hashes of the content, as S3 has them; numbers, as GCS has them, if not.
    pub etags: bool,
    /// A frozen process's clock stands still.
    pub clock_freezes: bool,
    /// Milliseconds.
    pub ping: u64,
    pub takeover: u64,
    pub pace: u64,
    pub republish: u64,
    pub answer_time: u64,
    pub batch_entries: usize,
    pub pool_entries: usize,
    /// Faults end after this time at the latest.
    pub faulty_for: Duration,
}

impl Mix {
    pub fn of(seed: u64, rng: &mut Seeded) -> Self {
        let mix = Self::any(rng);
        let mix = if rng.chance(1_500) { mix.quarrel(rng) } else { mix };
        let mix = Self { ends: seed % 8 == 3 && !mix.alone && !mix.one_address, ..mix };
        let memory = [Memory::Lost, Memory::Apart, Memory::Shared][(seed / 8 % 3) as usize];
        match seed % 8 {
            5 => Self { astray: Some(Astray::PutBack), memory, ..mix },
            // With a memory of its own, a machine cannot know of a copy elsewhere.
            7 => mix.with_copy(),
            _ => Self { memory, ..mix },
        }
    }

    /// One writer more, for the copy; what it signs is remembered where all others remember it.
    fn with_copy(self) -> Self {
        let writers = self.writers + 1;
        Self { writers, astray: Some(Astray::Copied), memory: Memory::Shared, ..self }
    }

    /// A leader that is busy and well, and rivals that do not hear of it and are frozen just when they
    /// take over: what they left at may be trimmed by the time they go on.
    fn quarrel(self, rng: &mut Seeded) -> Self {
        let (lost, late) = (rng.pick(&[300, 2_000]), rng.pick(&[0, 5]));
        let rates = Rates { freeze: 20, message_lost: lost, late, ..Rates::default() };
        Self {
            writers: rng.between(2, 3),
            alone: false,
            one_address: rng.chance(4_000),
            clients: 10,
            steps: 10,
            burst: 20,
            think: 2_000,
            rates,
            troubles: vec![Trouble::CutFromPeer],
            trouble_every: 3_000,
            longest: 120_000,
            ping: 200,
            takeover: 1_000,
            batch_entries: 1,
            pace: 0,
            pool_entries: 300,
            faulty_for: Duration::from_mins(4),
            ..self
        }
    }

    fn any(rng: &mut Seeded) -> Self {
        let writers = rng.pick(&[1, 1, 2, 2, 2, 3, 3, 4]);
        let rates = Rates {
            slow: rate(rng, 300),
            refused: rate(rng, 300),
            lost_before: rate(rng, 300),
            lost_after: rate(rng, 300),
            late: rate(rng, 300),
            twice: rate(rng, 500),
            damaged: rate(rng, 300),
            stale: rate(rng, 3000),
            crash: rate(rng, 100),
            freeze: rate(rng, 100),
            message_lost: rate(rng, 1000),
            message_slow: rate(rng, 1000),
            message_twice: rate(rng, 1000),
            lie: rate(rng, 2000),
        };
        let every = [Trouble::Crash, Trouble::Restart, Trouble::Freeze, Trouble::CutFromStore];
        let mut troubles: Vec<Trouble> = every.into_iter().filter(|_| rng.coin()).collect();
        if writers > 1 && rng.coin() {
            troubles.push(Trouble::CutFromPeer);
        }
        let clients = rng.between(1, 20);
        let alone = writers == 1 && rng.coin();
        let pool_entries = rng.pick(&[10, 300, 16_384]);
        let batch_entries = rng.pick(&[1, 7, 256, 4096, 4096]);
        // Without trimming, or with small batches or a small pool, large bursts only take long.
        let is_small = alone || batch_entries < 256 || pool_entries < 300;
        let bursts = if is_small { [1, 3, 10, 20, 20] } else { [1, 3, 20, 150, 300] };
        let one_address = writers > 1 && rng.chance(700);
        let burst = rng.pick(&bursts);
        let trouble_every = rng.pick(&[3_000, 20_000, 200_000]);
        let faulty_for = rng.pick(&[60_000, 600_000, 7_200_000]).min(trouble_every * 200);
        let pace = if batch_entries < 256 { 0 } else { rng.pick(&[0, 0, 0, 1_000]) };
        Self {
            writers,
            alone,
            one_address,
            one_stays_down: writers > 1 && rng.coin(),
            ends: false,
            memory: Memory::Lost,
            astray: None,
            clients,
            steps: rng.between(20, 120).min(2_000 / burst).div_ceil(clients),
            burst,
            think: rng.pick(&[200, 2_000, 20_000, 120_000]),
            rates,
            troubles,
            trouble_every,
            longest: rng.pick(&[5_000, 120_000, 10_800_000]),
            patience: Duration::from_millis(rng.pick(&[1_000, 5_000, 30_000])),
            read_tries: rng.pick(&[1, 4, 4]),
            etags: rng.coin(),
            clock_freezes: rng.coin(),
            ping: rng.pick(&[200, 500, 3_000]),
            takeover: rng.pick(&[1_000, 2_000, 10_000]),
            pace,
            republish: rng.pick(&[5_000, 60_000, 3_600_000]),
            // Who gives up sooner than a paced log gets to him only adds to the load.
            answer_time: rng.pick(&[5_000, 60_000, 600_000]).max(60 * pace),
            batch_entries,
            pool_entries,
            faulty_for: Duration::from_millis(faulty_for),
        }
    }
}

/// Off, rare, or as frequent as `most`.
fn rate(rng: &mut Seeded, most: u32) -> u32 {
    rng.pick(&[0, 0, most.div_ceil(20), most.div_ceil(4), most])
}
