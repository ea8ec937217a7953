//! What the tests of both hosts stand on: the double, a sink that a test asks, and a fix.

use std::sync::Arc;

use quell_deliver::outbox::{Act, Remote};
use quell_deliver::review::{Conclusion, Remark, Review};
use quell_deliver::{Body, Key, Letter, Line};
use quell_model::TenantId;
use quell_testkit::double::Double;
use quell_testkit::sinks::Contract;

use crate::testing::stage::{Hands, Keys, words as body};
use crate::{Sink, SinkError, TextAt, Wanted};

pub(crate) const TF: &str = "resource \"aws_s3_bucket\" \"logs\" {}\n";
pub(crate) const FIXED: &str = "resource \"aws_s3_bucket\" \"logs\" {\n  acl = \"private\"\n}\n";
/// The files that stand there at first.
pub(crate) const FILES: [(&str, &str); 2] = [("infra/main.tf", TF), ("README.md", "shop\n")];

/// A host and a sink.
pub(crate) struct Stage<D, S> {
    pub(crate) host: Arc<D>,
    pub(crate) double: Double,
    pub(crate) hands: Hands,
    pub(crate) keys: Keys,
    pub(crate) sink: S,
}

impl<D, S: Sink> Stage<D, S> {
    pub(crate) async fn act(
        &self,
        key: &Key,
        act: Act,
        remote: Option<&Remote>,
    ) -> Result<Option<Remote>, SinkError> {
        self.sink.act(&Wanted { key, act: &act, remote }).await
    }

    pub(crate) async fn find(
        &self,
        key: &Key,
        act: Act,
        remote: Option<&Remote>,
    ) -> Result<Option<Remote>, SinkError> {
        self.sink.find(&Wanted { key, act: &act, remote }).await
    }

    pub(crate) async fn open(&self, letter: &Letter) -> Result<Remote, SinkError> {
        let act = Act::Open { letter: Box::new(letter.clone()) };
        self.act(&letter.key, act, None).await.map(Option::unwrap)
    }

    pub(crate) async fn edit(
        &self,
        letter: &Letter,
        remote: &Remote,
    ) -> Result<Option<Remote>, SinkError> {
        let act = Act::Edit { letter: Box::new(letter.clone()) };
        self.act(&letter.key, act, Some(remote)).await
    }

    /// Says a review, and looks whether it is found.
    pub(crate) async fn review(
        &self,
        review: &Review,
        remote: Option<&Remote>,
    ) -> Result<Option<Remote>, SinkError> {
        let act = Act::Review { review: Box::new(review.clone()) };
        let made = self.act(&key_of("review"), act.clone(), remote).await?;
        let found = self.find(&key_of("review"), act, remote).await;
        // What only code scanning was told cannot be looked for.
        if review.sarif.is_none() {
            assert_eq!(found.unwrap(), made);
        }
        Ok(made)
    }

    /// The text of a file of a repository.
    pub(crate) async fn text_at(
        &self,
        repository: &str,
        (commit, path): (&str, &str),
    ) -> Result<Option<String>, SinkError> {
        let (repository, commit) = (repository.to_owned(), commit.to_owned());
        self.sink.text_at(&TextAt { repository, commit, path: path.to_owned() }).await
    }

    /// Does all acts on both, and looks for each of them.
    pub(crate) async fn round(&self, key: &Key, remotes: [&Remote; 2]) {
        for remote in remotes {
            for act in [
                Act::Note { body: body("Still there") },
                Act::Close { body: body("Gone") },
                Act::Reopen { body: body("Back") },
            ] {
                self.act(key, act.clone(), Some(remote)).await.unwrap();
                assert!(self.find(key, act, Some(remote)).await.unwrap().is_some());
            }
            self.sink.read(remote).await.unwrap().unwrap();
            self.sink.code(remote).await.unwrap();
        }
        self.sink.test().await.unwrap();
    }

    /// Holds all that was sent against our description of the API and, where there is a copy of it,
    /// the vendor's, but for calls that the copy has not. Tells how many requests there were.
    pub(crate) fn described(&self, ours: &str, vendor: &str, left_out: &[&str]) -> usize {
        let ours: serde_json::Value = serde_json::from_str(ours).unwrap();
        let (count, wrong) = Contract::new(&ours).check_all(&self.double.ledger, "");
        assert!(wrong.is_empty(), "{count} {wrong:?}");
        let all = self.double.ledger.of("");
        assert!(all.iter().all(|seen| seen.status < 400 || seen.status == 404));
        if let Some(vendor) = Contract::of_vendor(vendor) {
            let (_, wrong) = vendor.check_all(&self.double.ledger, "");
            let known = |one: &str| left_out.iter().any(|known| one.starts_with(known));
            let wrong: Vec<_> = wrong.iter().filter(|wrong| !known(&wrong.0)).collect();
            assert!(wrong.is_empty(), "{wrong:?}");
        }
        count
    }
}

pub(crate) fn branch(letter: &Letter) -> String {
    format!("quell/{}", letter.key)
}

pub(crate) fn key_of(subject: &str) -> Key {
    Key::new(&TenantId::default(), "host", subject, 0)
}

/// A review of what somebody else opened, or of what the delivery made.
pub(crate) fn review(repository: &str, pull: Option<u64>, remarks: Vec<Remark>) -> Review {
    Review {
        repository: repository.to_owned(),
        commit: None,
        pull,
        branch: None,
        conclusion: Conclusion::Failure,
        title: "2 fixes".to_owned(),
        summary: body("Two things stand against it."),
        remarks,
        sarif: None,
        page: None,
    }
}

/// A remark on a line.
pub(crate) fn remark(path: &str, line: u32, fails: bool, text: Line) -> Remark {
    Remark {
        key: key_of(&format!("remark:{path}:{line}")),
        path: path.to_owned(),
        first_line: line,
        last_line: 0,
        fails,
        body: Body::paragraph(text),
    }
}

pub(crate) fn refused(error: &SinkError) -> String {
    assert!(matches!(error, SinkError::Refused(_)), "{error:?}");
    error.to_string()
}
