//! The clock of the record: that of the kernel, which containers share.

use nix::time::{ClockId, clock_gettime};

use super::history::Moment;

/// Now.
pub fn now() -> anyhow::Result<Moment> {
    let time = clock_gettime(ClockId::CLOCK_MONOTONIC)?;
    let nanoseconds = time.tv_sec() * 1_000_000_000 + time.tv_nsec();
    Ok(Moment(u64::try_from(nanoseconds)?))
}
