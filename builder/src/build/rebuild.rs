//! An image made again from its inputs alone, so that it proves something.

use std::path::Path;

use crate::image::{Assembler, Written, write_image};
use crate::plan::{Plan, Source};
use crate::store::Store;

use super::Builder;

impl Builder {
    /// Makes an image anew and puts it into `output`. Nothing that an earlier build has made is taken,
    /// no layer and no Java runtime, and the cache's records of these stay as they are: the work is
    /// done in a store of its own, which has the verified inputs and goes afterwards.
    pub(crate) fn rebuild(
        &self,
        plan: &Plan<'_>,
        source: Source,
        output: &Path,
    ) -> anyhow::Result<Written> {
        let inputs = self.fetch_intact(&[plan], &[source], &[self.host])?;
        let scratch = self.store.work().subdirectory()?;
        let store = Store::open(scratch.path())?;
        for input in &inputs {
            store.adopt(&self.store, &input.expected.digest)?;
        }
        let assembler = Assembler {
            store: &store,
            ..self.assembler()
        };
        self.progress.line(&format!("rebuilding {}", plan.tag()));
        write_image(plan, source, &assembler, output)
    }
}
