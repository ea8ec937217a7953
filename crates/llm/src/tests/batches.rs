//! Batches, where they are taken.

use quell_testkit::llm::LlmAsked;

use super::*;
use crate::{BatchState, LlmError, Schema};

fn answer(turn: &LlmAsked) -> String {
    match &turn.schema {
        Some(_) => "{\"answer\":\"no\"}".to_owned(),
        None => turn.user.clone(),
    }
}

#[tokio::test]
async fn a_batch_brings_each_answer_under_its_name() {
    for kind in KINDS {
        let stage = Stage::answering(Arc::new(answer)).await;
        let provider = stage.of(kind);
        let mut requests = vec![
            ("one".to_owned(), Request::new("", "Repeat.", "first")),
            ("two".to_owned(), Request::new("", "Repeat.", "second").shaped(Schema::for_a_try())),
        ];
        if !provider.means().batch {
            let none = provider.submit(&requests).await.unwrap_err();
            assert!(matches!(none, LlmError::Unsupported(_)), "{kind:?}");
            continue;
        }
        let gone = Request { model: "missing-model".to_owned(), ..plain() };
        requests.push(("gone".to_owned(), gone));
        let id = provider.submit(&requests).await.unwrap();
        let batch = provider.poll(&id).await.unwrap();
        assert_eq!((batch.state, batch.answers.len()), (BatchState::Done, 1), "{kind:?}");
        let answers = provider.collect(&batch, &requests).await.unwrap();
        let of = |name: &str| &answers.iter().find(|(known, _)| known == name).unwrap().1;
        assert_eq!(answers.len(), 3);
        assert_eq!(of("one").as_ref().unwrap().text.raw(), "first", "{kind:?}");
        assert!(of("two").as_ref().unwrap().json.is_some(), "{kind:?}");
        assert!(of("gone").is_err(), "{kind:?}");
        assert!(provider.poll("../../models").await.is_err());
        assert_eq!(stage.models.kept(), 0);
    }
}
