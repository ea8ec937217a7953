//! Bundles of leaves: each with its length in two bytes before it (C2SP tlog-tiles).

/// Writes a bundle.
pub(crate) fn write(leaves: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(leaves.iter().map(|leaf| leaf.len() + 2).sum());
    for leaf in leaves {
        bytes.extend(u16::try_from(leaf.len()).unwrap_or(u16::MAX).to_be_bytes());
        bytes.extend(leaf);
    }
    bytes
}

/// The leaves of a bundle, up to where it is whole.
pub(crate) fn parse(bytes: &[u8]) -> Vec<Vec<u8>> {
    let (mut leaves, mut rest) = (Vec::new(), bytes);
    while let Some((length, behind)) = rest.split_first_chunk::<2>() {
        let Some((leaf, after)) = behind.split_at_checked(u16::from_be_bytes(*length).into())
        else {
            break;
        };
        leaves.push(leaf.to_vec());
        rest = after;
    }
    leaves
}
