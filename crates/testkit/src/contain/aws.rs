//! AWS: STS that makes sessions narrowed by a policy, IAM, and the public access block of S3. Every
//! request is signed, and each session may do only what its policy and the role's rights allow.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use super::fields;
use super::iam::{Call, Identities, Identity, arn_of, change, done, fault, read};
use crate::double::Platform;
use crate::net::{Answer, Asked, SigningKey, verify};

const CONTRACT: &str = include_str!("aws.json");
const BASE: (&str, &str) = ("AKIDEXAMPLE", "base/secret+1");
const NAMES: [&str; 4] =
    ["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"];
const OPEN: &str =
    "<PublicAccessBlockConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">";
const CLOSE: &str = "</PublicAccessBlockConfiguration>";

/// The double, with the role `arn:aws:iam::111122223333:role/quell-contain`.
#[derive(Debug)]
pub struct AwsDouble {
    calls: BTreeMap<String, jsonschema::Validator>,
    state: Mutex<State>,
}

/// A session that was made.
#[derive(Debug, Clone)]
pub struct Session {
    /// Its name.
    pub name: String,
    /// Its policy.
    pub policy: Value,
    ended: bool,
}

#[derive(Debug, Clone, Default)]
struct Bucket {
    owner: String,
    block: Option<[bool; 4]>,
}

#[derive(Debug, Clone, Default)]
struct World {
    identities: Identities,
    buckets: BTreeMap<String, Bucket>,
}

#[derive(Debug, Default)]
struct State {
    world: World,
    /// What is read while changes do not show yet.
    old: Option<(World, u32)>,
    lag: u32,
    sessions: BTreeMap<String, Session>,
    forbidden: BTreeSet<String>,
    page: Option<usize>,
    loses: bool,
    ends_next: bool,
    wrong: Vec<String>,
}

impl Default for AwsDouble {
    fn default() -> Self {
        let calls: Value = serde_json::from_str(CONTRACT).unwrap_or_default();
        let calls = calls.as_object().into_iter().flatten();
        let calls = calls.filter_map(|(name, schema)| {
            Some((name.clone(), jsonschema::validator_for(schema).ok()?))
        });
        Self { calls: calls.collect(), state: Mutex::default() }
    }
}

impl AwsDouble {
    /// The role that acts.
    pub const ROLE: &'static str = "arn:aws:iam::111122223333:role/quell-contain";

    /// The key that may only take the role: its id and its secret.
    #[must_use]
    pub const fn base_key() -> (&'static str, &'static str) {
        BASE
    }

    /// Puts a user, a role or a group.
    pub fn put(&self, arn: &str, identity: Identity) {
        self.state().world.identities.insert(arn.to_owned(), identity);
    }

    /// A person changes a user, a role or a group.
    pub fn change(&self, arn: &str, change: impl FnOnce(&mut Identity)) {
        if let Some(one) = self.state().world.identities.get_mut(arn) {
            change(one);
        }
    }

    /// A user, a role or a group as it is.
    #[must_use]
    pub fn get(&self, arn: &str) -> Option<Identity> {
        self.state().world.identities.get(arn).cloned()
    }

    /// A person removes a user, a role, a group or a bucket.
    pub fn remove(&self, what: &str) {
        let mut state = self.state();
        state.world.identities.remove(what);
        state.world.buckets.remove(what);
    }

    /// Puts a bucket with its block: none, or the four settings.
    pub fn put_bucket(&self, name: &str, owner: &str, block: Option<[bool; 4]>) {
        let bucket = Bucket { owner: owner.to_owned(), block };
        self.state().world.buckets.insert(name.to_owned(), bucket);
    }

    /// The block of a bucket.
    #[must_use]
    pub fn block(&self, name: &str) -> Option<[bool; 4]> {
        self.state().world.buckets.get(name)?.block
    }

    /// After each change, this many answers still show what was before.
    pub fn set_lag(&self, lag: u32) {
        self.state().lag = lag;
    }

    /// Has lists come in pages of this size.
    pub fn set_page(&self, page: usize) {
        self.state().page = Some(page);
    }

    /// Takes a right away from the role, as `iam:UpdateAccessKey`; empty gives all back.
    pub fn forbid(&self, right: &str) {
        let mut state = self.state();
        if right.is_empty() {
            state.forbidden.clear();
        } else {
            state.forbidden.insert(right.to_owned());
        }
    }

    /// The next session ends as soon as it is made.
    pub fn end_next_session(&self) {
        self.state().ends_next = true;
    }

    /// The next change is made, and nobody is told.
    pub fn lose_next_change(&self) {
        self.state().loses = true;
    }

    /// All sessions, in the order of their keys.
    #[must_use]
    pub fn sessions(&self) -> Vec<Session> {
        self.state().sessions.values().cloned().collect()
    }

    /// Requests that the description does not allow, or whose signature is wrong.
    #[must_use]
    pub fn wrong(&self) -> Vec<String> {
        self.state().wrong.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Why a call of the query protocol is none.
    fn broken(&self, asked: &Asked, call: &Call<'_>) -> Option<String> {
        let kind = asked.header("content-type").unwrap_or_default();
        if asked.method != "POST" || kind != "application/x-www-form-urlencoded" {
            return Some(format!("{} with `{kind}` is no call", asked.method));
        }
        let Some(schema) = self.calls.get(call.action) else {
            return Some(format!("`{}` is described nowhere", call.action));
        };
        let fields = serde_json::to_value(call.fields).unwrap_or_default();
        let wrong = schema.iter_errors(&fields).next()?;
        Some(format!("{}: `{}` {wrong}", call.action, wrong.instance_path()))
    }
}

impl Platform for AwsDouble {
    fn answer(&self, asked: &Asked) -> Answer {
        if asked.path != "/" {
            return self.state().bucket(asked);
        }
        let form = fields(&String::from_utf8_lossy(&asked.body));
        let action = form.get("Action").cloned().unwrap_or_default();
        let call = Call { action: &action, fields: &form };
        let broken = self.broken(asked, &call);
        let mut state = self.state();
        if let Some(why) = broken {
            state.wrong.push(why.clone());
            return fault(400, "ValidationError", &why);
        }
        if action == "AssumeRole" { state.assume(asked, &call) } else { state.iam(asked, &call) }
    }
}

/// A refusal: status, code, words.
type Refused = (u16, &'static str, String);

impl State {
    fn assume(&mut self, asked: &Asked, call: &Call<'_>) -> Answer {
        let key = SigningKey { access_key: BASE.0.into(), secret_key: BASE.1.into() };
        if let Err(why) = verify(asked, &key, "sts") {
            self.wrong.push(why.clone());
            return fault(403, "SignatureDoesNotMatch", &why);
        }
        if call.field("RoleArn") != AwsDouble::ROLE || self.forbidden.contains("sts:AssumeRole") {
            return fault(403, "AccessDenied", "is not authorized to perform: sts:AssumeRole");
        }
        let Ok(policy) = serde_json::from_str(call.field("Policy")) else {
            return fault(400, "MalformedPolicyDocument", "the session has no policy");
        };
        let id = format!("ASIASESSION{:05}", self.sessions.len());
        let ended = std::mem::take(&mut self.ends_next);
        let name = call.field("RoleSessionName").to_owned();
        self.sessions.insert(id.clone(), Session { name, policy, ended });
        done(
            "AssumeRole",
            &format!(
                "<Credentials><AccessKeyId>{id}</AccessKeyId><SecretAccessKey>secret-{id}</SecretAccessKey><SessionToken>token-{id}</SessionToken><Expiration>2026-11-22T10:15:00Z</Expiration></Credentials>"
            ),
        )
    }

    /// Whether a signed request may do this to that.
    fn check(
        &mut self,
        asked: &Asked,
        service: &str,
        (right, resource): (&str, &str),
        policy_arn: &str,
    ) -> Result<(), Refused> {
        let header = asked.header("authorization").unwrap_or_default();
        let id = header.split_once("Credential=").and_then(|(_, rest)| rest.split_once('/'));
        let id = id.map_or("", |(id, _)| id).to_owned();
        let key = SigningKey { secret_key: format!("secret-{id}"), access_key: id.clone() };
        if let Err(why) = verify(asked, &key, service) {
            self.wrong.push(why.clone());
            return Err((403, "SignatureDoesNotMatch", why));
        }
        let Some(session) = self.sessions.get(&id) else {
            let why = "The security token included in the request is invalid.".to_owned();
            return Err((403, "InvalidClientTokenId", why));
        };
        if asked.header("x-amz-security-token") != Some(&format!("token-{id}")) {
            return Err((403, "InvalidClientTokenId", "the session's token is missing".to_owned()));
        }
        if session.ended {
            let why = "The security token included in the request is expired".to_owned();
            return Err((if service == "s3" { 400 } else { 403 }, "ExpiredToken", why));
        }
        let by_session = allows(&session.policy, (right, resource), policy_arn);
        if !by_session || self.forbidden.contains(right) {
            let why = format!("is not authorized to perform: {right} on resource: {resource}");
            return Err((403, "AccessDenied", why));
        }
        Ok(())
    }

    fn iam(&mut self, asked: &Asked, call: &Call<'_>) -> Answer {
        let whom = call.whom();
        let known = arn_of(&self.world.identities, whom);
        let (kind, name) = whom;
        let arn = known.unwrap_or_else(|| format!("arn:aws:iam::111122223333:{kind}/{name}"));
        let right = format!("iam:{}", call.action);
        let policy = call.field("PolicyArn");
        if let Err((status, code, why)) = self.check(asked, "iam", (&right, &arn), policy) {
            return fault(status, code, &why);
        }
        if call.action.starts_with("Get") || call.action.starts_with("List") {
            let page = self.page.unwrap_or(usize::MAX);
            return read(&self.seen().identities, call, page);
        }
        self.keep_old();
        let answer = change(&mut self.world.identities, call);
        self.told(answer)
    }

    /// An answer to a change, unless it is lost.
    fn told(&mut self, answer: Answer) -> Answer {
        if std::mem::take(&mut self.loses) { Answer::none() } else { answer }
    }

    /// What readers see: for a while what was before the last change.
    fn seen(&mut self) -> World {
        if let Some((world, left)) = self.old.as_mut().filter(|(_, left)| *left > 0) {
            *left -= 1;
            return world.clone();
        }
        self.old = None;
        self.world.clone()
    }

    fn keep_old(&mut self) {
        if self.lag > 0 {
            self.old = Some((self.world.clone(), self.lag));
        }
    }

    fn bucket(&mut self, asked: &Asked) -> Answer {
        let name = asked.path.trim_start_matches('/').to_owned();
        if asked.query != "publicAccessBlock=" || asked.header("x-amz-content-sha256").is_none() {
            self.wrong.push(format!("{} {}?{}", asked.method, asked.path, asked.query));
            return s3_fault(400, "InvalidRequest", "only the public access block is described");
        }
        let right = match asked.method.as_str() {
            "GET" => "s3:GetBucketPublicAccessBlock",
            _ => "s3:PutBucketPublicAccessBlock",
        };
        let resource = format!("arn:aws:s3:::{name}");
        if let Err((status, code, why)) = self.check(asked, "s3", (right, &resource), "") {
            return s3_fault(status, code, &why);
        }
        let Some(bucket) = self.world.buckets.get(&name).cloned() else {
            return s3_fault(404, "NoSuchBucket", "The specified bucket does not exist");
        };
        let owner = asked.header("x-amz-expected-bucket-owner");
        if owner.is_some_and(|owner| owner != bucket.owner) {
            return s3_fault(403, "AccessDenied", "Access Denied");
        }
        match asked.method.as_str() {
            "GET" => {
                let seen = self.seen();
                let block = seen.buckets.get(&name).and_then(|bucket| bucket.block);
                block.map_or_else(no_block, |block| {
                    Answer::new(200, written(block)).header("content-type", "application/xml")
                })
            }
            "PUT" => match settings(asked) {
                Ok(block) => self.set_block(&name, Some(block), 200),
                Err((status, code, why)) => {
                    self.wrong.push(why.clone());
                    s3_fault(status, code, &why)
                }
            },
            _ => self.set_block(&name, None, 204),
        }
    }

    fn set_block(&mut self, name: &str, block: Option<[bool; 4]>, status: u16) -> Answer {
        self.keep_old();
        if let Some(bucket) = self.world.buckets.get_mut(name) {
            bucket.block = block;
        }
        self.told(Answer::new(status, ""))
    }
}

/// Whether a session's policy allows a call.
fn allows(policy: &Value, (right, resource): (&str, &str), policy_arn: &str) -> bool {
    let statements = policy.get("Statement").and_then(Value::as_array).into_iter().flatten();
    statements.into_iter().any(|one| {
        let actions = one.get("Action").and_then(Value::as_array).into_iter().flatten();
        let resources = one.get("Resource").and_then(Value::as_array).into_iter().flatten();
        let named = actions.into_iter().any(|action| action == right);
        let wanted = one.pointer("/Condition/ArnEquals/iam:PolicyARN");
        named
            && one.get("Effect").is_some_and(|effect| effect == "Allow")
            && resources.into_iter().any(|of| of == resource)
            && wanted.is_none_or(|wanted| wanted == policy_arn)
    })
}

fn no_block() -> Answer {
    let message = "The public access block configuration was not found";
    s3_fault(404, "NoSuchPublicAccessBlockConfiguration", message)
}

fn written(block: [bool; 4]) -> String {
    let inner: String =
        NAMES.iter().zip(block).map(|(name, is_on)| format!("<{name}>{is_on}</{name}>")).collect();
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{OPEN}{inner}{CLOSE}")
}

/// The four settings of a body whose checksum is right.
fn settings(asked: &Asked) -> Result<[bool; 4], Refused> {
    use base64::Engine as _;
    let own = ring::digest::digest(&ring::digest::SHA256, &asked.body);
    let own = base64::engine::general_purpose::STANDARD.encode(own);
    match asked.header("x-amz-checksum-sha256") {
        None => {
            let why = "Missing required header for this request: Content-MD5 OR x-amz-checksum-*";
            return Err((400, "InvalidRequest", why.to_owned()));
        }
        Some(told) if told != own => {
            let why = "The SHA256 you specified did not match the calculated checksum.";
            return Err((400, "BadDigest", why.to_owned()));
        }
        Some(_) => {}
    }
    let malformed = || (400, "MalformedXML", "The XML you provided was not well-formed".to_owned());
    let text = std::str::from_utf8(&asked.body).map_err(|_| malformed())?;
    let mut rest = text.strip_prefix(OPEN).ok_or_else(malformed)?;
    let mut block = [false; 4];
    for (name, is_on) in NAMES.iter().zip(&mut block) {
        let (on, off) = (format!("<{name}>true</{name}>"), format!("<{name}>false</{name}>"));
        *is_on = rest.starts_with(&on);
        let next = rest.strip_prefix(&on).or_else(|| rest.strip_prefix(&off));
        rest = next.ok_or_else(malformed)?;
    }
    if rest == CLOSE { Ok(block) } else { Err(malformed()) }
}

fn s3_fault(status: u16, code: &str, message: &str) -> Answer {
    let text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{message}</Message><RequestId>r-1</RequestId></Error>"
    );
    Answer::new(status, text).header("content-type", "application/xml")
}
