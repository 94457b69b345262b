//! An image as a folder: the last stage's steps done by hand, with the test's own binary as what the build stage made. As root it
//! belongs to whom it would belong in the image; in any case nothing in it can be written but the volume.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::dockerfile::{Stage, Step};
use super::ignore::Ignore;
use super::judge::{DATA, USER};

/// The folder.
pub struct Image {
    root: TempDir,
    /// True when the test may become the image's user.
    by_root: bool,
    environment: Vec<(String, String)>,
}

impl Image {
    /// Does what the last stage says.
    pub fn of(stage: &Stage, ignore: &Ignore, context: &Path) -> Self {
        let root = tempfile::tempdir().unwrap();
        let by_root = fs::metadata(root.path()).unwrap().uid() == 0;
        let image = Self {
            root,
            by_root,
            environment: stage.all("ENV").flat_map(|step| step.pairs().unwrap()).collect(),
        };
        for step in stage.all("COPY") {
            image.copy(step, ignore, context);
        }
        image
    }

    /// Where a path of the image lies.
    pub fn at(&self, path: &str) -> PathBuf {
        self.root.path().join(path.trim_start_matches('/'))
    }

    fn copy(&self, step: &Step, ignore: &Ignore, context: &Path) {
        if step.flags.contains_key("from") {
            let (sources, target) = step.sources_and_target().unwrap();
            assert_eq!(sources.len(), 1, "COPY {} takes more than one", step.rest);
            if target == DATA {
                fs::create_dir_all(self.at(&target)).unwrap();
            } else {
                put(Path::new(env!("CARGO_BIN_EXE_sacola")), &self.at(&target));
            }
            if step.flags.contains_key("chown") {
                self.gives(&target);
            }
        } else {
            copied(step, ignore, context, self.root.path());
        }
    }

    /// A file that is mounted, not part of the image; the image's group may read it.
    pub fn mounts(&self, path: &str, text: &str) {
        let file = self.at(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, text).unwrap();
        fs::set_permissions(&file, Permissions::from_mode(0o440)).unwrap();
        if self.by_root {
            chown(&file, Some(0), Some(user_and_group().1)).unwrap();
        }
    }

    fn gives(&self, path: &str) {
        if self.by_root {
            let (user, group) = user_and_group();
            chown(self.at(path), Some(user), Some(group)).unwrap();
        }
    }

    /// From now on only the volume can be written.
    pub fn closes(&self) {
        self.folders(0o555);
    }

    fn folders(&self, mode: u32) {
        let data = self.at(DATA);
        for path in all_below(self.root.path()) {
            if path.is_dir() && !path.starts_with(&data) {
                fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            }
        }
        fs::set_permissions(self.root.path(), Permissions::from_mode(mode)).unwrap();
    }

    /// What lies outside the volume, with sizes.
    pub fn contents(&self) -> BTreeMap<PathBuf, u64> {
        let data = self.at(DATA);
        let outside = all_below(self.root.path())
            .into_iter()
            .filter(|path| path.is_file() && !path.starts_with(&data));
        outside
            .map(|path| {
                let size = fs::metadata(&path).unwrap().len();
                (path, size)
            })
            .collect()
    }

    /// A command of the image: absolute paths lead into the folder, nothing of this process's environment goes along, and the
    /// user is the image's where the test may choose.
    pub fn command(&self, words: &[String]) -> Command {
        let lead = |word: &String| {
            if word.starts_with('/') {
                self.at(word).display().to_string()
            } else {
                word.clone()
            }
        };
        let mut command = Command::new(lead(&words[0]));
        command
            .args(words[1..].iter().map(lead))
            .env_clear()
            .envs(self.environment.iter().cloned())
            .current_dir(self.at(DATA));
        if self.by_root {
            let (user, group) = user_and_group();
            command.uid(user).gid(group);
        }
        command
    }
}

impl Drop for Image {
    fn drop(&mut self) {
        self.folders(0o755);
    }
}

fn user_and_group() -> (u32, u32) {
    let (user, group) = USER.split_once(':').unwrap();
    (user.parse().unwrap(), group.parse().unwrap())
}

/// A `COPY` from the context, into a folder that stands for the stage's root; a relative target lies at its top.
pub fn copied(step: &Step, ignore: &Ignore, context: &Path, root: &Path) {
    let (sources, target) = step.sources_and_target().unwrap();
    let into_folder = target.ends_with('/') || sources.len() > 1;
    let target = root.join(target.trim_start_matches("./").trim_start_matches('/'));
    for source in sources {
        let from = context.join(&source);
        if from.is_dir() {
            for path in all_below(&from) {
                let below = path.strip_prefix(context).unwrap().to_str().unwrap();
                if path.is_file() && !ignore.keeps_out(below) {
                    put(&path, &target.join(path.strip_prefix(&from).unwrap()));
                }
            }
        } else if into_folder {
            put(&from, &target.join(from.file_name().unwrap()));
        } else {
            put(&from, &target);
        }
    }
}

fn put(from: &Path, to: &Path) {
    fs::create_dir_all(to.parent().unwrap()).unwrap();
    fs::copy(from, to).unwrap();
}

/// Files and folders, parents first.
pub fn all_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        found.push(path.clone());
        if path.is_dir() {
            found.extend(all_below(&path));
        }
    }
    found
}
