//! Tests that memory depends on the budget and not on the load.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::running::Service;
use super::{FORM, endless, form, jpeg, large};

pub(crate) const MIB: u64 = 1 << 20;
/// The budget of a service under load, in bytes.
pub(crate) const BUDGET: u64 = 128 * MIB;
/// The memory that the service may use in addition to its budget, in bytes.
pub(crate) const BESIDE: u64 = 32 * MIB;

/// Returns a JPEG of 20 MB.
pub(crate) fn big() -> Vec<u8> {
    large(20_000_000)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_of_a_quarter_gibibyte_takes_a_few_megabytes() {
    const SIZE: usize = (256 << 20) + 1;
    let service = Service::start(&[]);
    let before = service.peak();
    let (mut answers, mut stream) = TcpStream::connect(service.address)
        .await
        .unwrap()
        .into_split();
    let head = format!(
        "POST /v1/pdf?stream=true HTTP/1.1\r\nHost: test\r\nConnection: close\r\nContent-Type: image/jpeg\r\n\
         Content-Length: {SIZE}\r\n\r\n"
    );
    let sending = tokio::spawn(async move {
        let begun = endless(1 << 20);
        stream
            .write_all(&[head.as_bytes(), &begun].concat())
            .await
            .unwrap();
        let zeros = vec![0; 1 << 20];
        let mut left = SIZE - begun.len();
        while left > 0 {
            let part = &zeros[..left.min(zeros.len())];
            stream.write_all(part).await.unwrap();
            left -= part.len();
        }
        // Dropping the stream would tell the service that nobody waits for the answer.
        stream
    });
    let (mut received, mut last) = (0, Vec::new());
    let mut buffer = vec![0; 1 << 20];
    loop {
        let count = answers.read(&mut buffer).await.unwrap();
        if count == 0 {
            break;
        }
        received += count;
        last.extend(&buffer[..count]);
        last.drain(..last.len().saturating_sub(100));
    }
    drop(sending.await.unwrap());
    let last = String::from_utf8_lossy(&last);
    assert!(
        received > SIZE && last.ends_with("%%EOF\n\r\n0\r\n\r\n"),
        "{received} {last}"
    );
    assert!(
        service.peak() < before + 8 * MIB,
        "{} MiB",
        service.peak() / MIB
    );
}

#[test]
fn a_form_takes_no_more_than_its_body() {
    const SIZE: usize = 30_000_000;
    let service = Service::start(&["--memory-budget", "40000000"]);
    let part = |head: &str, data: &[u8]| {
        let head = format!("--XX\r\nContent-Disposition: form-data; {head}\r\n\r\n");
        [head.as_bytes(), data, b"\r\n"].concat()
    };
    let long_name = format!("name=myfile; filename={}", "x".repeat(SIZE));
    for parts in [
        // As a list of values, this would take many times its size.
        part("name=options", &b"0,".repeat(SIZE / 2)),
        part("name=quality", &vec![0xFF; SIZE]),
        part(&long_name, b"no JPEG"),
        part("name=a", b"").repeat(SIZE / 60),
    ] {
        let body = [&parts[..], &form(&[("a.jpg", &jpeg(1))])].concat();
        let refused = service.send("POST /", FORM, &body);
        assert!(matches!(refused.status, 400 | 413), "{}", refused.text());
        assert!(refused.body.len() < 1000);
    }
    // Fields for files that were not chosen are not files.
    let body = [
        &part("name=myfile", b"").repeat(SIZE / 60)[..],
        &form(&[("a.jpg", &jpeg(1))]),
    ];
    assert_eq!(service.send("POST /", FORM, &body.concat()).pages(), 1);
    let peak = service.peak() / MIB;
    assert!(peak < 60, "{peak} MiB");
}

/// Sends a request on a connection that reads hardly anything of the answer.
fn ask_and_hold(service: &Service, head: &str, body: &[u8]) -> Option<std::net::TcpStream> {
    let mut stream = service.connect();
    stream.set_read_timeout(None).ok()?;
    let mut begun = [0; 12];
    std::io::Write::write_all(&mut stream, &[head.as_bytes(), body].concat()).ok()?;
    std::io::Read::read_exact(&mut stream, &mut begun).ok()?;
    (begun == *b"HTTP/1.1 200").then_some(stream)
}

/// Many small pieces of answers, and reused buffers, take memory as well.
#[test]
fn unread_answers_stay_within_the_budget() {
    // However busy the machine is, nothing takes too long: neither a client's form, nor the rest of its answer.
    let service = Service::start(&[
        "--memory-budget",
        &BUDGET.to_string(),
        "--convert-timeout=3600",
        "--queue-timeout=3600",
        "--stall-timeout=3600",
        "--body-timeout=3600",
        "--grace=12000",
    ]);
    let (mut held, big) = (Vec::new(), big());
    let form_head = |query: &str, size: usize| {
        format!(
            "POST /v1/pdf{query} HTTP/1.1\r\nHost: test\r\nContent-Type: {FORM}\r\nContent-Length: {size}\r\n\r\n"
        )
    };
    let pages = form(&[("a.jpg", &noise(90, 90)[..]); 60]);
    // Each comment is cut together with the byte before it, and leaves a piece.
    let picture = jpeg(1);
    let cuts = [
        &picture[..2],
        &b"x\xFF\xFE\0\x02".repeat(4000),
        &picture[2..],
    ]
    .concat();
    let cuts = form(&[("a.jpg", &cuts[..]); 30]);
    let mut forms = [0, 0];
    for _ in 0..3 {
        // These are buffers of 20 MB that were written to, and small chunked bodies.
        for _ in 0..2 {
            service.send("POST /v1/pdf", "image/jpeg", &big);
        }
        let chunk = &large(3_000_000);
        let chunked = [
            format!("{:x}\r\n", chunk.len()).as_bytes(),
            chunk,
            b"\r\n0\r\n\r\n",
        ]
        .concat();
        let asks = "POST /v1/pdf HTTP/1.1\r\nHost: test\r\nContent-Type: image/jpeg\r\nTransfer-Encoding: chunked\r\n\r\n";
        held.extend(ask_and_hold(&service, asks, &chunked));
        let asked = [("?optimize=true", &pages), ("", &cuts)];
        for ((query, form), count) in asked.into_iter().zip(&mut forms) {
            let answered = ask_and_hold(&service, &form_head(query, form.len()), form);
            *count += usize::from(answered.is_some());
            held.extend(answered);
        }
    }
    let peak = service.peak();
    assert!(
        peak <= BUDGET + BESIDE,
        "{} MiB, {} held",
        peak / MIB,
        held.len()
    );
    assert!(forms.iter().all(|&count| count > 0), "{forms:?}");
}

/// Returns noise, which takes the most memory and hardly compresses.
fn noise(width: u16, height: u16) -> Vec<u8> {
    let mut state = 1_u32;
    let samples: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    })
    .take(usize::from(width) * usize::from(height) * 4)
    .collect();
    let mut jpeg = Vec::new();
    jpeg_encoder::Encoder::new(&mut jpeg, 100)
        .encode(&samples, width, height, jpeg_encoder::ColorType::Cmyk)
        .expect("the samples fit");
    jpeg
}

#[test]
fn decoding_stays_within_its_reserved_memory() {
    let service = Service::start(&["--workers=1", "--convert-timeout=3600", "--grace=9000"]);
    let jpeg = noise(1500, 1000);
    // This reaches pdfmagic-core's own limit.
    let samples = 1504 * 1000 * 4;
    let scratch = 12 * samples + 3 * jpeg.len() as u64 + 2 * MIB;
    let before = service.peak();
    for options in [
        "optimize=true",
        "progressive=true",
        "backend=reencode&quality=100",
        "backend=reencode&max-density=70",
    ] {
        let done = service.send(&format!("POST /v1/pdf?{options}"), "image/jpeg", &jpeg);
        assert_eq!(done.status, 200, "{options}: {}", done.text());
        let taken = service.peak() - before;
        let reserved = scratch + (jpeg.len() + done.body.len()) as u64;
        assert!(
            taken < reserved + 8 * MIB,
            "{options}: {} of {} MiB",
            taken / MIB,
            reserved / MIB
        );
    }
}

/// The memory for decoding depends on the image, even if most of the file is comments.
#[test]
fn a_large_file_with_a_small_image_can_be_decoded() {
    let service = Service::start(&["--memory-budget", &BUDGET.to_string()]);
    for options in [
        "optimize=true",
        "progressive=true",
        "backend=reencode",
        "backend=reencode&max-density=70",
    ] {
        let done = service.send(&format!("POST /v1/pdf?{options}"), "image/jpeg", &big());
        assert_eq!(done.pages(), 1, "{options}");
    }
}

/// A profile of many megabytes is copied on a worker, within the budget.
#[test]
fn a_large_profile_is_embedded() {
    let service = Service::start(&[]);
    let picture = jpeg(1);
    let size: usize = 100 * 65_000;
    let mut profile = vec![0; size];
    profile[..4].copy_from_slice(&u32::try_from(size).unwrap().to_be_bytes());
    profile[8] = 4;
    profile[12..20].copy_from_slice(b"mntrRGB ");
    profile[36..40].copy_from_slice(b"acsp");
    let mut with_profile = picture[..2].to_vec();
    for (number, part) in (1..).zip(profile.chunks(65_000)) {
        with_profile.extend(
            [
                &b"\xFF\xE2"[..],
                &(65_000_u16 + 16).to_be_bytes(),
                b"ICC_PROFILE\0",
                &[number, 100],
                part,
            ]
            .concat(),
        );
    }
    with_profile.extend(&picture[2..]);
    let before = service.peak();
    let done = service.send("POST /v1/pdf", "image/jpeg", &with_profile);
    assert_eq!(done.pages(), 1);
    assert!(done.body.len() > size);
    assert_ne!(service.metric("pdfmagic_queue_wait_seconds_count"), 0);
    // The memory has the body, the assembled profile, and its copy for the answer.
    assert!(
        service.peak() < before + 4 * size as u64,
        "{} MiB",
        (service.peak() - before) / MIB
    );
    let described = service.send("POST /v1/inspect", "image/jpeg", &with_profile);
    assert!(
        described
            .text()
            .contains(&format!("\"icc_profile\":{size}")),
        "{}",
        described.text()
    );
}

/// The allocator is configured once, unless the operator has configured it; arguments and name are kept.
#[test]
fn the_allocator_is_configured_to_return_memory() {
    let environment = |service: &Service| {
        let of = |what| std::fs::read_to_string(format!("/proc/{}/{what}", service.pid())).unwrap();
        assert!(of("cmdline").contains("pdfmagic-http\0--listen\0"));
        of("environ")
            .split('\0')
            .filter(|variable| variable.starts_with("MALLOC_"))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let told = environment(&Service::start(&[]));
    let expected = [
        "MALLOC_MMAP_THRESHOLD_=1048576",
        "MALLOC_TRIM_THRESHOLD_=4194304",
    ];
    assert_eq!(told, expected);
    let own = ("MALLOC_TRIM_THRESHOLD_", "65536");
    let told = environment(&Service::start_with(&[], &[own]));
    assert_eq!(told, ["MALLOC_TRIM_THRESHOLD_=65536"]);
}
