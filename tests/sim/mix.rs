//! The mix of one run: how many writers and clients, and which faults, all drawn from the seed.
//!
//! Each kind of fault is enabled in about half of the runs, and is then rare or frequent (swarm
//! testing): a fault that is always present would hide what happens without it.

use std::time::Duration;

use fasti_kit::seeded::Seeded;

/// How often something happens to an operation or message, per ten thousand.
#[derive(Clone, Debug, Default)]
pub struct Rates {
    /// It takes seconds, up to minutes.
    pub slow: u32,
    /// A definite error: nothing has happened.
    pub refused: u32,
    /// No answer, and it never happens.
    pub lost_before: u32,
    /// It happens, but the answer is lost.
    pub lost_after: u32,
    /// No answer, and it happens at any later time.
    pub late: u32,
    /// It happens twice, the second time at any later time.
    pub twice: u32,
    /// The body of a read is truncated, or one bit in it is flipped.
    pub damaged: u32,
    /// A listing or hint is stale.
    pub stale: u32,
    /// The writer crashes at this step.
    pub crash: u32,
    /// The writer is frozen at this step.
    pub freeze: u32,
    /// A message between writers, or its answer, is lost.
    pub message_lost: u32,
    /// A message takes seconds.
    pub message_slow: u32,
    /// A message arrives twice.
    pub message_twice: u32,
    /// A peer's answer is false.
    pub lie: u32,
}

/// What happens to a writer from outside, at any time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    Crash,
    Restart,
    Freeze,
    CutFromStore,
    CutFromPeer,
}

/// Where signed and verified trees are remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Memory {
    /// Only in the processes.
    Lost,
    /// Each writer has its own machine.
    Apart,
    /// All writers are on one machine.
    Shared,
}

/// What happens to the store as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Astray {
    /// It is restored to an older state.
    PutBack,
    /// It is copied, and the last writer starts on the copy.
    Copied,
}

/// The witnesses of the log, and how often something happens when they are asked, per ten thousand.
#[derive(Clone, Debug)]
pub struct Witnessing {
    pub count: usize,
    /// So many are enough.
    pub quorum: usize,
    /// The log goes on without them.
    pub is_optional: bool,
    /// How long the log waits, in milliseconds: for enough, then for more, then for the late.
    pub answer_within: u64,
    pub linger: u64,
    pub late: u64,
    /// A question or its answer takes long.
    pub slow: u32,
    /// A question or its answer is lost.
    pub lost: u32,
    /// A question arrives twice.
    pub twice: u32,
    /// The witness crashes when it is asked.
    pub crash: u32,
    /// The longest time that something takes, in milliseconds.
    pub slowest: u64,
}

impl Witnessing {
    /// What the seed says, in one run of five. `rng` is for witnesses alone.
    pub fn of(rng: &mut Seeded) -> Option<Self> {
        if !rng.chance(2_000) {
            return None;
        }
        let count: usize = rng.pick(&[1, 2, 3, 3, 3, 3]);
        let most = rng.pick(&[count, count / 2 + 1, count / 2 + 1]);
        Some(Self {
            count,
            quorum: if rng.chance(1_000) { 1 } else { most },
            is_optional: rng.chance(2_500),
            answer_within: rng.pick(&[200, 2_000, 2_000]),
            linger: rng.pick(&[1, 50]),
            late: rng.pick(&[2_000, 30_000]),
            slow: rate(rng, 5_000),
            lost: rate(rng, 1_000),
            twice: rate(rng, 1_000),
            crash: rate(rng, 300),
            slowest: rng.pick(&[500, 5_000, 30_000]),
        })
    }

    /// Whether they keep a log that was put back from forking: any two quorums have a witness in
    /// common.
    pub const fn is_guard(&self) -> bool {
        !self.is_optional && 2 * self.quorum > self.count
    }
}

/// The mix; see the module documentation.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is on or off by itself")]
pub struct Mix {
    pub writers: usize,
    /// One writer without peers, on a store that needs no cleanup.
    pub alone: bool,
    /// All writers were given one address by mistake: only safety is promised.
    pub one_address: bool,
    /// When faults have ended, one writer does not come back.
    pub one_stays_down: bool,
    /// The log is frozen during the run.
    pub ends: bool,
    /// A writer that starts again has lost its deduplication index.
    pub forgets: bool,
    /// Of what is read, only hash tiles are damaged.
    pub spares_all_but_tiles: bool,
    pub memory: Memory,
    pub astray: Option<Astray>,
    pub witnesses: Option<Witnessing>,
    pub clients: usize,
    /// How often each client submits something.
    pub steps: usize,
    /// The largest number of entries that a client submits at once.
    pub burst: usize,
    /// The longest think time of a client, in milliseconds.
    pub think: u64,
    pub rates: Rates,
    pub troubles: Vec<Trouble>,
    /// The longest time between two troubles, in milliseconds.
    pub trouble_every: u64,
    /// The longest delay, freeze, cut or late effect, in milliseconds.
    pub longest: u64,
    /// How long a writer waits for the store.
    pub patience: Duration,
    /// How often it retries a read that gets no answer.
    pub read_tries: u32,
    /// Versions are content hashes, as on S3; otherwise numbers, as on GCS.
    pub etags: bool,
    /// A frozen process's clock stops.
    pub clock_freezes: bool,
    /// In milliseconds.
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
            // A machine with its own memory cannot know of a copy elsewhere.
            7 => mix.with_copy(),
            _ => Self { memory, ..mix },
        }
    }

    /// Adds one writer for the copy; all writers then share one memory.
    fn with_copy(self) -> Self {
        let writers = self.writers + 1;
        Self { writers, astray: Some(Astray::Copied), memory: Memory::Shared, ..self }
    }

    /// A busy, healthy leader, and rivals that do not hear from it and are frozen just as they take
    /// over: the records where they stopped may be trimmed by the time they resume.
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

    /// Writers that start again and again without their index, read damaged tiles while they catch
    /// up, and are asked for entries that they should know.
    #[cfg(feature = "planted")]
    pub fn forgetful(self, rng: &mut Seeded) -> Self {
        let rates = Rates { damaged: rng.pick(&[1_000, 4_000]), ..Rates::default() };
        Self {
            writers: rng.between(1, 2),
            alone: false,
            one_address: false,
            one_stays_down: false,
            ends: false,
            astray: None,
            witnesses: None,
            memory: Memory::Lost,
            forgets: true,
            spares_all_but_tiles: true,
            clients: 8,
            steps: 60,
            burst: 3,
            think: 2_000,
            rates,
            troubles: vec![Trouble::Crash, Trouble::Restart],
            trouble_every: 20_000,
            longest: 5_000,
            batch_entries: 256,
            pace: 0,
            pool_entries: 300,
            faulty_for: Duration::from_mins(10),
            ..self
        }
    }

    /// Writers on one machine: while one leads, the others recover again and again, beside the
    /// memory to which it writes.
    #[cfg(feature = "planted")]
    pub fn neighbours(self, rng: &mut Seeded) -> Self {
        let rates = Rates { slow: 2_000, message_lost: 10_000, ..Rates::default() };
        let quarrel = self.quarrel(rng);
        Self {
            writers: 3,
            one_address: false,
            memory: Memory::Shared,
            ends: false,
            astray: None,
            witnesses: None,
            rates,
            troubles: Vec::new(),
            ..quarrel
        }
    }

    /// Rivals that were given one address, lose many answers, and do not hear of each other: what
    /// they write to take over differs in nothing but its random bytes.
    #[cfg(feature = "planted")]
    pub fn namesakes(self, rng: &mut Seeded) -> Self {
        let lost_after = rng.pick(&[300, 2_000]);
        let rates = Rates { message_lost: 10_000, slow: 300, lost_after, ..Rates::default() };
        let quarrel = self.quarrel(rng);
        Self { one_address: true, ends: false, astray: None, witnesses: None, rates, ..quarrel }
    }

    /// A store that is restored to an older state while its writers run.
    #[cfg(feature = "planted")]
    pub fn restored(self, rng: &mut Seeded) -> Self {
        let memory = rng.pick(&[Memory::Lost, Memory::Apart, Memory::Shared]);
        Self { ends: false, astray: Some(Astray::PutBack), witnesses: None, memory, ..self }
    }

    /// Adds the witnesses. A log is frozen without asking them.
    pub fn with_witnesses(self, rng: &mut Seeded) -> Self {
        let witnesses = Witnessing::of(rng).filter(|_| !self.ends);
        Self { witnesses, ..self }
    }

    /// Whether a log that was put back is kept from forking by its witnesses.
    pub fn is_guarded(&self) -> bool {
        self.witnesses.as_ref().is_some_and(Witnessing::is_guard)
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
            forgets: false,
            spares_all_but_tiles: false,
            memory: Memory::Lost,
            astray: None,
            witnesses: None,
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
            // A client that gives up before the paced log reaches it only adds load.
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
