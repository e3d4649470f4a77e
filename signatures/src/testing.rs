//! Keys made from a seed, and what they sign: for tests.
