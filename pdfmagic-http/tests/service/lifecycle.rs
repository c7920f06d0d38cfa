//! Tests of health, timeouts and shutdown.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use super::running::{Answer, Service, signal};
use super::{endless, jpeg};

#[test]
fn the_service_is_alive_and_ready_from_the_start() {
    let service = Service::start(&[]);
    assert_eq!(
        (service.get("/livez").status, service.get("/readyz").status),
        (200, 200)
    );
}

#[test]
fn clients_that_send_no_request_are_disconnected() {
    let service = Service::start(&["--header-timeout", "0.3", "--idle-timeout", "0.3"]);
    for begun in ["", "GET / HT", "GET /livez HTTP/1.1\r\nHost: test\r\n\r\n"] {
        let mut stream = service.connect();
        stream.write_all(begun.as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream
            .read_to_end(&mut answer)
            .expect("the service closes the connection");
    }
}

#[test]
fn silent_clients_of_the_admin_port_make_room_for_others() {
    let service = Service::start(&["--stall-timeout", "5"]);
    let descriptors = || {
        let open = std::fs::read_dir(format!("/proc/{}/fd", service.pid()));
        open.expect("it runs").count()
    };
    let own = descriptors();
    let silent: Vec<_> = (0..150)
        .map(|_| TcpStream::connect(service.admin).expect("there is a queue"))
        .collect();
    service.until(|| descriptors() >= own + 64);
    assert!(descriptors() <= own + 64);
    assert_eq!(service.ask("/livez").status, 200);
    drop(silent);
}

#[test]
fn a_request_in_flight_is_finished_after_sigterm() {
    let service = Service::start(&["--drain-delay=3", "--stall-timeout=60"]);
    let jpeg = jpeg(1);
    let mut stream = service.connect();
    let head = format!(
        "POST /v1/pdf HTTP/1.1\r\nHost: test\r\nContent-Type: image/jpeg\r\nContent-Length: {}\r\n\r\n",
        jpeg.len()
    );
    stream
        .write_all(&[head.as_bytes(), &jpeg[..100]].concat())
        .unwrap();
    // The head has been read once another request was answered on a later connection.
    assert_eq!(service.get("/readyz").status, 200);
    service.terminate();
    service.until(|| service.get("/readyz").status == 503);
    assert_eq!(service.get("/livez").status, 200);
    service.until(|| TcpStream::connect(service.address).is_err());
    // Impatient supervisors send more of them.
    for _ in 0..20 {
        service.terminate();
    }
    stream.write_all(&jpeg[100..]).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    assert_eq!(Answer::parse(&answer).pages(), 1);
    assert_eq!(service.exit_code(), Some(0));
}

#[test]
fn answers_close_their_connection_while_draining() {
    let service = Service::start(&["--drain-delay", "3600"]);
    let mut stream = service.connect();
    let mut ask = || {
        stream
            .write_all(b"GET /livez HTTP/1.1\r\nHost: test\r\n\r\n")
            .unwrap();
        let mut bytes = Vec::new();
        while !bytes.ends_with(b"ok\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            bytes.extend(byte);
        }
        Answer::parse(&bytes)
            .header("connection")
            .map(str::to_owned)
    };
    assert_eq!((ask(), service.metric("pdfmagic_draining")), (None, 0));
    service.terminate();
    service.logged("told to stop");
    assert_eq!(service.metric("pdfmagic_draining"), 1);
    assert_eq!(ask().as_deref(), Some("close"));
}

#[test]
fn a_request_that_does_not_finish_is_cut_off_after_the_grace_period() {
    let service = Service::start(&[
        "--drain-delay=0",
        "--stall-timeout=3",
        "--body-timeout=3",
        "--queue-timeout=0",
        "--convert-timeout=0",
        "--grace=3.2",
    ]);
    // A stream may take longer than other bodies.
    let mut stream = service.connect();
    stream.write_all(b"POST /v1/pdf?stream=true HTTP/1.1\r\nHost: test\r\nContent-Type: image/jpeg\r\nContent-Length: 1000000000\r\n\r\n").unwrap();
    stream.write_all(&endless(2000)).unwrap();
    let mut answers = stream.try_clone().unwrap();
    std::thread::spawn(move || std::io::copy(&mut answers, &mut std::io::sink()));
    let sending = std::thread::spawn(move || {
        let (begun, zeros) = (Instant::now(), vec![0; 50_000]);
        while stream.write_all(&zeros).is_ok() {
            std::thread::sleep(Duration::from_millis(10));
        }
        begun.elapsed()
    });
    std::thread::sleep(Duration::from_millis(1500));
    service.terminate();
    assert_eq!(service.exit_code(), Some(0));
    let sent = sending.join().unwrap();
    assert!(sent > Duration::from_millis(4600), "{sent:?}");
}

#[test]
fn an_interrupt_stops_a_draining_service_at_once() {
    let service = Service::start(&["--drain-delay", "3600"]);
    service.terminate();
    while service.get("/readyz").status != 503 {}
    signal(service.pid(), "INT");
    assert_eq!(service.exit_code(), Some(1));
}
