//! How callers arrive: the protocol handler (`mcp`) and the two doors in front of it (`stdio`,
//! `http`). A door recognises a `Caller`, refuses what isn't the protocol, and hands everything
//! else to the one road in `dispatch`.

pub mod caller;
pub mod http;
pub mod mcp;
pub mod stdio;
pub mod stop;

#[cfg(unix)]
mod descriptors;
mod lines;
mod message;
mod pipe;
