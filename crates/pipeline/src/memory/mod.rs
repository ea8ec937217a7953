//! The stages over a few findings in memory: nothing is stored, read or sent.
//!
//! What is decided here is decided by the same functions that the store's issues go through. It
//! is for measurements that need very many small worlds.

mod kept;
mod scope;

pub use kept::{keep, stories};

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::RandomState;

use quell_catalog::Control;
use quell_correlate::{Attacked, Decisions, Member, Spoken, build_incidents, identify};
use quell_deliver::route::{Facts, Route};
use quell_govern::Person;
use quell_govern::approval::Plan;
use quell_govern::expression::{Expression, Truth};
use quell_govern::level::{Known, Level};
use quell_govern::phase::{Outcome, Verdict, decide};
use quell_model::{
    Decided, Finding, FindingKey, Fix, FixState, Incident, IncidentKind, Issue, IssueKey,
    Statement, Status, TenantId, Timestamp,
};
use quell_owners::Owners;
use quell_report::IncidentStory;
use quell_store::Brief;

use crate::analyst::incident::Details;
use crate::assess::{Judged, Judgement};
use crate::deliver::{Places, Post, letters_of};
use crate::fixes::{
    FileChange, FixCase, FixMember, Grouped, Opening, Workbench, Writer, composed, grouped,
    write_all,
};
use crate::govern::{Ruling, action_of, plan_of};
use crate::links::Links;
use crate::prepare::control_or_words;
use crate::priority::{Estate, Once};
use crate::report::{Open, fix_report, story_of};
use crate::{PipelineError, Setup};

/// What an operator has said: it is the same whatever tools find.
#[derive(Debug, Clone, Default)]
pub struct Operator {
    /// What goes where.
    pub routes: Vec<Route>,
    /// Rules for what may be done, and who has to agree.
    pub ruling: Ruling,
    /// Granted exceptions: what they hide.
    pub exceptions: Vec<Expression>,
    /// Where links may lead to.
    pub places: Places,
}

/// Code in memory, ready for fixes to be made in it.
#[derive(Debug)]
pub struct Repository<'s>(Workbench<'s>);

impl<'s> Repository<'s> {
    /// Files with their paths below the repository.
    ///
    /// # Errors
    /// When the policies that come with Quell cannot be read, which a test excludes.
    pub fn new(
        files: impl IntoIterator<Item = (String, String)>,
        setup: &'s Setup,
    ) -> Result<Self, PipelineError> {
        let mut bench = Workbench::of_files(files.into_iter().collect(), setup.catalog())?;
        bench.is_open = true;
        Ok(Self(bench))
    }
}

/// With what findings are judged.
#[derive(Debug, Clone, Copy)]
pub struct Stages<'a> {
    /// The catalogue, the mapping of tags, and service levels.
    pub setup: &'a Setup,
    /// What inventories and CODEOWNERS say.
    pub owners: &'a Owners,
    /// What the operator said.
    pub operator: &'a Operator,
    /// Where fixes are made.
    pub code: Option<&'a Repository<'a>>,
    /// Whose findings they are.
    pub tenant: &'a TenantId,
    /// Now.
    pub now: Timestamp,
}

/// An issue with what was decided of it.
#[derive(Debug, Clone)]
pub struct Settled {
    /// The issue.
    pub issue: Issue,
    /// Its findings.
    pub findings: Vec<FindingKey>,
    /// What to do about it.
    pub decided: Decided,
    /// By when.
    pub level: Option<Level>,
    /// Whether an exception hides it.
    pub hidden: bool,
}

/// A letter that is to go out, with what its route looked at.
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// What the route looked at.
    pub facts: Facts,
    /// The letter with where it goes.
    pub post: Post,
}

/// An incident with what is told of it.
#[derive(Debug, Clone)]
pub struct Story {
    /// The incident.
    pub incident: Incident,
    /// What is told.
    pub told: IncidentStory,
    /// To whom.
    pub letters: Vec<Outgoing>,
}

/// A fix with what rules say of it.
#[derive(Debug, Clone)]
pub struct Proposed {
    /// The fix.
    pub fix: Fix,
    /// What rules say.
    pub verdict: Verdict,
    /// The plan that people would agree to, unless rules refuse it.
    pub plan: Option<Plan>,
}

/// What came of some findings.
#[derive(Debug, Clone, Default)]
pub struct World {
    /// The issues, in the order of their keys.
    pub issues: Vec<Settled>,
    /// The incidents of those that are open and not hidden, the riskiest first.
    pub stories: Vec<Story>,
    /// Fixes.
    pub fixes: Vec<Proposed>,
    /// The files that change where all fixes are made, once some were written.
    pub files: Vec<FileChange>,
    /// Faults in the code that no recipe closes.
    openings: Vec<Opening>,
    /// What is known of each issue beyond what is told of it.
    known: HashMap<IssueKey, (Issue, Vec<Member>)>,
}

impl World {
    /// What is known of an incident's issues beyond what is told.
    #[must_use]
    pub fn details(&self, story: &Story) -> Details {
        Details::of(story.incident.issues.iter().filter_map(|key| self.known.get(key)).cloned())
    }
}

/// An issue on its way.
struct Case {
    judged: Judged,
    members: Vec<Member>,
    statements: Vec<Statement>,
}

impl<'a> Stages<'a> {
    /// Takes findings the whole way: issues, owners, risks, incidents, decisions, fixes, plans,
    /// exceptions, letters.
    ///
    /// # Errors
    /// When something cannot be written as JSON.
    pub fn run(
        self,
        findings: Vec<Finding>,
        statements: &[Statement],
    ) -> Result<World, PipelineError> {
        let cases = self.cases(findings, statements)?;
        let mut estate = self.estate(&cases);
        let hidden: Vec<bool> = cases.iter().map(|case| self.is_hidden(case)).collect();
        let mut open = opened(&cases, &hidden)?;
        estate.take(&mut open, (&Links::new(RandomState::new()), false));
        let settled: Vec<Issue> = cases
            .iter()
            .map(|case| estate.settled(case.judged.issue.clone(), &case.members))
            .collect();
        let Grouped { fixes, openings, unfixed: _ } = self.fixes(&settled, &cases);
        let incidents = incidents(&mut open, (&settled, &cases), &fixes);
        let decided: Vec<Decided> = settled
            .iter()
            .zip(&cases)
            .map(|(issue, case)| estate.decide(issue, &case.statements))
            .collect();
        let stories = incidents
            .into_iter()
            .map(|incident| self.story(incident, (&cases, &settled, &decided), &fixes));
        let stories: Vec<Story> = stories.collect();
        let fixes = fixes.into_iter().map(|fix| self.proposed(fix, &settled));
        let fixes: Vec<Proposed> = fixes.collect::<Result<_, _>>()?;
        let all = settled.into_iter().zip(&cases).zip(decided).zip(hidden);
        let issues = all.map(|(((issue, case), decided), hidden)| Settled {
            level: self.level(&issue),
            findings: case.members.iter().map(|member| member.key).collect(),
            issue,
            decided,
            hidden,
        });
        let issues = issues.collect();
        let known = cases.into_iter().map(|case| {
            let Case { judged, members, statements: _ } = case;
            (judged.issue.key, (judged.issue, members))
        });
        let (known, files) = (known.collect(), Vec::new());
        Ok(World { issues, stories, fixes, files, openings, known })
    }

    /// Has fixes written where no recipe makes one, and makes all upon each other. What is proved
    /// stands with the fixes, and letters tell of it.
    ///
    /// # Errors
    /// When something cannot be written as JSON.
    pub fn write(self, world: &mut World, writer: &Writer<'_>) -> Result<(), PipelineError> {
        let Some(Repository(bench)) = self.code else { return Ok(()) };
        let mut fixes: Vec<Fix> = world.fixes.iter().map(|one| one.fix.clone()).collect();
        write_all(bench, &world.openings, writer, (&mut fixes, &mut Vec::new()));
        let plan = composed(bench, fixes, false);
        let fixes: Vec<Fix> = plan.offers.into_iter().map(|offer| offer.fix).collect();
        for story in &mut world.stories {
            let closes =
                |fix: &&Fix| fix.closes.iter().any(|key| story.incident.issues.contains(key));
            story.told.fixes = fixes.iter().filter(closes).map(fix_report).collect();
            story.letters = self.letters(&story.told, story.incident.kind);
        }
        let settled: Vec<Issue> = world.issues.iter().map(|one| one.issue.clone()).collect();
        let fixes = fixes.into_iter().map(|fix| self.proposed(fix, &settled));
        world.fixes = fixes.collect::<Result<_, _>>()?;
        world.files = plan.files;
        Ok(())
    }

    /// The letters that go out about an incident as it is told.
    #[must_use]
    pub fn letters(self, told: &IncidentStory, kind: IncidentKind) -> Vec<Outgoing> {
        let to = (self.tenant, &self.operator.places);
        let letters = letters_of((told, kind), &self.operator.routes, to, self.now);
        letters.into_iter().map(|(facts, post)| Outgoing { facts, post }).collect()
    }

    fn judgement(self) -> Judgement<'a> {
        let catalog = self.setup.catalog();
        Judgement { catalog, intel: catalog.intel(), now: self.now }
    }

    /// Findings as issues, in the order of their keys.
    fn cases(
        self,
        findings: Vec<Finding>,
        statements: &[Statement],
    ) -> Result<Vec<Case>, PipelineError> {
        let (catalog, by) = (self.setup.catalog(), self.judgement());
        let mut owners = self.owners.clone();
        let mut groups: BTreeMap<IssueKey, (Option<&'a Control>, BTreeMap<FindingKey, Member>)> =
            BTreeMap::new();
        for mut finding in findings {
            self.setup.mapping().apply(&mut finding.asset);
            owners.note(&finding.asset);
            finding.last_seen = finding.last_seen.or(Some(self.now));
            let control = control_or_words(catalog, &finding);
            let identity = identify(&finding, control, catalog.words());
            let member = Member { key: finding.key(), status: finding.status, finding };
            let group = groups.entry(identity.key).or_insert_with(|| (control, BTreeMap::new()));
            group.1.insert(member.key, member);
        }
        let spoken: Vec<Spoken> = statements.iter().cloned().map(Spoken::new).collect();
        let mut cases = Vec::with_capacity(groups.len());
        for (key, (control, members)) in groups {
            let members: Vec<Member> = members.into_values().collect();
            let Some(judged) = by.of(&owners, key, &members, (control, None))? else { continue };
            let statements = said_of(&spoken, &members);
            cases.push(Case { judged, members, statements });
        }
        Ok(cases)
    }

    fn estate(self, cases: &[Case]) -> Estate<'a> {
        let members = || cases.iter().flat_map(|case| &case.members);
        let newest = members().filter_map(|member| member.finding.last_seen).max();
        let is_hidden = |case: &&Case| {
            case.judged.issue.status.is_open()
                && case.members.iter().any(|member| member.status == Status::Suppressed)
        };
        let hidden: HashSet<IssueKey> =
            cases.iter().filter(is_hidden).map(|case| case.judged.issue.key).collect();
        Estate::of(self.judgement(), newest.map(|newest| newest.min(self.now)), hidden)
    }

    fn is_hidden(self, case: &Case) -> bool {
        let facts = scope::Known::new(case.judged.issue.key, &case.judged.brief);
        self.operator.exceptions.iter().any(|one| one.holds(&facts) == Truth::Yes)
    }

    fn level(self, issue: &Issue) -> Option<Level> {
        let known = Known {
            severity: issue.severity,
            environment: issue.asset.context.environment.as_ref().map(|known| known.value.raw()),
            exposed: issue.asset.signals.internet_exposed == Some(true),
            since: issue.first_seen,
        };
        self.setup.targets().level(&known, &[], self.now)
    }

    fn fixes(self, settled: &[Issue], cases: &[Case]) -> Grouped {
        let Some(Repository(bench)) = self.code else { return Grouped::default() };
        let open = settled.iter().zip(cases).filter(|(issue, _)| issue.status.is_open());
        let asked = open.map(|(issue, case)| FixCase {
            issue: issue.clone(),
            findings: case.members.iter().map(fix_member).collect(),
        });
        grouped(bench.answers_for(asked.collect()))
    }

    fn proposed(self, fix: Fix, settled: &[Issue]) -> Result<Proposed, PipelineError> {
        let issues: Vec<Issue> =
            settled.iter().filter(|issue| fix.closes.contains(&issue.key)).cloned().collect();
        let ruling = &self.operator.ruling;
        let action = action_of(self.tenant.as_str(), &fix, &issues);
        let verdict = decide(&ruling.rules, &action, &|_| usize::MAX, self.now);
        let plan = match verdict.outcome {
            Outcome::Refused => None,
            Outcome::Runs | Outcome::Waits => {
                let by = Person::new("person:1", "somebody");
                Some(plan_of((&fix, &issues), (action, &verdict), ruling, (self.now, &by))?)
            }
        };
        Ok(Proposed { fix, verdict, plan })
    }

    fn story(
        self,
        incident: Incident,
        (cases, settled, decided): (&[Case], &[Issue], &[Decided]),
        fixes: &[Fix],
    ) -> Story {
        let of = |key: &IssueKey| {
            let at = settled.iter().position(|issue| issue.key == *key)?;
            let case = cases.get(at)?;
            let (issue, decided) = (settled.get(at)?.clone(), decided.get(at)?.clone());
            Some((issue, case.members.clone(), case.statements.as_slice(), decided))
        };
        let issues = incident.issues.iter().filter_map(of).collect();
        let told = story_of(&incident, issues, (self.setup.catalog(), self.now), fixes);
        let letters = self.letters(&told, incident.kind);
        Story { incident, told, letters }
    }
}

fn fix_member(member: &Member) -> FixMember {
    FixMember { id: member.key, status: member.status, finding: member.finding.clone() }
}

/// What is said of the findings of an issue, as the store's statements are matched.
fn said_of(spoken: &[Spoken], members: &[Member]) -> Vec<Statement> {
    let is_said = |one: &&Spoken| {
        members.iter().any(|member| {
            let weakness = member.finding.vulnerability.as_deref();
            weakness.is_some_and(|weakness| one.is_about(weakness, &member.finding.asset))
        })
    };
    let mut said: Vec<Statement> =
        spoken.iter().filter(is_said).map(|one| one.statement.clone()).collect();
    said.sort_by(|a, b| (b.time, a.key()).cmp(&(a.time, b.key())));
    said
}

/// The issues that are open and not hidden, as incidents are built from them.
fn opened(cases: &[Case], hidden: &[bool]) -> Result<Vec<Open>, PipelineError> {
    let mut once = Once::default();
    let mut open = Vec::new();
    for ((row, case), hidden) in (0..).zip(cases).zip(hidden) {
        let Brief { status, candidate, .. } = &case.judged.brief;
        if status.is_open() && !hidden {
            open.push(Open::of(row, serde_json::from_slice(candidate)?, &mut once));
        }
    }
    Ok(open)
}

fn incidents(
    open: &mut [Open],
    (settled, cases): (&[Issue], &[Case]),
    fixes: &[Fix],
) -> Vec<Incident> {
    let mut closed_by: HashMap<IssueKey, &str> = HashMap::new();
    for fix in fixes.iter().filter(|fix| fix.state == FixState::Proved && fix.closes.len() > 1) {
        closed_by.extend(fix.closes.iter().map(|issue| (*issue, fix.id.as_str())));
    }
    let case_of = |row: i64| usize::try_from(row).ok().and_then(|row| cases.get(row));
    for one in open.iter_mut() {
        let Some(case) = case_of(one.row) else { continue };
        let issue = settled.iter().find(|issue| issue.key == one.candidate.key);
        one.candidate.rate(issue.map_or(one.candidate.score(), |issue| issue.risk.score));
        if let Some(fix) = closed_by.get(&one.candidate.key) {
            one.candidate.shared_fix = Some(format!("fix:{fix}"));
        }
        if one.candidate.is_detection() {
            one.candidate.learn(&case.members);
        }
    }
    let attacked = Attacked::by(open.iter().map(|one| &one.candidate));
    for one in open.iter_mut() {
        if one.candidate.is_weakness()
            && attacked.holds(&one.candidate)
            && let Some(case) = case_of(one.row)
        {
            one.candidate.learn(&case.members);
        }
    }
    build_incidents(open.iter().map(|one| &one.candidate), &Decisions::default(), None)
}
