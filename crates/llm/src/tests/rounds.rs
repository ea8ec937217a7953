//! What works: words, shapes, streams, vectors, lists, and what models refuse.

use quell_testkit::sinks::Contract;
use serde_json::json;

use super::*;
use crate::{Effort, LlmError, Means, Piece, Reset, Schema, SchemaBy, Stopped};

#[tokio::test]
async fn every_provider_answers_in_words_in_a_shape_and_as_a_stream() {
    for kind in KINDS {
        let stage = Stage::new().await;
        let provider = stage.of(kind);
        let (whole, streamed) = both(&*provider, &plain()).await;
        assert_eq!(whole.text.raw(), "Yes.", "{kind:?}");
        assert_eq!((whole.stopped.clone(), whole.json.clone()), (Stopped::End, None));
        assert!(whole.usage.told && whole.usage.input > 0 && whole.usage.output > 0, "{kind:?}");
        assert_eq!(whole.model, kind.3);
        assert_eq!(streamed, whole, "{kind:?}");
        if kind.0 != "ollama" {
            assert_eq!((whole.left.requests, whole.left.tokens), (Some(49), Some(90_000)));
            assert_eq!(whole.usage.cached, whole.usage.input / 4, "{kind:?}");
        }
        let shaped = plain().shaped(Schema::for_a_try());
        let (whole, streamed) = both(&*provider, &shaped).await;
        assert_eq!(whole.json, Some(json!({"answer": "yes"})), "{kind:?}");
        assert!(!whole.repaired);
        assert_eq!(streamed, whole, "{kind:?}");
        let asked = stage.models.asked();
        assert!(asked.iter().all(|turn| turn.system.starts_with("Answer briefly.")));
        assert_eq!(asked.len(), 4, "{kind:?}");
        assert_eq!(asked[2].schema.as_ref(), Some(&Schema::for_a_try().json), "{kind:?}");
        assert_eq!((stage.models.kept(), stage.models.tools_offered()), (0, 0), "{kind:?}");
    }
}

#[tokio::test]
async fn words_come_before_the_whole_and_are_its_words() {
    let long = "One sentence of the answer. ".repeat(60);
    for kind in KINDS {
        let told = long.clone();
        let stage = Stage::answering(Arc::new(move |_| told.clone())).await;
        let mut stream = stage.of(kind).stream(&plain()).await.unwrap();
        let (mut words, mut pieces, mut last) = (String::new(), 0, None);
        while let Some(piece) = stream.next().await.unwrap() {
            match piece {
                Piece::Text(text) => words.push_str(text.raw()),
                Piece::Done(reply) => last = Some(reply),
            }
            pieces += 1;
        }
        assert_eq!(words, long, "{kind:?}");
        assert_eq!(last.unwrap().text.raw(), long);
        assert!(pieces >= 2, "{kind:?}");
    }
}

#[tokio::test]
async fn requests_are_what_the_vendors_own_descriptions_allow() {
    for (kind, vendor) in KINDS.iter().zip([
        Some("openai"),
        Some("openai"),
        Some("anthropic"),
        Some("azureopenai"),
        Some("azureopenai"),
        Some("ollama"),
        None,
    ]) {
        let Some(contract) = vendor.and_then(Contract::of_vendor) else { continue };
        let stage = Stage::new().await;
        let provider = stage.of(kind);
        both(&*provider, &plain()).await;
        let full = Request { effort: Some(Effort::Low), temperature: Some(0.5), ..plain() };
        both(&*provider, &full.shaped(Schema::for_a_try())).await;
        if provider.means().embeddings {
            provider.embed(&["one", "two"]).await.unwrap();
        }
        provider.models().await.unwrap();
        let (count, wrong) = contract.check_all(&stage.double.ledger, "");
        assert!(count >= 5, "{kind:?}");
        assert_eq!(wrong, [], "{kind:?}");
    }
}

#[tokio::test]
async fn what_a_model_refuses_is_left_out_and_remembered() {
    let asked = Request { effort: Some(Effort::High), temperature: Some(0.2), ..plain() };
    for (kind, model, refusals) in [
        // A deployment's name does not tell its model.
        (&KINDS[3], "gpt-5-small", 1),
        (&KINDS[3], "older", 1),
        (&KINDS[5], "llama3.2", 1),
        // The table knows these.
        (&KINDS[0], "gpt-5.6-luna", 0),
        (&KINDS[2], "claude-haiku-5-5", 0),
        (&KINDS[2], "claude-haiku-4-5", 0),
    ] {
        let stage = Stage::new().await;
        let provider = stage.of(kind);
        let request = Request { model: model.to_owned(), ..asked.clone() };
        provider.ask(&request).await.unwrap();
        provider.ask(&request).await.unwrap();
        assert_eq!(stage.models.asked().len(), 2);
        assert_eq!(stage.double.ledger.count(), 2 + refusals, "{kind:?} {model}");
    }
}

#[tokio::test]
async fn a_shape_is_asked_for_in_words_where_there_is_no_other_way() {
    let stage = Stage::answering(Arc::new(|_| "```json\n{\"answer\":\"no\"}\n```".into())).await;
    let shaped = Request { model: "claude-old".to_owned(), ..plain() };
    let shaped = shaped.shaped(Schema::for_a_try());
    let reply = stage.of(&KINDS[2]).ask(&shaped).await.unwrap();
    assert_eq!((reply.json, reply.repaired), (Some(json!({"answer": "no"})), true));
    let turn = stage.models.asked().pop().unwrap();
    assert!(turn.schema.is_none() && turn.system.contains("\"enum\":[\"yes\",\"no\"]"));
    let only = Settings { schema_by: SchemaBy::Native, ..stage.settings(&KINDS[2]) };
    let refused = stage.provider(only).ask(&shaped).await.unwrap_err();
    assert!(matches!(refused, LlmError::Parameter { .. }), "{refused:?}");
    let words = Settings { schema_by: SchemaBy::Words, ..stage.settings(&KINDS[0]) };
    let shaped = plain().shaped(Schema::for_a_try());
    stage.provider(words).ask(&shaped).await.unwrap();
    assert!(stage.models.asked().pop().unwrap().schema.is_none());
}

#[tokio::test]
async fn vectors_come_in_order_and_never_for_nothing() {
    for kind in KINDS {
        let stage = Stage::new().await;
        let provider = stage.of(kind);
        if kind.0 == "anthropic" {
            let none = provider.embed(&["a"]).await.unwrap_err();
            assert!(matches!(none, LlmError::Unsupported(_)));
            continue;
        }
        let many: Vec<String> = (0..600).map(|at| format!("text {at}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let all = provider.embed(&many).await.unwrap();
        assert_eq!((all.len(), all[0].len()), (600, 8));
        assert_eq!(provider.embed(&many[7..8]).await.unwrap()[0], all[7], "{kind:?}");
        assert!(provider.embed(&["a", " "]).await.is_err());
        assert_eq!(stage.double.ledger.count(), 4, "{kind:?}");
    }
}

#[tokio::test]
async fn models_are_listed_and_means_are_told() {
    for kind in KINDS {
        let stage = Stage::new().await;
        let provider = stage.of(kind);
        assert!(!provider.models().await.unwrap().is_empty(), "{kind:?}");
        let batch = matches!(kind.0, "openai" | "openai-responses" | "anthropic");
        let embeddings = kind.0 != "anthropic";
        assert_eq!(provider.means(), Means { schema: true, embeddings, batch }, "{kind:?}");
    }
}

#[tokio::test]
async fn what_does_not_fit_is_not_sent() {
    for kind in KINDS {
        let stage = Stage::new().await;
        let narrow = Settings { context_tokens: Some(2_000), ..stage.settings(kind) };
        let provider = stage.provider(narrow);
        let long = Request::new("", "", &"word ".repeat(2_000));
        let refused = provider.ask(&long).await.unwrap_err();
        assert!(matches!(refused, LlmError::TooLong { .. }), "{refused:?}");
        let odd = Schema::new("odd", json!({"type": "object", "properties": {"a": {}}}));
        let refused = provider.stream(&plain().shaped(odd)).await.unwrap_err();
        assert!(matches!(refused, LlmError::Schema { .. }), "{refused:?}");
        assert_eq!(stage.double.ledger.count(), 0);
    }
}

#[tokio::test]
async fn ollama_s_window_holds_what_is_sent() {
    let stage = Stage::new().await;
    let input = format!("begin {} end", "word ".repeat(20_000));
    stage.of(&KINDS[5]).ask(&Request::new("", "", &input)).await.unwrap();
    assert_eq!(stage.models.asked()[0].user, input);
}

#[tokio::test]
async fn limits_are_read_from_either_vendor_s_headers() {
    let stage = Stage::new().await;
    let left = stage.of(&KINDS[0]).ask(&plain()).await.unwrap().left;
    assert_eq!(left.tokens_reset, Some(Reset::After(Duration::from_secs(360))));
    let left = stage.of(&KINDS[2]).ask(&plain()).await.unwrap().left;
    assert_eq!(left.tokens_reset, Some(Reset::At("2026-11-20T10:00:00Z".to_owned())));
}

#[tokio::test]
async fn settings_that_cannot_be_are_told() {
    let stage = Stage::new().await;
    let good = stage.settings(&KINDS[4]);
    let check = |settings: Settings| {
        let client = Client::new(
            Policy::default(),
            Arc::new(FixedClock("2026-01-01T00:00:00Z".parse().unwrap())),
        );
        let keys = Arc::new(Fixed(LLM_KEY.into()));
        connect(settings, client.unwrap(), keys).map(|_| ()).map_err(|error| error.to_string())
    };
    check(good.clone()).unwrap();
    for (settings, part) in [
        (Settings { kind: "gpt".to_owned(), ..good.clone() }, "none of anthropic"),
        (Settings { url: None, ..good.clone() }, "`url` is missing"),
        (Settings { url: Some("https://a.example/?x=1".to_owned()), ..good.clone() }, "no query"),
        (Settings { api_version: Some("a&b=c".to_owned()), ..good.clone() }, "`api_version`"),
    ] {
        let said = check(settings).unwrap_err();
        assert!(said.contains(part), "{said}");
    }
    let odd = Request { model: "../../x".to_owned(), ..plain() };
    assert!(stage.provider(good).ask(&odd).await.is_err());
    assert_eq!(stage.double.ledger.count(), 0);
}
