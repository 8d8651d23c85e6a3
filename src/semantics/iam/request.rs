//! A request: who asks for which action on which resource, under which circumstances.

use serde_json::{Map, Value, json};

use super::arn::{Arn, is_account_id};
use super::context::{Context, ContextValue};
use super::json::Json;

/// The longest action, resource or principal that is read, in bytes; an object's ARN has at most about 1,100.
const MAX_NAME_BYTES: usize = 8 * 1024;

/// Who sends a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principal {
    /// An IAM user, role, role session, federated user or root user, by its ARN. A role's ARN stands for any of its
    /// sessions.
    Arn(String),
    /// Some principal of this account, of which no more is known.
    Account(String),
    /// An AWS service that acts for itself, for example `cloudtrail.amazonaws.com`.
    Service(String),
    /// Nobody: the request is not signed.
    Anonymous,
    /// Some principal of the account with this S3 canonical user id, of which no more is known.
    CanonicalUser(String),
}

impl Principal {
    /// The account that the principal belongs to, where it is known.
    #[must_use]
    pub fn account(&self) -> Option<&str> {
        match self {
            Self::Arn(arn) => Arn::parse(arn).map(|arn| arn.account).filter(|account| is_account_id(account)),
            Self::Account(account) => Some(account),
            Self::Service(_) | Self::Anonymous | Self::CanonicalUser(_) => None,
        }
    }

    fn from_json(json: &Json) -> Result<(Self, Option<String>), String> {
        const FORMS: &str = "`principal` must be \"anonymous\" or an object with one of `arn`, `account`, `service` \
                             and `canonical_user`";
        if json.as_str() == Some("anonymous") {
            return Ok((Self::Anonymous, None));
        }
        let text = |name: &str| json.get(name).and_then(Json::scalar);
        let canonical_user = text("canonical_user");
        let principal = match (text("arn"), text("account"), text("service")) {
            (Some(arn), _, None) if Arn::parse(&arn).is_some_and(|a| is_account_id(a.account)) => {
                Self::Arn(arn)
            }
            (Some(arn), _, None) => {
                return Err(format!("`{arn}` is not the ARN of an IAM or STS principal"));
            }
            (None, Some(account), None) if is_account_id(&account) => Self::Account(account),
            (None, Some(account), None) => {
                return Err(format!("`{account}` is not an account id of twelve digits"));
            }
            (None, None, Some(service)) => Self::Service(service),
            (None, None, None) => match &canonical_user {
                Some(id) => Self::CanonicalUser(id.clone()),
                None => return Err(FORMS.to_owned()),
            },
            _ => return Err(FORMS.to_owned()),
        };
        Ok((principal, canonical_user))
    }
}

/// A request that policies are asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// For example `s3:GetObject`; upper and lower case are the same.
    pub action: String,
    /// The ARN of the bucket, object, or (if [`Request::access_point_resource`] is not set) whatever the request names.
    pub resource: String,
    /// For a request through an access point: the ARN of the access point, or of the object as seen through it.
    pub access_point_resource: Option<String>,
    /// The account that owns the resource.
    pub resource_account: Option<String>,
    /// Who asks.
    pub principal: Principal,
    /// The S3 canonical user id of the principal's account, where it is known.
    pub canonical_user: Option<String>,
    /// The condition keys. Those that follow from the rest of the request need not be given, see
    /// [`Request::derived_context`].
    pub context: Context,
}

impl Request {
    /// A request without context, to a resource of an unknown owner.
    #[must_use]
    pub fn new(action: &str, resource: &str, principal: Principal) -> Self {
        Self {
            action: action.to_owned(),
            resource: resource.to_owned(),
            access_point_resource: None,
            resource_account: None,
            principal,
            canonical_user: None,
            context: Context::new(),
        }
    }

    /// Reads the `request` of `exfilguard eval policy`.
    ///
    /// # Errors
    /// A clause that says which part is missing or malformed.
    pub fn from_json(json: &Json) -> Result<Self, String> {
        let members =
            json.members().ok_or_else(|| format!("`request` must be an object, not {}", json.kind()))?;
        if let Some(key) = json.repeated_key() {
            return Err(format!("`request` has `{key}` more than once"));
        }
        for (key, _) in members {
            if !REQUEST_FIELDS.contains(&key.as_str()) {
                return Err(format!(
                    "`request` has no field `{key}`; its fields are {}",
                    REQUEST_FIELDS.join(", ")
                ));
            }
        }
        let (principal, canonical_user) =
            Principal::from_json(json.get("principal").ok_or("`request` has no `principal`")?)?;
        let context = match json.get("context") {
            None | Some(Json::Null) => Context::new(),
            Some(context) => Context::from_json(context)?,
        };
        let resource_account = optional_text(json, "resource_account")?;
        if let Some(account) = &resource_account
            && !is_account_id(account)
        {
            return Err(format!("`resource_account` is `{account}`, not an account id of twelve digits"));
        }
        Ok(Self {
            action: optional_text(json, "action")?.ok_or("`request` has no `action`")?,
            resource: optional_text(json, "resource")?.ok_or("`request` has no `resource`")?,
            access_point_resource: optional_text(json, "access_point_resource")?,
            resource_account,
            principal,
            canonical_user,
            context,
        })
    }

    /// The owner of the resource: as given, else by the context key `aws:ResourceAccount`.
    #[must_use]
    pub fn resource_owner(&self) -> Option<&str> {
        self.resource_account
            .as_deref()
            .or_else(|| self.context.given("aws:resourceaccount").and_then(ContextValue::single))
    }

    /// The request as [`Request::from_json`] reads it.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut object = Map::new();
        object.insert("action".to_owned(), json!(self.action));
        object.insert("resource".to_owned(), json!(self.resource));
        if let Some(resource) = &self.access_point_resource {
            object.insert("access_point_resource".to_owned(), json!(resource));
        }
        if let Some(account) = &self.resource_account {
            object.insert("resource_account".to_owned(), json!(account));
        }
        object.insert("principal".to_owned(), self.principal_to_json());
        let mut context = self.context.to_json();
        let derived = self.derived_context();
        for (key, value) in self.context.iter() {
            // A key that would follow from the rest of the request, but is not there.
            if *value == ContextValue::Absent
                && derived.given(&key.to_ascii_lowercase()).is_some()
                && let Value::Object(members) = &mut context
            {
                members.insert(key.to_owned(), Value::Null);
            }
        }
        object.insert("context".to_owned(), context);
        Value::Object(object)
    }

    fn principal_to_json(&self) -> Value {
        let (key, value) = match &self.principal {
            Principal::Anonymous => return json!("anonymous"),
            Principal::Arn(arn) => ("arn", arn),
            Principal::Account(account) => ("account", account),
            Principal::Service(service) => ("service", service),
            Principal::CanonicalUser(id) => ("canonical_user", id),
        };
        let mut object = Map::new();
        object.insert(key.to_owned(), json!(value));
        if let Some(id) = &self.canonical_user {
            object.insert("canonical_user".to_owned(), json!(id));
        }
        Value::Object(object)
    }

    /// The condition keys that follow from principal and resource (IAM user guide, *AWS global condition context
    /// keys* and *Principal key values*). A key that the context gives, even as absent, is not overruled by these.
    ///
    /// | principal | keys |
    /// |---|---|
    /// | user | `aws:PrincipalArn`, `aws:PrincipalAccount`, `aws:PrincipalType`, `aws:username` |
    /// | root user | as above without `aws:username`; `aws:userid` is the account id |
    /// | role, role session | `aws:PrincipalArn` is the role's ARN (from a session's ARN without the role's path, which the session does not show), `aws:PrincipalAccount`, `aws:PrincipalType` |
    /// | account only | `aws:PrincipalAccount`; `aws:PrincipalArn`, `aws:PrincipalType`, `aws:username`, `aws:userid` unknown |
    /// | canonical user only | `aws:PrincipalAccount` and the four above unknown |
    /// | service | `aws:PrincipalServiceName`; `aws:PrincipalServiceNamesList`, `aws:PrincipalType` unknown |
    /// | anonymous | `aws:PrincipalType`, `aws:userid` and `aws:PrincipalAccount` are `Anonymous` or `anonymous` |
    ///
    /// A request through an access point has `s3:DataAccessPointArn` and `s3:DataAccessPointAccount`, and its
    /// `s3:AccessPointNetworkOrigin` is unknown. All but anonymous requests have `aws:PrincipalIsAWSService`. `aws:ResourceAccount` and `s3:ResourceAccount`
    /// are the resource's account, where that is given. Nothing else is invented: above all `aws:PrincipalOrgID`,
    /// `aws:ResourceOrgID`, `aws:userid` of users and roles, `aws:SourceIp`, `aws:SecureTransport` and the time are
    /// absent unless given.
    #[must_use]
    pub fn derived_context(&self) -> Context {
        let mut context = Context::new();
        match &self.principal {
            Principal::Arn(arn) => derive_from_arn(arn, &mut context),
            Principal::Account(account) => {
                context.set("aws:PrincipalAccount", ContextValue::one(account));
                for key in PERSONAL_KEYS {
                    context.set(key, ContextValue::Unknown);
                }
            }
            Principal::CanonicalUser(_) => {
                context.set("aws:PrincipalAccount", ContextValue::Unknown);
                for key in PERSONAL_KEYS {
                    context.set(key, ContextValue::Unknown);
                }
            }
            Principal::Service(service) => {
                context.set("aws:PrincipalServiceName", ContextValue::one(service));
                context.set("aws:PrincipalServiceNamesList", ContextValue::Unknown);
                context.set("aws:PrincipalType", ContextValue::Unknown);
            }
            Principal::Anonymous => {
                context.set("aws:PrincipalType", ContextValue::one("Anonymous"));
                context.set("aws:PrincipalAccount", ContextValue::one("anonymous"));
                context.set("aws:userid", ContextValue::one("anonymous"));
            }
        }
        if self.principal != Principal::Anonymous {
            let service = matches!(self.principal, Principal::Service(_));
            context.set("aws:PrincipalIsAWSService", ContextValue::one(service.to_string()));
        }
        if let Some(account) = self.resource_account.as_deref() {
            context.set("aws:ResourceAccount", ContextValue::one(account));
            context.set("s3:ResourceAccount", ContextValue::one(account));
        }
        let through = self.access_point_resource.as_deref().unwrap_or(&self.resource);
        derive_from_access_point(through, &mut context);
        context
    }
}

/// The keys that tell one principal of an account from another.
const PERSONAL_KEYS: [&str; 4] = ["aws:PrincipalArn", "aws:PrincipalType", "aws:username", "aws:userid"];

const REQUEST_FIELDS: [&str; 6] =
    ["action", "resource", "access_point_resource", "resource_account", "principal", "context"];

fn optional_text(json: &Json, field: &str) -> Result<Option<String>, String> {
    match json.get(field) {
        None | Some(Json::Null) => Ok(None),
        Some(value) => {
            let text =
                value.scalar().ok_or_else(|| format!("`{field}` must be a string, not {}", value.kind()))?;
            if text.len() > MAX_NAME_BYTES {
                return Err(format!("`{field}` is longer than {MAX_NAME_BYTES} bytes"));
            }
            Ok(Some(text))
        }
    }
}

fn derive_from_access_point(resource: &str, context: &mut Context) {
    let Some(arn) = Arn::parse(resource).filter(Arn::is_access_point) else {
        return;
    };
    let point = match resource.split_once("/object/") {
        Some((point, _)) => point,
        None => resource,
    };
    context.set("s3:DataAccessPointArn", ContextValue::one(point));
    context.set("s3:DataAccessPointAccount", ContextValue::one(arn.account));
    context.set("s3:AccessPointNetworkOrigin", ContextValue::Unknown);
}

fn derive_from_arn(text: &str, context: &mut Context) {
    let Some(arn) = Arn::parse(text) else {
        return;
    };
    context.set("aws:PrincipalAccount", ContextValue::one(arn.account));
    let (principal_arn, kind) = if let Some((role, _)) = arn.role_session() {
        (format!("arn:{}:iam::{}:role/{role}", arn.partition, arn.account), "AssumedRole")
    } else if arn.role_name().is_some() {
        (text.to_owned(), "AssumedRole")
    } else if arn.is_root() {
        context.set("aws:userid", ContextValue::one(arn.account));
        (text.to_owned(), "Account")
    } else if let Some(user) = arn.user_name() {
        context.set("aws:username", ContextValue::one(user));
        (text.to_owned(), "User")
    } else {
        (text.to_owned(), "FederatedUser")
    };
    context.set("aws:PrincipalArn", ContextValue::one(principal_arn));
    context.set("aws:PrincipalType", ContextValue::one(kind));
}
