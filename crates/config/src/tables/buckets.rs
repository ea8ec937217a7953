//! `[buckets.NAME]`: buckets that speak S3, polled by prefix.

use quell_model::TenantId;
use serde::Deserialize;

use super::{Broken, Instance, both_keys};
use crate::key::{Key, Kind, Table};
use crate::secret::SecretRef;

/// A polled bucket.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bucket {
    /// Whether it is polled.
    pub enabled: bool,
    /// Where the store answers; without it, AWS in the region.
    pub endpoint: Option<String>,
    /// The region.
    pub region: String,
    /// The bucket's name.
    pub bucket: String,
    /// Only objects whose keys begin so.
    pub prefix: String,
    /// The format of its objects, or `auto`.
    pub format: String,
    /// Whose findings they are.
    pub tenant: TenantId,
    /// How often it is listed.
    pub every_seconds: u64,
    /// The id of the access key; without it, the key is found where AWS's own tools look.
    pub access_key: Option<SecretRef>,
    /// The secret access key.
    pub secret_key: Option<SecretRef>,
}

pub(super) const TABLE: Table = Table {
    name: "buckets",
    named: Some("exports"),
    doc: "A bucket that speaks S3: new objects below a prefix are imported.",
    keys: &[
        Key::new("enabled", Kind::Truth, "Whether it is polled.").or("true"),
        Key::new("endpoint", Kind::Url, "Where the store answers. Without it: AWS in the region.")
            .sample("https://minio.example.com"),
        Key::new("region", Kind::Text, "The region.").or("us-east-1"),
        Key::new("bucket", Kind::Text, "The bucket's name.").required("security-exports"),
        Key::new("prefix", Kind::Text, "Only objects whose keys begin with it.").or(""),
        Key::new("format", Kind::Format, "The format of its objects.").or("auto"),
        Key::new("tenant", Kind::Tenant, "Whose findings they are.").or("default"),
        Key::new("every_seconds", Kind::seconds(5, 86_400), "How often it is listed.").or("300"),
        Key::new(
            "access_key",
            Kind::Secret,
            "The id of the access key. Without it: the variables, the profile files or the \
             workload's token that AWS's own tools use.",
        )
        .sample("env:EXPORTS_ACCESS_KEY"),
        Key::new("secret_key", Kind::Secret, "The secret access key.")
            .sample("env:EXPORTS_SECRET_KEY"),
    ],
    rule,
};

fn rule(table: &Instance<'_>) -> Vec<Broken> {
    let mut broken: Vec<Broken> = both_keys(table).into_iter().collect();
    if table.text("endpoint").starts_with("http://") {
        let next = "use `https://` where the store offers it";
        broken.push(Broken::warning("endpoint", "is plain HTTP", next));
    }
    broken
}
