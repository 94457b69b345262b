//! A power cut under Redis: the process dies, and of its append-only file only what was flushed is left.

use std::fs::OpenOptions;
use std::path::PathBuf;

use sacola::tasks::Tasks;

use super::counts::runs;
use super::shim::Shim;
use super::tally::{Tally, count};
use super::writers::{Plan, Writers, connect, quietly};
use crate::support::redis_server::{AppendOnly, RedisServer};

/// How long the load lasts: longer than the pause between two flushes.
const LOAD_MS: u64 = 2_200;
/// How often it is looked whether something was flushed, and after which pause: a minute in all.
const LOOKS: u32 = 1_200;
const LOOK_MS: u64 = 50;

#[tokio::test(flavor = "multi_thread")]
async fn a_power_cut_loses_nothing_of_a_redis_that_flushes_every_write() {
    let fault = "power cut under Redis (always)";
    let (tally, bytes) = cut(AppendOnly::Always).await;
    tally.report(
        fault,
        runs(),
        &format!("{bytes} bytes were not flushed; writes, not webhooks"),
    );
    tally.holds(fault);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_power_cut_costs_a_redis_that_flushes_each_second_what_came_since_and_doubles_nothing() {
    let fault = "power cut under Redis (everysec)";
    let (tally, bytes) = cut(AppendOnly::EverySecond).await;
    let note = format!(
        "expected: this setting promises no more; {bytes} bytes were not flushed; writes, not webhooks"
    );
    tally.report(fault, runs(), &note);
    assert_eq!(tally.doubled, 0, "{:#?}", tally.found);
    assert!(
        tally.lost < tally.acknowledged,
        "the file was never flushed: {tally:#?}"
    );
}

/// Cuts the power under load, lets the writers go on afterwards and counts; also how many bytes were lost.
async fn cut(append_only: AppendOnly) -> (Tally, u64) {
    let (mut sum, mut unflushed) = (Tally::default(), 0);
    for run in 0..runs() {
        let shim = Shim::build(".incr.aof");
        // one file from the start to the end
        let settings = ["--auto-aof-rewrite-percentage", "0"];
        let mut server = RedisServer::start_in(append_only, &settings, &shim.environment()).unwrap();
        let store = connect(&server.url(), 0).await;
        let (tasks, plan) = (Tasks::new(), Plan::USUAL);
        let writers = Writers::start(&store, plan, quietly, &tasks);
        writers.waits(LOAD_MS + u64::from(run % 8) * 121).await;
        is_flushed(&writers, &shim).await;
        server.kill().unwrap();
        unflushed += cut_file(&server, &shim);
        server.restart().unwrap();
        writers.go_on_for(100).await;
        writers.end().await;
        // Counting empties the lanes, and nothing of that need survive anything.
        let eased = server.asks("CONFIG SET appendfsync no").unwrap();
        assert_eq!(eased, "+OK");
        sum.joins(count(&store, &plan.homes(), &writers.acknowledged()).await);
        store.close().await;
    }
    (sum, unflushed)
}

/// Waits until the first flush is noted, which a slow disk may take seconds for.
async fn is_flushed(writers: &Writers, shim: &Shim) {
    for _ in 0..LOOKS {
        if shim.flushed_bytes() > 0 {
            return;
        }
        writers.waits(LOOK_MS).await;
    }
    panic!("no flush was noted: is the shim loaded?");
}

/// Leaves of the append-only file what was flushed; returns how much that takes away.
fn cut_file(server: &RedisServer, shim: &Shim) -> u64 {
    let file = OpenOptions::new()
        .write(true)
        .open(append_only_file(server))
        .unwrap();
    let (written, flushed) = (file.metadata().unwrap().len(), shim.flushed_bytes());
    assert!(flushed > 0, "no flush was noted: is the shim loaded?");
    assert!(flushed <= written, "{flushed} of {written} bytes were flushed");
    file.set_len(flushed).unwrap();
    written - flushed
}

fn append_only_file(server: &RedisServer) -> PathBuf {
    let folder = std::fs::read_dir(server.directory().join("appendonlydir")).unwrap();
    let mut files: Vec<PathBuf> = folder
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_string_lossy().ends_with(".incr.aof"))
        .collect();
    assert_eq!(files.len(), 1, "{files:?}");
    files.pop().unwrap()
}
