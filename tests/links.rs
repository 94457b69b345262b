//! The documents lead where they say: each link has its file, and each heading that a link names is there. Links to other sites
//! are not followed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// README, CHANGELOG and all of docs/.
fn documents() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = vec![root.join("README.md"), root.join("CHANGELOG.md")];
    for folder in ["docs", "docs/decisions"] {
        let entries = fs::read_dir(root.join(folder)).unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        found.extend(paths.filter(|path| path.extension().is_some_and(|extension| extension == "md")));
    }
    found.sort();
    found
}

/// A document's lines without its blocks of code.
fn prose(document: &Path) -> Vec<String> {
    let mut is_code = false;
    let mut lines = Vec::new();
    for line in fs::read_to_string(document).unwrap().lines() {
        if line.trim_start().starts_with("```") {
            is_code = !is_code;
        } else if !is_code {
            lines.push(line.to_owned());
        }
    }
    lines
}

/// What a link calls a heading.
fn anchor(heading: &str) -> String {
    let kept = heading
        .trim()
        .chars()
        .filter(|char| char.is_alphanumeric() || matches!(char, ' ' | '-' | '_'));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

fn anchors(document: &Path) -> BTreeSet<String> {
    let lines = prose(document);
    let headings = lines.iter().filter(|line| line.starts_with('#'));
    headings
        .map(|line| anchor(line.trim_start_matches('#')))
        .collect()
}

/// Where the links of a line lead inside of the project.
fn links(line: &str) -> Vec<&str> {
    let targets = line.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    targets.filter(|target| !target.starts_with("http")).collect()
}

fn leads_somewhere(document: &Path, link: &str, known: &BTreeMap<PathBuf, BTreeSet<String>>) -> bool {
    let (file, heading) = link.split_once('#').unwrap_or((link, ""));
    let target = if file.is_empty() {
        document.to_owned()
    } else {
        document.with_file_name(file)
    };
    let Ok(target) = target.canonicalize() else {
        return false;
    };
    heading.is_empty()
        || known
            .get(&target)
            .is_some_and(|anchors| anchors.contains(heading))
}

#[test]
fn each_link_leads_to_a_file_and_a_heading_that_are_there() {
    let documents = documents();
    let known: BTreeMap<PathBuf, BTreeSet<String>> = documents
        .iter()
        .map(|document| (document.canonicalize().unwrap(), anchors(document)))
        .collect();
    let (mut followed, mut broken) = (0, Vec::new());
    for document in &documents {
        for line in prose(document) {
            for link in links(&line) {
                followed += 1;
                if !leads_somewhere(document, link, &known) {
                    broken.push(format!("{}: {link}", document.display()));
                }
            }
        }
    }
    assert!(followed > 100, "only {followed} links were found");
    assert_eq!(broken, Vec::<String>::new());
}

#[test]
fn a_heading_is_called_as_pages_of_git_hosts_call_it() {
    assert_eq!(anchor(" What a 200 means"), "what-a-200-means");
    assert_eq!(anchor(" POST /v1/messages/products"), "post-v1messagesproducts");
    assert_eq!(
        links("see [a](A.md#b), [c](#d) and [e](https://f)"),
        ["A.md#b", "#d"]
    );
}
