//! What is known of the asset whose block is looked for.

use quell_model::{Asset, Location, Provider};

/// What is known of the asset whose block is looked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Target {
    /// Which world the asset lives in.
    pub provider: Provider,
    /// The canonical kind (`s3.bucket`), or the Terraform type for a block.
    pub kind: String,
    /// Every name the asset goes by, the identity's own first.
    pub names: Vec<String>,
    /// The source's own id, whole.
    pub native_id: String,
    /// The file that the scanner names.
    pub file: Option<String>,
    /// First and last line that the scanner names.
    pub lines: Option<(u32, u32)>,
    /// The block's address that the scanner names.
    pub address: Option<String>,
}

impl Target {
    /// What an asset, and where a scanner says it is, tell of the block.
    #[must_use]
    pub fn new(asset: &Asset, location: Option<&Location>) -> Self {
        let last = |text: &str| text.rsplit(['/', ':']).next().unwrap_or_default().to_owned();
        let mut names = vec![asset.id.name.clone(), asset.name.raw().to_owned()];
        names.extend(asset.tags.get("Name").map(|tag| tag.raw().to_owned()));
        names.push(last(&asset.native_id));
        names.push(last(&asset.id.name));
        let mut seen = Vec::new();
        names.retain(|name| {
            let new = !name.is_empty() && !seen.contains(name);
            seen.push(name.clone());
            new
        });
        let in_code = asset.id.provider == Provider::Iac;
        let address = location
            .and_then(|location| location.address.clone())
            .or_else(|| in_code.then(|| asset.id.name.clone()))
            .filter(|address| address.contains('.'));
        Self {
            provider: asset.id.provider,
            kind: asset.id.kind.clone(),
            names,
            native_id: asset.native_id.clone(),
            file: location.map(|location| location.file.clone()).filter(|file| !file.is_empty()),
            lines: location.and_then(|location| {
                let first = location.start_line?;
                Some((first, location.end_line.unwrap_or(first)))
            }),
            address,
        }
    }
}
