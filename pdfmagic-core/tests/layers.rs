//! Each layer imports only from those below it, and no file imports itself through others.

mod layering;

/// The layers, from the ground up. Modules in one row may import each other, but not in a circle.
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
fn no_module_imports_a_higher_layer_or_itself_through_others() {
    layering::check(env!("CARGO_MANIFEST_DIR"), LAYERS);
}
