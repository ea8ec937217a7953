//! Reminders: of exceptions that end soon, and of what has waited for people for some hours.

use quell_deliver::route::{Facts, Subject, What};
use quell_deliver::text::Span;
use quell_deliver::{Block, Body, Key, Label, Letter, Line};
use quell_govern::approval::Plan;
use quell_govern::exception::{Exception, State, Step};
use quell_model::{Issue, Severity, Timestamp, Untrusted};
use quell_store::Store;

use super::waiting::{issues_of, waits};
use super::{Planned, Planner, Told, Wishes, hash};
use crate::PipelineError;
use crate::assess::read_issue;
use crate::deliver::words::footer;
use crate::query::View;

/// What somebody is reminded of.
enum Reminder {
    /// A granted exception ends soon.
    Ends(Exception),
    /// An exception waits for a reviewer.
    Review(Exception),
    /// A plan waits for people.
    Approval(Box<Plan>),
}

impl Reminder {
    fn subject(&self) -> Subject {
        match self {
            Self::Ends(_) => Subject::ExceptionEnd,
            Self::Review(_) => Subject::ExceptionReview,
            Self::Approval(_) => Subject::Approval,
        }
    }

    fn id(&self) -> String {
        let id = match self {
            Self::Ends(one) | Self::Review(one) => &one.id,
            Self::Approval(plan) => &plan.id,
        };
        self.subject().named(id)
    }

    fn due(&self) -> Timestamp {
        match self {
            Self::Ends(one) | Self::Review(one) => one.request.until,
            Self::Approval(plan) => plan.expires_at,
        }
    }
}

impl Planner {
    /// Adds the letters of what is due, where a route wants reminders. Each is written once.
    pub(super) fn reminders(
        &mut self,
        view: &View<'_>,
        wishes: Wishes<'_>,
        planned: &mut Planned,
    ) -> Result<(), PipelineError> {
        if wishes.routes.iter().all(|route| route.what != What::Reminders) {
            return Ok(());
        }
        let all = due(view.store, wishes, view.now)?;
        // What is decided or over may be due again in a later round of the same process.
        self.reminded.retain(|id| all.iter().any(|one| one.id() == *id));
        for one in all {
            let id = one.id();
            if self.reminded.contains(&id) {
                continue;
            }
            let told = told(view.store, wishes, &one, view.now)?;
            if self.tell(view, wishes, (None, &told), planned)? {
                self.reminded.insert(id);
            }
        }
        Ok(())
    }
}

/// All of which somebody is to be reminded now.
fn due(store: &Store, wishes: Wishes<'_>, now: Timestamp) -> Result<Vec<Reminder>, PipelineError> {
    let waited = |since: Timestamp| now.duration_since(since) >= wishes.remind_after;
    let mut all = Vec::new();
    for one in store.exception_list(&[State::Requested, State::Reviewed, State::Granted])? {
        let asked_at = one.events.first().map(|event| event.at);
        let reminded = one.events.iter().any(|event| event.step == Step::Reminded);
        if one.request.until <= now {
            continue;
        }
        match one.state.waits() {
            true if asked_at.is_some_and(waited) => all.push(Reminder::Review(one)),
            false if reminded => all.push(Reminder::Ends(one)),
            true | false => {}
        }
    }
    for (plan, approvals) in store.plan_list(true)? {
        if waited(plan.requested_at) && now < plan.expires_at && waits(&plan, &approvals) {
            all.push(Reminder::Approval(Box::new(plan)));
        }
    }
    Ok(all)
}

fn told(
    store: &Store,
    wishes: Wishes<'_>,
    one: &Reminder,
    now: Timestamp,
) -> Result<Told, PipelineError> {
    let id = one.id();
    let issues = match one {
        Reminder::Ends(exception) | Reminder::Review(exception) => hidden(store, exception)?,
        Reminder::Approval(plan) => issues_of(store, plan)?,
    };
    let facts = facts(one, &issues);
    let page = match one {
        Reminder::Approval(plan) => wishes.places.page(&format!("/approvals/{}", plan.id)),
        Reminder::Ends(one) | Reminder::Review(one) => {
            wishes.places.page(&format!("/exceptions/{}", one.id))
        }
    };
    let (title, mut blocks, owner) = match one {
        Reminder::Ends(exception) => ends(exception, issues.len(), now),
        Reminder::Review(exception) => review(exception, issues.len()),
        Reminder::Approval(plan) => approval(plan),
    };
    blocks.extend(footer(page.as_ref()));
    let letter = Letter {
        key: Key::new(wishes.tenant, "", &id, 0),
        title,
        body: Body(blocks),
        severity: facts.severity,
        due: Some(one.due()),
        labels: vec![Label::new("quell"), Label::new("quell-reminder")],
        files: Vec::new(),
        page,
        owner,
        change: None,
        item: None,
        records: Vec::new(),
        asks: None,
    };
    Ok(Told { id, facts, issues: Vec::new(), hash: hash(&letter), letter })
}

/// The open issues that an exception is about.
fn hidden(store: &Store, exception: &Exception) -> Result<Vec<Issue>, PipelineError> {
    // It was read when it was asked for.
    let Ok(scope) = exception.request.scope.parse() else { return Ok(Vec::new()) };
    let mut issues = Vec::new();
    for one in store.issue_match(&scope)?.issues {
        if let Some(body) = store.issue_get(one.row)?.and_then(|row| row.body) {
            issues.push(read_issue(&body)?);
        }
    }
    Ok(issues)
}

/// What routes look at.
fn facts(one: &Reminder, issues: &[Issue]) -> Facts {
    let texts = |of: &dyn Fn(&Issue) -> Option<String>| {
        let mut all: Vec<String> = issues.iter().filter_map(of).collect();
        all.sort_unstable();
        all.dedup();
        all
    };
    let asset_owner =
        |issue: &Issue| issue.asset.context.owner.as_ref().map(|one| one.value.raw().to_owned());
    let owners = match one {
        Reminder::Ends(exception) | Reminder::Review(exception) => {
            vec![exception.request.owner.clone()]
        }
        Reminder::Approval(_) => texts(&asset_owner),
    };
    Facts {
        subject: one.subject(),
        severity: issues.iter().map(|issue| issue.severity).max().unwrap_or(Severity::Unknown),
        score: issues.iter().map(|issue| issue.risk.score).max().unwrap_or_default(),
        teams: owners.clone(),
        owners,
        environments: texts(&|issue| {
            issue.asset.context.environment.as_ref().map(|one| one.value.raw().to_owned())
        }),
        accounts: texts(&|issue| Some(issue.asset.id.account.clone()).filter(|id| !id.is_empty())),
        controls: texts(&|issue| issue.control.clone()),
        kind: None,
        has_fix: false,
    }
}

/// A title, what is said, and whose it is.
type Written = (Line, Vec<Block>, Option<Untrusted>);

/// Facts of an exception.
fn about(exception: &Exception, issues: usize) -> Vec<(String, Line)> {
    let request = &exception.request;
    let fact = |name: &str, line| (name.to_owned(), line);
    vec![
        fact("Exception", Line::own(exception.id.clone())),
        fact("About", Line::default().and_code(request.scope.clone())),
        fact("Open issues", Line::own(issues.to_string())),
        fact("Why", Line::data(request.reason.clone())),
        fact("Owner", Line::data(request.owner.clone())),
        fact("Ends", Line::own(request.until.to_string())),
    ]
}

fn ends(exception: &Exception, issues: usize, now: Timestamp) -> Written {
    let request = &exception.request;
    let days = request.until.duration_since(now).as_hours() / 24;
    let title = match days {
        0 => Line::own("An exception ends within a day: "),
        1 => Line::own("An exception ends in 1 day: "),
        days => Line::own(format!("An exception ends in {days} days: ")),
    };
    let what = "What it hides comes back at its end. Nothing extends it: deal with the issues, or \
                ask for a renewal, which another person has to agree to:";
    let renew = format!("quell exception renew {} --until DAY", exception.id);
    let blocks = vec![
        Block::Facts(about(exception, issues)),
        Block::Paragraph(Line(vec![Span::Own(format!("{what} ")), Span::Code(renew.into())])),
    ];
    (title.and_data(request.scope.clone()), blocks, Some(request.owner.clone().into()))
}

fn review(exception: &Exception, issues: usize) -> Written {
    let request = &exception.request;
    let title = Line::own("An exception waits for a reviewer: ").and_data(request.scope.clone());
    let mut facts = about(exception, issues);
    if let Some(by) = exception.requester() {
        facts.push(("Asked for by".to_owned(), Line::data(by.name.clone())));
    }
    let show = format!("quell exception show {}", exception.id);
    let line = Line::own("It hides nothing until enough people agree. Look at it: ").and_code(show);
    let blocks = vec![Block::Facts(facts), Block::Paragraph(line)];
    (title, blocks, Some(request.owner.clone().into()))
}

fn approval(plan: &Plan) -> Written {
    let title = Line::own("A plan waits for approval: ").and_data(plan.title.clone());
    let fact = |name: &str, line| (name.to_owned(), line);
    let environment = match &plan.environment {
        Some(environment) => Line::data(environment.clone()),
        None => Line::own("not known"),
    };
    let people = format!("{} of: {}", plan.quorum.people, plan.quorum.words());
    let mut facts = vec![
        fact("Plan", Line::own(plan.id.clone())),
        fact("What it changes", Line::default().and_code(plan.target.clone())),
        fact("Environment", environment),
        fact("Asked for by", Line::data(plan.requested_by.name.clone())),
        fact("Who has to agree", Line::own(people)),
        fact("Void after", Line::own(plan.expires_at.to_string())),
    ];
    if let Ok(hash) = plan.hash() {
        facts.push(fact("Hash", Line::default().and_code(hash.as_str().to_owned())));
    }
    let show = format!("quell approval show {}", plan.id);
    let line = Line::own("Answering here decides nothing. Look at the plan: ").and_code(show);
    (title, vec![Block::Facts(facts), Block::Paragraph(line)], None)
}
