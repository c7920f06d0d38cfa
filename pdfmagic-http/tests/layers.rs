//! Tests that each layer imports only from lower ones, and no file imports itself through others.

#[path = "../../pdfmagic-core/tests/layering/mod.rs"]
mod layering;

/// The layers, from the bottom up. Modules in one row may import each other, but not in a cycle.
const LAYERS: &[&[&str]] = &[
    &[
        "config",
        "connection_buffers",
        "drain_body",
        "environment",
        "headers",
        "health_command",
        "lifecycle",
        "listen",
        "notices",
        "paths",
        "peer",
        "phase",
        "prefix",
        "problem",
        "problem_details",
        "undelivered",
        "vectored_buf",
    ],
    &["form", "log", "memory", "metrics", "rates"],
    &[
        "body",
        "request_record",
        "timed_stream",
        "work_memory",
        "workers",
    ],
    &["admission", "pdf_body", "traces", "tracked_request"],
    &["routes"],
    &["service"],
    &["admin", "connection"],
    &["server"],
    &["program"],
    &["crate", "main"],
];

#[test]
fn no_module_imports_a_higher_layer_or_is_in_a_cycle() {
    layering::check(env!("CARGO_MANIFEST_DIR"), LAYERS);
}
