//! People sign in: with a password, and at a double of an identity provider.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use quell_server::{PersonPlan, Role, Scope, add_person, change_password};
use quell_store::ServerStore;
use quell_testkit::net::{Answer as Told, Asked, HttpServer};
use quell_testkit::server::{Answer, Request};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use secrecy::SecretString;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::runtime::Runtime;

use crate::bench::{Bench, runtime};

const PASSWORD: &str = "correct horse battery";

/// A key that signs tokens.
struct Key {
    name: String,
    pkcs8: Vec<u8>,
    public: Vec<u8>,
}

impl Key {
    fn new(name: &str) -> Self {
        let random = SystemRandom::new();
        let way = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(way, &random).unwrap().as_ref().to_vec();
        let pair = EcdsaKeyPair::from_pkcs8(way, &pkcs8, &random).unwrap();
        Self { name: name.to_owned(), public: pair.public_key().as_ref().to_vec(), pkcs8 }
    }

    fn jwk(&self) -> Value {
        let part = |range| {
            URL_SAFE_NO_PAD.encode(self.public.get::<std::ops::Range<usize>>(range).unwrap())
        };
        json!({"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": self.name,
            "x": part(1..33), "y": part(33..65)})
    }

    fn sign(&self, claims: &Value) -> String {
        let header = Header { kid: Some(self.name.clone()), ..Header::new(Algorithm::ES256) };
        encode(&header, claims, &EncodingKey::from_ec_der(&self.pkcs8)).unwrap()
    }
}

#[derive(Default)]
struct Provider {
    keys: Vec<Value>,
    /// Each code with the challenge that it was asked with and the token that it gives.
    codes: BTreeMap<String, (String, String)>,
    faults: Vec<String>,
    asked_for_keys: usize,
}

impl Provider {
    fn answer(&mut self, base: &str, asked: &Asked) -> Told {
        match (asked.method.as_str(), asked.path.as_str()) {
            ("GET", "/.well-known/openid-configuration") => Told::new(
                200,
                json!({"issuer": base, "authorization_endpoint": format!("{base}/authorize"),
                    "token_endpoint": format!("{base}/token"), "jwks_uri": format!("{base}/keys")})
                .to_string(),
            ),
            ("GET", "/keys") => {
                self.asked_for_keys += 1;
                Told::new(200, json!({"keys": self.keys}).to_string())
            }
            ("POST", "/token") => self.token(asked),
            other => Told::new(404, format!("{other:?}")),
        }
    }

    fn token(&mut self, asked: &Asked) -> Told {
        let form: BTreeMap<String, String> =
            url::form_urlencoded::parse(&asked.body).into_owned().collect();
        let Some((challenge, token)) = self.codes.remove(&form["code"]) else {
            return Told::new(400, r#"{"error":"invalid_grant"}"#);
        };
        let proved = URL_SAFE_NO_PAD.encode(Sha256::digest(&form["code_verifier"]));
        // `quell:canary…` as client_secret_basic has it.
        let login = asked.header("authorization").unwrap_or_default();
        if proved != challenge
            || !login.starts_with("Basic ")
            || form["grant_type"] != "authorization_code"
            || !form["redirect_uri"].ends_with("/sign-in/return")
        {
            self.faults.push(format!("{form:?} {login}"));
            return Told::new(400, r#"{"error":"invalid_grant"}"#);
        }
        Told::new(
            200,
            json!({"id_token": token, "token_type": "Bearer", "access_token": "x"}).to_string(),
        )
    }
}

struct World {
    bench: Bench,
    state: Arc<Mutex<Provider>>,
    issuer: String,
    _runtime: Runtime,
    _server: HttpServer,
}

/// A sign-in that was begun.
struct Begun {
    state: String,
    nonce: String,
    challenge: String,
    cookie: String,
}

fn cookie_of(answer: &Answer, name: &str) -> Option<String> {
    let all = answer.headers.iter().filter(|(key, _)| key.eq_ignore_ascii_case("set-cookie"));
    let line = all.map(|(_, value)| value).find(|value| value.starts_with(&format!("{name}=")))?;
    Some(line.split(';').next().unwrap().to_owned())
}

impl World {
    fn new() -> Self {
        let runtime = runtime();
        let state: Arc<Mutex<Provider>> = Arc::default();
        let base: Arc<Mutex<String>> = Arc::default();
        let (answering, named) = (Arc::clone(&state), Arc::clone(&base));
        let handler = move |asked: &Asked| {
            let base = named.lock().unwrap().clone();
            answering.lock().unwrap().answer(&base, asked)
        };
        let server = runtime.block_on(HttpServer::start(Arc::new(handler))).unwrap();
        let issuer = server.url();
        *base.lock().unwrap() = issuer.clone();
        let more = format!(
            "\n[egress]\nallow = [\"http://127.0.0.1\"]\n\n[sign_in]\nissuer = \"{issuer}\"\n\
             client_id = \"quell\"\nclient_secret = \"env:BEARER\"\nplain_loopback = true\n\
             roles = {{ sec = \"analyst\", boss = \"admin\" }}\n"
        );
        Self { bench: Bench::with(&[], &more), state, issuer, _runtime: runtime, _server: server }
    }

    fn ask(&self, request: &Request) -> Answer {
        self.bench.stranger().send(request).unwrap()
    }

    fn begin(&self) -> Begun {
        let answer = self.ask(&Request::get("/sign-in/start"));
        assert_eq!(answer.status, 303, "{}", answer.text());
        let to = url::Url::parse(answer.header("location").unwrap()).unwrap();
        assert_eq!(to.path(), "/authorize");
        let asked: BTreeMap<String, String> = to.query_pairs().into_owned().collect();
        assert_eq!(asked["response_type"], "code");
        assert_eq!(asked["code_challenge_method"], "S256");
        assert!(asked["scope"].split(' ').any(|scope| scope == "openid"));
        let cookie = cookie_of(&answer, "quell-sign-in").unwrap();
        Begun {
            state: asked["state"].clone(),
            nonce: asked["nonce"].clone(),
            challenge: asked["code_challenge"].clone(),
            cookie,
        }
    }

    fn claims(&self, begun: &Begun) -> Value {
        let now = jiff::Timestamp::now().as_second() + self.bench.clock.0.load(Ordering::SeqCst);
        json!({"iss": self.issuer, "aud": "quell", "sub": "s-1", "iat": now, "exp": now + 300,
            "nonce": begun.nonce, "preferred_username": "ana", "name": "Ana", "groups": ["sec"]})
    }

    fn give(&self, begun: &Begun, token: &str) {
        let code = (begun.challenge.clone(), token.to_owned());
        self.state.lock().unwrap().codes.insert("code-1".to_owned(), code);
    }

    fn come_back(&self, begun: &Begun, cookie: &str) -> Answer {
        let path = format!("/sign-in/return?code=code-1&state={}", begun.state);
        self.ask(&Request::get(&path).with("cookie", cookie))
    }

    /// Signs in with claims that one change made, signed by a key.
    fn sign_in(&self, key: &Key, change: impl FnOnce(&mut Value)) -> Answer {
        let begun = self.begin();
        let mut claims = self.claims(&begun);
        change(&mut claims);
        self.give(&begun, &key.sign(&claims));
        self.come_back(&begun, &begun.cookie)
    }

    fn me(&self, cookie: &str) -> Answer {
        self.ask(&Request::get("/api/v1/me").with("cookie", cookie))
    }

    fn csrf(&self, cookie: &str) -> String {
        self.me(cookie).json()["csrf_token"].as_str().unwrap().to_owned()
    }

    /// The cookie of a local administrator's session.
    fn local(&self) -> String {
        let plan = PersonPlan {
            tenant: quell_model::TenantId::default(),
            name: "root".to_owned(),
            roles: [Role::Admin].into(),
            groups: [].into(),
            scope: Scope::default(),
        };
        let password = SecretString::from(PASSWORD.to_owned());
        let added = add_person(self.bench.data(), &plan, &password, &*self.bench.clock);
        assert!(added.is_ok() || self.bench.data().exists(), "{added:?}");
        let answer = self.password("root", PASSWORD);
        assert_eq!(answer.status, 303, "{}", answer.text());
        cookie_of(&answer, "quell-session").unwrap()
    }

    fn password(&self, name: &str, password: &str) -> Answer {
        let form = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("name", name)
            .append_pair("password", password)
            .finish();
        let request = Request::post("/sign-in", form);
        self.ask(&request.with("content-type", "application/x-www-form-urlencoded"))
    }
}

#[test]
fn who_signs_in_at_the_provider_has_the_roles_of_their_groups() {
    let world = World::new();
    let key = Key::new("k1");
    world.state.lock().unwrap().keys = vec![key.jwk()];
    let answer = world.sign_in(&key, |_| {});
    assert_eq!((answer.status, answer.header("location")), (303, Some("/")), "{}", answer.text());
    let set = answer.headers.iter().find(|(_, v)| v.starts_with("quell-session=")).unwrap();
    assert!(set.1.contains("; HttpOnly; SameSite=Lax; "), "{}", set.1);
    let cookie = cookie_of(&answer, "quell-session").unwrap();
    let me = world.me(&cookie).json();
    assert_eq!(
        (&me["name"], &me["grants"][0]["roles"]),
        (&json!("Ana"), &json!(["analyst"])),
        "{me}"
    );
    let page = world.ask(&Request::get("/").with("cookie", &cookie));
    assert!(page.text().contains("Signed in as Ana (analyst"), "{}", page.text());
    // The groups of the next sign-in count, and its session is another.
    let answer = world.sign_in(&key, |claims| claims["groups"] = json!(["boss", "sec"]));
    let next = cookie_of(&answer, "quell-session").unwrap();
    assert_ne!(next, cookie);
    let store = ServerStore::open(world.bench.data()).unwrap();
    let people = store.user_list(&quell_model::TenantId::default()).unwrap();
    assert_eq!(people.len(), 1, "one person, however often they sign in");
    let me = world.me(&next).json();
    assert_eq!(me["grants"][0]["roles"], json!(["analyst", "admin"]), "{me}");
    // Another person of the same name is another person.
    let answer = world.sign_in(&key, |claims| claims["sub"] = json!("s-2"));
    assert_eq!(answer.status, 303, "{}", answer.text());
    assert_eq!(store.user_list(&quell_model::TenantId::default()).unwrap().len(), 2);
    let answer = world.sign_in(&key, |claims| {
        claims["groups"] = json!(["others"]);
        claims["sub"] = json!("s-3");
    });
    assert_eq!((answer.status, cookie_of(&answer, "quell-session")), (403, None));
    assert!(answer.text().contains("no group of yours"), "{}", answer.text());
    assert_eq!(world.state.lock().unwrap().faults, [""; 0]);
}

fn refused(what: &str, answer: &Answer) {
    assert_eq!((answer.status, cookie_of(answer, "quell-session")), (403, None), "{what}");
    assert!(answer.text().contains("Begin again"), "{what}: {}", answer.text());
}

#[test]
fn a_token_that_is_wrong_in_one_way_signs_nobody_in() {
    let world = World::new();
    let (key, other) = (Key::new("k1"), Key::new("k1"));
    world.state.lock().unwrap().keys = vec![key.jwk()];
    type Change = fn(&mut Value);
    let changes: [(&str, Change); 15] = [
        ("another audience", |c| c["aud"] = json!("other")),
        ("no audience", |c| drop(c.as_object_mut().unwrap().remove("aud"))),
        ("many audiences and no party", |c| c["aud"] = json!(["quell", "other"])),
        ("another party", |c| {
            c["aud"] = json!(["quell", "other"]);
            c["azp"] = json!("other");
        }),
        ("another issuer", |c| c["iss"] = json!("https://evil.example")),
        ("no issuer", |c| drop(c.as_object_mut().unwrap().remove("iss"))),
        ("expired", |c| c["exp"] = json!(c["iat"].as_i64().unwrap() - 120)),
        ("no end", |c| drop(c.as_object_mut().unwrap().remove("exp"))),
        ("made tomorrow", |c| c["iat"] = json!(c["iat"].as_i64().unwrap() + 86_400)),
        ("not yet valid", |c| c["nbf"] = json!(c["iat"].as_i64().unwrap() + 600)),
        ("another nonce", |c| c["nonce"] = json!("x")),
        ("no nonce", |c| drop(c.as_object_mut().unwrap().remove("nonce"))),
        ("no subject", |c| c["sub"] = json!("")),
        ("a long subject", |c| c["sub"] = json!("x".repeat(256))),
        ("no time", |c| drop(c.as_object_mut().unwrap().remove("iat"))),
    ];
    for (what, change) in changes {
        refused(what, &world.sign_in(&key, change));
    }
    refused("a key of the same name", &world.sign_in(&other, |_| {}));
    let store = ServerStore::open(world.bench.data()).unwrap();
    assert_eq!(store.user_list(&quell_model::TenantId::default()).unwrap(), []);
}

#[test]
fn a_token_that_nobody_signed_signs_nobody_in() {
    let world = World::new();
    let (key, other) = (Key::new("k1"), Key::new("k1"));
    world.state.lock().unwrap().keys = vec![key.jwk()];
    let coded = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    type Forge<'f> = Box<dyn Fn(&Value) -> String + 'f>;
    let public = key.jwk().to_string();
    let symmetric = |secret: Vec<u8>| {
        move |claims: &Value| {
            let header = Header { kid: Some("k1".to_owned()), ..Header::new(Algorithm::HS256) };
            encode(&header, claims, &EncodingKey::from_secret(&secret)).unwrap()
        }
    };
    let forged: Vec<(&str, Forge<'_>)> = vec![
        (
            "none",
            Box::new(|c| format!("{}.{}.", coded(&json!({"alg": "none", "kid": "k1"})), coded(c))),
        ),
        (
            "NonE",
            Box::new(|c| format!("{}.{}.", coded(&json!({"alg": "NonE", "kid": "k1"})), coded(c))),
        ),
        ("the public key as a secret", Box::new(symmetric(key.public))),
        ("the set's text as a secret", Box::new(symmetric(public.into_bytes()))),
        (
            "a path as a key's name",
            Box::new(|c| {
                let header = json!({"alg": "ES256", "kid": "../../../../dev/null"});
                format!("{}.{}.AAAA", coded(&header), coded(c))
            }),
        ),
        (
            "a set elsewhere",
            Box::new(|c| {
                let header = json!({"alg": "ES256", "kid": "k9", "jku": "http://127.0.0.1:1/keys"});
                format!("{}.{}.AAAA", coded(&header), coded(c))
            }),
        ),
        (
            "a key of its own",
            Box::new(|c| {
                let signed = other.sign(c);
                let (_, rest) = signed.split_once('.').unwrap();
                let header = json!({"alg": "ES256", "kid": "k1", "jwk": other.jwk()});
                format!("{}.{rest}", coded(&header))
            }),
        ),
        ("nothing", Box::new(|_| String::new())),
        ("too long", Box::new(|_| "a".repeat(1 << 20))),
    ];
    for (what, forge) in forged {
        let begun = world.begin();
        let token = forge(&world.claims(&begun));
        world.give(&begun, &token);
        refused(what, &world.come_back(&begun, &begun.cookie));
    }
    let store = ServerStore::open(world.bench.data()).unwrap();
    assert_eq!(store.user_list(&quell_model::TenantId::default()).unwrap(), []);
}

#[test]
fn a_key_that_is_rotated_is_asked_for_once() {
    let world = World::new();
    let (old, new, never) = (Key::new("old"), Key::new("new"), Key::new("never"));
    world.state.lock().unwrap().keys = vec![old.jwk()];
    assert_eq!(world.sign_in(&old, |_| {}).status, 303);
    world.state.lock().unwrap().keys = vec![json!({"kty": "odd"}), new.jwk()];
    assert_eq!(world.sign_in(&new, |_| {}).status, 303);
    assert_eq!(world.state.lock().unwrap().asked_for_keys, 2);
    for _ in 0..3 {
        assert_eq!(world.sign_in(&never, |_| {}).status, 403);
    }
    assert_eq!(
        world.state.lock().unwrap().asked_for_keys,
        2,
        "unknown keys are not asked for again"
    );
    assert_eq!(world.sign_in(&old, |_| {}).status, 403, "a key that was taken back");
}

#[test]
fn a_sign_in_comes_back_once_in_the_browser_that_began_it() {
    let world = World::new();
    let key = Key::new("k1");
    world.state.lock().unwrap().keys = vec![key.jwk()];
    let begun = world.begin();
    world.give(&begun, &key.sign(&world.claims(&begun)));
    let strange = world.begin();
    assert_eq!(world.come_back(&begun, &strange.cookie).status, 403, "another browser");
    assert_eq!(world.come_back(&begun, &begun.cookie).status, 403, "a state that was used");
    let begun = world.begin();
    world.give(&begun, &key.sign(&world.claims(&begun)));
    let stolen = Begun { challenge: "x".to_owned(), ..world.begin() };
    world.give(&stolen, &key.sign(&world.claims(&stolen)));
    assert_eq!(world.come_back(&stolen, &stolen.cookie).status, 403, "a code of another sign-in");
    world.give(&begun, &key.sign(&world.claims(&begun)));
    assert_eq!(world.come_back(&begun, &begun.cookie).status, 303);
    assert_eq!(world.come_back(&begun, &begun.cookie).status, 403, "a replayed state");
    let begun = world.begin();
    world.give(&begun, &key.sign(&world.claims(&begun)));
    let mixed =
        format!("/sign-in/return?code=code-1&state={}&iss=https%3A%2F%2Fevil.example", begun.state);
    let answer = world.ask(&Request::get(&mixed).with("cookie", &begun.cookie));
    assert_eq!(answer.status, 403, "another issuer");
    let begun = world.begin();
    world.bench.clock.0.fetch_add(601, Ordering::SeqCst);
    world.give(&begun, &key.sign(&world.claims(&begun)));
    assert_eq!(world.come_back(&begun, &begun.cookie).status, 403, "too late");
}

#[test]
fn a_session_ends_with_the_sign_out_the_clock_and_the_person() {
    let world = World::new();
    let cookie = world.local();
    assert_eq!(world.me(&cookie).status, 200);
    let csrf = world.csrf(&cookie);
    let form = format!("csrf={csrf}");
    let out = Request::post("/sign-out", form).with("cookie", &cookie);
    let forged = world.ask(&Request::post("/sign-out", "csrf=x").with("cookie", &cookie));
    assert_eq!(forged.status, 403);
    assert_eq!(world.ask(&out).status, 303);
    assert_eq!(world.me(&cookie).status, 401, "a stolen cookie after the sign-out");

    let cookie = world.local();
    world.bench.clock.0.fetch_add(29 * 60, Ordering::SeqCst);
    assert_eq!(world.me(&cookie).status, 200);
    world.bench.clock.0.fetch_add(29 * 60, Ordering::SeqCst);
    assert_eq!(world.me(&cookie).status, 200, "it was used within half an hour");
    world.bench.clock.0.fetch_add(31 * 60, Ordering::SeqCst);
    assert_eq!(world.me(&cookie).status, 401, "idle");

    let cookie = world.local();
    for _ in 0..24 {
        world.bench.clock.0.fetch_add(29 * 60, Ordering::SeqCst);
        assert_eq!(world.me(&cookie).status, 200);
    }
    world.bench.clock.0.fetch_add(29 * 60, Ordering::SeqCst);
    assert_eq!(world.me(&cookie).status, 401, "twelve hours are over, however much it is used");

    let cookie = world.local();
    world.bench.clock.0.fetch_sub(3_600, Ordering::SeqCst);
    assert_eq!(world.me(&cookie).status, 401, "a clock that was set back makes it no longer");
    world.bench.clock.0.fetch_add(3_600, Ordering::SeqCst);

    // Another role counts at once, and somebody who is switched off has no session.
    let mut store = ServerStore::open(world.bench.data()).unwrap();
    let cookie = world.local();
    let mut user = store.user_named("root").unwrap().unwrap();
    user.roles = r#"["viewer"]"#.to_owned();
    store.user_save(&user).unwrap();
    assert_eq!(world.me(&cookie).json()["grants"][0]["roles"], json!(["viewer"]));
    user.disabled_at = Some(jiff::Timestamp::now());
    store.user_save(&user).unwrap();
    assert_eq!(world.me(&cookie).status, 401);
    assert_eq!(world.password("root", PASSWORD).status, 403);
    user.disabled_at = None;
    store.user_save(&user).unwrap();
    let cookie = world.local();
    let new = SecretString::from("another horse battery".to_owned());
    let tenant = quell_model::TenantId::default();
    change_password(world.bench.data(), (&tenant, "root"), &new, &*world.bench.clock).unwrap();
    assert_eq!(world.me(&cookie).status, 401, "another password ends all sessions");
    assert_eq!(world.password("root", PASSWORD).status, 403);
}

#[test]
fn a_page_elsewhere_changes_nothing_in_somebody_s_name() {
    let world = World::new();
    let cookie = world.local();
    let (csrf, own) = (world.csrf(&cookie), format!("http://{}", world.bench.admin.address));
    let replay = |headers: &[(&str, &str)]| {
        let request =
            Request::post("/api/v1/replays", "{}").with("content-type", "application/json");
        let request = request.with("cookie", &cookie);
        let request =
            headers.iter().fold(request, |request, (name, value)| request.with(name, value));
        world.ask(&request).status
    };
    assert_eq!(replay(&[]), 403, "without the session's token");
    assert_eq!(replay(&[("x-csrf-token", "x")]), 403);
    assert_eq!(replay(&[("x-csrf-token", &csrf), ("origin", "https://evil.example")]), 403);
    assert_eq!(replay(&[("x-csrf-token", &csrf), ("origin", "null")]), 403);
    assert_eq!(replay(&[("x-csrf-token", &csrf), ("sec-fetch-site", "cross-site")]), 403);
    assert_eq!(replay(&[("x-csrf-token", &csrf), ("origin", &own)]), 202);
    assert_eq!(replay(&[("x-csrf-token", &csrf)]), 202);
    let other = world.local();
    assert_eq!(replay(&[("x-csrf-token", &world.csrf(&other))]), 403, "another session's token");
    // A cookie that stands twice is none, and a wrong token is no reason to look at the cookie.
    let twice = format!("{cookie}; {cookie}");
    assert_eq!(world.me(&twice).status, 401);
    let both = Request::get("/api/v1/me").with("cookie", &cookie).with("authorization", "Bearer x");
    assert_eq!(world.ask(&both).status, 401);
    // Nor is anybody signed in from there.
    let form = "name=root&password=correct+horse+battery";
    let elsewhere = Request::post("/sign-in", form).with("origin", "https://evil.example");
    assert_eq!(world.ask(&elsewhere).status, 403);
    // The session of one browser ends when it signs in again: nobody can fix it beforehand.
    let again = Request::post("/sign-in", form)
        .with("content-type", "application/x-www-form-urlencoded")
        .with("cookie", &cookie);
    assert_eq!(world.ask(&again).status, 303);
    assert_eq!(world.me(&cookie).status, 401);
    let fixed = format!("quell-session={}", "a".repeat(52));
    let answer = world.ask(&Request::post("/sign-in", form).with("cookie", &fixed));
    assert_ne!(cookie_of(&answer, "quell-session").unwrap(), fixed);
    assert_eq!(world.me(&fixed).status, 401);
}

#[test]
fn who_guesses_is_slowed_down_and_told_nothing() {
    let world = World::new();
    world.local();
    let wrong = world.password("root", "wrong horse battery");
    let unknown = world.password("nobody", "wrong horse battery");
    assert_eq!((wrong.status, unknown.status), (403, 403));
    assert_eq!(wrong.text(), unknown.text());
    let tries: Vec<u16> = (0..12).map(|_| world.password("root", "wrong").status).collect();
    assert!(tries.contains(&429), "{tries:?}");
    let page = world.ask(&Request::get("/sign-in"));
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    assert!(!policy.contains("unsafe") && !page.text().contains("<script"), "{policy}");
    let browser = Request::get("/").with("accept", "text/html,*/*");
    assert_eq!(world.ask(&browser).header("location"), Some("/sign-in"));
}

#[test]
fn a_cookie_is_for_https_alone_unless_somebody_says_otherwise() {
    let bench = Bench::new();
    let plan = PersonPlan {
        tenant: quell_model::TenantId::default(),
        name: "root".to_owned(),
        roles: [Role::Viewer].into(),
        groups: [].into(),
        scope: Scope::default(),
    };
    let password = SecretString::from(PASSWORD.to_owned());
    add_person(bench.data(), &plan, &password, &*bench.clock).unwrap();
    assert!(add_person(bench.data(), &plan, &password, &*bench.clock).is_err());
    let form = Request::post("/sign-in", "name=root&password=correct+horse+battery");
    let answer = bench.stranger().send(&form).unwrap();
    let set = answer.header("set-cookie").unwrap();
    assert!(set.starts_with("__Host-quell-session="), "{set}");
    assert!(
        set.contains("; Path=/; HttpOnly; SameSite=Lax; ") && set.ends_with("; Secure"),
        "{set}"
    );
    assert!(!set.contains("Domain"), "{set}");
    let bytes = std::fs::read(bench.data().join("server.db")).unwrap();
    let value = set.split(['=', ';']).nth(1).unwrap().as_bytes();
    assert!(!bytes.windows(value.len()).any(|part| part == value), "the cookie is kept as it is");
}
