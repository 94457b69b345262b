//! Real faults on real stores against the real program: each scenario lets something die under load and counts what was
//! acknowledged, lost and doubled. `scripts/faults` makes the table of it.

pub mod counts;
