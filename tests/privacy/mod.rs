//! Nobody can be read out of what the gateway writes beside its store; and out of the store nothing once somebody was erased.

mod between;
mod collector;
mod demo;
mod erased;
mod erased_meanwhile;
mod erased_on_disk;
mod needles;
mod stage;
mod story;
mod traces;
