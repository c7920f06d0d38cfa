//! The service on its own port, as a process or as a thread of this one, and clients for it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// The maximum time for anything that should be immediate, on a very busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// A client of the service at an address.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Client {
    pub(crate) address: SocketAddr,
}

/// The service as a thread of this process, without an admin port.
#[derive(Debug)]
pub(crate) struct InProcess {
    client: Client,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl InProcess {
    pub(crate) fn start(args: &[&str]) -> Self {
        let config = pdfmagic_http::Config::from_args(args).expect("the settings make sense");
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("there are threads");
        let listener = runtime
            .block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))
            .expect("there is a port");
        let address = listener.local_addr().expect("it is bound");
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let shutdown = async { stopped.await.unwrap_or(()) };
        let thread = std::thread::spawn(move || {
            runtime.block_on(pdfmagic_http::run(listener, config, shutdown));
        });
        Self {
            client: Client { address },
            stop: Some(stop),
            thread: Some(thread),
        }
    }
}

impl std::ops::Deref for InProcess {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl Drop for InProcess {
    fn drop(&mut self) {
        // The thread waits for the drain delay and for connections, so it is not joined.
        drop((self.stop.take(), self.thread.take()));
    }
}

/// The service as a process, which is stopped when this is dropped.
#[derive(Debug)]
pub(crate) struct Service {
    process: Child,
    client: Client,
    pub(crate) admin: SocketAddr,
    /// The log lines before it listened.
    pub(crate) begun: Vec<String>,
    /// The log lines from then on.
    log: Mutex<Receiver<String>>,
}

impl Client {
    /// Sends bytes and reads until the service closes the connection.
    pub(crate) fn raw(&self, request: &[u8]) -> Vec<u8> {
        let mut stream = self.connect();
        stream.write_all(request).expect("it reads");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("it answers");
        answer
    }

    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).expect("it listens");
        let limit = Some(PATIENCE);
        stream.set_read_timeout(limit).expect("a limit above zero");
        stream
    }

    /// Sends a request with a body and its Content-Length, on a separate connection.
    pub(crate) fn send(&self, start: &str, content_type: &str, body: &[u8]) -> Answer {
        let head = format!(
            "{start} HTTP/1.1\r\nHost: test\r\nConnection: close\r\nContent-Type: {content_type}\r\n\
             Content-Length: {}\r\n\r\n",
            body.len()
        );
        Answer::parse(&self.raw(&[head.as_bytes(), body].concat()))
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        let request = format!("GET {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
        Answer::parse(&self.raw(request.as_bytes()))
    }
}

impl std::ops::Deref for Service {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl Service {
    pub(crate) fn start(args: &[&str]) -> Self {
        Self::start_with(args, &[])
    }

    pub(crate) fn start_with(args: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_pdfmagic-http"))
            .args(["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"])
            .args(args)
            .env_remove("POD_IP")
            .envs(variables.iter().copied())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let stderr = process.stderr.take().expect("it is piped");
        let (send, log) = channel();
        // The log is read continuously, so that the service never waits for us.
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                // The receiver may no longer exist.
                let _ = send.send(line);
            }
        });
        let mut begun = Vec::new();
        let mut address = || {
            let line = loop {
                let line: String = log.recv().expect("it says where it listens");
                begun.push(line.clone());
                if line.contains("http://") {
                    break line;
                }
            };
            let (_, address) = line.rsplit_once("http://").expect("it is there");
            let end = address.find('"').unwrap_or(address.len());
            address[..end].parse().expect("an address")
        };
        let (address, admin) = (address(), address());
        Self {
            process,
            client: Client { address },
            admin,
            begun,
            log: Mutex::new(log),
        }
    }

    /// Returns the next line of the log that contains `part`.
    pub(crate) fn logged(&self, part: &str) -> String {
        loop {
            let line = self
                .log
                .lock()
                .expect("no test panics")
                .recv_timeout(PATIENCE)
                .expect("it is logged");
            if line.contains(part) {
                return line;
            }
        }
    }

    /// Sends a request to the admin port.
    pub(crate) fn ask(&self, path: &str) -> Answer {
        let mut stream = TcpStream::connect(self.admin).expect("it listens");
        let request = format!("GET {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).expect("it reads");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("it answers");
        Answer::parse(&answer)
    }

    /// Returns the value of a metric, whose name includes labels; 0 if it is missing.
    pub(crate) fn metric(&self, name: &str) -> u64 {
        let text = self.ask("/metrics").text();
        let value = text
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        value.map_or(0, |value| value.parse().expect("a whole number"))
    }

    /// Returns the number of requests that were rejected by this limit.
    pub(crate) fn rejected(&self, bound: &str) -> u64 {
        self.metric(&format!("pdfmagic_rejected_total{{reason=\"{bound}\"}}"))
    }

    /// Returns the number of connections that were closed by this limit.
    pub(crate) fn closed(&self, bound: &str) -> u64 {
        self.metric(&format!(
            "pdfmagic_connections_closed_total{{reason=\"{bound}\"}}"
        ))
    }

    /// Returns the maximum memory that was in use, in bytes.
    pub(crate) fn peak(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id()));
        let status = status.expect("it runs");
        let kib = status
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:")?.strip_suffix(" kB"));
        kib.expect("proc(5) says so")
            .trim()
            .parse::<u64>()
            .expect("a number")
            * 1024
    }

    /// Waits until a condition is true.
    pub(crate) fn until(&self, it_is_so: impl Fn() -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !it_is_so() {
            assert!(
                Instant::now() < deadline,
                "it does not come to that: {}",
                self.ask("/metrics").text()
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }

    pub(crate) fn terminate(&self) {
        signal(self.pid(), "TERM");
    }

    /// Waits for the end, and returns the exit code.
    pub(crate) fn exit_code(mut self) -> Option<i32> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.process.try_wait().expect("it is ours") {
                return status.code();
            }
            assert!(Instant::now() < deadline, "it does not stop");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// Sends a signal, whose name is without SIG.
pub(crate) fn signal(pid: u32, name: &str) {
    let status = Command::new("kill")
        .args(["-s", name, &pid.to_string()])
        .status();
    assert!(status.expect("kill runs").success());
}

impl Drop for Service {
    fn drop(&mut self) {
        // The process may already have ended.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// The head of the answer, as it was received.
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn parse(bytes: &[u8]) -> Self {
        let end = bytes
            .windows(4)
            .position(|w| w == b"\r\n\r\n")
            .expect("a head");
        let head = String::from_utf8(bytes[..end].to_vec()).expect("an ASCII head");
        Self {
            status: head[9..12].parse().expect("a status"),
            head,
            body: bytes[end + 4..].to_vec(),
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(": ")?;
            key.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Checks the format of a problem, and returns its code.
    pub(crate) fn problem(&self) -> String {
        assert_eq!(
            self.header("content-type"),
            Some("application/problem+json")
        );
        let problem: serde_json::Value = serde_json::from_slice(&self.body).expect("JSON");
        assert_eq!(problem["status"], self.status);
        assert!(
            problem["detail"]
                .as_str()
                .is_some_and(|detail| !detail.is_empty()),
            "{problem}"
        );
        problem["code"].as_str().expect("a code").to_owned()
    }

    /// Returns the number of pages of the PDF, read strictly.
    pub(crate) fn pages(&self) -> usize {
        assert_eq!(
            (self.status, self.header("content-type")),
            (200, Some("application/pdf"))
        );
        let pdf = lopdf::Document::load_mem(&self.body).expect("a PDF");
        pdf.get_pages().len()
    }
}
