//! What is wrong with the Dockerfile, in words that name the mend. It judges texts and the folder they stand in; whether the image
//! runs is tried elsewhere.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

use super::dockerfile::{Dockerfile, Stage, Step, exec_form, expanded};
use super::ignore::Ignore;

pub const STAGES: [&str; 3] = ["dependencies", "build", "runtime"];
pub const USER: &str = "65532:65532";
pub const DATA: &str = "/var/lib/sacola";
/// What the last stage stands on, under whatever registry.
const RUNTIME: &str = "distroless/cc-debian12:nonroot";
const HEALTH: &str = "http://127.0.0.1:9090/livez";

const LABELS: [&str; 6] = [
    "title",
    "description",
    "licenses",
    "version",
    "revision",
    "source",
];
const SECRET_WORDS: [&str; 6] = ["SECRET", "TOKEN", "PASSWORD", "PASSWD", "CREDENTIAL", "KEY"];

/// All of it.
pub fn faults(text: &str, ignore: &Ignore, context: &Path) -> Vec<String> {
    let file = match Dockerfile::parse(text) {
        Ok(file) => file,
        Err(fault) => return vec![fault],
    };
    let names: Vec<&str> = file.stages.iter().map(|stage| stage.name.as_str()).collect();
    if names != STAGES {
        return vec![format!("the stages are {names:?}, not {STAGES:?} in this order")];
    }
    let mut faults = bases(&file);
    faults.extend(copies(&file, ignore, context));
    faults.extend(layers(&file, context));
    faults.extend(no_secrets(&file));
    faults.extend(identity(file.last()));
    faults.extend(commands(file.last()));
    faults.extend(labels(file.last()));
    faults
}

/// Each stage stands on an earlier one, or on an image of a tag that stays what it is.
fn bases(file: &Dockerfile) -> Vec<String> {
    let mut faults = Vec::new();
    for (at, stage) in file.stages.iter().enumerate() {
        let base = stage.base.as_str();
        if file.stages[..at].iter().any(|earlier| earlier.name == base) {
            continue;
        }
        let name = base.rsplit('/').next().unwrap_or(base);
        match name.split_once(':') {
            None => faults.push(format!("FROM {base} has no tag: pin it")),
            Some((_, tag)) if tag.contains("latest") => {
                faults.push(format!("FROM {base} is pinned to nothing: name a version"));
            }
            Some((image, tag)) => {
                let wanted = env!("CARGO_PKG_RUST_VERSION");
                if image == "rust" && !tag.starts_with(&format!("{wanted}-")) {
                    faults.push(format!("FROM {base} is not Rust {wanted}, as Cargo.toml says"));
                }
            }
        }
    }
    let last = file.last().base.as_str();
    if STAGES.contains(&last) {
        faults.push("the last stage stands on a builder's: its compiler would be in the image".to_owned());
    } else if !last.split('@').next().unwrap_or(last).ends_with(RUNTIME) {
        faults.push(format!(
            "FROM {last} is not {RUNTIME}: no shell, user 65532, and the builder's Debian"
        ));
    }
    faults
}

/// What is copied is there, and comes from an earlier stage or from the context.
fn copies(file: &Dockerfile, ignore: &Ignore, context: &Path) -> Vec<String> {
    let mut faults = Vec::new();
    for (at, stage) in file.stages.iter().enumerate() {
        if stage.the("ADD").is_some() {
            faults.push("ADD fetches and unpacks: use COPY".to_owned());
        }
        for step in stage.all("COPY") {
            let (sources, _) = match step.sources_and_target() {
                Ok(read) => read,
                Err(fault) => {
                    faults.push(fault);
                    continue;
                }
            };
            for source in sources {
                let fault = match step.flags.get("from") {
                    Some(from) => not_made(&file.stages[..at], from, &source),
                    None if !context.join(&source).exists() => {
                        Some(format!("COPY {source}: it is not there"))
                    }
                    None if ignore.keeps_out(&source) => {
                        Some(format!("COPY {source}: .dockerignore keeps it out"))
                    }
                    None => None,
                };
                faults.extend(fault);
            }
        }
    }
    faults
}

/// A file of an earlier stage is named by the commands that made it there.
fn not_made(earlier: &[Stage], from: &str, source: &str) -> Option<String> {
    let Some(stage) = earlier.iter().find(|stage| stage.name == from) else {
        return Some(format!("COPY --from={from}: no earlier stage is called so"));
    };
    let made = stage.all("RUN").any(|run| run.rest.contains(source));
    (!made).then(|| format!("COPY --from={from} {source}: nothing makes it there"))
}

/// Dependencies are built before a source is there, so that their layer outlives a change of sources.
fn layers(file: &Dockerfile, context: &Path) -> Vec<String> {
    let mut faults = Vec::new();
    let (dependencies, build) = (&file.stages[0], &file.stages[1]);
    for step in dependencies.all("COPY") {
        for source in step.sources_and_target().map(|read| read.0).unwrap_or_default() {
            if source != "Cargo.toml" && source != "Cargo.lock" {
                faults.push(format!("COPY {source} comes before the dependencies are built"));
            }
        }
    }
    for target in targets(context) {
        if !dependencies.all("RUN").any(|run| run.rest.contains(&target)) {
            faults.push(format!("no stand-in for {target} of Cargo.toml"));
        }
    }
    for stage in [dependencies, build] {
        let builds: Vec<&Step> = stage
            .all("RUN")
            .filter(|run| run.rest.contains("cargo build"))
            .collect();
        let is_right = |run: &&Step| run.rest.contains("cargo build --release --locked --bin sacola");
        if builds.is_empty() || !builds.iter().all(is_right) {
            let name = &stage.name;
            faults.push(format!(
                "{name} does not run cargo build --release --locked --bin sacola"
            ));
        }
    }
    let touches = |run: &Step| run.rest.contains("touch src/main.rs src/lib.rs");
    if build.base != dependencies.name || !build.all("RUN").any(touches) {
        faults.push("the sources' build would find the stand-ins' to be as new: touch them".to_owned());
    }
    faults
}

/// The source file of every target that Cargo.toml names.
fn targets(context: &Path) -> Vec<String> {
    let manifest = std::fs::read_to_string(context.join("Cargo.toml")).unwrap();
    let manifest: toml::Table = manifest.parse().unwrap();
    let tables = ["lib", "bin", "test", "bench"]
        .into_iter()
        .filter_map(|kind| manifest.get(kind));
    let each = tables.flat_map(|found| found.as_array().cloned().unwrap_or_else(|| vec![found.clone()]));
    each.map(|target| match target.get("path").and_then(toml::Value::as_str) {
        Some(path) => path.to_owned(),
        None => format!("benches/{}/main.rs", target["name"].as_str().unwrap()),
    })
    .collect()
}

/// Build arguments and variables stay in the image for everybody to read.
fn no_secrets(file: &Dockerfile) -> Vec<String> {
    let mut names: Vec<String> = file.arguments.keys().cloned().collect();
    for stage in &file.stages {
        names.extend(stage.all("ARG").map(|step| step.argument().0));
        for step in stage.all("ENV") {
            names.extend(step.pairs().unwrap_or_default().into_iter().map(|(name, _)| name));
        }
    }
    let is_secret = |name: &&String| SECRET_WORDS.iter().any(|word| name.to_uppercase().contains(word));
    names
        .iter()
        .filter(is_secret)
        .map(|name| format!("{name} would keep a secret in the image"))
        .collect()
}

/// Who runs it, where it may write, what it listens on, how it is stopped.
fn identity(last: &Stage) -> Vec<String> {
    let mut faults = Vec::new();
    let wanted = [
        ("USER", USER.to_owned(), "another user"),
        ("WORKDIR", DATA.to_owned(), "another folder to work in"),
        ("VOLUME", format!("[\"{DATA}\"]"), "another volume"),
        ("EXPOSE", "8080 9090".to_owned(), "other ports"),
        ("STOPSIGNAL", "SIGTERM".to_owned(), "another signal"),
    ];
    for (word, value, meaning) in wanted {
        let found = last.the(word).map_or("nothing", |step| step.rest.as_str());
        if found != value {
            faults.push(format!("{meaning}: {word} is {found}, not {value}"));
        }
    }
    for step in last.all("COPY").filter(|step| !step.flags.contains_key("from")) {
        for source in step.sources_and_target().map(|read| read.0).unwrap_or_default() {
            if !source.starts_with("LICENSE-") {
                faults.push(format!(
                    "COPY {source}: the image is the program and its licences"
                ));
            }
        }
    }
    if last.the("RUN").is_some() {
        faults.push("RUN in the last stage: there is no shell".to_owned());
    }
    let owned = last.all("COPY").any(|step| {
        let target = step.sources_and_target().map(|read| read.1).unwrap_or_default();
        target == DATA && step.flags.get("chown").map(String::as_str) == Some(USER)
    });
    if !owned {
        faults.push(format!("{DATA} does not belong to {USER}"));
    }
    faults
}

/// Entry point, default arguments and health check: no shell, and nothing that the program does not know.
fn commands(last: &Stage) -> Vec<String> {
    let mut faults = Vec::new();
    let entry = last
        .the("ENTRYPOINT")
        .and_then(Step::exec_form)
        .unwrap_or_default();
    let [program] = entry.as_slice() else {
        return vec!["ENTRYPOINT is not the program alone, in exec form".to_owned()];
    };
    let targets: Vec<String> = last
        .all("COPY")
        .filter(|step| step.flags.contains_key("from"))
        .filter_map(|step| step.sources_and_target().ok())
        .map(|read| read.1)
        .collect();
    if !program.starts_with('/') || !targets.contains(program) {
        faults.push(format!(
            "ENTRYPOINT {program} is no absolute path that a COPY puts there"
        ));
    }
    let arguments = last.the("CMD").and_then(Step::exec_form).unwrap_or_default();
    if arguments != ["serve", "--config", "/etc/sacola/sacola.toml"] {
        faults.push(format!(
            "CMD is {arguments:?}, not serve with its configuration in exec form"
        ));
    }
    faults.extend(health_check(last, program));
    faults
}

fn health_check(last: &Stage, program: &str) -> Vec<String> {
    let Some(step) = last.the("HEALTHCHECK") else {
        return vec!["no HEALTHCHECK".to_owned()];
    };
    let mut faults = Vec::new();
    for flag in ["interval", "timeout", "start-period", "retries"] {
        if !step.flags.contains_key(flag) {
            faults.push(format!("HEALTHCHECK has no --{flag}"));
        }
    }
    let words = step
        .rest
        .strip_prefix("CMD")
        .and_then(exec_form)
        .unwrap_or_default();
    match words.split_first() {
        Some((first, arguments)) if first == program => {
            if !is_known(arguments) {
                faults.push(format!(
                    "HEALTHCHECK {arguments:?}: the program does not know that"
                ));
            }
            if arguments.last().map(String::as_str) != Some(HEALTH) {
                faults.push(format!("HEALTHCHECK does not ask {HEALTH}"));
            }
        }
        Some(_) | None => faults.push("HEALTHCHECK is not the program itself, in exec form".to_owned()),
    }
    faults
}

/// The program takes these arguments: with `--help` behind them it only explains itself.
pub fn is_known(arguments: &[String]) -> bool {
    if arguments.is_empty() {
        return false;
    }
    let status = Command::new(env!("CARGO_BIN_EXE_sacola"))
        .args(arguments)
        .arg("--help")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    status.unwrap().success()
}

fn labels(last: &Stage) -> Vec<String> {
    let mut faults = Vec::new();
    let arguments = last.arguments();
    let mut found = BTreeMap::new();
    for step in last.all("LABEL") {
        for (name, value) in step.pairs().unwrap_or_default() {
            match expanded(&value, &arguments) {
                Ok(value) => drop(found.insert(name, value)),
                Err(fault) => faults.push(format!("LABEL {name}: {fault}")),
            }
        }
    }
    let label = |name: &str| found.get(&format!("org.opencontainers.image.{name}"));
    for name in LABELS {
        if label(name).is_none_or(String::is_empty) {
            faults.push(format!("no label {name}"));
        }
    }
    let same = [
        ("version", env!("CARGO_PKG_VERSION")),
        ("licenses", env!("CARGO_PKG_LICENSE")),
    ];
    for (name, wanted) in same {
        if label(name).is_some_and(|value| value != wanted) {
            faults.push(format!("label {name} is not {wanted}, as Cargo.toml says"));
        }
    }
    faults
}
