//! What leaves, and what comes back.

use proptest::prelude::*;

use crate::{Grants, Kind, Known, Masker, Piece};

fn mask(text: &str) -> String {
    Masker::new(Vec::new(), Grants::default()).mask(text).as_str().to_owned()
}

#[test]
fn names_keep_their_structure_and_come_back() {
    let known = vec![Known {
        value: "payments-db".into(),
        kind: Kind::Resource,
        about: "rds instance".into(),
    }];
    let mut masker = Masker::new(known, Grants::default());
    let masked = masker.mask("payments-db at 10.0.0.7 reads arn:aws:s3:::pay-logs; 10.0.0.7 again");
    assert_eq!(
        masked.as_str(),
        "<resource:1 rds instance> at <ip:1 private> reads <arn:1 s3 bucket>; <ip:1 private> again"
    );
    let other = masker.mask("PAYMENTS-DB and 10.0.0.8");
    assert_eq!(other.as_str(), "<resource:1 rds instance> and <ip:2 private>");
    let pieces = masker.pieces("Look at <resource:1>, <ip:2 private> and <ip:3>. <b:1> stays.");
    assert_eq!(
        pieces,
        [
            Piece::Words("Look at ".into()),
            Piece::Data(Kind::Resource, "payments-db".into()),
            Piece::Words(", ".into()),
            Piece::Data(Kind::Ip, "10.0.0.8".into()),
            Piece::Words(" and ".into()),
            Piece::Invented("<ip:3>".into()),
            Piece::Words(". <b:1> stays.".into()),
        ]
    );
    assert_eq!(masker.counts(), [(Kind::Ip, 2), (Kind::Arn, 1), (Kind::Resource, 1)]);
}

#[test]
fn a_secret_never_comes_back() {
    let mut masker =
        Masker::new(Vec::new(), Grants { addresses: true, identities: true, names: true });
    let masked = masker.mask("postgres://ann:zu7Peng!@10.0.0.7/shop");
    assert_eq!(masked.as_str(), "postgres://ann:<secret:1 by its name>@10.0.0.7/shop");
    assert_eq!(masker.pieces("<secret:1>"), [Piece::Kept(Kind::Secret)]);
}

#[test]
fn grants_open_what_they_name_and_no_more() {
    let text = "ada@example.org from 10.0.0.7 in 123456789012, card 4111 1111 1111 1111";
    let with = |grants| Masker::new(Vec::new(), grants).mask(text).as_str().to_owned();
    let none = Grants::default();
    assert!(
        with(Grants { addresses: true, ..none }).contains("<email:1> from 10.0.0.7 in <account:1>")
    );
    assert!(
        with(Grants { identities: true, ..none }).contains("ada@example.org from <ip:1 private>")
    );
    assert!(
        with(Grants { names: true, ..none })
            .contains("in 123456789012, card <number:1 payment card>")
    );
}

#[test]
fn what_cannot_be_seen_is_written_out_and_nothing_is_a_false_placeholder() {
    assert_eq!(mask("a\u{202e}b\u{200b}c"), "a\\u{202e}b\\u{200b}c");
    assert_eq!(mask("see <ip:1 private> and <b>"), "see \\u{3c}ip:1 private> and <b>");
    assert_eq!(
        mask("pass\u{200b}word=zu7P\u{200b}eng!"),
        "pass\\u{200b}word=<secret:1 by its name>"
    );
}

proptest! {
    #[test]
    fn no_text_breaks_it(text in "\\PC{0,80}|[ -~\n]{0,200}|(password=|AKI[A]|%[0-9a-f]|<ip:1|é|10\\.|@a\\.com|[0-9]{1,5}){0,12}") {
        let mut masker = Masker::new(vec![Known { value: "word".into(), kind: Kind::Host, about: "".into() }], Grants::default());
        let masked = masker.mask(&text);
        prop_assert!(!masked.as_str().chars().any(quell_model::is_deceiving));
        let whole: String = masker.pieces(masked.as_str()).into_iter().map(|piece| match piece {
            Piece::Words(words) => words,
            Piece::Data(_, data) => quell_model::shown(&data, true),
            Piece::Kept(kind) => kind.word().to_owned(),
            Piece::Invented(other) => panic!("{other} was never given out"),
        }).collect();
        // Without anything that stays away, all of it comes back.
        if masker.counts().iter().all(|(kind, _)| kind.comes_back()) {
            let plain = quell_model::shown(&text, true).replace('<', "\\u{3c}");
            prop_assert_eq!(whole.to_lowercase().replace('<', "\\u{3c}"), plain.to_lowercase());
        }
    }
}
