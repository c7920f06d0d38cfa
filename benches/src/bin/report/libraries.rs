//! What a library takes from the bytes of a JPEG to those of a PDF.

use std::hint::black_box;
use std::io;

use pdfmagic_benches::image::{Picture, jpeg};
use pdfmagic_benches::page;
use pdfmagic_benches::stage::median;

use crate::bench::{Bench, ROUNDS, middle};
use crate::rivals::{RIVALS, Rival};

pub(crate) fn measure(bench: &mut Bench) -> io::Result<()> {
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
        eprintln!("report: libraries, {} kB", jpeg.len() / 1000);
        for one in &contenders[1..] {
            page::check(&(one.convert)(&jpeg, width, height)?, &jpeg)?;
        }
        let mut rounds = vec![Vec::new(); contenders.len()];
        for _ in 0..ROUNDS {
            for (one, rounds) in contenders.iter().zip(&mut rounds) {
                let time = median(|| {
                    black_box((one.convert)(black_box(&jpeg), width, height)?);
                    Ok(())
                })?;
                rounds.push(time.as_secs_f64() * 1e6);
            }
        }
        let times: Vec<_> = rounds.iter().map(|rounds| middle(rounds)).collect();
        columns.push((jpeg.len() / 1000, times));
    }
    bench.say(
        "\n## The library against others\n\n\
         From a photo in memory to a PDF in memory with the JPEG's own data in it: medians of rounds in turn, and \
         times pdfmagic-core's. Each page was drawn by poppler before, and is the photo. pdfmagic-core copies the data \
         here as the others do; the service and the command need no copy.\n",
    );
    let heads: Vec<_> = columns
        .iter()
        .map(|(kilobytes, _)| format!("{kilobytes} kB [µs] | times"))
        .collect();
    bench.say(&format!(
        "| | {} |\n|---|--:|--:|--:|--:|",
        heads.join(" | ")
    ));
    for (row, one) in contenders.iter().enumerate() {
        let cells: Vec<_> = columns
            .iter()
            .map(|(_, times)| format!("{:.1} | {:.2}", times[row], times[row] / times[1]))
            .collect();
        bench.say(&format!("| {} | {} |", one.name, cells.join(" | ")));
    }
    Ok(())
}
