//! The double keeps the vendor's rules.

use quell_model::FixedClock;

use super::*;

fn ask(double: &CrowdstrikeDouble, (method, path): (&str, &str), body: &str) -> (u16, Value) {
    let login = {
        let (id, secret) = CrowdstrikeDouble::LOGIN;
        let body = format!("client_id={id}&client_secret={secret}");
        let form = ("content-type".to_owned(), "application/x-www-form-urlencoded".to_owned());
        let asked = Asked {
            method: "POST".to_owned(),
            path: "/oauth2/token".to_owned(),
            headers: vec![form],
            body: body.into_bytes(),
            ..Asked::default()
        };
        serde_json::from_slice::<Value>(&double.answer(&asked).body).unwrap()
    };
    let token = login["access_token"].as_str().unwrap();
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let answer = double.answer(&Asked {
        method: method.to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        headers: vec![("authorization".to_owned(), format!("Bearer {token}"))],
        body: body.as_bytes().to_vec(),
    });
    (answer.status, serde_json::from_slice(&answer.body).unwrap_or_default())
}

#[tokio::test]
async fn ids_come_by_filter_and_alerts_by_id() {
    let now = "2026-11-20T12:00:00Z".parse().unwrap();
    let world = World::new(3, 300, now);
    let expected = world.read().flaws.iter().filter(|flaw| is_falcon_alert(flaw)).count();
    let double = CrowdstrikeDouble::new(world, Arc::new(FixedClock(now)));
    let list = "/alerts/queries/alerts/v2";
    let (status, ids) = ask(&double, ("GET", &format!("{list}?limit=1000")), "");
    assert_eq!((status, ids["resources"].as_array().unwrap().len()), (200, expected));
    for (query, status) in [
        ("filter=updated_timestamp%3A%3E%3D%272026-11-01T00%3A00%3A00Z%27", 200),
        ("filter=updated_timestamp:>='x'", 200),
        ("filter=nothing%3A%27x%27", 400),
        ("filter=a+b", 400),
        ("limit=10001", 400),
        ("offset=9999&limit=2", 400),
        ("sort=updated_timestamp|asc", 200),
        ("sort=name", 400),
        ("page=2", 400),
    ] {
        assert_eq!(ask(&double, ("GET", &format!("{list}?{query}")), "").0, status, "{query}");
    }
    let body = json!({ "composite_ids": ids["resources"] }).to_string();
    let (status, alerts) = ask(&double, ("POST", "/alerts/entities/alerts/v2"), &body);
    assert_eq!((status, alerts["resources"].as_array().unwrap().len()), (200, expected));
    for body in ["{}", r#"{"ids":["x"]}"#, "x"] {
        assert_eq!(ask(&double, ("POST", "/alerts/entities/alerts/v2"), body).0, 400, "{body}");
    }
}
