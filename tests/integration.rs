//! The one integration binary: every further one would link the whole program again.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "tests and their support stop at the first surprise"
)]
#![expect(
    clippy::similar_names,
    reason = "in a story what is told, asked and held is named so"
)]

mod api;
mod architecture;
mod browser;
mod deploy;
mod emulator;
mod faults;
mod flows;
mod kills;
mod privacy;
mod program;
mod proof;
mod properties;
mod sdks;
mod store;
mod support;
