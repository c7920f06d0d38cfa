"""Service and load generator in a network without a loopback's privileges."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from network import namespace
from running import wait_until

PROGRAMS = Path(os.environ["PDFMAGIC_PROGRAMS"]).absolute()


@pytest.fixture
def network():
    with namespace() as made:
        yield made


def test_a_connection_per_request_does_not_use_up_the_ports(network):
    """The end that closes a connection first keeps its port for a minute; loopback addresses are exempt."""
    ports = "echo 40000 40063 >/proc/sys/net/ipv4/ip_local_port_range"
    subprocess.run(network.within("sh", "-c", ports), check=True)
    service = network.within(PROGRAMS / "pdfmagic-http")
    health = [*service, "health"]
    with subprocess.Popen(service, stderr=subprocess.DEVNULL) as process:
        wait_until(lambda: subprocess.run(health, capture_output=True).returncode == 0, "not healthy")
        words = [f"http://{network.address}:8080/", "500", "2", "--size=16x16", "--json"]
        run = subprocess.run(network.within(PROGRAMS / "pdfmagic-load", *words), capture_output=True, text=True)
        process.terminate()
    summary = json.loads(run.stdout)
    assert (summary["answered"], summary["errors"]) == (1000, {}), run.stderr
