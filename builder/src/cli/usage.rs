//! Arguments that do not go together: exit 2, as for those that the parser itself refuses.

use thiserror::Error;

/// What is wrong with the arguments.
#[derive(Debug, Error)]
#[error("{0}")]
pub(super) struct UsageError(pub(super) String);

/// Returns from the function with a [`UsageError`].
macro_rules! usage {
    ($($argument:tt)*) => {
        return Err($crate::cli::usage::UsageError(format!($($argument)*)).into())
    };
}
pub(super) use usage;
