//! The image. Its Dockerfile is read and judged, and each judgement is shown to be able to fail. Then its steps are done by hand, into
//! a folder that can't be written: the program starts there as the image's user, is asked how it is, and ends well.

mod dockerfile;
mod ignore;
mod image;
pub(super) mod judge;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use dockerfile::{Dockerfile, exec_form, expanded};
use ignore::Ignore;
use image::{Image, all_below, copied};

use super::running::Running;
use crate::support::program::runs;

/// What the base image of the last stage has (distroless/cc); libstdc++, libgomp and libssl are not needed.
const LIBRARIES: [&str; 8] = [
    "ld-linux-aarch64.so.1",
    "ld-linux-x86-64.so.2",
    "libc.so.6",
    "libdl.so.2",
    "libgcc_s.so.1",
    "libm.so.6",
    "libpthread.so.0",
    "librt.so.1",
];

/// `--retries` of the HEALTHCHECK.
const HEALTH_TRIES: usize = 3;

/// A change of the Dockerfile, and words of the fault that it must be.
const PLANTED: [(&str, &str, &str); 44] = [
    (
        "FROM dependencies AS build",
        "FROM dependencies AS built",
        "the stages are",
    ),
    (
        "rust:1.95-bookworm\nARG RUN",
        "rust:latest\nARG RUN",
        "pinned to nothing",
    ),
    (
        "rust:1.95-bookworm\nARG RUN",
        "rust:1.70-bookworm\nARG RUN",
        "is not Rust",
    ),
    ("cc-debian12:nonroot\n\n", "cc-debian12\n\n", "has no tag"),
    ("FROM ${RUNTIME_IMAGE}", "FROM build", "stands on a builder's"),
    (
        "FROM ${RUNTIME_IMAGE}",
        "FROM ${OTHER_IMAGE}",
        "OTHER_IMAGE is no build argument",
    ),
    ("COPY web web", "COPY webb web", "it is not there"),
    ("COPY web web", "COPY docs docs", ".dockerignore keeps it out"),
    (
        "COPY web web",
        "ADD https://example.com/web.tar web",
        "ADD fetches",
    ),
    (
        "--from=build /out/sacola",
        "--from=builder /out/sacola",
        "no earlier stage",
    ),
    (
        "--from=build /out/sacola",
        "--from=build /out/other",
        "nothing makes it there",
    ),
    (
        "COPY Cargo.toml Cargo.lock ./",
        "COPY Cargo.toml Cargo.lock src ./",
        "before the dependencies",
    ),
    (
        "benches/gateway/main.rs",
        "benches/other/main.rs",
        "no stand-in for benches/gateway",
    ),
    (
        "build --release --locked --bin sacola \\\n    && mkdir",
        "build --release \\\n    && mkdir",
        "does not run cargo build",
    ),
    ("RUN touch src/main.rs src/lib.rs", "RUN true", "touch them"),
    ("ENV SACOLA_LOG=json", "ENV WA_APP_SECRET=x", "keep a secret"),
    ("ARG SOURCE=", "ARG REGISTRY_TOKEN=\nARG SOURCE=", "keep a secret"),
    ("USER 65532:65532", "USER nonroot", "another user"),
    ("USER 65532:65532", "USER 0:0", "another user"),
    ("WORKDIR /var/lib/sacola", "WORKDIR /", "another folder"),
    ("VOLUME [\"/var/lib/sacola\"]", "", "another volume"),
    ("EXPOSE 8080 9090", "EXPOSE 8080", "other ports"),
    ("STOPSIGNAL SIGTERM", "STOPSIGNAL SIGKILL", "another signal"),
    (
        "USER 65532:65532",
        "RUN true\nUSER 65532:65532",
        "there is no shell",
    ),
    ("--chown=65532:65532 ", "", "does not belong to"),
    (
        "ENTRYPOINT [\"/usr/local/bin/sacola\"]",
        "ENTRYPOINT /usr/local/bin/sacola",
        "in exec form",
    ),
    (
        "ENTRYPOINT [\"/usr/local/bin/sacola\"]",
        "ENTRYPOINT [\"sacola\"]",
        "no absolute path",
    ),
    ("CMD [\"serve\"", "CMD [\"start\"", "not serve"),
    (
        "\"health\", \"--url\"",
        "\"healthy\", \"--url\"",
        "does not know that",
    ),
    (
        "\"health\", \"--url\"",
        "\"health\", \"--address\"",
        "does not know that",
    ),
    (
        "CMD [\"/usr/local/bin/sacola\", \"health\"",
        "CMD [\"curl\", \"health\"",
        "not the program itself",
    ),
    ("--timeout=5s ", "", "no --timeout"),
    (
        "org.opencontainers.image.licenses=",
        "licenses=",
        "no label licenses",
    ),
    ("ARG VERSION=0.1.0", "ARG VERSION=9.9.9", "label version is not"),
    ("\"${REVISION}\"", "\"${COMMIT}\"", "COMMIT is no build argument"),
    ("RUN touch src", "RUN <<END touch src", "heredoc"),
    (
        "USER 65532:65532",
        "SHELL [\"/bin/sh\"]\nUSER 65532:65532",
        "no instruction that is known",
    ),
    (
        "gcr.io/distroless/cc-debian12:nonroot\n\n",
        "docker.io/library/debian:12\n\n",
        "is not distroless",
    ),
    (
        "cc-debian12:nonroot\n\n",
        "cc-debian11:nonroot\n\n",
        "is not distroless",
    ),
    (
        "cc-debian12:nonroot\n\n",
        "cc-debian12:debug-nonroot\n\n",
        "is not distroless",
    ),
    ("127.0.0.1:9090/livez", "127.0.0.1:9091/livez", "does not ask"),
    ("127.0.0.1:9090/livez", "127.0.0.1:9090/readyz", "does not ask"),
    (
        "COPY LICENSE-MIT LICENSE-APACHE",
        "COPY LICENSE-MIT src",
        "the image is the program",
    ),
    (
        "# The image of Sacola",
        "# syntax=docker/dockerfile:1\n# The image of Sacola",
        "parser directive",
    ),
];

fn context() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn text() -> String {
    fs::read_to_string(context().join("Dockerfile")).unwrap()
}

fn ignore() -> Ignore {
    Ignore::parse(&fs::read_to_string(context().join(".dockerignore")).unwrap())
}

#[test]
fn the_dockerfile_has_no_fault() {
    let faults = judge::faults(&text(), &ignore(), &context());
    assert_eq!(faults, Vec::<String>::new());
}

#[test]
fn every_planted_fault_of_the_dockerfile_is_found() {
    for (from, to, words) in PLANTED {
        assert!(text().contains(from), "nothing to change: {from}");
        let faults = judge::faults(&text().replace(from, to), &ignore(), &context());
        assert!(
            faults.iter().any(|fault| fault.contains(words)),
            "{to} gives {faults:?}, not {words:?}"
        );
    }
}

#[test]
fn nothing_of_this_machine_gets_into_a_builds_context() {
    let ignore = ignore();
    for path in [
        ".git/config",
        "target/release/sacola",
        "deploy/.env",
        "deploy/compose/secrets/production/access_token",
        "tests/web/node_modules/typescript/package.json",
        "tests/deploy/python/.venv/bin/python",
        "sacola-data/sacola.redb",
    ] {
        assert!(ignore.keeps_out(path), "{path}");
    }
}

/// A source that is embedded but not copied breaks the build of the image alone.
#[test]
fn whatever_the_program_embeds_is_copied_to_its_build() {
    let (file, ignore) = (Dockerfile::parse(&text()).unwrap(), ignore());
    let build = tempfile::tempdir().unwrap();
    for stage in &file.stages[..2] {
        for step in stage.all("COPY") {
            copied(step, &ignore, &context(), build.path());
        }
    }
    let embedded = embedded_by(build.path());
    assert!(
        embedded.contains(&build.path().join("web")),
        "the pages are embedded: {embedded:?}"
    );
    for path in embedded {
        assert!(path.exists(), "the Dockerfile does not copy {}", path.display());
    }
}

/// Paths in `include_str!`, `include_bytes!` and `#[folder = …]` of everything that is not a test.
fn embedded_by(root: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    for path in all_below(&root.join("src")) {
        let is_test = path.file_name().is_some_and(|name| name == "tests.rs");
        if path.extension().is_none_or(|extension| extension != "rs") || is_test {
            continue;
        }
        let whole = fs::read_to_string(&path).unwrap();
        let code = whole.split("#[cfg(test)]\nmod tests {").next().unwrap();
        for word in ["include_str!(\"", "include_bytes!(\""] {
            let arguments = code.split(word).skip(1);
            found.extend(arguments.map(|rest| tidy(&path.parent().unwrap().join(quoted(rest)))));
        }
        let folders = code.split("#[folder = \"").skip(1);
        found.extend(folders.map(|rest| tidy(&root.join(quoted(rest)))));
    }
    found
}

fn quoted(rest: &str) -> &str {
    rest.split('"').next().unwrap().trim_end_matches('/')
}

/// Without `..`, also where nothing is there.
fn tidy(path: &Path) -> PathBuf {
    let mut tidy = PathBuf::new();
    for part in path.components() {
        if part.as_os_str() == ".." {
            tidy.pop();
        } else {
            tidy.push(part);
        }
    }
    tidy
}

#[test]
fn the_image_runs_as_its_user_in_a_folder_that_cannot_be_written() {
    let file = Dockerfile::parse(&text()).unwrap();
    let last = file.last();
    let image = Image::of(last, &ignore(), &context());
    let secrets = "/run/secrets/sacola";
    image.mounts(&format!("{secrets}/verify_token"), "a verify token\n");
    image.mounts(&format!("{secrets}/app_secret"), "an app secret\n");
    image.mounts("/etc/sacola/sacola.toml", &configuration(&image, secrets));
    image.closes();
    let before = image.contents();
    assert!(before.contains_key(&image.at("/usr/share/doc/sacola/LICENSE-MIT")));

    let words = [
        last.the("ENTRYPOINT").unwrap().exec_form().unwrap(),
        last.the("CMD").unwrap().exec_form().unwrap(),
    ];
    let running = Running::start(image.command(&words.concat()).env("RUST_LOG", "error"));
    assert_eq!(running.ready["level"], "power_loss");
    let check = health_check(last, &running.text("ops_listen"));
    let healthy = healthy(|| image.command(&check));
    let told = String::from_utf8(healthy.stdout).unwrap();
    assert!(told.trim_end().ends_with("/livez answered 200"), "{told}");

    assert_eq!(running.terminates(), Some(0));
    let gone = image.command(&check).output().unwrap();
    assert_eq!(gone.status.code(), Some(1), "{gone:?}");
    assert!(image.at("/var/lib/sacola/sacola.redb").exists());
    assert_eq!(
        image.contents(),
        before,
        "something was written outside the volume"
    );
}

/// Asks as often as a container's engine does before it believes that the program is not well.
fn healthy(check: impl Fn() -> Command) -> Output {
    let mut told = check().output().unwrap();
    for _ in 1..HEALTH_TRIES {
        if !told.status.success() {
            told = check().output().unwrap();
        }
    }
    assert_eq!(told.status.code(), Some(0), "{told:?}");
    told
}

/// A configuration as an operator mounts it; ports are free ones, for tests run side by side.
fn configuration(image: &Image, secrets: &str) -> String {
    let (data, secrets) = (image.at(judge::DATA), image.at(secrets));
    let (data, secrets) = (data.display(), secrets.display());
    format!(
        r#"
[server]
listen = "127.0.0.1:0"
ops_listen = "127.0.0.1:0"
[store]
url = "embedded:{data}"
require = "power_loss"
[whatsapp]
verify_token = {{ file = "{secrets}/verify_token" }}
app_secrets = [{{ file = "{secrets}/app_secret" }}]
"#
    )
}

/// The health check's command, led to where the program listens in this test.
fn health_check(last: &dockerfile::Stage, ops: &str) -> Vec<String> {
    let step = last.the("HEALTHCHECK").unwrap();
    let words = exec_form(step.rest.strip_prefix("CMD").unwrap()).unwrap();
    words
        .iter()
        .map(|word| word.replace("http://127.0.0.1:9090", ops))
        .collect()
}

#[test]
fn health_ends_with_1_and_one_line_when_an_address_answers_badly_or_nobody_does() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/readyz", listener.local_addr().unwrap());
    let answers = std::thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        let mut request = [0_u8; 1024];
        assert!(socket.read(&mut request).unwrap() > 0);
        let body = r#"{"ready":false,"reasons":["the store takes no writes"]}"#;
        let head = "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\nconnection: close";
        write!(socket, "{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len()).unwrap();
    });
    let (status, stdout, stderr) = runs(&["health", "--url", &url]);
    answers.join().unwrap();
    assert_eq!((status, stdout.as_str()), (Some(1), ""));
    assert_eq!(
        stderr,
        format!("sacola: {url} answered 503: the store takes no writes\n")
    );

    let (status, _, stderr) = runs(&["health", "--url", &url]);
    assert_eq!(status, Some(1));
    assert!(
        stderr.starts_with(&format!("sacola: {url} gave no answer")),
        "{stderr}"
    );
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
}

#[test]
fn the_program_needs_no_library_that_the_image_lacks() {
    if !cfg!(target_os = "linux") {
        return;
    }
    let listed = Command::new("readelf")
        .args(["-d", env!("CARGO_BIN_EXE_sacola")])
        .env("LC_ALL", "C")
        .output()
        .expect("readelf, which comes with every C compiler");
    let listed = String::from_utf8(listed.stdout).unwrap();
    let needed = needed_in(&listed);
    assert!(needed.contains(&"libc.so.6"), "{listed}");
    assert_eq!(foreign(&needed), Vec::<&str>::new());
    assert_eq!(foreign(&["libc.so.6", "libssl.so.3"]), ["libssl.so.3"]);
}

/// `0x… (NEEDED) Shared library: [libc.so.6]`.
fn needed_in(listed: &str) -> Vec<&str> {
    let lines = listed.lines().filter(|line| line.contains("(NEEDED)"));
    lines
        .filter_map(|line| line.split_once('[')?.1.split_once(']'))
        .map(|(name, _)| name)
        .collect()
}

fn foreign<'a>(needed: &[&'a str]) -> Vec<&'a str> {
    let lacks = |name: &&str| !LIBRARIES.contains(name);
    needed.iter().copied().filter(lacks).collect()
}

#[test]
fn a_dockerfile_is_read_word_for_word() {
    let text = "ARG TAG=1\n# a comment\nFROM image:${TAG} AS one\nRUN a \\\n    # between\n    && b\n\
                FROM one\nLABEL x=\"two words\" y=z\nCOPY --from=one --chown=1:2 /a /b\nCMD [\"c\", \"d\"]\n";
    let file = Dockerfile::parse(text).unwrap();
    assert_eq!(file.stages[0].base, "image:1");
    assert_eq!(file.stages[0].the("RUN").unwrap().rest, "a && b");
    let last = file.last();
    assert_eq!((last.base.as_str(), last.name.as_str()), ("one", ""));
    let pairs = last.the("LABEL").unwrap().pairs().unwrap();
    assert_eq!(pairs[0], ("x".to_owned(), "two words".to_owned()));
    let copy = last.the("COPY").unwrap();
    assert_eq!(copy.flags["chown"], "1:2");
    assert_eq!(
        copy.sources_and_target().unwrap(),
        (vec!["/a".to_owned()], "/b".to_owned())
    );
    assert_eq!(last.the("CMD").unwrap().exec_form().unwrap(), ["c", "d"]);
    for broken in [
        "RUN x\nFROM a:1\n",
        "FROM a:1\nRUN x \\\n\n  y\n",
        "FROM a:1\nRUN x \\",
    ] {
        assert!(Dockerfile::parse(broken).is_err(), "{broken}");
    }
    assert!(expanded("$TAG", &BTreeMap::new()).is_err());
}
