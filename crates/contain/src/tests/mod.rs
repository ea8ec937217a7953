//! Every action against doubles: the way there and back, drift, lost answers and missing rights.

mod aws;
mod clouds;
mod hostile;
mod kubernetes;
mod plans;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use quell_govern::approval::{
    Approvals, Blocked, Evidence, Hash, Permit, Plan, Quorum, Situation, may_execute,
};
use quell_govern::{Person, Standing};
use quell_http::{Client, Deadlines, Egress, Policy, Rate, Retry};
use quell_model::{Clock, FixedClock, Timestamp};
use quell_testkit::contain::{AwsDouble, AzureDouble, GoogleDouble, KubernetesDouble};
use quell_testkit::double::Double;
use secrecy::SecretString;

use super::*;
use crate::unit::Purpose;

fn now() -> Timestamp {
    "2026-11-22T10:00:00Z".parse().unwrap()
}

fn clock() -> Arc<dyn Clock> {
    Arc::new(FixedClock(now()))
}

fn client() -> Client {
    let egress = Egress::new(vec!["http://127.0.0.1".parse().unwrap()]);
    let rate = Rate::new(10_000, 1, 10_000);
    let retry = Retry { attempts: 2, first_wait: Duration::from_millis(1), ..Retry::default() };
    let deadlines = Deadlines::default();
    Client::new(Policy { egress, rate, retry, deadlines, ..Policy::default() }, clock()).unwrap()
}

#[derive(Debug)]
struct Given(&'static str, Option<&'static str>);

impl Tokens for Given {
    fn token(&self) -> TokenFuture<'_> {
        let ends = self.1.map(|text| text.parse().unwrap());
        let token = Token { value: SecretString::from(self.0), ends };
        Box::pin(async move { Ok(token) })
    }
}

#[derive(Debug)]
struct Key;

impl Keys for Key {
    fn keys(&self) -> KeyFuture<'_> {
        let (id, secret) = AwsDouble::base_key();
        let pair =
            KeyPair { access_key: id.into(), secret_key: secret.into(), session_token: None };
        Box::pin(async move { Ok(pair) })
    }
}

/// All platforms, each as a double.
struct World {
    kube: Arc<KubernetesDouble>,
    aws: Arc<AwsDouble>,
    azure: Arc<AzureDouble>,
    google: Arc<GoogleDouble>,
    /// The servers, in this order.
    at: [Double; 4],
}

impl World {
    async fn start() -> Self {
        let (kube, aws) = (Arc::<KubernetesDouble>::default(), Arc::<AwsDouble>::default());
        let (azure, google) = (Arc::<AzureDouble>::default(), Arc::<GoogleDouble>::default());
        let at = [
            Double::start(kube.clone()).await.unwrap(),
            Double::start(aws.clone()).await.unwrap(),
            Double::start(azure.clone()).await.unwrap(),
            Double::start(google.clone()).await.unwrap(),
        ];
        Self { kube, aws, azure, google, at }
    }

    fn places(&self) -> Places {
        let [kube, aws, azure, google] = &self.at;
        let cluster = KubernetesPlace {
            url: kube.url(),
            tokens: Arc::new(Given(KubernetesDouble::base_token(), None)),
            acts_as: ("quell".parse().unwrap(), "contain".parse().unwrap()),
        };
        let account = AwsPlace {
            keys: Arc::new(Key),
            role: AwsDouble::ROLE.parse().unwrap(),
            external_id: Some("ext-1".into()),
            region: "eu-west-1".parse().unwrap(),
            endpoints: Some([aws.url(), aws.url(), aws.url()]),
        };
        let token = |url: String, token| TokenPlace {
            url: Some(url),
            tokens: Arc::new(Given(token, Some("2026-11-22T11:00:00Z"))),
        };
        Places {
            kubernetes: BTreeMap::from([("prod".parse().unwrap(), cluster)]),
            aws: BTreeMap::from([("111122223333".parse().unwrap(), account)]),
            azure: BTreeMap::from([(
                SUBSCRIPTION.parse().unwrap(),
                token(azure.url(), AzureDouble::token()),
            )]),
            google: BTreeMap::from([(
                "acme-prod".parse().unwrap(),
                token(google.url(), GoogleDouble::token()),
            )]),
        }
    }

    fn containment(&self) -> Containment {
        let patience = Patience { tries: 4, pause: Duration::from_millis(1) };
        Containment::new(client(), clock(), self.places()).patient(patience)
    }

    /// No request was one that a platform does not describe.
    fn check_contracts(&self) {
        let wrong =
            [self.kube.wrong(), self.aws.wrong(), self.azure.wrong(), self.google.wrong()].concat();
        assert_eq!(wrong, Vec::<String>::new());
        assert!(self.at.iter().any(|one| one.ledger.count() > 0));
    }
}

const SUBSCRIPTION: &str = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee";

fn about(id: &str) -> About {
    About {
        id: id.to_owned(),
        tenant: "default".into(),
        environment: Some("production".into()),
        evidence: vec![Evidence { id: "issue:1".into(), hash: Hash::of(b"1") }],
        versions: BTreeMap::from([("quell".into(), "0.1.0".into())]),
        quorum: Quorum::default(),
        rule: None,
        requested_by: Person::new("rita", "Rita"),
        requested_at: now(),
        expires_at: now() + jiff::SignedDuration::from_hours(8),
    }
}

/// A permit for a plan, as governance gives it.
fn permit(plan: &Plan, target: &Hash) -> Result<Permit, Blocked> {
    let standing =
        |_: &Person| Some(Standing { role: "approver".into(), active: true, approves: true });
    let situation = Situation {
        now: now(),
        target,
        standing: &standing,
        delegations: &[],
        people: 1,
        roles: &[],
        rules: quell_govern::phase::Outcome::Runs,
    };
    may_execute(plan, &Approvals::default(), &situation)
}

fn approved(plan: &Plan) -> Approved {
    let permit = permit(plan, &plan.before).unwrap();
    Approved::take(plan, permit, &mut Approvals::default(), now()).unwrap()
}

/// Looks, plans and gets it approved.
async fn approve(containment: &Containment, action: &Action) -> Approved {
    let before = containment.look(action).await.unwrap();
    approved(&plan(action, &before, about("p-1")).unwrap())
}

/// The whole way: look, dry run, plan, carry out, a second time, and back twice.
async fn round(world: &World, action: &Action, judge: Judge) {
    let containment = world.containment();
    let before = containment.look(action).await.unwrap();
    let tried = containment.dry_run(action, &before).await.unwrap();
    assert_eq!(tried.judge, judge);
    assert_eq!(containment.look(action).await.unwrap(), before, "a dry run changed something");
    let made = plan(action, &before, about("p-1")).unwrap();
    assert_eq!(tried.diff, made.diff);
    assert_eq!(made.kind, action.kind());
    let first = approved(&made);
    let record = first.rollback();
    let done = containment.carry_out(first).await.unwrap();
    assert_eq!((done.how, done.rollback.as_ref()), (How::Changed, Some(&record)));
    assert_eq!(containment.stands(&record).await.unwrap(), Stands::After);
    let after = containment.look(action).await.unwrap();
    assert!(matches!(plan(action, &after, about("p-2")), Err(ContainError::AlreadySo)));
    assert!(matches!(permit(&made, &after.hash), Err(Blocked::Target)));
    let again = containment.carry_out(approved(&made)).await.unwrap();
    assert_eq!((again.how, again.rollback), (How::AlreadySo, None));
    let kept: Rollback = serde_json::from_str(&serde_json::to_string(&record).unwrap()).unwrap();
    assert_eq!(containment.roll_back(&kept).await.unwrap(), Undone::RolledBack);
    assert_eq!(containment.roll_back(&kept).await.unwrap(), Undone::AlreadyBack);
    assert_eq!(containment.look(action).await.unwrap(), before);
    world.check_contracts();
}
