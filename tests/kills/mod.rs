//! Real faults on real stores against the real program: each scenario lets something die under load and counts what was
//! acknowledged, lost and doubled. `scripts/faults` makes the table of it.
#![cfg_attr(
    not(feature = "faults"),
    expect(
        dead_code,
        reason = "some of it serves only what lets the gateway die at a fail point"
    )
)]

mod cluster;
pub mod counts;
mod crowd;
mod drains;
#[cfg(feature = "faults")]
mod gateway;
mod load;
pub mod outside;
mod post;
#[cfg(target_os = "linux")]
mod power;
mod redb;
mod redis;
mod rest;
mod rolling;
mod rotation;
#[cfg(target_os = "linux")]
mod shim;
pub mod stand;
mod tally;
mod trust;
pub mod vault;
mod writers;
