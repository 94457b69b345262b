//! What must hold for any input: money, parsers, buttons, texts, and `decide` against a reference model.

mod decisions;
mod inputs;
mod texts;
