//! `cargo xtask fuzz`: runs targets for some time each, and keeps what breaks.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use quell_fuzz::check::{Bench, Fault, Pages, keep_panics, run_all};
use quell_fuzz::corpus::{self, name_of};
use quell_fuzz::{Found, Session};

const HELP: &str = "\
cargo xtask fuzz [TARGET|all] [--seconds N] [--seed N] [--finds FOLDER]

  TARGET        a format (`asff`), `mapped`, `maps`, `inventory`, `codeowners` or a language of code
                (`terraform`); all of them if none is given
  --seconds N   how long each (60)
  --seed N      another seed makes other inputs (1)
  --finds DIR   where inputs that break something are kept (target/fuzz-finds)

cargo xtask fuzz replay FILE...

  Checks files as they are: a find, named by the folder of its target, or several together.

cargo xtask fuzz keep FOLDER

  Adds to the corpus those files of a folder that show something no seed shows yet.
";

/// Longest time for one input to be read, several times over.
const MOST_INPUT_SECONDS: u64 = 10;
/// Longest time for one step, which may take 40 inputs through the store.
const MOST_STEP_SECONDS: u64 = 120;
/// Characters of a trait by which a seed is told from others.
const MOST_TRAIT_CHARS: usize = 56;
/// How much more memory a session may take than it began with.
const MOST_GROWTH_KIB: u64 = 512 << 10;

/// What is asked for.
struct Arguments {
    targets: Vec<String>,
    seconds: u64,
    seed: u64,
    finds: PathBuf,
}

fn main() -> ExitCode {
    match dispatch() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            say(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn say(text: &str) {
    // A closed stderr must not stop a session.
    drop(writeln!(std::io::stderr(), "{text}"));
}

fn dispatch() -> Result<bool> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.first().map(String::as_str) {
        Some("help" | "-h" | "--help") => {
            say(HELP);
            return Ok(true);
        }
        Some("keep") => {
            let folder = words.get(1).context("`keep` needs a folder")?;
            return keep(Path::new(folder)).map(|()| true);
        }
        Some("replay") => return replay(words.get(1..).unwrap_or_default()),
        Some(_) | None => {}
    }
    let arguments = parse(words)?;
    keep_panics();
    let watch = Watch::start();
    let mut clean = true;
    for target in &arguments.targets {
        clean &= fuzz(target, &arguments, &watch)? == 0;
    }
    Ok(clean)
}

fn parse(words: Vec<String>) -> Result<Arguments> {
    let mut arguments = Arguments {
        targets: Vec::new(),
        seconds: 60,
        seed: 1,
        finds: PathBuf::from("target/fuzz-finds"),
    };
    let all = corpus::targets();
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        let mut value = || words.next().with_context(|| format!("`{word}` needs a value"));
        match word.as_str() {
            "--seconds" => arguments.seconds = value()?.parse().context("--seconds is a number")?,
            "--seed" => arguments.seed = value()?.parse().context("--seed is a number")?,
            "--finds" => arguments.finds = PathBuf::from(value()?),
            "all" => {}
            name if all.contains(&name) => arguments.targets.push(name.to_owned()),
            other => bail!("there is no target `{other}`; there are {}", all.join(", ")),
        }
    }
    if arguments.targets.is_empty() {
        arguments.targets = all.into_iter().map(str::to_owned).collect();
    }
    Ok(arguments)
}

/// Checks files as they are, each alone and then all together; whether they hold.
fn replay(files: &[String]) -> Result<bool> {
    keep_panics();
    let (bench, pages) = (Bench::new()?, Pages::new()?);
    let (mut inputs, mut clean) = (Vec::new(), true);
    for file in files {
        let path = Path::new(file);
        let input = fs::read(path).with_context(|| format!("cannot read `{file}`"))?;
        let folder = path.parent().and_then(Path::file_name).unwrap_or_default();
        let target = folder.to_string_lossy();
        match bench.check(&target, &input) {
            Ok(seen) if corpus::is_format(&target) => inputs.push((input, seen)),
            Ok(_) => {}
            Err(fault) => {
                say(&format!("{file}: {}: {}", fault.rule, fault.detail));
                clean = false;
            }
        }
    }
    let ran = run_all(&bench, &pages, &inputs);
    if let Err(fault) = &ran {
        say(&format!("together: {}: {}", fault.rule, fault.detail));
    }
    Ok(ran.is_ok() && clean)
}

/// Runs one target; how many faults it has.
#[expect(clippy::disallowed_methods, reason = "a session lasts so many seconds of real time")]
fn fuzz(target: &str, arguments: &Arguments, watch: &Watch) -> Result<usize> {
    let (bench, pages) = (Bench::new()?, Pages::new()?);
    let seeds = corpus::load(&corpus::folder())?;
    if !seeds.contains_key(target) {
        bail!("there is no seed for `{target}` in {}", corpus::folder().display());
    }
    let mut session = Session::new((&bench, &pages), target, &seeds, arguments.seed);
    let started = Instant::now();
    let most = Duration::from_secs(arguments.seconds);
    let mut faults = 0;
    let report = |found: Vec<Found>| -> Result<usize> {
        found.iter().try_for_each(|one| save(target, one, &arguments.finds))?;
        Ok(found.len())
    };
    watch.begin();
    faults += report(session.replay())?;
    let before_kib = memory_kib();
    let mut peak_kib = before_kib;
    while started.elapsed() < most {
        watch.begin();
        let began = Instant::now();
        let found = session.step();
        let found = found.or_else(|| too_slow(&bench, began.elapsed()));
        faults += report(found.into_iter().collect())?;
        if session.is_full() {
            faults += report(session.flush().into_iter().collect())?;
        }
        peak_kib = peak_kib.max(memory_kib());
        if peak_kib > before_kib + MOST_GROWTH_KIB {
            say(&format!(
                "{target}: memory grew to {} MB; the next seeds are not tried",
                peak_kib >> 10
            ));
            faults += 1;
            break;
        }
    }
    faults += report(session.flush().into_iter().collect())?;
    watch.end();
    let sums = session.sums;
    say(&format!(
        "{target}: {} inputs, {} through the store, {} records, {} kept, {} s, {} MB, {faults} faults",
        sums.inputs,
        sums.stored,
        sums.items,
        sums.kept,
        started.elapsed().as_secs(),
        peak_kib >> 10,
    ));
    Ok(faults)
}

/// A fault where one input took too long.
fn too_slow(bench: &Bench, took: Duration) -> Option<Found> {
    let seconds = took.as_secs();
    (seconds > MOST_INPUT_SECONDS).then(|| Found {
        fault: Fault { rule: "no input takes long", detail: format!("{seconds} s") },
        inputs: vec![bench.last_input()],
    })
}

/// Says what is broken and keeps the input.
fn save(target: &str, found: &Found, finds: &Path) -> Result<()> {
    let folder = finds.join(target);
    fs::create_dir_all(&folder)?;
    say(&format!("{target}: {}: {}", found.fault.rule, found.fault.detail));
    let name = name_of(&found.inputs.concat());
    for (number, input) in found.inputs.iter().enumerate() {
        let path = folder.join(format!("{name}-{number}"));
        fs::write(&path, input)?;
        say(&format!("{target}: kept as {}", path.display()));
    }
    Ok(())
}

/// Highest resident size so far, as Linux tells it; 0 elsewhere.
fn memory_kib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|l| l.starts_with("VmHWM:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).unwrap_or(0)
}

/// Ends the process where one step takes too long; the input stays in the work folder.
struct Watch {
    /// Seconds left for the present step; 0 while there is none.
    left: Arc<AtomicU64>,
}

impl Watch {
    #[expect(clippy::disallowed_methods, reason = "a step is given so many seconds of real time")]
    fn start() -> Self {
        let left = Arc::new(AtomicU64::new(0));
        let watched = Arc::clone(&left);
        std::thread::spawn(move || {
            let count = |n: u64| (n > 0).then(|| n.saturating_sub(1).max(1));
            while watched.fetch_update(Ordering::SeqCst, Ordering::SeqCst, count) != Ok(2) {
                std::thread::sleep(Duration::from_secs(1));
            }
            say("a step took too long; its input is in the newest folder of /dev/shm or /tmp");
            std::process::abort();
        });
        Self { left }
    }

    fn begin(&self) {
        self.left.store(MOST_STEP_SECONDS, Ordering::SeqCst);
    }

    fn end(&self) {
        self.left.store(0, Ordering::SeqCst);
    }
}

/// What an input shows, without the last details: a corpus should stay small.
fn traits_of(bench: &Bench, text: &[u8]) -> BTreeSet<String> {
    let seen = bench.check("", text).unwrap_or_default();
    seen.traits.iter().map(|one| one.chars().take(MOST_TRAIT_CHARS).collect()).collect()
}

/// Adds to the corpus the files that show something new, small ones first.
fn keep(folder: &Path) -> Result<()> {
    let bench = Bench::new()?;
    let mut files = corpus::files(folder)?;
    files.sort_by_key(|path| fs::metadata(path).map_or(u64::MAX, |m| m.len()));
    let mut known = BTreeSet::new();
    for path in corpus::files(&corpus::folder())? {
        known.extend(traits_of(&bench, &fs::read(path)?));
    }
    let mut kept = 0;
    for path in files {
        let text = fs::read(&path)?;
        let traits = traits_of(&bench, &text);
        let of = |one: &String| one.split(' ').next().map(str::to_owned).filter(|t| t != "none:");
        let target = traits.iter().find_map(of);
        let new = traits.iter().any(|one| !known.contains(one));
        if let (Some(target), true) = (target, new) {
            known.extend(traits);
            let into = corpus::folder().join(target);
            fs::create_dir_all(&into)?;
            fs::write(into.join(name_of(&text)), &text)?;
            kept += 1;
        }
    }
    say(&format!("{kept} files added to {}", corpus::folder().display()));
    Ok(())
}
