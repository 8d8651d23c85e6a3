//! Macie's findings: which objects hold what kind of sensitive data.
//!
//! An object without a finding is not known to be harmless: Macie may never have looked at it, and it reports nothing of
//! objects in which it found nothing.
//!
//! <https://docs.aws.amazon.com/macie/latest/APIReference/findings-describe.html>

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// What Macie found, by object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SensitiveObjects {
    /// By bucket and key.
    objects: BTreeMap<(String, String), Classified>,
    /// Policy findings (type and bucket): what Macie says of a bucket's settings.
    pub policies: Vec<(String, String)>,
    /// How many findings were samples, which count for nothing.
    pub samples: u64,
}

/// What Macie found in an object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Classified {
    /// `PERSONAL_INFORMATION`, ….
    pub categories: BTreeSet<String>,
    /// 1 low, 2 medium, 3 high.
    pub severity: u8,
}

impl Classified {
    /// `High`, `Medium` or `Low`.
    #[must_use]
    pub fn severity_name(severity: u8) -> &'static str {
        match severity {
            3.. => "High",
            2 => "Medium",
            _ => "Low",
        }
    }
}

/// Why a text holds no findings of Macie.
#[derive(Debug, thiserror::Error)]
pub enum MacieError {
    /// It is no JSON.
    #[error("it is no JSON: {0}")]
    NoJson(#[from] serde_json::Error),
    /// It is JSON of another kind.
    #[error("it holds no list `findings`, as Macie's `GetFindings` answers")]
    NoFindings,
}

impl SensitiveObjects {
    /// Reads an answer of `GetFindings` (`aws macie2 get-findings` prints the same).
    ///
    /// # Errors
    /// The text is no such answer.
    pub fn read(text: &[u8]) -> Result<Self, MacieError> {
        let mut objects = Self::default();
        objects.add(&serde_json::from_slice(text)?)?;
        Ok(objects)
    }

    /// Adds an answer of `GetFindings`.
    ///
    /// # Errors
    /// The value is no such answer.
    pub fn add(&mut self, answer: &Value) -> Result<(), MacieError> {
        let findings = answer.get("findings").and_then(Value::as_array).ok_or(MacieError::NoFindings)?;
        for finding in findings {
            self.add_one(finding);
        }
        Ok(())
    }

    fn add_one(&mut self, finding: &Value) {
        if finding.get("sample").and_then(Value::as_bool) == Some(true) {
            self.samples += 1;
            return;
        }
        let text = |pointer: &str| finding.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let bucket = text("/resourcesAffected/s3Bucket/name");
        if text("/category") == "POLICY" {
            self.policies.push((text("/type").to_owned(), bucket.to_owned()));
            return;
        }
        let path = text("/resourcesAffected/s3Object/path");
        let key = match text("/resourcesAffected/s3Object/key") {
            "" => path.strip_prefix(bucket).and_then(|rest| rest.strip_prefix('/')).unwrap_or_default(),
            key => key,
        };
        if bucket.is_empty() || key.is_empty() {
            return;
        }
        let result = finding.pointer("/classificationDetails/result");
        let list = |name: &str| {
            result.and_then(|result| result.get(name)).and_then(Value::as_array).into_iter().flatten()
        };
        let named =
            list("sensitiveData").filter_map(|data| data.get("category")?.as_str()).map(str::to_owned);
        let custom = result.and_then(|result| result.pointer("/customDataIdentifiers/totalCount"));
        let custom = custom.and_then(Value::as_u64).is_some_and(|count| count > 0);
        let object = self.objects.entry((bucket.to_owned(), key.to_owned())).or_default();
        object.categories.extend(named);
        object.categories.extend(custom.then(|| "CUSTOM_IDENTIFIER".to_owned()));
        let severity = match text("/severity/description") {
            "High" => 3,
            "Medium" => 2,
            _ => 1,
        };
        object.severity = object.severity.max(severity);
    }

    /// What was found in an object.
    #[must_use]
    pub fn of(&self, bucket: &str, key: &str) -> Option<&Classified> {
        self.objects.get(&(bucket.to_owned(), key.to_owned()))
    }

    /// How many objects something was found in.
    #[must_use]
    pub fn len(&self) -> usize {
        self.objects.len()
    }

    /// Whether nothing was found in any.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use serde_json::json;

    use super::*;

    #[test]
    fn categories_of_all_findings_of_an_object_are_joined() {
        let finding = |severity: &str, result: Value| {
            json!({"category": "CLASSIFICATION", "severity": {"description": severity},
                "resourcesAffected": {"s3Bucket": {"name": "b"}, "s3Object": {"path": "b/a/b.csv"}},
                "classificationDetails": {"result": result}})
        };
        let answer = json!({"findings": [
            finding("Low", json!({"sensitiveData": [{"category": "CREDENTIALS"}]})),
            finding("High", json!({"customDataIdentifiers": {"totalCount": 2}})),
            {"category": "POLICY", "type": "Policy:IAMUser/S3BucketReplicatedExternally",
                "resourcesAffected": {"s3Bucket": {"name": "b"}}},
            {"sample": true, "category": "CLASSIFICATION", "resourcesAffected": {"s3Bucket": {"name": "b"}, "s3Object": {"key": "x"}}},
        ]});
        let objects = SensitiveObjects::read(answer.to_string().as_bytes()).unwrap();
        let object = objects.of("b", "a/b.csv").unwrap();
        assert_eq!(
            object.categories.iter().map(String::as_str).collect::<Vec<_>>(),
            ["CREDENTIALS", "CUSTOM_IDENTIFIER"]
        );
        assert_eq!(Classified::severity_name(object.severity), "High");
        assert_eq!((objects.len(), objects.policies.len(), objects.samples), (1, 1, 1));
        assert_eq!(objects.of("b", "x"), None);
    }

    #[test]
    fn what_is_no_answer_of_macie_is_refused() {
        assert!(SensitiveObjects::read(b"[1]").unwrap_err().to_string().contains("GetFindings"));
        assert!(SensitiveObjects::read(b"{").is_err());
    }
}
