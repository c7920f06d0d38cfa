//! Servers to measure. Each listens on its own address, may be limited to a share of a processor, and is stopped when
//! it is dropped.

use std::fs;
use std::io;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU8, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use pdfmagic_benches::process::{CONVERT, POLICY};
use tempfile::TempDir;

use crate::quota::Quota;

/// A running server.
pub(crate) struct Server {
    child: Child,
    /// The host and port on which it listens.
    pub(crate) address: String,
    /// The folder for its files.
    pub(crate) directory: TempDir,
    _quota: Option<Quota>,
}

/// A kind of server.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    Pdfmagic,
    Original,
    Echo,
    Bare,
}

impl Server {
    /// Starts a server on a free address, limited to `percent` of one processor, and waits until it listens.
    pub(crate) fn start(kind: Kind, percent: Option<u32>) -> io::Result<Self> {
        Self::start_at(kind, &free_address()?, percent)
    }

    /// Starts a server like [`start`](Self::start), at a given address.
    pub(crate) fn start_at(kind: Kind, address: &str, percent: Option<u32>) -> io::Result<Self> {
        let directory = tempfile::tempdir()?;
        let mut command = Command::new(sibling(match kind {
            Kind::Pdfmagic => "pdfmagic-http",
            Kind::Original => "original",
            Kind::Echo => "echo",
            Kind::Bare => "bare",
        })?);
        command.args(["--listen", address]);
        if matches!(kind, Kind::Pdfmagic) {
            // This suffices to re-encode 100 MB.
            command
                .args(["--admin-listen", "127.0.0.1:0"])
                .args(["--max-body", "128000000"])
                .args(["--memory-limit", "4000000000"]);
        }
        if matches!(kind, Kind::Original) {
            command
                .arg("--directory")
                .arg(directory.path())
                .args(["--convert", CONVERT])
                .env("XDG_CONFIG_HOME", POLICY);
        }
        Self::spawn(&mut command, address, directory, percent)
    }

    fn spawn(
        command: &mut Command,
        address: &str,
        directory: TempDir,
        percent: Option<u32>,
    ) -> io::Result<Self> {
        let quota = percent.map(Quota::new).transpose()?;
        let child = command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        if let Some(quota) = &quota {
            quota.limit(child.id())?;
        }
        let mut server = Self {
            child,
            address: address.to_owned(),
            directory,
            _quota: quota,
        };
        let deadline = Instant::now() + Duration::from_secs(60);
        while TcpStream::connect(address).is_err() {
            if let Some(status) = server.child.try_wait()? {
                return Err(io::Error::other(format!("{command:?}: {status}")));
            }
            if Instant::now() > deadline {
                return Err(io::Error::other(format!("{command:?} does not listen")));
            }
            thread::sleep(Duration::from_micros(200));
        }
        Ok(server)
    }

    /// Returns the processor time of the server and of its children that have ended.
    pub(crate) fn cpu_time(&self) -> io::Result<Duration> {
        // This is the same on Linux for every architecture.
        const TICKS_PER_SECOND: u64 = 100;
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        // utime, stime, cutime and cstime are fields 14 to 17 (proc(5)). Field 2 is in parentheses and may contain
        // spaces.
        let fields = stat.rsplit(')').next().unwrap_or_default();
        let ticks: u64 = fields
            .split_whitespace()
            .skip(11)
            .take(4)
            .filter_map(|field| field.parse::<u64>().ok())
            .sum();
        Ok(Duration::from_millis(ticks * 1000 / TICKS_PER_SECOND))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // These fail only if the server has already ended.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The unit that a balancer distributes.
#[derive(Clone, Copy)]
pub(crate) enum Layer {
    /// Connections (L4), as a Service of Kubernetes does.
    Four,
    /// Requests (L7), as an Ingress does.
    Seven,
}

/// Starts a balancer that sends to each of the addresses in turn, as long as they listen.
pub(crate) fn balance(layer: Layer, addresses: &[String]) -> io::Result<Server> {
    let directory = tempfile::tempdir()?;
    let address = free_address()?;
    let mut text = format!(
        "defaults\n timeout connect 5s\n timeout client 120s\n timeout server 120s\n\
         listen front\n bind {address}\n balance roundrobin\n"
    );
    text += match layer {
        Layer::Four => " mode tcp\n",
        Layer::Seven => " mode http\n",
    };
    text.extend(addresses.iter().enumerate().map(|(number, address)| {
        format!(" server replica-{number} {address} check inter 200ms fall 1 rise 1\n")
    }));
    let path = directory.path().join("haproxy.cfg");
    fs::write(&path, text)?;
    let mut command = Command::new("/usr/sbin/haproxy");
    let server = Server::spawn(
        command.arg("-db").arg("-f").arg(&path),
        &address,
        directory,
        None,
    )?;
    // The balancer needs this time to check each replica.
    thread::sleep(Duration::from_millis(500));
    Ok(server)
}

/// Returns the path of a program in the folder of this one.
pub(crate) fn sibling(name: &str) -> io::Result<PathBuf> {
    let path = std::env::current_exe()?.with_file_name(name);
    if path.exists() {
        Ok(path)
    } else {
        Err(io::Error::new(
            io::ErrorKind::NotFound,
            format!("{name} is missing; `make programs` builds it"),
        ))
    }
}

/// Returns a free address. No other server has the same host, by which replicas are distinguished.
pub(crate) fn free_address() -> io::Result<String> {
    static NEXT: AtomicU8 = AtomicU8::new(1);
    let host = Ipv4Addr::new(127, 0, 0, NEXT.fetch_add(1, Ordering::Relaxed).max(1));
    Ok(TcpListener::bind((host, 0))?.local_addr()?.to_string())
}
