"""Tests the service and the load generator in a network without the privileges of a loopback."""

import io
import json
import os
import re
import socket
import subprocess
import threading
import time
from pathlib import Path

import pytest
from network import namespace
from PIL import Image
from running import wait_until

PROGRAMS = Path(os.environ["PDFMAGIC_PROGRAMS"]).absolute()
# The bytes of an answer that a slow reader takes at once, since they would show nothing.
AT_ONCE = 400_000


@pytest.fixture
def network():
    with namespace() as made:
        yield made


def noise(megabytes):
    """Returns a JPEG of about this size."""
    side = int((megabytes * 250_000) ** 0.5)
    jpeg = io.BytesIO()
    Image.frombytes("RGB", (side, side), os.urandom(3 * side * side)).save(jpeg, "JPEG", quality=100, subsampling=0)
    return jpeg.getvalue()


class SlowReader(threading.Thread):
    """A client that converts a JPEG, and reads `rate` bytes of the answer per second."""

    def __init__(self, address, jpeg, rate):
        super().__init__()
        self.jpeg, self.rate = jpeg, rate
        self.received, self.is_slow, self.error = bytearray(), threading.Event(), None
        self.socket = socket.socket()
        # Otherwise our own system would buffer megabytes for the reader.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16_384)
        self.socket.settimeout(30)
        self.socket.connect((address, 8080))
        self.start()

    def run(self):
        jpeg = self.jpeg
        head = f"POST /v1/pdf HTTP/1.1\r\nHost: test\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
        try:
            self.socket.sendall(head.encode() + jpeg)
            while more := self.socket.recv(8_192):
                self.received += more
                if len(self.received) > AT_ONCE:
                    self.is_slow.set()
                    time.sleep(len(more) / self.rate)
        except OSError as error:
            self.error = error
        finally:
            self.is_slow.set()

    def answer(self):
        """Returns the status, and whether the whole PDF arrived."""
        self.join()
        head, _, pdf = bytes(self.received).partition(b"\r\n\r\n")
        length = int(re.search(rb"(?i)content-length: (\d+)", head)[1])
        return head.split()[1], len(pdf) == length and pdf.endswith(b"%%EOF\n")


class Pod:
    """A service in a separate network, and slow readers that have begun to read an answer of this size."""

    def __init__(self, network, megabytes):
        # The grace is the sum of the others. It suffices for a small answer, and not for a large one.
        settings = {"GRACE": "40", "BODY_TIMEOUT": "25", "DRAIN_DELAY": "0", "MEMORY_LIMIT": str(256 << 20)}
        env = {**os.environ, **{f"PDFMAGIC_{name}": value for name, value in settings.items()}}
        service = network.within(PROGRAMS / "pdfmagic-http")
        self.network = network
        self.process = subprocess.Popen(service, env=env, stderr=subprocess.PIPE, text=True)
        wait_until(lambda: subprocess.run([*service, "health"], capture_output=True).returncode == 0, "not healthy")
        jpeg = noise(megabytes)
        self.readers = [SlowReader(network.address, jpeg, rate) for rate in (30_000, 100_000)]
        for reader in self.readers:
            assert reader.is_slow.wait(120)

    def end(self):
        """Ends the network together with the process, as for a pod. Returns the log."""
        _, log = self.process.communicate()
        self.network.delete()
        return log


def test_a_stopping_pod_finishes_its_answers_to_slow_readers():
    with namespace() as one, namespace() as other:
        small, large = Pod(one, 1), Pod(other, 20)
        for pod in (small, large):
            pod.process.terminate()
        # The system has long had all of the small answers.
        assert small.end().splitlines()[-1].endswith("stopped")
        assert "stopped with 2 requests still in flight" in large.end()
    for reader in small.readers:
        assert reader.answer() == (b"200", True), f"{reader.rate} B/s: {len(reader.received)} bytes, {reader.error}"
    # After the grace there is no answer, but the connection is reset.
    for reader in large.readers:
        assert reader.answer() == (b"200", False)
        assert isinstance(reader.error, ConnectionResetError), reader.error


def test_a_connection_per_request_does_not_use_up_the_ports(network):
    """The end that closes a connection first keeps its port for a minute, except on loopback addresses."""
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
