//! Pieces of SQL that hunts share (`queries/fragments.yaml`): the window with its partition predicates, who acted, how many
//! bytes were sent. They stand in one place, so that no hunt can get them wrong on its own (`aws-semantics.md` 1.2).

use std::collections::BTreeMap;

use serde::Deserialize;

use super::hunt::HuntError;

/// A piece of text that `{{name}}` in a hunt stands for.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fragment {
    /// What it says.
    pub meaning: String,
    /// In Athena's SQL; none if it belongs to texts of Logs Insights only.
    #[serde(default)]
    pub athena: Option<String>,
    /// In the SQL for log files at hand, where it differs.
    #[serde(default)]
    local: Option<String>,
    /// In CloudWatch Logs Insights; none if it cannot be said there.
    #[serde(default)]
    pub logs_insights: Option<String>,
}

impl Fragment {
    /// The text for log files at hand.
    #[must_use]
    pub fn local(&self) -> Option<&str> {
        self.local.as_deref().or(self.athena.as_deref())
    }
}

/// All fragments by name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Fragments(BTreeMap<String, Fragment>);

impl Fragments {
    /// Reads them from the text of their file.
    ///
    /// # Errors
    /// The text is not of the form.
    pub fn parse(file: &str, text: &str) -> Result<Self, HuntError> {
        serde_saphyr::from_str(text)
            .map_err(|error| HuntError { file: file.to_owned(), problem: error.to_string() })
    }

    /// In the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Fragment)> {
        self.0.iter().map(|(name, fragment)| (name.as_str(), fragment))
    }

    /// Puts for each `{{name}}` what `choose` takes of the fragment. Fragments do not stand in fragments.
    pub(super) fn expand<'f>(
        &'f self,
        text: &str,
        choose: impl Fn(&'f Fragment) -> Option<&'f str>,
    ) -> Result<String, String> {
        let mut expanded = String::with_capacity(text.len() * 2);
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{{") {
            let (name, behind) =
                after.split_once("}}").ok_or_else(|| format!("`{{{{{after}` has no end `}}}}`"))?;
            let fragment =
                self.0.get(name.trim()).ok_or_else(|| format!("there is no fragment `{}`", name.trim()))?;
            let chosen = choose(fragment)
                .ok_or_else(|| format!("the fragment `{}` has no text for this back end", name.trim()))?;
            expanded.push_str(before);
            expanded.push_str(chosen.trim_end());
            rest = behind;
        }
        expanded.push_str(rest);
        Ok(expanded)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn fragments() -> Fragments {
        Fragments::parse(
            "fragments.yaml",
            "owner: {meaning: whose, athena: 'a(x)', local: 'l(x)'}\nsame: {meaning: same, athena: 's', logs_insights: i}\n",
        )
        .unwrap()
    }

    #[test]
    fn each_back_end_gets_its_own_text() {
        let all = fragments();
        let text = "SELECT {{owner}}, {{ same }} FROM t";
        assert_eq!(all.expand(text, |f| f.athena.as_deref()).unwrap(), "SELECT a(x), s FROM t");
        assert_eq!(all.expand(text, Fragment::local).unwrap(), "SELECT l(x), s FROM t");
        let why = all.expand(text, |f| f.logs_insights.as_deref()).unwrap_err();
        assert_eq!(why, "the fragment `owner` has no text for this back end");
    }

    #[test]
    fn what_is_not_there_is_named() {
        let all = fragments();
        let why = all.expand("{{nobody}}", Fragment::local).unwrap_err();
        assert_eq!(why, "there is no fragment `nobody`");
        assert!(all.expand("{{open", Fragment::local).unwrap_err().contains("no end"));
    }

    #[test]
    fn unknown_keys_are_refused() {
        let why = Fragments::parse("fragments.yaml", "a: {meaning: m, athena: x, sqlite: y}\n").unwrap_err();
        assert!(why.to_string().contains("sqlite"), "{why}");
    }
}
