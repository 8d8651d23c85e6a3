//! One cell of the matrix: what becomes of one technique on one bucket, and the path that shows it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::outcome::{Answers, Outcome};
use crate::facts::Evidence;
use crate::semantics::event_selectors::BucketIdentity;
use crate::semantics::iam::any_bucket::ANY_BUCKET;
use crate::semantics::verdict::Tri;

/// The four questions of `aws-semantics.md` 0.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Question {
    /// Is it refused?
    Prevented,
    /// Is it logged?
    Logged,
    /// Does something notice?
    Detected,
    /// Is a person told?
    Alerted,
}

/// One link of the path.
#[derive(Debug, Clone, PartialEq)]
pub struct Link {
    /// The question that it answers.
    pub question: Question,
    /// Whether it holds.
    pub holds: Tri,
    /// What holds or breaks it, for a person.
    pub text: String,
    /// Whether it is sure, and not a matter of what GuardDuty judges to be unusual.
    pub deterministic: bool,
    /// The check that would make it good, were it to pass.
    pub mended_by: Option<&'static str>,
    /// What was read to find out.
    pub evidence: Vec<Evidence>,
}

/// What becomes of one chain of a technique.
#[derive(Debug, Clone, PartialEq)]
pub struct ChainAnswer {
    /// The chain's name.
    pub name: String,
    /// The four answers.
    pub answers: Answers,
    /// Each step with its links.
    pub steps: Vec<(String, Vec<Link>)>,
    /// What GuardDuty makes of it: for each finding type whether it is made, and whether a person hears of it.
    pub findings: Vec<Link>,
}

/// What becomes of one technique on one bucket.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Cell {
    /// The account that owns the bucket.
    pub account_id: String,
    /// The bucket.
    pub bucket: String,
    /// The bucket's region.
    pub region: String,
    /// The technique's id.
    pub technique: String,
    /// What is certain; the headline.
    pub outcome: Outcome,
    /// What is possible; better than the outcome only where something is not known.
    pub possible: Outcome,
    /// Every event of it is logged.
    pub logged: Tri,
    /// Something notices.
    pub detected: Tri,
    /// A person is told.
    pub alerted: Tri,
    /// It is refused.
    pub prevented: Tri,
    /// Whether what notices rests on GuardDuty's judgement of what is unusual alone.
    pub ml_dependent: bool,
    /// The way that was walked, link by link, up to what decides.
    pub path: Vec<String>,
    /// The checks that would make a broken link good, were they to pass.
    #[serde(default)]
    pub mended_by: Vec<String>,
    /// The first link of the path that breaks: what would have to hold for the next step of the ladder. None where the theft
    /// is prevented or a person is told.
    #[serde(default)]
    pub broken_link: Option<String>,
    /// What was read to find out, each reading once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<Evidence>,
    /// What it counts in the simulation score: the technique's weight, five times that for a sensitive bucket.
    #[serde(default)]
    pub weight: f64,
}

impl Cell {
    /// Joins the chains: the thief takes the one that serves him best.
    #[must_use]
    pub fn of(bucket: &BucketIdentity, technique: &str, chains: &[ChainAnswer]) -> Self {
        let of_chains: Vec<Answers> = chains.iter().map(|chain| chain.answers).collect();
        let answers = Answers::joined(&of_chains);
        let open: Vec<&ChainAnswer> = chains
            .iter()
            .filter(|chain| answers.prevented.is_yes() || !chain.answers.prevented.is_yes())
            .collect();
        // The chain to show is the one that gets furthest.
        let shown = open.iter().min_by_key(|chain| (chain.answers.certain(), chain.answers.possible()));
        let mut mended_by: Vec<String> = open
            .iter()
            .flat_map(|chain| chain.steps.iter().flat_map(|(_, links)| links).chain(&chain.findings))
            .filter(|link| !link.holds.is_yes())
            .filter_map(|link| link.mended_by.map(str::to_owned))
            .collect();
        mended_by.sort();
        mended_by.dedup();
        Self {
            account_id: bucket.account.clone(),
            bucket: bucket.name.clone(),
            region: bucket.region.clone(),
            technique: technique.to_owned(),
            outcome: answers.certain(),
            possible: answers.possible(),
            logged: answers.logged,
            detected: answers.detected,
            alerted: answers.alerted,
            prevented: answers.prevented,
            ml_dependent: matches!(answers.certain(), Outcome::Detected | Outcome::Alerted)
                && shown.is_some_and(|chain| ml_dependent(chain)),
            path: shown.map(|chain| path(chain, chains.len() > 1)).unwrap_or_default(),
            broken_link: shown.and_then(|chain| broken_link(chain)),
            evidence: shown.map(|chain| evidence(chain)).unwrap_or_default(),
            mended_by,
            weight: 1.0,
        }
    }
}

impl Cell {
    /// A cell of [`ANY_BUCKET`], told of a bucket of this name.
    pub(super) fn of_bucket(&self, name: &str) -> Self {
        let told = |text: &String| text.replace(ANY_BUCKET, name);
        Self {
            account_id: self.account_id.clone(),
            bucket: told(&self.bucket),
            region: self.region.clone(),
            technique: self.technique.clone(),
            path: self.path.iter().map(told).collect(),
            mended_by: self.mended_by.clone(),
            broken_link: self.broken_link.as_ref().map(told),
            evidence: self.evidence.iter().map(|evidence| evidence.of_bucket(name)).collect(),
            ..*self
        }
    }

    /// The order of the contract: account, bucket, technique.
    #[must_use]
    pub fn order(a: &Self, b: &Self) -> std::cmp::Ordering {
        (&a.account_id, &a.bucket, &a.technique).cmp(&(&b.account_id, &b.bucket, &b.technique))
    }
}

/// Readings that a cell shows at most.
const MAX_EVIDENCE: usize = 20;

/// What the shown chain rests on.
fn evidence(chain: &ChainAnswer) -> Vec<Evidence> {
    let refused = chain.answers.prevented.is_yes();
    let links = chain.steps.iter().flat_map(|(_, links)| links).chain(&chain.findings);
    let shown = links.filter(|link| !refused || link.question == Question::Prevented);
    let mut all: Vec<Evidence> = Vec::new();
    for item in shown.flat_map(|link| &link.evidence) {
        if all.len() == MAX_EVIDENCE {
            break;
        }
        if !all.contains(item) {
            all.push(item.clone());
        }
    }
    all
}

/// The first link that does not hold, on the ladder's next step.
fn broken_link(chain: &ChainAnswer) -> Option<String> {
    let answers = &chain.answers;
    if answers.prevented.is_yes() || answers.alerted.is_yes() {
        return None;
    }
    // A person may be told of what is detected by a finding and logged nowhere: the ladder's steps are not a chain.
    let question = match (answers.logged.is_yes(), answers.detected.is_yes()) {
        (_, true) => Question::Alerted,
        (true, false) => Question::Detected,
        (false, false) => Question::Logged,
    };
    let of_steps =
        chain.steps.iter().flat_map(|(step, links)| links.iter().map(move |link| (Some(step), link)));
    let of_findings = chain.findings.iter().map(|link| (None, link));
    let mut broken =
        of_steps.chain(of_findings).filter(|(_, link)| link.question == question && !link.holds.is_yes());
    let Some((step, link)) = broken.next() else {
        // Such records are in the thief's account alone.
        return Some("nothing of it is recorded in the account".to_owned());
    };
    Some(step.map_or_else(|| link.text.clone(), |step| format!("{step}: {}", link.text)))
}

/// Whether nothing but findings that GuardDuty makes by judgement notices the chain.
fn ml_dependent(chain: &ChainAnswer) -> bool {
    let sure = |links: &[Link]| {
        links
            .iter()
            .any(|link| link.question == Question::Detected && link.deterministic && link.holds.is_yes())
    };
    let noticed = chain.answers.detected.is_yes();
    noticed && !chain.steps.iter().any(|(_, links)| sure(links)) && !sure(&chain.findings)
}

fn path(chain: &ChainAnswer, several: bool) -> Vec<String> {
    let mut lines = Vec::new();
    if several {
        lines.push(format!("the thief's best way: {}", chain.name));
    }
    let refused = chain.answers.prevented.is_yes();
    for (step, links) in &chain.steps {
        for link in links {
            let word = match (link.question, link.holds) {
                (Question::Prevented, Tri::Yes) => "refused",
                (Question::Prevented, Tri::No) => "possible",
                (Question::Prevented, Tri::Unknown) => "perhaps refused",
                (Question::Logged, Tri::Yes) => "logged",
                (Question::Logged, Tri::No) => "not logged",
                (Question::Logged, Tri::Unknown) => "perhaps logged",
                (Question::Detected, Tri::Yes) => "noticed",
                (Question::Detected, Tri::Unknown) => "perhaps noticed",
                (Question::Alerted, Tri::Yes) => "told",
                (Question::Alerted, Tri::Unknown) => "perhaps told",
                (Question::Detected | Question::Alerted, Tri::No) => continue,
            };
            if refused && link.question != Question::Prevented {
                continue;
            }
            lines.push(format!("{step}: {word}: {}", link.text));
        }
    }
    if refused {
        return lines;
    }
    for pair in chain.findings.chunks(2) {
        if let [produced, routed] = pair {
            lines.push(produced.text.clone());
            if !produced.holds.is_no() {
                lines.push(routed.text.clone());
            }
        }
    }
    if chain.answers.detected.is_no() {
        lines.push("nothing notices it".to_owned());
    } else if chain.answers.alerted.is_no() {
        lines.push("nobody is told".to_owned());
    }
    lines
}
