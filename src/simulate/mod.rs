//! What would happen if somebody took a bucket's data tonight: techniques as data, walked through the configuration that was
//! read (`aws-semantics.md` 0 and 8).

mod cell;
mod gains;
mod mending;
#[cfg(test)]
mod monotonicity;
mod outcome;
mod prevention;
mod record;
mod simulation;
mod technique;
mod walk;

pub use cell::{Cell, ChainAnswer, Link, Question};
pub use gains::{Gain, Gains};
pub use outcome::{Answers, Outcome};
pub use prevention::Defences;
pub use record::{is_read_only_management, on_bus, record};
pub use simulation::{Simulated, Simulation};
pub use technique::{
    After, Attempt, Caller, Chain, Class, Event, Network, Occurs, On, Signed, Step, Technique,
    TechniqueError, Techniques, Whose,
};
pub use walk::{Assumptions, HAUL, Walk};
