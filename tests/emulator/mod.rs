//! The emulator as an outsider meets it: over real HTTP, with the token in the header; no gateway takes part.

mod borders;
mod bot;
mod graph;
mod graph_account;
mod phones;
mod phones_ids;
mod receiver;
mod refusals;
mod webhooks;
