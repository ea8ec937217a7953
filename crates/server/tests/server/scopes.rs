//! Limits: who is limited to some places sees, counts and changes what is there, and nothing else.

use std::collections::BTreeMap;

use quell_server::Role;
use quell_testkit::server::{Answer, Client, Request};
use serde_json::{Value, json};

use crate::bench::Bench;

/// Findings of each place.
const EACH: u64 = 3;
/// What only findings of the other place say.
const OUTSIDE: [&str; 5] = ["444455556666", "omega", "datateam", "lab-room", "us-east-1"];

/// Security Hub's findings of two accounts, which differ in account, environment, owner and tags.
fn findings() -> Vec<u8> {
    let places = [
        ("alpha", "111122223333", "eu-west-1", ("prod", "webteam", "shop")),
        ("omega", "444455556666", "us-east-1", ("test", "datateam", "lab-room")),
    ];
    let each = |number: u64| {
        places.map(|(name, account, region, (environment, owner, app))| {
            let arn = format!("arn:aws:sqs:{region}:{account}:{name}-{number}");
            json!({
                "SchemaVersion": "2018-10-08", "Id": format!("{arn}/SQS.1"),
                "ProductArn": format!("arn:aws:securityhub:{region}::product/aws/securityhub"),
                "GeneratorId": "security-control/SQS.1", "AwsAccountId": account,
                "Types": ["Software and Configuration Checks"],
                "CreatedAt": "2026-11-01T00:00:00Z", "UpdatedAt": "2026-11-02T00:00:00Z",
                "Severity": {"Label": "HIGH"}, "Title": format!("{name} queue is open"),
                "Description": "made up", "Compliance": {"Status": "FAILED", "SecurityControlId": "SQS.1"},
                "Workflow": {"Status": "NEW"}, "RecordState": "ACTIVE",
                "Resources": [{"Type": "AwsSqsQueue", "Id": arn, "Partition": "aws", "Region": region,
                    "Tags": {"environment": environment, "team": owner, "app": app}}],
            })
        })
    };
    let all: Vec<Value> = (0..EACH).flat_map(each).collect();
    json!({ "Findings": all }).to_string().into_bytes()
}

fn bench(more: &str) -> Bench {
    let bench = Bench::with(&[], more);
    let path = "/api/v1/imports?wait=true&name=shared-file&source=shared-source";
    assert_eq!(bench.post(path, findings()).json()["state"], "done");
    let all = bench.get("/api/v1/issues").json();
    assert_eq!(all["total"], json!(2 * EACH), "{all}");
    bench
}

fn get(client: &Client, path: &str) -> Answer {
    client.send(&Request::get(path)).unwrap()
}

fn post(client: &Client, path: &str, body: &Value) -> Answer {
    let request = Request::post(path, body.to_string()).with("content-type", "application/json");
    client.send(&request).unwrap()
}

/// Every address that is read, as the description has them.
fn read_routes(bench: &Bench) -> Vec<String> {
    let document = bench.get("/api/v1/openapi.json").json();
    let paths = document["paths"].as_object().unwrap();
    let read = paths.iter().filter(|(_, methods)| methods.get("get").is_some());
    read.map(|(path, _)| path.clone()).collect()
}

/// The ids that each list of the API tells, by the list, whose text holds a word.
fn ids(client: &Client, routes: &[String], word: &str) -> BTreeMap<String, Vec<String>> {
    let mut ids: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut routes: Vec<&String> = routes.iter().collect();
    routes.sort_by_key(|path| !path.ends_with("/issues"));
    for path in routes.into_iter().filter(|path| !path.contains('{')) {
        let list = get(client, path);
        if list.status != 200 || !list.text().starts_with('{') {
            continue;
        }
        let list = list.json();
        let items = list["items"].as_array().cloned().unwrap_or_default();
        // An incident says by its issues where it is.
        let issues = ids.get("/api/v1/issues").cloned().unwrap_or_default();
        let holds = |item: &&Value| {
            let item = item.to_string();
            item.contains(word)
                || (path.ends_with("/incidents") && issues.iter().any(|id| item.contains(id)))
        };
        let with = items.iter().filter(holds);
        let named = with.filter_map(|item| item["id"].as_str().map(str::to_owned));
        let named: Vec<String> = named.collect();
        if !named.is_empty() {
            ids.insert(path.clone(), named);
        }
    }
    ids
}

fn check_nothing_of_outside(who: &str, path: &str, answer: &Answer) {
    for word in OUTSIDE {
        assert!(!answer.text().contains(word), "{who} reads `{word}` at {path}: {}", answer.text());
    }
}

#[test]
fn who_is_limited_finds_nothing_of_outside_at_any_address() {
    let bench = bench("");
    let routes = read_routes(&bench);
    let mut outside = ids(&bench.admin, &routes, "omega");
    outside.extend(ids(&bench.admin, &["/api/v1/jobs".to_owned()], ""));
    for list in ["issues", "findings", "assets", "incidents"] {
        assert!(outside.contains_key(&format!("/api/v1/{list}")), "{list}: {outside:?}");
    }
    for limits in [
        &["account=111122223333"][..],
        &["environment=production"],
        &["team=webteam"],
        &["tag=app=shop"],
        &["account=111122223333", "environment=production", "team=webteam", "tag=app=shop"],
        &["account=111122223333", "account=999"],
    ] {
        let who = format!("{limits:?}");
        let client = bench.limited(Role::Admin, "default", limits);
        for list in ["issues", "findings", "assets"] {
            let found = get(&client, &format!("/api/v1/{list}?facets=true")).json();
            assert_eq!(found["total"], json!(EACH), "{who}: {found}");
        }
        let counted = get(&client, "/api/v1/statistics").json();
        for what in
            ["findings", "open_findings", "issues", "open_issues", "assets_with_open_issues"]
        {
            assert_eq!(counted[what], json!(EACH), "{who}: {what} of {counted}");
        }
        let report = get(&client, "/api/v1/report").json();
        assert_eq!(report["funnel"]["issues"], json!(EACH), "{who}");
        let incidents = get(&client, "/api/v1/incidents").json();
        let held: u64 = incidents["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|i| i["issues"].as_u64().unwrap())
            .sum();
        assert_eq!(held, EACH, "{who}: {incidents}");
        let inside = ids(&client, &routes, "alpha");
        for path in &routes {
            let list = path.split("/{").next().unwrap();
            if !path.contains('{') {
                check_nothing_of_outside(&who, path, &get(&client, path));
                continue;
            }
            let bogus = path.replace("{id}", &"0".repeat(26));
            let nothing = || get(&client, &bogus).undated();
            for id in outside.get(list).into_iter().flatten().filter(|_| list != "/api/v1/controls")
            {
                let answer = get(&client, &path.replace("{id}", id));
                assert_eq!(answer.status, 404, "{who} at {path} with {id}: {}", answer.text());
                assert_eq!(answer.undated(), nothing(), "{who}: {path} shows that it is there");
            }
            for id in inside.get(list).into_iter().flatten() {
                let answer = get(&client, &path.replace("{id}", id));
                assert_eq!(answer.status, 200, "{who} at {path} with {id}: {}", answer.text());
                check_nothing_of_outside(&who, path, &answer);
            }
        }
        for format in ["html", "markdown", "sarif", "ocsf", "csv"] {
            let path = format!("/api/v1/report?format={format}");
            check_nothing_of_outside(&who, &path, &get(&client, &path));
        }
        for path in ["/api/v1/imports", "/api/v1/sources", "/api/v1/status", "/api/v1/jobs"] {
            assert_eq!(get(&client, path).status, 403, "{who}: {path} is of the whole tenant");
        }
        let searched = get(&client, "/api/v1/issues?asset=omega&account=444455556666").json();
        assert_eq!(searched["total"], json!(0), "{who}");
    }
    let nowhere = bench.limited(Role::Admin, "default", &["account=1"]);
    assert_eq!(get(&nowhere, "/api/v1/issues").json()["total"], json!(0));
    assert_eq!(get(&nowhere, "/api/v1/incidents").json()["total"], json!(0));
}

#[test]
fn who_is_limited_changes_nothing_of_outside() {
    let bench = bench("");
    let routes = read_routes(&bench);
    let both = ids(&bench.admin, &routes, "");
    let (outside, all) = (ids(&bench.admin, &routes, "omega"), &both["/api/v1/incidents"]);
    let analyst = bench.limited(Role::Analyst, "default", &["team=webteam"]);
    let inside = ids(&analyst, &routes, "alpha");
    let mark = json!({"as": "accepted", "reason": "known"});
    let before = bench.get("/api/v1/issues?mark=accepted").json();
    assert_eq!(before["total"], json!(0));
    for list in ["issues", "incidents"] {
        for id in &outside[&format!("/api/v1/{list}")] {
            for act in ["mark", "split", "join", "reset"] {
                let body = match (act, list) {
                    ("split", "issues") => json!({"finding": "0".repeat(26)}),
                    ("split", _) => json!({"issues": [id]}),
                    ("join", _) => json!({"incidents": [id]}),
                    ("reset", _) => json!({}),
                    (_, _) => mark.clone(),
                };
                let path = format!("/api/v1/{list}/{id}/{act}");
                let answer = post(&analyst, &path, &body);
                assert_eq!(answer.status, 404, "{path}: {}", answer.text());
            }
            let path = format!("/api/v1/{list}/{id}/mark");
            let answer = analyst.send(&Request::new("DELETE", &path)).unwrap();
            assert_eq!(answer.status, 404, "{path}");
        }
    }
    assert!(all.len() >= 2, "{all:?}");
    let (own, other) = (&inside["/api/v1/incidents"][0], &outside["/api/v1/incidents"][0]);
    let join =
        post(&analyst, &format!("/api/v1/incidents/{own}/join"), &json!({"incidents": [other]}));
    assert_eq!(join.status, 404, "{}", join.text());
    assert_eq!(bench.get("/api/v1/issues?mark=accepted").json()["total"], json!(0));
    let path = format!("/api/v1/issues/{}/mark", inside["/api/v1/issues"][0]);
    assert_eq!(post(&analyst, &path, &mark).status, 200);
    let whole = post(&analyst, &format!("/api/v1/incidents/{own}/mark"), &mark);
    assert_eq!((whole.status, &whole.json()["issues"]), (200, &json!(EACH)), "{}", whole.text());
    assert_eq!(bench.get("/api/v1/issues?mark=accepted").json()["total"], json!(EACH));
    // A file may say anything of any place.
    let import = post(&analyst, "/api/v1/imports", &json!({"Findings": []}));
    assert_eq!(import.status, 403);
}

#[test]
fn an_incident_that_reaches_outside_is_shown_in_part_and_changed_by_nobody_limited() {
    let bench = bench("");
    let all = bench.get("/api/v1/incidents").json();
    let ids: Vec<&str> =
        all["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap()).collect();
    let (first, others) = ids.split_first().unwrap();
    let path = format!("/api/v1/incidents/{first}/join");
    assert_eq!(bench.post(&path, json!({"incidents": others}).to_string()).status, 200);
    let whole = bench.get("/api/v1/incidents").json();
    assert_eq!((&whole["total"], &whole["items"][0]["issues"]), (&json!(1), &json!(2 * EACH)));
    let analyst = bench.limited(Role::Analyst, "default", &["account=111122223333"]);
    let seen = get(&analyst, "/api/v1/incidents").json();
    assert_eq!(seen["items"][0]["issues"], json!(EACH), "{seen}");
    check_nothing_of_outside("analyst", "/api/v1/incidents", &get(&analyst, "/api/v1/incidents"));
    let id = whole["items"][0]["id"].as_str().unwrap();
    let mark = json!({"as": "accepted", "reason": "known"});
    let refused = post(&analyst, &format!("/api/v1/incidents/{id}/mark"), &mark);
    assert_eq!(refused.status, 403, "{}", refused.text());
    assert_eq!(bench.get("/api/v1/issues?mark=accepted").json()["total"], json!(0));
}

#[test]
fn an_organisation_s_own_policy_narrows_what_is_seen_and_done() {
    let folder = tempfile::tempdir().unwrap();
    let policy = r#"
        @id("analysts leave production alone")
        forbid (principal in Quell::Role::"analyst", action == Quell::Action::"decide",
            resource is Quell::Place)
        when { resource.environments.contains("production") };

        @id("viewers see no tests")
        forbid (principal in Quell::Role::"viewer", action == Quell::Action::"read",
            resource is Quell::Place)
        when { resource.environments.contains("test") };
    "#;
    std::fs::write(folder.path().join("own.cedar"), policy).unwrap();
    std::fs::write(folder.path().join("note.txt"), "no policy").unwrap();
    let more = format!("\n[access]\npolicies = '{}'\n", folder.path().display());
    let bench = bench(&more);
    let viewer = bench.client(Role::Viewer, "default");
    assert_eq!(get(&viewer, "/api/v1/issues").json()["total"], json!(EACH));
    check_nothing_of_outside(
        "viewer",
        "/api/v1/report",
        &get(&viewer, "/api/v1/report?format=csv"),
    );
    let analyst = bench.client(Role::Analyst, "default");
    let issues = get(&analyst, "/api/v1/issues").json();
    assert_eq!(issues["total"], json!(2 * EACH));
    let mark = json!({"as": "accepted", "reason": "known"});
    for item in issues["items"].as_array().unwrap() {
        let expected = if item.to_string().contains("alpha") { 403 } else { 200 };
        let path = format!("/api/v1/issues/{}/mark", item["id"].as_str().unwrap());
        assert_eq!(post(&analyst, &path, &mark).status, expected, "{item}");
    }
    std::fs::write(
        folder.path().join("own.cedar"),
        "permit (principal, action, resource);\n\nforbid (",
    )
    .unwrap();
    let mut bench = bench;
    bench.stop();
    let error = bench.start().unwrap_err().to_string();
    assert!(error.contains("own.cedar:3: "), "{error}");
}

#[test]
fn a_job_is_done_only_while_who_asked_for_it_still_may() {
    let bench = Bench::with(&[("jobs.workers", "1")], "");
    let importer = bench.client(Role::Importer, "default");
    let asked = importer.send(&Request::post("/api/v1/imports?wait=true", findings())).unwrap();
    let job = asked.json();
    assert_eq!(job["state"], "done");
    let token = importer.token.as_deref().unwrap().split('_').nth(1).unwrap().to_owned();
    // As it was kept before who asked was noted, and as somebody else's.
    let store = rusqlite::Connection::open(bench.data().join("server.db")).unwrap();
    let set = |asked_by: &str| {
        let sql = "UPDATE jobs SET state = 'queued', what = json_set(what, '$.asked_by', ?1), \
                   attempts = 0, ended_at = NULL, due_at = 0";
        store.execute(sql, [asked_by]).unwrap();
    };
    let id = job["id"].as_str().unwrap();
    let revoke = "UPDATE tokens SET revoked_at = 1 WHERE id = ?1";
    assert_eq!(store.execute(revoke, [&token]).unwrap(), 1);
    set(&format!("token {token}"));
    let over = bench.until_job(id, "dead");
    assert_eq!(over["reason"], "who asked for it may not any more");
    set("user nobody");
    bench.until_job(id, "dead");
    let viewer = bench.client(Role::Viewer, "default");
    let viewer = viewer.token.as_deref().unwrap().split('_').nth(1).unwrap().to_owned();
    set(&format!("token {viewer}"));
    bench.until_job(id, "dead");
    let admin = bench.admin.token.as_deref().unwrap().split('_').nth(1).unwrap().to_owned();
    set(&format!("token {admin}"));
    bench.until_job(id, "done");
}
