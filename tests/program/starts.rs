//! What a command says that can't begin: arguments and variables that are no text, addresses that are taken, options and settings
//! that can't be read. Each is told with its mend and its exit status, and nothing that may be a secret is repeated.

use std::ffi::OsStr;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::ffi::OsStrExt;
use std::process::Command;

use crate::support::program::{Outside, environment, runs, write_config};
use crate::support::redis_server::{AppendOnly, RedisServer};

#[test]
fn what_is_no_text_among_arguments_and_variables_is_told_and_never_quoted() {
    let told = |arguments: &[&OsStr], variable: &str, value: &[u8]| {
        let output = Command::new(env!("CARGO_BIN_EXE_sacola"))
            .args(arguments)
            .env(variable, OsStr::from_bytes(value))
            .output()
            .unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            !stderr.contains("secret") && !stderr.contains("panicked"),
            "{stderr}"
        );
        (output.status.code(), stderr)
    };
    let version = OsStr::new("--version");
    assert_eq!(told(&[version], "LESS", b"secret\xff"), (Some(0), String::new()));
    let (status, stderr) = told(&[version], "SACOLA__STORE__URL", b"secret\xff");
    assert_eq!(status, Some(2), "{stderr}");
    assert!(stderr.contains("SACOLA__STORE__URL: is not UTF-8"), "{stderr}");
    let (status, stderr) = told(&[OsStr::from_bytes(b"secret\xff")], "LESS", b"R");
    assert_eq!(status, Some(2), "{stderr}");
    assert!(stderr.contains("argument 1: is not UTF-8"), "{stderr}");
}

#[test]
fn an_address_that_is_taken_is_told_with_its_mend_in_the_words_of_who_started_it() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let (status, _, stderr) = runs(&["demo", "--listen", &address]);
    assert_eq!(status, Some(1), "{stderr}");
    for told in ["--listen", address.as_str(), "stop what listens there"] {
        assert!(stderr.contains(told), "{told} is not in {stderr}");
    }
    let (status, _, stderr) = runs(&["demo", "--listen", "localhost"]);
    assert_eq!(status, Some(2), "{stderr}");
    assert!(
        stderr.starts_with("--listen: is not an ip:port address"),
        "{stderr}"
    );
}

#[test]
fn a_wrong_option_of_the_emulator_is_status_2_and_its_secret_is_not_repeated() {
    let arguments = [
        "emulator",
        "--listen",
        "127.0.0.1:0",
        "--merchant-secret",
        "my-own-words",
    ];
    let (status, _, stderr) = runs(&arguments);
    assert_eq!(status, Some(2), "{stderr}");
    assert!(
        stderr.contains("--merchant-secret")
            && stderr.contains("openssl")
            && !stderr.contains("my-own-words"),
        "{stderr}"
    );
    let (status, _, stderr) = runs(&[
        "emulator",
        "--listen",
        "127.0.0.1:0",
        "--secrets",
        "/no/such/folder",
    ]);
    assert_eq!(status, Some(2), "{stderr}");
    assert!(stderr.contains("/no/such/folder/verify_token"), "{stderr}");
}

#[test]
fn a_log_setting_that_cannot_be_read_is_told() {
    let output = Command::new(env!("CARGO_BIN_EXE_sacola"))
        .args([
            "emulator",
            "--listen",
            "127.0.0.1:0",
            "--secrets",
            "/no/such/folder",
        ])
        .envs([("RUST_LOG", "sacola=loud"), ("SACOLA_LOG", "jason")])
        .output()
        .unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("RUST_LOG can't be read"), "{stderr}");
    assert!(stderr.contains("SACOLA_LOG is neither json nor text"), "{stderr}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_of_a_newer_version_sends_forward_or_to_the_backup_and_to_no_empty_store() {
    let server = RedisServer::start(AppendOnly::Always).unwrap();
    let url = server.url();
    let address = url.trim_start_matches("redis://").trim_end_matches('/');
    let mut connection = TcpStream::connect(address).unwrap();
    connection.write_all(b"SET format 99\r\n").unwrap();
    let mut answer = [0_u8; 5];
    connection.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"+OK\r\n");
    let directory = tempfile::tempdir().unwrap();
    let outside = Outside::start();
    let config = write_config(directory.path(), &outside, &url, 1_000);
    let cases: [(&str, i32, &[&str]); 2] = [
        ("serve", 1, &["in format 99", "a newer one", "restore the backup"]),
        ("check", 2, &["store.unfit", "in format 99", "go forward again"]),
    ];
    for (command, status, parts) in cases {
        let output = Command::new(env!("CARGO_BIN_EXE_sacola"))
            .args([command, "--config"])
            .arg(&config)
            .envs(environment())
            .output()
            .unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(status), "{stderr}");
        for part in parts {
            assert!(stderr.contains(part), "{part} is not in {stderr}");
        }
    }
    outside.stop().await;
}
