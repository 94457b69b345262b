//! The scripted demo at trace level: gateway, emulator, phones and shop are one process there, and still its log names nobody.

use std::process::{Command, Output};

/// What could stand there, as patterns: the demo draws its own customers.
fn looks_personal(word: &str) -> bool {
    let digits = word.chars().filter(char::is_ascii_digit).count();
    let is_number = digits == word.len() && digits >= 12 && word.starts_with("55");
    let is_user_id = word
        .strip_prefix("BR.")
        .is_some_and(|rest| rest.len() >= 8 && rest.chars().all(|c| c.is_ascii_alphanumeric()));
    is_number || is_user_id || word.starts_with("wamid.") || word == "Ana" || word.starts_with("00020126")
}

fn suspicious(log: &str) -> Vec<&str> {
    log.lines()
        .filter(|line| {
            let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
            line.split(|c: char| !is_part(c)).any(looks_personal)
        })
        .collect()
}

fn demo(form: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_sacola"))
        .args(["demo", "--script"])
        .env("RUST_LOG", "trace")
        .env("SACOLA_LOG", form)
        .output()
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_scripted_demo_names_nobody_in_its_log() {
    for form in ["plain", "json"] {
        let output = tokio::task::spawn_blocking(move || demo(form)).await.unwrap();
        let log = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{log}");
        assert!(log.contains("decision") && log.contains("attempt"), "{log}");
        assert_eq!(suspicious(&log), Vec::<&str>::new());
        // what reads JSON strictly takes no line with a key that stands twice in one object
        let is_twice = |line: &&str| {
            line.split(['{', '}'])
                .any(|object| object.matches("\"name\":").count() > 1)
        };
        assert_eq!(log.lines().find(is_twice), None);
        for secret in ["demo-operator-key", "whsec_", "Bearer "] {
            assert!(!log.contains(secret), "{secret}");
        }
    }
}

#[test]
fn the_patterns_find_what_the_demo_could_write() {
    for line in [
        r#"{"from":"5511912345678"}"#,
        r#"{"user_id":"BR.1234567890123"}"#,
        "to=wamid.HBgNNTUxMTkxMjM0NTY3OBUCABIYFDNB",
        "name=Ana ",
    ] {
        assert_eq!(suspicious(line).len(), 1, "{line}");
    }
    let clean = r#"{"conversation":"a30123456789abcdef0123","effect":"a30123456789abcdef0123.7.0","at_ms":1790000000000}"#;
    assert_eq!(suspicious(clean), Vec::<&str>::new());
}
