//! What tests stand on: a real Redis, a stepped world, and the whole program over HTTP.

pub mod redis_server;
