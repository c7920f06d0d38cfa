"""Tests the images as they are deployed: read-only, without root and without any capability."""

import json
import os
import re
import shutil
import subprocess
import tarfile
from pathlib import Path

import manifests
import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from running import ROOT, free_port, is_pdf_of, kustomize, podman, post, wait_for

IMAGE, LOAD_IMAGE, CLI_IMAGE = (os.environ[f"PDFMAGIC_{name}IMAGE"] for name in ("", "LOAD_", "CLI_"))
PROGRAMS = Path(os.environ["PDFMAGIC_PROGRAMS"]).absolute()
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


def test_sigterm_stops_it_with_exit_code_0(container, port):
    post(port)
    # A service that does not stop by itself is killed, which its exit code shows.
    podman("stop", "--time=120", container)
    assert podman("inspect", "--format={{.State.ExitCode}}", container) == "0"


def test_it_runs_without_root_and_without_capabilities(container):
    process = podman("inspect", "--format={{.State.Pid}}", container)
    status = dict(line.split(":\t", 1) for line in Path(f"/proc/{process}/status").read_text().splitlines())
    assert status["Uid"].split() == status["Gid"].split() == ["65532"] * 4
    assert int(status["CapEff"], 16) == 0
    assert status["NoNewPrivs"] == "1"


def test_budget_and_workers_follow_the_containers_limits():
    limits = ["--memory=256m", "--cpus=1"]
    lines = podman("run", "--rm", *HARDENED, *limits, IMAGE, "--print-config").splitlines()
    settings = dict(line.split("=", 1) for line in lines)
    assert int(settings["PDFMAGIC_MEMORY_LIMIT"]) == 256 << 20
    assert int(settings["PDFMAGIC_MEMORY_BUDGET"]) == 224 << 20
    assert settings["PDFMAGIC_WORKERS"] == "1"


def test_the_jobs_client_records_samples_within_its_limits(service):
    [client] = manifests.containers(kustomize("overlays/load-job"))
    memory = int(manifests.quantity(client["resources"]["limits"]["memory"]))
    # This is as in the Job, except for the target, the start and the number of the client.
    words = [word for word in client["args"] if not word.startswith(("http:", "--start-at", "--client-id"))]
    url = f"http://127.0.0.1:{service[8080]}/"
    limits = [f"--memory={memory}", "--network=host"]
    output = podman("run", "--rm", *HARDENED, *limits, LOAD_IMAGE, url, *words)
    samples = [json.loads(line) for line in output.splitlines() if line.startswith("{")][1:]
    assert [sample["status"] for sample in samples] == 100 * [200]


@pytest.mark.parametrize(
    ("image", "program", "ports", "maximum"),
    [
        (IMAGE, "pdfmagic-http", {"8080/tcp": {}, "9090/tcp": {}}, 6_500_000),
        # The image also draws plots, which need half of its contents.
        (LOAD_IMAGE, "pdfmagic-load", None, 7_000_000),
        (CLI_IMAGE, "pdfmagic-cli", None, 5_000_000),
    ],
)
def test_an_image_holds_one_small_program_with_its_bill_of_materials(image, program, ports, maximum, tmp_path):
    described = json.loads(podman("image", "inspect", image))[0]
    assert described["Size"] <= maximum
    assert described["Config"]["User"] == "65532:65532"
    assert described["Config"]["Entrypoint"] == [f"/{program}"]
    assert described["Config"].get("ExposedPorts") == ports
    assert described["Labels"]["org.opencontainers.image.version"] == image.rpartition(":")[2]
    podman("save", "--format=oci-dir", f"--output={tmp_path}", image)
    blobs = filter(tarfile.is_tarfile, (tmp_path / "blobs/sha256").iterdir())
    files = {member.name for blob in blobs for member in tarfile.open(blob) if member.isfile()}
    assert files == {program, f"{program}.cdx.json"}


@pytest.mark.parametrize("program", ["pdfmagic-http", "pdfmagic-load", "pdfmagic-cli"])
def test_a_bill_of_materials_lists_each_crate_that_a_program_mentions(program):
    bill = (PROGRAMS / f"{program}.cdx.json").read_text()
    assert JsonStrictValidator(SchemaVersion.V1_5).validate_str(bill) is None
    bill = json.loads(bill)
    assert bill["metadata"]["component"]["name"] == program
    listed = {f"{crate['name']}-{crate['version']}" for crate in bill["components"]}
    # Messages of panics name the files of crates, below a folder that is named after the registry and a hash.
    mentioned = re.findall(rb"-[0-9a-f]{16}/([\w.+-]+)/", (PROGRAMS / program).read_bytes())
    mentioned = {crate.decode() for crate in mentioned}
    assert len(mentioned) > 20 and mentioned <= listed


@pytest.mark.parametrize("program", ["pdfmagic-http", "pdfmagic-load", "pdfmagic-cli"])
def test_a_program_does_not_name_the_folders_in_which_it_was_built(program):
    contents = (PROGRAMS / program).read_bytes()
    folders = [ROOT, os.environ.get("CARGO_HOME", Path.home() / ".cargo")]
    assert not [folder for folder in folders if os.fsencode(folder) in contents]


@pytest.mark.parametrize(
    ("target", "variable", "program"),
    [
        ("binary-image", "IMAGE", "pdfmagic-http"),
        ("binary-load-image", "LOAD_IMAGE", "pdfmagic-load"),
        ("binary-cli-image", "CLI_IMAGE", "pdfmagic-cli"),
    ],
)
def test_images_of_the_same_program_are_identical(target, variable, program, tmp_path):
    def build(folder):
        packed = tmp_path / folder / "packed"
        packed.mkdir(parents=True)
        for file in [program, f"{program}.cdx.json"]:
            shutil.copy(PROGRAMS / file, packed)
        # Make does not rebuild the program, and podman rebuilds each layer.
        words = [f"--old-file=packed/{program}", target, f"PACKED={packed}", f"{variable}=localhost/{program}-again"]
        environment = {**os.environ, "BUILDAH_LAYERS": "false"}
        return subprocess.check_output(["make", "--silent", *words], cwd=ROOT, env=environment)

    try:
        assert build("one") == build("other")
    finally:
        podman("rmi", f"localhost/{program}-again")
