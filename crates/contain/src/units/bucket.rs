//! AWS: public access of a bucket of S3 is blocked.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::digest;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::at;
use crate::access::Where;
use crate::draft::{Draft, Reply, Service};
use crate::error::ContainError;
use crate::names::{AccountId, BucketName, Region};
use crate::state::{Reading, State};
use crate::unit::{Purpose, Statement, Unit};
use crate::xml;

/// Block public access of a bucket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BlockBucket {
    /// The account that has to own it.
    pub account: AccountId,
    /// Its region.
    pub region: Region,
    /// The bucket.
    pub bucket: BucketName,
}

/// The four settings; one that is not said is off.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "so S3 has it")]
struct Settings {
    block_public_acls: bool,
    ignore_public_acls: bool,
    block_public_policy: bool,
    restrict_public_buckets: bool,
}

/// In the order in which S3 writes them.
const NAMES: [&str; 4] =
    ["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"];
const GET: &str = "s3:GetBucketPublicAccessBlock";
const PUT: &str = "s3:PutBucketPublicAccessBlock";

impl BlockBucket {
    fn draft(&self, method: &'static str, right: &'static str) -> Draft {
        let path = format!("/{}", self.bucket);
        Draft::new(Service::S3, method, path)
            .query("publicAccessBlock", "")
            .header("x-amz-expected-bucket-owner", self.account.as_str())
            .right(right)
    }

    fn put(&self, settings: &Value) -> Draft {
        let mut body = String::from(
            "<PublicAccessBlockConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">",
        );
        for name in NAMES {
            let is_on = settings.get(name) == Some(&Value::Bool(true));
            body.push_str(&format!("<{name}>{is_on}</{name}>"));
        }
        body.push_str("</PublicAccessBlockConfiguration>");
        let hash = STANDARD.encode(digest::digest(&digest::SHA256, body.as_bytes()));
        self.draft("PUT", PUT)
            .header("x-amz-checksum-sha256", hash)
            .header("x-amz-sdk-checksum-algorithm", "SHA256")
            .body("application/xml", body)
    }
}

impl Unit for BlockBucket {
    fn word(&self) -> &'static str {
        "block_bucket"
    }

    fn title(&self) -> String {
        format!("block public access of the bucket {}", self.bucket)
    }

    fn target(&self) -> String {
        format!("arn:aws:s3:::{}", self.bucket)
    }

    fn account(&self) -> String {
        self.account.to_string()
    }

    fn place(&self) -> Where<'_> {
        Where::Bucket(&self.account, &self.region)
    }

    fn cautions(&self) -> &'static [&'static str] {
        &[
            "web sites and downloads that are public on purpose stop working",
            "addresses that were signed before go on to work",
        ]
    }

    fn ask(&self, so_far: &[Reply]) -> Result<Option<Draft>, ContainError> {
        Ok(so_far.is_empty().then(|| self.draft("GET", GET).may_miss()))
    }

    fn read(&self, replies: &[Reply]) -> Result<Reading, ContainError> {
        let reply = at(replies, 0, "PublicAccessBlockConfiguration")?;
        if reply.is_missing {
            return Ok(Reading::new(State::of([("block", Value::Null)])));
        }
        let found: Settings = xml::read(&reply.body, "PublicAccessBlockConfiguration")?;
        let settings = json!({
            "BlockPublicAcls": found.block_public_acls,
            "IgnorePublicAcls": found.ignore_public_acls,
            "BlockPublicPolicy": found.block_public_policy,
            "RestrictPublicBuckets": found.restrict_public_buckets,
        });
        Ok(Reading::new(State::of([("block", settings)])))
    }

    fn after(&self, before: &State) -> Result<State, ContainError> {
        let all: serde_json::Map<String, Value> =
            NAMES.iter().map(|name| ((*name).to_owned(), json!(true))).collect();
        Ok(before.with("block", Value::Object(all)))
    }

    fn steps(&self, now: &Reading, wanted: &State) -> Result<Vec<Draft>, ContainError> {
        let settings = wanted.part("block");
        if settings == now.state.part("block") {
            return Ok(Vec::new());
        }
        Ok(vec![if settings.is_null() { self.draft("DELETE", PUT) } else { self.put(settings) }])
    }

    fn session(&self, purpose: Purpose) -> Vec<Statement> {
        let may: &[&str] = match purpose {
            Purpose::Look => &[GET],
            Purpose::Do | Purpose::Undo => &[GET, PUT],
        };
        let region = self.region.as_str();
        let partition = match region {
            _ if region.starts_with("cn-") => "aws-cn",
            _ if region.starts_with("us-gov-") => "aws-us-gov",
            _ => "aws",
        };
        vec![Statement::allow(may, vec![format!("arn:{partition}:s3:::{}", self.bucket)])]
    }
}
