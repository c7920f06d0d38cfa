//! `recode HOW IN OUT`: writes the JPEG that a backend would embed. HOW is `optimize` or `progressive`, which are
//! lossless, or `requantize` or `half`, which have quality 75.
use std::fs::{self, File};
use std::io::Write;

use pdfmagic_core::Density;
use pdfmagic_core::{Backend, Jpeg, Limits, Transcode};
use pdfmagic_core::{Quality, Reencode};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [how, input, output] = &args[..] else {
        return Err("usage: recode HOW IN OUT".into());
    };
    let input = fs::read(input)?;
    let limits = Limits::default();
    let jpeg = Jpeg::parse(&input, &limits)?;
    let requantize = Reencode {
        quality: Quality::new(75).ok_or("quality out of range")?,
        ..Reencode::default()
    };
    let backend: &dyn Backend = match &how[..] {
        "optimize" => &Transcode { progressive: false },
        "progressive" => &Transcode { progressive: true },
        "requantize" => &requantize,
        "half" => {
            let [density, _] = jpeg.density().unwrap_or_default();
            let max_density = Density::new(density.get() / 2.0);
            &Reencode {
                max_density,
                ..requantize
            }
        }
        _ => return Err("HOW is optimize, progressive, requantize or half".into()),
    };
    let image = backend.image(&jpeg, &limits)?;
    let mut output = File::create(output)?;
    for piece in &image.data {
        output.write_all(piece.bytes(&input))?;
    }
    Ok(())
}
