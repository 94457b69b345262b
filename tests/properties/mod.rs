//! What must hold for any input: money, parsers, webhooks, buttons, texts, statuses, and `decide` against a reference model.

mod bodies;
mod decisions;
mod inputs;
mod mutations;
mod mutator;
mod statuses;
mod texts;
