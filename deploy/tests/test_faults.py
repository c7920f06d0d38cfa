"""Tests faults around the service. tests/service of pdfmagic-http has the faults of clients."""

import os
import resource
import socket
import subprocess
from pathlib import Path

import pytest
from network import namespace
from running import free_port, get, is_pdf_of, post, wait_for, wait_until

PROGRAMS = Path(os.environ["PDFMAGIC_PROGRAMS"]).absolute()


class Started:
    """A service as a process, which the command `before` may start; `words` are options of Popen."""

    def __init__(self, *before, **words):
        self.port = free_port()
        self.admin = self.port + 101
        listen = [f"--listen=127.0.0.1:{self.port}", f"--admin-listen=127.0.0.1:{self.admin}"]
        self.process = subprocess.Popen([*before, PROGRAMS / "pdfmagic-http", *listen], **words)

    def __enter__(self):
        wait_for(self.admin, "/readyz")
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


def converts(port):
    status, pdf = post(port)
    return status == 200 and is_pdf_of(pdf)


def test_it_recovers_from_running_out_of_descriptors():
    limit = 64
    limited = lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    with Started(preexec_fn=limited, stderr=subprocess.DEVNULL) as service:
        held = [socket.create_connection(("127.0.0.1", service.port)) for _ in range(100)]
        # The system has accepted all connections, and the service as many as it can.
        wait_until(lambda: len(os.listdir(f"/proc/{service.process.pid}/fd")) == limit, "descriptors are left")
        assert service.process.poll() is None
        for connection in held:
            connection.close()
        assert converts(service.port)
        assert get(service.admin, "/livez") == 200


@pytest.mark.parametrize("streams", ["closed", "full"])
def test_an_unwritable_log_does_not_stop_requests(streams):
    if streams == "full":
        with open("/dev/full", "w") as full, Started(stdout=full, stderr=full) as service:
            assert all(converts(service.port) for _ in range(100))
    else:
        reader, writer = os.pipe()
        os.close(reader)
        with Started(stdout=writer, stderr=writer) as service:
            os.close(writer)
            assert all(converts(service.port) for _ in range(100))


@pytest.mark.parametrize("call", ["accept4", "epoll_wait"])
def test_interrupted_system_calls_lose_no_request(call):
    # With --daemonize the service is our child, and not strace.
    strace = ["strace", "--daemonize", "-f", "-o/dev/null", f"--inject={call}:error=EINTR:when=1+2"]
    with Started(*strace, stderr=subprocess.DEVNULL) as service:
        assert all(converts(service.port) for _ in range(10))


def test_it_works_without_any_network_route():
    with namespace() as network:
        subprocess.run(["ip", "link", "delete", network.cable], check=True)
        assert not subprocess.check_output(network.within("ip", "route"))
        with subprocess.Popen(network.within(PROGRAMS / "pdfmagic-http"), stderr=subprocess.DEVNULL) as process:
            load = [PROGRAMS / "pdfmagic-load", "127.0.0.1:8080", "20", "--size=16x16", "--timeout=10"]
            retries = "until ip netns exec {0} {1} health; do sleep 0.1; done".format(network.name, PROGRAMS / "pdfmagic-http")
            subprocess.run(["timeout", "120", "sh", "-c", retries], check=True, capture_output=True)
            done = subprocess.run(network.within(*load), capture_output=True, text=True)
            process.terminate()
    assert done.returncode == 0 and "20 answered" in done.stdout, done
