//! Tests of the library through its public API.

mod codes;
mod header;
mod layout;
mod making;
mod metadata;
mod page_size;
mod pages;
mod refusals;
mod scans;
mod segments;
mod sources;
mod views;
