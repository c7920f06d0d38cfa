//! Control groups, which limit processes to a share of one processor.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

/// A control group, of version 1 or 2, whose processes share a part of one processor.
pub(crate) struct Quota(PathBuf);

impl Quota {
    /// Whether control groups can be created.
    pub(crate) fn is_available() -> bool {
        Self::new(50).is_ok()
    }

    /// Creates a group that gets `percent` of one processor.
    pub(crate) fn new(percent: u32) -> io::Result<Self> {
        // The period in microseconds. It is short, so that a throttled process waits for a moment and not for most of a
        // request.
        const PERIOD: u32 = 20_000;
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("pdfmagic-report-{}-{number}", std::process::id());
        let quota = PERIOD * percent / 100;
        let v1 = Path::new("/sys/fs/cgroup/cpu");
        let (group, files) = if v1.is_dir() {
            let files = vec![
                ("cpu.cfs_period_us", PERIOD.to_string()),
                ("cpu.cfs_quota_us", quota.to_string()),
            ];
            (v1.join(name), files)
        } else {
            let files = vec![("cpu.max", format!("{quota} {PERIOD}"))];
            (Path::new("/sys/fs/cgroup").join(name), files)
        };
        fs::create_dir(&group)?;
        let group = Self(group);
        for (file, value) in files {
            fs::write(group.0.join(file), value)?;
        }
        Ok(group)
    }

    /// Limits a process, and the processes that it will start.
    pub(crate) fn limit(&self, pid: u32) -> io::Result<()> {
        fs::write(self.0.join("cgroup.procs"), pid.to_string())
    }
}

impl Drop for Quota {
    fn drop(&mut self) {
        // A group cannot be removed while it contains a converter that outlives its server.
        for _ in 0..100 {
            if fs::remove_dir(&self.0).is_ok() {
                break;
            }
            thread::sleep(Duration::from_millis(50));
        }
    }
}
