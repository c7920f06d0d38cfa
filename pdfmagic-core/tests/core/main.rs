//! What the library promises, by its public face.

mod header;
mod layout;
mod making;
mod pages;
mod refusals;
mod sources;
mod views;
