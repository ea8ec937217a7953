//! Names and ids of what stands in a cloud. The kind of thing stays to be read.

use std::sync::LazyLock;

use regex::Regex;

use super::{Found, Pattern, each, stands_alone, value_of};
use crate::kind::Kind;

static ARN: Pattern = LazyLock::new(|| {
    Regex::new(r#"arn:aws[a-z-]*:(?P<service>[a-z0-9-]+):[a-z0-9-]*:(?P<account>[0-9]{12}|aws)?:(?P<rest>[^\s"'<>,;`\]})]*[^\s"'<>,;`\]}).:])"#).ok()
});

static AZURE: Pattern = LazyLock::new(|| {
    Regex::new(r#"(?i)/?(?:subscriptions|managementGroups|tenants)/[^\s"'<>,;`\])}/]+(?:/[^\s"'<>,;`\])}]*[^\s"'<>,;`\])}.:])?"#).ok()
});

static GOOGLE: Pattern = LazyLock::new(|| {
    Regex::new(r#"(?:(?://|https://(?:www\.)?)[a-z-]+\.googleapis\.com/(?:[a-z0-9]+/(?:v\d[a-z0-9]*/)?)?)?\b(?:projects|folders|organizations|billingAccounts)/[^\s"'<>,;`\])}/]+(?:/[^\s"'<>,;`\])}]*[^\s"'<>,;`\])}.:])?"#).ok()
});

static ORACLE: Pattern = LazyLock::new(|| {
    Regex::new(r"ocid1\.(?P<type>[a-z0-9]+)\.[a-z0-9]+\.[a-z0-9-]*\.+[a-z0-9.]{20,}").ok()
});

/// Ids of Amazon, whose beginning tells the type.
static AMAZON_ID: Pattern = LazyLock::new(|| {
    Regex::new(r"(?:^|[^a-z0-9-])(?P<v>(?P<type>i|vpc|subnet|sg|sgr|vol|snap|ami|eni|rtb|acl|igw|nat|eigw|eipalloc|eipassoc|pcx|tgw|tgw-attach|vgw|cgw|vpn|vpce|lt|fs|fsmt|fsap|fl|pl|dopt|r|mi|cr|rtbassoc|aclassoc|lgw|asg|spcg|sir|fleet|h|sor|key)-(?:[0-9a-f]{17}|[0-9a-f]{8}))(?:$|[^a-z0-9-])").ok()
});

static AMAZON_PRINCIPAL: Pattern = LazyLock::new(|| {
    Regex::new(r"(?:AIDA|AROA|AGPA|ANPA|ANVA|AIPA|ASCA|APKA)[A-Z0-9]{12,17}").ok()
});

/// A number of twelve digits alone is an account of Amazon.
static ACCOUNT: Pattern = LazyLock::new(|| Regex::new(r"\d{4}-\d{4}-\d{4}|\d{12}").ok());

/// A word that says that an id is that of an account.
static NAMED_ACCOUNT: Pattern = LazyLock::new(|| {
    Regex::new(r#"(?i)\b(?:(?:aws|cloud|azure|gcp|google|customer)?[_ -]?account(?:[_ -]?(?:id|number|name|alias))?|subscription(?:[_ -]?(?:id|name))?|tenant(?:[_ -]?id)?|project(?:[_ -]?(?:id|name|number))?|organi[sz]ation(?:[_ -]?id)?|org[_ -]?id|management[_ -]?group|directory[_ -]?id|compartment(?:[_ -]?id)?)["']?[ \t]*(?:=>|[:=])[ \t]*["']?(?P<v>[A-Z0-9][A-Z0-9_.:-]{2,80}[A-Z0-9])"#).ok()
});

/// A word that says that a name is that of a thing.
static NAMED_THING: Pattern = LazyLock::new(|| {
    Regex::new(r#"(?i)\b(?P<type>bucket|instance|cluster|database|db|table|queue|topic|function|vault|namespace|pod|deployment|container|node|vm|virtual machine|storage account|resource group|key ?vault|security group|load balancer|repository|service ?account|secret name|volume|stack|host ?name|machine|server|device|computer|resource|asset|group|role|policy)(?:[_-]?(?:name|id|identifier))?["']?[ \t]*(?:=>|[:=])[ \t]*["'`]?(?P<v>[A-Z0-9][A-Z0-9._/-]{1,120}[A-Z0-9])"#).ok()
});

/// Objects and what holds them, as addresses.
static STORES: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    [
        r#"(?i)\b(?:s3a?|gs|abfss?|wasbs?|oss|cos|swift)://(?P<v>[^\s"'<>,;`)\]}]+)"#,
        r#"(?i)\bdynamodb://(?P<v>[^\s"'<>,;`)\]}]+)"#,
    ]
    .into_iter()
    .filter_map(|text| Regex::new(text).ok())
    .collect()
});

pub(super) fn find(text: &str, found: &mut Vec<Found>) {
    for one in each(&ARN, text) {
        let part = |name| one.name(name).map_or("", |part| part.as_str());
        // What Amazon itself owns has no account and is the same for all.
        let is_public = part("account") == "aws" && part("service") == "iam";
        if let Some(span) = value_of(&one).filter(|_| !is_public) {
            found.push(Found::new(span, Kind::Arn, amazon(part("service"), part("rest"))));
        }
    }
    for one in each(&AZURE, text) {
        let Some(span) = value_of(&one) else { continue };
        let about = text.get(span.0..span.1).map(azure).unwrap_or_default();
        found.push(Found::new(span, Kind::Azure, about));
    }
    for one in each(&GOOGLE, text) {
        let Some(span) = value_of(&one) else { continue };
        let about = text.get(span.0..span.1).map(google).unwrap_or_default();
        found.push(Found::new(span, Kind::Google, about));
    }
    for one in each(&ORACLE, text) {
        let about = one.name("type").map_or("", |part| part.as_str()).to_owned();
        found.extend(value_of(&one).map(|span| Found::new(span, Kind::Resource, about)));
    }
    for pattern in [&AMAZON_ID, &NAMED_THING] {
        for one in each(pattern, text) {
            thing(text, &one, found);
        }
    }
    add(text, &AMAZON_PRINCIPAL, Kind::Account, found);
    add(text, &ACCOUNT, Kind::Account, found);
    for span in each(&NAMED_ACCOUNT, text).filter_map(|one| value_of(&one)) {
        if !is_a_word(text, span) {
            found.push(Found::new(span, Kind::Account, ""));
        }
    }
    for pattern in STORES.iter() {
        let spans = pattern.captures_iter(text).filter_map(|one| value_of(&one));
        found.extend(spans.map(|span| Found::new(span, Kind::Resource, "object store")));
    }
}

fn add(text: &str, pattern: &Pattern, kind: Kind, found: &mut Vec<Found>) {
    let spans = each(pattern, text).filter_map(|one| value_of(&one));
    let alone = spans.filter(|span| stands_alone(text, *span, b"_.-+"));
    found.extend(alone.map(|span| Found::new(span, kind, "")));
}

fn thing(text: &str, one: &regex::Captures<'_>, found: &mut Vec<Found>) {
    let Some(span) = value_of(one) else { return };
    if is_a_word(text, span) {
        return;
    }
    let about = one.name("type").map_or("", |part| part.as_str()).to_ascii_lowercase();
    found.push(Found::new(span, Kind::Resource, about.replace(' ', "-")));
}

/// Whether what stands behind `name:` is a word of a sentence or a type, and no name.
fn is_a_word(text: &str, (start, end): (usize, usize)) -> bool {
    const WORDS: &[&str] = &[
        "true",
        "false",
        "null",
        "none",
        "default",
        "kube-system",
        "kube-public",
        "latest",
        "all",
        "any",
        "unknown",
        "public",
        "private",
        "enabled",
        "disabled",
        "yes",
        "high",
        "low",
        "medium",
        "critical",
        "production",
        "prod",
        "staging",
        "dev",
        "test",
    ];
    let Some(word) = text.get(start..end) else { return true };
    let lower = word.to_ascii_lowercase();
    let is_type = lower.starts_with("aws::")
        || lower.starts_with("microsoft.")
        || ["aws_", "azurerm_", "google_", "kubernetes_"].iter().any(|p| lower.starts_with(p))
        || lower.starts_with("arn:");
    is_type || WORDS.contains(&lower.as_str())
}

/// The service and the type of what an ARN names.
fn amazon(service: &str, rest: &str) -> String {
    if service == "s3" {
        return if rest.contains('/') { "s3 object".to_owned() } else { "s3 bucket".to_owned() };
    }
    let part = rest.split(['/', ':']).next().unwrap_or_default();
    let is_type =
        rest.len() > part.len() && part.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
    if is_type { format!("{service} {part}") } else { service.to_owned() }
}

/// The last type of an id of Azure.
fn azure(id: &str) -> String {
    let parts: Vec<&str> = id.trim_start_matches('/').split('/').collect();
    let provider = parts.iter().rposition(|part| part.eq_ignore_ascii_case("providers"));
    match provider {
        Some(at) => {
            let space = parts.get(at + 1).copied().unwrap_or_default();
            let types = parts.iter().skip(at + 2).step_by(2).map(|part| clean(part));
            std::iter::once(clean(space)).chain(types).collect::<Vec<_>>().join("/")
        }
        None => {
            let last = parts.iter().step_by(2).next_back().map(|part| clean(part));
            last.unwrap_or_default()
        }
    }
}

/// The last collection of a name of Google.
fn google(name: &str) -> String {
    let from = ["projects/", "folders/", "organizations/", "billingAccounts/"];
    let start = from.iter().filter_map(|start| name.find(start)).min().unwrap_or(0);
    let parts: Vec<&str> = name.get(start..).unwrap_or_default().split('/').collect();
    parts.iter().step_by(2).next_back().map(|part| clean(part)).unwrap_or_default()
}

/// A word of a type, with nothing in it that a name could smuggle.
fn clean(part: &str) -> String {
    let letters = part.chars().filter(|c| c.is_ascii_alphabetic() || *c == '.');
    letters.take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(text: &str) -> Vec<(String, String)> {
        let found = super::super::all(text).into_iter();
        found
            .map(|one| {
                (
                    text.get(one.start..one.end).unwrap().to_owned(),
                    format!("{} {}", one.kind.word(), one.about),
                )
            })
            .collect()
    }

    #[test]
    fn every_pattern_compiles() {
        let all = [
            &ARN,
            &AZURE,
            &GOOGLE,
            &ORACLE,
            &AMAZON_ID,
            &AMAZON_PRINCIPAL,
            &ACCOUNT,
            &NAMED_ACCOUNT,
            &NAMED_THING,
        ];
        assert!(all.iter().all(|pattern| pattern.is_some()));
        assert_eq!(STORES.len(), 2);
    }

    #[test]
    fn the_kind_of_a_thing_stays_to_be_read() {
        for (text, value, about) in [
            ("see arn:aws:s3:::pay-logs.", "arn:aws:s3:::pay-logs", "arn s3 bucket"),
            (
                "(arn:aws:iam::123456789012:role/ops)",
                "arn:aws:iam::123456789012:role/ops",
                "arn iam role",
            ),
            (
                "arn:aws:lambda:eu-west-1:123456789012:function:pay",
                "arn:aws:lambda:eu-west-1:123456789012:function:pay",
                "arn lambda function",
            ),
            (
                "/subscriptions/0b1f6471-1bf0-4dda-aec3-cb9272f09590/resourceGroups/pay/providers/Microsoft.Storage/storageAccounts/logs",
                "/subscriptions/0b1f6471-1bf0-4dda-aec3-cb9272f09590/resourceGroups/pay/providers/Microsoft.Storage/storageAccounts/logs",
                "azure Microsoft.Storage/storageAccounts",
            ),
            (
                "//compute.googleapis.com/projects/pay/zones/z1/instances/web",
                "//compute.googleapis.com/projects/pay/zones/z1/instances/web",
                "google instances",
            ),
            ("ran on i-0abcdef1234567890 today", "i-0abcdef1234567890", "resource i"),
            ("account 123456789012 has", "123456789012", "account "),
            ("bucket: pay-logs", "pay-logs", "resource bucket"),
            ("s3://pay-logs/2026/x", "pay-logs/2026/x", "resource object store"),
            ("subscriptionId=pay-prod-7", "pay-prod-7", "account "),
        ] {
            let all = named(text);
            assert!(all.contains(&(value.to_owned(), about.to_owned())), "{text}: {all:?}");
        }
    }

    #[test]
    fn what_all_have_stays() {
        for text in [
            "arn:aws:iam::aws:policy/AmazonS3FullAccess",
            "AWS::S3::Bucket and aws_s3_bucket.logs",
            "Microsoft.Storage/storageAccounts",
            "namespace: default",
            "iam:PassRole on *",
            "us-east-1",
        ] {
            assert_eq!(named(text), [], "{text}");
        }
    }
}
