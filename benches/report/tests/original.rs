//! Tests that the rebuilt original behaves like the practical's service; otherwise, comparisons with it would be
//! unfair.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command};
use std::thread::sleep;
use std::time::Duration;

use pdfmagic_load::client::{Answer, Client, Target, Upload};

/// A converter that waits for a file `go`, and records how many of its kind were running.
const CONVERT: &str = "#!/bin/sh
cd \"$(dirname \"$2\")\"; mkdir \"$2.busy\"
while [ ! -e go ]; do sleep 0.05; done
ls -d ./*.busy | wc -l >> counts; rmdir \"$2.busy\"
printf '%%PDF-1.3 /Count 1 %%%%EOF' > \"$2\"
";

struct Original(Child);

impl Original {
    fn start(port: u16, directory: &Path, convert: &Path) -> Self {
        let address = format!("127.0.0.1:{port}");
        let child = Command::new(env!("CARGO_BIN_EXE_original"))
            .args(["--listen", &address, "--directory"])
            .args([directory, "--convert".as_ref(), convert])
            .spawn()
            .unwrap();
        while TcpStream::connect(&address).is_err() {
            sleep(Duration::from_millis(10));
        }
        Self(child)
    }
}

impl Drop for Original {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

async fn post(port: u16) -> Answer {
    let target = Target::parse(&format!("127.0.0.1:{port}")).unwrap();
    let mut client = Client::new(target, false, Duration::from_secs(600));
    client.post(&Upload::form(b"a picture")).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn uploads_are_kept_as_files_and_at_most_ten_are_converted_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let convert = directory.path().join("convert");
    fs::write(&convert, CONVERT).unwrap();
    fs::set_permissions(&convert, fs::Permissions::from_mode(0o755)).unwrap();
    let files = directory.path().join("files");
    fs::create_dir(&files).unwrap();
    let port = free_port();
    let _original = Original::start(port, &files, &convert);
    let named = |end: &str| {
        let names = fs::read_dir(&files).unwrap();
        let names = names.map(|file| file.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.ends_with(end)).count()
    };

    let posting: Vec<_> = (0..25).map(|_| tokio::spawn(post(port))).collect();
    while named(".busy") < 10 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    fs::write(files.join("go"), "").unwrap();
    for answer in posting {
        assert_eq!(answer.await.unwrap().check(), Ok(()));
    }
    assert_eq!((named(".jpg"), named(".pdf")), (25, 25));
    let counts = fs::read_to_string(files.join("counts")).unwrap();
    let counts = counts.lines().map(|count| count.parse::<u32>().unwrap());
    assert_eq!(counts.max(), Some(10));
}

#[test]
fn the_client_is_redirected_to_a_file_that_only_this_replica_has() {
    let directories = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let ports = [free_port(), free_port()];
    let replicas =
        [0, 1].map(|at| Original::start(ports[at], directories[at].path(), "true".as_ref()));
    let ask = |port: u16, request: &str| {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    let form = "--b\r\nContent-Disposition: form-data; name=\"myfile\"; filename=\"a.jpg\"\r\n\r\na picture\r\n--b--\r\n";
    let head = "POST / HTTP/1.1\r\nHost: replica\r\nConnection: close\r\nContent-Type: multipart/form-data; boundary=b";
    let answer = ask(
        ports[0],
        &format!("{head}\r\nContent-Length: {}\r\n\r\n{form}", form.len()),
    );
    assert!(answer.starts_with("HTTP/1.1 303"), "{answer}");
    let (_, rest) = answer
        .split_once("location: http://replica/Download/")
        .unwrap();
    let (id, _) = rest.split_once("\r\n").unwrap();
    fs::write(directories[0].path().join(format!("{id}.pdf")), "%PDF-").unwrap();
    let download =
        format!("GET /Download/{id} HTTP/1.1\r\nHost: replica\r\nConnection: close\r\n\r\n");
    let starts = ports.map(|port| ask(port, &download)[..12].to_owned());
    assert_eq!(starts, ["HTTP/1.1 200", "HTTP/1.1 500"]);
    drop(replicas);
}
