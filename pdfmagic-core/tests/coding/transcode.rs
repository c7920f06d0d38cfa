//! What is transcoded decodes to the same samples.

use pdfmagic_core::Transcode;

use super::corpus_files::read;
use super::libjpeg::djpeg;
use super::support::{coded, over_corpus};

/// It has a DC scan alone, so that libjpeg smooths what it shows. Transcoded it is whole, and is not smoothed.
const SMOOTHED: &str = "reported/progressive-dc-only.jpg";

/// Compares samples before and after. Returns whether there was anything to compare, or what is wrong.
fn transcodes_alike(jpeg: &[u8], backend: Transcode) -> Result<bool, String> {
    let Some(before) = djpeg(jpeg) else {
        return Ok(false);
    };
    let coded = coded(jpeg, &backend).map_err(|error| error.to_string())?;
    let after = djpeg(&coded).ok_or("djpeg warns about what we made")?;
    let is_smoothed = jpeg == read(SMOOTHED);
    if (before == after) != is_smoothed {
        return Ok(true);
    }
    Err("other samples, or the same where others were expected".to_owned())
}

#[test]
fn transcoding_to_baseline_keeps_every_sample() {
    over_corpus(|jpeg| transcodes_alike(jpeg, Transcode { progressive: false }));
}

#[test]
fn transcoding_to_progressive_keeps_every_sample() {
    over_corpus(|jpeg| transcodes_alike(jpeg, Transcode { progressive: true }));
}
