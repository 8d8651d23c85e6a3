//! The forms of the AWS identifiers that a policy file names. Each function gives the value or the mistake as a
//! message; they check the form only, not whether the thing exists.

use ipnet::IpNet;

use super::reader::shortened;

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_lower_alphanumeric(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

/// An account id: twelve digits.
pub(super) fn account_id(text: &str) -> Result<String, String> {
    if is_digits(text) && text.len() == 12 {
        return Ok(text.to_owned());
    }
    let text = shortened(text);
    Err(format!("`{text}` is no account id: it must be twelve digits in quotes"))
}

/// An organization id: `o-` and 10 to 32 lowercase letters or digits.
///
/// <https://docs.aws.amazon.com/organizations/latest/APIReference/API_Organization.html>
pub(super) fn organization_id(text: &str) -> Result<String, String> {
    let valid =
        text.strip_prefix("o-").is_some_and(|id| (10..=32).contains(&id.len()) && is_lower_alphanumeric(id));
    if valid {
        return Ok(text.to_owned());
    }
    let text = shortened(text);
    Err(format!("`{text}` is no organization id: it must be `o-` and 10 to 32 lowercase letters or digits"))
}

/// An organizational unit's id: `ou-`, the root's 4 to 32 characters, `-` and 8 to 32 of its own; or a root's id.
///
/// <https://docs.aws.amazon.com/organizations/latest/APIReference/API_OrganizationalUnit.html>
pub(super) fn organizational_unit_id(text: &str) -> Result<String, String> {
    let part = |id: &str, least: usize| (least..=32).contains(&id.len()) && is_lower_alphanumeric(id);
    let unit = text
        .strip_prefix("ou-")
        .and_then(|rest| rest.split_once('-'))
        .is_some_and(|(root, own)| part(root, 4) && part(own, 8));
    let root = text.strip_prefix("r-").is_some_and(|id| part(id, 4));
    if unit || root {
        return Ok(text.to_owned());
    }
    let text = shortened(text);
    Err(format!(
        "`{text}` is no organizational unit: its id looks like `ou-ab12-cd34ef56`, a root's like `r-ab12`"
    ))
}

/// A VPC endpoint id: `vpce-` and hexadecimal digits.
pub(super) fn vpc_endpoint_id(text: &str) -> Result<String, String> {
    let valid = text
        .strip_prefix("vpce-")
        .is_some_and(|id| (8..=17).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_hexdigit()));
    if valid {
        return Ok(text.to_owned());
    }
    let text = shortened(text);
    Err(format!("`{text}` is no VPC endpoint id: it must be `vpce-` and 8 to 17 hexadecimal digits"))
}

/// A region, such as `eu-central-1`.
pub(super) fn region(text: &str) -> Result<String, String> {
    let parts: Vec<&str> = text.split('-').collect();
    let valid = match parts.as_slice() {
        [partition, words @ .., number] => {
            !words.is_empty()
                && partition.len() >= 2
                && words
                    .iter()
                    .chain([partition])
                    .all(|word| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase()))
                && is_digits(number)
                && number.len() <= 2
        }
        _ => false,
    };
    if valid && text.len() <= 32 {
        return Ok(text.to_owned());
    }
    let text = shortened(text);
    Err(format!("`{text}` is no region, such as `eu-central-1`"))
}

/// A role's name, with its path if it has one.
///
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html>
pub(super) fn role_name(text: &str) -> Result<String, String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-/".contains(c);
    let name = text.rsplit('/').next().unwrap_or_default();
    if (1..=64).contains(&name.len()) && text.len() <= 576 && text.chars().all(allowed) {
        return Ok(text.to_owned());
    }
    let text = shortened(text);
    Err(format!("`{text}` is no role name: give the name (with its path, if it has one), not the ARN"))
}

/// An external id for `sts:AssumeRole`. It is a secret: the message does not repeat it.
///
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>
pub(super) fn external_id(text: &str) -> Result<String, String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_+=,.@:/-".contains(c);
    if (2..=1224).contains(&text.len()) && text.chars().all(allowed) {
        return Ok(text.to_owned());
    }
    Err("the external id must be 2 to 1224 letters, digits or characters of `_+=,.@:/-`".to_owned())
}

/// A network in CIDR form; a single address is a network of one.
pub(super) fn network(text: &str) -> Result<IpNet, String> {
    let parsed =
        text.parse::<IpNet>().or_else(|_| text.parse().map(|address: std::net::IpAddr| address.into()));
    let Ok(network) = parsed else {
        let text = shortened(text);
        return Err(format!("`{text}` is no network: write `203.0.113.0/24` or `2001:db8::/32`"));
    };
    if network.trunc() != network {
        return Err(format!(
            "`{network}` is an address within a network; did you mean `{}`?",
            network.trunc()
        ));
    }
    if network.prefix_len() == 0 {
        return Err(format!("`{network}` is every address: that trusts everybody"));
    }
    Ok(network)
}
