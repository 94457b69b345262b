//! The secrets of a stand as files, and the configuration that names them: what operators exchange while gateways run. It
//! puts files as operators do, each renamed into its place, or as Kubernetes mounts them, all behind one link; it refuses to
//! wait until somebody has read them.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::support::program::environment;

/// The configuration's name.
pub const CONFIG: &str = "sacola.toml";
/// The link that leads to the files that hold now, as Kubernetes names it.
const DATA: &str = "..data";
/// Only its owner reads a secret.
const MODE: u32 = 0o600;

/// How files come to their places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hand {
    /// Each is written beside its place and renamed; the configuration last.
    Renamed,
    /// As Kubernetes does it: a folder with all of them, and one link that is swapped.
    Mounted,
}

/// Which secrets are live, by their numbers, in the order of the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Live {
    pub app: Vec<u8>,
    pub tokens: Vec<u8>,
    pub merchant: Vec<u8>,
    pub buttons: Vec<u8>,
}

impl Live {
    /// The first of each.
    pub fn first() -> Self {
        Self {
            app: vec![1],
            tokens: vec![1],
            merchant: vec![1],
            buttons: vec![1],
        }
    }
}

/// An app secret.
pub fn app_secret(n: u8) -> String {
    format!("app secret number {n} of the tests")
}

/// An access token.
pub fn token(n: u8) -> String {
    format!("access token number {n}")
}

/// A secret that a merchant shares.
pub fn merchant_secret(n: u8) -> String {
    format!("whsec_{}", STANDARD.encode([n; 32]))
}

/// A key that signs buttons, and its id before it.
pub fn button_key(n: u8) -> (String, String) {
    (format!("k{n}"), format!("button key number {n} of the tests"))
}

/// Where a configuration takes its secrets from, as values in TOML.
#[derive(Clone, Debug)]
pub struct Sources {
    /// A line of `[server]`.
    pub reload: String,
    pub app: String,
    pub token: String,
    pub merchant: String,
    pub buttons: String,
}

impl Sources {
    /// The environment of the program under test.
    pub fn environment() -> Self {
        Self {
            reload: String::new(),
            app: r#"[{ env = "APP_SECRET" }]"#.to_owned(),
            token: r#"{ env = "ACCESS_TOKEN" }"#.to_owned(),
            merchant: r#"[{ env = "MERCHANT_SECRET" }]"#.to_owned(),
            buttons: r#"[{ id = "k1", env = "BUTTON_KEY" }]"#.to_owned(),
        }
    }

    /// The button key of that environment, and its id before it.
    pub fn environments_button_key() -> (String, String) {
        ("k1".to_owned(), environment()["BUTTON_KEY"].clone())
    }
}

/// A folder of secrets, with the configuration.
#[derive(Debug)]
pub struct Vault {
    folder: PathBuf,
    hand: Hand,
    reload_s: u64,
    /// What lies there.
    files: BTreeMap<String, String>,
    /// How often it was mounted.
    mounts: u32,
}

impl Vault {
    /// An empty one. `reload_s`: how often gateways look into it by themselves.
    pub fn new(folder: PathBuf, hand: Hand, reload_s: u64) -> Self {
        fs::create_dir_all(&folder).unwrap();
        Self {
            folder,
            hand,
            reload_s,
            files: BTreeMap::new(),
            mounts: 0,
        }
    }

    /// Where a file of that name lies.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// A file of that name as a secret in TOML.
    pub fn source(&self, name: &str) -> String {
        format!("{{ file = \"{}\" }}", self.path(name).display())
    }

    /// The live secrets as a configuration names them. A lone token lies in a file whose content changes; all others are
    /// files of their own.
    pub fn sources(&self, live: &Live) -> Sources {
        let all = |numbers: &[u8], name: &str| {
            let numbered = numbers.iter().map(|n| self.source(&format!("{name}_{n}")));
            format!("[{}]", numbered.collect::<Vec<String>>().join(", "))
        };
        let named = live.buttons.iter().map(|n| {
            let path = self.path(&format!("button_key_{n}"));
            format!(
                "{{ id = \"{}\", file = \"{}\" }}",
                button_key(*n).0,
                path.display()
            )
        });
        Sources {
            reload: format!("reload_s = {}", self.reload_s),
            app: all(&live.app, "app_secret"),
            token: if live.tokens.len() == 1 {
                self.source("access_token")
            } else {
                all(&live.tokens, "access_token")
            },
            merchant: all(&live.merchant, "merchant_secret"),
            buttons: format!("[{}]", named.collect::<Vec<String>>().join(", ")),
        }
    }

    /// Lets the live secrets and this configuration lie there, and nothing else.
    pub fn puts(&mut self, live: &Live, configuration: String) {
        let mut files = BTreeMap::from([(CONFIG.to_owned(), configuration)]);
        files.extend(
            live.app
                .iter()
                .map(|n| (format!("app_secret_{n}"), app_secret(*n))),
        );
        files.extend(
            live.merchant
                .iter()
                .map(|n| (format!("merchant_secret_{n}"), merchant_secret(*n))),
        );
        files.extend(
            live.buttons
                .iter()
                .map(|n| (format!("button_key_{n}"), button_key(*n).1)),
        );
        if let [only] = live.tokens.as_slice() {
            files.insert("access_token".to_owned(), token(*only));
        } else {
            files.extend(
                live.tokens
                    .iter()
                    .map(|n| (format!("access_token_{n}"), token(*n))),
            );
        }
        match self.hand {
            Hand::Renamed => self.renames(&files),
            Hand::Mounted => self.mounts(&files),
        }
        self.files = files;
    }

    /// Writes over a file, as a careless hand does: whoever looks in the midst sees half of it.
    pub fn writes_over(&mut self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
        self.files.insert(name.to_owned(), text.to_owned());
    }

    /// Takes a file away.
    pub fn removes(&mut self, name: &str) {
        fs::remove_file(self.path(name)).unwrap();
        self.files.remove(name);
    }

    /// The configuration last: it never names a file that is not there yet. What it names no more goes after it.
    fn renames(&self, files: &BTreeMap<String, String>) {
        let secrets = files.iter().filter(|(name, _)| *name != CONFIG);
        for (name, text) in secrets.chain(files.get_key_value(CONFIG)) {
            if self.files.get(name) != Some(text) {
                let draft = self.path(&format!(".{name}.draft"));
                writes(&draft, text);
                fs::rename(&draft, self.path(name)).unwrap();
            }
        }
        for name in self.files.keys().filter(|name| !files.contains_key(*name)) {
            fs::remove_file(self.path(name)).unwrap();
        }
    }

    /// The order of Kubernetes: the new folder, the link, links to new files, then the old ones go.
    fn mounts(&mut self, files: &BTreeMap<String, String>) {
        self.mounts += 1;
        let name = format!("..{}", self.mounts);
        let fresh = self.path(&name);
        fs::create_dir(&fresh).unwrap();
        for (file, text) in files {
            writes(&fresh.join(file), text);
        }
        let old = fs::read_link(self.path(DATA)).ok();
        let draft = self.path("..data_tmp");
        symlink(&name, &draft).unwrap();
        fs::rename(&draft, self.path(DATA)).unwrap();
        for file in files.keys().filter(|file| !self.files.contains_key(*file)) {
            symlink(Path::new(DATA).join(file), self.path(file)).unwrap();
        }
        for file in self.files.keys().filter(|file| !files.contains_key(*file)) {
            fs::remove_file(self.path(file)).unwrap();
        }
        if let Some(old) = old {
            fs::remove_dir_all(self.folder.join(old)).unwrap();
        }
    }
}

fn writes(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(MODE)).unwrap();
}
