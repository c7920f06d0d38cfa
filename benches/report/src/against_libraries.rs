//! Compares pdfmagic-core with other libraries, from the bytes of a JPEG to those of a PDF.

use std::hint::black_box;
use std::io;

use pdfmagic_benches::page_check;
use pdfmagic_benches::rivals::{RIVALS, Rival};
use pdfmagic_benches::timing;
use pdfmagic_load::picture::{Picture, jpeg};

use crate::promise::{ROUNDS, median};
use crate::report::Report;

pub(crate) fn measure(report: &mut Report) -> io::Result<()> {
    let copy = Rival {
        name: "a copy of the JPEG, for comparison",
        convert: |jpeg, _, _| Ok(jpeg.to_vec()),
    };
    let ours = Rival {
        name: "pdfmagic-core",
        convert: |jpeg, _, _| pdfmagic_core::jpeg_to_pdf(jpeg).map_err(io::Error::other),
    };
    let contenders: Vec<_> = [copy, ours].into_iter().chain(RIVALS).collect();
    let mut columns = Vec::new();
    for (width, height) in [(816, 612), (4000, 3000)] {
        let jpeg = jpeg(Picture::Photo, width, height, 90, 0).map_err(io::Error::other)?;
        eprintln!("pdfmagic-report: libraries, {} kB", jpeg.len() / 1000);
        for one in &contenders[1..] {
            let pdf = (one.convert)(&jpeg, width, height)?;
            page_check::check(&pdf, &jpeg)
                .map_err(|error| io::Error::other(format!("{}: {error}", one.name)))?;
        }
        let mut rounds = vec![Vec::new(); contenders.len()];
        for _ in 0..ROUNDS {
            for (one, rounds) in contenders.iter().zip(&mut rounds) {
                let time = timing::median(|| {
                    black_box((one.convert)(black_box(&jpeg), width, height)?);
                    Ok(())
                })?;
                rounds.push(time.as_secs_f64() * 1e6);
            }
        }
        let times: Vec<_> = rounds.iter().map(|rounds| median(rounds)).collect();
        columns.push((jpeg.len() / 1000, times));
    }
    report.section("The library against others");
    report.say(
        "From a photo in memory to a PDF in memory: medians of rounds in turn, and their ratios to pdfmagic-core. All but \
         *image and printpdf* put the JPEG's own data into the PDF; that one decodes it and encodes it again. Before \
         anything is timed, poppler renders each page, which must show the photo. pdfmagic-core copies the data here, as the \
         others do; the service and the command need no copy.\n",
    );
    let heads: Vec<_> = columns
        .iter()
        .map(|(kilobytes, _)| format!("{kilobytes} kB [µs] | ratio"))
        .collect();
    report.say(&format!(
        "| | {} |\n|---|--:|--:|--:|--:|",
        heads.join(" | ")
    ));
    for (row, one) in contenders.iter().enumerate() {
        let cells: Vec<_> = columns
            .iter()
            .map(|(_, times)| format!("{:.1} | {:.2}", times[row], times[row] / times[1]))
            .collect();
        report.say(&format!("| {} | {} |", one.name, cells.join(" | ")));
    }
    Ok(())
}
