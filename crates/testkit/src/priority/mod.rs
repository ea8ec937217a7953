//! Estates in which a few things matter among about a thousand that hardly do: to measure whether
//! the few come first.
//!
//! The noise is what such tools really raise: many high and critical findings on test machines,
//! weaknesses with a high CVSS that nobody exploits, exploited ones where nobody can reach them,
//! probes of low severity, hidden findings and duplicates.

mod noise;
mod plants;
mod records;

use serde_json::{Value, json};

use crate::random::Random;

/// One thing that matters, and how to know it in a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planted {
    /// What it is, for people; the same in every estate.
    pub name: &'static str,
    /// A part of the asset's id.
    pub asset: String,
    /// The rule, or the weakness, of one of its findings.
    pub rule: String,
}

/// Files of several tools, and what is planted in them.
#[derive(Debug, Clone, Default)]
pub struct Estate {
    /// Name and content of each file.
    pub files: Vec<(String, Value)>,
    /// What should come first.
    pub planted: Vec<Planted>,
}

/// Makes an estate of about `incidents` incidents. The same seed gives the same estate.
#[must_use]
pub fn estate(seed: u64, incidents: usize) -> Estate {
    // A plain small seed would make the first numbers alike.
    let mut random = Random::new(seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let mut files = Files::default();
    let planted = plants::add(&mut files, &mut random);
    noise::add(&mut files, &mut random, incidents.saturating_sub(planted.len()));
    Estate { files: files.named(&mut random), planted }
}

/// The records of each tool.
#[derive(Debug, Default)]
struct Files {
    prowler: Vec<Value>,
    security_hub: Vec<Value>,
    inspector: Vec<Value>,
    guardduty: Vec<Value>,
    wiz: Vec<Value>,
    trivy: Vec<Value>,
}

impl Files {
    /// The files as the tools write them, in no order that would tell anything.
    fn named(mut self, random: &mut Random) -> Vec<(String, Value)> {
        for records in [
            &mut self.prowler,
            &mut self.security_hub,
            &mut self.inspector,
            &mut self.guardduty,
            &mut self.wiz,
        ] {
            random.shuffle(records);
        }
        let mut files = vec![
            ("prowler.ocsf.json".to_owned(), Value::from(self.prowler)),
            ("security-hub.json".to_owned(), json!({"Findings": self.security_hub})),
            ("inspector.json".to_owned(), json!({"findings": self.inspector})),
            ("guardduty.json".to_owned(), json!({"Findings": self.guardduty})),
            ("wiz.json".to_owned(), Value::from(self.wiz)),
        ];
        let images = (0..).zip(self.trivy);
        files.extend(images.map(|(number, image)| (format!("trivy/{number}.json"), image)));
        files
    }
}

/// An account of the estate.
#[derive(Debug, Clone, Copy)]
struct Account {
    id: &'static str,
    name: &'static str,
    /// What it is for; empty where it is mixed.
    environment: &'static str,
}

const ACCOUNTS: &[Account] = &[
    Account { id: "100000000001", name: "shop-prod", environment: "prod" },
    Account { id: "100000000002", name: "payments-prod", environment: "prod" },
    Account { id: "100000000003", name: "data-platform", environment: "production" },
    Account { id: "100000000004", name: "shared-services", environment: "" },
    Account { id: "100000000005", name: "legacy", environment: "" },
    Account { id: "100000000006", name: "shop-staging", environment: "staging" },
    Account { id: "100000000007", name: "shop-dev", environment: "dev" },
    Account { id: "100000000008", name: "payments-dev", environment: "development" },
    Account { id: "100000000009", name: "qa-test", environment: "test" },
    Account { id: "100000000010", name: "team-sandbox", environment: "sandbox" },
    Account { id: "100000000011", name: "acquired", environment: "" },
    Account { id: "100000000012", name: "analytics", environment: "prod" },
];

/// What a record says about its asset, beside its id.
#[derive(Debug, Clone, Default)]
struct Place {
    account: &'static str,
    account_name: &'static str,
    region: &'static str,
    name: String,
    tags: Vec<(&'static str, String)>,
}

const REGIONS: &[&str] = &["eu-west-1", "us-east-1", "eu-central-1"];
const APPLICATIONS: &[&str] =
    &["checkout", "catalog", "ledger", "search", "profile", "mailer", "reports", "gateway"];
const TEAMS: &[&str] = &["payments", "platform", "web", "data", "identity"];

/// A place in an account. The environment is told by a tag, by the name, or not at all; the tag's
/// key differs from team to team.
fn place(account: Account, random: &mut Random) -> Place {
    let application = random.pick(APPLICATIONS).copied().unwrap_or_default();
    let mut name = format!("{application}-{:05x}", random.below(0xf_ffff));
    let mut tags = Vec::new();
    if !account.environment.is_empty() {
        match random.below(10) {
            0..=4 => {
                let key = *random.pick(&["env", "Environment", "stage"]).unwrap_or(&"env");
                tags.push((key, account.environment.to_owned()));
            }
            5..=7 => name = format!("{name}-{}", account.environment),
            _ => {}
        }
    }
    if random.below(3) > 0 {
        let team = random.pick(TEAMS).copied().unwrap_or_default();
        tags.push((*random.pick(&["team", "owner"]).unwrap_or(&"team"), team.to_owned()));
    }
    Place {
        account: account.id,
        account_name: account.name,
        region: random.pick(REGIONS).copied().unwrap_or_default(),
        name,
        tags,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_estate_with_ten_planted() {
        let (one, again, other) = (estate(7, 300), estate(7, 300), estate(8, 300));
        assert_eq!(one.files, again.files);
        assert_ne!(one.files, other.files);
        assert_eq!(one.planted.len(), 10);
        for planted in &one.planted {
            let holds = |(_, content): &&(String, Value)| {
                let text = content.to_string();
                text.contains(&planted.asset) && text.contains(&planted.rule)
            };
            assert!(one.files.iter().any(|file| holds(&file)), "{planted:?}");
        }
    }
}
