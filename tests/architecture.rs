//! Who may know whom: reads `src/**` and fails on any arrow that is not in the table of docs/ARCHITECTURE.md.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Each top-level module and what it may import. `main`, `app` and `cli` build and run everything.
const ALLOWED: [(&str, &[&str]); 19] = [
    ("clock", &[]),
    ("tasks", &[]),
    ("telemetry", &[]),
    ("faults", &[]),
    ("outgoing", &[]),
    ("live", &[]),
    ("trace", &[]),
    ("spans", &["trace", "tasks"]),
    ("assets", &[]),
    ("domain", &[]),
    ("config", &["domain"]),
    ("whatsapp", &["domain", "live"]),
    ("merchants", &["domain", "clock"]),
    ("store", &["domain", "tasks"]),
    (
        "engine",
        &[
            "domain", "whatsapp", "store", "clock", "live", "tasks", "faults", "trace",
        ],
    ),
    (
        "delivery",
        &[
            "domain",
            "whatsapp",
            "merchants",
            "store",
            "engine",
            "clock",
            "live",
            "tasks",
            "faults",
            "trace",
        ],
    ),
    (
        "http",
        &[
            "domain",
            "whatsapp",
            "merchants",
            "store",
            "engine",
            "delivery",
            "clock",
            "tasks",
            "config",
            "live",
            "faults",
            "trace",
            "assets",
        ],
    ),
    ("emulator", &["clock", "tasks", "assets"]),
    ("lib", &[]),
];
const FREE: [&str; 3] = ["main", "app", "cli"];

/// What the pure core may use from outside.
const DOMAIN_CRATES: [&str; 6] = [
    "std",
    "core",
    "serde",
    "rust_decimal",
    "thiserror",
    "unicode_segmentation",
];

fn sources(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

fn all_sources() -> Vec<PathBuf> {
    let mut found = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
    found.sort();
    found
}

fn module_of(path: &Path) -> String {
    let inside = path
        .strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR")).join("src"))
        .unwrap();
    let first = inside.components().next().unwrap().as_os_str().to_string_lossy();
    first.trim_end_matches(".rs").to_owned()
}

/// Names after `crate::` in code, comments left out; `use crate::{a, b}` counts each.
fn imports(source: &str) -> BTreeSet<String> {
    let code: String = source
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect::<Vec<_>>()
        .join("\n");
    let mut found = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        let names = match rest.strip_prefix('{') {
            Some(group) => group
                .split('}')
                .next()
                .unwrap_or_default()
                .split(',')
                .map(first_name)
                .collect(),
            None => vec![first_name(rest)],
        };
        found.extend(names.into_iter().filter(|name| !name.is_empty()));
    }
    found
}

fn first_name(text: &str) -> String {
    text.trim_start()
        .chars()
        .take_while(|c| c.is_ascii_lowercase() || *c == '_')
        .collect()
}

/// Every arrow that the table forbids, as sentences.
fn forbidden(files: &[(String, String)]) -> Vec<String> {
    let allowed: BTreeMap<&str, &[&str]> = ALLOWED.into_iter().collect();
    let mut broken = Vec::new();
    for (module, source) in files
        .iter()
        .filter(|(module, _)| !FREE.contains(&module.as_str()))
    {
        let Some(may) = allowed.get(module.as_str()) else {
            broken.push(format!("the module {module} is not in the table"));
            continue;
        };
        for import in imports(source) {
            if import != *module && !may.contains(&import.as_str()) {
                broken.push(format!("{module} must not know {import}"));
            }
        }
    }
    broken
}

#[test]
fn no_arrow_points_where_it_must_not() {
    let files: Vec<(String, String)> = all_sources()
        .iter()
        .map(|path| (module_of(path), fs::read_to_string(path).unwrap()))
        .collect();
    assert!(files.len() > 80, "the sources were not found");
    let broken = forbidden(&files);
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn a_broken_arrow_is_found() {
    let broken = |module: &str, source: &str| forbidden(&[(module.to_owned(), source.to_owned())]);
    assert_eq!(
        broken("domain", "use crate::store::Store;"),
        ["domain must not know store"]
    );
    assert_eq!(
        broken("whatsapp", "use crate::{domain, merchants};"),
        ["whatsapp must not know merchants"]
    );
    assert_eq!(
        broken("engine", "fn f() { crate::http::serve() }"),
        ["engine must not know http"]
    );
    assert_eq!(broken("novelty", ""), ["the module novelty is not in the table"]);
    assert!(broken("engine", "use crate::store::Store;\n// crate::http is above us").is_empty());
}

/// The table of docs/ARCHITECTURE.md: each module and what it may use; `None` stands for anything.
fn described() -> BTreeMap<String, Option<BTreeSet<String>>> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/ARCHITECTURE.md");
    let text = fs::read_to_string(page).unwrap();
    let (_, table) = text
        .split_once("| module | may use | what it is |\n|---|---|---|\n")
        .unwrap();
    let mut found = BTreeMap::new();
    for row in table.lines().take_while(|line| line.starts_with('|')) {
        let cells: Vec<&str> = row.split('|').collect();
        let may = (cells[2].trim() != "anything").then(|| quoted(cells[2]));
        for module in quoted(cells[1]) {
            found.insert(module, may.clone());
        }
    }
    found
}

/// What stands in backticks.
fn quoted(cell: &str) -> BTreeSet<String> {
    cell.split('`')
        .skip(1)
        .step_by(2)
        .map(ToOwned::to_owned)
        .collect()
}

#[test]
fn the_page_tells_the_same_table() {
    let mut expected: BTreeMap<String, Option<BTreeSet<String>>> = BTreeMap::new();
    for (module, may) in ALLOWED {
        let may = may.iter().map(|name| (*name).to_owned()).collect();
        expected.insert(module.to_owned(), Some(may));
    }
    for module in FREE {
        expected.insert(module.to_owned(), None);
    }
    assert_eq!(described(), expected, "see docs/ARCHITECTURE.md");
}

#[test]
fn the_core_uses_nothing_that_waits_or_looks_outside() {
    let own: BTreeSet<&str> = ["crate", "super", "self"].into();
    let is_core = |path: &&PathBuf| module_of(path) == "domain" && !path.ends_with("tests.rs");
    for path in all_sources().iter().filter(is_core) {
        let source = fs::read_to_string(path).unwrap();
        for line in source.lines().map(str::trim_start) {
            let Some(used) = line
                .strip_prefix("use ")
                .or_else(|| line.strip_prefix("pub use "))
            else {
                continue;
            };
            let root = first_name(used);
            let known = own.contains(root.as_str()) || DOMAIN_CRATES.contains(&root.as_str());
            let local = source.contains(&format!("mod {root}")) || root.is_empty();
            assert!(known || local, "{}: {line}", path.display());
        }
        for banned in [
            "async ",
            "SystemTime",
            "Instant",
            "tracing::",
            "f64",
            "f32",
            "HashMap",
        ] {
            let code: Vec<&str> = source
                .lines()
                .filter(|line| !line.trim_start().starts_with("//"))
                .collect();
            assert!(
                !code.join("\n").contains(banned),
                "{} mentions {banned}",
                path.display()
            );
        }
    }
}

#[test]
fn files_stay_small() {
    for path in all_sources() {
        let lines = fs::read_to_string(&path).unwrap().lines().count();
        assert!(lines <= 500, "{} has {lines} lines", path.display());
    }
}
