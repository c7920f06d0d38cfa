//! Benchmarks the stages of a request, of the original service and of pdfmagic, for four sizes on one processor and on
//! two. `cargo bench --profile dist -p pdfmagic-benches --bench stages`

use std::time::Duration;

use criterion::{Criterion, SamplingMode, criterion_group, criterion_main};
use pdfmagic_benches::stages::{SIZES, Stage, Stages};
use pdfmagic_benches::timing::{on, processors};
use pdfmagic_load::picture::{Picture, jpeg};

fn stages(criterion: &mut Criterion) {
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
                        bencher.iter(|| stages.run(stage).expect("it succeeded before"));
                    });
                }
                group.finish();
                Ok(())
            })
            .expect("ImageMagick may write PDF");
        }
    }
}

criterion_group!(benches, stages);
criterion_main!(benches);
