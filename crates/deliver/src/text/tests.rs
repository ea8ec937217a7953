//! Tests of text.

use super::*;

#[test]
fn only_hosts_that_are_named_can_be_linked_to() {
    let hosts =
        Hosts::default().with("https://quell.example/").with("https://app.wiz.example:8443/x");
    for (address, expected) in [
        ("https://quell.example/incidents/abc", Ok("https://quell.example/incidents/abc")),
        ("https://app.wiz.example/issues#~(x)", Ok("https://app.wiz.example/issues#%7E%28x%29")),
        ("https://evil.example/", Err(NotALink::Host)),
        ("https://quell.example.evil.example/", Err(NotALink::Host)),
        ("https://quell.example@evil.example/", Err(NotALink::Address)),
        ("https://user:pass@quell.example/", Err(NotALink::Address)),
        ("javascript:alert(1)", Err(NotALink::Address)),
        ("data:text/html,x", Err(NotALink::Address)),
        ("//quell.example/", Err(NotALink::Address)),
    ] {
        let made = SafeLink::new(address, &hosts);
        assert_eq!(
            made.as_ref().map(SafeLink::as_str),
            expected.as_ref().map(|text| *text),
            "{address}"
        );
    }
}

#[test]
fn plain_text_shows_what_hides() {
    let body = Body::paragraph(Line::own("Asset ").and_code("logs\u{202e}gnp"))
        .and(Block::Code { language: "diff".to_owned(), text: "-a\n+b\u{1b}[31m".into() });
    assert_eq!(plain(&body), "Asset logs\\u{202e}gnp\n\n    -a\n    +b\\u{1b}[31m");
}
