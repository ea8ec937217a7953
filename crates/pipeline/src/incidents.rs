//! Looking at one incident, taking it apart, putting two together, and taking that back.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use quell_catalog::Intel;
use quell_model::{Fix, HandAction, Incident, IncidentKey, IssueKey, KeyHasher, Timestamp};
use quell_report::IncidentStory;
use quell_store::{IdSet, JoinRow, PinRow, Store};

use crate::assess::Judgement;
use crate::exceptions::Said;
use crate::fixes::Code;
use crate::govern::{Happened, Standing, TimesChange, follow, times_of};
use crate::priority::Estate;
use crate::report::{Detail, Open, decisions, describe, fix_report, incidents, open_issues};
use crate::{PipelineError, Setup, fixes, intel};

pub(crate) fn judgement<'a>(setup: &'a Setup, intel: &'a Intel, now: Timestamp) -> Judgement<'a> {
    Judgement { catalog: setup.catalog(), intel, now }
}

/// All open issues with their incidents.
pub(crate) struct World<'a> {
    pub(crate) estate: Estate<'a>,
    pub(crate) open: Vec<Open>,
    pub(crate) stories: Vec<Incident>,
    proposed: Vec<Fix>,
}

impl<'a> World<'a> {
    pub(crate) fn load(
        store: &Store,
        by: Judgement<'a>,
        repository: Option<Code<'_>>,
    ) -> Result<Self, PipelineError> {
        Self::among(store, by, (repository, None))
    }

    /// The same, as if there were no issues but those of some rows.
    pub(crate) fn among(
        store: &Store,
        by: Judgement<'a>,
        (repository, among): (Option<Code<'_>>, Option<&IdSet>),
    ) -> Result<Self, PipelineError> {
        let mut estate = Estate::new(store, by)?;
        let mut open = open_issues(store, &mut estate, among)?;
        let proposed = match repository {
            Some(code) => fixes::propose(store, by.catalog, open.iter(), code)?,
            None => Vec::new(),
        };
        let stories = incidents(store, &mut open, &proposed, None)?;
        Ok(Self { estate, open, stories, proposed })
    }

    /// The incident whose id begins so, or that holds the issue whose id does.
    pub(crate) fn find(&self, id: &str) -> Result<&Incident, PipelineError> {
        let wanted = id.trim().to_ascii_lowercase();
        let not_found = || PipelineError::NotFound { kind: "incident", id: id.to_owned() };
        if wanted.is_empty() {
            return Err(not_found());
        }
        let begins = |key: String| key.starts_with(&wanted);
        let mut named = self.stories.iter().filter(|story| begins(story.key.to_string()));
        match (named.next(), named.next()) {
            (Some(story), None) => return Ok(story),
            (Some(_), Some(_)) => return Err(not_found()),
            (None, _) => {}
        }
        let issues = self.stories.iter().flat_map(|s| s.issues.iter().map(move |key| (s, key)));
        let mut holding = issues.filter(|(_, key)| begins(key.to_string()));
        match (holding.next(), holding.next()) {
            (Some((story, _)), None) => Ok(story),
            _ => Err(not_found()),
        }
    }

    fn times(&self, store: &Store, happened: &Happened) -> Result<TimesChange, PipelineError> {
        let row = |open: &Open| Some((open.candidate.key, u32::try_from(open.row).ok()?));
        let rows: HashMap<IssueKey, u32> = self.open.iter().filter_map(row).collect();
        let standing = |story: &'_ Incident| -> Vec<u32> {
            story.issues.iter().filter_map(|key| rows.get(key).copied()).collect()
        };
        let standing: Vec<Standing<'_>> = self
            .stories
            .iter()
            .map(|story| Standing {
                key: story.key,
                severity: story.severity,
                issues: &story.issues,
                rows: Cow::Owned(standing(story)),
            })
            .collect();
        follow(store, &standing, happened, self.estate.by.now)
    }

    pub(crate) fn tell(
        &self,
        store: &Store,
        story: &Incident,
    ) -> Result<Option<IncidentStory>, PipelineError> {
        let said = Said::find(store, &self.open, self.estate.by.now)?;
        let shown = std::slice::from_ref(story);
        let shown = (shown, self.proposed.as_slice());
        let told = describe(store, (&self.estate, &said), &self.open, shown, Detail::All)?;
        let closes = |fix: &&Fix| fix.closes.iter().any(|key| story.issues.contains(key));
        let fixes = self.proposed.iter().filter(closes).map(fix_report).collect();
        let incident = told.incidents.into_iter().next();
        let issues = told.issues;
        let (assets, times) = (told.assets, times_of(store, story.key)?);
        Ok(incident.map(|incident| IncidentStory { incident, issues, assets, fixes, times }))
    }
}

/// One incident with its issues, by its id, that of one of its issues, or the first characters of
/// either. Incidents that a fix holds together are found where the same Terraform repository is
/// given.
///
/// # Errors
/// When no incident, or more than one, has that id, or the repository cannot be read.
pub fn show_incident(
    store: &Store,
    setup: &Setup,
    id: &str,
    repository: Option<&Path>,
    now: Timestamp,
) -> Result<IncidentStory, PipelineError> {
    let intel = intel::load(store, setup.catalog().intel())?;
    let world = World::load(store, judgement(setup, &intel, now), setup.code(repository))?;
    let story = world.find(id)?;
    let not_found = || PipelineError::NotFound { kind: "incident", id: id.to_owned() };
    world.tell(store, story)?.ok_or_else(not_found)
}

/// The same, opened by a person: that it was, and what became of others, is kept with their times.
///
/// # Errors
/// As [`show_incident`].
pub fn open_incident(
    store: &mut Store,
    setup: &Setup,
    (id, repository): (&str, Option<&Path>),
    now: Timestamp,
) -> Result<IncidentStory, PipelineError> {
    let intel = intel::load(store, setup.catalog().intel())?;
    let world = World::load(store, judgement(setup, &intel, now), setup.code(repository))?;
    let story = world.find(id)?;
    let not_found = || PipelineError::NotFound { kind: "incident", id: id.to_owned() };
    // What a repository holds together is another story than the one that is kept.
    if repository.is_none() {
        let opened = [(story.key, now)].into();
        let happened = Happened { opened, ..Happened::default() };
        world.times(store, &happened)?.save(store)?;
    }
    world.tell(store, story)?.ok_or_else(not_found)
}

/// Keeps what became of incidents, where times of any are kept.
///
/// # Errors
/// When the store refuses.
pub fn follow_times(store: &mut Store, setup: &Setup, now: Timestamp) -> Result<(), PipelineError> {
    if store.incident_times_list(true)?.is_empty() {
        return Ok(());
    }
    let intel = intel::load(store, setup.catalog().intel())?;
    let change =
        World::load(store, judgement(setup, &intel, now), None)?.times(store, &Happened::default());
    change?.save(store)
}

/// The incident of an issue, where something was seen to happen in it or a person decided.
pub(crate) fn story_of(
    store: &Store,
    setup: &Setup,
    issue: IssueKey,
    now: Timestamp,
) -> Result<Option<IncidentStory>, PipelineError> {
    if store.attacks_known()? == Some(false) && decisions(store)?.is_empty() {
        return Ok(None);
    }
    let intel = intel::load(store, setup.catalog().intel())?;
    let world = World::load(store, judgement(setup, &intel, now), None)?;
    let mut stories = world.stories.iter();
    let Some(story) = stories.find(|story| story.issues.contains(&issue)) else {
        return Ok(None);
    };
    let told = world.tell(store, story)?;
    Ok(told.filter(|t| t.incident.timeline.is_some() || !t.incident.by_hand.is_empty()))
}

/// Takes issues out of an incident into one of their own, which later imports keep apart. Says
/// its key. Every id may be cut short. `by` says who decides.
///
/// # Errors
/// When an id is not found, or nothing would be left.
pub fn split_incident(
    store: &mut Store,
    setup: &Setup,
    (id, issues, repository): (&str, &[String], Option<&Path>),
    (now, by): (Timestamp, &str),
) -> Result<IncidentKey, PipelineError> {
    let intel = intel::load(store, setup.catalog().intel())?;
    let world = World::load(store, judgement(setup, &intel, now), setup.code(repository))?;
    split(store, world.find(id)?, issues, (now, by))
}

/// Takes issues out of an incident that was found.
pub(crate) fn split(
    store: &mut Store,
    from: &Incident,
    issues: &[String],
    (now, by): (Timestamp, &str),
) -> Result<IncidentKey, PipelineError> {
    let mut taken: BTreeSet<IssueKey> = BTreeSet::new();
    for issue in issues {
        taken.insert(issue_of(from, issue)?);
    }
    if taken.is_empty() || taken.len() == from.issues.len() {
        let reason = "name some of the incident's issues, not none and not all".to_owned();
        return Err(PipelineError::Refused(reason));
    }
    let mut key = KeyHasher::new("incident").part("split").part(&from.key.to_string());
    for issue in &taken {
        key = key.part(&issue.to_string());
    }
    let key = key.finish();
    let pin = |issue: &IssueKey| PinRow {
        issue: *issue,
        incident: key,
        from: from.key,
        action: HandAction::Split,
        at: now,
        by: by.to_owned(),
    };
    store.decision_save(&taken.iter().map(pin).collect::<Vec<_>>(), &[])?;
    Ok(key)
}

fn issue_of(story: &Incident, id: &str) -> Result<IssueKey, PipelineError> {
    let wanted = id.trim().to_ascii_lowercase();
    let is_meant = |key: &&IssueKey| !wanted.is_empty() && key.to_string().starts_with(&wanted);
    let mut found = story.issues.iter().filter(is_meant);
    match (found.next(), found.next()) {
        (Some(key), None) => Ok(*key),
        _ => Err(PipelineError::NotFound { kind: "issue in that incident", id: id.to_owned() }),
    }
}

/// Makes incidents part of another, with all that comes to them later. Says its key.
///
/// # Errors
/// When an id is not found, or an incident would join itself.
pub fn join_incidents(
    store: &mut Store,
    setup: &Setup,
    (id, others, repository): (&str, &[String], Option<&Path>),
    (now, by): (Timestamp, &str),
) -> Result<IncidentKey, PipelineError> {
    let intel = intel::load(store, setup.catalog().intel())?;
    let world = World::load(store, judgement(setup, &intel, now), setup.code(repository))?;
    let others: Vec<&Incident> =
        others.iter().map(|other| world.find(other)).collect::<Result<_, _>>()?;
    join(store, world.find(id)?, &others, (now, by))
}

/// Makes incidents that were found part of another.
pub(crate) fn join(
    store: &mut Store,
    into: &Incident,
    others: &[&Incident],
    (now, by): (Timestamp, &str),
) -> Result<IncidentKey, PipelineError> {
    let mut pins = Vec::new();
    let mut joins = Vec::new();
    let pin = |issue: &IssueKey, from: IncidentKey| PinRow {
        issue: *issue,
        incident: into.key,
        from,
        action: HandAction::Joined,
        at: now,
        by: by.to_owned(),
    };
    for other in others {
        if other.key == into.key {
            let reason = format!("incident {} cannot join itself", into.key.short());
            return Err(PipelineError::Refused(reason));
        }
        pins.extend(other.issues.iter().map(|issue| pin(issue, other.key)));
        let by = by.to_owned();
        joins.push(JoinRow { incident: other.key, into: into.key, at: now, by });
    }
    // What is there already stays too, should its own story change.
    pins.extend(into.issues.iter().map(|issue| pin(issue, into.key)));
    store.decision_save(&pins, &joins)?;
    Ok(into.key)
}

/// Takes back what was decided about an incident. Says how many decisions that were.
///
/// # Errors
/// When the id is not found, or nothing was decided about it.
pub fn reset_incident(
    store: &mut Store,
    setup: &Setup,
    (id, repository): (&str, Option<&Path>),
    now: Timestamp,
) -> Result<usize, PipelineError> {
    // A whole id is enough where its incident is no more.
    let key = match id.trim().parse::<IncidentKey>() {
        Ok(key) => key,
        Err(_) => {
            let intel = intel::load(store, setup.catalog().intel())?;
            World::load(store, judgement(setup, &intel, now), setup.code(repository))?.find(id)?.key
        }
    };
    reset(store, key)
}

/// Takes back what was decided about an incident, by its whole key.
pub(crate) fn reset(store: &mut Store, key: IncidentKey) -> Result<usize, PipelineError> {
    match store.decision_remove(key)? {
        0 => Err(PipelineError::Refused(format!(
            "nobody decided anything about incident {}",
            key.short()
        ))),
        freed => Ok(freed),
    }
}
