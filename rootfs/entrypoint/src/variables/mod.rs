//! The variables that users set: one [`table`], and everything made from it.
//!
//! [`kinds`] say what a value may be, [`environment`] finds what was set (aliases, `NAME_FILE`, quotes),
//! [`settings`] are further lines of `zoo.cfg`, [`values`] hold the validated result, [`reference`] is the documentation page.
//! A new variable is a new row of the table, and code only where its effect is more than a line of `zoo.cfg`.

pub mod environment;
pub mod ids;
pub mod kinds;
pub mod reference;
pub mod secret;
pub mod settings;
pub mod table;
pub mod unknown;
pub mod values;

pub use environment::{Environment, Given, Problem};
pub use kinds::{Kind, RootLogger, ServerNumber, Value};
pub use secret::Secret;
pub use settings::Setting;
pub use table::{Effect, Group, TABLE, Variable};
pub use values::{Broken, Reading, Values};
