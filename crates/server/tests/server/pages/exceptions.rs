//! Exceptions in a browser: looked at before they are asked for, reviewed, taken back and renewed.

use quell_model::Clock as _;
use quell_server::Role;
use quell_testkit::server::Request;
use serde_json::{Value, json};

use super::{World, encoded};

#[test]
fn an_exception_is_reviewed_by_a_form_and_taken_back() {
    let world = World::new();
    let (engineer, engineer_csrf) = world.person("ana", Role::Engineer);
    let (approver, approver_csrf) = world.person("bo", Role::Approver);
    let by = (approver.as_str(), approver_csrf.as_str());
    let ask = |reason: &str| {
        let body = json!({"scope": "account = 111122223333", "reason": reason, "owner": "shop",
            "until": (world.bench.clock.now() + jiff::SignedDuration::from_hours(48)).to_string()});
        let request = Request::post("/api/v1/exceptions", body.to_string())
            .with("content-type", "application/json")
            .with("cookie", &engineer)
            .with("x-csrf-token", &engineer_csrf);
        let asked = world.ask(request).json();
        format!("/exceptions/{}", asked["exception"]["id"].as_str().unwrap())
    };
    let state = |path: &str| {
        world.bench.get(&format!("/api/v1{path}")).json()["state"].as_str().unwrap().to_owned()
    };
    let open = || world.bench.get("/api/v1/issues?status=open").json()["total"].as_u64().unwrap();
    let path = ask("closed \u{202e}<b>net</b>");
    let list = world.page("/exceptions", &approver);
    assert!(list.status == 200 && list.text().contains(&path), "{}", list.text());
    let page = world.page(&path, &approver);
    let text = page.text();
    for shown in ["closed \\u{202e}&lt;b&gt;net", "account = ", "111122223333", "The riskiest:"] {
        assert!(text.contains(shown), "{shown} in {text}");
    }
    assert!(!text.contains("<b>") && !text.contains('\u{202e}'), "{text}");
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    let yes = "word=approve&looked=yes&note=seen";
    let own = (engineer.as_str(), engineer_csrf.as_str());
    let (viewer, viewer_csrf) = world.person("di", Role::Viewer);
    let (analyst, analyst_csrf) = world.person("cy", Role::Analyst);
    for (what, who, body, status) in [
        ("their own", own, yes, 403),
        ("another token", (by.0, "x"), yes, 403),
        ("a viewer", (&*viewer, &*viewer_csrf), yes, 403),
        ("an analyst", (&*analyst, &*analyst_csrf), yes, 403),
        ("what another asked for", (&*analyst, &*analyst_csrf), "word=withdraw", 422),
        ("not looked", by, "word=approve", 422),
        ("no word", by, "looked=yes", 422),
        ("a no without a why", by, "word=refuse", 422),
    ] {
        let answer = world.send(&path, who, body);
        assert_eq!(answer.status, status, "{what}: {}", answer.text());
        assert!(answer.text().contains("Nothing was changed"), "{what}: {}", answer.text());
        assert_eq!(state(&path), "requested", "{what}");
    }
    assert_eq!(world.send("/exceptions/nothing", by, yes).status, 404);
    let query = format!("{path}?{yes}&csrf={approver_csrf}");
    assert_eq!(world.page(&query, &approver).status, 200);
    assert_eq!((state(&path), open()), ("requested".to_owned(), 3), "looking does nothing");
    let done = world.send(&path, by, yes);
    assert_eq!((done.status, done.header("location")), (303, Some(path.as_str())));
    assert_eq!((state(&path), open()), ("granted".to_owned(), 0));
    // The first page says by what something is hidden, and leads there.
    let first = world.page("/", &approver).text();
    assert!(first.contains("3 open issues hidden by 1 exception"), "{first}");
    assert!(first.contains(&format!("<a href=\"{path}\">")), "{first}");
    assert!(!first.contains("<b>net") && !first.contains('\u{202e}'), "{first}");
    let text = world.page(&path, &approver).text();
    assert!(text.contains("in force: it hides 3 issues; 1 days left"), "{text}");
    assert!(world.page(&path, &engineer).text().contains("value=\"withdraw\""));
    assert_eq!(world.send(&path, own, "word=withdraw&note=done").status, 303);
    assert_eq!((state(&path), open()), ("withdrawn".to_owned(), 3));
    let second = ask("another one");
    assert_eq!(world.send(&second, by, "word=refuse&note=no").status, 303);
    assert_eq!(state(&second), "refused");
    assert!(world.page("/exceptions", &approver).text().contains("Nothing is here."));
    assert!(world.page("/exceptions?all=yes", &approver).text().contains(&second));
    let log = world.bench.get("/api/v1/audit?action=exception.change&limit=50").json();
    let items = log["items"].as_array().unwrap();
    let begun = |word: &str| items.iter().any(|one| one["decision"] == word);
    assert!(begun("approve") && begun("refuse") && begun("withdraw"), "{log}");
    let id = path.rsplit('/').next().unwrap();
    assert!(items.iter().any(|one| one["objects"]["exception"][0] == id), "{log}");
    // A stranger is led to where people sign in, and who is limited to some places sees nothing.
    world.is_led_to_sign_in(&path);
    let importer = world.person("ed", Role::Importer).0;
    for path in ["/exceptions", "/delegations", path.as_str()] {
        assert_eq!(world.page(path, &importer).status, 403, "{path}");
    }
}

/// The day that is so many after today.
fn day(world: &World, days: i64) -> String {
    let at = world.bench.clock.now() + jiff::SignedDuration::from_hours(24 * days);
    at.to_zoned(jiff::tz::TimeZone::UTC).date().to_string()
}

/// A request as its form sends it.
fn request(until: &str) -> [(&'static str, &str); 5] {
    [
        ("scope", "account = 111122223333"),
        ("until", until),
        ("reason", "a closed net\r\n<b>only</b> \u{202e}"),
        ("owner", "shop"),
        ("compensating_controls", "egress is closed\r\n\r\n  watched \r\n"),
    ]
}

#[test]
fn an_exception_is_looked_at_from_an_incident_before_it_is_asked_for() {
    let world = World::new();
    let (analyst, csrf) = world.person("cy", Role::Analyst);
    let viewer = world.person("di", Role::Viewer).0;
    // The first page leads there, where who looks may ask; what is downloaded does not.
    let first = world.page("/", &analyst).text();
    let link = first.split("href=\"").find(|rest| rest.starts_with("/exceptions/new?incident="));
    let link = link.and_then(|rest| rest.split('"').next()).unwrap();
    assert!(!world.page("/", &viewer).text().contains("/exceptions/new"));
    let report = world.bench.get("/api/v1/report?format=html").text();
    assert!(report.contains("</html>") && !report.contains("/exceptions/new"));
    let page = world.page(link, &analyst);
    let text = page.text();
    assert!(text.contains(">issue in (") || text.contains(">issue = "), "{text}");
    assert!(text.contains("Say until when above") && !text.contains("name=\"reason\""), "{text}");
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    let issue = world.bench.get("/api/v1/issues?status=open").json()["items"][0]["id"].clone();
    let one = world.page(&format!("/exceptions/new?issue={}", issue.as_str().unwrap()), &analyst);
    assert!(one.text().contains("<dt>Open issues</dt><dd>1</dd>"), "{}", one.text());
    let day = |days| day(&world, days);
    let look = |scope: &str, until: &str| {
        let query = encoded(&[("scope", scope), ("until", until)]);
        world.page(&format!("/exceptions/new?{query}"), &analyst).text()
    };
    let text = look("account = 111122223333", &day(10));
    for shown in [
        "<dt>Open issues</dt><dd>3</dd>",
        "action=\"/exceptions\"",
        &format!("name=\"csrf\" value=\"{csrf}\""),
        &format!("name=\"until\" value=\"{}\"", day(10)),
        "one other person",
    ] {
        assert!(text.contains(shown), "{shown} in {text}");
    }
    for (scope, until, said) in [
        ("account ~ 1", day(10), "id=\"scope-wrong\"><bdi>the scope cannot be read"),
        ("account = 111122223333", day(-2), "id=\"until-wrong\"><bdi>the end is over"),
        ("account = 111122223333", day(900), "id=\"until-wrong\"><bdi>an exception that hides"),
        ("account = 111122223333", "soon".to_owned(), "id=\"until-wrong\"><bdi>`until` is a day"),
        ("account = \u{202e}<b>", day(10), "account = \\u{202e}&lt;b&gt;"),
    ] {
        let text = look(scope, &until);
        assert!(text.contains(said), "{said} in {text}");
        assert!(!text.contains("name=\"reason\"") || scope.contains("<b>"), "{text}");
        assert!(!text.contains("<b>") && !text.contains('\u{202e}'), "{text}");
    }
    assert!(world.page("/exceptions/new", &viewer).text().contains("Show what it would hide"));
    let query = encoded(&[("scope", "account = 111122223333"), ("until", &day(10))]);
    let text = world.page(&format!("/exceptions/new?{query}"), &viewer).text();
    assert!(text.contains("takes the right to decide everywhere"), "{text}");
    let path = format!("/exceptions/new?{query}");
    assert_eq!(world.page("/exceptions/new?incident=nothing", &analyst).status, 404);
    assert_eq!(world.page(&path, &world.person("ed", Role::Importer).0).status, 403);
    world.is_led_to_sign_in(&path);
    let all = [("csrf", &*csrf), ("reason", "why"), ("owner", "shop")];
    let looked = world.page(&format!("{path}&{}", encoded(&all)), &analyst);
    assert_eq!(looked.status, 200);
    assert_eq!(world.bench.get("/api/v1/exceptions").json()["total"], 0, "looking does nothing");
}

#[test]
fn an_exception_is_asked_for_by_a_form_that_says_what_is_wrong_beside_each_field() {
    let world = World::new();
    let (analyst, csrf) = world.person("cy", Role::Analyst);
    let (viewer, viewer_csrf) = world.person("di", Role::Viewer);
    let by = (analyst.as_str(), csrf.as_str());
    let day = |days| day(&world, days);
    let until = day(10);
    let good = request(&until);
    let with = |name: &str, value: &str| {
        let fields = good.map(|(one, held)| (one, if one == name { value } else { held }));
        encoded(&fields)
    };
    let stored = || world.bench.get("/api/v1/exceptions").json();
    let long = "x".repeat(2001);
    for (what, body, said) in [
        ("no reason", with("reason", " "), "id=\"reason-wrong\"><bdi>`reason` is missing"),
        ("a long reason", with("reason", &long), "id=\"reason-wrong\""),
        ("no owner", with("owner", ""), "id=\"owner-wrong\""),
        ("no end", with("until", ""), "id=\"until-wrong\""),
        ("an end that is over", with("until", &day(-2)), "id=\"until-wrong\"><bdi>the end is over"),
        ("an end too far", with("until", &day(900)), "id=\"until-wrong\""),
        ("no scope", with("scope", ""), "id=\"scope-wrong\"><bdi>the scope cannot be read"),
        ("a scope of nothing", with("scope", "account ="), "id=\"scope-wrong\""),
        (
            "many controls",
            with("compensating_controls", &"one\n".repeat(21)),
            "id=\"compensating_controls-wrong\"",
        ),
        ("nothing at all", String::new(), "id=\"scope-wrong\""),
    ] {
        let answer = world.send("/exceptions", by, &body);
        let text = answer.text();
        assert_eq!(answer.status, 422, "{what}: {text}");
        assert!(text.contains(said) && text.contains("It was not asked for"), "{what}: {text}");
        assert!(!text.contains("<b>") && !text.contains('\u{202e}'), "{what}: {text}");
        let is_kept = text.contains("egress is closed\nwatched</textarea>");
        let has_controls = !what.contains("scope") && !what.contains("controls");
        assert_eq!(is_kept, has_controls && what != "nothing at all", "{what}: {text}");
        assert_eq!(stored()["total"], 0, "{what}");
    }
    let body = encoded(&good);
    let twice = format!("{body}&{}", encoded(&[("owner", "other")]));
    for (what, who, body, status) in [
        ("another token", (by.0, "x"), &body, 403),
        ("another's token", (by.0, &*viewer_csrf), &body, 403),
        ("no session", ("", by.1), &body, 403),
        ("a viewer", (&*viewer, &*viewer_csrf), &body, 403),
        ("two owners", by, &twice, 422),
        ("a longer form", by, &with("reason", &"x".repeat(20_000)), 413),
    ] {
        assert_eq!(world.send("/exceptions", who, body).status, status, "{what}");
        assert_eq!(stored()["total"], 0, "{what}");
    }
    let log = world.bench.get("/api/v1/audit?action=exception.change&limit=50").json();
    let refused = log["items"].as_array().unwrap().iter();
    let refused = refused.filter(|one| one["outcome"] == "refused").count();
    assert!(refused >= 10, "what is wrong is no change: {log}");
}

#[test]
fn an_exception_that_is_asked_for_by_a_form_is_there_once() {
    let world = World::new();
    let (analyst, csrf) = world.person("cy", Role::Analyst);
    let by = (analyst.as_str(), csrf.as_str());
    let body = encoded(&request(&day(&world, 10)));
    let stored = || world.bench.get("/api/v1/exceptions").json();
    let done = world.send("/exceptions", by, &body);
    let at = done.header("location").unwrap().to_owned();
    assert!(done.status == 303 && at.starts_with("/exceptions/"), "{at}");
    let one = stored()["items"][0].clone();
    assert_eq!(at, format!("/exceptions/{}", one["id"].as_str().unwrap()));
    assert_eq!(one["reason"], "a closed net\n<b>only</b> \u{202e}");
    assert_eq!(one["compensating_controls"], json!(["egress is closed", "watched"]));
    assert_eq!((&one["owner"], &one["state"]), (&json!("shop"), &json!("requested")));
    assert_eq!(one["until"], format!("{}T00:00:00Z", day(&world, 11)));
    assert_eq!(one["events"][0]["by"]["name"], "cy");
    assert_eq!(world.send("/exceptions", by, &body).header("location"), Some(&*at), "once");
    assert_eq!(stored()["total"], 1);
    let page = world.page(&at, &analyst).text();
    assert!(page.contains("a closed net\n&lt;b&gt;only&lt;/b&gt; \\u{202e}"), "{page}");
    let log = world.bench.get("/api/v1/audit?action=exception.change&limit=50").json();
    let items = log["items"].as_array().unwrap();
    let of = |one: &&Value| one["stage"] == "ended" && one["outcome"] == "done";
    let ended = items.iter().find(of).unwrap();
    assert_eq!(ended["objects"]["exception"], json!([one["id"]]), "{ended}");
    assert_eq!((&ended["actor"]["kind"], &ended["facts"]["status"]), (&json!("user"), &json!(303)));
    assert!(!log.to_string().contains(&csrf), "{log}");
}

#[test]
fn an_exception_is_renewed_in_a_browser_by_a_request_of_its_own() {
    let world = World::new();
    let (analyst, csrf) = world.person("cy", Role::Analyst);
    let (approver, approver_csrf) = world.person("bo", Role::Approver);
    let (viewer, viewer_csrf) = world.person("di", Role::Viewer);
    let by = (analyst.as_str(), csrf.as_str());
    let (first, later) = (day(&world, 10), day(&world, 20));
    let asked = world.send("/exceptions", by, &encoded(&request(&first)));
    let old = asked.header("location").unwrap().to_owned();
    let id = old.rsplit('/').next().unwrap();
    let begin = format!("/exceptions/new?renews={id}");
    // What waits cannot be renewed.
    assert!(!world.page(&old, &analyst).text().contains(&begin));
    let early = world.page(&begin, &analyst);
    assert!(early.status == 422 && early.text().contains("what was granted"), "{}", early.text());
    let yes = "word=approve&looked=yes";
    assert_eq!(world.send(&old, (&approver, &approver_csrf), yes).status, 303);
    assert!(world.page(&old, &analyst).text().contains(&begin));
    assert!(!world.page(&old, &viewer).text().contains(&begin));
    let page = world.page(&begin, &analyst).text();
    for shown in ["Renew an exception", ">account = ", "name=\"renews\"", "Say until when above"] {
        assert!(page.contains(shown), "{shown} in {page}");
    }
    let look = format!("{begin}&{}", encoded(&[("until", &later)]));
    let page = world.page(&look, &analyst).text();
    for shown in ["a closed net\n&lt;b&gt;only&lt;/b&gt; \\u{202e}</textarea>", "value=\"shop\""] {
        assert!(page.contains(shown), "{shown} in {page}");
    }
    assert!(!page.contains("<b>") && !page.contains('\u{202e}'), "{page}");
    assert_eq!(world.page("/exceptions/new?renews=nothing", &analyst).status, 404);
    let renewing = |until: &str| format!("{}&renews={id}", encoded(&request(until)));
    let total = || world.bench.get("/api/v1/exceptions").json()["total"].as_u64();
    for (what, who, body, status) in [
        ("another token", (by.0, "x"), renewing(&later), 403),
        ("a viewer", (&*viewer, &*viewer_csrf), renewing(&later), 403),
        ("an end that is over", by, renewing(&day(&world, -1)), 422),
        ("an end too far", by, renewing(&day(&world, 900)), 422),
        ("no such exception", by, format!("{}&renews=zz", encoded(&request(&later))), 404),
    ] {
        let answer = world.send("/exceptions", who, &body);
        assert_eq!((answer.status, total()), (status, Some(1)), "{what}: {}", answer.text());
    }
    let wrong = world.send("/exceptions", by, &renewing(&day(&world, 900))).text();
    assert!(
        wrong.contains("Renew an exception") && wrong.contains("id=\"until-wrong\""),
        "{wrong}"
    );
    let done = world.send("/exceptions", by, &renewing(&later));
    let new = done.header("location").unwrap().to_owned();
    assert!(done.status == 303 && new != old, "{}", done.text());
    let state = |path: &str| world.bench.get(&format!("/api/v1{path}")).json()["state"].clone();
    assert_eq!((state(&old), state(&new)), (json!("granted"), json!("requested")));
    // While one waits, no second one is offered.
    let page = world.page(&old, &analyst).text();
    assert!(page.contains(&new) && !page.contains(&begin), "{page}");
    assert!(world.page(&new, &approver).text().contains(&old));
    assert_eq!(world.send(&new, (&approver, &approver_csrf), yes).status, 303);
    assert_eq!((state(&old), state(&new)), (json!("ended"), json!("granted")));
    assert!(!world.page(&old, &analyst).text().contains(&begin), "it was renewed");
}
