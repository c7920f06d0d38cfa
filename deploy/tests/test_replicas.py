"""Replicas behind haproxy, as `make up` starts them: what clients notice when some come or go."""

import contextlib
import json
import os
import subprocess
import threading
from pathlib import Path

import pytest
from running import ROOT, free_port, is_pdf_of, podman, post, wait_for

LOAD = Path(os.environ["PDFMAGIC_RELEASE"]).absolute() / "pdfmagic-load"


@contextlib.contextmanager
def replicas(count, cpus, retries=3):
    """The balancer's port."""
    port = free_port()
    env = {**os.environ, "PORT": str(port), "IMAGE": os.environ["PDFMAGIC_IMAGE"], "CPUS": str(cpus), "RETRIES": str(retries)}
    try:
        subprocess.run([ROOT / "deploy/local/up", str(count)], env=env, check=True, timeout=60)
        yield port
    finally:
        subprocess.run([ROOT / "deploy/local/down"], env=env, check=True, timeout=60)


@pytest.fixture
def port():
    with replicas(3, 0.5) as port:
        yield port


class Clients:
    """Convert one after the other until told to stop, and remember what went wrong."""

    def __init__(self, port, retries, count=50):
        self.port, self.retries = port, retries
        self.done, self.failed, self.stop = 0, [], threading.Event()
        self.threads = [threading.Thread(target=self.run) for _ in range(count)]

    def run(self):
        while not self.stop.is_set():
            outcome = None
            for _ in range(1 + self.retries):
                try:
                    status, body = post(self.port)
                    outcome = status if status != 200 else is_pdf_of(body)
                except OSError as error:
                    outcome = error
                if outcome is True:
                    break
            if outcome is True:
                self.done += 1
            else:
                self.failed.append(outcome)

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        for thread in self.threads:
            thread.join()


def test_a_rolling_restart_loses_no_request():
    """Nor does the balancer ask twice: a replica that goes answers all that it was asked."""
    with replicas(3, 0.5, retries=0) as port, Clients(port, retries=0) as clients:
        for n in range(1, 4):
            done = clients.done
            podman("stop", "--time=30", f"pdfmagic-{port}-{n}")
            podman("start", f"pdfmagic-{port}-{n}")
            wait_for(port + n, "/readyz")
            # Let haproxy see it before the next one goes.
            threading.Event().wait(1.5)
            assert clients.done > done
    assert not clients.failed, f"of {clients.done}"


def test_a_killed_replica_loses_nothing_for_a_client_that_asks_again(port):
    with Clients(port, retries=1) as clients:
        threading.Event().wait(1)
        podman("kill", f"pdfmagic-{port}-1")
        threading.Event().wait(3)
    assert clients.done and not clients.failed, f"of {clients.done}"


def conversions_a_second(count, directory):
    """Of replicas with a fifth of a processor each: the balancer and the clients need some too."""
    samples = directory / f"{count}.jsonl"
    # More clients than there are places at work, so that no replica ever waits for one.
    words = "--raw --size=320x240 --clients=24 --duration=10".split()
    with replicas(count, 0.2) as port:
        url = f"http://127.0.0.1:{port}/v1/pdf?backend=reencode&quality=60"
        subprocess.run([LOAD, url, *words, f"--output={samples}"], check=True, capture_output=True)
    _, *done = map(json.loads, samples.read_text().splitlines())
    begin = min(sample["start_ns"] for sample in done)
    ends = [(sample["start_ns"] - begin) / 1e9 + sample["total_us"] / 1e6 for sample in done]
    # Between the rush at the beginning and the rest at the end.
    return sum(1 < end < 10 for end in ends) / 9


def test_throughput_grows_with_replicas(tmp_path):
    """Others may use the machine meanwhile, so there are three attempts; all that is compared is measured in one."""
    attempts = []
    for _ in range(3):
        one, two, three = (conversions_a_second(count, tmp_path) for count in (1, 2, 3))
        attempts.append((two / (2 * one), three / (3 * one)))
        print(f"{one:.1f}, {two:.1f}, {three:.1f} a second")
        if min(attempts[-1]) >= 0.95:
            return
    pytest.fail(f"of what two and three would do if growth was linear: {attempts}")
