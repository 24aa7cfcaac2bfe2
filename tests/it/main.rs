//! One integration binary: everything that goes through a real door or speaks to a real server.

mod canary;
mod catalogue;
mod cli;
mod client;
mod contract;
mod crash;
mod faults;
mod faults_told;
mod http;
mod paths;
mod process;
mod reference;
mod road;
mod snapshot;
mod stdio;
mod support;
