//! Where the bytes come from: one module per kind of source, every byte checked while it streams.

pub mod apache;
pub mod debian;
pub mod download;
pub mod http;
pub mod java;
pub mod maven;
