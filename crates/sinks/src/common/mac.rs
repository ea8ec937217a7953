//! Signatures of messages: HMAC-SHA256 over bytes as they came.

use hmac::{Hmac, Mac as _};
use sha2::Sha256;

/// The signature over pieces one after another.
pub(crate) fn sign(secret: &[u8], pieces: &[&[u8]]) -> Option<Vec<u8>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).ok()?;
    pieces.iter().for_each(|piece| mac.update(piece));
    Some(mac.finalize().into_bytes().to_vec())
}

/// Whether a signature is that of a body, in constant time. Nothing is signed with no secret.
pub(crate) fn holds(secret: &[u8], body: &[u8], given: &[u8]) -> bool {
    let Ok(mac) = Hmac::<Sha256>::new_from_slice(secret) else { return false };
    !secret.is_empty() && mac.chain_update(body).verify_slice(given).is_ok()
}

/// Bytes of small hexadecimal digits; other spellings of the same bytes are not taken.
pub(crate) fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let pairs = text.as_bytes().chunks_exact(2);
    if !pairs.remainder().is_empty() {
        return None;
    }
    pairs.map(|pair| Some(digit(*pair.first()?)? << 4 | digit(*pair.get(1)?)?)).collect()
}

/// The value of a header that is there once. Names are in lower case.
pub(crate) fn only<'h>(headers: &[(&str, &'h str)], name: &str) -> Option<&'h str> {
    let mut values = headers.iter().filter(|(known, _)| *known == name);
    match (values.next(), values.next()) {
        (Some((_, value)), None) => Some(value),
        _ => None,
    }
}
