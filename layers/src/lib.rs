//! Deterministic container layers.
