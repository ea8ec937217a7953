//! One made-up world that all platforms look at: accounts, things in them, and what is wrong with
//! them. A platform sees some of it, under its own ids, names and times.

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use quell_catalog::Catalog;
use quell_model::{Severity, Timestamp};

use crate::random::Random;

const FAULTS: &str = include_str!("../../data/faults.tsv");

/// Whose cloud it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cloud {
    /// Amazon.
    Aws,
    /// Microsoft.
    Azure,
    /// Google.
    Gcp,
}

/// An account, subscription or project.
#[derive(Debug, Clone)]
pub struct Account {
    /// Whose cloud.
    pub cloud: Cloud,
    /// The cloud's own id.
    pub id: &'static str,
    /// What people call it.
    pub name: &'static str,
    /// `prod`, `staging` or `dev`.
    pub environment: &'static str,
}

const ACCOUNTS: &[Account] = &[
    Account { cloud: Cloud::Aws, id: "111122223333", name: "shop-prod", environment: "prod" },
    Account { cloud: Cloud::Aws, id: "111122224444", name: "shop-staging", environment: "staging" },
    Account { cloud: Cloud::Aws, id: "111122225555", name: "data-prod", environment: "prod" },
    Account {
        cloud: Cloud::Azure,
        id: "3f1c9c1e-5a4d-4d0b-9c55-6f0f7a1e2b31",
        name: "office",
        environment: "prod",
    },
    Account { cloud: Cloud::Gcp, id: "analytics-4711", name: "analytics", environment: "dev" },
];

/// What kind of thing it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A bucket.
    Bucket,
    /// A managed database.
    Database,
    /// A virtual machine.
    Machine,
    /// A security group.
    Firewall,
    /// A function.
    Function,
    /// A key.
    Key,
    /// A queue.
    Queue,
    /// A container image in a registry.
    Image,
}

/// A thing in an account.
#[derive(Debug, Clone)]
pub struct Thing {
    /// Its number in the world.
    pub number: usize,
    /// What it is.
    pub kind: Kind,
    /// Where.
    pub account: &'static Account,
    /// Where, as the cloud calls it.
    pub region: &'static str,
    /// What people call it.
    pub name: String,
    /// What the cloud calls it within the account (`i-…`, a bucket's name, `sha256:…`).
    pub id: String,
    /// The cloud's whole name: ARN, Azure resource id, GCP full resource name, or image with digest.
    pub native: String,
    /// Tags or labels.
    pub tags: Vec<(&'static str, String)>,
    /// Whether the internet reaches it.
    pub exposed: bool,
    /// Its public address, where it has one.
    pub address: Option<String>,
    /// Its host name, for machines.
    pub host: Option<String>,
}

impl Thing {
    /// The id that a machine in Azure knows itself by.
    #[must_use]
    pub fn vm_id(&self) -> String {
        format!("5f1c9c1e-5a4d-4d0b-9c55-{:012x}", self.number)
    }
}

/// What is wrong with a thing.
#[derive(Debug, Clone)]
pub struct Flaw {
    /// Its number in the world.
    pub number: usize,
    /// The number of the thing.
    pub thing: usize,
    /// What it is.
    pub cause: Cause,
    /// How bad.
    pub severity: Severity,
    /// Who sees it.
    pub seers: Vec<Seer>,
    /// Since when it is there.
    pub opened: Timestamp,
    /// When it last changed.
    pub changed: Timestamp,
    /// How it ended, where it did.
    pub fix: Option<Fix>,
}

/// How a flaw ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fix {
    /// When.
    pub at: Timestamp,
    /// Whether platforms forget it, instead of telling that it is closed.
    pub forgotten: bool,
}

/// A platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Seer {
    /// Wiz.
    Wiz,
    /// Prisma Cloud.
    Prisma,
    /// Orca.
    Orca,
    /// Lacework.
    Lacework,
}

impl Seer {
    /// All.
    pub const ALL: [Self; 4] = [Self::Wiz, Self::Prisma, Self::Orca, Self::Lacework];
}

/// What is wrong.
#[derive(Debug, Clone)]
pub enum Cause {
    /// A setting.
    Misconfiguration(Misconfiguration),
    /// A known weakness in a package.
    Vulnerability(Vulnerability),
    /// Something that happened.
    Detection(Detection),
}

/// A setting that is wrong.
#[derive(Debug, Clone)]
pub struct Misconfiguration {
    /// The catalogue's control.
    pub control: &'static str,
    /// The rule's id in Checkov, which Wiz names beside its own; empty where there is none.
    pub checkov: String,
    /// How Wiz, Prisma Cloud, Orca and Lacework word it. Prisma's and Lacework's are names and
    /// ids that the catalogue knows where it knows one.
    pub titles: [String; 4],
    /// Prisma's and Lacework's id of the rule.
    pub rules: [String; 2],
}

/// A known weakness in a package.
#[derive(Debug, Clone)]
pub struct Vulnerability {
    /// Its CVE.
    pub cve: &'static str,
    /// The package.
    pub package: &'static str,
    /// What is installed.
    pub installed: &'static str,
    /// What repairs it; empty where nothing does.
    pub fixed: &'static str,
    /// CVSS 3.1 base score.
    pub cvss: f64,
    /// Whether it is in the list of exploited ones.
    pub exploited: bool,
}

/// Something that happened.
#[derive(Debug, Clone)]
pub struct Detection {
    /// What.
    pub title: &'static str,
    /// ATT&CK technique.
    pub technique: &'static str,
    /// ATT&CK tactic.
    pub tactic: &'static str,
    /// Who did it, as the cloud names them.
    pub actor: String,
    /// From where.
    pub address: String,
    /// The process, for machines.
    pub process: &'static str,
}

const VULNERABILITIES: &[Vulnerability] = &[
    weak("CVE-2021-44228", ["log4j-core", "2.14.1", "2.15.0"], 10.0, true),
    weak("CVE-2022-22965", ["spring-beans", "5.3.17", "5.3.18"], 9.8, true),
    weak("CVE-2023-4911", ["glibc", "2.35-0ubuntu3.1", "2.35-0ubuntu3.4"], 7.8, true),
    weak("CVE-2024-3094", ["xz-utils", "5.6.1", "5.6.2"], 10.0, false),
    weak("CVE-2023-44487", ["nghttp2", "1.43.0-1build3", "1.43.0-1ubuntu0.1"], 7.5, true),
    weak("CVE-2022-0778", ["openssl", "1.1.1f-1ubuntu2.8", "1.1.1f-1ubuntu2.12"], 7.5, false),
    weak("CVE-2021-3156", ["sudo", "1.8.31-1ubuntu1", "1.8.31-1ubuntu1.2"], 7.8, true),
    weak(
        "CVE-2022-37434",
        ["zlib1g", "1:1.2.11.dfsg-2ubuntu1.2", "1:1.2.11.dfsg-2ubuntu1.5"],
        9.8,
        false,
    ),
];

const fn weak(
    cve: &'static str,
    [package, installed, fixed]: [&'static str; 3],
    cvss: f64,
    exploited: bool,
) -> Vulnerability {
    Vulnerability { cve, package, installed, fixed, cvss, exploited }
}

/// Title, technique, tactic, process.
const DETECTIONS: &[[&str; 4]] = &[
    ["Cryptocurrency miner was started", "T1496", "TA0040", "xmrig"],
    ["Reverse shell to an unknown address", "T1059.004", "TA0002", "bash"],
    ["Access key used from a new country", "T1078.004", "TA0001", ""],
    ["Instance credentials used outside the cloud", "T1552.005", "TA0006", "curl"],
    ["Logging of the account was stopped", "T1562.008", "TA0005", ""],
];

/// The world. Clones share it.
#[derive(Debug, Clone)]
pub struct World(Arc<RwLock<State>>);

/// What the world holds.
#[derive(Debug)]
pub struct State {
    /// Its things, by number.
    pub things: Vec<Thing>,
    /// Its flaws, by number.
    pub flaws: Vec<Flaw>,
    /// How often somebody was about to change it, so that what is sorted by doubles is sorted anew.
    pub version: u64,
    random: Random,
    settings: Vec<(Kind, Misconfiguration)>,
}

impl World {
    /// A world with so many flaws. The same seed makes the same world; all of it happened before `now`.
    #[must_use]
    pub fn new(seed: u64, flaws: usize, now: Timestamp) -> Self {
        let catalog = Catalog::embedded().ok();
        let mut inner = State {
            things: Vec::new(),
            flaws: Vec::new(),
            version: 0,
            random: Random::new(seed),
            settings: settings(catalog.as_ref()),
        };
        while inner.flaws.len() < flaws {
            let days = inner.random.below(60);
            let seconds =
                i64::try_from(days * 86_400 + inner.random.below(86_400)).unwrap_or(0) + 600;
            let at = now - jiff::SignedDuration::from_secs(seconds);
            inner.thing();
            let thing = inner.things.len() - 1;
            let more = inner.random.below(4) + 1;
            let left = flaws.saturating_sub(inner.flaws.len());
            for _ in 0..usize::try_from(more).unwrap_or(1).min(left) {
                inner.flaw(thing, at);
            }
        }
        Self(Arc::new(RwLock::new(inner)))
    }

    /// Looks at it.
    pub fn read(&self) -> RwLockReadGuard<'_, State> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes it.
    pub fn write(&self) -> RwLockWriteGuard<'_, State> {
        let mut state = self.0.write().unwrap_or_else(PoisonError::into_inner);
        state.version += 1;
        state
    }
}

impl State {
    /// What a platform sees, ended or not, in the order in which it came.
    pub fn seen_by(&self, seer: Seer) -> impl Iterator<Item = (&Flaw, &Thing)> {
        let seen = self.flaws.iter().filter(move |flaw| flaw.is_seen_by(seer));
        seen.filter_map(|flaw| Some((flaw, self.things.get(flaw.thing)?)))
    }

    /// Something new is wrong with something new. Its number.
    pub fn open(&mut self, at: Timestamp) -> usize {
        self.thing();
        self.flaw(self.things.len().saturating_sub(1), at);
        self.flaws.len().saturating_sub(1)
    }

    /// A flaw ends; with `forgotten` no platform tells of it any more.
    pub fn end(&mut self, number: usize, at: Timestamp, forgotten: bool) {
        if let Some(flaw) = self.flaws.get_mut(number) {
            flaw.fix = Some(Fix { at, forgotten });
            flaw.changed = at;
        }
    }

    /// A flaw comes again.
    pub fn reopen(&mut self, number: usize, at: Timestamp) {
        if let Some(flaw) = self.flaws.get_mut(number) {
            flaw.fix = None;
            flaw.changed = at;
        }
    }

    /// Makes a thing.
    fn thing(&mut self) {
        const KINDS: &[Kind] = &[
            Kind::Bucket,
            Kind::Database,
            Kind::Machine,
            Kind::Machine,
            Kind::Firewall,
            Kind::Function,
            Kind::Key,
            Kind::Queue,
            Kind::Image,
        ];
        const NAMES: &[&str] =
            &["orders", "invoices", "search", "audit", "web", "reports", "payments", "mail"];
        let random = &mut self.random;
        let number = self.things.len();
        let account = random.pick(ACCOUNTS).unwrap_or(&NOWHERE);
        let region = match account.cloud {
            Cloud::Aws => random.pick(&["eu-west-1", "us-east-1"]),
            Cloud::Azure => Some(&"westeurope"),
            Cloud::Gcp => Some(&"europe-west1"),
        };
        // What is wrong with settings is told of AWS only; elsewhere there are machines.
        let kind = match account.cloud {
            Cloud::Aws => random.pick(KINDS).copied().unwrap_or(Kind::Bucket),
            Cloud::Azure | Cloud::Gcp => Kind::Machine,
        };
        let name = format!("{}-{number}", random.pick(NAMES).copied().unwrap_or_default());
        let mut hex = |count: usize| {
            let mut text = String::new();
            while text.len() < count {
                text += &format!("{:08x}", random.next());
            }
            text.chars().take(count).collect::<String>()
        };
        let id = match kind {
            Kind::Machine if account.cloud == Cloud::Aws => format!("i-0{}", hex(16)),
            Kind::Firewall => format!("sg-0{}", hex(16)),
            Kind::Key => format!("{}-0000-4000-8000-{}", hex(8), hex(12)),
            Kind::Image => format!("sha256:{}", hex(64)),
            Kind::Machine | Kind::Bucket | Kind::Database | Kind::Function | Kind::Queue => {
                name.clone()
            }
        };
        let exposed = random.below(4) == 0;
        let machine = kind == Kind::Machine;
        let region = region.copied().unwrap_or_default();
        let native = native(kind, account, (region, &name, &id));
        let tags = vec![
            ("team", format!("team-{}", number % 7)),
            ("env", account.environment.to_owned()),
            ("Name", name.clone()),
        ];
        let octet = |shift: usize| (number >> shift) % 250 + 1;
        self.things.push(Thing {
            number,
            kind,
            account,
            region,
            id,
            native,
            tags,
            exposed,
            address: (exposed && machine).then(|| format!("203.0.113.{}", octet(0))),
            host: machine.then(|| format!("{name}.internal.example")),
            name,
        });
    }

    /// Makes a flaw of a thing.
    fn flaw(&mut self, thing: usize, at: Timestamp) {
        let Some(kind) = self.things.get(thing).map(|thing| thing.kind) else { return };
        let aws = self.things.get(thing).is_some_and(|t| t.account.cloud == Cloud::Aws);
        let random = &mut self.random;
        let detected = kind == Kind::Machine && random.below(6) == 0;
        let settings: Vec<&Misconfiguration> =
            self.settings.iter().filter(|(of, _)| *of == kind && aws).map(|(_, m)| m).collect();
        let weak = matches!(kind, Kind::Image | Kind::Machine)
            && (settings.is_empty() || random.below(2) == 0);
        let cause = if detected {
            let [title, technique, tactic, process] =
                random.pick(DETECTIONS).copied().unwrap_or_default();
            Cause::Detection(Detection {
                title,
                technique,
                tactic,
                actor: format!("arn:aws:iam::111122223333:user/dev-{}", random.below(9)),
                address: format!("198.51.100.{}", random.below(250) + 1),
                process,
            })
        } else if weak {
            let Some(weakness) = random.pick(VULNERABILITIES) else { return };
            Cause::Vulnerability(weakness.clone())
        } else {
            let Some(setting) = random.pick(&settings) else { return };
            Cause::Misconfiguration((*setting).clone())
        };
        let severity = match &cause {
            Cause::Vulnerability(weakness) if weakness.cvss >= 9.0 => Severity::Critical,
            Cause::Vulnerability(_) | Cause::Detection(_) => Severity::High,
            Cause::Misconfiguration(_) => random
                .pick(&[Severity::Low, Severity::Medium, Severity::High, Severity::Critical])
                .copied()
                .unwrap_or(Severity::Medium),
        };
        let first = random.pick(&Seer::ALL).copied().unwrap_or(Seer::Wiz);
        let seers = Seer::ALL.into_iter().filter(|s| *s == first || random.below(10) < 6).collect();
        self.flaws.push(Flaw {
            number: self.flaws.len(),
            thing,
            cause,
            severity,
            seers,
            opened: at,
            changed: at,
            fix: None,
        });
    }
}

impl Flaw {
    /// Whether a platform tells of it.
    #[must_use]
    pub fn is_seen_by(&self, seer: Seer) -> bool {
        self.seers.contains(&seer) && self.fix.is_none_or(|fix| !fix.forgotten)
    }

    /// Whether it is there.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.fix.is_none()
    }
}

const NOWHERE: Account =
    Account { cloud: Cloud::Aws, id: "111122223333", name: "shop-prod", environment: "prod" };

fn native(kind: Kind, account: &Account, (region, name, id): (&str, &str, &str)) -> String {
    let of = account.id;
    match (account.cloud, kind) {
        (Cloud::Azure, _) => format!(
            "/subscriptions/{of}/resourceGroups/office/providers/Microsoft.Compute/virtualMachines/{name}"
        ),
        (Cloud::Gcp, _) => {
            format!("//compute.googleapis.com/projects/{of}/zones/{region}-b/instances/{name}")
        }
        (Cloud::Aws, Kind::Bucket) => format!("arn:aws:s3:::{id}"),
        (Cloud::Aws, Kind::Database) => format!("arn:aws:rds:{region}:{of}:db:{id}"),
        (Cloud::Aws, Kind::Machine) => format!("arn:aws:ec2:{region}:{of}:instance/{id}"),
        (Cloud::Aws, Kind::Firewall) => format!("arn:aws:ec2:{region}:{of}:security-group/{id}"),
        (Cloud::Aws, Kind::Function) => format!("arn:aws:lambda:{region}:{of}:function:{id}"),
        (Cloud::Aws, Kind::Key) => format!("arn:aws:kms:{region}:{of}:key/{id}"),
        (Cloud::Aws, Kind::Queue) => format!("arn:aws:sqs:{region}:{of}:{id}"),
        (Cloud::Aws, Kind::Image) => {
            format!("{of}.dkr.ecr.{region}.amazonaws.com/{name}@{id}")
        }
    }
}

/// The settings that can be wrong, from the list of faults and what the catalogue calls them.
fn settings(catalog: Option<&Catalog>) -> Vec<(Kind, Misconfiguration)> {
    let lines = FAULTS.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| setting(line, catalog)).collect()
}

fn setting(line: &'static str, catalog: Option<&Catalog>) -> Option<(Kind, Misconfiguration)> {
    let parts: Vec<&'static str> = line.split('\t').collect();
    let kind = match parts.first().copied()? {
        "s3" => Kind::Bucket,
        "rds" => Kind::Database,
        "ec2" => Kind::Machine,
        "sg" => Kind::Firewall,
        "lambda" => Kind::Function,
        "kms" => Kind::Key,
        _ => Kind::Queue,
    };
    let name = parts.get(1).copied()?;
    let control = parts.get(2).copied()?;
    let known = catalog.and_then(|catalog| catalog.control(control));
    let aliases = |tool: &str| known.and_then(|control| control.aliases.0.get(tool));
    let first = |tool: &str| aliases(tool).and_then(|names| names.first()).cloned();
    let worded = |at: usize| parts.get(at).copied().unwrap_or_default().to_owned();
    // Prisma's alerts carry the name of the policy, which the catalogue knows.
    let prisma = aliases("prisma").and_then(|names| names.iter().find(|name| name.contains(' ')));
    let titles = [worded(6), prisma.cloned().unwrap_or_else(|| worded(7)), worded(8), worded(9)];
    let rules = [
        format!("prisma-{control}"),
        first("lacework").unwrap_or_else(|| format!("lacework-global-{name}")),
    ];
    let checkov = first("checkov").unwrap_or_default();
    Some((kind, Misconfiguration { control, checkov, titles, rules }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_makes_one_world_that_all_platforms_share() {
        let now = "2026-11-21T00:00:00Z".parse().unwrap();
        let (one, two) = (World::new(7, 500, now), World::new(7, 500, now));
        assert_eq!(format!("{:?}", one.read().flaws), format!("{:?}", two.read().flaws));
        let shared = one.read().flaws.iter().filter(|flaw| flaw.seers.len() > 1).count();
        assert!(shared > 250, "{shared}");
        for seer in Seer::ALL {
            assert!(one.read().seen_by(seer).count() > 200);
        }
        assert!(one.read().flaws.iter().all(|flaw| flaw.opened < now));
    }

    #[test]
    fn what_is_forgotten_is_not_told_and_what_is_closed_is() {
        let now = "2026-11-21T00:00:00Z".parse().unwrap();
        let world = World::new(1, 50, now);
        let (one, two) = {
            let mut inner = world.write();
            let numbers = (inner.open(now), inner.open(now));
            inner.end(numbers.0, now, false);
            inner.end(numbers.1, now, true);
            numbers
        };
        let inner = world.read();
        let seen = |number: usize| {
            Seer::ALL.into_iter().any(|s| inner.seen_by(s).any(|(flaw, _)| flaw.number == number))
        };
        assert!(seen(one) && !seen(two));
    }
}
