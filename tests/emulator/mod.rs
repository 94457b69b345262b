//! The emulator alone, over real HTTP: no gateway takes part.

mod bot;
mod graph;
mod graph_account;
