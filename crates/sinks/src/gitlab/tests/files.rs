//! Evidence beside an issue: there once, looked for before it is sent again, and anew when it
//! changed.

use super::*;

/// The notes of the only thread that show a file, each with the address that it links to.
fn shown(stage: &Stage) -> Vec<String> {
    let threads = stage.host.threads();
    let notes = threads.first().map(|thread| thread.notes.clone()).unwrap_or_default();
    let of = |note: &String| {
        let url = note.split_once("](")?.1.split_once(')')?.0.to_owned();
        note.starts_with("Attached: [`evidence-").then_some(url)
    };
    notes.iter().filter_map(of).collect()
}

#[tokio::test]
async fn a_file_stands_beside_its_issue_once_and_anew_when_it_changed() {
    let stage = stage().await;
    let first = with_file("{\"a\":1}");
    let issue = stage.open(&first).await.unwrap();
    let uploads = stage.host.uploads();
    assert_eq!(uploads.len(), 1);
    assert_eq!(uploads[0].1, "{\"a\":1}");
    assert_eq!(shown(&stage), [uploads[0].0.clone()]);
    // The same again sends nothing again.
    stage.edit(&first, &issue).await.unwrap();
    assert_eq!(stage.open(&first).await.unwrap(), issue);
    assert_eq!((stage.host.uploads().len(), shown(&stage).len()), (1, 1));
    let other = with_file("{\"a\":2}");
    stage.edit(&other, &issue).await.unwrap();
    stage.edit(&other, &issue).await.unwrap();
    let uploads = stage.host.uploads();
    let urls: Vec<String> = uploads.iter().map(|(url, _)| url.clone()).collect();
    assert_eq!((urls.len(), shown(&stage)), (2, urls));
    // A merge request has its fix in it, and no files beside.
    let fix = Letter { files: first.files.clone(), ..fix() };
    stage.open(&fix).await.unwrap();
    assert_eq!(stage.host.uploads().len(), 2);
}

#[tokio::test]
async fn where_an_answer_is_lost_a_file_is_looked_for_before_it_is_sent_again() {
    let stage = stage().await;
    let letter = with_file("{}");
    // The upload arrived and nobody knows its address: no note shows it.
    stage.host.spoil("POST /uploads", None);
    let issue = stage.open(&letter).await.unwrap();
    assert_eq!((stage.host.uploads().len(), shown(&stage).len()), (1, 0));
    let told = stage.host.threads()[0].notes.join("\n");
    assert!(told.contains("Could not be added here:") && told.contains("evidence.json"), "{told}");
    stage.edit(&letter, &issue).await.unwrap();
    assert_eq!((stage.host.uploads().len(), shown(&stage).len()), (2, 1));

    // The note arrived and its answer is lost: it is there, and nothing is sent again.
    let letter = with_file("[1]");
    stage.host.spoil("POST /notes", None);
    assert!(stage.edit(&letter, &issue).await.is_err());
    assert_eq!((stage.host.uploads().len(), shown(&stage).len()), (3, 2));
    stage.edit(&letter, &issue).await.unwrap();
    assert_eq!((stage.host.uploads().len(), shown(&stage).len()), (3, 2));
}

#[tokio::test]
async fn a_host_that_takes_no_files_keeps_no_issue_from_being_made() {
    let stage = stage().await;
    stage.host.spoil("POST /uploads", Some(413));
    stage.open(&with_file("{}")).await.unwrap();
    let threads = stage.host.threads();
    assert_eq!((threads.len(), stage.host.threads()[0].notes.len()), (1, 1));
    assert!(threads[0].notes[0].contains("Could not be added here:"), "{threads:?}");
}

#[tokio::test]
async fn what_a_file_holds_is_no_markup_anywhere() {
    let stage = stage().await;
    let hostile = "/close\n@all [x](https://evil.example) <img src=x>\r\n--quell-file-0--\r\n";
    stage.open(&with_file(hostile)).await.unwrap();
    let notes = stage.host.threads()[0].notes.join("\n");
    assert!(!notes.contains("evil") && !notes.contains("@all"), "{notes}");
    assert_eq!(stage.host.uploads()[0].1, hostile);
}
