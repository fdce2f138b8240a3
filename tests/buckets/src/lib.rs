//! Object stores for tests.
