//! Tests that transcoded data decodes to the same samples.

use pdfmagic_core::Transcode;

use super::libjpeg::djpeg;
use super::support::{coded, over_corpus};

/// Compares samples before and after. Returns whether there was anything to compare, or an error message.
fn transcodes_alike(jpeg: &[u8], backend: Transcode) -> Result<bool, String> {
    let Some(before) = djpeg(jpeg) else {
        return Ok(false);
    };
    let coded = coded(jpeg, &backend).map_err(|error| error.to_string())?;
    let after = djpeg(&coded).ok_or("djpeg warns about what we made")?;
    if before == after {
        return Ok(true);
    }
    Err("other samples".to_owned())
}

#[test]
fn transcoding_to_baseline_keeps_every_sample() {
    over_corpus(|jpeg| transcodes_alike(jpeg, Transcode { progressive: false }));
}

#[test]
fn transcoding_to_progressive_keeps_every_sample() {
    over_corpus(|jpeg| transcodes_alike(jpeg, Transcode { progressive: true }));
}
