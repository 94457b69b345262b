//! What must hold for any input: money, parsers, buttons, and `decide` against a reference model.

mod decisions;
mod inputs;
