//! What must hold for any input: money, parsers, webhooks, buttons, texts, statuses, `decide` against a reference model, and
//! journals of any walk.

mod bodies;
mod decisions;
mod inputs;
mod mutations;
mod mutator;
mod replays;
mod statuses;
mod texts;
