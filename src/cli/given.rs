//! What a process was given, as text: its arguments and its environment. It refuses what is no text before anybody reads it: the
//! standard library's own way ends in a panic that quotes the bytes, and these may be a secret.

use std::collections::BTreeMap;
use std::ffi::OsString;

use super::print::err;

/// The arguments, and the environment by name.
pub type Texts = (Vec<String>, BTreeMap<String, String>);

/// Reads both, or says what is wrong with them and returns the exit status. A variable that is not ours and no text is left out:
/// who names it in a configuration is told that it is not set.
pub fn texts(
    arguments: impl IntoIterator<Item = OsString>,
    environment: impl IntoIterator<Item = (OsString, OsString)>,
) -> Result<Texts, u8> {
    read(arguments, environment).map_err(|faults| {
        for fault in &faults {
            err(fault);
        }
        2
    })
}

fn read(
    arguments: impl IntoIterator<Item = OsString>,
    environment: impl IntoIterator<Item = (OsString, OsString)>,
) -> Result<Texts, Vec<String>> {
    let (mut words, mut variables, mut faults) = (Vec::new(), BTreeMap::new(), Vec::new());
    for (place, argument) in arguments.into_iter().enumerate() {
        match argument.into_string() {
            Ok(word) => words.push(word),
            Err(_) => faults.push(format!(
                "argument {place}: is not UTF-8 — mend: write it in UTF-8"
            )),
        }
    }
    for (name, value) in environment {
        let shown = name.to_string_lossy().into_owned();
        match (name.into_string(), value.into_string()) {
            (Ok(name), Ok(value)) => {
                variables.insert(name, value);
            }
            _ if shown.starts_with("SACOLA_") => {
                faults.push(format!(
                    "{shown}: is not UTF-8 — mend: write it in UTF-8, or unset it"
                ));
            }
            _ => {}
        }
    }
    if faults.is_empty() {
        Ok((words, variables))
    } else {
        Err(faults)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStringExt;

    use super::*;

    fn bytes(text: &[u8]) -> OsString {
        OsString::from_vec(text.to_vec())
    }

    #[test]
    fn what_is_no_text_is_told_all_at_once_and_never_quoted() {
        let variables = [(bytes(b"SACOLA__STORE__URL"), bytes(b"redis://:secret\xff@h"))];
        let faults = read([bytes(b"sacola"), bytes(b"x\xff")], variables).unwrap_err();
        assert_eq!(faults.len(), 2, "{faults:?}");
        assert!(faults[0].starts_with("argument 1: is not UTF-8"), "{faults:?}");
        assert!(
            faults[1].starts_with("SACOLA__STORE__URL: is not UTF-8"),
            "{faults:?}"
        );
        assert!(!faults.concat().contains("secret"), "{faults:?}");
    }

    #[test]
    fn somebody_elses_variable_that_is_no_text_is_left_out() {
        let variables = [
            (bytes(b"LESS"), bytes(b"\xff")),
            (bytes(b"\xff"), bytes(b"x")),
            (bytes(b"HOME"), bytes("/home/joão".as_bytes())),
        ];
        let (words, variables) = read([bytes(b"sacola")], variables).unwrap();
        assert_eq!(words, ["sacola"]);
        assert_eq!(
            variables.into_iter().collect::<Vec<_>>(),
            [("HOME".to_owned(), "/home/joão".to_owned())]
        );
    }
}
