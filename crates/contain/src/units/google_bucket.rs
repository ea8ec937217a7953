//! Google Cloud Storage: public access of a bucket is prevented.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{at, json};
use crate::access::Where;
use crate::draft::{Draft, Reply, Service};
use crate::error::ContainError;
use crate::names::{GoogleBucket, ProjectId};
use crate::state::{Reading, State};
use crate::unit::Unit;

/// Prevent public access of a bucket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BlockGoogleBucket {
    /// The project, as the settings name the login for it.
    pub project: ProjectId,
    /// The bucket.
    pub bucket: GoogleBucket,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bucket {
    metageneration: String,
    time_created: String,
    #[serde(default)]
    iam_configuration: Iam,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Iam {
    public_access_prevention: Option<String>,
}

impl BlockGoogleBucket {
    fn draft(&self, method: &'static str) -> Draft {
        Draft::new(Service::Google, method, format!("/storage/v1/b/{}", self.bucket))
    }
}

impl Unit for BlockGoogleBucket {
    fn word(&self) -> &'static str {
        "block_google_bucket"
    }

    fn title(&self) -> String {
        format!("prevent public access of the bucket {}", self.bucket)
    }

    fn target(&self) -> String {
        format!("//storage.googleapis.com/{}", self.bucket)
    }

    fn account(&self) -> String {
        self.project.to_string()
    }

    fn place(&self) -> Where<'_> {
        Where::Google(&self.project)
    }

    fn cautions(&self) -> &'static [&'static str] {
        &[
            "web sites and downloads that are public on purpose stop working",
            "addresses that were signed before go on to work",
            "it takes some minutes until all of Google knows it",
        ]
    }

    fn ask(&self, so_far: &[Reply]) -> Result<Option<Draft>, ContainError> {
        Ok(so_far.is_empty().then(|| self.draft("GET").right("storage.buckets.get")))
    }

    fn read(&self, replies: &[Reply]) -> Result<Reading, ContainError> {
        let bucket: Bucket = json(at(replies, 0, "bucket")?, "bucket")?;
        // `unspecified` is the older word for `inherited`.
        let prevention = match bucket.iam_configuration.public_access_prevention.as_deref() {
            None | Some("unspecified") => "inherited".to_owned(),
            Some(word) => word.to_owned(),
        };
        let state = State::of([
            ("created", json!(bucket.time_created)),
            ("public_access_prevention", json!(prevention)),
        ]);
        Ok(Reading::new(state).version("metageneration", bucket.metageneration))
    }

    fn after(&self, before: &State) -> Result<State, ContainError> {
        Ok(before.with("public_access_prevention", json!("enforced")))
    }

    fn steps(&self, now: &Reading, wanted: &State) -> Result<Vec<Draft>, ContainError> {
        let prevention = wanted.part("public_access_prevention");
        if prevention == now.state.part("public_access_prevention") {
            return Ok(Vec::new());
        }
        let body = json!({"iamConfiguration": {"publicAccessPrevention": prevention}});
        let patch = self
            .draft("PATCH")
            .query("ifMetagenerationMatch", &now.version_of("metageneration"))
            .body("application/json", body.to_string());
        Ok(vec![patch.right("storage.buckets.update and storage.buckets.setIamPolicy")])
    }
}
