"""Tests replicas behind haproxy, as `make up` starts them: clients notice nothing when replicas come and go."""

import contextlib
import http.client
import os
import socket
import subprocess
import threading

import pytest
from running import ROOT, free_port, is_pdf_of, podman, post, wait_for, wait_until


@contextlib.contextmanager
def replicas(count, **settings):
    """Yields the port of the balancer."""
    port = free_port()
    env = {**os.environ, "PORT": str(port), "IMAGE": os.environ["PDFMAGIC_IMAGE"], "CPUS": "0.5", **settings}
    try:
        subprocess.run([ROOT / "deploy/local/up", str(count)], env=env, check=True)
        yield port
    finally:
        subprocess.run([ROOT / "deploy/local/down"], env=env, check=True)


def is_used(port, n):
    """Whether the balancer sends requests to a replica."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(ROOT / f"target/local/{port}/haproxy.sock"))
        connection.sendall(b"show stat\n")
        lines = connection.makefile().read().splitlines()
    names = lines[0].removeprefix("# ").split(",")
    rows = [dict(zip(names, line.split(","))) for line in lines[1:] if line]
    [status] = [row["status"] for row in rows if row["svname"] == f"replica-{n}"]
    return status == "UP"


@pytest.fixture
def port():
    with replicas(3) as port:
        yield port


class Clients:
    """Clients that send requests one after the other until told to stop, and record failures."""

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
                except (OSError, http.client.HTTPException) as error:
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
    """Although the balancer never retries, no request fails: a replica that stops answers all requests that it received."""
    # This is long enough for the balancer to notice on a busy machine.
    with replicas(3, RETRIES="0", DRAIN_DELAY="10") as port, Clients(port, retries=0) as clients:
        for n in range(1, 4):
            done = clients.done
            podman("stop", "--time=120", f"pdfmagic-{port}-{n}")
            podman("start", f"pdfmagic-{port}-{n}")
            wait_for(port + n, "/readyz")
            wait_until(lambda: is_used(port, n), f"replica {n} is not used again")
            assert clients.done > done
    assert not clients.failed, f"of {clients.done}"


def test_a_killed_replica_loses_nothing_for_a_client_that_retries(port):
    with Clients(port, retries=1) as clients:
        wait_until(lambda: clients.done > 100, "no answers")
        podman("kill", f"pdfmagic-{port}-1")
        wait_until(lambda: not is_used(port, 1), "the killed replica is still used")
    assert not clients.failed, f"of {clients.done}"
