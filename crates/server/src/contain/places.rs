//! Where attacks may be contained, each tenant's places apart.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use quell_access::Place;
use quell_config::{Config, Containment as Configured};
use quell_contain::{
    Action, AwsPlace, Containment, KubeName, KubernetesPlace, Namespace, Patience, Places,
    TokenPlace, Tokens,
};
use quell_govern::approval::Plan;
use quell_model::{Clock, TenantId};
use quell_pipeline::contain::Ground;

use super::tokens::{GivenKey, OwnKey, Referenced};
use crate::outside::Outside;
use crate::start::StartError;

/// A key below a table, and what is wrong with it.
type Fault = (String, String);

/// Everything that is done at a tenant's targets.
#[derive(Debug)]
pub(crate) struct Tenancy {
    pub(crate) containment: Containment,
    grounds: Vec<(String, String, Ground, u32)>,
}

/// All that is configured.
#[derive(Default)]
pub(crate) struct Grounds(BTreeMap<TenantId, Arc<Tenancy>>);

impl fmt::Debug for Grounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.keys()).finish()
    }
}

impl Tenancy {
    /// Where an action is done, if anywhere.
    pub(crate) fn ground(&self, action: &Action) -> Option<&Ground> {
        let (platform, account) = (action.platform(), action.account());
        let found =
            self.grounds.iter().find(|(kind, target, ..)| kind == platform && *target == account);
        found.map(|(_, _, ground, _)| ground)
    }

    /// Most that is begun within an hour by a login.
    pub(crate) fn per_hour(&self, place: &str) -> u32 {
        let found = self.grounds.iter().find(|(_, _, ground, _)| ground.place == place);
        found.map_or(0, |(.., per_hour)| *per_hour)
    }
}

impl Grounds {
    /// Makes the logins' makers. Nothing is asked yet.
    ///
    /// # Errors
    /// When a setting is wrong.
    pub(crate) fn new(
        config: &Config,
        outside: &Arc<Outside>,
        clock: &Arc<dyn Clock>,
    ) -> Result<Self, StartError> {
        if let Some((key, why)) = containment_faults(config).into_iter().next() {
            return Err(StartError::Containment(key, why));
        }
        let mut all: BTreeMap<TenantId, (Places, Vec<_>)> = BTreeMap::new();
        for (name, one) in config.containment.iter().filter(|(_, one)| one.enabled) {
            let (places, grounds) = all.entry(one.tenant.clone()).or_default();
            let wrong =
                |(key, why)| StartError::Containment(format!("containment.{name}.{key}"), why);
            let with = With { config, outside, clock };
            with.add(places, one).map_err(wrong)?;
            let ground = Ground { place: name.clone(), environment: one.environment.clone() };
            grounds.push((one.kind.clone(), one.target.clone(), ground, one.most_per_hour));
        }
        let mut made = BTreeMap::new();
        for (tenant, (places, grounds)) in all {
            let client =
                outside.client_at(None, clock).map_err(crate::outside::OutsideError::from)?;
            let containment = Containment::new(client, Arc::clone(clock), places);
            let containment = containment.patient(patience());
            made.insert(tenant, Arc::new(Tenancy { containment, grounds }));
        }
        Ok(Self(made))
    }

    /// What is done for a tenant; none where nothing may be contained.
    pub(crate) fn of(&self, tenant: &TenantId) -> Option<&Arc<Tenancy>> {
        self.0.get(tenant)
    }
}

/// How long to wait until a change shows.
const fn patience() -> Patience {
    Patience { tries: 8, pause: Duration::from_secs(2) }
}

/// What is wrong with the places of a configuration: the key, and a sentence for each.
#[must_use]
pub fn containment_faults(config: &Config) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut known: BTreeMap<(&TenantId, &str, &str), &str> = BTreeMap::new();
    for (name, one) in config.containment.iter().filter(|(_, one)| one.enabled) {
        let mut fault = |key: &str, why: String| {
            faults.push((format!("containment.{name}.{key}"), why));
        };
        if let Err((key, why)) = check(one) {
            fault(key, why);
        }
        let of = (&one.tenant, one.kind.as_str(), one.target.as_str());
        if let Some(other) = known.insert(of, name) {
            fault("target", format!("is the one of `[containment.{other}]` already"));
        }
    }
    faults
}

fn name<T: FromStr<Err = quell_contain::BadName>>(
    key: &'static str,
    text: &str,
) -> Result<T, (&'static str, String)> {
    text.parse().map_err(|error: quell_contain::BadName| (key, error.to_string()))
}

/// A service account, as `NAMESPACE/NAME`.
fn account(one: &Configured) -> Result<(Namespace, KubeName), (&'static str, String)> {
    let text = one.acts_as.as_deref().unwrap_or_default();
    let Some((namespace, account)) = text.split_once('/') else {
        return Err(("acts_as", "is to be `NAMESPACE/NAME` of a service account".to_owned()));
    };
    Ok((name("acts_as", namespace)?, name("acts_as", account)?))
}

fn check(one: &Configured) -> Result<(), (&'static str, String)> {
    match one.kind.as_str() {
        "kubernetes" => {
            name::<quell_contain::ClusterName>("target", &one.target)?;
            account(one).map(drop)
        }
        "aws" => {
            name::<quell_contain::AccountId>("target", &one.target)?;
            name::<quell_contain::Region>("region", one.region.as_deref().unwrap_or_default())?;
            let role: quell_contain::Principal =
                name("acts_as", one.acts_as.as_deref().unwrap_or_default())?;
            match role.kind() {
                quell_contain::PrincipalKind::Role => Ok(()),
                quell_contain::PrincipalKind::User | quell_contain::PrincipalKind::Group => {
                    Err(("acts_as", "is no role".to_owned()))
                }
            }
        }
        "azure" => name::<quell_contain::SubscriptionId>("target", &one.target).map(drop),
        _ => name::<quell_contain::ProjectId>("target", &one.target).map(drop),
    }
}

/// What logins are made with.
struct With<'a> {
    config: &'a Config,
    outside: &'a Arc<Outside>,
    clock: &'a Arc<dyn Clock>,
}

impl With<'_> {
    fn tokens(&self, one: &Configured) -> Result<Arc<dyn Tokens>, (&'static str, String)> {
        let reference = one.secret.clone().ok_or(("secret", "is missing".to_owned()))?;
        Ok(Arc::new(Referenced { outside: Arc::clone(self.outside), reference }))
    }

    fn add(&self, places: &mut Places, one: &Configured) -> Result<(), (&'static str, String)> {
        let url = one.url.as_ref().map(|url| url.trim_end_matches('/').to_owned());
        match one.kind.as_str() {
            "kubernetes" => {
                let url = url.ok_or(("url", "is missing".to_owned()))?;
                let acts_as = account(one)?;
                let place = KubernetesPlace { url, tokens: self.tokens(one)?, acts_as };
                places.kubernetes.insert(name("target", &one.target)?, place);
            }
            "aws" => {
                let place = self.aws(one, url)?;
                places.aws.insert(name("target", &one.target)?, place);
            }
            "azure" => {
                let place = TokenPlace { url, tokens: self.tokens(one)? };
                places.azure.insert(name("target", &one.target)?, place);
            }
            _ => {
                let place = TokenPlace { url, tokens: self.tokens(one)? };
                places.google.insert(name("target", &one.target)?, place);
            }
        }
        Ok(())
    }

    fn aws(
        &self,
        one: &Configured,
        url: Option<String>,
    ) -> Result<AwsPlace, (&'static str, String)> {
        let region: quell_contain::Region =
            name("region", one.region.as_deref().unwrap_or_default())?;
        let keys: Arc<dyn quell_contain::Keys> = match (&one.user, &one.secret) {
            (Some(id), Some(secret)) => Arc::new(GivenKey {
                outside: Arc::clone(self.outside),
                id: id.clone(),
                secret: secret.clone(),
            }),
            (None | Some(_), None) | (None, Some(_)) => {
                Arc::new(OwnKey(self.outside.own_keys(self.config, region.as_str(), self.clock)))
            }
        };
        Ok(AwsPlace {
            keys,
            role: name("acts_as", one.acts_as.as_deref().unwrap_or_default())?,
            external_id: one.external_id.clone().map(Into::into),
            region,
            endpoints: url.map(|url| [url.clone(), url.clone(), url]),
        })
    }
}

/// The place of a plan's target, as policies know it; none where the plan is no containment.
pub(crate) fn place_of(plan: &Plan) -> Option<Place> {
    let provider = match plan.kind.as_str() {
        "contain.isolate_pod" | "contain.scale_to_zero" => "kubernetes",
        "contain.block_storage_account" => "azure",
        "contain.block_google_bucket" => "gcp",
        kind if kind.starts_with("contain.") => "aws",
        _ => return None,
    };
    Some(Place {
        provider: provider.to_owned(),
        account: plan.account.clone(),
        environments: plan.environment.iter().cloned().collect(),
        ..Place::default()
    })
}
