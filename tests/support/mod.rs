//! What tests stand on: a real Redis, a store in memory, a stepped world, and the whole program over HTTP.

pub mod chat;
pub mod model_store;
pub mod program;
pub mod redis_cluster;
pub mod redis_sentinels;
pub mod redis_server;
pub mod shop;
pub mod statuses;
pub mod time;
pub mod world;
