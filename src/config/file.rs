//! Reads a file of the configuration: the configuration itself, or a secret's. It owns that a read ends: a pipe or a device is
//! refused before it is opened, since opening a pipe waits until somebody writes into it, and no more is read than belongs there.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

/// Bytes of a configuration that are read at most.
const CONFIGURATION_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// Opens a regular file; links are followed.
pub(super) fn open(path: &Path) -> io::Result<File> {
    let kind = fs::metadata(path)?.file_type();
    if kind.is_dir() {
        return Err(io::Error::other("it is a directory"));
    }
    if !kind.is_file() {
        return Err(io::Error::other(
            "it is a pipe or a device, and only a file can be read again when it changes",
        ));
    }
    File::open(path)
}

/// The text of a configuration.
pub fn read(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    let bytes = open(path)?
        .take(CONFIGURATION_BYTES_MAX + 1)
        .read_to_string(&mut text)?;
    if u64::try_from(bytes).is_ok_and(|bytes| bytes <= CONFIGURATION_BYTES_MAX) {
        return Ok(text);
    }
    Err(io::Error::other("it is larger than 4 MiB"))
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    fn refused(path: &Path) -> String {
        read(path).unwrap_err().to_string()
    }

    #[test]
    fn a_pipe_or_a_device_is_refused_before_anybody_waits_for_it() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&pipe, &link).unwrap();
        for path in [pipe.as_path(), &link, Path::new("/dev/zero")] {
            let told = refused(path);
            assert!(told.contains("a pipe or a device"), "{told}");
        }
        assert!(refused(folder.path()).contains("a directory"));
    }

    #[test]
    fn links_are_followed_and_so_much_is_read_and_no_more() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        fs::write(&file, "a = 1").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        assert_eq!(read(&link).unwrap(), "a = 1");
        fs::write(&file, vec![b'#'; 4 * 1024 * 1024 + 1]).unwrap();
        assert!(refused(&link).contains("larger than 4 MiB"));
    }
}
