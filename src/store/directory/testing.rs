//! A door to the reader of segments, for its fuzz target.

use std::ops::Range;

use super::segment::Segment;
use crate::RecordNumber;

/// The records that a store finds in a segment file, each with its place in the file. The error
/// says what is wrong with the file.
pub fn records_of_segment(file: &[u8]) -> Result<Vec<(RecordNumber, Range<usize>)>, String> {
    let segment = Segment::parse(file)?;
    let numbers = segment.numbers_from(RecordNumber::FIRST);
    let places = numbers.filter_map(|number| {
        let extent = segment.extent(number)?;
        let start = usize::try_from(extent.offset).expect("it is in memory");
        Some((number, start..start + extent.length))
    });
    Ok(places.collect())
}
