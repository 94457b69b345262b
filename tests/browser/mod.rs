//! The pages as people use them: the real program, a real Chromium, clicks and keys. Each test ends with what the browser saw:
//! no error in its console, and no request that leaves this machine.
//!
//! `scripts/test` installs what this needs: `chromium`, `chromium-driver`, and axe-core for the accessibility checks.

mod accessible;
mod chromium;
mod console;
mod demo;
mod docs;
mod patience;
mod serving;
mod speed;
mod stories;
