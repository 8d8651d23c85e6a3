//! The environment that decides how AWS is reached: looked at before anything is asked, so that a misspelt variable is
//! named instead of being skipped by the SDK, which then looks elsewhere.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::Path;

use aws_config::profile;
use aws_runtime::env_config::file::EnvConfigFiles;
use aws_types::os_shim_internal::{Env, Fs};

/// Proxies, as the HTTP client looks for them.
const PROXIES: [&str; 6] =
    ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];

/// Files of certificate authorities: that of AWS's own tools, and that of the system's.
const AUTHORITIES: [&str; 2] = ["AWS_CA_BUNDLE", "SSL_CERT_FILE"];

/// Files that the program itself may have open besides its connections.
const OTHER_FILES: u64 = 64;

/// A limit of open files from which on it limits nothing.
const ENOUGH_FILES: u64 = 2048;

/// A variable of the environment that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("`{variable}` {problem}")]
pub struct EnvironmentError {
    /// The variable.
    pub variable: String,
    /// What is wrong with it.
    pub problem: String,
}

/// What the environment says about the way to AWS.
#[derive(Debug, Default)]
pub struct Environment {
    /// The certificates to trust instead of the system's, in PEM.
    pub authorities: Option<Vec<u8>>,
    /// How many connections may be open at once, where the system allows few.
    pub connections: Option<usize>,
    /// What the person should know, one sentence each.
    pub notes: Vec<String>,
}

impl Environment {
    /// Looks at the environment; `endpoint_given` says whether the command line names the endpoint.
    ///
    /// # Errors
    /// The first variable that cannot be used.
    pub async fn read(endpoint_given: bool) -> Result<Self, EnvironmentError> {
        let mut environment = Self::default();
        endpoints(endpoint_given)?;
        for name in ["AWS_REGION", "AWS_DEFAULT_REGION"] {
            if let Some(region) = value(name) {
                check(name, is_region(&region), || format!("is `{region}`: a region looks like eu-west-1"))?;
            }
        }
        for name in PROXIES {
            if let Some(proxy) = value(name) {
                check(name, is_proxy(&proxy), || {
                    "is no address of a proxy: it looks like http://proxy.example.com:8080".to_owned()
                })?;
            }
        }
        for name in AUTHORITIES {
            if let Some(path) = value(name) {
                let certificates = authorities(name, &path)?;
                if name == "AWS_CA_BUNDLE" {
                    environment.authorities = Some(certificates);
                }
            }
        }
        keys()?;
        environment.notes.extend(profile().await?);
        environment.limit_of_files();
        Ok(environment)
    }

    /// Raises the limit of open files as far as the system lets it be, and says what is left to connections if that is
    /// little.
    fn limit_of_files(&mut self) {
        // Where there is no such limit, nothing is limited.
        let Ok(limit) = rlimit::increase_nofile_limit(u64::MAX) else { return };
        if limit >= ENOUGH_FILES {
            return;
        }
        // A connection may be waited for while an old one is not closed yet.
        let connections = limit.saturating_sub(OTHER_FILES) / 2;
        let connections = usize::try_from(connections).unwrap_or(usize::MAX).max(1);
        self.connections = Some(connections);
        self.notes.push(format!(
            "only {limit} files may be open at once (`ulimit -n`): at most {connections} calls are under way at once"
        ));
    }
}

/// The variables that are set and say how AWS is reached; for the hint when it is not.
#[must_use]
pub fn of_the_way() -> Vec<String> {
    let names =
        ["AWS_ENDPOINT_URL", "NO_PROXY", "no_proxy", "SSL_CERT_DIR", "AWS_REGION", "AWS_DEFAULT_REGION"];
    let all = PROXIES.into_iter().chain(AUTHORITIES).chain(names);
    all.filter(|name| value(name).is_some()).map(str::to_owned).collect()
}

/// A URL of an endpoint, without the slash at its end.
///
/// # Errors
/// It is none; the error says what one looks like.
pub fn endpoint_url(text: &str) -> Result<String, String> {
    let rest = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
    match rest {
        Some(rest) if is_host(rest.split('/').next().unwrap_or_default()) => {
            Ok(text.trim_end_matches('/').to_owned())
        }
        _ => Err("a URL with http:// or https://, for example http://127.0.0.1:5000".to_owned()),
    }
}

fn value(name: &str) -> Option<String> {
    std::env::var_os(name).map(lossy).filter(|value| !value.is_empty())
}

fn lossy(value: OsString) -> String {
    value.to_string_lossy().into_owned()
}

fn check(variable: &str, good: bool, problem: impl FnOnce() -> String) -> Result<(), EnvironmentError> {
    if good { Ok(()) } else { Err(EnvironmentError { variable: variable.to_owned(), problem: problem() }) }
}

/// `AWS_ENDPOINT_URL`, and those of single services.
fn endpoints(given: bool) -> Result<(), EnvironmentError> {
    let set: BTreeMap<String, String> = std::env::vars_os()
        .map(|(name, url)| (lossy(name), lossy(url)))
        .filter(|(name, _)| name.starts_with("AWS_ENDPOINT_URL_") || (name == "AWS_ENDPOINT_URL" && !given))
        .collect();
    for (name, url) in set {
        // The SDK takes an empty one for an endpoint, and breaks.
        check(&name, !url.is_empty(), || "is empty: unset it, or give it a URL".to_owned())?;
        if let Err(example) = endpoint_url(&url) {
            return check(&name, false, || format!("must be {example}"));
        }
    }
    Ok(())
}

fn is_region(text: &str) -> bool {
    text.contains('-') && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// An address with or without a scheme, a user and a port.
fn is_proxy(text: &str) -> bool {
    let (scheme, rest) = match text.split_once("://") {
        Some(parts) => parts,
        // A slash in an address without a scheme is a misspelt scheme.
        None if text.trim_end_matches('/').contains('/') => return false,
        None => ("http", text),
    };
    let host = rest.split('/').next().unwrap_or_default();
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    ["http", "https", "socks4", "socks4a", "socks5", "socks5h"].contains(&scheme) && is_host(host)
}

/// `host`, `host:port`, `[address]` or `[address]:port`.
fn is_host(text: &str) -> bool {
    let (host, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, "")) => (address, None),
        Some((address, port)) => (address, Some(port.strip_prefix(':').unwrap_or("no port"))),
        None => match text.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        },
    };
    let plain = |c: char| c.is_alphanumeric() || "-._:%".contains(c);
    !host.is_empty() && host.chars().all(plain) && port.is_none_or(|port| port.parse::<u16>().is_ok())
}

fn authorities(variable: &str, path: &str) -> Result<Vec<u8>, EnvironmentError> {
    const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";
    let certificates = fs::read(path).map_err(|error| EnvironmentError {
        variable: variable.to_owned(),
        problem: format!("names `{path}`, which cannot be read: {error}"),
    })?;
    let any = certificates.windows(BEGIN.len()).any(|window| window == BEGIN);
    check(variable, any, || format!("names `{path}`, which holds no certificate in PEM form"))?;
    Ok(certificates)
}

/// Half a pair of keys is skipped by the SDK, which then takes whatever credentials it finds elsewhere.
fn keys() -> Result<(), EnvironmentError> {
    let pair = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"].map(|name| (name, value(name).is_some()));
    match pair {
        [(set, true), (missing, false)] | [(missing, false), (set, true)] => {
            check(missing, false, || format!("is not set, but `{set}` is: set both or none"))
        }
        _ => Ok(()),
    }
}

/// Whether the profile that is asked for is there; and a note if it is not used.
async fn profile() -> Result<Option<String>, EnvironmentError> {
    const VARIABLE: &str = "AWS_PROFILE";
    let Some(name) = value(VARIABLE) else { return Ok(None) };
    if value("AWS_ACCESS_KEY_ID").is_some() {
        return Ok(Some(format!(
            "`AWS_ACCESS_KEY_ID` is set and goes before `{VARIABLE}`: the credentials of profile `{name}` are not used"
        )));
    }
    let files = ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"];
    for variable in files {
        if let Some(path) = value(variable) {
            check(variable, Path::new(&path).is_file(), || format!("names `{path}`, which is no file"))?;
        }
    }
    let loaded = profile::load(&Fs::real(), &Env::real(), &EnvConfigFiles::default(), None).await;
    let profiles = loaded.map_err(|error| EnvironmentError {
        variable: VARIABLE.to_owned(),
        problem: format!("is `{name}`, but the profiles cannot be read: {}", super::failure::chain(&error)),
    })?;
    let mut names: Vec<&str> = profiles.profiles().collect();
    names.sort_unstable();
    check(VARIABLE, profiles.get_profile(&name).is_some(), || {
        let there = match names.as_slice() {
            [] => "there are no profiles in ~/.aws/config and ~/.aws/credentials".to_owned(),
            names => format!("there are {}", names.join(", ")),
        };
        format!("is `{name}`, and there is no such profile: {there}")
    })?;
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_proxies_and_endpoints_are_told_from_others() {
        for good in
            ["http://proxy:8080", "proxy.example.com", "http://u:p@10.0.0.1:3128/", "socks5://[::1]:1080"]
        {
            assert!(is_proxy(good), "{good}");
        }
        for bad in ["http//proxy", "ftp://proxy", "http://", "http://a b", "proxy:port", "http://[::1"] {
            assert!(!is_proxy(bad), "{bad}");
        }
        assert_eq!(endpoint_url("http://127.0.0.1:5000/").as_deref(), Ok("http://127.0.0.1:5000"));
        for bad in ["127.0.0.1:5000", "http://", "http://a b", "https://host:99999", "htp://host"] {
            assert!(endpoint_url(bad).is_err(), "{bad}");
        }
        assert!(is_region("us-gov-west-1") && !is_region("Frankfurt") && !is_region("eu-west-1 "));
    }
}
