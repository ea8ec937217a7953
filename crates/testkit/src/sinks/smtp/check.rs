//! Whether a message is one that strict servers take.

use std::collections::BTreeMap;

/// What is wrong with a message, if anything is.
pub(super) fn fault(message: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(message);
    let bare = text.replace("\r\n", "").contains(['\r', '\n']);
    if bare {
        return Some("550 5.6.11 a line ends without CRLF".to_owned());
    }
    if text.split("\r\n").any(|line| line.len() > 998) {
        return Some("554 5.6.0 a line is longer than 998".to_owned());
    }
    if !message.is_ascii() {
        return Some("554 5.6.1 8-bit text without BODY=8BITMIME".to_owned());
    }
    let head = text.split("\r\n\r\n").next().unwrap_or_default().replace("\r\n ", " ");
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for line in head.split("\r\n") {
        let Some((name, _)) = line.split_once(':') else {
            return Some("554 5.6.0 a header without a name".to_owned());
        };
        *counts.entry(name.to_ascii_lowercase()).or_default() += 1;
    }
    for name in ["from", "to", "date", "message-id", "subject", "mime-version"] {
        if counts.remove(name) != Some(1) {
            return Some(format!("554 5.6.0 the header {name} is not there once"));
        }
    }
    let known = [
        "in-reply-to",
        "references",
        "content-type",
        "content-transfer-encoding",
        "auto-submitted",
        "x-auto-response-suppress",
    ];
    let odd = counts.keys().find(|name| !known.contains(&name.as_str()));
    odd.map(|name| format!("554 5.6.0 nobody asked for the header {name}"))
}
