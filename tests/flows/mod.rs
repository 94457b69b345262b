//! Stories through the front door of the engine: a phone taps, a merchant answers, the clock moves.

mod bursts;
mod identities;
mod languages;
mod orders;
mod purchases;
mod rules;
mod statuses;
mod time;
mod time_jumps;
mod time_leases;
