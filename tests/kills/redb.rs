//! Faults of the embedded store: its process is killed amid commits, the power is cut amid them, its file is damaged.

use std::io::{BufRead, BufReader, Write};
use std::ops::Range;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;

use sacola::clock::{Clock, MovableClock};
use sacola::domain::ids::HomeId;
use sacola::store::{Error, Store, embedded};
use sacola::tasks::Tasks;

use super::counts::runs;
#[cfg(target_os = "linux")]
use super::shim::{Shim, half_written};
use super::tally::{Tally, count};
use super::writers::{Event, Plan, Writers, quietly};

const FILE: &str = "sacola.redb";
/// Tells the test below in which folder it shall write until it is killed.
const FOLDER: &str = "SACOLA_FAULT_FOLDER";
const CHILD: &str = "kills::redb::writers_tell_what_they_were_acknowledged";
/// Longest that a child lives: a disk may take a second for a flush.
const CHILD_MS: u64 = 180_000;
/// Before each event that a child tells.
const TOLD: &str = "acknowledged: ";
/// Processes that are killed in a run.
const KILLS: usize = 3;

#[tokio::test(flavor = "multi_thread")]
async fn a_process_killed_amid_commits_leaves_all_that_it_acknowledged() {
    let fault = "process killed amid commits (embedded)";
    let mut sum = Tally::default();
    for run in 0..runs() {
        for kill in 0..KILLS {
            let folder = tempfile::tempdir().unwrap();
            let until = 100 + 71 * kill + 13 * usize::try_from(run).unwrap();
            let acknowledged = killed(folder.path(), until, |_| ());
            sum.joins(holds_all(folder.path(), &acknowledged).await);
        }
    }
    sum.report(
        fault,
        runs(),
        &format!("{KILLS} kills a run; writes, not webhooks"),
    );
    sum.holds(fault);
}

/// In the worst case nothing that was not flushed has reached the disk; in others some pages have, in any order.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_power_cut_amid_commits_leaves_all_that_was_acknowledged() {
    const WRITTEN: [fn(usize) -> bool; 5] = [
        |_| false,
        |page| page == 0,
        |page| page != 0,
        |page| page.is_multiple_of(2),
        |page| page * 7919 % 13 < 4,
    ];
    let fault = "power cut amid commits (embedded)";
    let (mut sum, mut pages) = (Tally::default(), 0);
    for run in 0..runs() {
        for kill in 0..KILLS {
            let (folder, shim) = (tempfile::tempdir().unwrap(), Shim::build(FILE));
            // a commit flushes twice: its pages, then its root
            let flush = 60 + 31 * kill + 7 * usize::try_from(run).unwrap();
            let acknowledged = cut_off(folder.path(), |command| {
                command
                    .envs(shim.environment())
                    .env("SACOLA_SHIM_CUT", flush.to_string());
            });
            let now = std::fs::read(folder.path().join(FILE)).unwrap();
            assert!(
                shim.flushed_bytes() > 0,
                "no flush was noted: is the shim loaded?"
            );
            let then = shim.flushed(&now);
            pages += pages_that_differ(&then, &now);
            let mut files = vec![then.clone()];
            files.extend(WRITTEN.map(|is_written| half_written(&then, &now, is_written)));
            for file in files {
                let folder = folder_with(&file);
                sum.joins(holds_all(folder.path(), &acknowledged).await);
            }
        }
    }
    let note = format!(
        "{KILLS} cuts a run, each with {} choices of what reached the disk of {pages} unflushed pages in all",
        WRITTEN.len() + 1
    );
    sum.report(fault, runs(), &note);
    assert!(pages > 0, "every page had been flushed: nothing was cut");
    sum.holds(fault);
}

#[cfg(target_os = "linux")]
fn pages_that_differ(then: &[u8], now: &[u8]) -> usize {
    let differing = now.chunks(4096).enumerate();
    differing
        .filter(|(page, bytes)| then.get(page * 4096..page * 4096 + bytes.len()) != Some(*bytes))
        .count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_file_is_refused_or_has_all_that_was_acknowledged() {
    let fault = "file damaged (embedded)";
    let (files, acknowledged) = files().await;
    let (mut sum, mut refused, mut whole) = (Tally::default(), 0, 0);
    for file in &files {
        let untouched = folder_with(file);
        sum.joins(holds_all(untouched.path(), &acknowledged).await);
        for (what, damaged) in damages(file) {
            let folder = folder_with(&damaged);
            match embedded::open(folder.path()) {
                Ok(store) => {
                    drop(store);
                    whole += 1;
                    let tally = holds_all(folder.path(), &acknowledged).await;
                    tally.holds(&what);
                    sum.joins(tally);
                }
                Err(Error::Unfit(text)) => {
                    refused += 1;
                    assert!(text.contains(FILE) && text.contains("backup"), "{what}: {text}");
                }
                Err(other) => panic!("{what}: {other:?}"),
            }
        }
        let emptied = folder_with(&[]);
        drop(embedded::open(emptied.path()).expect_err("an empty file is no store"));
        let left = std::fs::metadata(emptied.path().join(FILE)).unwrap().len();
        assert_eq!(left, 0, "a new store was made of a file that was emptied");
    }
    let note =
        format!("{refused} damaged files refused, {whole} opened with all: what was damaged was not in use");
    sum.report(fault, 1, &note);
    assert!(refused > whole, "{refused} refused, {whole} opened");
    sum.holds(fault);
}

/// The file of a store that died and of one that was closed, and what is in both.
async fn files() -> ([Vec<u8>; 2], Vec<Event>) {
    let folder = tempfile::tempdir().unwrap();
    let store: Arc<dyn Store> = Arc::new(embedded::open(folder.path()).unwrap());
    let writers = Writers::start(&store, Plan::USUAL, quietly, &Tasks::new());
    writers.go_on_for(100).await;
    writers.end().await;
    let died = std::fs::read(folder.path().join(FILE)).unwrap();
    store.close().await;
    let closed = std::fs::read(folder.path().join(FILE)).unwrap();
    ([died, closed], writers.acknowledged())
}

fn damages(file: &[u8]) -> Vec<(String, Vec<u8>)> {
    let size = file.len();
    let half = size / 2 / 4096 * 4096;
    let lengths = [
        1,
        8,
        320,
        4095,
        4096,
        8192,
        half,
        half + 1,
        size - 8192,
        size - 4096,
        size - 1,
    ];
    let mut all: Vec<(String, Vec<u8>)> = lengths
        .into_iter()
        .map(|length| (format!("cut to {length} of {size}"), file[..length].to_vec()))
        .collect();
    let longer = [file, [0; 100].as_slice()].concat();
    all.push((format!("longer than {size}"), longer));
    // the head: its name, its flags, its measures, its two places for the roots, all of it
    let heads = [
        0..9,
        9..10,
        12..16,
        16..32,
        64..192,
        192..320,
        64..320,
        9..320,
        0..4096,
    ];
    let pages = (1..12).map(|n| {
        let page = size / 4096 * n / 12 * 4096;
        page..page + 4096
    });
    all.extend(heads.into_iter().chain(pages).map(|range| zeroed(file, range)));
    all
}

fn zeroed(file: &[u8], range: Range<usize>) -> (String, Vec<u8>) {
    let what = format!("zeros at {range:?} of {}", file.len());
    let mut damaged = file.to_vec();
    damaged[range].fill(0);
    (what, damaged)
}

fn folder_with(file: &[u8]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(FILE), file).unwrap();
    folder
}

/// Opens a store and counts.
async fn holds_all(folder: &Path, acknowledged: &[Event]) -> Tally {
    let store: Arc<dyn Store> = Arc::new(embedded::open(folder).unwrap());
    let tally = count(&store, &Plan::USUAL.homes(), acknowledged).await;
    store.close().await;
    tally
}

/// Lets a process write until it has told so many events, kills it, and returns all that it told.
fn killed(folder: &Path, until: usize, prepare: impl FnOnce(&mut Command)) -> Vec<Event> {
    let mut child = child(folder, prepare);
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut told = hears(&mut out, until);
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(told.len(), until, "the child ended by itself");
    told.extend(hears(&mut out, usize::MAX));
    told
}

/// A child whose power is cut in the middle of a commit.
#[cfg(target_os = "linux")]
fn cut_off(folder: &Path, prepare: impl FnOnce(&mut Command)) -> Vec<Event> {
    let mut child = child(folder, prepare);
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let told = hears(&mut out, usize::MAX);
    let ended = child.wait().unwrap();
    assert_eq!(ended.code(), None, "the child was not cut off");
    assert!(
        !told.is_empty(),
        "the child was cut off before anything was acknowledged"
    );
    told
}

fn child(folder: &Path, prepare: impl FnOnce(&mut Command)) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", CHILD, "--nocapture", "--test-threads", "1"])
        .env(FOLDER, folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    prepare(&mut command);
    command.spawn().unwrap()
}

/// So many events that a child tells, or all until its end. A line that was cut off tells nothing.
fn hears(out: &mut BufReader<ChildStdout>, most: usize) -> Vec<Event> {
    let (mut events, mut line) = (Vec::new(), String::new());
    while events.len() < most {
        line.clear();
        if out.read_line(&mut line).unwrap() == 0 || !line.ends_with('\n') {
            break;
        }
        events.extend(read(&line));
    }
    events
}

fn read(line: &str) -> Option<Event> {
    let (_, told) = line.split_once(TOLD)?;
    let (home, number) = told.trim().split_once(' ')?;
    Some(Event {
        home: HomeId::new(home),
        number: number.parse().unwrap(),
    })
}

fn tells(event: &Event) {
    let line = format!("{TOLD}{} {}\n", event.home, event.number);
    std::io::stdout().write_all(line.as_bytes()).unwrap();
}

/// What the tests above start and kill. Alone it writes to a store of its own for a moment.
#[tokio::test(flavor = "multi_thread")]
async fn writers_tell_what_they_were_acknowledged() {
    let own = tempfile::tempdir().unwrap();
    let told = std::env::var_os(FOLDER);
    let folder = told.as_ref().map_or(own.path(), Path::new);
    let store: Arc<dyn Store> = Arc::new(embedded::open(folder).unwrap());
    let tell: fn(&Event) = if told.is_some() { tells } else { quietly };
    let writers = Writers::start(&store, Plan::USUAL, tell, &Tasks::new());
    if told.is_some() {
        MovableClock::fixed().sleep_ms(CHILD_MS).await;
    }
    writers.go_on_for(50).await;
    writers.end().await;
    let tally = count(&store, &Plan::USUAL.homes(), &writers.acknowledged()).await;
    tally.holds("writers who are left alone");
    store.close().await;
}
