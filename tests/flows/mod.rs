//! Stories through the front door of the engine: a phone taps, a merchant answers, the clock moves.

mod asked_again;
mod bursts;
mod cut_off;
mod hanging;
mod identities;
mod languages;
mod orders;
mod payments;
mod poison;
mod purchases;
mod reloads;
mod replays;
mod replicas;
mod rules;
mod rules_money;
mod statuses;
mod stopping;
mod time;
mod time_jumps;
mod time_leases;
