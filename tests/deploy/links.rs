//! Every link of the documentation, and every place of it that a file of `deploy/` or the program names: there is such a file, and
//! in it such a heading. Links to other sites are not followed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Places beside this file's own, below which pages lie.
const PAGES: [&str; 4] = ["README.md", "CHANGELOG.md", "docs", "deploy"];
/// Places whose texts name pages as `docs/NAME.md`.
const NAMING: [&str; 6] = [
    "deploy",
    "docs",
    "src",
    "scripts",
    "sacola.example.toml",
    "README.md",
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// All files at or below a place, in order; what the test environments keep is not ours.
fn files_below(place: &Path, found: &mut Vec<PathBuf>) {
    if place.is_file() {
        found.push(place.to_owned());
    } else if place.is_dir() {
        let mut inside: Vec<PathBuf> = fs::read_dir(place)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        inside.sort();
        for path in inside {
            files_below(&path, found);
        }
    }
}

fn files_of(places: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for place in places {
        files_below(&root().join(place), &mut found);
    }
    found
}

fn is_page(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "md")
}

/// The lines that are no code, numbered from 1.
fn prose(text: &str) -> Vec<(usize, &str)> {
    let mut is_code = false;
    let mut lines = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            is_code = !is_code;
        } else if !is_code {
            lines.push((index + 1, line));
        }
    }
    lines
}

/// What stands between `](` and `)`, outside of code.
fn links(line: &str) -> Vec<String> {
    let bare: String = line.split('`').step_by(2).collect();
    bare.split("](")
        .skip(1)
        .filter_map(|rest| rest.split_once(')'))
        .map(|(target, _)| target.split(' ').next().unwrap_or_default().to_owned())
        .collect()
}

/// A heading's words, without the addresses of its links.
fn words_of(heading: &str) -> String {
    let mut words = String::new();
    for (index, part) in heading.split("](").enumerate() {
        let rest = if index == 0 {
            part
        } else {
            part.split_once(')').map_or("", |(_, rest)| rest)
        };
        words.push_str(rest);
    }
    words
}

/// The anchors of a page, as its host makes them of headings: small letters, digits, strokes; a second one of a name gets a number.
fn anchors(text: &str) -> BTreeSet<String> {
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    let mut anchors = BTreeSet::new();
    for (_, line) in prose(text) {
        let heading = line.trim_start_matches('#');
        if heading.len() == line.len() || !heading.starts_with(' ') {
            continue;
        }
        let anchor: String = words_of(heading.trim())
            .to_lowercase()
            .chars()
            .filter(|char| char.is_alphanumeric() || matches!(char, ' ' | '-' | '_'))
            .map(|char| if char == ' ' { '-' } else { char })
            .collect();
        let before = times.entry(anchor.clone()).or_default();
        anchors.insert(match *before {
            0 => anchor,
            number => format!("{anchor}-{number}"),
        });
        *before += 1;
    }
    anchors
}

/// What is wrong with a link from a page at `page`, if anything.
fn broken(page: &Path, link: &str) -> Option<String> {
    let is_elsewhere = ["https://", "http://", "mailto:"]
        .iter()
        .any(|scheme| link.starts_with(scheme));
    if is_elsewhere || link.is_empty() {
        return None;
    }
    let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
    let target = match path {
        "" => page.to_owned(),
        path => page.with_file_name(path),
    };
    if !target.exists() {
        return Some(format!("{link}: there is no such file"));
    }
    let is_known = anchor.is_empty()
        || !is_page(&target)
        || anchors(&fs::read_to_string(&target).unwrap()).contains(anchor);
    (!is_known).then(|| format!("{link}: there is no such heading"))
}

/// Every `docs/NAME.md`, with its anchor, that a text names.
fn named(text: &str) -> Vec<String> {
    text.match_indices("docs/")
        .filter_map(|(at, _)| {
            let rest = &text[at..];
            let is_part = |char: char| char.is_ascii_alphanumeric() || "/._-#".contains(char);
            let end = rest.find(|char: char| !is_part(char)).unwrap_or(rest.len());
            let whole = rest[..end].trim_end_matches('.');
            whole.contains(".md").then(|| whole.to_owned())
        })
        .collect()
}

#[test]
fn every_link_of_the_documentation_leads_somewhere() {
    let pages: Vec<PathBuf> = files_of(&PAGES)
        .into_iter()
        .filter(|path| is_page(path))
        .collect();
    assert!(pages.len() > 40, "the pages were not found: {pages:?}");
    let mut wrong = Vec::new();
    let mut seen = 0;
    for page in &pages {
        let text = fs::read_to_string(page).unwrap();
        for (number, line) in prose(&text) {
            for link in links(line) {
                seen += 1;
                let problem = broken(page, &link);
                wrong.extend(problem.map(|problem| format!("{}:{number}: {problem}", page.display())));
            }
        }
    }
    assert!(seen > 100, "links were not found: {seen}");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_page_that_a_file_names_is_there() {
    let mut wrong = Vec::new();
    let mut seen = 0;
    for file in files_of(&NAMING) {
        let Ok(text) = fs::read_to_string(&file) else {
            continue; // a picture
        };
        for name in named(&text) {
            seen += 1;
            let problem = broken(&root().join("README.md"), &name);
            wrong.extend(problem.map(|problem| format!("{}: {problem}", file.display())));
        }
    }
    assert!(seen > 50, "names were not found: {seen}");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_broken_link_is_found() {
    let page = root().join("docs/OPERATIONS.md");
    assert_eq!(broken(&page, "#health"), None);
    assert_eq!(broken(&page, "DEPLOYMENT.md#the-image"), None);
    assert_eq!(broken(&page, "https://example.com/#nowhere"), None);
    for (link, problem) in [
        ("NOWHERE.md", "no such file"),
        ("#rotating-secrets", "no such heading"),
        ("DEPLOYMENT.md#nowhere", "no such heading"),
    ] {
        let found = broken(&page, link).unwrap_or_default();
        assert!(found.contains(problem), "{link}: {found}");
    }
    assert_eq!(
        links("[![](a.png)](b.md#c) and [`d`](e) but not `[f](g)`"),
        ["a.png", "b.md#c", "e"]
    );
    assert_eq!(
        anchors("# A, *B* `c_d`\n```\n# e\n```\n## A b c_d\n### [F](g) – h")
            .into_iter()
            .collect::<Vec<_>>(),
        ["a-b-c_d", "a-b-c_d-1", "f--h"]
    );
}
