//! Blocks of infrastructure code and files of source code.

use super::{AssetId, Provider};

pub(super) fn block(target: &str, file: &str, address: &str) -> AssetId {
    AssetId {
        key: format!("iac:{target}:{file}:{address}"),
        provider: Provider::Iac,
        account: target.to_owned(),
        region: String::new(),
        kind: address.split('.').next().unwrap_or_default().to_owned(),
        name: address.to_owned(),
    }
}

pub(super) fn code(target: &str, file: &str) -> AssetId {
    AssetId {
        key: format!("code:{target}:{file}"),
        provider: Provider::Code,
        account: target.to_owned(),
        region: String::new(),
        kind: "file".to_owned(),
        name: file.to_owned(),
    }
}
