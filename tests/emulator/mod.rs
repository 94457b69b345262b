//! The emulator alone, over real HTTP: no gateway takes part.

mod phones;
mod receiver;
mod webhooks;
