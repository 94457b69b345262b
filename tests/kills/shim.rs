//! A process whose file can be put back to what a power cut would leave of it (`fsync_shim.c`, preloaded). Linux only.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// What a system writes to the disk in one piece.
const PAGE: usize = 4096;
/// Before the bytes of each undone write: its place and its length.
const HEAD: usize = 16;

/// The built shim, and what it noted.
#[derive(Debug)]
pub struct Shim {
    directory: TempDir,
    /// How the name of the watched file ends.
    file: &'static str,
}

impl Shim {
    /// Builds it for the file whose name ends like that.
    pub fn build(file: &'static str) -> Self {
        let shim = Self {
            directory: tempfile::tempdir().unwrap(),
            file,
        };
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kills/fsync_shim.c");
        let built = Command::new("cc")
            .args(["-shared", "-fPIC", "-O1", "-o"])
            .arg(shim.library())
            .arg(source)
            .arg("-ldl")
            .status()
            .expect("no C compiler: scripts/test --step toolchain installs it");
        assert!(built.success(), "the shim was not built");
        shim
    }

    /// What a process needs in its environment to be watched.
    pub fn environment(&self) -> Vec<(String, OsString)> {
        vec![
            ("LD_PRELOAD".to_owned(), self.library().into()),
            ("SACOLA_SHIM_DIR".to_owned(), self.directory.path().into()),
            ("SACOLA_SHIM_FILE".to_owned(), self.file.into()),
        ]
    }

    fn library(&self) -> PathBuf {
        self.directory.path().join("fsync_shim.so")
    }

    /// How long the file was when it was last flushed; 0 when it never was, or the first note of it is not written yet.
    pub fn flushed_bytes(&self) -> u64 {
        let noted = std::fs::read_to_string(self.directory.path().join("synced"));
        let noted = noted.unwrap_or_default();
        if noted.is_empty() {
            0
        } else {
            noted.parse().unwrap()
        }
    }

    /// The file as it was when it was last flushed, from what it is now.
    pub fn flushed(&self, now: &[u8]) -> Vec<u8> {
        let mut then = now.to_vec();
        for (place, bytes) in self.undone().iter().rev() {
            let end = place + bytes.len();
            if then.len() < end {
                then.resize(end, 0);
            }
            then[*place..end].copy_from_slice(bytes);
        }
        then.resize(usize::try_from(self.flushed_bytes()).unwrap(), 0);
        then
    }

    /// What each write since then wrote over, in their order. A process that dies while it notes one has not begun it.
    fn undone(&self) -> Vec<(usize, Vec<u8>)> {
        let notes = std::fs::read(self.directory.path().join("undo")).unwrap_or_default();
        let mut undone = Vec::new();
        let mut rest = notes.as_slice();
        while let Some((head, behind)) = rest.split_at_checked(HEAD) {
            let (place, length) = head.split_at(HEAD / 2);
            let Some((bytes, behind)) = behind.split_at_checked(number(length)) else {
                break;
            };
            undone.push((number(place), bytes.to_vec()));
            rest = behind;
        }
        undone
    }
}

fn number(bytes: &[u8]) -> usize {
    usize::try_from(i64::from_ne_bytes(bytes.try_into().unwrap())).unwrap()
}

/// A file of which only some pages were written to the disk before the power was cut.
pub fn half_written(then: &[u8], now: &[u8], is_written: fn(usize) -> bool) -> Vec<u8> {
    let mut half = Vec::with_capacity(now.len());
    for (number, page) in now.chunks(PAGE).enumerate() {
        if is_written(number) {
            half.extend_from_slice(page);
        } else {
            let (from, to) = (half.len(), half.len() + page.len());
            half.extend((from..to).map(|place| then.get(place).copied().unwrap_or(0)));
        }
    }
    half
}
