//! The merchant API as its users meet it: the document, its examples, keys that belong to different merchants.

mod conformance;
mod desk;
mod examples;
mod keys;
mod repeats;
mod strangers;
