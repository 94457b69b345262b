//! When files are looked at, what is refused, and what needs a restart.

use std::process::{Child, Command};
use std::time::Duration;

use reqwest::Method;

use super::{ANA, House, NEVER_S};
use crate::support::program::API_KEY;

const LETTERS: &str = "/v1/dead-letters";
/// A second key, as a block of the configuration.
const SECOND_KEY: &str = "a second key of the back office";

/// A pipe, from which nothing ever comes.
fn pipe_at(path: &std::path::Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

fn signals(child: &Child, signal: &str) {
    let id = child.id().to_string();
    assert!(
        Command::new("kill")
            .args([signal, &id])
            .status()
            .unwrap()
            .success()
    );
}

/// Whether a program handles SIGHUP and SIGTERM: the first and the 15th bit of its caught signals. A container's first process
/// never gets a signal that it does not handle.
fn hears_signals(child: &Child) -> bool {
    const BOTH: u64 = 1 | (1 << 14);
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    caught.is_some_and(|mask| u64::from_str_radix(mask.trim(), 16).unwrap() & BOTH == BOTH)
}

fn with_second_key(text: &str) -> String {
    let key = format!("id = \"second\"\nmerchant = \"*\"\nsecret = \"{SECOND_KEY}\"");
    format!("{text}[[api_key]]\n{key}\nscopes = [\"dead_letters:read\"]\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_changes_is_applied_at_the_next_look_and_by_sighup_at_once() {
    let mut looking = House::opens(1).await;
    let mut told = House::opens(NEVER_S).await;
    for house in [&looking, &told] {
        assert_eq!(house.asks(Method::GET, LETTERS, SECOND_KEY).await.0, 401);
        assert_eq!(house.stand.generation(0).await, 1);
    }
    // Waited for longer than a busy machine takes, and much shorter than until the next look.
    told.applies(|text| with_second_key(&text)).await;
    looking.stand.puts(&looking.live, |text| with_second_key(&text));
    looking.stand.applies(0, 1).await;
    for house in [&looking, &told] {
        assert_eq!(house.asks(Method::GET, LETTERS, SECOND_KEY).await.0, 200);
        assert_eq!(house.stand.generation(0).await, 2);
    }

    // The same again is no change.
    told.stand.signals(0, "-HUP").await;
    assert_eq!(told.says(&ANA, "ajuda").await, 200);
    told.hears(&ANA, &["help"]).await;
    assert_eq!(told.stand.generation(0).await, 2);

    told.applies(|text| text).await;
    assert_eq!(told.asks(Method::GET, LETTERS, SECOND_KEY).await.0, 401);
    assert_eq!(told.asks(Method::GET, LETTERS, API_KEY).await.0, 200);
    looking.closes().await;
    told.closes().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_file_is_refused_whole_the_old_one_goes_on_and_a_mend_ends_it() {
    let mut house = House::opens(NEVER_S).await;
    assert_ne!(house.metric("sacola_config_refused").await, "1");
    let faults = [
        // Half of it is good: the key must not be added either.
        ("[[number]]\nphone_number_id = \"207000000000001\"\n", "waba_id"),
        ("[servr]\n", "servr"),
        ("[[number\n", ""),
    ];
    for (fault, named) in faults {
        house
            .stand
            .puts(&house.live, |text| format!("{}{fault}", with_second_key(&text)));
        let told = house.is_refused().await;
        assert!(told.contains(named), "{named} is not named in {told}");
        assert_eq!(house.metric("sacola_config_refused").await, "1");
        assert_eq!(house.stand.generation(0).await, 1);
        assert_eq!(house.asks(Method::GET, LETTERS, SECOND_KEY).await.0, 401);
        assert_eq!(house.asks(Method::GET, LETTERS, API_KEY).await.0, 200);
        house.stand.puts(&house.live, |text| text);
        house.is_mended().await;
        assert_eq!(house.metric("sacola_config_refused").await, "0");
    }
    house.stand.vault().removes("sacola.toml");
    house.is_refused().await;
    assert_eq!(house.says(&ANA, "ajuda").await, 200);
    house.hears(&ANA, &["help"]).await;
    house.stand.puts(&house.live, |text| with_second_key(&text));
    house.is_mended().await;
    assert_eq!(house.asks(Method::GET, LETTERS, SECOND_KEY).await.0, 200);
    house.closes().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_needs_a_restart_is_told_and_the_rest_is_applied() {
    let mut house = House::opens(NEVER_S).await;
    let restart_needed = house.config().await["restart_needed"].clone();
    assert_eq!(
        restart_needed.as_array().map(Vec::len),
        Some(0),
        "{restart_needed}"
    );
    house
        .applies(|text| {
            let text = text.replace("[server]\n", "[server]\ndrain_s = 7\n");
            with_second_key(&text.replace("/data\"\n", "/elsewhere\"\n"))
        })
        .await;
    let restart_needed = house.config().await["restart_needed"].to_string();
    assert!(
        restart_needed.contains("server") && restart_needed.contains("store"),
        "{restart_needed}"
    );
    assert_eq!(house.asks(Method::GET, LETTERS, SECOND_KEY).await.0, 200);
    assert_eq!(house.says(&ANA, "ajuda").await, 200);
    house.hears(&ANA, &["help"]).await;
    house.closes().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pipe_in_the_place_of_a_secret_is_refused_and_nothing_waits_for_it() {
    let mut house = House::opens(NEVER_S).await;
    house.stand.vault().removes("app_secret_1");
    pipe_at(&house.stand.vault().path("app_secret_1"));
    let told = house.is_refused().await;
    assert!(told.contains("a pipe or a device"), "{told}");
    assert_eq!(house.says(&ANA, "ajuda").await, 200);
    house.hears(&ANA, &["help"]).await;
    house.stand.puts(&house.live, |text| text);
    house.is_mended().await;
    house.closes().await;
}

#[test]
fn while_the_gateway_is_still_starting_a_hangup_does_not_end_it_and_a_term_does() {
    // On a machine that is busy with others the start may give up on its store before anybody could send a signal.
    let mut tries = (0..5).map(|_| signalled_while_it_starts());
    let ended = tries.find(|ended| *ended != STORE_GAVE_NO_ANSWER);
    assert_eq!(
        ended,
        Some(Some(0)),
        "SIGHUP and SIGTERM are heard, and the second ended it"
    );
}

/// The exit status of a start that had no answer of its store.
const STORE_GAVE_NO_ANSWER: Option<i32> = Some(1);

/// Starts the program on a store that takes connections and says nothing, so that the start goes on for a while, and signals it twice;
/// returns its exit status.
fn signalled_while_it_starts() -> Option<i32> {
    let directory = tempfile::tempdir().unwrap();
    let config = directory.path().join("sacola.toml");
    let store = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let text = format!(
        "[server]\nlisten = \"127.0.0.1:0\"\nops_listen = \"127.0.0.1:0\"\n[store]\nurl = \"redis://{}\"\n\
         [whatsapp]\nverify_token = \"v\"\napp_secrets = [\"a\"]\n",
        store.local_addr().unwrap()
    );
    std::fs::write(&config, text).unwrap();
    let mut program = Command::new(env!("CARGO_BIN_EXE_sacola"))
        .args(["serve", "--config"])
        .arg(&config)
        .spawn()
        .unwrap();
    while !hears_signals(&program) {
        if let Some(ended) = program.try_wait().unwrap() {
            return ended.code();
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    signals(&program, "-HUP");
    signals(&program, "-TERM");
    program.wait().unwrap().code()
}
