//! The policy: its file, its reload, what it decides, and what is written about it.

mod file;
mod narrower;
mod reference;
mod reload;
mod table;
mod world;
