//! What is transcoded decodes to the same samples.

use std::fs;
use std::path::Path;

use pdfmagic_core::Transcode;

use super::support::{coded, djpeg, over_corpus};

/// Says whether there was anything to compare.
fn transcodes_alike(path: &Path, backend: Transcode) -> Result<bool, String> {
    let jpeg = fs::read(path).expect("it can be read");
    let Some(before) = djpeg(&jpeg) else {
        return Ok(false);
    };
    let name = path.file_name().expect("a file").to_string_lossy();
    let coded = coded(&jpeg, &backend).map_err(|error| format!("{name}: {error}"))?;
    let after = djpeg(&coded).ok_or(format!("{name}: djpeg warns about what we made"))?;
    if before == after {
        return Ok(true);
    }
    Err(format!("{name}: other samples"))
}

#[test]
fn transcoding_to_baseline_keeps_every_sample() {
    over_corpus(|path| transcodes_alike(path, Transcode { progressive: false }));
}

#[test]
fn transcoding_to_progressive_keeps_every_sample() {
    over_corpus(|path| transcodes_alike(path, Transcode { progressive: true }));
}
