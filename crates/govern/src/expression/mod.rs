//! Expressions over issues: what an exception is about.
//!
//! `severity <= medium and (account = "111*" or tag.team = shop) and not exposed = true`
//!
//! An answer is yes, no or unknown (Kleene's three values). What tools often leave out, as the
//! environment or a tag, is unknown where nobody says it, and unknown never hides an issue.

mod parse;
#[cfg(test)]
mod tests;
mod write;

use quell_model::Severity;

pub use parse::{Fault, ID_LENGTH, MOST_BYTES};

use quell_model::fits;

/// What an expression may ask of an issue.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    /// The issue's id.
    Issue,
    /// The asset's key.
    Asset,
    /// The asset's account.
    Account,
    /// The asset's provider.
    Provider,
    /// The asset's region.
    Region,
    /// The asset's kind.
    Kind,
    /// The value of one of the asset's tags.
    Tag(String),
    /// The control.
    Control,
    /// The weakness: `CVE-…` or an advisory's id, aliases too.
    Cve,
    /// The package with the weakness.
    Package,
    /// A rule of a tool.
    Rule,
    /// A tool that sees it.
    Tool,
    /// The kind of fault.
    Class,
    /// Who owns the asset.
    Team,
    /// The asset's environment.
    Environment,
    /// A file in which it was found.
    Path,
    /// The severity.
    Severity,
    /// Whether the asset is reached from the internet.
    Exposed,
}

impl Field {
    /// The fields with a fixed name, in alphabetical order.
    pub(crate) const NAMED: [(&'static str, Self); 17] = [
        ("account", Self::Account),
        ("asset", Self::Asset),
        ("class", Self::Class),
        ("control", Self::Control),
        ("cve", Self::Cve),
        ("environment", Self::Environment),
        ("exposed", Self::Exposed),
        ("issue", Self::Issue),
        ("kind", Self::Kind),
        ("package", Self::Package),
        ("path", Self::Path),
        ("provider", Self::Provider),
        ("region", Self::Region),
        ("rule", Self::Rule),
        ("severity", Self::Severity),
        ("team", Self::Team),
        ("tool", Self::Tool),
    ];

    /// Whether it is kept beside the columns of lists, and has to be read for itself.
    #[must_use]
    pub const fn is_beside(&self) -> bool {
        match self {
            Self::Tag(_)
            | Self::Cve
            | Self::Package
            | Self::Rule
            | Self::Environment
            | Self::Path
            | Self::Exposed => true,
            Self::Issue
            | Self::Asset
            | Self::Account
            | Self::Provider
            | Self::Region
            | Self::Kind
            | Self::Control
            | Self::Tool
            | Self::Class
            | Self::Team
            | Self::Severity => false,
        }
    }
}

/// How severities are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Below.
    Below,
    /// Below, or the same.
    AtMost,
    /// The same, or above.
    AtLeast,
    /// Above.
    Above,
}

/// An expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expression {
    /// All hold.
    And(Vec<Expression>),
    /// One holds.
    Or(Vec<Expression>),
    /// It does not hold.
    Not(Box<Expression>),
    /// The field fits one of these patterns.
    Is(Field, Vec<String>),
    /// The severity is one of these.
    SeverityIs(Vec<Severity>),
    /// The severity is below, at, or above this.
    SeverityOrder(Order, Severity),
    /// Whether the asset is reached from the internet.
    Exposed(bool),
}

/// Yes, no, or not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Truth {
    /// It holds.
    Yes,
    /// It does not.
    No,
    /// Nobody says.
    Unknown,
}

impl Truth {
    const fn of(holds: bool) -> Self {
        if holds { Self::Yes } else { Self::No }
    }

    const fn not(self) -> Self {
        match self {
            Self::Yes => Self::No,
            Self::No => Self::Yes,
            Self::Unknown => Self::Unknown,
        }
    }
}

/// What is known of one issue.
pub trait Facts {
    /// Calls back for each value of a field, until one call says that it fits. `None` where nobody
    /// says any.
    fn any(&self, field: &Field, fits: &mut dyn FnMut(&str) -> bool) -> Option<bool>;
    /// The severity.
    fn severity(&self) -> Severity;
    /// Whether the asset is reached from the internet.
    fn exposed(&self) -> Option<bool>;
}

impl Expression {
    /// Whether it holds of an issue.
    pub fn holds(&self, facts: &impl Facts) -> Truth {
        match self {
            Self::And(all) => every(all.iter().map(|one| one.holds(facts))),
            Self::Or(all) => every(all.iter().map(|one| one.holds(facts).not())).not(),
            Self::Not(one) => one.holds(facts).not(),
            Self::Is(field, patterns) => {
                let mut is_one = |text: &str| patterns.iter().any(|pattern| fits(pattern, text));
                facts.any(field, &mut is_one).map_or(Truth::Unknown, Truth::of)
            }
            Self::SeverityIs(all) => Truth::of(all.contains(&facts.severity())),
            Self::SeverityOrder(order, than) => {
                let own = facts.severity();
                Truth::of(match order {
                    Order::Below => own.rank() < than.rank(),
                    Order::AtMost => own.rank() <= than.rank(),
                    Order::AtLeast => own.rank() >= than.rank(),
                    Order::Above => own.rank() > than.rank(),
                })
            }
            Self::Exposed(wanted) => {
                facts.exposed().map_or(Truth::Unknown, |exposed| Truth::of(exposed == *wanted))
            }
        }
    }

    /// Whether it asks for a field that is kept beside the columns of lists.
    #[must_use]
    pub fn asks_beside(&self) -> bool {
        match self {
            Self::And(all) | Self::Or(all) => all.iter().any(Self::asks_beside),
            Self::Not(one) => one.asks_beside(),
            Self::Is(field, _) => field.is_beside(),
            Self::SeverityIs(_) | Self::SeverityOrder(..) => false,
            Self::Exposed(_) => true,
        }
    }

    /// A field with the texts, in small letters, of which an issue must bear one for it to hold:
    /// who judges many expressions looks them up by it. `None` where there is no such field.
    #[must_use]
    pub fn anchor(&self) -> Option<(&Field, Vec<String>)> {
        match self {
            Self::Is(field, patterns) => {
                let is_plain = patterns.iter().all(|pattern| !pattern.contains(['*', '?']));
                let anchors = matches!(
                    field,
                    Field::Cve | Field::Rule | Field::Control | Field::Issue | Field::Asset
                );
                let texts = patterns.iter().map(|pattern| pattern.to_ascii_lowercase());
                (is_plain && anchors).then(|| (field, texts.collect()))
            }
            Self::And(all) => all.iter().find_map(Self::anchor),
            Self::Or(all) => {
                let mut anchors = all.iter().map(Self::anchor);
                let (field, texts) = anchors.next()??;
                anchors.try_fold((field, texts), |(field, mut texts), anchor| {
                    let (_, more) = anchor.filter(|(other, _)| *other == field)?;
                    texts.extend(more);
                    Some((field, texts))
                })
            }
            Self::Not(_) | Self::SeverityIs(_) | Self::SeverityOrder(..) | Self::Exposed(_) => None,
        }
    }
}

/// Whether all hold: one that does not settles it.
fn every(all: impl Iterator<Item = Truth>) -> Truth {
    let mut result = Truth::Yes;
    for one in all {
        match one {
            Truth::No => return Truth::No,
            Truth::Unknown => result = Truth::Unknown,
            Truth::Yes => {}
        }
    }
    result
}
