//! Lists that are stored on pages of their own.

use std::ops::Range;

use fasti_lookup_spec::{
    BuiltPart, Found, KeySlice, LookupError, Probe, build_part, read_postings,
};

use crate::brute_force::{Lists, Random, START, Slice, check, key, leaf, postings, range, slot};

#[test]
fn lists_are_as_long_as_they_are_on_both_sides_of_every_limit() {
    let mut random = Random(6);
    let slice = Slice { bits: 0, index: 0 };
    // Gaps of one byte: 1024 still fit in the directory; a page of a list holds 4072.
    let one_byte = [1023, 1024, 1025, 4071, 4072, 4073, 8144, 8145];
    let lists: Lists = one_byte
        .iter()
        .map(|count| (key(random.next(), 0), (0..*count).map(|n| leaf(START + n)).collect()))
        .collect();
    check(slice, 10_000, &lists, 8, &mut random);
    // Gaps of two bytes.
    let lists: Lists = [511, 512, 513, 2036, 2037, 2038]
        .iter()
        .map(|count| (key(random.next(), 0), (0..*count).map(|n| leaf(START + n * 200)).collect()))
        .collect();
    check(slice, 500_000, &lists, 6, &mut random);
}

#[test]
fn a_list_can_be_read_from_its_newest_page_on() {
    let all: Vec<_> = (0..20_000).map(|n| leaf(START + 3 * n)).collect();
    let asked = key(7, 7);
    let lists = Lists::from([(key(3, 3), all.clone()), (asked, all.clone())]);
    let BuiltPart { part, bytes } =
        build_part(range(60_000), KeySlice::new(0, 0).unwrap(), &postings(&lists));
    let run = Slice { bits: 0, index: 0 }.run(range(60_000), &part);
    let mut probe = Probe::new(asked, &run);
    let found = probe.take(slot(&bytes, part.slot(probe.wants()))).unwrap();
    let Some(Found::Paged(list)) = found else { panic!("{found:?}") };
    assert_eq!(list.pages.len(), 5);
    let read = |which: Range<u32>, at: Range<u32>| {
        read_postings(&asked, &run, &list, which, slot(&bytes, part.slots(at)))
    };
    let mut end = list.pages.end;
    let mut newest = Vec::new();
    while end > list.pages.start {
        let mut page = read(end - 1..end, end - 1..end).unwrap();
        page.append(&mut newest);
        newest = page;
        assert!(all.ends_with(&newest));
        end -= 1;
    }
    assert_eq!(newest, all);
    // The other key's pages, pages in another order, and pages that are not the list's.
    let Range { start, end } = list.pages;
    let others = start - 5..start;
    assert!(matches!(read(start..end, others.clone()), Err(LookupError::Root { .. })));
    assert!(matches!(read(others.clone(), others), Err(LookupError::Length { .. })));
    assert!(matches!(read(start + 1..start + 2, start..start + 1), Err(LookupError::Root { .. })));
    assert!(matches!(read(start..end + 1, start..end), Err(LookupError::Length { .. })));
}
