//! Tests of the library through its public API.

mod codes;
mod header;
mod layout;
mod making;
mod page_size;
mod pages;
mod refusals;
mod sources;
mod views;
