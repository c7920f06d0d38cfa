//! What a request is made of, by the original's way and by ours, for four sizes on one processor and on two.
//! `cargo bench -p pdfmagic-benches --bench bottleneck`

use std::time::Duration;

use criterion::{Criterion, SamplingMode, criterion_group, criterion_main};
use pdfmagic_benches::image::{Picture, jpeg};
use pdfmagic_benches::stage::{SIZES, Stage, Stages, on, processors};

fn bottleneck(criterion: &mut Criterion) {
    for (size, side) in SIZES {
        let jpeg = jpeg(Picture::Noise, side, side, 92, 0).expect("the size is not zero");
        for count in processors() {
            on(count, || {
                let mut stages = Stages::new(jpeg.clone())?;
                let mut group = criterion.benchmark_group(format!("{size} on {count}"));
                group
                    .sample_size(10)
                    .sampling_mode(SamplingMode::Flat)
                    .warm_up_time(Duration::from_millis(100))
                    .measurement_time(Duration::from_secs(1));
                for stage in Stage::ALL {
                    group.bench_function(format!("{stage:?}"), |bencher| {
                        bencher.iter(|| stages.run(stage).expect("it went well before"));
                    });
                }
                group.finish();
                Ok(())
            })
            .expect("ImageMagick may write PDF");
        }
    }
}

criterion_group!(benches, bottleneck);
criterion_main!(benches);
