"""The image as it is deployed: read-only, without root and without any capability."""

import json
import os
import time
from pathlib import Path

import manifests
import pytest
from running import free_port, is_pdf_of, kustomize, podman, post, wait_for

IMAGE = os.environ["PDFMAGIC_IMAGE"]
HARDENED = ["--read-only", "--read-only-tmpfs=false", "--cap-drop=all", "--security-opt=no-new-privileges"]


@pytest.fixture
def port():
    return free_port()


@pytest.fixture
def container(port):
    name = podman("run", "--detach", f"--publish=127.0.0.1:{port}:8080", *HARDENED, IMAGE)
    wait_for(port, "/readyz")
    yield name
    podman("rm", "--force", "--time=0", name)


def test_a_jpeg_comes_back_as_a_pdf(container, port):
    status, pdf = post(port)
    assert status == 200 and is_pdf_of(pdf)


def test_sigterm_ends_it_with_success(container, port):
    post(port)
    started = time.monotonic()
    podman("stop", "--time=20", container)
    assert time.monotonic() - started < 10
    assert podman("inspect", "--format={{.State.ExitCode}}", container) == "0"


def test_it_runs_without_root_and_without_capabilities(container):
    process = podman("inspect", "--format={{.State.Pid}}", container)
    status = dict(line.split(":\t", 1) for line in Path(f"/proc/{process}/status").read_text().splitlines())
    assert status["Uid"].split() == status["Gid"].split() == ["65532"] * 4
    assert int(status["CapEff"], 16) == 0
    assert status["NoNewPrivs"] == "1"


def test_budget_and_workers_follow_the_containers_limits():
    """Its control group's, of whichever version this machine has."""
    limits = ["--memory=256m", "--cpus=1"]
    lines = podman("run", "--rm", *HARDENED, *limits, IMAGE, "--print-config").splitlines()
    settings = dict(line.split("=", 1) for line in lines)
    assert int(settings["PDFMAGIC_MEMORY_LIMIT"]) == 256 << 20
    assert int(settings["PDFMAGIC_MEMORY_BUDGET"]) == 224 << 20
    assert settings["PDFMAGIC_WORKERS"] == "1"


def test_the_jobs_client_records_samples_within_its_limits(service):
    [client] = manifests.containers(kustomize("overlays/load-job"))
    memory = int(manifests.quantity(client["resources"]["limits"]["memory"]))
    # As the Job has them, but for where, when and who.
    words = [word for word in client["args"] if not word.startswith(("http:", "--start-every", "--client-id"))]
    url = f"http://127.0.0.1:{service[8080]}/"
    limits = [f"--memory={memory}", "--network=host", f"--entrypoint={client['command'][0]}"]
    output = podman("run", "--rm", *HARDENED, *limits, IMAGE, url, *words)
    samples = [json.loads(line) for line in output.splitlines() if line.startswith("{")][1:]
    assert [sample["status"] for sample in samples] == 100 * [200]


def test_the_image_is_small_and_says_what_it_is():
    image = json.loads(podman("image", "inspect", IMAGE))[0]
    assert image["Size"] <= 6_000_000
    assert image["Config"]["User"] == "65532:65532"
    assert image["Config"]["ExposedPorts"] == {"8080/tcp": {}, "9090/tcp": {}}
    assert image["Labels"]["org.opencontainers.image.version"] == IMAGE.rpartition(":")[2]
