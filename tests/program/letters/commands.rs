//! `sacola dead-letters`, as an operator types it.

use std::process::Command;

use serde_json::Value;

use super::{Desk, WRITER, letter, said};
use crate::support::program::{API_KEY, environment};

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_lists_shows_replays_and_discards() {
    let desk = Desk::opens().await;
    let (ana, home) = desk.customer("Ana").await;
    let good = desk.plants(&home, 1, said("ajuda")).await;
    let bad = letter("poison", None, 2);
    assert!(desk.store.park(&bad, 1).await.unwrap());

    let (status, lines, errors) = desk.runs(&["list"]);
    assert_eq!(status, Some(0), "{errors}");
    let lines: Vec<&str> = lines.lines().collect();
    assert_eq!(lines.len(), 3);
    let begin = lines[0].find("REASON").unwrap();
    assert_eq!(lines[1].find(" panic").unwrap() + 1, begin, "{lines:#?}");
    assert_eq!(lines[2].find(" poison ").unwrap() + 1, begin, "{lines:#?}");
    let (_, one, _) = desk.runs(&["list", "--reason", "poison", "--json"]);
    let one: Value = serde_json::from_str(&one).unwrap();
    assert_eq!(one["dead_letters"][0]["id"], bad.id);
    let (_, groups, _) = desk.runs(&["groups"]);
    assert!(
        groups.contains("poison  1 ") && groups.contains("can't be replayed"),
        "{groups}"
    );
    let (_, shown, _) = desk.runs(&["show", &bad.id]);
    assert!(
        shown.contains(&bad.body) && shown.contains("what to do"),
        "{shown}"
    );

    let (status, dry, errors) = desk.runs(&["replay", "--all", "--dry-run"]);
    assert_eq!(status, Some(1), "{errors}");
    assert!(
        dry.contains("said → send:help") && dry.contains("would be not_replayable"),
        "{dry}"
    );
    assert_eq!(desk.letters().await.len(), 2);
    let (status, replayed, errors) = desk.runs(&["replay", &good]);
    assert_eq!(status, Some(0), "{errors}");
    assert!(
        replayed.contains(&good) && replayed.ends_with("taken 1\n"),
        "{replayed}"
    );
    ana.waits_for("help", 1).await;
    let (status, _, errors) = desk.runs(&["replay", "--reason", "poison"]);
    assert_eq!(status, Some(1));
    assert!(errors.contains("1 of 1 dead letters were not taken"), "{errors}");
    assert_eq!(desk.runs(&["discard", &bad.id]).0, Some(0));
    assert!(desk.letters().await.is_empty());
    let (status, _, errors) = desk.runs(&["show", &bad.id]);
    assert_eq!(status, Some(1));
    assert!(errors.contains("no such dead letter"), "{errors}");
    desk.outside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_names_what_it_lacks() {
    let desk = Desk::opens().await;
    let path = desk.config.to_str().unwrap().to_owned();
    let runs = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_sacola"))
            .args(arguments)
            .envs(environment())
            .output()
            .unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (status, errors) = runs(&["dead-letters", "list", "--config", &path]);
    assert_eq!(status, Some(2));
    assert!(
        errors.contains("--gateway URL"),
        "the port is a free one: {errors}"
    );
    let outside = ["--gateway", "http://192.0.2.7:8080"];
    let (status, errors) = runs(&["dead-letters", "list", "--config", &path, outside[0], outside[1]]);
    assert_eq!(status, Some(2));
    assert!(errors.contains("in the clear"), "{errors}");
    assert_eq!(
        runs(&["dead-letters", "replay", "--config", &path]).0,
        Some(2),
        "nothing is named"
    );
    for wrong in [["--per-second", "51"], ["--limit", "0"]] {
        let (status, _) = runs(&[
            "dead-letters",
            "replay",
            "--all",
            wrong[0],
            wrong[1],
            "--config",
            &path,
        ]);
        assert_eq!(status, Some(2), "{wrong:?}");
    }
    let nobody = ["--gateway", "http://127.0.0.1:1"];
    let (status, errors) = runs(&["dead-letters", "groups", "--config", &path, nobody[0], nobody[1]]);
    assert_eq!(status, Some(1));
    assert!(errors.contains("no answer from the gateway"), "{errors}");

    let text = std::fs::read_to_string(&path)
        .unwrap()
        .replace("merchant = \"*\"", "merchant = \"demo\"");
    std::fs::write(&path, text).unwrap();
    let (status, errors) = runs(&["dead-letters", "list", "--config", &path, nobody[0], nobody[1]]);
    assert_eq!(status, Some(2));
    assert!(
        errors.contains("merchant = \"*\"") && errors.contains("dead_letters:write"),
        "{errors}"
    );
    assert!(!errors.contains(API_KEY) && !errors.contains(WRITER));
    desk.outside.stop().await;
}
