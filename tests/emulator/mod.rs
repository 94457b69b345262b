//! The emulator as an outsider meets it: over HTTP, with the token in the header.

mod refusals;
