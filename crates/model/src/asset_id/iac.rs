//! Blocks of infrastructure code and files of source code.

use super::{AssetId, Provider};

/// `./a\b` and `/a/b` are `a/b`.
fn plain(file: &str) -> String {
    let file = file.replace('\\', "/");
    file.trim_start_matches("./").trim_start_matches('/').to_owned()
}

pub(super) fn block(target: &str, file: &str, address: &str) -> AssetId {
    let file = plain(file);
    let last = address.rsplit("module.").next().unwrap_or(address);
    let kind = if last.len() == address.len() {
        last
    } else {
        last.split_once('.').map_or(last, |(_, a)| a)
    };
    AssetId {
        key: format!("iac:{target}:{file}:{address}"),
        provider: Provider::Iac,
        account: target.to_owned(),
        region: String::new(),
        kind: kind.split('.').next().unwrap_or_default().to_ascii_lowercase(),
        name: address.to_owned(),
    }
}

pub(super) fn code(target: &str, file: &str) -> AssetId {
    let file = plain(file);
    AssetId {
        key: format!("code:{target}:{file}"),
        provider: Provider::Code,
        account: target.to_owned(),
        region: String::new(),
        kind: "file".to_owned(),
        name: file,
    }
}
