//! One CloudTrail record in the form that AWS writes.
//!
//! <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html>
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/cloudtrail-logging-understanding-s3-entries.html>

use jiff::Timestamp;
use rand::Rng as _;
use rand_chacha::ChaCha8Rng;
use serde_json::{Map, Value, json};

/// Who asked.
#[derive(Debug, Clone)]
pub enum Identity {
    /// A session of a role.
    Role(Session),
    /// A user of IAM with a long-term key.
    User {
        /// The account.
        account: &'static str,
        /// The user's name.
        name: &'static str,
        /// `AIDA…`.
        id: String,
        /// `AKIA…`.
        key: String,
    },
    /// A service of AWS for itself.
    Service(&'static str),
    /// A principal of another account, as the owner of what was asked for sees it.
    Account {
        /// The principal's account.
        account: &'static str,
        /// `AROA…:name` or `AIDA…`.
        principal_id: String,
    },
    /// Nobody that AWS knows.
    Anonymous,
    /// A workload outside AWS with a token of an identity provider.
    Web {
        /// The provider.
        provider: &'static str,
        /// The token's subject.
        user: &'static str,
    },
}

/// A session of a role.
#[derive(Debug, Clone)]
pub struct Session {
    /// The role's account.
    pub account: &'static str,
    /// The role's name, with its path.
    pub role: &'static str,
    /// `AROA…`.
    pub role_id: String,
    /// The session's name.
    pub name: String,
    /// `ASIA…`.
    pub key: String,
    /// When it began.
    pub created: Timestamp,
    /// The service that uses it for the account.
    pub invoked_by: Option<&'static str>,
    /// Whether the credentials came from an instance's metadata.
    pub from_instance: bool,
}

impl Session {
    /// `arn:aws:iam::…:role/…`.
    pub fn issuer(&self) -> String {
        format!("arn:aws:iam::{}:role/{}", self.account, self.role)
    }

    /// `arn:aws:sts::…:assumed-role/…/…`.
    pub fn arn(&self) -> String {
        let role = self.role.rsplit('/').next().unwrap_or_default();
        format!("arn:aws:sts::{}:assumed-role/{role}/{}", self.account, self.name)
    }
}

impl Identity {
    fn json(&self) -> Value {
        match self {
            Self::Role(session) => {
                let mut identity = json!({
                    "type": "AssumedRole",
                    "principalId": format!("{}:{}", session.role_id, session.name),
                    "arn": session.arn(),
                    "accountId": session.account,
                    "accessKeyId": session.key,
                    "sessionContext": {
                        "sessionIssuer": {
                            "type": "Role", "principalId": session.role_id, "arn": session.issuer(),
                            "accountId": session.account,
                            "userName": session.role.rsplit('/').next().unwrap_or_default(),
                        },
                        "attributes": {"creationDate": seconds(session.created), "mfaAuthenticated": "false"},
                    },
                });
                if session.from_instance {
                    identity["sessionContext"]["ec2RoleDelivery"] = "2.0".into();
                }
                if let Some(service) = session.invoked_by {
                    identity["invokedBy"] = service.into();
                }
                identity
            }
            Self::User { account, name, id, key } => json!({
                "type": "IAMUser", "principalId": id, "arn": format!("arn:aws:iam::{account}:user/{name}"),
                "accountId": account, "accessKeyId": key, "userName": name,
            }),
            Self::Service(name) => json!({"type": "AWSService", "invokedBy": name}),
            Self::Account { account, principal_id } => {
                json!({"type": "AWSAccount", "principalId": principal_id, "accountId": account})
            }
            Self::Anonymous => json!({"type": "AWSAccount", "principalId": "", "accountId": "anonymous"}),
            Self::Web { provider, user } => json!({
                "type": "WebIdentityUser", "principalId": format!("{provider}:{user}"), "userName": user,
                "identityProvider": provider,
            }),
        }
    }
}

/// Where the request came from.
#[derive(Debug, Clone)]
pub struct From {
    /// An address, or a service's name.
    pub address: String,
    /// What the client calls itself.
    pub agent: &'static str,
    /// The VPC endpoint with the account that owns it.
    pub endpoint: Option<(&'static str, &'static str)>,
}

/// What is asked of a bucket or an object.
#[derive(Debug, Clone, Default)]
pub struct Data {
    /// Bytes of the body of the request.
    pub bytes_in: u64,
    /// Bytes of the body of the answer.
    pub bytes_out: u64,
    /// Whether the signature is in the URL.
    pub presigned: bool,
}

/// One event.
#[derive(Debug, Clone)]
pub struct Event {
    /// When.
    pub time: Timestamp,
    /// The account whose trail records it.
    pub recipient: &'static str,
    /// Where.
    pub region: &'static str,
    /// `s3.amazonaws.com`, ….
    pub source: &'static str,
    /// `GetObject`, ….
    pub name: &'static str,
    /// Whether it only reads.
    pub read_only: bool,
    /// Who.
    pub identity: Identity,
    /// Where from.
    pub from: From,
    /// What was asked.
    pub parameters: Value,
    /// What was answered, where CloudTrail tells.
    pub response: Value,
    /// Code and message.
    pub error: Option<(&'static str, &'static str)>,
    /// What an event on data has besides; none for a management event.
    pub data: Option<Data>,
    /// The owner of the bucket that the parameters name.
    pub bucket_owner: Option<&'static str>,
    /// The id that the records of caller and owner share.
    pub shared: Option<String>,
}

/// RFC 3339 to the second, as CloudTrail writes times.
pub fn seconds(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

impl Event {
    /// The record; `random` gives the ids of request and event.
    pub fn record(&self, random: &mut ChaCha8Rng) -> Value {
        let mut record = Map::new();
        let mut put = |name: &str, value: Value| record.insert(name.to_owned(), value);
        put("eventVersion", "1.11".into());
        put("userIdentity", self.identity.json());
        put("eventTime", seconds(self.time).into());
        put("eventSource", self.source.into());
        put("eventName", self.name.into());
        put("awsRegion", self.region.into());
        put("sourceIPAddress", self.from.address.clone().into());
        put("userAgent", self.from.agent.into());
        if let Some((code, message)) = self.error {
            put("errorCode", code.into());
            put("errorMessage", message.into());
        }
        put("requestParameters", self.parameters.clone());
        put("responseElements", self.response.clone());
        if let Some(additional) = self.additional(random) {
            put("additionalEventData", additional);
        }
        put("requestID", request_id(random, self.source).into());
        put("eventID", uuid(random).into());
        put("readOnly", self.read_only.into());
        if let Some(resources) = self.resources() {
            put("resources", resources);
        }
        put("eventType", "AwsApiCall".into());
        put("managementEvent", self.data.is_none().into());
        put("recipientAccountId", self.recipient.into());
        if let Some(shared) = &self.shared {
            put("sharedEventID", shared.clone().into());
        }
        if let Some((id, owner)) = self.from.endpoint {
            put("vpcEndpointId", id.into());
            put("vpcEndpointAccountId", owner.into());
        }
        put("eventCategory", if self.data.is_some() { "Data" } else { "Management" }.into());
        // A service that calls for an account does so without TLS to the outside.
        if self.from.address.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
            put(
                "tlsDetails",
                json!({
                    "tlsVersion": "TLSv1.3", "cipherSuite": "TLS_AES_128_GCM_SHA256",
                    "clientProvidedHostHeader": self.host(),
                }),
            );
        }
        Value::Object(record)
    }

    fn host(&self) -> String {
        match self.parameters.get("Host").and_then(Value::as_str) {
            Some(host) => host.to_owned(),
            None => {
                format!("{}.{}.amazonaws.com", self.source.trim_end_matches(".amazonaws.com"), self.region)
            }
        }
    }

    fn additional(&self, random: &mut ChaCha8Rng) -> Option<Value> {
        let presigned = self.data.as_ref().is_some_and(|data| data.presigned);
        if self.source != "s3.amazonaws.com" {
            return None;
        }
        let (bytes_in, bytes_out) = self.data.as_ref().map_or((0, 0), |d| (d.bytes_in, d.bytes_out));
        let mut additional = json!({
            "SignatureVersion": "SigV4", "CipherSuite": "TLS_AES_128_GCM_SHA256",
            // CloudTrail writes numbers of bytes as floats.
            "bytesTransferredIn": float(bytes_in),
            "AuthenticationMethod": if presigned { "QueryString" } else { "AuthHeader" },
            "x-amz-id-2": token(random, 24),
            "bytesTransferredOut": float(bytes_out),
        });
        if matches!(self.identity, Identity::Anonymous) {
            let fields = additional.as_object_mut()?;
            fields.remove("SignatureVersion");
            fields.remove("AuthenticationMethod");
        }
        Some(additional)
    }

    fn resources(&self) -> Option<Value> {
        let bucket = self.parameters.get("bucketName")?.as_str()?;
        let arn = format!("arn:aws:s3:::{bucket}");
        let mut entry = json!({"type": "AWS::S3::Bucket", "ARN": arn});
        if let Some(owner) = self.bucket_owner {
            entry["accountId"] = owner.into();
        }
        let key = self.parameters.get("key").and_then(Value::as_str);
        Some(match (key, self.name) {
            (Some(key), _) => json!([{"type": "AWS::S3::Object", "ARN": format!("{arn}/{key}")}, entry]),
            (None, "ListObjects" | "DeleteObjects") => {
                json!([{"type": "AWS::S3::Object", "ARNPrefix": format!("{arn}/")}, entry])
            }
            _ => json!([entry]),
        })
    }
}

/// A whole number of bytes as CloudTrail writes it: `2143.0`.
fn float(bytes: u64) -> Value {
    let exact = u32::try_from(bytes).map_or_else(|_| bytes as f64, f64::from);
    json!(exact)
}

/// Letters and digits.
pub fn token(random: &mut ChaCha8Rng, length: usize) -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    (0..length).map(|_| char::from(ALPHABET[random.random_range(0..ALPHABET.len())])).collect()
}

/// A key or principal id that is recognizably an example and that differs from others at its end, where masked keys are shown:
/// `ASIA0EXAMPLE0…`. AWS's own ids are of base 32, which has no `0`: this one can be nobody's, and no scanner takes it for one.
pub fn example_id(random: &mut ChaCha8Rng, prefix: &str) -> String {
    format!("{prefix}0EXAMPLE0{}", token(random, 7))
}

/// A version 4 UUID.
pub fn uuid(random: &mut ChaCha8Rng) -> String {
    let bits: u128 = (u128::from(random.random::<u64>()) << 64) | u128::from(random.random::<u64>());
    let bits = bits & !(0xf000 << 64) & !(0xc000 << 48) | (0x4000 << 64) | (0x8000 << 48);
    let hex = format!("{bits:032x}");
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

fn request_id(random: &mut ChaCha8Rng, source: &str) -> String {
    if source == "s3.amazonaws.com" { token(random, 16) } else { uuid(random) }
}
