//! The pages on which people approve: looking does nothing, and a form counts once its session,
//! its token and its hash are right.

mod addresses;
mod exceptions;

use quell_model::TenantId;
use quell_server::{PersonPlan, Role, Scope, add_person};
use quell_testkit::server::{Answer, Request};
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::bench::{Bench, lines};

const PASSWORD: &str = "correct horse battery";
const FORM: &str = "application/x-www-form-urlencoded";
/// A diff whose text tries to be markup, and to turn round.
const DIFF: &str =
    "-acl = \"public\"\n+acl = \"private\" # </pre><script>alert(1)</script>\u{202e}\n";

struct World {
    bench: Bench,
    _rules: tempfile::TempDir,
}

impl World {
    /// A server with a fix that somebody asks for, and people who sign in.
    fn new() -> Self {
        let rules = tempfile::tempdir().unwrap();
        let path = rules.path().join("rules.toml");
        let text = "[[rule]]\nid = \"all\"\nphase = \"assist\"\nkinds = [\"fix.*\"]\n";
        std::fs::write(&path, text).unwrap();
        let more = format!(
            "[sign_in]\nplain_loopback = true\n\n[approvals]\nrules = {:?}\n",
            path.display().to_string()
        );
        let bench = Bench::with(&[], &more);
        assert_eq!(bench.post("/api/v1/imports?wait=true", lines("pages", 3)).status, 200);
        let issue = bench.get("/api/v1/issues?status=open").json()["items"][0]["id"].clone();
        let fix: quell_model::Fix = serde_json::from_value(json!({
            "id": "f1", "control": "aws.s3.bucket_public", "recipe": "set_attributes",
            "title": "close the \u{202e}<b>bucket</b>", "closes": [issue],
            "state": {"state": "proved"}, "safety": "needs_approval", "file": "main.tf",
            "address": "aws_s3_bucket.logs", "diff": DIFF, "proof": [], "may_break": [],
        }))
        .unwrap();
        let mut store = quell_store::Store::open(bench.data()).unwrap();
        quell_pipeline::query::keep_fixes(&mut store, &[fix]).unwrap();
        Self { bench, _rules: rules }
    }

    /// The cookie and the token of somebody's session.
    fn person(&self, name: &str, role: Role) -> (String, String) {
        let plan = PersonPlan {
            tenant: TenantId::default(),
            name: name.to_owned(),
            roles: [role].into(),
            groups: Default::default(),
            scope: Scope::default(),
        };
        let password = SecretString::from(PASSWORD.to_owned());
        add_person(self.bench.data(), &plan, &password, &*self.bench.clock).unwrap();
        let form = format!("name={name}&password={}", PASSWORD.replace(' ', "+"));
        let answer = self.ask(Request::post("/sign-in", form).with("content-type", FORM));
        assert_eq!(answer.status, 303, "{}", answer.text());
        let set = answer.headers.iter().find(|(_, value)| value.starts_with("quell-session="));
        let cookie = set.unwrap().1.split(';').next().unwrap().to_owned();
        let me = self.ask(Request::get("/api/v1/me").with("cookie", &cookie)).json();
        (cookie, me["csrf_token"].as_str().unwrap().to_owned())
    }

    #[expect(clippy::needless_pass_by_value, reason = "a request is made where it is sent")]
    fn ask(&self, request: Request) -> Answer {
        self.bench.stranger().send(&request).unwrap()
    }

    fn page(&self, path: &str, cookie: &str) -> Answer {
        self.ask(Request::get(path).with("cookie", cookie).with("accept", "text/html"))
    }

    /// A stranger is led to where people sign in, and from there back.
    #[track_caller]
    fn is_led_to_sign_in(&self, path: &str) {
        let stranger = self.ask(Request::get(path).with("accept", "text/html"));
        let to = format!("/sign-in?{}", encoded(&[("to", path)]));
        assert_eq!((stranger.status, stranger.header("location")), (303, Some(&*to)));
    }

    fn send(&self, path: &str, (cookie, csrf): (&str, &str), fields: &str) -> Answer {
        let request = Request::post(path, format!("csrf={csrf}&{fields}"));
        self.ask(request.with("content-type", FORM).with("cookie", cookie))
    }

    /// A plan that an engineer asks for: its page, and what it is.
    fn plan(&self) -> (String, Value) {
        let engineer = self.bench.client(Role::Engineer, "default");
        let asked = Request::post("/api/v1/approvals", r#"{"fix":"f1"}"#);
        let asked = engineer.send(&asked.with("content-type", "application/json")).unwrap().json();
        let plan = asked["plan"].clone();
        (format!("/approvals/{}", plan["id"].as_str().unwrap()), plan)
    }

    /// The id of the person of a session.
    fn id(&self, cookie: &str) -> String {
        let me = self.ask(Request::get("/api/v1/me").with("cookie", cookie)).json();
        me["id"].as_str().unwrap_or_else(|| panic!("{me}")).to_owned()
    }

    /// Whether somebody did not wait for others.
    fn glass(&self, plan: &Value) -> Value {
        let path = format!("/api/v1/approvals/{}", plan["id"].as_str().unwrap());
        self.bench.get(&path).json()["approvals"]["glass"].clone()
    }

    fn votes(&self, plan: &Value) -> usize {
        let path = format!("/api/v1/approvals/{}", plan["id"].as_str().unwrap());
        self.bench.get(&path).json()["approvals"]["votes"].as_array().unwrap().len()
    }
}

#[test]
fn looking_at_a_plan_does_nothing_and_a_form_says_yes() {
    let world = World::new();
    let (path, plan) = world.plan();
    let (cookie, csrf) = world.person("bo", Role::Approver);
    let list = world.page("/approvals", &cookie);
    assert!(list.status == 200 && list.text().contains(&path), "{}", list.text());
    let page = world.page(&path, &cookie);
    let text = page.text();
    assert_eq!(page.status, 200, "{text}");
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    assert!(!policy.contains("unsafe") && policy.contains("form-action 'self'"), "{policy}");
    assert_eq!(page.header("cache-control"), Some("no-store"));
    for shown in [
        plan["hash"].as_str().unwrap(),
        "close the \\u{202e}&lt;b&gt;bucket&lt;/b&gt;",
        "# &lt;/pre&gt;&lt;script&gt;alert(1)&lt;/script&gt;\\u{202e}",
        "<span class=\"add\">+acl = &quot;private&quot;",
        "those who may approve there",
        &format!("name=\"csrf\" value=\"{csrf}\""),
    ] {
        assert!(text.contains(shown), "{shown} in {text}");
    }
    assert!(!text.contains("<script") && !text.contains("<b>") && !text.contains('\u{202e}'));
    // Whatever stands in the address, looking does nothing.
    let hash = plan["hash"].as_str().unwrap();
    let yes = format!("word=approve&looked=yes&hash={hash}&note=fine");
    for query in [&yes, &format!("{yes}&csrf={csrf}")] {
        assert_eq!(world.page(&format!("{path}?{query}"), &cookie).status, 200);
    }
    assert_eq!(world.votes(&plan), 0);
    let done = world.send(&path, (&cookie, &csrf), &yes);
    assert_eq!(
        (done.status, done.header("location")),
        (303, Some(path.as_str())),
        "{}",
        done.text()
    );
    assert_eq!(world.votes(&plan), 1);
    let after = world.page(&path, &cookie).text();
    assert!(after.contains("You have spoken of it.") && after.contains("fine"), "{after}");
    assert!(after.contains("enough people agree"), "{after}");
    let twice = world.send(&path, (&cookie, &csrf), &yes);
    assert!(
        twice.status == 422 && twice.text().contains("Nothing was changed"),
        "{}",
        twice.text()
    );
    assert_eq!(world.votes(&plan), 1);
    // The audit log has who said what, and no token of a session.
    let log = world.bench.get("/api/v1/audit?limit=50");
    let items = log.json()["items"].clone();
    let of = |stage: &str| {
        let all = items.as_array().unwrap().iter();
        let mut own =
            all.filter(|one| one["action"] == "approval.change" && one["actor"]["kind"] == "user");
        own.find(|one| one["stage"] == stage && one["outcome"] != "refused").unwrap().clone()
    };
    let ended = of("ended");
    assert_eq!((&ended["outcome"], &ended["facts"]["status"]), (&json!("done"), &json!(303)));
    assert_eq!(ended["objects"]["approval"][0], plan["id"], "{ended}");
    assert_eq!(of("begun")["decision"], "approve", "{}", log.text());
    assert!(!log.text().contains(&csrf));
}

#[test]
#[expect(clippy::too_many_lines, reason = "one world for all that is refused")]
fn a_form_that_is_not_the_page_s_own_changes_nothing() {
    let world = World::new();
    let (path, plan) = world.plan();
    let (cookie, csrf) = world.person("bo", Role::Approver);
    let (analyst, analyst_csrf) = world.person("cy", Role::Analyst);
    let (viewer, viewer_csrf) = world.person("di", Role::Viewer);
    let hash = plan["hash"].as_str().unwrap();
    let yes = format!("word=approve&looked=yes&hash={hash}");
    let by = (cookie.as_str(), csrf.as_str());
    let other = "0".repeat(64);
    for (what, answer, status) in [
        ("another token", world.send(&path, (&cookie, "x"), &yes), 403),
        ("another's token", world.send(&path, (&cookie, &analyst_csrf), &yes), 403),
        ("the token twice", world.send(&path, by, &format!("{yes}&csrf={csrf}")), 403),
        ("no session", world.send(&path, ("", &csrf), &yes), 403),
        (
            "another hash",
            world.send(&path, by, &format!("word=approve&looked=yes&hash={other}")),
            422,
        ),
        ("no hash", world.send(&path, by, "word=approve&looked=yes"), 422),
        ("not looked", world.send(&path, by, &format!("word=approve&hash={hash}")), 422),
        ("no word", world.send(&path, by, &format!("looked=yes&hash={hash}")), 422),
        (
            "break the glass",
            world.send(&path, by, &format!("word=break_glass&hash={hash}&note=x")),
            422,
        ),
        ("a no without a why", world.send(&path, by, &format!("word=refuse&hash={hash}")), 422),
        ("no right to approve", world.send(&path, (&analyst, &analyst_csrf), &yes), 422),
        ("no right to decide", world.send(&path, (&viewer, &viewer_csrf), &yes), 403),
        ("no such plan", world.send("/approvals/nothing", by, &yes), 404),
        (
            "a longer form",
            world.send(&path, by, &format!("{yes}&note={}", "x".repeat(20_000))),
            413,
        ),
    ] {
        assert_eq!(answer.status, status, "{what}: {}", answer.text());
        assert!(answer.text().contains("Nothing was changed"), "{what}: {}", answer.text());
        assert_eq!(world.votes(&plan), 0, "{what}");
    }
    let request = || Request::post(&path, format!("csrf={csrf}&{yes}")).with("cookie", &cookie);
    for (what, request, status) in [
        (
            "another site",
            request().with("content-type", FORM).with("origin", "https://evil.example"),
            403,
        ),
        (
            "another site's frame",
            request().with("content-type", FORM).with("sec-fetch-site", "cross-site"),
            403,
        ),
        ("plain text", request().with("content-type", "text/plain"), 415),
        ("json", request().with("content-type", "application/json"), 415),
    ] {
        assert_eq!(world.ask(request).status, status, "{what}");
        assert_eq!(world.votes(&plan), 0, "{what}");
    }
    // A token as a password shows the page and decides nothing.
    let token = world.bench.admin.token.clone().unwrap();
    let basic =
        base64::Engine::encode(&base64::engine::general_purpose::STANDARD, format!("any:{token}"));
    let basic = format!("Basic {basic}");
    let page = world.ask(Request::get(&path).with("authorization", &basic));
    assert!(page.status == 200 && page.text().contains("You look with a token"), "{}", page.text());
    let form = Request::post(&path, yes.clone()).with("content-type", FORM);
    assert_eq!(world.ask(form.with("authorization", &basic)).status, 403);
    assert_eq!(world.votes(&plan), 0);
    // Strangers are led to where people sign in, and see nothing.
    world.is_led_to_sign_in(&path);
    assert_eq!(world.ask(Request::get(&path)).status, 401);
    let looking = world.page(&path, &viewer);
    assert!(
        looking.status == 200 && looking.text().contains("You may not agree"),
        "{}",
        looking.text()
    );
    let importer = world.person("ed", Role::Importer).0;
    assert_eq!(world.page("/approvals", &importer).status, 403);
    let foreign = world.bench.client(Role::Admin, "foreign").token.unwrap();
    let foreign = base64::Engine::encode(
        &base64::engine::general_purpose::STANDARD,
        format!("any:{foreign}"),
    );
    let foreign = Request::get(&path).with("authorization", &format!("Basic {foreign}"));
    assert_eq!(world.ask(foreign).status, 404);
}

#[test]
fn who_asks_takes_it_back_and_a_no_decides() {
    let world = World::new();
    let (cookie, csrf) = world.person("bo", Role::Engineer);
    let request = Request::post("/api/v1/approvals", r#"{"fix":"f1"}"#)
        .with("content-type", "application/json")
        .with("cookie", &cookie)
        .with("x-csrf-token", &csrf);
    let plan = world.ask(request).json()["plan"].clone();
    let path = format!("/approvals/{}", plan["id"].as_str().unwrap());
    let page = world.page(&path, &cookie).text();
    assert!(page.contains("value=\"withdraw\"") && !page.contains("value=\"approve\""), "{page}");
    assert_eq!(world.send(&path, (&cookie, &csrf), "word=withdraw").status, 303);
    assert!(world.page(&path, &cookie).text().contains("withdrawn: "));
    assert!(world.page("/approvals", &cookie).text().contains("Nothing is here."));
    assert!(world.page("/approvals?all=yes", &cookie).text().contains(&path));

    let (path, plan) = world.plan();
    let (approver, approver_csrf) = world.person("cy", Role::Approver);
    let hash = plan["hash"].as_str().unwrap();
    let no = format!("word=refuse&hash={hash}&note=not+now+%3Cb%3E");
    assert_eq!(world.send(&path, (&approver, &approver_csrf), &no).status, 303);
    let page = world.page(&path, &approver).text();
    assert!(page.contains("refused: <bdi class=\"data\">not now &lt;b&gt;</bdi>"), "{page}");
}

#[test]
fn an_admin_breaks_the_glass_with_a_reason_and_another_looks_at_it_later() {
    let world = World::new();
    let (path, plan) = world.plan();
    let (admin, admin_csrf) = world.person("ada", Role::Admin);
    let (approver, approver_csrf) = world.person("bo", Role::Approver);
    let hash = plan["hash"].as_str().unwrap();
    let by = (admin.as_str(), admin_csrf.as_str());
    let other = (approver.as_str(), approver_csrf.as_str());
    let page = world.page(&path, &admin).text();
    assert!(page.contains("value=\"break_glass\"") && page.contains("as an alarm"), "{page}");
    assert!(!world.page(&path, &approver).text().contains("break_glass"));
    let fields = |more: &str| format!("word=break_glass&hash={hash}&{more}");
    for (what, who, body) in [
        ("no reason", by, fields("looked=yes")),
        ("not looked", by, fields("note=fire")),
        ("no admin", other, fields("looked=yes&note=fire")),
        ("another hash", by, "word=break_glass&looked=yes&note=fire".to_owned()),
    ] {
        let answer = world.send(&path, who, &body);
        assert_eq!(answer.status, 422, "{what}: {}", answer.text());
        assert!(world.glass(&plan).is_null(), "{what}");
    }
    // Nothing of it happens by looking.
    let query = fields(&format!("looked=yes&note=fire&csrf={admin_csrf}"));
    assert_eq!(world.page(&format!("{path}?{query}"), &admin).status, 200);
    assert!(world.glass(&plan).is_null());
    assert_eq!(world.send(&path, by, &fields("looked=yes&note=fire+%3Cb%3E")).status, 303);
    assert_eq!(world.glass(&plan)["reason"], "fire <b>");
    assert!(crate::bench::logged().contains("somebody did not wait for others: review it"));
    // The list says so above all until somebody else looked at it; who did it cannot.
    let list = world.page("/approvals", &approver).text();
    assert!(list.contains("Done without waiting for others") && list.contains("fire &lt;b&gt;"));
    let second = world.plan().0;
    assert_ne!(second, path, "another asks, so it is another plan");
    let waits = world.page(&second, &admin).text();
    assert!(waits.contains("has to be looked at by another"), "{waits}");
    assert!(!waits.contains("break_glass"), "{waits}");
    assert_eq!(world.send(&path, by, "word=review").status, 422);
    assert_eq!(world.send(&path, other, "word=review").status, 303);
    assert!(world.glass(&plan)["reviewed_by"]["name"] == "bo");
    let list = world.page("/approvals", &approver).text();
    assert!(!list.contains("Done without waiting for others"), "{list}");
    let log = world.bench.get("/api/v1/audit?limit=50").text();
    assert!(log.contains("break_glass") && log.contains("review"), "{log}");
}

#[test]
fn somebody_speaks_in_anothers_place_until_that_ends() {
    let world = World::new();
    let (path, plan) = world.plan();
    let (approver, approver_csrf) = world.person("bo", Role::Approver);
    let (analyst, analyst_csrf) = world.person("cy", Role::Analyst);
    let (viewer, viewer_csrf) = world.person("di", Role::Viewer);
    let by = (approver.as_str(), approver_csrf.as_str());
    let cy = world.id(&analyst);
    let page = world.page("/delegations", &approver).text();
    assert!(page.contains("Everybody speaks for themselves."), "{page}");
    assert!(page.contains(&format!("<option value=\"{cy}\">cy</option>")), "{page}");
    assert!(!page.contains(">bo</option>"), "nobody speaks for themselves: {page}");
    for (what, who, body, status) in [
        ("oneself", by, format!("to={}&days=7", world.id(&approver)), 422),
        ("nobody", by, "to=nobody&days=7".to_owned(), 422),
        ("for too long", by, format!("to={cy}&days=91"), 422),
        ("no days", by, format!("to={cy}"), 422),
        ("no right", (&*viewer, &*viewer_csrf), format!("to={cy}&days=7"), 403),
        ("another's token", (&*approver, &*analyst_csrf), format!("to={cy}&days=7"), 403),
    ] {
        let answer = world.send("/delegations", who, &body);
        assert_eq!(answer.status, status, "{what}: {}", answer.text());
        assert_eq!(world.bench.get("/api/v1/delegations").json()["items"], json!([]), "{what}");
    }
    assert!(world.page("/delegations", &viewer).text().contains("you have no place to give"));
    let query = format!("/delegations?to={cy}&days=7&csrf={approver_csrf}");
    assert_eq!(world.page(&query, &approver).status, 200);
    assert_eq!(world.bench.get("/api/v1/delegations").json()["items"], json!([]));
    let give = |days: u32| world.send("/delegations", by, &format!("to={cy}&days={days}"));
    assert_eq!(give(7).status, 303);
    let page = world.page("/delegations", &approver).text();
    assert!(page.contains("End it now") && page.contains("cy</bdi> speaks for"), "{page}");
    assert!(!world.page("/delegations", &analyst).text().contains("End it now"));
    // An analyst says yes for the approver only.
    let page = world.page(&path, &analyst).text();
    let bo = world.id(&approver);
    assert!(page.contains(&format!("<option value=\"{bo}\">bo</option>")), "{page}");
    assert!(!page.contains("yourself"), "{page}");
    let hash = plan["hash"].as_str().unwrap();
    let yes = format!("word=approve&looked=yes&hash={hash}");
    let as_cy = (analyst.as_str(), analyst_csrf.as_str());
    assert_eq!(world.send(&path, as_cy, &yes).status, 422, "for themselves");
    assert_eq!(give(0).status, 303);
    let page = world.page(&path, &analyst).text();
    assert!(page.contains("You may not agree to it"), "{page}");
    let for_bo = format!("{yes}&for_whom={bo}");
    assert_eq!(world.send(&path, as_cy, &for_bo).status, 422, "it ended");
    assert_eq!((give(1).status, world.send(&path, as_cy, &for_bo).status), (303, 303));
    let after = world.page(&path, &approver).text();
    assert!(after.contains("cy</bdi> for <bdi") && after.contains("You have spoken of it."));
    let log = world.bench.get("/api/v1/audit?limit=50").text();
    assert!(log.contains(&cy), "{log}");
}

/// Fields as a form or an address has them.
fn encoded(fields: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}
