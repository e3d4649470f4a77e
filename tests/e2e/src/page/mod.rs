//! Pages of documentation that are scripts with prose between the commands.
//!
//! A page is read ([`Page`]), its names are exchanged for ones that nothing else on this machine has
//! ([`Names`]), and what is left is typed into one bash ([`Stage`]). What a page shows of the output is
//! compared with the output ([`shown`]).

mod names;
mod read;
pub mod shown;
mod stage;

pub use names::Names;
pub use read::{Page, Skipped, Step};
pub use stage::Stage;
