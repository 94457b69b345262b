//! The Kubernetes manifests: every overlay and every component renders, and nothing is wrong with it, by the schemas of
//! Kubernetes, by our own checks of what schemas miss, and by the real program, which reads the configuration in them. Every
//! fault that is planted in `faults/` is found, and nothing else; every slip of the pen in `faults/slips.toml`, made in a copy of
//! the files themselves, is found too.
//!
//! The checks are `python/manifests.py`, which a person may run on an overlay of their own.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// The issue asks for twelve.
const FAULTS_LEAST: usize = 16;
/// Each of them was missed once.
const SLIPS_LEAST: usize = 250;

fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Runs the checks; says what to install when they can't run.
fn manifests(arguments: &[&str], sources: &[PathBuf]) -> Output {
    let python = project("tests/deploy/python/.venv/bin/python");
    assert!(
        python.exists(),
        "the checkers of manifests are missing. Mend: scripts/test --step python"
    );
    let kubectl = Command::new("kubectl")
        .args(["version", "--client"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    assert!(
        kubectl.is_ok_and(|status| status.success()),
        "kubectl is missing. Mend: scripts/test --step kubectl"
    );
    Command::new(python)
        .arg(project("tests/deploy/python/manifests.py"))
        .args(["--sacola", env!("CARGO_BIN_EXE_sacola")])
        .args(arguments)
        .args(sources)
        .output()
        .unwrap()
}

/// What is wrong with each source, as `code Kind/name`, with the whole finding beside it.
type Found = BTreeMap<PathBuf, Vec<(String, Value)>>;

fn findings(arguments: &[&str], sources: &[PathBuf]) -> Found {
    let mut all = vec!["--json"];
    all.extend_from_slice(arguments);
    let output = manifests(&all, sources);
    let told = String::from_utf8_lossy(&output.stderr);
    let report: BTreeMap<String, Vec<Value>> = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("the checks did not run: {error}: {told}"));
    assert_eq!(report.len(), sources.len(), "one answer for each source");
    let named = |finding: Value| {
        let text = |key: &str| finding[key].as_str().unwrap().to_owned();
        (format!("{} {}", text("code"), text("where")), finding)
    };
    report
        .into_iter()
        .map(|(source, all)| (PathBuf::from(source), all.into_iter().map(named).collect()))
        .collect()
}

fn assert_clean(found: &Found) {
    for (source, all) in found {
        assert!(all.is_empty(), "{}: {all:#?}", source.display());
    }
}

/// The folders in `parent`, in order.
fn folders(parent: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(parent).unwrap();
    let mut folders: Vec<PathBuf> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    folders
}

fn name_of(folder: &Path) -> &str {
    folder.file_name().unwrap().to_str().unwrap()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}

#[test]
fn every_overlay_renders_and_nothing_is_wrong_with_it() {
    let overlays = folders(&project("deploy/kubernetes/overlays"));
    let names: Vec<&str> = overlays.iter().map(|overlay| name_of(overlay)).collect();
    assert_eq!(names, ["dev", "large", "prod"]);
    assert_clean(&findings(&[], &overlays));
}

/// What every installation has, and what the overlays add.
const OF_ALL: [&str; 6] = [
    "ConfigMap/sacola-config",
    "Deployment/sacola",
    "Namespace/NAMESPACE",
    "Service/sacola",
    "Service/sacola-ops",
    "ServiceAccount/sacola",
];
const OF_DEV: [&str; 4] = [
    "Deployment/sacola-emulator",
    "PersistentVolumeClaim/sacola-data",
    "Secret/sacola-secrets",
    "Service/sacola-emulator",
];
const OF_PRODUCTION: [&str; 9] = [
    "ExternalSecret/sacola-secrets",
    "ExternalSecret/sacola-store",
    "HTTPRoute/sacola",
    "NetworkPolicy/sacola-default-deny",
    "NetworkPolicy/sacola-egress",
    "NetworkPolicy/sacola-ingress",
    "PodDisruptionBudget/sacola",
    "PrometheusRule/sacola",
    "ServiceMonitor/sacola",
];

/// A line that is lost in a kustomization takes a guard away without a word.
#[test]
fn each_overlay_has_the_objects_that_the_documents_tell() {
    let overlays = folders(&project("deploy/kubernetes/overlays"));
    let output = manifests(&["--list"], &overlays);
    let listed: BTreeMap<String, BTreeSet<String>> = serde_json::from_slice(&output.stdout).unwrap();
    let cases: [(&str, &str, &[&str], &[&str]); 3] = [
        ("dev", "sacola-dev", &OF_DEV, &[]),
        ("large", "sacola", &OF_PRODUCTION, &["ScaledObject/sacola"]),
        (
            "prod",
            "sacola",
            &OF_PRODUCTION,
            &["HorizontalPodAutoscaler/sacola"],
        ),
    ];
    for (overlay, (name, namespace, own, scaler)) in overlays.iter().zip(cases) {
        assert_eq!(name_of(overlay), name);
        let expected: BTreeSet<String> = OF_ALL
            .iter()
            .chain(own)
            .chain(scaler)
            .map(|object| match object.strip_suffix("NAMESPACE") {
                Some(kind) => format!("- {kind}{namespace}"),
                None => format!("{namespace} {object}"),
            })
            .collect();
        assert_eq!(listed[overlay.to_str().unwrap()], expected, "{name}");
    }
}

/// A file that no kustomization names is applied by nobody and checked by nobody.
#[test]
fn every_file_is_named_by_its_kustomization() {
    let kubernetes = project("deploy/kubernetes");
    let mut homes = folders(&kubernetes.join("components"));
    homes.extend(folders(&kubernetes.join("overlays")));
    homes.push(kubernetes.join("base"));
    for home in homes {
        let text = fs::read_to_string(home.join("kustomization.yaml")).unwrap();
        for entry in fs::read_dir(&home).unwrap() {
            let path = entry.unwrap().path();
            let named = name_of(&path) == "kustomization.yaml" || text.contains(name_of(&path));
            assert!(named, "{} is not in its kustomization", path.display());
        }
    }
}

/// The prod overlay without its components, in a copy.
fn bare_production(kubernetes: &Path) {
    let file = kubernetes.join("overlays/prod/kustomization.yaml");
    let text = fs::read_to_string(&file).unwrap();
    let bare: Vec<&str> = text
        .lines()
        .filter(|line| *line != "components:" && !line.contains("../../components/"))
        .collect();
    assert!(
        bare.len() < text.lines().count(),
        "the prod overlay names its components in another way now"
    );
    fs::write(file, bare.join("\n")).unwrap();
}

/// Components on the prod overlay of a copy, in a folder of their own.
fn composed(root: &Path, name: &str, components: &[&str]) -> PathBuf {
    let folder = root.join(name);
    fs::create_dir(&folder).unwrap();
    let listed: Vec<String> = components
        .iter()
        .map(|component| format!("../kubernetes/components/{component}"))
        .collect();
    let text = format!(
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nnamespace: sacola\n\
         resources: [../kubernetes/overlays/prod]\ncomponents: [{}]\n",
        listed.join(", ")
    );
    fs::write(folder.join("kustomization.yaml"), text).unwrap();
    folder
}

/// The overlay that docs/KUBERNETES.md tells everybody to begin with, beside a clone as it says, with the host of its own patch in
/// `public_url`: what is printed there must pass the checks that are its next step.
#[test]
fn the_overlay_that_the_documents_begin_with_is_right_as_it_is_printed() {
    let page = fs::read_to_string(project("docs/KUBERNETES.md")).unwrap();
    let after = page.split_once("# my-sacola/kustomization.yaml\n").unwrap().1;
    let printed = after.split_once("```").unwrap().0;
    let root = tempfile::tempdir().unwrap();
    copy(&project("deploy"), &root.path().join("sacola/deploy"));
    let own = root.path().join("my-sacola");
    fs::create_dir(&own).unwrap();
    fs::write(own.join("kustomization.yaml"), printed).unwrap();
    let settings = fs::read_to_string(project("deploy/kubernetes/overlays/prod/sacola.toml")).unwrap();
    let settings = settings.replace("https://gateway.example.com", "https://chat.my-shop.example");
    fs::write(own.join("sacola.toml"), settings).unwrap();
    assert_clean(&findings(&[], &[own]));
}

/// What a component is tried with. `emulator` is not for production: the dev overlay has it.
fn companions(component: &str) -> Option<Vec<&str>> {
    match component {
        "emulator" => None,
        // a way out more is no guard, and closes all others where there is none
        "otlp" => Some(vec!["network-policy", "otlp"]),
        alone => Some(vec![alone]),
    }
}

#[test]
fn every_component_fits_alone_on_production_with_secrets_made_by_hand() {
    let scratch = tempfile::tempdir().unwrap();
    let root = scratch.path().canonicalize().unwrap();
    let kubernetes = root.join("kubernetes");
    copy(&project("deploy/kubernetes"), &kubernetes);
    bare_production(&kubernetes);
    let mut sources = vec![kubernetes.join("overlays/prod")];
    for component in folders(&kubernetes.join("components")) {
        let name = name_of(&component);
        if let Some(components) = companions(name) {
            sources.push(composed(&root, name, &components));
        }
    }
    assert!(sources.len() > 8, "{sources:?}");
    let secrets = kubernetes.join("secrets.example.yaml");
    assert_clean(&findings(&["--also", secrets.to_str().unwrap()], &sources));
    let without = findings(&[], &sources[..1]);
    let codes: Vec<&str> = without[&sources[0]]
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(
        codes, ["reference.secret Deployment/sacola"; 2],
        "nobody brings the Secrets"
    );
}

/// Those that prod leaves out, where the guards of the network are.
const FURTHER: [&str; 3] = ["keda", "otlp", "redis"];

#[test]
fn every_further_component_fits_on_the_whole_of_production() {
    let scratch = tempfile::tempdir().unwrap();
    let root = scratch.path().canonicalize().unwrap();
    copy(&project("deploy/kubernetes"), &root.join("kubernetes"));
    let sources: Vec<PathBuf> = FURTHER
        .iter()
        .map(|&component| composed(&root, component, &[component]))
        .collect();
    assert_clean(&findings(&[], &sources));
}

/// A change of one file, and what is found then; nothing for an honest one.
#[derive(serde::Deserialize)]
struct Change {
    name: String,
    file: String,
    from: String,
    to: String,
    /// An overlay, or a component on the whole of production.
    seen_in: String,
    #[serde(default)]
    expect: String,
}

#[derive(serde::Deserialize)]
struct Changes {
    slip: Vec<Change>,
    honest: Vec<Change>,
}

fn changes() -> Changes {
    let text = fs::read_to_string(project("tests/deploy/faults/slips.toml")).unwrap();
    toml::from_str(&text).unwrap()
}

/// A copy of the manifests with the change in it; the folder to render.
fn changed(root: &Path, change: &Change) -> PathBuf {
    let own = root.join(&change.name);
    copy(&project("deploy/kubernetes"), &own.join("kubernetes"));
    let file = own.join("kubernetes").join(&change.file);
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.contains(&change.from), "{}: nothing to change", change.name);
    fs::write(&file, text.replacen(&change.from, &change.to, 1)).unwrap();
    let overlay = own.join("kubernetes/overlays").join(&change.seen_in);
    if overlay.is_dir() {
        return overlay;
    }
    let seen_in = change.seen_in.as_str();
    composed(&own, seen_in, &[seen_in])
}

#[test]
fn every_slip_of_the_pen_in_the_files_themselves_is_found() {
    let slips = changes().slip;
    assert!(slips.len() >= SLIPS_LEAST, "{} slips", slips.len());
    let scratch = tempfile::tempdir().unwrap();
    let root = scratch.path().canonicalize().unwrap();
    let sources: Vec<PathBuf> = slips.iter().map(|slip| changed(&root, slip)).collect();
    let found = findings(&["--kubernetes", "1.34"], &sources);
    for (slip, source) in slips.iter().zip(&sources) {
        let names: Vec<&str> = found[source].iter().map(|(name, _)| name.as_str()).collect();
        assert!(names.contains(&slip.expect.as_str()), "{}: {names:?}", slip.name);
    }
}

#[test]
fn what_an_operator_honestly_changes_is_no_finding() {
    let honest = changes().honest;
    assert!(!honest.is_empty());
    let scratch = tempfile::tempdir().unwrap();
    let root = scratch.path().canonicalize().unwrap();
    let sources: Vec<PathBuf> = honest.iter().map(|change| changed(&root, change)).collect();
    assert_clean(&findings(&["--kubernetes", "1.34"], &sources));
}

/// What a fault's first line promises, and the overlay that it is planted in.
fn promise(fault: &Path) -> (String, PathBuf) {
    let text = fs::read_to_string(fault.join("kustomization.yaml")).unwrap();
    let expected = text
        .lines()
        .next()
        .and_then(|line| line.strip_prefix("# expect: "));
    let overlay = text
        .lines()
        .find_map(|line| line.strip_prefix("  - ../../../../"));
    match (expected, overlay) {
        (Some(expected), Some(overlay)) => (expected.to_owned(), project(overlay)),
        _ => panic!(
            "{} tells no `# expect: CODE KIND/NAME` or no overlay",
            fault.display()
        ),
    }
}

#[test]
fn every_planted_fault_is_found_by_name_and_nothing_else_is() {
    let faults = folders(&project("tests/deploy/faults"));
    assert!(faults.len() >= FAULTS_LEAST, "{} faults", faults.len());
    let promises: BTreeMap<&PathBuf, (String, PathBuf)> =
        faults.iter().map(|fault| (fault, promise(fault))).collect();
    let mut overlays: Vec<PathBuf> = promises.values().map(|(_, overlay)| overlay.clone()).collect();
    overlays.sort();
    overlays.dedup();
    assert_clean(&findings(&[], &overlays));
    let found = findings(&[], &faults);
    for (fault, (expected, _)) in &promises {
        let names: Vec<&str> = found[*fault].iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(
            names,
            [expected.as_str()],
            "{}: {:#?}",
            fault.display(),
            found[*fault]
        );
        let finding = &found[*fault][0].1;
        for part in ["problem", "mend"] {
            let told = finding[part].as_str().is_some_and(|text| !text.is_empty());
            assert!(told, "{}: no {part}: {finding:#}", fault.display());
        }
    }
}

#[test]
fn a_person_gets_sentences_and_an_exit_status() {
    let clean = manifests(&[], &[project("deploy/kubernetes/overlays/dev")]);
    assert_eq!(clean.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&clean.stdout).contains("nothing found"));
    let both = folders(&project("tests/deploy/faults"))
        .into_iter()
        .find(|fault| name_of(fault).ends_with("budget-min-and-max"));
    let faulty = manifests(&[], &[both.unwrap()]);
    assert_eq!(faulty.status.code(), Some(1));
    let told = String::from_utf8_lossy(&faulty.stdout);
    assert!(
        told.contains("budget.both: PodDisruptionBudget/sacola")
            && told.contains("mend: keep maxUnavailable: 1"),
        "{told}"
    );
    let nothing = manifests(&[], &[project("deploy/kubernetes/components")]);
    assert_eq!(nothing.status.code(), Some(2), "no kustomization there");
}
