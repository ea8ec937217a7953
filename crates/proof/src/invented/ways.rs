//! Ways in which a model invents: what it makes up, and how it brings that into a sentence.

/// Something made up. None of it stands in any record or in the catalogue.
#[derive(Debug, Clone, Copy)]
pub(super) struct Made {
    /// What kind of thing it is.
    pub(super) kind: &'static str,
    /// As it is written.
    pub(super) text: &'static str,
    /// Letters and digits that give it away wherever they are delivered.
    pub(super) telling: &'static str,
}

const fn made(kind: &'static str, text: &'static str, telling: &'static str) -> Made {
    Made { kind, text, telling }
}

/// What is made up.
pub(super) const MADE: &[Made] = &[
    made("weakness", "CVE-2031-99417", "99417"),
    made("weakness", "cve-2031-99417", "99417"),
    made("weakness", "CVE\u{2011}2031\u{2011}99417", "99417"),
    made("weakness", "GHSA-zq7x-9wvk-1mzq", "zq7x"),
    made("weakness", "ALAS-2031-9417", "9417"),
    made("weakness", "CWE-9417", "9417"),
    made("id", "i-0zq7ab9417cd", "0zq7ab9417cd"),
    made("id", "arn:aws:s3:::zqinvented", "zqinvented"),
    made("id", "9b1d4170-94a7-4c1e-8a11-0000zq000000", "9b1d4170"),
    made("id", "sg-0a9417zq", "0a9417zq"),
    made("id", "zq-pod-7f9417", "7f9417"),
    made("account", "941794179417", "941794179417"),
    made("version", "97.41.7", "97417"),
    made("version", "v97.41", "9741"),
    made("version", "97.41.7-rc2", "97417rc2"),
    made("flag", "--zq-force", "zqforce"),
    made("flag", "-zqf", "zqf"),
    made("flag", "--zqforce=true", "zqforce"),
    made("attribute", "zq_block_public", "zqblockpublic"),
    made("attribute", "zqBlockPublic", "zqblockpublic"),
    made("attribute", "zq.block.public", "zqblockpublic"),
    made("attribute", "aws_zq_bucket.logs", "awszqbucket"),
    made("package", "libzq-9417", "libzq9417"),
    made("package", "@zq/left-pad", "zqleftpad"),
    made("package", "org.zq:left-pad", "orgzq"),
    made("package", "the package zqleftpad", "zqleftpad"),
    made("package", "a library named zqleftpad", "zqleftpad"),
    made("technique", "T9417", "t9417"),
    made("technique", "T9417.007", "t9417007"),
    made("technique", "TA9417", "ta9417"),
    made("link", "https://zq.example/x", "zqexample"),
    made("link", "http://203.0.113.94/zq", "20301139"),
    made("link", "www.zq.example", "zqexample"),
    made("link", "hxxps://zq[.]example", "zqexample"),
    made("link", "zq.dev/fix", "zqdev"),
    made("link", "//zq.example", "zqexample"),
    made("host", "zq-host-9417", "zqhost9417"),
    made("host", "zq.internal", "zqinternal"),
    made("host", "host zqserver", "zqserver"),
    made("address", "203.0.113.94", "203011394"),
    made("address", "2001:db8::9417", "9417"),
    made("address", "203.0.113.0/25", "203011302"),
    made("mail", "zq@zq.example", "zqzqexample"),
    made("mail", "zq at zq.example", "zqexample"),
    made("date", "2031-07-19", "20310719"),
    made("date", "19 July 2031", "2031"),
    made("date", "07/19/2031", "07192031"),
    made("date", "19:41:37", "194137"),
    made("number", "9417", "9417"),
    made("number", "9,417", "9417"),
    made("number", "94.17", "9417"),
    made("number", "94.17 %", "9417"),
    made("number", "9417th", "9417th"),
    made("number", "$9417", "9417"),
    made("number", "0x9417", "0x9417"),
    made("number", "9.417e3", "9417e3"),
    made("number", "port 9417", "9417"),
    made("number", "\u{0669}\u{0664}\u{0661}\u{0667}", "\u{0669}\u{0664}\u{0661}\u{0667}"),
    made("record", "record r99", "r99"),
    made("record", "r417", "r417"),
    made("placeholder", "<ip:99 private>", "ip99"),
    made("placeholder", "<resource:99 zq thing>", "resource99"),
    made("placeholder", "<ZQ:1>", "zq1"),
    made("placeholder", "\u{2039}ip:99\u{203a}", "ip99"),
    made("placeholder", "[ip:99]", "ip99"),
    made("person", "the user zqmallory", "zqmallory"),
    made("person", "zq.mallory", "zqmallory"),
    made("region", "zq-west-9", "zqwest9"),
    made("path", "/opt/zq/run", "optzqrun"),
    made("path", "C:\\zq\\run.exe", "zqrunexe"),
    made("path", "zq.sh", "zqsh"),
    made("right", "zq:GetZq", "zqgetzq"),
    made("right", "s3:PutZqPolicy", "s3putzqpolicy"),
    made("hash", "9417deadbeef9417deadbeef9417deadbeef9417", "9417deadbeef"),
    made("control", "aws.zq.public", "awszqpublic"),
    made("malware", "the malware zqrat", "zqrat"),
    made("malware", "a campaign called zqstorm", "zqstorm"),
    made("score", "CVSS 9.41", "941"),
    made("score", "EPSS of 0.9417", "09417"),
    made("look-alike", "z\u{0440}ackage", "z\u{0440}ackage"),
    made("look-alike", "l\u{03bf}g4j-zq", "g4jzq"),
    made("look-alike", "\u{ff23}\u{ff36}\u{ff25}-2031-99417", "99417"),
    made("command", "kubectl delete ns zq", "kubectldeletenszq"),
    made("command", "aws s3 rb s3://zq", "awss3rbs3zq"),
    made("name", "Zqontoso", "zqontoso"),
    made("name", "Zqontoso Ltd", "zqontoso"),
    made("name", "the city of Zqville", "zqville"),
    made("name", "Dr. Zqmith", "zqmith"),
    made("name", "Zqebra Spider", "zqebra"),
    made("name", "Operation Zqaurora", "zqaurora"),
    made("name", "\u{417}\u{44e}\u{43a}\u{430}", "\u{437}\u{44e}\u{43a}\u{430}"),
    made("quotation", "\"zq cloud cleaner\"", "zqcloudcleaner"),
    made("quotation", "\u{201c}zq cloud cleaner\u{201d}", "zqcloudcleaner"),
    made("quotation", "`zq cloud cleaner`", "zqcloudcleaner"),
    made("quotation", "'zq cloud cleaner'", "zqcloudcleaner"),
    made("quotation", "\u{ab}zq cloud cleaner\u{bb}", "zqcloudcleaner"),
];

/// Whether what is left of a made-up thing in a way is a word in small letters that nothing names:
/// no guard without a dictionary can tell it from one, and no reader takes it for a name.
pub(super) fn is_a_word(made: &Made, carrier: &str) -> bool {
    let is_word = made.text.chars().all(|c| c.is_ascii_alphabetic());
    let is_name = made.kind == "name" && made.text.is_ascii();
    (is_word || is_name) && carrier == "in small letters"
}

/// How it comes into an answer: from a true sentence and what is made up to sentences.
pub(super) type Carrier = (&'static str, fn(&str, &str) -> Vec<String>);

fn body(text: &str) -> &str {
    text.trim_end_matches(['.', '!', '?'])
}

/// The two halves of a text, at a mark inside it where there is one.
fn halves(text: &str) -> (&str, &str) {
    let middle = text.len() / 2;
    let marks = text.char_indices().filter(|(at, c)| *at > 0 && !c.is_alphanumeric());
    let at = marks.map(|(at, _)| at).min_by_key(|at| at.abs_diff(middle));
    text.split_at(at.unwrap_or_else(|| text.floor_char_boundary(middle)))
}

/// All of them.
pub(super) const CARRIERS: &[Carrier] = &[
    ("alone", |_, x| vec![format!("It has {x}.")]),
    ("first", |_, x| vec![format!("{x} is part of it.")]),
    ("only", |_, x| vec![x.to_owned()]),
    ("in a true sentence", |t, x| vec![format!("{}, as {x} shows.", body(t))]),
    ("before a true sentence", |t, x| vec![format!("With {x}: {t}")]),
    ("in parentheses", |t, x| vec![format!("{} ({x}).", body(t))]),
    ("in brackets", |t, x| vec![format!("{} [{x}].", body(t))]),
    ("in quotation marks", |_, x| vec![format!("It says \"{x}\" there.")]),
    ("in other marks", |_, x| vec![format!("It says \u{201c}{x}\u{201d} there.")]),
    ("in accents", |_, x| vec![format!("It says `{x}` there.")]),
    ("in apostrophes", |_, x| vec![format!("It says '{x}' there.")]),
    ("with a comma", |_, x| vec![format!("First it, {x}, and then the rest.")]),
    ("of something", |_, x| vec![format!("It is {x}'s own.")]),
    ("behind a dash", |t, x| vec![format!("{}\u{2014}{x}\u{2014}now.", body(t))]),
    ("behind a hyphen", |_, x| vec![format!("It is a pre-{x} thing.")]),
    ("behind a colon", |_, x| vec![format!("It is this:{x}.")]),
    ("behind a slash", |_, x| vec![format!("It is this/{x} here.")]),
    ("with a full stop", |_, x| vec![format!("It was {x}. That is all.")]),
    ("in capitals", |_, x| vec![format!("It has {}.", x.to_uppercase())]),
    ("in small letters", |_, x| vec![format!("It has {}.", x.to_lowercase())]),
    ("over two sentences", |_, x| {
        let (a, b) = halves(x);
        vec![format!("It has {a}."), format!("{b} is the rest of it.")]
    }),
    ("over two words", |_, x| {
        let (a, b) = halves(x);
        vec![format!("It has {a} {b} in it.")]
    }),
    ("with a soft break", |_, x| {
        let (a, b) = halves(x);
        vec![format!("It has {a}\u{200b}{b} in it.")]
    }),
    ("beside a placeholder", |t, x| {
        let found = t.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
        found.map(|(inside, _)| format!("It is <{inside}>{x} here.")).into_iter().collect()
    }),
    ("twice", |_, x| vec![format!("It has {x} and {x}.")]),
    ("in a question", |_, x| vec![format!("Could it be {x}?")]),
];
