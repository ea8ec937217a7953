//! A table that is asked, by a double of the Table API.

use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use quell_http::{Egress, Policy};
use quell_model::{Clock, Timestamp};
use quell_testkit::net::{Answer as Reply, Asked, HttpServer};
use serde_json::{Value, json};

use super::*;
use crate::live::Credential;

#[derive(Debug)]
struct Login(&'static str);

impl Credentials for Login {
    fn read(&self) -> Pin<Box<dyn Future<Output = Result<Credential, LiveError>> + Send + '_>> {
        let (id, secret) = (self.0.into(), "s3cret".into());
        Box::pin(async { Ok(Credential { id, secret }) })
    }
}

struct Fixed;

impl Clock for Fixed {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }
}

/// The Table API over rows in the order of their ids, as far as it is asked here.
struct Table {
    ids: Vec<String>,
    hidden: Vec<usize>,
    asked: AtomicUsize,
    /// Whether the place in the list is not understood.
    deaf: bool,
    fault: Mutex<Option<Reply>>,
}

impl Table {
    fn of(count: usize) -> Self {
        Self {
            ids: (0..count).map(|at| format!("{at:032x}")).collect(),
            hidden: Vec::new(),
            asked: AtomicUsize::new(0),
            deaf: false,
            fault: Mutex::new(None),
        }
    }

    fn answer(&self, asked: &Asked) -> Reply {
        let known = [("authorization", "Basic dXNlcjpzM2NyZXQ="), ("x-sn-apikey", "s3cret")];
        if !known.iter().any(|(name, value)| asked.header(name) == Some(value)) {
            return Reply::new(401, r#"{"error":{"message":"User Not Authenticated"}}"#);
        }
        if self.asked.fetch_add(1, Ordering::SeqCst) > 0
            && let Some(fault) = self.fault.lock().unwrap().take()
        {
            return fault;
        }
        let url = Url::parse(&format!("http://x/?{}", asked.query)).unwrap();
        let given = |name: &str| {
            url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
        };
        let query = given("sysparm_query").unwrap();
        assert!(query.ends_with("^ORDERBYsys_id"), "{query}");
        assert!(given("sysparm_fields").unwrap().ends_with(",u_team"));
        let behind = query.split('^').find_map(|part| part.strip_prefix("sys_id>"));
        let behind = behind.filter(|_| !self.deaf).unwrap_or_default();
        let found: Vec<(usize, &String)> =
            self.ids.iter().enumerate().filter(|(_, id)| id.as_str() > behind).collect();
        let limit: usize = given("sysparm_limit").unwrap().parse().unwrap();
        let shown = found.iter().take(limit).filter(|(at, _)| !self.hidden.contains(at));
        let row = |(at, id): &(usize, &String)| {
            json!({"sys_id": {"value": id, "display_value": id},
            "name": {"value": format!("host-{at}"), "display_value": format!("host-{at}")}})
        };
        let rows: Vec<Value> = shown.map(row).collect();
        Reply::new(200, json!({ "result": rows }).to_string())
            .header("X-Total-Count", &found.len().to_string())
    }
}

async fn had(table: Table, user: &'static str) -> (Result<Had, ItemsError>, Value) {
    let server = HttpServer::start(Arc::new(move |asked: &Asked| table.answer(asked))).await;
    let server = server.unwrap();
    let egress = Egress::new(vec!["http://127.0.0.1".parse().unwrap()]);
    let policy = Policy { egress, ..Policy::default() };
    let items = Items {
        url: format!("{}/api/now/table/cmdb_ci", server.url()),
        query: "install_status!=7".to_owned(),
        columns: vec!["u_team".to_owned()],
        credentials: Arc::new(Login(user)),
        client: Client::new(policy, Arc::new(Fixed)).unwrap(),
    };
    let mut out = Vec::new();
    let result = items.write(&mut out).await;
    (result, serde_json::from_slice(&out).unwrap_or_default())
}

#[tokio::test]
async fn all_pages_come_once_and_read_as_one_answer() {
    for (count, user) in [(0, "user"), (1, ""), (500, "user"), (1_203, "")] {
        let (result, file) = had(Table::of(count), user).await;
        assert_eq!(result.unwrap(), Had { items: count as u64, hidden: 0 });
        let rows = file["result"].as_array().unwrap();
        let names: Vec<&str> =
            rows.iter().map(|row| row["name"]["value"].as_str().unwrap()).collect();
        assert_eq!(names, (0..count).map(|at| format!("host-{at}")).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn rows_that_the_login_may_not_see_are_counted() {
    let table = Table { hidden: vec![3, 499, 600], ..Table::of(1_000) };
    let (result, _) = had(table, "user").await;
    assert_eq!(result.unwrap(), Had { items: 997, hidden: 3 });
}

#[tokio::test]
async fn a_condition_that_is_ignored_is_no_endless_list() {
    let (result, _) = had(Table { deaf: true, ..Table::of(700) }, "user").await;
    let said = result.unwrap_err().to_string();
    assert!(said.contains("`install_status!=7` is not understood"), "{said}");
}

#[tokio::test]
async fn a_query_that_took_too_long_is_no_end_of_the_list() {
    let cut = r#"{"result":[],"error":{"message":"Transaction cancelled: maximum execution time exceeded","detail":""},"status":"failure"}"#;
    let table = Table { fault: Mutex::new(Some(Reply::new(200, cut))), ..Table::of(700) };
    let (result, _) = had(table, "user").await;
    let error = result.unwrap_err();
    assert!(matches!(error, ItemsError::Live(LiveError::Busy { .. })), "{error}");
}

#[tokio::test]
async fn a_refusal_is_told_in_its_words_and_without_the_password() {
    let (result, _) = had(Table::of(1), "nobody").await;
    let error = result.unwrap_err();
    assert!(matches!(&error, ItemsError::Live(LiveError::Login(_))), "{error}");
    assert!(!format!("{error:?}").contains("s3cret"));
    let right = r#"{"error":{"message":"Operation Failed","detail":"ACL Exception Query Failed due to security constraints"}}"#;
    let table = Table { fault: Mutex::new(Some(Reply::new(403, right))), ..Table::of(700) };
    let error = had(table, "user").await.0.unwrap_err().to_string();
    assert!(error.contains("ACL Exception"), "{error}");
}

#[test]
fn queries_that_cannot_be_extended_are_refused() {
    assert_eq!(Items::check_query("install_status!=7^operational_status=1"), Ok(()));
    for wrong in ["a=1^NQb=2", "a=1^ORDERBYname", "a=javascript:gs.now()", "a\n=1"] {
        assert!(Items::check_query(wrong).is_err(), "{wrong}");
    }
}
