//! The binary itself, over real HTTP: what a newcomer runs, what an operator deploys, what a crash does to it.

mod check;
mod console;
mod crashes;
mod drain;
mod edges;
mod emulator;
mod erased;
mod letters;
mod levels;
mod measures;
mod reload;
mod replays;
mod starts;
mod tls;
mod walks;
