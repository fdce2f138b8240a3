//! The table of a run, which is kept in memory: 18 bits for each key, in the order of the keys.
//!
//! Keys are hashes, so the first bits of a key tell its place in a run to within a few entries. The
//! key space is divided into equal buckets, one for every 16 keys; the offset of a bucket is the
//! number of keys before it. For each key the table holds 16 bits, taken from behind those that
//! select the bucket. A key that is not in the run matches one of them by chance in about one of
//! 4,000 lookups, and only then is anything read; a key that is there is read from its exact place.

use std::ops::Range;

use super::index::{DedupError, Key};

/// Keys in a bucket, on average.
const BUCKET_KEYS: u64 = 16;

/// The table of one run.
#[derive(Debug)]
pub(super) struct Table {
    buckets: u64,
    /// How many keys come before each bucket, and before the end.
    offsets: Vec<u32>,
    /// Some bits of each key.
    fingerprints: Vec<u16>,
}

impl Table {
    /// An empty table with room for this many keys.
    pub fn with_capacity(keys: u64) -> Self {
        let buckets = keys.div_ceil(BUCKET_KEYS).max(1);
        let capacity = |n: u64| usize::try_from(n).unwrap_or_default();
        Self {
            buckets,
            offsets: Vec::with_capacity(capacity(buckets) + 1),
            fingerprints: Vec::with_capacity(capacity(keys)),
        }
    }

    /// The number of keys.
    pub fn len(&self) -> u64 {
        self.fingerprints.len() as u64
    }

    /// The number of buckets.
    pub fn buckets(&self) -> u64 {
        self.buckets
    }

    /// Appends a key, which must be above all others.
    pub fn push(&mut self, key: Key) {
        self.fill_offsets(self.bucket(key));
        self.fingerprints.push(fingerprint(key));
    }

    /// Ends the keys.
    pub fn finish(&mut self) {
        self.fill_offsets(usize::try_from(self.buckets).expect("as many as were made room for"));
    }

    fn fill_offsets(&mut self, bucket: usize) {
        let before = u32::try_from(self.fingerprints.len()).expect("a run has less than 2^32 keys");
        if self.offsets.len() <= bucket {
            self.offsets.resize(bucket + 1, before);
        }
    }

    fn bucket(&self, key: Key) -> usize {
        // The high half times the number of buckets, in 2^64ths.
        let place = ((key >> 64) * u128::from(self.buckets)) >> 64;
        usize::try_from(place).expect("below the number of buckets")
    }

    /// The places of a key's bucket.
    pub fn bucket_of(&self, key: Key) -> Range<u32> {
        let bucket = self.bucket(key);
        self.offsets[bucket]..self.offsets[bucket + 1]
    }

    /// The places in its bucket where a key may be; usually none if it is not in the run.
    pub fn places(&self, key: Key, bucket: Range<u32>) -> impl Iterator<Item = u64> + '_ {
        let wanted = fingerprint(key);
        let fingerprints = &self.fingerprints[bucket.start as usize..bucket.end as usize];
        let met = (u64::from(bucket.start)..).zip(fingerprints);
        met.filter(move |(_, found)| **found == wanted).map(|(place, _)| place)
    }

    /// A part of the encoded table: `count` numbers from number `from` on. Empty past the last one.
    pub fn encode(&self, from: usize, count: usize) -> Vec<u8> {
        let end = from + count;
        let offsets = &self.offsets[from.min(self.offsets.len())..end.min(self.offsets.len())];
        let behind = |n: usize| n.saturating_sub(self.offsets.len()).min(self.fingerprints.len());
        let fingerprints = &self.fingerprints[behind(from)..behind(end)];
        let offsets = offsets.iter().flat_map(|n| n.to_be_bytes());
        offsets.chain(fingerprints.iter().flat_map(|n| n.to_be_bytes())).collect()
    }

    /// How many bytes a table takes on disk.
    pub fn encoded_bytes(keys: u64, buckets: u64) -> u64 {
        4 * (buckets + 1) + 2 * keys
    }

    /// Reads a table back. `read` returns the next bytes, exactly as many as requested.
    pub fn decode(
        keys: u64,
        buckets: u64,
        mut read: impl FnMut(usize) -> Result<Vec<u8>, DedupError>,
    ) -> Result<Option<Self>, DedupError> {
        let mut table = Self::with_capacity(keys);
        table.buckets = buckets;
        let mut rest = buckets + 1;
        while rest > 0 {
            let count = rest.min(READ_NUMBERS);
            let bytes = read(4 * usize::try_from(count).expect("small"))?;
            let (numbers, _) = bytes.as_chunks::<4>();
            table.offsets.extend(numbers.iter().map(|n| u32::from_be_bytes(*n)));
            rest -= count;
        }
        let mut rest = keys;
        while rest > 0 {
            let count = rest.min(READ_NUMBERS);
            let bytes = read(2 * usize::try_from(count).expect("small"))?;
            let (numbers, _) = bytes.as_chunks::<2>();
            table.fingerprints.extend(numbers.iter().map(|n| u16::from_be_bytes(*n)));
            rest -= count;
        }
        let is_whole = table.offsets.last().is_some_and(|&end| u64::from(end) == keys);
        Ok((is_whole && table.offsets.is_sorted()).then_some(table))
    }
}

/// Numbers that are read at once.
const READ_NUMBERS: u64 = 1 << 18;

/// Bits of a key that do not affect its bucket, as there are fewer than 2^32 buckets.
#[expect(clippy::cast_possible_truncation, reason = "these 16 bits are what is wanted")]
fn fingerprint(key: Key) -> u16 {
    (key >> 48) as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(n: u64) -> Vec<Key> {
        let spread = |n: u64| u128::from(n.wrapping_mul(0x9E37_79B9_7F4A_7C15)) << 64;
        let fill = |n: u64| u128::from(n.wrapping_mul(0xBF58_476D_1CE4_E5B9));
        let mut keys: Vec<Key> = (1..=n).map(|n| spread(n) | fill(n)).collect();
        keys.sort_unstable();
        keys
    }

    fn table_of(keys: &[Key]) -> Table {
        let mut table = Table::with_capacity(keys.len() as u64);
        for key in keys {
            table.push(*key);
        }
        table.finish();
        table
    }

    fn places(table: &Table, key: Key) -> Vec<u64> {
        table.places(key, table.bucket_of(key)).collect()
    }

    #[test]
    fn every_key_is_at_its_place_and_few_others_anywhere() {
        for n in [0, 1, 15, 16, 17, 100_000] {
            let keys = keys(n);
            let table = table_of(&keys);
            for (place, key) in keys.iter().enumerate() {
                assert!(places(&table, *key).contains(&(place as u64)), "{place} of {n}");
            }
            let met: usize = keys.iter().map(|key| places(&table, key ^ (1 << 60)).len()).sum();
            assert!(met <= keys.len() / 1000, "{met} of {n}");
        }
    }

    #[test]
    fn reads_back_what_was_written_in_parts() {
        let keys = keys(10_000);
        let table = table_of(&keys);
        let mut bytes = Vec::new();
        for from in (0..).step_by(777) {
            let part = table.encode(from, 777);
            if part.is_empty() {
                break;
            }
            bytes.extend(part);
        }
        assert_eq!(bytes.len() as u64, Table::encoded_bytes(10_000, table.buckets()));
        let decode = |bytes: &[u8]| {
            let mut rest = bytes;
            let take = |n| Ok(rest.split_off(..n).expect("as many as there are").to_vec());
            Table::decode(10_000, table.buckets(), take).expect("reads")
        };
        let again = decode(&bytes).expect("whole");
        assert_eq!((&again.offsets, &again.fingerprints), (&table.offsets, &table.fingerprints));
        bytes[0] = 1;
        assert!(decode(&bytes).is_none(), "offsets ascend");
    }

    #[test]
    fn keys_at_the_ends_of_the_key_space_have_buckets() {
        let table = table_of(&[0, u128::MAX]);
        assert_eq!(places(&table, 0), [0]);
        assert_eq!(places(&table, u128::MAX), [1]);
    }
}
