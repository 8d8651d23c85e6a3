//! The `Principal` and `NotPrincipal` elements.

use std::collections::BTreeSet;

use crate::semantics::verdict::Tri;

use super::arn::{Arn, is_account_id};
use super::context::ContextValue;
use super::json::Json;
use super::request::{Principal, Request};
use super::template::Keys;

/// The principals that an element lists.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PrincipalList {
    /// `"*"` or `{"AWS": "*"}`: everyone, whether signed in or not.
    pub everyone: bool,
    /// Whole accounts, by id (written as the id or as the root user's ARN).
    pub accounts: BTreeSet<String>,
    /// Users, roles and sessions by ARN.
    pub arns: BTreeSet<String>,
    /// AWS services, such as `cloudtrail.amazonaws.com`.
    pub services: BTreeSet<String>,
    /// Identity providers.
    pub federated: BTreeSet<String>,
    /// S3 canonical user ids.
    pub canonical_users: BTreeSet<String>,
    /// Ids that AWS shows in place of a principal that was deleted (`AIDA…`, `AROA…`): they match nobody.
    pub deleted: BTreeSet<String>,
}

/// How a list of principals takes a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PrincipalMatch {
    /// Whether the request's principal is in the list.
    pub listed: Tri,
    /// Whether it is listed as itself (or as everyone), not only as a member of its account. Only then does a
    /// resource policy allow a principal of the same account without an identity policy.
    pub directly: Tri,
}

impl PrincipalMatch {
    const NO: Self = Self { listed: Tri::No, directly: Tri::No };

    fn direct(value: Tri) -> Self {
        Self { listed: value, directly: value }
    }

    fn delegated(value: Tri) -> Self {
        Self { listed: value, directly: Tri::No }
    }

    fn or(self, other: Self) -> Self {
        Self { listed: self.listed.or(other.listed), directly: self.directly.or(other.directly) }
    }
}

impl PrincipalList {
    /// Reads the value of a `Principal` or `NotPrincipal` element.
    ///
    /// # Errors
    /// A clause that says what is not allowed there.
    pub fn from_json(json: &Json) -> Result<Self, String> {
        const FORMS: &str = "must be \"*\" or an object with AWS, Service, Federated or CanonicalUser";
        let mut list = Self::default();
        if let Some(text) = json.as_str() {
            if text != "*" {
                return Err(format!("is `{text}`, but {FORMS}"));
            }
            list.everyone = true;
            return Ok(list);
        }
        let members = json.members().ok_or_else(|| format!("is {}, but {FORMS}", json.kind()))?;
        if members.is_empty() {
            return Err(format!("is empty, but {FORMS}"));
        }
        for (kind, values) in members {
            let values = values.one_or_many();
            if values.is_empty() {
                return Err(format!("lists nobody under {kind}"));
            }
            for value in values {
                let text = value
                    .scalar()
                    .ok_or_else(|| format!("has {} under {kind} instead of a string", value.kind()))?;
                match kind.as_str() {
                    "AWS" => list.add_aws(text),
                    "Service" => _ = list.services.insert(text),
                    "Federated" => _ = list.federated.insert(text),
                    "CanonicalUser" => _ = list.canonical_users.insert(text),
                    _ => return Err(format!("has `{kind}`, but {FORMS}")),
                }
            }
        }
        Ok(list)
    }

    fn add_aws(&mut self, text: String) {
        if text == "*" {
            self.everyone = true;
        } else if is_account_id(&text) {
            self.accounts.insert(text);
        } else if let Some(arn) = Arn::parse(&text) {
            if arn.is_root() {
                self.accounts.insert(arn.account.to_owned());
            } else {
                self.arns.insert(text);
            }
        } else {
            self.deleted.insert(text);
        }
    }

    /// Whether the list has the request's principal.
    pub fn matches(&self, request: &Request, keys: &impl Keys) -> PrincipalMatch {
        if self.everyone {
            return PrincipalMatch::direct(Tri::Yes);
        }
        match &request.principal {
            Principal::Anonymous => PrincipalMatch::NO,
            Principal::Service(service) => PrincipalMatch::direct(Tri::from(self.services.contains(service))),
            Principal::Arn(text) => self.matches_arn(text, request, keys),
            Principal::Account(account) => {
                let of_account = self
                    .arns
                    .iter()
                    .any(|listed| Arn::parse(listed).is_some_and(|arn| arn.account == account));
                let by_arn = if of_account { Tri::Unknown } else { Tri::No };
                PrincipalMatch::delegated(Tri::from(self.accounts.contains(account)))
                    .or(PrincipalMatch::direct(by_arn))
                    .or(self.matches_canonical_user(request))
                    .or(self.matches_federated(keys))
            }
            Principal::CanonicalUser(_) => {
                let by_account =
                    if self.accounts.is_empty() && self.arns.is_empty() { Tri::No } else { Tri::Unknown };
                PrincipalMatch::delegated(by_account).or(self.matches_canonical_user(request))
            }
        }
    }

    fn matches_arn(&self, text: &str, request: &Request, keys: &impl Keys) -> PrincipalMatch {
        let Some(arn) = Arn::parse(text) else {
            return PrincipalMatch::NO;
        };
        let mut directly = Tri::from(self.arns.contains(text));
        if let Some((role, _)) = arn.role_session() {
            directly = directly.or(Tri::from(self.arns.iter().any(|listed| {
                Arn::parse(listed).is_some_and(|listed| {
                    listed.role_name() == Some(role)
                        && listed.account == arn.account
                        && listed.partition == arn.partition
                })
            })));
        } else if let Some(role) = arn.role_name() {
            // The request comes from some session of the role, perhaps from the listed one.
            let session_listed = self.arns.iter().any(|listed| {
                Arn::parse(listed).is_some_and(|listed| {
                    listed.account == arn.account
                        && listed.role_session().is_some_and(|(name, _)| name == role)
                })
            });
            if session_listed {
                directly = directly.or(Tri::Unknown);
            }
        }
        PrincipalMatch::direct(directly)
            .or(PrincipalMatch::delegated(Tri::from(self.accounts.contains(arn.account))))
            .or(self.matches_canonical_user(request))
            .or(self.matches_federated(keys))
    }

    fn matches_canonical_user(&self, request: &Request) -> PrincipalMatch {
        let known = match &request.principal {
            Principal::CanonicalUser(id) => Some(id),
            _ => request.canonical_user.as_ref(),
        };
        PrincipalMatch::delegated(match known {
            Some(id) => Tri::from(self.canonical_users.contains(id)),
            None if self.canonical_users.is_empty() => Tri::No,
            None => Tri::Unknown,
        })
    }

    fn matches_federated(&self, keys: &impl Keys) -> PrincipalMatch {
        if self.federated.is_empty() {
            return PrincipalMatch::NO;
        }
        PrincipalMatch::direct(match keys.key("aws:federatedprovider") {
            ContextValue::Absent => Tri::No,
            ContextValue::Unknown => Tri::Unknown,
            ContextValue::Known(values) => {
                Tri::from(values.iter().any(|provider| self.federated.contains(provider)))
            }
        })
    }

    /// Whether a `NotPrincipal` element with this list leaves the request's principal out.
    ///
    /// AWS asks to list a user together with its account, and a session together with its role and its account (IAM
    /// user guide, *NotPrincipal*). A session whose role alone is listed is not left out (trap P7). With the
    /// principal itself listed but not the rest, AWS says only that it "might" still be hit: unknown.
    pub fn excludes(&self, request: &Request, keys: &impl Keys) -> Tri {
        if self.everyone {
            return Tri::Yes;
        }
        let Principal::Arn(text) = &request.principal else {
            return match &request.principal {
                Principal::Anonymous => Tri::No,
                Principal::Service(service) => Tri::from(self.services.contains(service)),
                // Some principal of an account: listing the account does not leave all of its principals out.
                _ => match self.matches(request, keys).listed {
                    Tri::No => Tri::No,
                    _ => Tri::Unknown,
                },
            };
        };
        let Some(arn) = Arn::parse(text) else {
            return Tri::No;
        };
        if arn.is_root() {
            return Tri::from(self.accounts.contains(arn.account))
                .or(self.matches_canonical_user(request).listed);
        }
        let account_listed = self.accounts.contains(arn.account);
        let whole_chain = match arn.role_session() {
            Some((role, _)) => {
                account_listed
                    && self.arns.iter().any(|listed| {
                        Arn::parse(listed).is_some_and(|listed| {
                            listed.role_name() == Some(role) && listed.account == arn.account
                        })
                    })
            }
            None => account_listed,
        };
        let mut excluded = match (self.arns.contains(text), whole_chain) {
            (true, true) => Tri::Yes,
            (true, false) => Tri::Unknown,
            (false, _) => Tri::No,
        };
        if arn.role_name().is_some() {
            // The principal is a role, so the request comes from one of its sessions: which one is not known.
            excluded = match self.matches_arn(text, request, keys).directly {
                Tri::No => Tri::No,
                _ => Tri::Unknown,
            };
        }
        excluded.or(match self.matches_federated(keys).listed {
            Tri::No => Tri::No,
            _ => Tri::Unknown,
        })
    }

    /// Whether no one but single accounts, principals and services is listed, each without a wildcard.
    #[must_use]
    pub fn is_fixed(&self) -> bool {
        !self.everyone
            && self.federated.is_empty()
            && [&self.accounts, &self.arns, &self.services, &self.canonical_users, &self.deleted]
                .into_iter()
                .flatten()
                .all(|text| !text.contains(['*', '?', '$']))
    }
}
