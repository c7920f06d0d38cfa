//! Servers to be measured: started on a port of their own, perhaps with a part of a processor, and stopped at the end.

use std::fs;
use std::io;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use pdfmagic_benches::stage::{CONVERT, POLICY};
use tempfile::TempDir;

/// A running server.
pub(crate) struct Server {
    child: Child,
    /// Where it listens.
    pub(crate) address: String,
    /// What it writes.
    pub(crate) directory: TempDir,
    _quota: Option<Quota>,
}

/// Which server.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    Pdfmagic,
    Legacy,
    Echo,
}

impl Server {
    /// Starts a server on a free port, and waits until it listens.
    pub(crate) fn start(kind: Kind, percent: Option<u32>) -> io::Result<Self> {
        Self::start_at(kind, &free_address()?, percent)
    }

    /// As [`Self::start`], at an address.
    pub(crate) fn start_at(kind: Kind, address: &str, percent: Option<u32>) -> io::Result<Self> {
        let directory = tempfile::tempdir()?;
        let mut command = Command::new(sibling(match kind {
            Kind::Pdfmagic => "pdfmagic-http",
            Kind::Legacy => "legacy",
            Kind::Echo => "echo",
        })?);
        command.args(["--listen", address]);
        if matches!(kind, Kind::Pdfmagic) {
            // Enough to code 100 MB anew.
            command
                .args(["--admin-listen", "127.0.0.1:0"])
                .args(["--max-body", "128000000"])
                .args(["--memory-limit", "4000000000"]);
        }
        if matches!(kind, Kind::Legacy) {
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
            quota.hold(child.id())?;
        }
        let mut server = Self {
            child,
            address: address.to_owned(),
            directory,
            _quota: quota,
        };
        let patience = Instant::now() + Duration::from_secs(10);
        while TcpStream::connect(address).is_err() {
            if let Some(status) = server.child.try_wait()? {
                return Err(io::Error::other(format!("{command:?}: {status}")));
            }
            if Instant::now() > patience {
                return Err(io::Error::other(format!("{command:?} does not listen")));
            }
            thread::sleep(Duration::from_micros(200));
        }
        Ok(server)
    }

    /// What its processes have spent, ended children included.
    pub(crate) fn cpu_time(&self) -> io::Result<Duration> {
        // Of Linux on every architecture in use.
        const TICKS_PER_SECOND: u64 = 100;
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        // utime, stime, cutime, cstime: fields 14 to 17 (proc(5)), where field 2 is in parentheses and ends the last.
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
        // It is gone already, or it is now.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// What a balancer understands.
#[derive(Clone, Copy)]
pub(crate) enum Layer {
    /// Connections, as a Service of Kubernetes.
    Four,
    /// Requests, as an Ingress.
    Seven,
}

/// Starts a balancer that deals to the addresses in turn, as long as they listen.
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
    // Until it has looked at each replica.
    thread::sleep(Duration::from_millis(500));
    Ok(server)
}

/// A program that was built beside this one.
pub(crate) fn sibling(name: &str) -> io::Result<PathBuf> {
    let path = std::env::current_exe()?.with_file_name(name);
    if path.exists() {
        Ok(path)
    } else {
        Err(io::Error::new(
            io::ErrorKind::NotFound,
            format!("{name} is missing: make programs"),
        ))
    }
}

/// An address that nobody listens at; its host is no other server's, since replicas are told apart by that.
pub(crate) fn free_address() -> io::Result<String> {
    static NEXT: AtomicU8 = AtomicU8::new(1);
    let host = Ipv4Addr::new(127, 0, 0, NEXT.fetch_add(1, Ordering::Relaxed).max(1));
    Ok(TcpListener::bind((host, 0))?.local_addr()?.to_string())
}

/// A control group whose processes get a part of one processor.
pub(crate) struct Quota(PathBuf);

impl Quota {
    /// Whether there can be one: control groups of version 1 or 2, writable.
    pub(crate) fn is_available() -> bool {
        Self::new(50).is_ok()
    }

    fn new(percent: u32) -> io::Result<Self> {
        // In microseconds: so short that a throttled process waits a moment, not most of a request.
        const PERIOD: u32 = 20_000;
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("pdfmagic-report-{}-{number}", std::process::id());
        let quota = PERIOD * percent / 100;
        let v1 = Path::new("/sys/fs/cgroup/cpu");
        let (group, files) = if v1.is_dir() {
            (
                v1.join(name),
                [
                    ("cpu.cfs_period_us", PERIOD.to_string()),
                    ("cpu.cfs_quota_us", quota.to_string()),
                ]
                .to_vec(),
            )
        } else {
            (
                Path::new("/sys/fs/cgroup").join(name),
                vec![("cpu.max", format!("{quota} {PERIOD}"))],
            )
        };
        fs::create_dir(&group)?;
        let group = Self(group);
        for (file, value) in files {
            fs::write(group.0.join(file), value)?;
        }
        Ok(group)
    }

    fn hold(&self, pid: u32) -> io::Result<()> {
        fs::write(self.0.join("cgroup.procs"), pid.to_string())
    }
}

impl Drop for Quota {
    fn drop(&mut self) {
        // A group cannot go while a converter is in it that outlives its server.
        for _ in 0..100 {
            if fs::remove_dir(&self.0).is_ok() {
                break;
            }
            thread::sleep(Duration::from_millis(50));
        }
    }
}
