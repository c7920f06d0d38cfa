"""Three replicas behind haproxy, as `make up` starts them: what clients notice when replicas go."""

import os
import subprocess
import threading

import pytest
from running import ROOT, free_port, is_pdf_of, podman, post, wait_for

REPLICAS = 3


@pytest.fixture
def port():
    port = free_port()
    env = {**os.environ, "PORT": str(port), "IMAGE": os.environ["PDFMAGIC_IMAGE"], "CPUS": "0.5"}
    subprocess.run([ROOT / "deploy/local/up", str(REPLICAS)], env=env, check=True, timeout=60)
    yield port
    subprocess.run([ROOT / "deploy/local/down"], env=env, check=True, timeout=60)


class Clients:
    """Convert one after the other until told to stop, and remember what went wrong."""

    def __init__(self, port, retries, count=20):
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


def test_a_rolling_restart_loses_no_request(port):
    with Clients(port, retries=0) as clients:
        for n in range(1, REPLICAS + 1):
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
