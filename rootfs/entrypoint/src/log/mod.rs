//! The log of the container as JSON, one object a line (`ZOO_LOG_FORMAT=json`).
//!
//! PID 1 reads what the server writes, takes each line apart by the pattern of our `log4j.properties` and
//! `logback.xml`, and puts the lines of a stack trace to the record they belong to. No text is ever lost: a
//! line of any other form is a record with nothing but a message.

mod json;
mod record;
mod transcriber;

pub use json::Object;
pub use transcriber::Transcriber;
