"""Tests the Deployment of the base with `podman kube play`: the image under the manifest's security context and limit."""

import asyncio
import json
import os
from pathlib import Path

import manifests
import pytest
import storm
import yaml
from running import free_port, get, is_pdf_of, kustomize, podman, post, wait_for

CONTAINER = "pdfmagic-pod-0-pdfmagic"


@pytest.fixture(scope="module")
def deployment(tmp_path_factory):
    """Returns the Deployment as applied, but without the downward API, which podman lacks, and with ports on the host."""
    [deployment] = manifests.named(kustomize("base"), "Deployment")
    [container] = deployment["spec"]["template"]["spec"]["containers"]
    container["env"] = [{"name": n, "value": v} for n, v in manifests.environment(container).items()]
    for port in container["ports"]:
        port.update(hostIP="127.0.0.1", hostPort=free_port())
    container.update(image=os.environ["PDFMAGIC_IMAGE"], imagePullPolicy="Never")
    path = tmp_path_factory.mktemp("play") / "deployment.yaml"
    path.write_text(yaml.safe_dump(deployment))
    podman("kube", "play", path)
    yield deployment
    podman("kube", "down", path)


@pytest.fixture(scope="module")
def ports(deployment):
    [container] = deployment["spec"]["template"]["spec"]["containers"]
    ports = {port["name"]: port["hostPort"] for port in container["ports"]}
    wait_for(ports["admin"], "/readyz")
    return ports


def inspect():
    return json.loads(podman("inspect", CONTAINER))[0]


def test_it_answers_under_the_manifests_security_context(deployment, ports):
    status, pdf = post(ports["http"])
    assert status == 200 and is_pdf_of(pdf)
    container = inspect()
    assert container["HostConfig"]["ReadonlyRootfs"]
    assert container["HostConfig"]["Memory"] == 256 * manifests.MIB
    assert not container["EffectiveCaps"]
    process = Path(f"/proc/{container['State']['Pid']}/status").read_text()
    assert "Uid:\t65532\t65532\t65532\t65532" in process


def test_every_probe_is_answered(deployment, ports):
    [container] = deployment["spec"]["template"]["spec"]["containers"]
    for name in ("startupProbe", "livenessProbe", "readinessProbe"):
        probe = container[name]["httpGet"]
        assert get(ports[probe["port"]], probe["path"]) == 200, name
    # The image has no shell, so the program itself sends the request.
    assert podman("exec", CONTAINER, "/pdfmagic-http", "health") == "serving"


def memory(process):
    """Returns the peak memory of the container's control group, of either version, and the number of its OOM events."""
    for line in Path(f"/proc/{process}/cgroup").read_text().splitlines():
        _, _, path = line.split(":", 2)
        for root, peak, events in (
            (f"/sys/fs/cgroup{path}", "memory.peak", "memory.events"),
            (f"/sys/fs/cgroup/memory{path}", "memory.max_usage_in_bytes", "memory.oom_control"),
        ):
            if (Path(root) / peak).exists():
                counts = dict(line.split() for line in (Path(root) / events).read_text().splitlines())
                return int((Path(root) / peak).read_text()), int(counts["oom_kill"])
    pytest.fail("no control group for memory")


def test_it_does_not_run_out_of_memory_under_load(ports):
    outcomes = asyncio.run(storm.all_at_once(ports["http"]))
    container = inspect()
    peak, kills = memory(container["State"]["Pid"])
    print(f"{dict(outcomes)}, peak {peak >> 20} MiB")
    assert container["State"]["Running"] and not container["State"]["OOMKilled"]
    assert container["RestartCount"] == kills == 0
    assert outcomes[200] and outcomes[503] > outcomes[None], outcomes
    status, pdf = post(ports["http"])
    assert status == 200 and is_pdf_of(pdf)
