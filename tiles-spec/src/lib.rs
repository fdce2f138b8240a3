//! tiles-spec.
