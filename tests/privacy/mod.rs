//! Nobody can be read out of what the gateway writes beside its store; and out of the store nothing once somebody was erased.

mod erased;
