//! What a request is made of, by the original's way and by ours. `cargo bench -p pdfmagic-benches --bench bottleneck`

use criterion::{Criterion, criterion_group, criterion_main};
use pdfmagic_benches::image::{Picture, jpeg};
use pdfmagic_benches::stage::stages;

fn bottleneck(criterion: &mut Criterion) {
    let jpeg = jpeg(Picture::Noise, 640, 480, 92, 0).expect("the size is not zero");
    let directory = tempfile::tempdir().expect("there is room for a file");
    let stages = stages(&jpeg, directory.path()).expect("ImageMagick may write PDF");
    let mut group = criterion.benchmark_group("640x480 noise");
    group.sample_size(20);
    for mut stage in stages {
        group.bench_function(format!("{} ({})", stage.name, stage.whose), |bencher| {
            bencher.iter(&mut stage.run);
        });
    }
}

criterion_group!(benches, bottleneck);
criterion_main!(benches);
