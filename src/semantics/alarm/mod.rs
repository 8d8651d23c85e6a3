//! From a log line to an alarm: what a metric filter publishes, whether an alarm watches it, which burst of events surely
//! raises the alarm, and what the alarm then does (`aws-semantics.md` 5.3 to 5.7).

mod action;
mod binding;
mod burst;
mod composite;
mod criteria;
mod emission;
mod expression;

pub use action::{Action, action, can_act};
pub use binding::{Binding, Series, Statistic, binding};
pub use burst::{Burst, burst, burst_within, sustained};
pub use composite::{AlarmRule, InvalidRule};
pub use criteria::SystemFields;
pub use emission::{Emission, emission, emission_at, publishes_of};
