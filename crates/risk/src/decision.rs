//! What to do about an issue: one word by written rules, with the reason.
//!
//! The questions are those of SSVC (CERT/CC, Stakeholder-Specific Vulnerability Categorization):
//! is it exploited, can it be reached, what is there to lose; and how good the evidence is.

use quell_catalog::Exposure;
use quell_model::{Decided, Decision, FindingClass, Issue, Severity, Ticket, Timestamp};

use serde::{Deserialize, Serialize};

use crate::Factors;
use crate::facts::{Data, Facts, Place, Reach};
use crate::parts::{EPSS_POINTS, LIKELY, UNLIKELY};

/// What is known of an issue beyond itself and its risk.
#[derive(Debug, Clone, Copy, Default)]
pub struct Circumstances {
    /// What the control says a failing asset implies.
    pub implies: Exposure,
    /// Whether a supplier or a person says that it is not affected, or fixed.
    pub excused: bool,
    /// Whether one of the tools that see it hides it.
    pub hidden: bool,
    /// The newest sighting of anything: what is much older is stale.
    pub as_of: Option<Timestamp>,
}

/// Days without a sighting, beside newer ones, after which an issue is stale.
const STALE_DAYS: i64 = 365;

type Word = (Decision, String);

/// Decides. The issue's risk must have been judged: exploitation is read off its parts.
#[must_use]
pub fn decide(issue: &Issue, by: &Circumstances) -> Decided {
    let facts = Facts::of(issue, &factors(issue, by.implies), None);
    let (decision, because) = word(issue, &facts, by);
    Decided { decision, because, ticket: ticket(decision, &facts), due_days: due(decision, &facts) }
}

/// The decision of a story is that of its most urgent issue; of several, the riskiest one's, which
/// stands first.
#[must_use]
pub fn decide_story<'d>(issues: impl Iterator<Item = &'d Decided>) -> Option<&'d Decided> {
    let urgency = |d: &Decided| (d.decision, std::cmp::Reverse(d.due_days.unwrap_or(u16::MAX)));
    issues.reduce(|best, next| if urgency(next) > urgency(best) { next } else { best })
}

/// What the parts of the risk still tell of what it was judged by.
fn factors(issue: &Issue, implies: Exposure) -> Factors<'static> {
    let points = |name: &str| issue.risk.parts.iter().find(|p| p.name == name).map(|p| p.points);
    Factors {
        epss: points("epss").map(|points| f64::from(points.max(0)) / f64::from(EPSS_POINTS)),
        exploited: points("kev").is_some(),
        implies,
        ..Factors::default()
    }
}

/// The decision on an open issue that nothing excuses, but for what the rest of the estate says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provisional {
    decision: Decision,
    is_grave: bool,
    last_seen: Option<Timestamp>,
}

impl Provisional {
    /// Decides by what the issue alone says.
    #[must_use]
    pub fn of(issue: &Issue, implies: Exposure) -> Self {
        let facts = Facts::of(issue, &factors(issue, implies), None);
        let (decision, _) = alone(issue, &facts);
        Self { decision, is_grave: is_grave(&facts), last_seen: issue.last_seen }
    }

    /// The decision, what it is where a tool hides the issue, and what where it is stale.
    #[must_use]
    pub fn words(&self) -> [Decision; 3] {
        let hidden = Circumstances { hidden: true, ..Circumstances::default() };
        let late = Circumstances { as_of: Some(Timestamp::MAX), ..Circumstances::default() };
        [self.decision, self.settle(&hidden), self.settle(&late)]
    }

    /// From when on it is stale, in nanoseconds since 1970, should anything be seen then.
    #[must_use]
    pub fn stale_from(&self) -> Option<i128> {
        let days = i128::from(STALE_DAYS + 1);
        Some(self.last_seen?.as_nanosecond() + days * 86_400 * 1_000_000_000)
    }

    /// The decision in the light of the rest.
    #[must_use]
    pub fn settle(&self, by: &Circumstances) -> Decision {
        self.softer(by).map_or(self.decision, |(decision, _)| decision)
    }

    /// What weakens the decision, if anything does.
    fn softer(&self, by: &Circumstances) -> Option<(Decision, Softer)> {
        let (to, why) = match self.decision {
            Decision::Act => return None,
            Decision::Plan | Decision::Watch | Decision::Noise if by.hidden => {
                (Decision::Watch, Softer::Hidden)
            }
            // What is old and grave is rather forgotten than gone.
            Decision::Plan | Decision::Watch | Decision::Noise if self.is_grave => return None,
            Decision::Plan => (Decision::Watch, Softer::Stale(stale(self.last_seen, by)?)),
            Decision::Watch | Decision::Noise => {
                (Decision::Noise, Softer::Stale(stale(self.last_seen, by)?))
            }
        };
        (self.decision > to).then_some((to, why))
    }
}

/// What weakens a decision.
enum Softer {
    /// One of its tools hides it.
    Hidden,
    /// So many days without a sighting.
    Stale(i64),
}

fn word(issue: &Issue, facts: &Facts, by: &Circumstances) -> Word {
    if issue.status.is_open() && by.excused {
        return excused(facts);
    }
    let (decision, because) = alone(issue, facts);
    let firm = Provisional { decision, is_grave: is_grave(facts), last_seen: issue.last_seen };
    match firm.softer(by) {
        Some((to, Softer::Hidden)) => (to, format!("one of its tools hides it, else: {because}")),
        Some((to, Softer::Stale(days))) => {
            (to, format!("no tool has seen it for {days} days while newer findings came"))
        }
        None => (decision, because),
    }
}

/// The decision by what the issue alone says.
fn alone(issue: &Issue, facts: &Facts) -> Word {
    if !issue.status.is_open() {
        return (Decision::Noise, "it is closed, or its source hides it".to_owned());
    }
    if facts.class == FindingClass::Detection && is_sample(issue.title.raw()) {
        return (Decision::Noise, "the tool itself calls it a sample or a test".to_owned());
    }
    by_class(facts)
}

/// The words with which GuardDuty and Defender mark what they raise for a try. They are the whole
/// title or stand before it: names of things that somebody else gave stand further behind.
fn is_sample(title: &str) -> bool {
    const MAKERS: [&str; 3] = ["", "azure security center ", "microsoft defender for cloud "];
    let title = title.trim().to_ascii_lowercase();
    let of_maker = |maker: &&str| {
        let words = title.strip_prefix(*maker)?.strip_prefix("test alert")?;
        words.strip_suffix("(not a threat)").filter(|between| between.len() <= 24)
    };
    title.starts_with("[sample]") || MAKERS.iter().any(|maker| of_maker(maker).is_some())
}

/// Days since it was last seen, where that is long before the newest sighting of anything.
fn stale(last_seen: Option<Timestamp>, by: &Circumstances) -> Option<i64> {
    let days = by.as_of?.duration_since(last_seen?).as_hours() / 24;
    (days > STALE_DAYS).then_some(days)
}

fn excused(facts: &Facts) -> Word {
    if facts.exploited && facts.reach.is_open() {
        let why = "a statement says that it is not affected or fixed, but it is exploited in the \
                   wild and within reach: review the statement";
        return (Decision::Watch, why.to_owned());
    }
    (Decision::Noise, "a statement says that it is not affected, or fixed".to_owned())
}

fn by_class(facts: &Facts) -> Word {
    match facts.class {
        FindingClass::Detection => detection(facts),
        FindingClass::Secret => secret(facts),
        FindingClass::Vulnerability => vulnerability(facts),
        FindingClass::License => license(facts),
        FindingClass::Misconfiguration
        | FindingClass::CodeWeakness
        | FindingClass::AttackPath
        | FindingClass::Identity
        | FindingClass::DataRisk => setting(facts),
    }
}

fn is_grave(facts: &Facts) -> bool {
    facts.severity >= Severity::High
}

/// A place where nothing is lost: no production, no sensitive data, no administrator.
fn is_harmless(facts: &Facts) -> bool {
    facts.place == Place::Lower && !facts.is_valuable()
}

/// What there is to lose, as a phrase.
fn at_stake(facts: &Facts) -> &'static str {
    match (facts.is_sensitive(), facts.is_admin(), facts.place) {
        (true, true, _) => "sensitive data and administrator rights are at stake",
        (true, false, _) => "sensitive data is at stake",
        (false, true, _) => "administrator rights are at stake",
        (false, false, Place::Production) => "production is at stake",
        (false, false, Place::Staging | Place::Lower | Place::Unknown) => {
            "what is at stake is not known"
        }
    }
}

fn detection(facts: &Facts) -> Word {
    let stake = at_stake(facts);
    let severity = facts.severity.as_str();
    match facts.severity {
        Severity::Critical | Severity::High if is_harmless(facts) => (
            Decision::Plan,
            format!("something of severity {severity} happened outside production"),
        ),
        Severity::Critical | Severity::High => {
            (Decision::Act, format!("something of severity {severity} happened, and {stake}"))
        }
        Severity::Medium | Severity::Unknown if facts.is_valuable() => {
            (Decision::Act, format!("something happened, and {stake}"))
        }
        Severity::Medium | Severity::Unknown if is_harmless(facts) => (
            Decision::Watch,
            format!("something of severity {severity} happened outside production"),
        ),
        Severity::Medium | Severity::Unknown => {
            (Decision::Plan, format!("something of severity {severity} happened"))
        }
        Severity::Low if facts.is_valuable() => {
            (Decision::Plan, format!("something of low severity happened, but {stake}"))
        }
        Severity::Low if !is_harmless(facts) => {
            (Decision::Watch, "something of low severity happened".to_owned())
        }
        Severity::Low | Severity::Informational => {
            (Decision::Noise, "what happened is of no weight by itself".to_owned())
        }
    }
}

fn secret(facts: &Facts) -> Word {
    let usable = is_grave(facts) || facts.severity == Severity::Unknown;
    if facts.is_admin() {
        return (Decision::Act, "the credential is an administrator's".to_owned());
    }
    if usable && (facts.reach.is_open() || facts.is_sensitive()) {
        let why = format!("who finds the credential can use it, and {}", at_stake(facts));
        return (Decision::Act, why);
    }
    if usable && facts.place == Place::Production {
        return (Decision::Act, "the credential opens production".to_owned());
    }
    if usable {
        return (Decision::Plan, "who finds the credential can use it".to_owned());
    }
    (Decision::Watch, format!("a credential of severity {}", facts.severity.as_str()))
}

fn vulnerability(facts: &Facts) -> Word {
    if facts.exploited {
        return exploited(facts);
    }
    let likely = facts.epss.is_some_and(|p| p >= LIKELY);
    let unlikely = facts.epss.is_some_and(|p| p < UNLIKELY);
    let severity = facts.severity.as_str();
    if facts.reach.is_open() && likely && !is_harmless(facts) && facts.severity >= Severity::Medium
    {
        let why = "it is likely to be exploited soon and within reach of the internet";
        let worth = facts.is_valuable() || facts.place == Place::Production;
        let word = if worth { Decision::Act } else { Decision::Plan };
        return (word, format!("{why}, and {}", at_stake(facts)));
    }
    if is_harmless(facts) && !facts.reach.is_open() {
        return (
            Decision::Noise,
            format!("severity {severity}, outside production, not exploited"),
        );
    }
    if facts.reach.is_open() && is_grave(facts) {
        let idle = is_harmless(facts) && !likely;
        let word = if idle { Decision::Watch } else { Decision::Plan };
        return (word, format!("severity {severity} and within reach of the internet"));
    }
    if unlikely {
        let worth = is_grave(facts) && (facts.is_valuable() || facts.place == Place::Production);
        let word = if worth { Decision::Watch } else { Decision::Noise };
        return (word, format!("severity {severity}, but hardly likely to be exploited"));
    }
    match facts.severity {
        Severity::Critical => (Decision::Plan, "severity critical".to_owned()),
        Severity::High if facts.reach == Reach::Denied && !likely => {
            (Decision::Watch, "severity high, but the internet does not reach it".to_owned())
        }
        Severity::High => (Decision::Plan, "severity high".to_owned()),
        Severity::Medium | Severity::Unknown if likely => {
            (Decision::Plan, "it is likely to be exploited soon".to_owned())
        }
        Severity::Medium | Severity::Unknown => {
            (Decision::Watch, format!("severity {severity}, not known to be exploited"))
        }
        Severity::Low | Severity::Informational => {
            (Decision::Noise, format!("severity {severity}, not known to be exploited"))
        }
    }
}

fn exploited(facts: &Facts) -> Word {
    let wild = "it is exploited in the wild";
    match facts.reach {
        Reach::Said | Reach::Implied => {
            (Decision::Act, format!("{wild} and the internet reaches it here"))
        }
        Reach::Unknown if facts.is_valuable() => {
            (Decision::Act, format!("{wild}, and {}", at_stake(facts)))
        }
        Reach::Unknown => (Decision::Plan, format!("{wild}; no tool says that it can be reached")),
        Reach::Denied => (Decision::Plan, format!("{wild}, but the internet does not reach it")),
    }
}

fn license(facts: &Facts) -> Word {
    if is_grave(facts) && facts.place != Place::Lower {
        return (Decision::Plan, "a licence that the policy does not allow".to_owned());
    }
    (Decision::Watch, "a licence to be looked at".to_owned())
}

/// A setting of what holds public data only is no more than something to watch.
fn setting(facts: &Facts) -> Word {
    let word = setting_of_any(facts);
    let public = facts.data == Data::Public && !facts.is_admin() && facts.reach != Reach::Said;
    if public && word.0 > Decision::Watch {
        return (Decision::Watch, "it holds public data only".to_owned());
    }
    word
}

fn setting_of_any(facts: &Facts) -> Word {
    let severity = facts.severity.as_str();
    let grave = is_grave(facts);
    let opens = facts.reach.is_open();
    let counts = facts.severity >= Severity::Medium;
    if counts && opens && facts.is_sensitive() {
        return (Decision::Act, "the internet reaches it and it holds sensitive data".to_owned());
    }
    if counts && opens && facts.is_admin() && (grave || facts.place == Place::Production) {
        return (Decision::Act, "the internet reaches it and it is an administrator".to_owned());
    }
    if facts.class == FindingClass::AttackPath && grave && opens && !is_harmless(facts) {
        return (Decision::Act, "a tool shows a way in from the internet".to_owned());
    }
    let path = facts.class == FindingClass::AttackPath && facts.reach != Reach::Denied;
    if path && grave && facts.is_valuable() {
        return (Decision::Act, format!("a tool shows a way in, and {}", at_stake(facts)));
    }
    if is_harmless(facts) {
        let why = format!("severity {severity}, outside production with nothing sensitive");
        return (if grave && opens { Decision::Watch } else { Decision::Noise }, why);
    }
    let production = facts.place == Place::Production;
    let why = format!("severity {severity}, {}", surroundings(facts));
    match facts.severity {
        Severity::Critical | Severity::High => (Decision::Plan, why),
        Severity::Medium | Severity::Unknown if opens || facts.is_valuable() => {
            (Decision::Plan, why)
        }
        Severity::Medium | Severity::Unknown => (Decision::Watch, why),
        Severity::Low if production || opens || facts.is_valuable() => (Decision::Watch, why),
        Severity::Low | Severity::Informational => {
            (Decision::Noise, format!("hygiene of severity {severity}"))
        }
    }
}

fn surroundings(facts: &Facts) -> &'static str {
    match (facts.reach, facts.is_valuable()) {
        (Reach::Said | Reach::Implied, _) => "and the internet reaches it",
        (Reach::Unknown | Reach::Denied, true) => "and there is something to lose",
        (Reach::Denied, false) => "but the internet does not reach it",
        (Reach::Unknown, false) => "with no known way in",
    }
}

const fn ticket(decision: Decision, facts: &Facts) -> Ticket {
    match decision {
        Decision::Act => Ticket::Now,
        Decision::Plan if facts.exploited => Ticket::Now,
        Decision::Plan => Ticket::Batch,
        Decision::Watch | Decision::Noise => Ticket::None,
    }
}

/// CISA's directives give 14 days for what is exploited (BOD 22-01), 15 for critical and 30 for
/// high (BOD 19-02).
fn due(decision: Decision, facts: &Facts) -> Option<u16> {
    match decision {
        Decision::Act if facts.class == FindingClass::Detection => Some(1),
        Decision::Act if facts.exploited || facts.severity == Severity::Critical => Some(3),
        Decision::Act => Some(7),
        Decision::Plan if facts.exploited => Some(14),
        Decision::Plan => Some(match facts.severity {
            Severity::Critical => 15,
            Severity::High => 30,
            Severity::Medium | Severity::Unknown => 90,
            Severity::Low | Severity::Informational => 180,
        }),
        Decision::Watch | Decision::Noise => None,
    }
}

#[cfg(test)]
mod tests {
    use super::is_sample;

    #[test]
    fn only_the_maker_s_own_mark_makes_a_sample() {
        for title in [
            "[SAMPLE] EC2 instance i-1 is communicating with a Tor node",
            "Azure Security Center test alert (not a threat)",
            "Microsoft Defender for Cloud test alert for K8S (not a threat)",
            "Test alert (not a threat)",
        ] {
            assert!(is_sample(title), "{title}");
        }
        // Somebody named a thing so, and the title names the thing.
        for title in [
            "Unusual login to vm test alert (not a threat)",
            "Shell in pod [SAMPLE]",
            "Test alert of another kind altogether in pod x (not a threat)",
        ] {
            assert!(!is_sample(title), "{title}");
        }
    }
}
