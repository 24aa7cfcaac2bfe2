//! One integration binary: everything that goes through a real door or speaks to a real server.

mod catalogue;
mod support;
