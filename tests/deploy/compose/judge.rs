//! What is wrong with `deploy/compose.yaml`, in words that name the service and the mend. It judges the file beside what lies around it:
//! folders that are mounted, configurations, the program's own options.

use std::path::Path;

use serde_json::Value;
use url::Url;

use crate::deploy::container::judge::is_known;

const PROGRAM: &str = "/usr/local/bin/sacola";
/// `server.drain_s` of the configurations, and what docs/OPERATIONS.md asks for beyond it.
const STOP_S: u64 = 25 + 10;
const SECRET_WORDS: [&str; 4] = ["SECRET", "TOKEN", "PASSWORD", "KEY"];

/// What the programs of the services listen on.
const PORTS: [&str; 3] = ["8080", "8090", "9090"];

/// All of it; `folder` is where the file lies.
pub fn faults(compose: &Value, folder: &Path) -> Vec<String> {
    let mut faults = Vec::new();
    for (name, service) in services(compose) {
        let told = [
            locked_up(service),
            bounded(service),
            watched(service),
            mounts(compose, service, folder),
            reached(compose, service),
            waits(compose, service),
        ];
        faults.extend(told.concat().into_iter().map(|fault| format!("{name}: {fault}")));
    }
    for (name, service) in of_image(compose, "redis") {
        faults.extend(
            redis(compose, service)
                .into_iter()
                .map(|fault| format!("{name}: {fault}")),
        );
    }
    for (name, service) in of_image(compose, "sacola") {
        faults.extend(
            sacola(compose, service, folder)
                .into_iter()
                .map(|fault| format!("{name}: {fault}")),
        );
    }
    faults
}

fn services(compose: &Value) -> Vec<(&str, &Value)> {
    let all = compose["services"].as_object().unwrap();
    all.iter()
        .map(|(name, service)| (name.as_str(), service))
        .collect()
}

fn of_image<'a>(compose: &'a Value, image: &str) -> Vec<(&'a str, &'a Value)> {
    let mut all = services(compose);
    all.retain(|(_, service)| {
        let name = text(service, "image").rsplit('/').next().unwrap_or_default();
        name.split(':').next() == Some(image)
    });
    all
}

fn text<'a>(service: &'a Value, key: &str) -> &'a str {
    service[key].as_str().unwrap_or_default()
}

/// A list of texts; nothing when there is none.
pub fn texts(service: &Value, key: &str) -> Vec<String> {
    let list = service[key].as_array().cloned().unwrap_or_default();
    list.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// No more rights than it needs.
fn locked_up(service: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    if service["read_only"] != true {
        faults.push("its root can be written: read_only".to_owned());
    }
    if texts(service, "cap_drop") != ["ALL"] {
        faults.push("it keeps capabilities: cap_drop".to_owned());
    }
    if !texts(service, "security_opt").contains(&"no-new-privileges:true".to_owned()) {
        faults.push("it may gain privileges: security_opt".to_owned());
    }
    for key in [
        "privileged",
        "cap_add",
        "devices",
        "network_mode",
        "pid",
        "ipc",
        "userns_mode",
    ] {
        if !service[key].is_null() {
            faults.push(format!("{key} gives rights away"));
        }
    }
    if texts(service, "security_opt")
        .iter()
        .any(|option| option.contains("unconfined"))
    {
        faults.push("security_opt takes a guard away".to_owned());
    }
    // forms that nothing here reads would go unjudged
    for key in ["ports", "volumes", "tmpfs", "networks", "command", "security_opt"] {
        let found = &service[key];
        let is_plain = found
            .as_array()
            .is_some_and(|all| all.iter().all(Value::is_string));
        if !found.is_null() && !is_plain {
            faults.push(format!("{key} is not a list of texts: write it as one"));
        }
    }
    let user: Vec<u32> = text(service, "user")
        .split(':')
        .filter_map(|part| part.parse().ok())
        .collect();
    if user.len() != 2 || user.contains(&0) {
        faults.push("its user is no number, or root".to_owned());
    }
    if !texts(service, "tmpfs")
        .iter()
        .all(|mount| mount.contains("noexec") && mount.contains("size="))
    {
        faults.push("tmpfs without noexec and a size".to_owned());
    }
    let named = service["environment"].as_object().cloned().unwrap_or_default();
    let mut variables: Vec<String> = named.keys().cloned().collect();
    variables.extend(texts(service, "environment"));
    if !service["env_file"].is_null() {
        variables.push("a file of SECRETs".to_owned());
    }
    for variable in &variables {
        if SECRET_WORDS.iter().any(|word| variable.contains(word)) {
            faults.push(format!(
                "{variable}: a secret in the environment shows in `docker inspect`"
            ));
        }
    }
    faults
}

/// Memory, processors, processes, logs and the time of a stop have limits.
fn bounded(service: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    for key in ["mem_limit", "cpus", "pids_limit", "stop_grace_period"] {
        if service[key].is_null() {
            faults.push(format!("no {key}"));
        }
    }
    for key in ["max-size", "max-file"] {
        if service["logging"]["options"][key].is_null() {
            faults.push(format!("logs without {key} fill the disk"));
        }
    }
    faults
}

/// It is started again, hears its signals, and is asked how it is.
fn watched(service: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    if text(service, "restart") != "unless-stopped" {
        faults.push("it is not started again: restart".to_owned());
    }
    if service["init"] != true {
        faults.push("as process 1 it would miss an early SIGTERM: init".to_owned());
    }
    let test = texts(&service["healthcheck"], "test");
    match test.as_slice() {
        [word, program, arguments @ ..] if word == "CMD" => {
            if program == PROGRAM && !is_known(arguments) {
                faults.push(format!(
                    "its health check {arguments:?} is not known to the program"
                ));
            }
        }
        _ => faults.push("no health check in exec form".to_owned()),
    }
    if service["healthcheck"]["disable"] == true {
        faults.push("its health check is switched off".to_owned());
    }
    for key in ["interval", "timeout", "retries", "start_period"] {
        if service["healthcheck"][key].is_null() {
            faults.push(format!("its health check has no {key}"));
        }
    }
    let image = text(service, "image").rsplit('/').next().unwrap_or_default();
    if !image.contains(':') || image.contains("latest") {
        faults.push("its image is not pinned".to_owned());
    }
    faults
}

/// What is mounted is there, and what comes from the repository can't be changed by the container.
fn mounts(compose: &Value, service: &Value, folder: &Path) -> Vec<String> {
    let mut faults = Vec::new();
    for mount in texts(service, "volumes") {
        let parts: Vec<&str> = mount.split(':').collect();
        let source = parts[0];
        if !source.starts_with('.') {
            if compose["volumes"][source].is_null() {
                faults.push(format!("no volume {source} is declared"));
            }
            continue;
        }
        if parts.last() != Some(&"ro") {
            faults.push(format!("{source} can be written: mount it :ro"));
        }
        let path = folder.join(source);
        // secrets are made by make-secrets, which is tried elsewhere
        if !source.starts_with("./compose/secrets/") && !path.exists() {
            faults.push(format!("{source} is not there"));
        }
        if path.is_file() {
            faults.push(format!(
                "{source} is a file: a new one in its place would not be seen, mount its folder"
            ));
        }
    }
    faults
}

/// Ports are open to this machine alone, and networks are declared.
fn reached(compose: &Value, service: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    for port in texts(service, "ports") {
        if !port.starts_with("127.0.0.1:") {
            faults.push(format!("port {port} is open to everybody"));
        }
        if !PORTS.contains(&port.rsplit(':').next().unwrap_or_default()) {
            faults.push(format!("port {port} leads to none that is listened on"));
        }
    }
    for network in texts(service, "networks") {
        if compose["networks"][&network].is_null() {
            faults.push(format!("no network {network} is declared"));
        }
    }
    faults
}

/// Each service belongs to one profile, and waits only for healthy ones of the same.
fn waits(compose: &Value, service: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    let profiles = texts(service, "profiles");
    if profiles != ["production"] && profiles != ["rehearsal"] {
        faults.push(format!("its profiles are {profiles:?}"));
    }
    let needs = service["depends_on"].as_object().cloned().unwrap_or_default();
    for (name, how) in needs {
        if texts(&compose["services"][&name], "profiles") != profiles {
            faults.push(format!("it waits for {name}, which is not of its profile"));
        }
        if how["condition"] != "service_healthy" {
            faults.push(format!("it does not wait until {name} is healthy"));
        }
    }
    faults
}

/// A Redis on which a 200 survives a power cut, and that nobody outside reaches.
fn redis(compose: &Value, service: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    let options = options(service);
    let wanted = [
        ("--appendonly", "yes"),
        ("--appendfsync", "always"),
        ("--no-appendfsync-on-rewrite", "no"),
        ("--save", ""),
        ("--maxmemory-policy", "noeviction"),
    ];
    for (name, value) in wanted {
        if option(&options, name) != Some(value) {
            faults.push(format!("{name} is not {value:?}"));
        }
    }
    let memory = option(&options, "--maxmemory").and_then(megabytes).unwrap_or(0);
    let limit = megabytes(text(service, "mem_limit")).unwrap_or(0);
    if memory == 0 || limit < 2 * memory {
        faults.push(format!(
            "maxmemory of {memory} MB in {limit} MB leaves no room for a rewrite"
        ));
    }
    let folder = option(&options, "--dir").unwrap_or_default();
    let is_kept = |mount: &String| mount.split(':').nth(1) == Some(folder);
    if !texts(service, "volumes").iter().any(is_kept) {
        faults.push(format!("its files in {folder} are in no volume"));
    }
    for network in texts(service, "networks") {
        if compose["networks"][&network]["internal"] != true {
            faults.push(format!("its network {network} is not internal"));
        }
    }
    if !texts(service, "ports").is_empty() {
        faults.push("it has a port".to_owned());
    }
    faults
}

/// Options and their values in a command line; the first word is the program's.
pub fn options(service: &Value) -> Vec<(String, String)> {
    let words = texts(service, "command");
    let pairs = words.get(1..).unwrap_or_default().chunks(2);
    pairs
        .map(|pair| (pair[0].clone(), pair.get(1).cloned().unwrap_or_default()))
        .collect()
}

pub fn option<'a>(options: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let found = options.iter().find(|(known, _)| known == name);
    found.map(|(_, value)| value.as_str())
}

fn megabytes(size: &str) -> Option<u64> {
    size.trim_end_matches("mb").trim_end_matches('m').parse().ok()
}

/// The gateway and the emulator: the image's own user, a command that the program knows, addresses that lead somewhere.
fn sacola(compose: &Value, service: &Value, folder: &Path) -> Vec<String> {
    let mut faults = Vec::new();
    if text(service, "user") != "65532:65532" {
        faults.push("its user is not the image's".to_owned());
    }
    let command = texts(service, "command");
    if !command.is_empty() && !is_known(&command) {
        faults.push(format!("{command:?} is not known to the program"));
    }
    for (name, value) in options(service) {
        if name.ends_with("-url") {
            faults.extend(leads(compose, service, &name, &value));
        }
    }
    if command.is_empty() {
        let grace = text(service, "stop_grace_period")
            .trim_end_matches('s')
            .parse::<u64>();
        if grace.unwrap_or(0) < STOP_S {
            faults.push(format!(
                "stop_grace_period is shorter than {STOP_S} s: a drain would be cut off"
            ));
        }
        faults.extend(configured(compose, service, folder));
    }
    faults.extend(kept(service));
    faults.extend(asked(service));
    faults
}

/// Secrets are read from a folder, and what is written outlives the container.
fn kept(service: &Value) -> Vec<String> {
    let volumes = texts(service, "volumes");
    let wanted = [
        (":/run/secrets/sacola:ro", "no secrets at /run/secrets/sacola"),
        (":/var/lib/sacola", "no volume at /var/lib/sacola"),
    ];
    let lacks = wanted
        .iter()
        .filter(|(end, _)| !volumes.iter().any(|mount| mount.ends_with(end)));
    lacks.map(|(_, fault)| (*fault).to_owned()).collect()
}

/// The health check asks an address of the service itself: the gateway whether it takes traffic, the emulator for its state.
fn asked(service: &Value) -> Option<String> {
    let test = texts(&service["healthcheck"], "test");
    let asked = test.last().map_or("", String::as_str);
    let wanted = if texts(service, "command").is_empty() {
        "http://127.0.0.1:9090/readyz"
    } else {
        "http://127.0.0.1:8090/emulator/state"
    };
    (asked != wanted).then(|| format!("its health check asks {asked:?}, not {wanted}"))
}

/// The addresses in a gateway's configuration that are not the world's.
fn configured(compose: &Value, service: &Value, folder: &Path) -> Vec<String> {
    let volumes = texts(service, "volumes");
    let Some(mount) = volumes.iter().find(|mount| mount.ends_with(":/etc/sacola:ro")) else {
        return vec!["no configuration at /etc/sacola".to_owned()];
    };
    let path = folder.join(mount.split(':').next().unwrap()).join("sacola.toml");
    let Ok(written) = std::fs::read_to_string(path) else {
        return vec![format!("no sacola.toml in {mount}")];
    };
    let config: toml::Table = written.parse().unwrap();
    let mut faults = Vec::new();
    let of = |section: &str, key: &str| {
        let value = config.get(section)?.get(key)?.as_str()?;
        Some(value.to_owned())
    };
    let merchants = config["merchant"].as_array().unwrap();
    let shop = merchants[0]["base_url"].as_str().unwrap().to_owned();
    let places = [
        ("store.url", of("store", "url")),
        ("whatsapp.graph_url", of("whatsapp", "graph_url")),
        ("merchant.base_url", Some(shop)),
    ];
    for (key, address) in places {
        let inside = address.filter(|address| !address.starts_with("https://"));
        faults.extend(inside.as_ref().and_then(|address| unwaited(service, address)));
        faults.extend(inside.and_then(|address| leads(compose, service, key, &address)));
    }
    let allowed = config
        .get("outgoing")
        .map(ToString::to_string)
        .unwrap_or_default();
    for network in texts(service, "networks") {
        let subnet = compose["networks"][&network]["ipam"]["config"][0]["subnet"].as_str();
        if subnet.is_some_and(|subnet| !allowed.contains(subnet)) {
            faults.push(format!(
                "outgoing.allow_private lacks the addresses of network {network}"
            ));
        }
    }
    faults
}

/// Whom it asks at its start, it waits for.
fn unwaited(service: &Value, address: &str) -> Option<String> {
    let url = Url::parse(address).unwrap();
    let host = url.host_str().unwrap_or_default();
    service["depends_on"][host]
        .is_null()
        .then(|| format!("it does not wait for {host}: depends_on"))
}

/// A plain address must be a service on a network of this one.
fn leads(compose: &Value, service: &Value, key: &str, address: &str) -> Option<String> {
    let url = Url::parse(address).unwrap();
    let host = url.host_str().unwrap_or_default();
    let theirs = texts(&compose["services"][host], "networks");
    let shared = texts(service, "networks").iter().any(|own| theirs.contains(own));
    (!shared).then(|| format!("{key} {address} leads to no service that it reaches"))
}
