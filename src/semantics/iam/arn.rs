//! Amazon Resource Names: six parts, of which the last may hold further colons.

/// The parts of an ARN, borrowed from its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arn<'a> {
    /// `aws`, `aws-cn`, `aws-us-gov`, …
    pub partition: &'a str,
    /// For example `s3` or `iam`.
    pub service: &'a str,
    /// Empty for global resources.
    pub region: &'a str,
    /// The account id; empty for buckets and objects.
    pub account: &'a str,
    /// Everything behind the fifth colon.
    pub resource: &'a str,
}

impl<'a> Arn<'a> {
    /// The parts of the text, if it has the form of an ARN.
    #[must_use]
    pub fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.splitn(6, ':');
        if parts.next()? != "arn" {
            return None;
        }
        Some(Self {
            partition: parts.next()?,
            service: parts.next()?,
            region: parts.next()?,
            account: parts.next()?,
            resource: parts.next()?,
        })
    }

    /// The name of an IAM role, without its path (role names are unique within an account whatever their paths).
    #[must_use]
    pub fn role_name(&self) -> Option<&'a str> {
        if self.service != "iam" {
            return None;
        }
        self.resource.strip_prefix("role/")?.rsplit('/').next()
    }

    /// The role name and the session name of an assumed-role session.
    #[must_use]
    pub fn role_session(&self) -> Option<(&'a str, &'a str)> {
        if self.service != "sts" {
            return None;
        }
        self.resource.strip_prefix("assumed-role/")?.split_once('/')
    }

    /// The name of an IAM user, without its path.
    #[must_use]
    pub fn user_name(&self) -> Option<&'a str> {
        if self.service != "iam" {
            return None;
        }
        self.resource.strip_prefix("user/")?.rsplit('/').next()
    }

    /// Whether this is the ARN of an account's root user, which in a policy stands for the whole account.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.service == "iam" && self.resource == "root"
    }

    /// Whether this is an S3 access point (or an object seen through one).
    #[must_use]
    pub fn is_access_point(&self) -> bool {
        matches!(self.service, "s3" | "s3-object-lambda" | "s3-outposts")
            && self.resource.starts_with("accesspoint")
            && !self.account.is_empty()
    }
}

/// Whether the text is an account id: twelve digits.
#[must_use]
pub fn is_account_id(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        reason = "a test fails by panicking, and what it unwraps is what it asserts"
    )]
    use super::*;

    #[test]
    fn parts_are_told_apart() {
        let arn = Arn::parse("arn:aws:iam::111122223333:role/a/b/Name").unwrap();
        assert_eq!((arn.account, arn.role_name()), ("111122223333", Some("Name")));
        let arn = Arn::parse("arn:aws:sts::111122223333:assumed-role/Name/s:1").unwrap();
        assert_eq!(arn.role_session(), Some(("Name", "s:1")));
        assert!(Arn::parse("arn:aws:iam::111122223333:root").unwrap().is_root());
        let point = "arn:aws:s3:eu-west-1:111122223333:accesspoint/ap/object/k";
        assert!(Arn::parse(point).unwrap().is_access_point());
        assert!(!Arn::parse("arn:aws:s3:::accesspoint/k").unwrap().is_access_point());
        assert_eq!(Arn::parse("arn:aws:s3"), None);
        assert!(is_account_id("111122223333") && !is_account_id("11112222333x"));
    }
}
