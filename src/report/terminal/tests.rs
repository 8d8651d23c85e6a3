#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
use super::*;
use crate::score::assessment::examples::organization;
#[test]
fn show() {
    eprintln!(
        "{}",
        render(
            &organization(),
            Look {
                width: 100,
                color: false
            }
        )
    );
    eprintln!(
        "{}",
        render(
            &organization(),
            Look {
                width: 80,
                color: true
            }
        )
    );
}
