//! Sacola: a gateway that brings chat purchases to any shop. See `docs/ARCHITECTURE.md` for the seven hops of a webhook.

pub mod app;
pub mod assets;
pub mod cli;
pub mod clock;
pub mod config;
pub mod delivery;
pub mod domain;
pub mod emulator;
pub mod engine;
pub mod faults;
pub mod http;
pub mod live;
pub mod merchants;
pub mod outgoing;
pub mod spans;
pub mod store;
pub mod tasks;
pub mod telemetry;
pub mod trace;
pub mod whatsapp;
