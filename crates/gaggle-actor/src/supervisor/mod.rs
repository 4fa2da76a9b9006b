//! Supervisors: what is started, stopped and restarted when.
//!
//! | file | what it holds |
//! |---|---|
//! | `state.rs` | what a supervisor knows, what can happen to it, what it does |
//! | `decide.rs` | [`step`]: the decisions, a function without time or processes |
//! | `budget.rs` | how many restarts are too many, and how long one is put off |
//! | `requests.rs` | the decisions about what is asked for by hand |
//! | `driver.rs` | the process that does what is decided |
//! | `builder.rs` | [`Supervisor`]: describing and starting one |
//! | `child.rs` | [`Child`]: how a child is started, stopped and restarted |
//! | `control.rs` | [`Control`], [`Running`]: talking to one that runs |
//! | `dynamic.rs` | [`Dynamic`]: children that come and go |
//! | `error.rs` | what can go wrong |
//!
//! A strategy of one's own is a driver of one's own around [`step`], or beside it: the decisions are public.

mod budget;
mod builder;
mod child;
mod control;
mod decide;
mod driver;
mod dynamic;
mod error;
mod requests;
mod state;

pub use builder::Supervisor;
pub use child::{ActorChild, Child, Shutdown};
pub use control::{Control, Info, Running};
pub use decide::step;
pub use dynamic::Dynamic;
pub use error::{AddError, StartError};
pub use state::{
    Action, AutoShutdown, Backoff, ChildState, Counts, Event, Extras, Key, Outcome, Refusal,
    Request, Restart, Rules, Spec, State, Strategy,
};
