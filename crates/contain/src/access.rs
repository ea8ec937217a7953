//! Where a login comes from. What is kept here may only make logins; what acts is made from it for
//! one action and ends by itself.

use std::collections::BTreeMap;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use quell_model::Timestamp;
use secrecy::SecretString;

use crate::names::{
    AccountId, ClusterName, KubeName, Namespace, Principal, ProjectId, Region, SubscriptionId,
};

/// Where something is done.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Where<'a> {
    /// A cluster.
    Kubernetes(&'a ClusterName),
    /// IAM of an account, and on whom.
    Aws(&'a AccountId, Option<&'a Principal>),
    /// A bucket of an account, in a region.
    Bucket(&'a AccountId, &'a Region),
    /// A subscription.
    Azure(&'a SubscriptionId),
    /// A project.
    Google(&'a ProjectId),
}

/// All logins, by what they are for.
#[derive(Debug, Clone, Default)]
pub struct Places {
    /// Clusters.
    pub kubernetes: BTreeMap<ClusterName, KubernetesPlace>,
    /// Accounts of AWS.
    pub aws: BTreeMap<AccountId, AwsPlace>,
    /// Subscriptions of Azure.
    pub azure: BTreeMap<SubscriptionId, TokenPlace>,
    /// Projects of Google Cloud.
    pub google: BTreeMap<ProjectId, TokenPlace>,
}

/// A cluster. A token that may do nothing but make tokens makes one for a service account.
#[derive(Debug, Clone)]
pub struct KubernetesPlace {
    /// Where the API server answers, without a `/` at the end.
    pub url: String,
    /// The token that may make tokens.
    pub tokens: Arc<dyn Tokens>,
    /// The service account that acts: namespace and name.
    pub acts_as: (Namespace, KubeName),
}

/// An account of AWS. A key that may do nothing but take the role takes it.
#[derive(Debug, Clone)]
pub struct AwsPlace {
    /// The key that may take the role.
    pub keys: Arc<dyn Keys>,
    /// The role that acts. Each session of it may do one action only.
    pub role: Principal,
    /// What the role asks for from others, where it does.
    pub external_id: Option<SecretString>,
    /// The region in which the role is taken.
    pub region: Region,
    /// Other addresses than AWS's own, for STS, IAM and S3.
    pub endpoints: Option<[String; 3]>,
}

/// A platform that takes a token as it is: Azure and Google Cloud. The token has to end soon.
#[derive(Debug, Clone)]
pub struct TokenPlace {
    /// Another address than the platform's own.
    pub url: Option<String>,
    /// The token.
    pub tokens: Arc<dyn Tokens>,
}

/// A token, and when it ends.
#[derive(Debug, Clone)]
pub struct Token {
    /// The token.
    pub value: SecretString,
    /// When it ends, where that is known.
    pub ends: Option<Timestamp>,
}

/// A token, some time later, or a sentence that says why there is none.
pub type TokenFuture<'a> = Pin<Box<dyn Future<Output = Result<Token, String>> + Send + 'a>>;

/// Where a token comes from. It is asked for each action.
pub trait Tokens: fmt::Debug + Send + Sync {
    /// The token now.
    fn token(&self) -> TokenFuture<'_>;
}

/// A key that signs requests.
#[derive(Debug, Clone)]
pub struct KeyPair {
    /// Id of the access key.
    pub access_key: SecretString,
    /// The secret key.
    pub secret_key: SecretString,
    /// Session token of a key that ends.
    pub session_token: Option<SecretString>,
}

/// A key, some time later, or a sentence that says why there is none.
pub type KeyFuture<'a> = Pin<Box<dyn Future<Output = Result<KeyPair, String>> + Send + 'a>>;

/// Where a key comes from. It is asked for each action.
pub trait Keys: fmt::Debug + Send + Sync {
    /// The key now.
    fn keys(&self) -> KeyFuture<'_>;
}
