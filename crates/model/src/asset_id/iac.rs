//! Blocks of infrastructure code and files of source code.

use super::{AssetId, Provider, joined};

/// `./a\b`, `/a/b` and `a//b` are `a/b`; what leads out of the folder stays.
fn plain(file: &str) -> String {
    let file = file.replace('\\', "/");
    let segments: Vec<&str> = file.split('/').filter(|s| !s.is_empty() && *s != ".").collect();
    segments.join("/")
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
        key: joined(&["iac", target, &file, address]),
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
        key: joined(&["code", target, &file]),
        provider: Provider::Code,
        account: target.to_owned(),
        region: String::new(),
        kind: "file".to_owned(),
        name: file,
    }
}
