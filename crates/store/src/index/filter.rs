//! Which rows a list is asked for, made into look-ups by number.

use quell_model::{Decision, FindingClass, Severity, Status, Timestamp};

use super::columns::{Group, Inner, class, decision, decision_of, severity, severity_of, status};
use crate::state::{micros, seconds};
use crate::{Among, IdSet};

/// Which rows a list is asked for. What is empty asks for all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListFilter {
    /// One of these severities; of assets, that of the worst open issue.
    pub severities: Vec<Severity>,
    /// One of these statuses. Assets have none.
    pub statuses: Vec<Status>,
    /// One of these decisions, as far as the issue alone tells. Assets have none.
    pub decisions: Vec<Decision>,
    /// One of these kinds of fault.
    pub classes: Vec<FindingClass>,
    /// This control, or one below it: `aws.s3` asks for all of S3.
    pub control: Option<String>,
    /// Seen by one of these tools.
    pub tools: Vec<String>,
    /// This text in the asset's key, in any case.
    pub asset: Option<String>,
    /// One of the assets with these keys, in any case.
    pub asset_is: Vec<String>,
    /// One of these providers of the asset.
    pub providers: Vec<String>,
    /// The asset's account.
    pub account: Option<String>,
    /// The asset's region.
    pub region: Option<String>,
    /// The asset's kind.
    pub kind: Option<String>,
    /// Who the asset says owns it.
    pub team: Option<String>,
    /// This risk score or more.
    pub min_score: Option<u32>,
    /// Last seen then or later.
    pub seen_since: Option<Timestamp>,
    /// The findings of the issue of this row; that issue.
    pub issue: Option<i64>,
    /// One of these issues.
    pub among: Option<Among>,
}

/// The value of a facet that groups have.
pub(super) enum Part {
    Control,
    Team,
    Provider,
    Account,
    Region,
    Kind,
}

impl Inner {
    /// A part of a group as text; `None` where it has none.
    pub(super) fn part(&self, group: &Group, part: &Part) -> Option<&str> {
        let place = || self.texts.places.get(&group.place);
        let text = match part {
            Part::Control => Some(self.name(group.control)),
            Part::Team => Some(self.name(group.team)),
            Part::Provider => place().map(|[provider, ..]| provider.as_ref()),
            Part::Account => place().map(|[_, account, ..]| account.as_ref()),
            Part::Region => place().map(|[_, _, region, _]| region.as_ref()),
            Part::Kind => place().map(|[.., kind]| kind.as_ref()),
        };
        text.filter(|text| !text.is_empty())
    }

    /// The tools of a group.
    pub(super) fn tools_of(&self, group: &Group) -> impl Iterator<Item = &str> {
        self.name(group.tools).split(',').filter(|tool| !tool.is_empty())
    }
}

/// A filter in numbers. `None` where all fit.
#[derive(Debug)]
pub(super) struct Wanted {
    /// By the state of an issue.
    pub(super) states: [bool; 256],
    pub(super) groups: Option<IdSet>,
    pub(super) assets: Option<IdSet>,
    pub(super) min_score: u16,
    pub(super) since: u32,
    pub(super) issue: Option<u32>,
    pub(super) among: Option<Among>,
    /// Whether nothing fits, whatever the rows say.
    pub(super) nothing: bool,
}

fn fits<T: PartialEq>(wanted: &[T], value: Option<T>) -> bool {
    wanted.is_empty() || value.is_some_and(|value| wanted.contains(&value))
}

impl ListFilter {
    /// Which states of issues fit.
    pub(super) fn issue_states(&self) -> [bool; 256] {
        let mut states = [false; 256];
        for (number, to) in (0_u8..=255).zip(&mut states) {
            *to = number & 7 != 0
                && fits(&self.statuses, status(number & 7))
                && fits(&self.severities, severity(severity_of(number)))
                && fits(&self.decisions, decision(decision_of(number)));
        }
        states
    }

    /// Which states of findings fit, once their severity is known.
    pub(super) fn finding_states(&self) -> [bool; 256] {
        let mut states = [false; 256];
        for (number, to) in (0_u8..64).zip(&mut states) {
            let level = severity_of(number).checked_sub(1).and_then(severity);
            *to = number & 7 != 0
                && fits(&self.statuses, status(number & 7))
                && fits(&self.severities, level);
        }
        states
    }

    /// The filter without what findings say themselves.
    pub(super) fn of_issues(&self) -> Self {
        Self {
            severities: Vec::new(),
            statuses: Vec::new(),
            tools: Vec::new(),
            seen_since: None,
            ..self.clone()
        }
    }

    pub(super) fn wanted(&self, inner: &Inner) -> Wanted {
        let min_score = self.min_score.map(u16::try_from);
        let issue = self.issue.map(u32::try_from);
        Wanted {
            states: self.issue_states(),
            groups: self.groups(inner),
            assets: self.assets(inner),
            nothing: matches!(min_score, Some(Err(_))) || matches!(issue, Some(Err(_))),
            min_score: min_score.and_then(Result::ok).unwrap_or_default(),
            since: self.wanted_since(),
            issue: issue.and_then(Result::ok),
            among: self.among.clone(),
        }
    }

    fn assets(&self, inner: &Inner) -> Option<IdSet> {
        let text = self.asset.as_deref().map(|text| inner.assets.holding(&text.to_lowercase()));
        if self.asset_is.is_empty() {
            return text;
        }
        let named = self.asset_is.iter().filter_map(|key| inner.assets.find(&key.to_lowercase()));
        let fits = |number: &i64| text.as_ref().is_none_or(|text| text.contains(*number));
        let mut only = IdSet::default();
        only.extend(named.map(i64::from).filter(fits));
        Some(only)
    }

    /// The groups that fit; `None` where all do.
    pub(super) fn groups(&self, inner: &Inner) -> Option<IdSet> {
        let asks = self.control.is_some()
            || self.team.is_some()
            || self.account.is_some()
            || self.region.is_some()
            || self.kind.is_some()
            || !(self.tools.is_empty() && self.providers.is_empty() && self.classes.is_empty());
        if !asks {
            return None;
        }
        let mut found = IdSet::default();
        for (number, group) in (0..).zip(inner.groups.iter()) {
            if self.fits_group(inner, group) {
                found.insert(number);
            }
        }
        Some(found)
    }

    fn fits_group(&self, inner: &Inner, group: &Group) -> bool {
        let is = |wanted: &Option<String>, part: &Part| {
            wanted.as_deref().is_none_or(|w| inner.part(group, part).unwrap_or_default() == w)
        };
        let below = |wanted: &str| {
            let control = inner.part(group, &Part::Control);
            let rest = control.and_then(|control| control.strip_prefix(wanted));
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        let provider = || inner.part(group, &Part::Provider);
        let is_wanted = |tool: &str| self.tools.iter().any(|wanted| wanted == tool);
        self.control.as_deref().is_none_or(below)
            && is(&self.team, &Part::Team)
            && is(&self.account, &Part::Account)
            && is(&self.region, &Part::Region)
            && is(&self.kind, &Part::Kind)
            && fits(&self.classes, class(group.class))
            && (self.providers.is_empty()
                || provider().is_some_and(|p| self.providers.iter().any(|wanted| wanted == p)))
            && (self.tools.is_empty() || inner.tools_of(group).any(is_wanted))
    }
}

impl ListFilter {
    /// The seconds since 1970 that a row must have been seen after.
    pub(super) fn wanted_since(&self) -> u32 {
        self.seen_since.map_or(0, |time| seconds(micros(time)))
    }

    /// Which tools of findings fit, by their numbers, and the groups that fit where the tool of a
    /// finding is not known; `None` where all do.
    pub(super) fn tools_wanted(&self, inner: &Inner) -> Option<(Vec<bool>, IdSet)> {
        if self.tools.is_empty() {
            return None;
        }
        let is_wanted = |name: &u32| {
            let name = inner.name(*name);
            self.tools.iter().any(|wanted| wanted == name)
        };
        let only = Self { tools: self.tools.clone(), ..Self::default() };
        Some((inner.tools.iter().map(is_wanted).collect(), only.groups(inner).unwrap_or_default()))
    }
}
