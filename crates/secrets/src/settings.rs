//! Where Vault and AWS Secrets Manager are, and how to log in there.

use std::time::Duration;

use quell_config::SecretRef;

/// Settings of [`Secrets`](crate::Secrets).
#[derive(Debug, Clone)]
pub struct Settings {
    /// Vault, if references name it.
    pub vault: Option<VaultSettings>,
    /// AWS Secrets Manager, if references name it.
    pub aws: Option<AwsSettings>,
    /// After how long a value of a service is read again.
    pub renew_after: Duration,
    /// After how long a value of the environment or a file is read again.
    pub renew_local_after: Duration,
    /// How long a failed read is not tried again.
    pub rest: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            vault: None,
            aws: None,
            renew_after: Duration::from_secs(300),
            renew_local_after: Duration::from_secs(30),
            rest: Duration::from_secs(15),
        }
    }
}

/// Settings of Vault.
#[derive(Debug, Clone)]
pub struct VaultSettings {
    /// `https://host:port`.
    pub address: String,
    /// Namespace, for Vault Enterprise.
    pub namespace: Option<String>,
    /// How to log in.
    pub login: VaultLogin,
}

/// How to log in to Vault. The references are of the environment or of files.
#[derive(Debug, Clone)]
pub enum VaultLogin {
    /// With AppRole.
    AppRole {
        /// Where AppRole is mounted, `approle` as a rule.
        mount: String,
        /// The role.
        role_id: SecretRef,
        /// Its secret.
        secret_id: SecretRef,
    },
    /// With a token, for example one that an agent keeps in a file.
    Token(SecretRef),
}

/// Where the key comes from that signs requests to AWS.
#[derive(Debug, Clone)]
pub enum AwsKeySource {
    /// By references to the environment or to files.
    Given {
        /// Access key id.
        access_key: SecretRef,
        /// Secret access key.
        secret_key: SecretRef,
        /// Session token.
        session_token: Option<SecretRef>,
    },
    /// Where AWS's own tools look: the variables, the profile files, and a workload's token.
    Chain,
}

/// Settings of AWS Secrets Manager.
#[derive(Debug, Clone)]
pub struct AwsSettings {
    /// Region of names; an ARN names its own.
    pub region: String,
    /// Another endpoint than AWS's own.
    pub endpoint: Option<String>,
    /// The key that signs.
    pub keys: AwsKeySource,
    /// Another endpoint than AWS's own for taking a role.
    pub sts_endpoint: Option<String>,
    /// How long after a rotation the value before is offered too.
    pub overlap: Duration,
}

impl AwsSettings {
    /// The region, with the key from where AWS's own tools look.
    #[must_use]
    pub fn of_region(region: &str) -> Self {
        Self {
            region: region.to_owned(),
            endpoint: None,
            keys: AwsKeySource::Chain,
            sts_endpoint: None,
            overlap: Duration::from_secs(24 * 3_600),
        }
    }
}
