"""The image as it is deployed: read-only, without root and without any capability."""

import json
import os
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
IMAGE = os.environ["PDFMAGIC_IMAGE"]
JPEG = (ROOT / "pdfmagic-core/tests/corpus/ycbcr_420.jpg").read_bytes()
HARDENED = ["--read-only", "--read-only-tmpfs=false", "--cap-drop=all", "--security-opt=no-new-privileges"]


def podman(*words):
    return subprocess.run(["podman", *words], check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def container():
    name = podman("run", "--detach", "--publish=127.0.0.1::8080", *HARDENED, IMAGE)
    yield name
    podman("rm", "--force", "--time=0", name)


@pytest.fixture
def url(container):
    url = f"http://{podman('port', container, '8080')}"
    for _ in range(100):
        try:
            urllib.request.urlopen(f"{url}/readyz").close()
            return url
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.05)
    pytest.fail(podman("logs", container))


def post(url):
    request = urllib.request.Request(f"{url}/v1/pdf", JPEG, {"Content-Type": "image/jpeg"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.headers["Content-Type"], answer.read()


def test_a_jpeg_comes_back_as_a_pdf(url):
    kind, pdf = post(url)
    assert kind == "application/pdf"
    assert pdf.startswith(b"%PDF-") and pdf.endswith(b"%%EOF\n") and JPEG in pdf


def test_sigterm_ends_it_with_success(container, url):
    post(url)
    started = time.monotonic()
    podman("stop", "--time=20", container)
    assert time.monotonic() - started < 10
    assert podman("inspect", "--format={{.State.ExitCode}}", container) == "0"


def test_it_runs_without_root_and_without_capabilities(container, url):
    process = podman("inspect", "--format={{.State.Pid}}", container)
    status = dict(line.split(":\t", 1) for line in Path(f"/proc/{process}/status").read_text().splitlines())
    assert status["Uid"].split() == status["Gid"].split() == ["65532"] * 4
    assert int(status["CapEff"], 16) == 0
    assert status["NoNewPrivs"] == "1"


def test_the_image_is_one_small_file():
    image = json.loads(podman("image", "inspect", IMAGE))[0]
    assert image["Size"] <= 6_000_000
    assert image["Config"]["User"] == "65532:65532"
    assert image["Config"]["ExposedPorts"] == {"8080/tcp": {}}
    assert len(image["RootFS"]["Layers"]) == 1
