//! Counted things, in plain English: "1 entry", "2 entries".

/// `count` of something, with the word for one of it or that for any other number.
pub fn counted(count: impl Into<u64>, one: &str, many: &str) -> String {
    match count.into() {
        1 => format!("1 {one}"),
        count => format!("{count} {many}"),
    }
}

/// `count` entries.
pub fn entries(count: impl Into<u64>) -> String {
    counted(count, "entry", "entries")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_singular() {
        let said = [0u64, 1, 2].map(entries);
        assert_eq!(said, ["0 entries", "1 entry", "2 entries"]);
    }
}
