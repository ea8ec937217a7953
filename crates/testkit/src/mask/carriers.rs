//! How a value stands in what a tool writes.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// A way to carry a value.
#[derive(Debug, Clone, Copy)]
pub struct Carrier {
    /// What it is.
    pub name: &'static str,
    /// Whether the name of the value stands beside it.
    pub named: bool,
    /// The text, from the name and the value.
    pub write: fn(&str, &str) -> String,
}

macro_rules! carriers {
    ($($named:literal $name:literal $write:expr;)*) => {
        /// All of them.
        pub const CARRIERS: &[Carrier] =
            &[$(Carrier { name: $name, named: $named, write: $write }),*];
    };
}

carriers! {
    false "sentence" |_, v| format!("The scanner saw {v} in the build log, see there.");
    false "log line" |_, v| format!("2026-11-22T03:04:05Z ERROR worker[17] refused {v} twice");
    false "quoted" |_, v| format!("unexpected value \"{}\" at line 7", v.replace('\n', "\\n"));
    false "in brackets" |_, v| format!("login failed ({v}) after 3 tries");
    false "list" |_, v| format!("- one\n- {v}\n- three\n");
    false "csv" |_, v| format!("id,seen,count\n7,\"{v}\",3\n");
    false "markdown" |_, v| format!("Found `{v}` in **main**.");
    false "html" |_, v| format!("<td class=\"x\">{}</td>", markup(v));
    false "json escapes" |_, v| v.chars().map(|c| format!("\\u{:04x}", u32::from(c))).collect();
    false "percent" |_, v| format!("/find?q={}&page=2", v.bytes().map(|b| format!("%{b:02X}")).collect::<String>());
    false "base64" |_, v| format!("echo {} | sh", STANDARD.encode(format!("run with {v} now")));
    false "base64 twice" |_, v| STANDARD.encode(STANDARD.encode(format!("run with {v} now")));
    false "hex" |_, v| format!("data: {}", format!("use {v} here").bytes().map(|b| format!("{b:02x}")).collect::<String>());
    false "zero width" |_, v| spread(v, '\u{200b}');
    false "wide letters" |_, v| v.chars().map(wide).collect();
    false "soft hyphens" |_, v| spread(v, '\u{ad}');
    false "diff" |_, v| format!("@@ -1 +1 @@\n-old\n+{}\n", v.replace('\n', "\n+"));
    false "stack" |_, v| format!("Error: bad value {v}\n    at connect (app.js:10:5)\n");
    true "env" |k, v| format!("export {}={v}", k.to_uppercase());
    true "dotenv" |k, v| format!("{}=\"{v}\"\nDEBUG=1", k.to_uppercase());
    true "json" |k, v| format!("{{\"{k}\": \"{}\", \"n\": 1}}", json(v));
    true "json text in json" |k, v| format!("{{\"log\":\"{{\\\"{k}\\\":\\\"{}\\\"}}\"}}", json(&json(v)));
    true "pairs" |k, v| format!("[{{\"name\":\"{k}\",\"value\":\"{}\"}}]", json(v));
    true "yaml" |k, v| format!("spec:\n  {k}: {v}\n  other: 1\n");
    true "toml" |k, v| format!("[main]\n{k} = \"{v}\"\n");
    true "ini" |k, v| format!("[main]\n{k} = {v}\n");
    true "terraform" |k, v| format!("resource \"x\" \"y\" {{\n  {k} = \"{v}\"\n}}\n");
    true "dockerfile" |k, v| format!("FROM debian:12\nENV {}={v}\n", k.to_uppercase());
    true "flag" |k, v| format!("app --{}={v} --verbose", k.replace('_', "-"));
    true "flag and value" |k, v| format!("app --{} '{v}' --verbose", k.replace('_', "-"));
    true "head" |k, v| format!("POST / HTTP/1.1\r\nX-{}: {v}\r\nAccept: */*\r\n", k.replace('_', "-"));
    true "query" |k, v| format!("https://api.github.com/x?{k}={}&n=1", plus(v));
    true "xml" |k, v| format!("<config><{k}>{}</{k}></config>", markup(v));
    true "properties" |k, v| format!("app.{}={v}\n", k.replace('_', "."));
    true "code" |k, v| format!("const {k} = \"{}\";", json(v));
    true "python" |k, v| format!("{k}='{}'  # set", v.replace('\n', "\\n"));
    true "kubernetes secret" |k, v| format!("kind: Secret\ndata:\n  {k}: {}\n", STANDARD.encode(v));
    true "sentence with its name" |k, v| format!("Its {} is {v} today.", k.replace('_', " "));
    true "log pairs" |k, v| format!("level=warn {k}={v} tries=3");
    true "powershell" |k, v| format!("$env:{} = \"{v}\"", k.to_uppercase());
}

fn json(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

fn markup(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('@', "&#64;")
}

/// As forms are sent.
fn plus(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.~".contains(&b);
    text.bytes()
        .map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect()
}

fn spread(text: &str, with: char) -> String {
    let mut out = String::new();
    for (at, c) in text.chars().enumerate() {
        if at % 3 == 2 {
            out.push(with);
        }
        out.push(c);
    }
    out
}

fn wide(c: char) -> char {
    match c {
        '!'..='~' => char::from_u32(u32::from(c) + 0xFEE0).unwrap_or(c),
        other => other,
    }
}
