//! The requirements of every measurement: pictures, and clients that send them.

use std::io;
use std::time::{Duration, Instant};

use bytes::Bytes;
use pdfmagic_load::client::{Client, Target, Upload};
use pdfmagic_load::generator::{self, Plan, Until};
use pdfmagic_load::picture::{Picture, jpeg};
use pdfmagic_load::plot::Series;
use pdfmagic_load::sample::{Recording, Run, machine};
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;

/// The time that a client waits for an answer.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(120);

/// Pictures, and a runtime for clients.
pub(crate) struct Lab {
    runtime: Runtime,
    /// Whether to measure only what the promises need.
    pub(crate) quick: bool,
    /// The practical's pictures: 640 × 480 pixels of noise.
    pub(crate) noise: Vec<Vec<u8>>,
    /// A photo of 200 kB.
    pub(crate) photo: Vec<u8>,
}

/// The requests of clients, and their pace.
pub(crate) struct Load {
    pub(crate) uploads: Vec<Upload>,
    pub(crate) clients: u32,
    pub(crate) until: Until,
    pub(crate) rate: Option<f64>,
    pub(crate) reuse: bool,
}

impl Lab {
    pub(crate) fn new(quick: bool) -> io::Result<Self> {
        let noise = (0..4)
            .map(|seed| jpeg(Picture::Noise, 640, 480, 92, seed))
            .collect::<Result<_, _>>()
            .map_err(io::Error::other)?;
        Ok(Self {
            // One thread leaves the processors to the servers.
            runtime: Builder::new_current_thread().enable_all().build()?,
            quick,
            noise,
            photo: jpeg(Picture::Photo, 816, 612, 90, 0).map_err(io::Error::other)?,
        })
    }

    /// Returns the load of the practical's clients: they post forms with noise, over one connection per request, in a
    /// closed loop.
    pub(crate) fn practical(&self, clients: u32, requests: u64) -> Load {
        Load {
            uploads: self.noise.iter().map(|jpeg| Upload::form(jpeg)).collect(),
            clients,
            until: Until::Requests(requests),
            rate: None,
            reuse: false,
        }
    }

    /// Runs a load against a server.
    pub(crate) fn measure(&self, name: &str, address: &str, load: Load) -> io::Result<Series> {
        eprintln!("pdfmagic-report: {name}");
        let plan = Plan {
            target: Target::parse(address).map_err(io::Error::other)?,
            uploads: load.uploads,
            clients: load.clients,
            first_client: 0,
            until: load.until,
            rate: load.rate,
            reuse: load.reuse,
            // Most clients of an open loop never send a request.
            warm_up: u32::from(load.rate.is_none()),
            start_at: None,
            think_time: Duration::ZERO,
            retries: 0,
            timeout: TIMEOUT,
        };
        let run = Run {
            target: address.to_owned(),
            clients: load.clients,
            rate: load.rate,
            reuse: load.reuse,
            machine: machine(),
        };
        let mut samples = self.runtime.block_on(async {
            let mut receiver = generator::run(plan);
            let mut samples = Vec::new();
            while let Some(sample) = receiver.recv().await {
                samples.push(sample);
            }
            samples
        });
        samples.sort_by_key(|sample| sample.start_ns);
        Ok(Series {
            name: name.to_owned(),
            color: color(name),
            recording: Recording { run, samples },
        })
    }

    /// Returns the body of one answer.
    pub(crate) fn convert(&self, address: &str, upload: &Upload) -> io::Result<Bytes> {
        let target = Target::parse(address).map_err(io::Error::other)?;
        let mut client = Client::new(target, false, TIMEOUT);
        let answer = self.runtime.block_on(client.post(upload));
        Ok(answer.map_err(io::Error::other)?.body)
    }

    /// Lets clients post in a closed loop over their own connections. Requests start during `time`. Returns the time of
    /// each answer.
    pub(crate) fn keep_busy(
        &self,
        clients: &mut Vec<Client>,
        upload: &Upload,
        time: Duration,
    ) -> io::Result<Vec<Duration>> {
        let until = Instant::now() + time;
        let finished = self.runtime.block_on(async {
            let mut posting = JoinSet::new();
            for mut client in clients.drain(..) {
                let upload = upload.clone();
                posting.spawn(async move {
                    let mut times = Vec::new();
                    loop {
                        let answer = client.post(&upload).await?;
                        answer.check()?;
                        times.push(answer.total);
                        if Instant::now() >= until {
                            return Ok::<_, String>((client, times));
                        }
                    }
                });
            }
            posting.join_all().await
        });
        let mut all = Vec::new();
        for one in finished {
            let (client, times) = one.map_err(io::Error::other)?;
            clients.push(client);
            all.extend(times);
        }
        Ok(all)
    }
}

/// The color of a run by its name: that of its server, and another where it has one replica of several.
fn color(name: &str) -> usize {
    let is_original = name.starts_with("original");
    let is_one_of_several = name.ends_with("× 1");
    match (is_original, is_one_of_several) {
        (true, false) => 0,
        (false, false) => 1,
        (true, true) => 2,
        (false, true) => 3,
    }
}
