//! Azure: public access of blobs in a storage account is blocked.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{at, json};
use crate::access::Where;
use crate::draft::{Draft, Reply, Service};
use crate::error::ContainError;
use crate::names::{ResourceGroup, StorageAccount, SubscriptionId};
use crate::state::{Reading, State};
use crate::unit::Unit;

/// Block public access of blobs in a storage account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BlockStorageAccount {
    /// The subscription.
    pub subscription: SubscriptionId,
    /// The resource group.
    pub group: ResourceGroup,
    /// The account.
    pub name: StorageAccount,
}

#[derive(Deserialize)]
struct Account {
    properties: Properties,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Properties {
    #[serde(default)]
    creation_time: Option<String>,
    #[serde(default)]
    allow_blob_public_access: Option<bool>,
}

const VERSION: &str = "2023-05-01";

impl BlockStorageAccount {
    fn path(&self) -> String {
        format!(
            "/subscriptions/{}/resourceGroups/{}/providers/Microsoft.Storage/storageAccounts/{}",
            self.subscription, self.group, self.name
        )
    }

    fn draft(&self, method: &'static str) -> Draft {
        Draft::new(Service::Azure, method, self.path()).query("api-version", VERSION)
    }
}

impl Unit for BlockStorageAccount {
    fn word(&self) -> &'static str {
        "block_storage_account"
    }

    fn title(&self) -> String {
        format!("block public access of the storage account {}", self.name)
    }

    fn target(&self) -> String {
        self.path()
    }

    fn account(&self) -> String {
        self.subscription.to_string()
    }

    fn place(&self) -> Where<'_> {
        Where::Azure(&self.subscription)
    }

    fn cautions(&self) -> &'static [&'static str] {
        &[
            "web content that is public on purpose stops working, in all containers of the account",
            "addresses with a shared access signature and the account's keys go on to work",
        ]
    }

    fn ask(&self, so_far: &[Reply]) -> Result<Option<Draft>, ContainError> {
        let right = "Microsoft.Storage/storageAccounts/read";
        Ok(so_far.is_empty().then(|| self.draft("GET").right(right)))
    }

    fn read(&self, replies: &[Reply]) -> Result<Reading, ContainError> {
        let account: Account = json(at(replies, 0, "storageAccount")?, "storageAccount")?;
        Ok(Reading::new(State::of([
            ("allow_blob_public_access", json!(account.properties.allow_blob_public_access)),
            ("created", json!(account.properties.creation_time)),
        ])))
    }

    fn after(&self, before: &State) -> Result<State, ContainError> {
        Ok(before.with("allow_blob_public_access", json!(false)))
    }

    fn steps(&self, now: &Reading, wanted: &State) -> Result<Vec<Draft>, ContainError> {
        let allow = wanted.part("allow_blob_public_access");
        if allow == now.state.part("allow_blob_public_access") {
            return Ok(Vec::new());
        }
        if *allow == Value::Null {
            return Err(ContainError::NoWayBack(
                "the account never said whether blobs may be public, and Azure takes no such value; set `allowBlobPublicAccess` by hand",
            ));
        }
        let body = json!({"properties": {"allowBlobPublicAccess": allow}});
        let patch = self.draft("PATCH").body("application/json", body.to_string());
        Ok(vec![patch.right("Microsoft.Storage/storageAccounts/write")])
    }
}
