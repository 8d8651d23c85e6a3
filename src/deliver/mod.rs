//! Sends reports to services that take them. Nothing here is done unless the user asked for it, and nothing here decides.

pub mod security_hub;
