//! The services, one file each: from the record of an account to the answer of an operation.

pub mod cloudtrail;
pub mod cloudwatch;
pub mod ec2;
pub mod events;
pub mod guardduty;
pub mod kms;
pub mod lambda;
pub mod logs;
pub mod macie2;
pub mod organizations;
pub mod s3;
pub mod s3control;
pub mod sns;
pub mod sqs;
pub mod sts;

use jiff::Timestamp;

use crate::operations::Call;

/// A page of a list, and the token of the next. Tokens are places in the list, which AWS does not promise and nobody may
/// rely on.
fn page<'a, T>(items: &'a [T], token: &str, size: usize) -> (&'a [T], Option<String>) {
    let start = token.parse().unwrap_or(0).min(items.len());
    let end = start.saturating_add(size).min(items.len());
    let next = (end < items.len()).then(|| end.to_string());
    (items.get(start..end).unwrap_or_default(), next)
}

/// The size of a page that the caller wants, at most AWS's own.
fn page_size(call: &Call<'_>, name: &str, most: usize) -> usize {
    call.parameter(name).parse().unwrap_or(most).clamp(1, most)
}

/// A time of a snapshot (RFC 3339) in seconds since 1970.
fn seconds(time: Option<&str>) -> Option<f64> {
    let time: Timestamp = time?.parse().ok()?;
    // As near as a double comes to it, which is how it was read.
    Some(time.as_second() as f64 + f64::from(time.subsec_nanosecond()) / 1e9)
}

/// When whatever has no date of its own was made.
const CREATED_AT: &str = "2026-01-15T03:12:44.000Z";
/// The same in seconds since 1970.
const CREATED_AT_SECONDS: f64 = 1_768_446_764.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_follow_each_other_to_the_end() {
        let items: Vec<u32> = (0..5).collect();
        let (first, next) = page(&items, "", 2);
        assert_eq!((first, next.as_deref()), (&items[..2], Some("2")));
        let (last, next) = page(&items, "4", 2);
        assert_eq!((last, next), (&items[4..], None));
        assert_eq!(page(&items, "9", 2).0, &[0_u32; 0]);
    }

    #[test]
    fn both_spellings_of_when_things_were_made_agree() {
        assert_eq!(seconds(Some(CREATED_AT)), Some(CREATED_AT_SECONDS));
        assert_eq!(seconds(Some("2026-11-23T15:43:10.5Z")), Some(1_795_448_590.5));
        assert_eq!(seconds(None), None);
    }
}
