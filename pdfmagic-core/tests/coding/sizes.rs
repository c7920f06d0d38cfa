//! Tests that transcoded data is no larger than that of libjpeg-turbo's `jpegtran`.

use pdfmagic_core::Transcode;

use super::libjpeg::{has_djpeg, run};
use super::support::{coded, corpus_and_photos, on_two_threads};

/// Returns the total size over the corpus and generated pictures, by `jpegtran` with `option` and by us, in bytes.
fn totals(option: &str, backend: Transcode) -> [usize; 2] {
    let files = corpus_and_photos(800, 600);
    let sizes = on_two_threads(&files, |jpeg| {
        let (is_sound, theirs) = run("jpegtran", &["-copy", "none", option], jpeg);
        let ours = coded(jpeg, &backend).ok().filter(|_| is_sound)?;
        Some([theirs.len(), ours.len()])
    });
    let compared: Vec<_> = sizes.into_iter().flatten().collect();
    let totals = [0, 1].map(|whose| compared.iter().map(|sizes| sizes[whose]).sum());
    println!(
        "{} files by jpegtran {option}, by us: {totals:?} bytes",
        compared.len()
    );
    totals
}

#[test]
fn optimized_output_is_no_larger_than_with_jpegtran() {
    if has_djpeg() {
        let [theirs, ours] = totals("-optimize", Transcode { progressive: false });
        assert!(ours <= theirs);
    }
}

#[test]
fn progressive_output_is_at_most_1_percent_larger_than_with_jpegtran() {
    if has_djpeg() {
        let [theirs, ours] = totals("-progressive", Transcode { progressive: true });
        assert!(ours * 100 <= theirs * 101);
    }
}
