//! Tests that each layer imports only from lower ones, and no file imports itself through others.

mod layering;

/// The layers, from the bottom up. Modules in one row may import each other, but not in a cycle.
const LAYERS: &[&[&str]] = &[
    &[
        "damage",
        "amount",
        "codes",
        "conformance",
        "date",
        "density",
        "error",
        "existing",
        "file_kind",
        "fingerprint",
        "length",
        "limits",
        "notice",
        "options",
        "piece",
        "profile",
        "quality",
        "standard",
        "value",
    ],
    &["pdf"],
    &["append", "catalog", "metadata"],
    &["jpeg"],
    &["coding"],
    &["backend", "extract", "geometry"],
    &["conforming", "structure"],
    &[
        "document", "extras", "inspect", "objects", "page", "streamed",
    ],
    &["crate"],
];

#[test]
fn no_module_imports_a_higher_layer_or_is_in_a_cycle() {
    layering::check(env!("CARGO_MANIFEST_DIR"), LAYERS);
}
