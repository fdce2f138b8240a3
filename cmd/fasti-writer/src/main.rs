//! Placeholder until the library stands.
fn main() {}
