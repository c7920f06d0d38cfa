//! What the library promises, by its public face.

mod codes;
mod header;
mod layout;
mod making;
mod page_size;
mod pages;
mod refusals;
mod sources;
mod views;
