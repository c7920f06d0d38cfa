"""The service as a process, for tests that need no container."""

import os
import subprocess
from pathlib import Path

import pytest
from running import free_port, wait_for


@pytest.fixture(scope="session")
def service():
    """Its two ports, by the numbers that they have in a container."""
    port = free_port()
    ports = {8080: port, 9090: port + 101}
    words = [f"--listen=127.0.0.1:{port}", f"--admin-listen=127.0.0.1:{port + 101}"]
    program = Path(os.environ["PDFMAGIC_PROGRAMS"]).absolute() / "pdfmagic-http"
    with subprocess.Popen([program, *words], stderr=subprocess.DEVNULL) as process:
        wait_for(ports[9090], "/readyz")
        yield ports
        process.terminate()
