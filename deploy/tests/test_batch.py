"""Tests the Job of the overlay `batch`: podman runs its pods, one for each shard, over a folder of photos."""

import copy
import json
import os
import subprocess
import time
import uuid

import manifests
import pytest
import yaml
from running import JPEG, is_pdf_of, kustomize, podman, wait_until

IMAGE = os.environ["PDFMAGIC_CLI_IMAGE"]
PHOTOS, SHARDS = int(os.environ.get("PHOTOS", 200)), 4
[JOB] = manifests.named(kustomize("overlays/batch"), "Job")


def photo(number):
    """Returns photos that differ, also in size: each has a comment after its first marker."""
    comment = b"photo %d" % number * (1 + number % 5000)
    return JPEG[:2] + b"\xff\xfe" + (2 + len(comment)).to_bytes(2) + comment + JPEG[2:]


class Batch:
    """A folder of photos, and the pods that convert it."""

    def __init__(self, folder):
        # The pods read and write as a separate user.
        self.photos, self.pdfs, self.manifest = folder / "photos", folder / "pdfs", folder / "pod.yaml"
        self.photos.mkdir(mode=0o755)
        self.pdfs.mkdir()
        os.chown(self.pdfs, 65532, 65532)
        self.name = f"pdfmagic-batch-{uuid.uuid4().hex[:8]}"
        self.expected = {f"photo-{number}": photo(number) for number in range(PHOTOS)}
        for name, jpeg in self.expected.items():
            (self.photos / f"{name}.jpg").write_bytes(jpeg)
        # Files that are not photos are ignored.
        (self.photos / "notes.txt").write_text("none")

    def pod(self, index, cpu):
        """Returns the pod as the Job's controller makes it, except that podman has no volume claims."""
        spec = copy.deepcopy(JOB["spec"]["template"]["spec"])
        [container] = spec["containers"]
        container.update(image=IMAGE, imagePullPolicy="Never")
        # The controller sets the variable, and the kubelet puts it into the arguments.
        shard = (f"--shard=$(JOB_COMPLETION_INDEX)/{JOB['spec']['completions']}", f"--shard={index}/{SHARDS}")
        container["args"] = [word.replace(*shard) for word in container["args"]]
        container["resources"]["limits"]["cpu"] = cpu
        # podman mounts folders of the host, with the group that they have there.
        spec["securityContext"] = {k: v for k, v in spec["securityContext"].items() if not k.startswith("fsGroup")}
        folders = {"photos": self.photos, "pdfs": self.pdfs}
        spec["volumes"] = [{"name": name, "hostPath": {"path": str(path)}} for name, path in folders.items()]
        return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": f"{self.name}-{index}"}, "spec": spec}

    def start(self, indexes, cpu="1"):
        self.manifest.write_text(yaml.safe_dump_all(self.pod(index, cpu) for index in indexes))
        podman("kube", "play", self.manifest)

    def container(self, index):
        return f"{self.name}-{index}-batch"

    def end(self, index):
        """Waits for a pod, removes it, and returns its exit code and its log."""
        container = self.container(index)
        code = int(podman("wait", container))
        log = podman("logs", container)
        podman("pod", "rm", "--force", f"{self.name}-{index}")
        return code, log

    def remove(self):
        pods = podman("pod", "ps", "--quiet", f"--filter=name={self.name}").split()
        if pods:
            podman("pod", "rm", "--force", *pods)

    def made(self):
        """Returns each PDF by its name, with attributes that change if it is written again."""
        return {path.stem: (path.stat().st_ino, path.stat().st_mtime_ns) for path in self.pdfs.glob("*.pdf")}


@pytest.fixture
def batch(tmp_path):
    batch = Batch(tmp_path)
    yield batch
    batch.remove()


def summary(log):
    """Parses the last line, which is all that a pod prints."""
    told = json.loads(log)
    assert told.keys() == {"summary"}
    return told["summary"]


def test_a_killed_shard_resumes_where_it_stopped(batch):
    # A hundredth of a processor is slow enough that the pod can be killed in the middle.
    batch.start([1], cpu="10m")
    wait_until(batch.made, "nothing is made")
    podman("kill", batch.container(1))
    assert batch.end(1) == (137, "")
    before = batch.made()
    of_a_shard = PHOTOS // SHARDS
    assert 0 < len(before) < of_a_shard
    # A PDF must be newer than its JPEG, by the clock of the file system.
    time.sleep(0.1)

    start = time.monotonic()
    batch.start(range(SHARDS))
    ends = [batch.end(index) for index in range(SHARDS)]
    seconds = time.monotonic() - start
    assert [code for code, _ in ends] == [0] * SHARDS, ends
    for index, (_, log) in enumerate(ends):
        kept = len(before) if index == 1 else 0
        expected = {"inputs": of_a_shard, "made": of_a_shard - kept, "kept": kept, "failed": 0, "damaged": 0}
        assert summary(log) == expected
    after = batch.made()
    # No PDF is made twice, none is missing, there is nothing else, and all are complete.
    assert before.items() <= after.items()
    assert after.keys() == batch.expected.keys()
    assert {path.suffix for path in batch.pdfs.iterdir()} == {".pdf"}
    for name, jpeg in batch.expected.items():
        assert is_pdf_of((batch.pdfs / f"{name}.pdf").read_bytes(), jpeg), name
    print(f"{PHOTOS} photos by {SHARDS} pods in {seconds:.1f} s, {len(before)} of them kept from a pod that was killed")


def too_large():
    """Returns a JPEG whose coefficients, which take 288 MB, must all be in memory before they are written in another code."""
    samples = b"P5 12000 12000 255\n" + bytes(12_000 * 12_000)
    command = ["cjpeg", "-grayscale", "-arithmetic", "-progressive"]
    return subprocess.run(command, input=samples, capture_output=True, check=True).stdout


@pytest.mark.parametrize("failing, reason", [(lambda: b"GIF89a", "not_jpeg.gif"), (too_large, "limit.memory")])
def test_failures_are_reported_and_the_rest_is_converted(batch, failing, reason):
    (batch.photos / "photo-0.jpg").write_bytes(failing())
    batch.start([0])
    code, log = batch.end(0)
    told = json.loads(log)
    assert code == 1
    assert told["summary"]["failed"] == 1 and told["summary"]["made"] == PHOTOS // SHARDS - 1
    assert [(error["input"], error["code"]) for error in told["errors"]] == [("/photos/photo-0.jpg", reason)]
    # The Job does not run such a pod again.
    rules = JOB["spec"]["podFailurePolicy"]["rules"]
    [codes] = [rule["onExitCodes"]["values"] for rule in rules if rule["action"] == "FailIndex"]
    assert code in codes and 137 not in codes
