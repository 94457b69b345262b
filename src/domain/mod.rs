//! The core: what a conversation is and how an event changes it. Pure: standard library, serde, rust_decimal and
//! thiserror only. It owns every business rule (R1–R12) and every text; it refuses I/O, time, randomness, logging and
//! the names of any provider's or shop's fields.

pub mod button;
pub mod cart;
pub mod content;
pub mod conversation;
pub mod decide;
pub mod device;
pub mod effect;
pub mod event;
pub mod expiring;
pub mod facts;
pub mod ids;
pub mod masked;
pub mod message;
pub mod money;
pub mod payment;
pub mod product;
pub mod purchase;
pub mod replies;
pub mod text;
pub mod verdict;
