//! A form with a file in it, as attachments are sent.

use quell_deliver::Attachment;

/// Largest file that is attached.
const MOST_BYTES: usize = 5 << 20;

/// A form: its content type, and its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Form {
    pub(crate) content_type: String,
    pub(crate) body: Vec<u8>,
}

/// The form of one file under a name, with plain fields before it.
pub(crate) fn form((file, name): (&Attachment, &str), fields: &[(&str, &str)]) -> Form {
    let content = content(file);
    let boundary = boundary(&content);
    let mut body = String::new();
    for (name, value) in fields {
        body.push_str(&format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
        ));
    }
    body.push_str(&format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{}\"\r\n\
         Content-Type: {}\r\n\r\n{content}\r\n--{boundary}--\r\n",
        file_name(name),
        media_type(&file.media_type),
    ));
    Form {
        content_type: format!("multipart/form-data; boundary={boundary}"),
        body: body.into_bytes(),
    }
}

/// How many bytes of a file are attached.
pub(crate) fn size(file: &Attachment) -> usize {
    content(file).len()
}

/// What a file holds, as it is: nothing in a file is read as markup.
fn content(file: &Attachment) -> String {
    file.text.clone().capped(MOST_BYTES).raw().to_owned()
}

/// A line that the file does not hold.
fn boundary(content: &str) -> String {
    let mut number = 0_u32;
    loop {
        let boundary = format!("quell-file-{number}");
        if !content.contains(&boundary) {
            return boundary;
        }
        number = number.wrapping_add(1);
    }
}

/// A file's name, held to what a header can hold.
pub(crate) fn file_name(name: &str) -> String {
    let kept = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let name: String = name.chars().filter(kept).take(100).collect();
    if name.is_empty() { "file.txt".to_owned() } else { name }
}

/// A type that no browser opens as a page or a script.
fn media_type(said: &str) -> &str {
    const HARMLESS: [&str; 4] =
        ["application/json", "application/sarif+json", "text/csv", "text/x-diff"];
    if HARMLESS.contains(&said) { said } else { "text/plain" }
}
