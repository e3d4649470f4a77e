//! Blocks compressed on several threads and handed back in the order they came.
//!
//! Blocks go to the threads in turn and are collected in turn, each thread having a channel in and a
//! channel out. Order therefore needs no sorting, and since a fixed number of blocks is under way,
//! memory is bounded. Blocks cost about the same, so taking turns loses little.

use std::{
    io,
    num::NonZeroUsize,
    sync::mpsc::{Receiver, Sender, channel},
    thread::{Builder, Scope},
};

use super::block::Block;

/// One block being compressed and one waiting, so that no thread starves while another is collected.
const BLOCKS_PER_THREAD: usize = 2;

/// The threads of a scope; dropping the pool lets them end.
pub(super) struct Pool {
    level: u8,
    /// Empty with one thread: then the calling thread compresses.
    lanes: Vec<Lane>,
    submitted: usize,
    collected: usize,
}

/// One thread.
struct Lane {
    jobs: Sender<Block>,
    results: Receiver<io::Result<Block>>,
}

impl Pool {
    pub(super) fn start<'scope>(
        scope: &'scope Scope<'scope, '_>,
        threads: NonZeroUsize,
        level: u8,
    ) -> io::Result<Self> {
        let count = if threads.get() == 1 { 0 } else { threads.get() };
        let lanes = (0..count)
            .map(|_| Lane::start(scope, level))
            .collect::<io::Result<_>>()?;
        Ok(Self {
            level,
            lanes,
            submitted: 0,
            collected: 0,
        })
    }

    /// Takes a block to compress; gives back the oldest one under way, compressed, when there are
    /// as many as there may be.
    pub(super) fn submit(&mut self, mut block: Block) -> io::Result<Option<Block>> {
        if self.lanes.is_empty() {
            block.compress(self.level)?;
            return Ok(Some(block));
        }
        let under_way = self.submitted - self.collected;
        let oldest = match under_way == self.lanes.len() * BLOCKS_PER_THREAD {
            true => self.collect()?,
            false => None,
        };
        let lane = &self.lanes[self.submitted % self.lanes.len()];
        lane.jobs.send(block).map_err(|_| thread_ended())?;
        self.submitted += 1;
        Ok(oldest)
    }

    /// Waits for the oldest block under way; `None` if there is none.
    pub(super) fn collect(&mut self) -> io::Result<Option<Block>> {
        if self.collected == self.submitted {
            return Ok(None);
        }
        let lane = &self.lanes[self.collected % self.lanes.len()];
        let block = lane.results.recv().map_err(|_| thread_ended())??;
        self.collected += 1;
        Ok(Some(block))
    }
}

impl Lane {
    fn start<'scope>(scope: &'scope Scope<'scope, '_>, level: u8) -> io::Result<Self> {
        let (jobs, waiting) = channel::<Block>();
        let (done, results) = channel();
        Builder::new()
            .name("gzip".to_owned())
            .spawn_scoped(scope, move || {
                for mut block in waiting {
                    let result = block.compress(level).map(|()| block);
                    if done.send(result).is_err() {
                        break;
                    }
                }
            })?;
        Ok(Self { jobs, results })
    }
}

fn thread_ended() -> io::Error {
    io::Error::other("a compressing thread ended early")
}
