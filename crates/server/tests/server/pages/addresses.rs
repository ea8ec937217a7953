//! What a browser is told of an address that is wrong, and where it is led that has to sign in.

use quell_server::Role;
use quell_testkit::server::Request;
use serde_json::json;

use super::{FORM, PASSWORD, World, encoded};

#[test]
fn what_is_wrong_with_an_address_is_said_as_a_page_or_as_json() {
    let world = World::new();
    let viewer = world.person("di", Role::Viewer).0;
    for path in [
        "/approvals?skip=x",
        "/approvals?skip=-1",
        "/exceptions?skip=99999999999999999999999",
        "/exceptions?all=1&all=2",
        "/exceptions/new?scope=a&scope=b",
        "/approvals/%ff",
        "/exceptions/%ff",
    ] {
        let page = world.page(path, &viewer);
        let text = page.text();
        assert_eq!(page.status, 400, "{path}: {text}");
        assert!(text.contains("<h1>The request is wrong</h1>"), "{path}: {text}");
        assert!(text.contains("href=\"/exceptions\"") && !text.contains("Nothing was changed"));
        let policy = page.header("content-security-policy").unwrap();
        assert!(policy.contains("style-src 'sha256-"), "{path}: {policy}");
        let asked = Request::get(path).with("cookie", &viewer).with("accept", "application/json");
        let said = world.ask(asked);
        assert_eq!(said.header("content-type"), Some("application/problem+json"), "{path}");
        assert_eq!(said.json()["type"], "invalid", "{path}");
    }
    for path in ["/approvals/nothing", "/exceptions/nothing", "/nothing/there"] {
        let page = world.page(path, &viewer);
        assert!(page.status == 404 && page.text().contains("There is no such thing"), "{path}");
        let asked = Request::get(path).with("cookie", &viewer).with("accept", "application/json");
        assert_eq!(world.ask(asked).json()["type"], "not_found", "{path}");
    }
    // What is asked for in vain by a form too.
    let form = Request::post("/exceptions", "scope=x").with("content-type", FORM);
    let said = world.ask(form.with("cookie", &viewer).with("accept", "application/json"));
    assert_eq!((said.status, said.json()["type"].clone()), (403, json!("forged")));
    let importer = world.person("ed", Role::Importer).0;
    let first = world.page("/", &importer);
    assert!(first.status == 403 && first.text().contains("<h1>Who asks may not do that</h1>"));
}

#[test]
fn who_signs_in_goes_on_to_the_page_that_they_asked_for_and_nowhere_else() {
    let world = World::new();
    let (path, _) = world.plan();
    drop(world.person("bo", Role::Approver));
    let first = world.ask(Request::get("/").with("accept", "text/html"));
    assert_eq!((first.status, first.header("location")), (303, Some("/sign-in")));
    world.is_led_to_sign_in(&path);
    let to = format!("/sign-in?{}", encoded(&[("to", &path)]));
    let page = world.ask(Request::get(&to)).text();
    assert!(page.contains(&format!("name=\"to\" value=\"{path}\"")), "{page}");
    let sign_in = |to: &str, password: &str| {
        let fields = encoded(&[("name", "bo"), ("password", password), ("to", to)]);
        world.ask(Request::post("/sign-in", fields).with("content-type", FORM))
    };
    // A wrong password keeps it.
    let wrong = sign_in(&path, "wrong").text();
    assert!(wrong.contains(&format!("name=\"to\" value=\"{path}\"")), "{wrong}");
    assert_eq!(sign_in(&path, PASSWORD).header("location"), Some(path.as_str()));
    let asked = "/exceptions/new?scope=account%20%3D%201&until=";
    assert_eq!(sign_in(asked, PASSWORD).header("location"), Some(asked));
    let others = [
        "https://evil.example/",
        "//evil.example",
        "/approvals.evil.example",
        "/approvals\r\nset-cookie: a=b",
        "/\\evil.example",
        "javascript:alert(1)",
        "/sign-out",
        "",
    ];
    // Ten tries are answered at once.
    for other in others.iter().take(4) {
        assert_eq!(sign_in(other, PASSWORD).header("location"), Some("/"), "{other}");
    }
    for other in others {
        let page = world.ask(Request::get(&format!("/sign-in?{}", encoded(&[("to", other)]))));
        assert!(!page.text().contains("evil") && !page.text().contains("name=\"to\""), "{other}");
    }
}
