//! The closed list of what can be done.

use serde::{Deserialize, Serialize};

use crate::access::Where;
use crate::state::{Reading, State};
use crate::unit::Unit;
use crate::units::{
    BlockBucket, BlockGoogleBucket, BlockStorageAccount, DeactivateAccessKey, DetachPolicy,
    IsolatePod, RevokeSessions, ScaleToZero,
};

/// What can be done. There is no other command, and no parameter that is one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Action {
    /// S3: block public access of a bucket.
    BlockBucket(BlockBucket),
    /// Google Cloud Storage: prevent public access of a bucket.
    BlockGoogleBucket(BlockGoogleBucket),
    /// Azure: block public access of a storage account.
    BlockStorageAccount(BlockStorageAccount),
    /// AWS: deactivate an access key.
    DeactivateAccessKey(DeactivateAccessKey),
    /// AWS: detach a managed policy.
    DetachPolicy(DetachPolicy),
    /// Kubernetes: isolate a pod from the network.
    IsolatePod(IsolatePod),
    /// AWS: revoke the sessions of a role.
    RevokeSessions(RevokeSessions),
    /// Kubernetes: scale to zero.
    ScaleToZero(ScaleToZero),
}

impl Action {
    pub(crate) fn unit(&self) -> &dyn Unit {
        match self {
            Self::BlockBucket(unit) => unit,
            Self::BlockGoogleBucket(unit) => unit,
            Self::BlockStorageAccount(unit) => unit,
            Self::DeactivateAccessKey(unit) => unit,
            Self::DetachPolicy(unit) => unit,
            Self::IsolatePod(unit) => unit,
            Self::RevokeSessions(unit) => unit,
            Self::ScaleToZero(unit) => unit,
        }
    }

    /// Its kind, as rules name it: `contain.isolate_pod`.
    #[must_use]
    pub fn kind(&self) -> String {
        format!("contain.{}", self.unit().word())
    }

    /// What it changes, for people.
    #[must_use]
    pub fn target(&self) -> String {
        self.unit().target()
    }

    /// The account, subscription, project or cluster of what it changes.
    #[must_use]
    pub fn account(&self) -> String {
        self.unit().account()
    }

    /// The word for its platform.
    #[must_use]
    pub fn platform(&self) -> &'static str {
        match self.unit().place() {
            Where::Kubernetes(_) => "kubernetes",
            Where::Aws(..) | Where::Bucket(..) => "aws",
            Where::Azure(_) => "azure",
            Where::Google(_) => "google",
        }
    }

    /// Whether the platform's API leads back from it to a state.
    #[must_use]
    pub fn has_way_back(&self, before: &State) -> bool {
        let unit = self.unit();
        let after = unit.after(before);
        after.is_ok_and(|after| unit.steps(&Reading::new(after), before).is_ok())
    }

    /// What to know before it is done: what it does not stop, and what breaks.
    #[must_use]
    pub fn cautions(&self) -> &'static [&'static str] {
        self.unit().cautions()
    }
}
