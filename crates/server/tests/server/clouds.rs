//! Containments at clouds, over the API: each is tried, agreed to, carried out and undone against a
//! double; and the teams and tags of its issues decide who may.

use std::sync::Arc;

use jiff::SignedDuration;
use quell_model::Clock as _;
use quell_server::Role;
use quell_testkit::contain::{AwsDouble, AzureDouble, GoogleDouble};
use quell_testkit::double::Double;
use quell_testkit::server::{Answer, Client, Request};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::bench::{Bench, runtime, until};

const RULES: &str = "[[rule]]\nid = \"contain\"\nphase = \"assist\"\nkinds = [\"contain.*\"]\n";
const ACCOUNT: &str = "111122223333";
const SUBSCRIPTION: &str = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee";

/// Three clouds, and a server that may contain in an account of each.
struct Rig {
    aws: Arc<AwsDouble>,
    azure: Arc<AzureDouble>,
    google: Arc<GoogleDouble>,
    at: [Double; 3],
    folder: tempfile::TempDir,
    bench: Bench,
    _runtime: Runtime,
}

impl Rig {
    fn new() -> Self {
        let runtime = runtime();
        let (aws, azure) = (Arc::<AwsDouble>::default(), Arc::<AzureDouble>::default());
        let google = Arc::<GoogleDouble>::default();
        let at = runtime.block_on(async {
            [
                Double::start(aws.clone()).await.unwrap(),
                Double::start(azure.clone()).await.unwrap(),
                Double::start(google.clone()).await.unwrap(),
            ]
        });
        let folder = tempfile::tempdir().unwrap();
        let ends = crate::bench::Shifted::default().now() + SignedDuration::from_hours(1);
        let printed = |token: &str| json!({"access_token": token, "expires_on": ends}).to_string();
        let (id, secret) = AwsDouble::base_key();
        for (name, text) in [
            ("rules.toml", RULES.to_owned()),
            ("id", id.to_owned()),
            ("secret", secret.to_owned()),
            ("azure", printed(AzureDouble::token())),
            ("google", printed(GoogleDouble::token())),
        ] {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        std::fs::create_dir(folder.path().join("policies")).unwrap();
        let [aws_url, azure_url, google_url] = at.each_ref().map(Double::url);
        let (role, here) = (AwsDouble::ROLE, folder.path().display());
        let text = format!(
            "[approvals]\nrules = \"{here}/rules.toml\"\n\n[access]\npolicies = \"{here}/policies\"\n\n\
             [egress]\nallow = [\"http://127.0.0.1\"]\n\n\
             [containment.account]\nkind = \"aws\"\ntarget = \"{ACCOUNT}\"\n\
             environment = \"production\"\nurl = \"{aws_url}\"\nregion = \"eu-west-1\"\n\
             acts_as = \"{role}\"\nuser = \"file:{here}/id\"\nsecret = \"file:{here}/secret\"\n\
             external_id = \"ext-1\"\n\n\
             [containment.subscription]\nkind = \"azure\"\ntarget = \"{SUBSCRIPTION}\"\n\
             environment = \"production\"\nurl = \"{azure_url}\"\nsecret = \"file:{here}/azure\"\n\n\
             [containment.project]\nkind = \"google\"\ntarget = \"acme-prod\"\n\
             environment = \"production\"\nurl = \"{google_url}\"\nsecret = \"file:{here}/google\"\n",
        );
        let bench = Bench::with(&[], &text);
        Self { aws, azure, google, at, folder, bench, _runtime: runtime }
    }

    fn client(&self, role: Role) -> Client {
        self.bench.client(role, "default")
    }

    /// Asks for a containment, has it agreed to, waits for it and has it undone.
    fn there_and_back(&self, action: &Value, contained: impl Fn() -> bool) {
        let approver = self.client(Role::Approver);
        let wish = json!({"action": action, "dry_run": true});
        let tried = post(&self.client(Role::Engineer), "/api/v1/containment", &wish).json();
        assert!(tried["tried"].is_object() && !contained(), "{tried}");
        let wish = json!({"action": action});
        let asked = post(&self.client(Role::Engineer), "/api/v1/containment", &wish).json();
        assert_eq!(asked["verdict"]["outcome"], "waits", "{asked}");
        let id = asked["containment"]["id"].as_str().unwrap();
        assert!(!contained(), "nobody agreed");
        let yes = json!({"word": "approve", "hash": asked["containment"]["plan"]["hash"]});
        let answer = post(&approver, &format!("/api/v1/approvals/{id}"), &yes);
        assert_eq!(answer.status, 200, "{}", answer.text());
        self.until_stage(id, "contained");
        assert!(contained());
        let why = json!({"reason": "it was a test"});
        let answer = post(&approver, &format!("/api/v1/containment/{id}/rollback"), &why);
        assert_eq!(answer.status, 200, "{}", answer.text());
        self.until_stage(id, "undone");
        assert!(!contained());
    }

    /// Starts it anew with a policy about targets. A target has no kind, which tells its place from
    /// those of its issues.
    fn forbid(&mut self, right: &str, when: &str) {
        self.bench.stop();
        let policy = format!(
            "forbid (principal, action == Quell::Action::\"{right}\", resource is Quell::Place)\n\
             when {{ resource.kind == \"\" && {when} }};\n"
        );
        std::fs::write(self.folder.path().join("policies/own.cedar"), policy).unwrap();
        self.bench.start().unwrap();
    }

    fn until_stage(&self, id: &str, stage: &str) {
        let show = || self.bench.get(&format!("/api/v1/containment/{id}")).json();
        until(&format!("it is {stage}"), || {
            let told = show();
            let is_over = ["failed", "not_back", "dropped"];
            assert!(!is_over.contains(&told["stage"].as_str().unwrap()), "{told}");
            told["stage"] == stage
        });
    }
}

fn post(client: &Client, path: &str, body: &Value) -> Answer {
    let request = Request::post(path, body.to_string()).with("content-type", "application/json");
    client.send(&request).unwrap()
}

fn block_bucket() -> Value {
    json!({"do": "block_bucket", "account": ACCOUNT, "region": "eu-west-1", "bucket": "acme-logs"})
}

#[test]
fn a_step_of_each_cloud_is_agreed_to_done_and_undone() {
    let rig = Rig::new();
    rig.aws.put_bucket("acme-logs", ACCOUNT, None);
    rig.there_and_back(&block_bucket(), || rig.aws.block("acme-logs") == Some([true; 4]));

    let path = format!(
        "/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-1/providers/Microsoft.Storage/storageAccounts/acmelogs"
    );
    rig.azure.put(&path, json!(true));
    let action = json!({"do": "block_storage_account", "subscription": SUBSCRIPTION,
        "group": "rg-1", "name": "acmelogs"});
    rig.there_and_back(&action, || rig.azure.get(&path) == Some(json!(false)));

    rig.google.put("acme-logs", json!("inherited"));
    let action =
        json!({"do": "block_google_bucket", "project": "acme-prod", "bucket": "acme-logs"});
    rig.there_and_back(&action, || rig.google.get("acme-logs") == Some(json!("enforced")));

    // What acted was made for one plan, and no secret stands in the log.
    let sessions = rig.aws.sessions();
    assert!(sessions.len() > 1 && rig.at.iter().all(|one| one.ledger.count() > 0));
    let log = rig.bench.get("/api/v1/audit?limit=500").text();
    for secret in [AwsDouble::base_key().1, AzureDouble::token(), GoogleDouble::token()] {
        assert!(!log.contains(secret));
    }
    let wrong = [rig.aws.wrong(), rig.azure.wrong(), rig.google.wrong()].concat();
    assert_eq!(wrong, Vec::<String>::new());
}

/// A finding of Security Hub about the bucket, of a team and with a tag.
fn finding(team: &str, app: &str) -> Vec<u8> {
    let arn = "arn:aws:s3:::acme-logs";
    json!({"Findings": [{
        "SchemaVersion": "2018-10-08", "Id": format!("{arn}/{team}/S3.8"),
        "ProductArn": "arn:aws:securityhub:eu-west-1::product/aws/securityhub",
        "GeneratorId": "security-control/S3.8", "AwsAccountId": ACCOUNT,
        "Types": ["Software and Configuration Checks"],
        "CreatedAt": "2026-11-01T00:00:00Z", "UpdatedAt": "2026-11-02T00:00:00Z",
        "Severity": {"Label": "HIGH"}, "Title": "a bucket is open", "Description": "made up",
        "Compliance": {"Status": "FAILED", "SecurityControlId": "S3.8"},
        "Workflow": {"Status": "NEW"}, "RecordState": "ACTIVE",
        "Resources": [{"Type": "AwsS3Bucket", "Id": arn, "Partition": "aws", "Region": "eu-west-1",
            "Tags": {"team": team, "app": app}}],
    }]})
    .to_string()
    .into_bytes()
}

#[test]
fn the_team_and_the_tags_of_its_issues_decide_who_may_contain() {
    let mut rig = Rig::new();
    rig.aws.put_bucket("acme-logs", ACCOUNT, None);
    let path = "/api/v1/imports?wait=true&name=file&source=hub";
    assert_eq!(rig.bench.post(path, finding("webteam", "shop")).json()["state"], "done");
    let issue = rig.bench.get("/api/v1/issues").json()["items"][0]["id"].clone();
    let wish = json!({"action": block_bucket(), "issues": [issue]});
    let told = post(&rig.client(Role::Engineer), "/api/v1/containment", &wish).json();
    let id = told["containment"]["id"].as_str().unwrap().to_owned();
    let yes = json!({"word": "approve", "hash": told["containment"]["plan"]["hash"]});
    let approve =
        |rig: &Rig| post(&rig.client(Role::Approver), &format!("/api/v1/approvals/{id}"), &yes);
    for when in [r#"resource.team == "webteam""#, r#"resource.tags.contains("app=shop")"#] {
        rig.forbid("approve", when);
        let answer = approve(&rig);
        assert_eq!(answer.status, 422, "{when}: {}", answer.text());
    }
    let stage = |rig: &Rig| rig.bench.get(&format!("/api/v1/containment/{id}")).json();
    assert_eq!(stage(&rig)["stage"], "asked");
    rig.forbid("approve", r#"["datateam", ""].contains(resource.team)"#);
    let answer = approve(&rig);
    assert_eq!(answer.status, 200, "{}", answer.text());
    rig.until_stage(&id, "contained");
    let undo = |rig: &Rig| {
        let why = json!({"reason": "it was a test"});
        let path = format!("/api/v1/containment/{id}/rollback");
        post(&rig.client(Role::Approver), &path, &why)
    };
    rig.forbid("roll_back", r#"resource.tags.contains("app=shop")"#);
    assert_eq!(undo(&rig).status, 403);
    rig.forbid("roll_back", r#"resource.tags.contains("app=lab")"#);
    let answer = undo(&rig);
    assert_eq!(answer.status, 200, "{}", answer.text());
    rig.until_stage(&id, "undone");
}
