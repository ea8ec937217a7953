//! The key that signs requests to AWS: given by reference, or found where AWS's own tools look for
//! it. No address of a machine's metadata is ever asked.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use quell_config::SecretRef;
use quell_http::{Client, Fresh, NoValue, Renewing};
use quell_model::Clock;
use zeroize::Zeroizing;

use crate::error::SecretError;
use crate::local::{self, Environment, login};
use crate::profile::{self, Profile};
use crate::secret::Secret;
use crate::settings::AwsKeySource;
use crate::sts::{Role, Sts};

/// After how long a key that does not end is looked for again: it may have been rotated.
const RENEW_AFTER: Duration = Duration::from_secs(30);
/// How long nothing is tried after a failure.
const REST: Duration = Duration::from_secs(5);
/// The service, in sentences.
const OF: &str = "AWS";

/// A key that signs requests.
#[derive(Debug, Clone)]
pub struct AwsLogin {
    /// Its id.
    pub access_key: Secret,
    /// The secret.
    pub secret_key: Secret,
    /// The token that goes with a key that ends.
    pub session_token: Option<Secret>,
}

/// Finds the key that signs, and renews one that ends before it does.
pub struct AwsLogins {
    source: AwsKeySource,
    sts: Sts,
    environment: Environment,
    found: Renewing<AwsLogin>,
}

impl fmt::Debug for AwsLogins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AwsLogins").field("source", &self.source).finish_non_exhaustive()
    }
}

impl AwsLogins {
    /// Keys from a source. A role is taken in the region, at `sts_endpoint` where that is given.
    #[must_use]
    pub fn new(
        source: AwsKeySource,
        (region, sts_endpoint): (&str, Option<&str>),
        client: &Client,
        environment: &Environment,
        clock: &Arc<dyn Clock>,
    ) -> Self {
        Self {
            source,
            sts: Sts::new(region, sts_endpoint, client.clone(), Arc::clone(clock)),
            environment: Arc::clone(environment),
            found: Renewing::new(REST),
        }
    }

    /// The key to sign with now.
    ///
    /// # Errors
    /// There is none.
    pub async fn get(&self) -> Result<Arc<AwsLogin>, SecretError> {
        let given = match &self.source {
            AwsKeySource::Given { access_key, secret_key, session_token } => {
                (access_key, secret_key, session_token.as_ref())
            }
            AwsKeySource::Chain => {
                return self.found.get(|_| self.look()).await.map_err(|error| match error {
                    NoValue::Failed(error) => error,
                    NoValue::Resting(left, _) => SecretError::Resting {
                        why: "no key for AWS could be had".to_owned(),
                        seconds: left.as_secs().max(1),
                    },
                });
            }
        };
        Ok(Arc::new(self.read(given).await?))
    }

    async fn read(
        &self,
        (access_key, secret_key, token): (&SecretRef, &SecretRef, Option<&SecretRef>),
    ) -> Result<AwsLogin, SecretError> {
        Ok(AwsLogin {
            access_key: login(access_key, &self.environment, OF).await?,
            secret_key: login(secret_key, &self.environment, OF).await?,
            session_token: match token {
                Some(token) => Some(login(token, &self.environment, OF).await?),
                None => None,
            },
        })
    }

    /// The variables, then the profile, then the token of a workload.
    async fn look(&self) -> Result<Fresh<AwsLogin>, SecretError> {
        let variable = |name: &str| (self.environment)(name).filter(|value| !value.is_empty());
        if let (Some(id), Some(secret)) =
            (variable("AWS_ACCESS_KEY_ID"), variable("AWS_SECRET_ACCESS_KEY"))
        {
            let found = AwsLogin {
                access_key: id.into(),
                secret_key: secret.into(),
                session_token: variable("AWS_SESSION_TOKEN").map(Secret::from),
            };
            return Ok(Fresh::lasting(found, RENEW_AFTER));
        }
        match profile::find(&self.environment).await? {
            Some(Profile::Key(found)) => return Ok(Fresh::lasting(found, RENEW_AFTER)),
            Some(Profile::Role(role)) => return self.assume(role).await,
            None => {}
        }
        match (variable("AWS_ROLE_ARN"), variable("AWS_WEB_IDENTITY_TOKEN_FILE")) {
            (Some(arn), Some(file)) => {
                let session = variable("AWS_ROLE_SESSION_NAME");
                self.assume(Role { arn, session, token_file: PathBuf::from(file) }).await
            }
            _ => Err(SecretError::NoAwsKey),
        }
    }

    async fn assume(&self, role: Role) -> Result<Fresh<AwsLogin>, SecretError> {
        let token = local::text_file(&role.token_file).await?;
        let token = Zeroizing::new(token.trim().to_owned());
        self.sts.assume(&role, &token).await
    }
}
