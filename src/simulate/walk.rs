//! The walk of `aws-semantics.md` section 0: each record of a technique goes through the account's configuration as it was
//! read, each request through its policies. What is shared by an account's buckets is compiled once.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::cell::{Cell, ChainAnswer, Link, Question};
use super::gains::Gains;
use super::outcome::Answers;
use super::prevention::Defences;
use super::record::{NAME_THE_BUCKET_ON_BUS, is_read_only_management, on_bus, record};
use super::technique::{Attempt, Chain, Class, Event, Network, Occurs, Step, Technique, Whose};
use crate::facts::alerting::record::RecordAlarms;
use crate::facts::bucket_class::BucketClass;
use crate::facts::routing::DefaultBus;
use crate::facts::{Evidence, Prepared, detection};
use crate::semantics::event_selectors::BucketIdentity;
use crate::semantics::guardduty;
use crate::semantics::iam::any_bucket::of_bucket;
use crate::semantics::synthetic::NAME_THE_BUCKET;
use crate::semantics::verdict::{Tri, Verdict};

/// What is taken for mended.
#[derive(Debug, Clone, Default)]
pub struct Assumptions {
    /// Checks that are taken to pass, by id.
    pub pass: BTreeSet<String>,
}

/// How much more a sensitive bucket counts (`aws-semantics.md` 10).
const SENSITIVE_WEIGHT: f64 = 5.0;

/// How many objects a thief takes within minutes.
pub const HAUL: u64 = 10_000;

/// An account, ready to be walked through.
pub struct Walk<'a> {
    prepared: &'a Prepared<'a>,
    alarms: RecordAlarms<'a>,
    buses: BTreeMap<&'a str, DefaultBus<'a>>,
    findings: RefCell<BTreeMap<(String, &'static str), Vec<Link>>>,
    /// By [place](place), what becomes of the attempts that no bucket's own configuration decides over.
    refusals: RefCell<BTreeMap<String, BTreeMap<Attempt, Verdict>>>,
    /// By [place](place) and by what stands for buckets that are alike, what becomes of attempts on these.
    refusals_of_alike: RefCell<BTreeMap<(String, usize), BTreeMap<Attempt, Verdict>>>,
    /// By region, who sees the steps on buckets that nobody tells apart by their names.
    sightings: RefCell<BTreeMap<String, Sightings>>,
    /// The regions in which rules, or filters of alarms, look at the names of all buckets.
    names_matter: BTreeSet<&'a str>,
    /// Whether links carry what was read for them.
    with_evidence: bool,
}

/// Who sees events, once or often.
type Sightings = BTreeMap<(Event, Occurs), Vec<Link>>;

impl std::fmt::Debug for Walk<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Walk").field("account", &self.prepared.account.id).finish_non_exhaustive()
    }
}

impl<'a> Walk<'a> {
    /// Compiles what all buckets of the account share.
    #[must_use]
    pub fn of(prepared: &'a Prepared<'a>) -> Self {
        let account = prepared.account;
        let regions = || account.regional.keys().map(String::as_str);
        let alarms = RecordAlarms::of(&prepared.alerting);
        let buses: BTreeMap<&str, DefaultBus<'_>> =
            regions().map(|region| (region, DefaultBus::of(account, region))).collect();
        let names_matter = regions().filter(|region| {
            alarms.look_at(&NAME_THE_BUCKET)
                || buses.get(region).is_some_and(|bus| bus.look_at(&NAME_THE_BUCKET_ON_BUS))
        });
        Self {
            names_matter: names_matter.collect(),
            prepared,
            alarms,
            buses,
            findings: RefCell::default(),
            refusals: RefCell::default(),
            refusals_of_alike: RefCell::default(),
            sightings: RefCell::default(),
            with_evidence: false,
        }
    }

    /// The same walk, of which each cell also says what was read to find out.
    #[must_use]
    pub fn with_evidence(self, with_evidence: bool) -> Self {
        Self { with_evidence, ..self }
    }

    fn evidence(&self, evidence: impl FnOnce() -> Vec<Evidence>) -> Vec<Evidence> {
        if self.with_evidence { evidence() } else { Vec::new() }
    }

    /// What becomes of each technique on the buckets of a class whose names are asked for, and what mending a check would do
    /// to it. Nothing for a bucket whose region could not be read or is not in scope.
    #[must_use]
    pub fn class(
        &self,
        class: &BucketClass<'_>,
        wanted: impl Fn(&str) -> bool,
        techniques: &[Technique],
        assumptions: &Assumptions,
        gains: &mut Gains,
    ) -> Vec<Cell> {
        let (account, context) = (self.prepared.account, self.prepared.context);
        let names = || class.members.iter().map(|bucket| bucket.name.as_str()).filter(|name| wanted(name));
        let region = class.bucket.region.known();
        if !class.stands_in() {
            return names().flat_map(|_| self.bucket(class, techniques, assumptions, gains)).collect();
        }
        if region.is_some_and(|region| names().any(|name| self.tell_apart(region, name))) {
            let each = class.each(account, context).into_iter().filter(|one| wanted(&one.bucket.name));
            return each.flat_map(|one| self.bucket(&one, techniques, assumptions, gains)).collect();
        }
        let mut of_each = Gains::default();
        let cells = self.bucket(class, techniques, assumptions, &mut of_each);
        names()
            .flat_map(|name| {
                gains.join(&of_each);
                cells.iter().map(|cell| cell.of_bucket(name))
            })
            .collect()
    }

    /// Whether somebody may see what is done to a bucket of this name otherwise than what is done to
    /// [`ANY_BUCKET`](crate::semantics::iam::any_bucket::ANY_BUCKET).
    fn tell_apart(&self, region: &str, name: &str) -> bool {
        self.names_matter.contains(region)
            || self.prepared.observers.tell_apart(region, name)
            || self.alarms.tell_apart(name)
    }

    /// What becomes of each technique on what a class calls its bucket, in the order of the techniques.
    fn bucket(
        &self,
        class: &BucketClass<'_>,
        techniques: &[Technique],
        assumptions: &Assumptions,
        gains: &mut Gains,
    ) -> Vec<Cell> {
        let (account, bucket) = (self.prepared.account, class.bucket.as_ref());
        let known = bucket.region.known().filter(|region| account.regional.contains_key(*region));
        let Some(region) = known else { return Vec::new() };
        let policies = self.prepared.policies(class);
        let alike = policies.alike();
        let at = Scene {
            walk: self,
            identity: BucketIdentity {
                name: bucket.name.clone(),
                account: account.id.clone(),
                region: region.clone(),
                partition: self.prepared.context.organization.partition.clone(),
            },
            defences: Defences {
                account,
                bucket: alike.map_or(bucket, |alike| &alike.bucket),
                region,
                set: alike.map_or(policies.set(), |alike| &alike.set),
                perimeter: &self.prepared.perimeter,
            },
            alike: alike.map(|alike| alike.number),
            refusals: RefCell::default(),
            sightings: RefCell::default(),
        };
        let weight = if class.sensitive.holds.is_yes() { SENSITIVE_WEIGHT } else { 1.0 };
        let mut cells = Vec::with_capacity(techniques.len());
        for technique in techniques {
            let chains = at.technique(technique);
            let mut cell = at.cell(technique, &chains, &assumptions.pass);
            cell.weight = weight * f64::from(technique.weight);
            for check in &cell.mended_by {
                let mended = |link: &Link| {
                    link.mended_by.is_some_and(|by| by == check || assumptions.pass.contains(by))
                };
                let answers: Vec<Answers> =
                    chains.iter().map(|chain| answers(&chain.steps, &chain.findings, &mended)).collect();
                let better = Answers::joined(&answers).certain().value() - cell.outcome.value();
                if better > 0.0 {
                    gains.add(check, better * cell.weight);
                }
            }
            cells.push(cell);
        }
        cells
    }

    /// Whether GuardDuty would make a finding of this type in a region, and tell a person of it.
    fn finding(&self, name: &str, region: &str) -> Vec<Link> {
        let finding = guardduty::finding_types().find(|known| known.name == name);
        // A bucket is walked through only where its region was read.
        let (Some(finding), Some(routes)) = (finding, self.prepared.routes.get(region)) else {
            return Vec::new();
        };
        let key = (region.to_owned(), finding.name);
        if let Some(links) = self.findings.borrow().get(&key) {
            return links.clone();
        }
        let produced = detection::produced(self.prepared.account, region, finding, self.prepared.context);
        let label = if finding.is_deterministic() { "" } else { ", if it judges the behaviour unusual" };
        let routed = routes.one(finding);
        let links = vec![
            Link {
                question: Question::Detected,
                deterministic: finding.is_deterministic(),
                mended_by: detection::mended_by(
                    self.prepared.account,
                    region,
                    finding,
                    self.prepared.context,
                ),
                text: match produced.holds {
                    Tri::Yes => format!("GuardDuty raises {name}{label}"),
                    _ => format!("GuardDuty does not surely raise {name}: {}", produced.reason),
                },
                holds: produced.holds,
                evidence: self.evidence(|| produced.evidence.clone()),
            },
            Link {
                question: Question::Alerted,
                deterministic: finding.is_deterministic(),
                mended_by: Some("guardduty-s3-findings-routed"),
                text: format!("of {name}: {}", routed.reason),
                holds: routed.holds,
                evidence: self.evidence(|| routed.evidence),
            },
        ];
        self.findings.borrow_mut().insert(key, links.clone());
        links
    }
}

/// One bucket, walked through.
struct Scene<'a> {
    walk: &'a Walk<'a>,
    identity: BucketIdentity,
    /// Of the bucket, or of what stands for it and those like it.
    defences: Defences<'a>,
    /// The number of what stands for it.
    alike: Option<usize>,
    refusals: RefCell<BTreeMap<Attempt, Verdict>>,
    sightings: RefCell<Sightings>,
}

impl Scene<'_> {
    /// The chains of a technique as things are.
    fn technique(&self, technique: &Technique) -> Vec<ChainAnswer> {
        let region = &self.identity.region;
        let findings: Vec<Link> =
            technique.findings.iter().flat_map(|name| self.walk.finding(name, region)).collect();
        technique.chains.iter().map(|chain| self.chain(chain, &findings)).collect()
    }

    fn chain(&self, chain: &Chain, findings: &[Link]) -> ChainAnswer {
        let steps: Vec<(String, Vec<Link>)> = chain
            .steps
            .iter()
            .map(|step| {
                let links = std::iter::once(self.refusal(step)).chain(self.sightings(step));
                (step.name.clone(), links.collect())
            })
            .collect();
        ChainAnswer {
            name: chain.name.clone(),
            answers: answers(&steps, findings, &|_| false),
            steps,
            findings: findings.to_vec(),
        }
    }

    fn cell(&self, technique: &Technique, chains: &[ChainAnswer], pass: &BTreeSet<String>) -> Cell {
        if pass.is_empty() {
            return Cell::of(&self.identity, &technique.id, chains);
        }
        let assumed: Vec<ChainAnswer> = chains.iter().map(|chain| assumed_chain(chain, pass)).collect();
        Cell::of(&self.identity, &technique.id, &assumed)
    }

    /// Whether one of the step's requests is refused; all of them must succeed.
    fn refusal(&self, step: &Step) -> Link {
        let mut any: Option<Verdict> = None;
        for attempt in &step.requests {
            let place = place(attempt, &self.identity.region);
            let verdict = match self.alike {
                _ if !attempt.meets_the_bucket() => {
                    let mut shared = self.walk.refusals.borrow_mut();
                    self.attempt(attempt, shared.entry(place).or_default())
                }
                None => self.attempt(attempt, &mut self.refusals.borrow_mut()),
                Some(number) => {
                    let mut shared = self.walk.refusals_of_alike.borrow_mut();
                    let known = shared.entry((place, number)).or_default();
                    of_bucket(&self.attempt(attempt, known), &self.identity.name)
                }
            };
            any = Some(match any {
                None => verdict,
                Some(before) => before.or(verdict),
            });
        }
        let verdict = any.unwrap_or_else(|| Verdict::no("nothing is asked of AWS that could be refused"));
        Link {
            question: Question::Prevented,
            holds: verdict.value,
            text: verdict.reason,
            deterministic: true,
            mended_by: step.requests.iter().find_map(super::mending::of_attempt),
            evidence: self.walk.evidence(|| {
                let name = &self.identity.name;
                step.requests.iter().flat_map(|attempt| self.defences.evidence(attempt, name)).collect()
            }),
        }
    }

    fn attempt(&self, attempt: &Attempt, known: &mut BTreeMap<Attempt, Verdict>) -> Verdict {
        if let Some(verdict) = known.get(attempt) {
            return verdict.clone();
        }
        // Nobody reads the witness here, and it is large.
        let verdict = Verdict { witness: None, ..self.defences.refuse(attempt) };
        known.insert(attempt.clone(), verdict.clone());
        verdict
    }

    /// Who sees the step.
    fn sightings(&self, step: &Step) -> Vec<Link> {
        let Some(event) = &step.event else { return Vec::new() };
        let region = &self.identity.region;
        if self.walk.tell_apart(region, &self.identity.name) {
            return self.sighting(event, step.occurs, &mut self.sightings.borrow_mut());
        }
        let mut shared = self.walk.sightings.borrow_mut();
        self.sighting(event, step.occurs, shared.entry(region.clone()).or_default())
    }

    fn sighting(&self, event: &Event, occurs: Occurs, known: &mut Sightings) -> Vec<Link> {
        let key = (event.clone(), occurs);
        if let Some(links) = known.get(&key) {
            return links.clone();
        }
        let links = self.see(event, occurs);
        known.insert(key, links.clone());
        links
    }

    fn see(&self, event: &Event, occurs: Occurs) -> Vec<Link> {
        let region = self.identity.region.as_str();
        let record = record(event, &self.identity);
        let logged = self.walk.prepared.observers.record(&record, region);
        let logged = Link {
            question: Question::Logged,
            holds: logged.value,
            text: logged.reason,
            deterministic: true,
            mended_by: Some(super::mending::of_record(event)),
            evidence: self.walk.evidence(|| self.walk.prepared.observers.evidence_in(region)),
        };
        let mut links = vec![logged.clone()];
        links.extend(self.alarms(event, &record, occurs));
        links.extend(self.rules(event, &record, logged.holds));
        links
    }

    fn alarms(&self, event: &Event, record: &Value, occurs: Occurs) -> Vec<Link> {
        let (paths, unread) = self.walk.alarms.paths(record, &self.identity.region);
        let (mut detected, mut alerted) =
            (Verdict::no("no alarm watches it"), Verdict::no("no alarm watches it"));
        let mut evidence = Vec::new();
        for path in paths {
            evidence.extend(self.walk.evidence(|| path.evidence()));
            let raised = match occurs {
                Occurs::Once => path.raised_by(1),
                Occurs::Bulk => path.raised_by(HAUL),
                Occurs::Drip => path.raised_by_drip(),
            };
            let told = Verdict::new(path.reaches.holds, path.reaches.reason.clone());
            detected = best(detected, raised.clone());
            // What notices stands in a link of its own.
            let reason = told.reason.clone();
            let told = raised.and(told);
            alerted = best(alerted, if told.value.is_yes() { Verdict { reason, ..told } } else { told });
        }
        if let Some(why) = unread.first() {
            detected = best(detected, Verdict::unknown(why.clone()));
            alerted = best(alerted, Verdict::unknown(why.clone()));
        }
        let mended_by = super::mending::of_alarm(event, occurs);
        [(Question::Detected, detected), (Question::Alerted, alerted)]
            .into_iter()
            .map(|(question, verdict)| Link {
                question,
                holds: verdict.value,
                text: verdict.reason,
                deterministic: true,
                mended_by,
                evidence: evidence.clone(),
            })
            .collect()
    }

    /// CloudTrail hands to EventBridge what a trail logs.
    fn rules(&self, event: &Event, record: &Value, logged: Tri) -> Vec<Link> {
        let Some(bus) = self.walk.buses.get(self.identity.region.as_str()) else { return Vec::new() };
        let delivered = on_bus(record, &self.identity.account, &self.identity.region);
        let seen = bus.event(&delivered, is_read_only_management(event));
        let mended_by = (event.class == Class::ManagementWrite && event.bucket == Whose::Own)
            .then_some("tampering-alerted")
            .filter(|_| super::mending::is_tampering(event));
        [(Question::Detected, seen.noticed), (Question::Alerted, seen.reaches)]
            .into_iter()
            .map(|(question, fact)| Link {
                question,
                holds: fact.holds.and(logged),
                text: fact.reason,
                deterministic: true,
                mended_by,
                evidence: self.walk.evidence(|| fact.evidence),
            })
            .collect()
    }
}

/// Where it makes a difference that an attempt is made: the region, if it comes through the account's own VPC endpoints
/// there; elsewhere nothing of a region decides over it.
fn place(attempt: &Attempt, region: &str) -> String {
    if attempt.from == Network::OwnEndpoint { region.to_owned() } else { String::new() }
}

/// A chain in which some links are taken for mended.
fn assumed_chain(chain: &ChainAnswer, pass: &BTreeSet<String>) -> ChainAnswer {
    let links = |links: &[Link]| links.iter().map(|link| assumed(link.clone(), pass)).collect::<Vec<_>>();
    let steps: Vec<(String, Vec<Link>)> =
        chain.steps.iter().map(|(step, of_step)| (step.clone(), links(of_step))).collect();
    let findings = links(&chain.findings);
    ChainAnswer { name: chain.name.clone(), answers: answers(&steps, &findings, &|_| false), steps, findings }
}

/// A link that is taken for mended.
fn assumed(mut link: Link, pass: &BTreeSet<String>) -> Link {
    if let Some(check) = link.mended_by.filter(|check| pass.contains(*check)) {
        link.holds = Tri::Yes;
        link.text = format!("taken for mended: {check}");
    }
    link
}

/// The four answers of a chain: every record of it must be logged; one that notices or tells is enough; one step that is
/// refused is enough.
fn answers(steps: &[(String, Vec<Link>)], findings: &[Link], mended: &dyn Fn(&Link) -> bool) -> Answers {
    let holds = |link: &Link| if mended(link) { Tri::Yes } else { link.holds };
    let mut logged: Option<Tri> = None;
    let (mut detected, mut alerted, mut prevented) = (Tri::No, Tri::No, Tri::No);
    for link in steps.iter().flat_map(|(_, links)| links) {
        let holds = holds(link);
        match link.question {
            Question::Logged => logged = Some(logged.map_or(holds, |before| before.and(holds))),
            Question::Detected => detected = detected.or(holds),
            Question::Alerted => alerted = alerted.or(holds),
            Question::Prevented => prevented = prevented.or(holds),
        }
    }
    for pair in findings.chunks(2) {
        if let [produced, routed] = pair {
            let produced = holds(produced);
            detected = detected.or(produced);
            alerted = alerted.or(produced.and(holds(routed)));
        }
    }
    Answers { logged: logged.unwrap_or(Tri::No), detected, alerted, prevented }
}

/// Yes before unknown before no.
fn best(a: Verdict, b: Verdict) -> Verdict {
    match (a.value, b.value) {
        (Tri::Yes, _) => a,
        (_, Tri::Yes) => b,
        (Tri::Unknown, _) => a,
        (_, Tri::Unknown) => b,
        (Tri::No, Tri::No) if a.reason.starts_with("no ") => b,
        (Tri::No, Tri::No) => a,
    }
}
