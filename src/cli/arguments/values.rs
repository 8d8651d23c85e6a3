//! What a value on the command line must look like: found out before anything is asked of AWS.

/// An account id.
pub(super) fn account_id(text: &str) -> Result<String, String> {
    if text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit()) {
        Ok(text.to_owned())
    } else {
        Err("an account id is 12 digits, for example 111122223333".to_owned())
    }
}

/// An organizational unit or a root.
pub(super) fn organizational_unit(text: &str) -> Result<String, String> {
    let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if plain && (text.starts_with("ou-") || text.starts_with("r-")) {
        Ok(text.to_owned())
    } else {
        Err("an organizational unit looks like ou-ab12-cd34ef56, a root like r-ab12".to_owned())
    }
}

/// A region.
pub(super) fn region(text: &str) -> Result<String, String> {
    let plain = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if plain && text.split('-').count() >= 3 && text.ends_with(|c: char| c.is_ascii_digit()) {
        Ok(text.to_owned())
    } else {
        Err("a region looks like eu-west-1".to_owned())
    }
}

/// A role's name, with its path if it has one.
pub(super) fn role_name(text: &str) -> Result<String, String> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"+=,.@_-/".contains(&b);
    if !text.is_empty() && text.len() <= 512 && text.bytes().all(allowed) {
        Ok(text.trim_start_matches('/').to_owned())
    } else {
        Err("the role's name (with its path, if it has one), not its ARN, for example ExfilguardAudit"
            .to_owned())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;
    use crate::collect::environment::endpoint_url;

    #[test]
    fn account_ids_have_twelve_digits() {
        assert!(account_id("012345678901").is_ok());
        for bad in ["12345678901", "1234567890123", "12345678901a", ""] {
            assert!(account_id(bad).unwrap_err().contains("12 digits"), "{bad}");
        }
    }

    #[test]
    fn regions_and_urls_are_checked_before_anything_is_asked() {
        assert!(region("us-gov-west-1").is_ok());
        assert!(region("Frankfurt").is_err());
        assert!(endpoint_url("127.0.0.1:5000").is_err());
        assert_eq!(endpoint_url("http://127.0.0.1:5000/").unwrap(), "http://127.0.0.1:5000");
        assert!(role_name("arn:aws:iam::1:role/x").is_err());
    }
}
