"""Containers under test, and requests to them."""

import http.client
import random
import socket
import subprocess
import sys
import time
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
JPEG = (ROOT / "pdfmagic-core/tests/corpus/ycbcr_420.jpg").read_bytes()


def podman(*words, **options):
    options = {"check": True, "capture_output": True, "text": True, **options}
    return subprocess.run(["podman", *words], **options).stdout.strip()


def kustomize(folder):
    """Returns the objects that a folder of deploy/k8s defines."""
    kubectl = Path(sys.executable).with_name("kubectl")
    text = subprocess.check_output([kubectl, "kustomize", ROOT / "deploy/k8s" / folder], text=True)
    return list(yaml.safe_load_all(text))


def free_port():
    """Returns a free port, such that those up to 3 above it and those 100 higher are free; below those for outgoing ones."""
    while True:
        port = random.randrange(20_000, 32_000)
        try:
            for n in (0, 1, 2, 3, 101, 102, 103):
                with socket.socket() as listener:
                    listener.bind(("127.0.0.1", port + n))
            return port
        except OSError:
            continue


def get(port, path):
    """Returns the status; 0 while nothing listens."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def wait_until(is_true, what):
    """Waits as long as a busy machine may need."""
    deadline = time.monotonic() + 120
    while not is_true():
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        time.sleep(0.05)


def wait_for(port, path):
    wait_until(lambda: get(port, path) == 200, f"no answer from port {port} to {path}")


def post(port, jpeg=JPEG, query=""):
    """Returns status and body. The service may reject a request, and close the connection, before all of it is sent."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
    try:
        connection.request("POST", f"/v1/pdf{query}", jpeg, {"Content-Type": "image/jpeg"})
    except (BrokenPipeError, ConnectionResetError):
        pass
    try:
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def is_pdf_of(pdf, jpeg=JPEG):
    return pdf.startswith(b"%PDF-") and pdf.endswith(b"%%EOF\n") and jpeg in pdf
