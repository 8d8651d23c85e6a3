//! What a query costs: Athena bills the bytes that it reads.

use std::fmt;
use std::str::FromStr;

/// The price of a terabyte in US dollars that is assumed where none is given: what AWS publishes for most regions, among
/// them us-east-1 and eu-west-1 (<https://aws.amazon.com/athena/pricing/>, read in November 2026). It is not asked of AWS.
pub const ASSUMED_PER_TERABYTE: f64 = 5.0;

/// Athena bills no query for less than 10 MB, and whole megabytes.
const LEAST_BILLED: u64 = 10_000_000;
const MEGABYTE: u64 = 1_000_000;
const TERABYTE: f64 = 1e12;

/// The price of a terabyte that is read, in US dollars.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PricePerTerabyte(f64);

impl Default for PricePerTerabyte {
    fn default() -> Self {
        Self(ASSUMED_PER_TERABYTE)
    }
}

impl FromStr for PricePerTerabyte {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let price = text.parse::<f64>().ok().filter(|price| price.is_finite() && *price >= 0.0);
        price.map(Self).ok_or_else(|| format!("`{text}` is no price in US dollars, such as 5 or 6.75"))
    }
}

impl fmt::Display for PricePerTerabyte {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2} USD per TB", self.0)
    }
}

impl PricePerTerabyte {
    /// What reading so many bytes in one query costs, as a person reads it.
    #[must_use]
    pub fn of(self, bytes: u64) -> String {
        let billed = bytes.max(LEAST_BILLED).div_ceil(MEGABYTE).saturating_mul(MEGABYTE);
        #[expect(
            clippy::cast_precision_loss,
            reason = "an amount of money for a person, of bytes below 2^53"
        )]
        let dollars = billed as f64 / TERABYTE * self.0;
        if dollars > 0.0 && dollars < 0.01 {
            "less than 0.01 USD".to_owned()
        } else {
            format!("{dollars:.2} USD")
        }
    }
}

/// A number of bytes as a person reads it.
#[must_use]
pub fn readable(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["B", "kB", "MB", "GB", "TB"];
    #[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
    let mut amount = bytes as f64;
    let mut unit = 0;
    while amount >= 1000.0 && unit + 1 < UNITS.len() {
        amount /= 1000.0;
        unit += 1;
    }
    let name = UNITS.get(unit).copied().unwrap_or_default();
    if unit == 0 { format!("{bytes} {name}") } else { format!("{amount:.1} {name}") }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn whole_megabytes_are_billed_and_at_least_ten() {
        let price: PricePerTerabyte = "1000".parse().unwrap();
        assert_eq!(price.of(0), "0.01 USD", "10 MB");
        assert_eq!(price.of(20_000_001), "0.02 USD");
        assert_eq!(price.of(1_000_000_000_000), "1000.00 USD");
        assert_eq!(PricePerTerabyte::default().of(1), "less than 0.01 USD");
        assert_eq!(PricePerTerabyte::default().to_string(), "5.00 USD per TB");
    }

    #[test]
    fn a_price_is_a_number_that_is_not_negative() {
        for bad in ["", "-1", "NaN", "inf", "5 USD"] {
            assert!(bad.parse::<PricePerTerabyte>().is_err(), "{bad}");
        }
    }

    #[test]
    fn bytes_are_shown_by_thousands() {
        assert_eq!(readable(999), "999 B");
        assert_eq!(readable(12_340_000), "12.3 MB");
        assert_eq!(readable(5_000_000_000_000_000), "5000.0 TB");
    }
}
