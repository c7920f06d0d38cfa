"""Tests that the Kubernetes manifests are valid in eight versions, and consistent in ways that schemas do not check."""

import copy
import json
import os
import re
import subprocess
import urllib.parse
from pathlib import Path

import jsonschema
import kubernetes_validate
import manifests
import pytest
import yaml
from running import ROOT, get, kustomize

K8S = ROOT / "deploy/k8s"
FOLDERS = [K8S / "base", *sorted(path.parent for path in K8S.glob("overlays/*/kustomization.yaml"))]
VERSIONS = [f"1.{minor}" for minor in range(30, 38)]
PROGRAMS = Path(os.environ["PDFMAGIC_PROGRAMS"]).absolute()
SERVICE = PROGRAMS / "pdfmagic-http"
CUSTOM = yaml.safe_load((Path(__file__).parent / "custom_resources.yaml").read_text())
VERSION = re.search(r'^version = "(.*)"', (ROOT / "Cargo.toml").read_text(), re.MULTILINE).group(1)

BUILT = {folder.name: kustomize(folder) for folder in FOLDERS}
everywhere = pytest.mark.parametrize("documents", BUILT.values(), ids=BUILT)


def variables():
    """Returns the variables that the service reads."""
    text = subprocess.check_output([SERVICE, "--help"], text=True)
    return set(re.findall(r"\[env:\s+(\w+)=", text))


def settings(environment):
    """Returns the settings in force in this environment, by variable. The service rejects contradictory settings."""
    lines = subprocess.run([SERVICE, "--print-config"], env=environment, check=True, capture_output=True, text=True)
    return dict(line.split("=", 1) for line in lines.stdout.splitlines())


def validate(document, version):
    if schema := CUSTOM.get(document["kind"]):
        jsonschema.validate(document["spec"], {"$defs": CUSTOM["$defs"], **schema})
    else:
        kubernetes_validate.validate(document, version, strict=True)


@everywhere
@pytest.mark.parametrize("version", VERSIONS)
def test_every_object_is_valid(documents, version):
    for document in documents:
        validate(document, version)


@pytest.mark.parametrize("name", BUILT)
def test_a_misspelt_key_is_found(name):
    for document in BUILT[name]:
        if "spec" in document:
            wrong = copy.deepcopy(document)
            wrong["spec"]["misspelt"] = 1
            with pytest.raises((kubernetes_validate.ValidationError, jsonschema.ValidationError)):
                validate(wrong, VERSIONS[-1])


def faults(documents):
    # The other checks compute with quantities.
    return list(manifests.malformed_quantities(documents)) or [
        *manifests.unmatched_selectors(documents),
        *manifests.missing_ports(documents),
        *manifests.missing_targets(documents),
        *manifests.too_short_graces(documents, settings),
        *manifests.unknown_variables(documents, variables()),
        *manifests.unrestricted(documents),
        *manifests.wrong_sizes(documents, settings),
    ]


@everywhere
def test_the_objects_fit_together(documents):
    assert not faults(documents)


def spec(documents, kind):
    return manifests.named(documents, kind)[0]["spec"]


def pod(documents):
    return spec(documents, "Deployment")["template"]["spec"]


def container(documents):
    return pod(documents)["containers"][0]


def variable(documents, name):
    return next(variable for variable in container(documents)["env"] if variable["name"] == name)


BREAKAGES = {
    "a Service selects nothing": lambda d: spec(d, "Service")["selector"].update(app="x"),
    "a Deployment selects other pods": lambda d: spec(d, "Deployment")["selector"]["matchLabels"].update(a="b"),
    "a port is gone": lambda d: container(d)["ports"].pop(),
    "a probe asks a port that is not there": lambda d: container(d)["livenessProbe"]["httpGet"].update(port="x"),
    "the autoscaler has no target": lambda d: spec(d, "HorizontalPodAutoscaler")["scaleTargetRef"].update(name="x"),
    "the autoscaler's replicas are reset": lambda d: spec(d, "Deployment").update(replicas=3),
    "a pod's grace is too short": lambda d: pod(d).update(terminationGracePeriodSeconds=80),
    "a variable is misspelt": lambda d: container(d)["env"].append({"name": "PDFMAGIC_WORKER", "value": "1"}),
    "a capability is left": lambda d: container(d)["securityContext"].pop("capabilities"),
    "the root is writable": lambda d: container(d)["securityContext"].update(readOnlyRootFilesystem=False),
    "a quantity is invalid": lambda d: container(d)["resources"]["limits"].update(memory="256Mb"),
    "memory is not requested": lambda d: container(d)["resources"]["limits"].update(memory="300Mi"),
    "the service does not know its limit": lambda d: container(d)["env"].remove(variable(d, "PDFMAGIC_MEMORY_LIMIT")),
    "the service does not know its share": lambda d: container(d)["env"].remove(variable(d, "PDFMAGIC_WORKERS")),
}


@pytest.mark.parametrize("breakage", BREAKAGES)
def test_a_breakage_is_found(breakage):
    documents = copy.deepcopy(BUILT["base"])
    BREAKAGES[breakage](documents)
    assert faults(documents)


def test_a_memory_limit_without_room_for_one_body_is_rejected():
    with pytest.raises(subprocess.CalledProcessError) as refusal:
        settings({"PDFMAGIC_MEMORY_LIMIT": str(64 * manifests.MIB)})
    assert "no room for a body" in refusal.value.stderr


@everywhere
def test_the_cluster_keeps_every_field(documents):
    """Fields that the API server drops would differ at each apply and `kubectl diff`."""
    assert not list(manifests.dropped_fields(documents))


@pytest.mark.parametrize("field", [{"egress": []}, {"a": {"b": None}}, {"a": [{}]}, {"a": [{"hostNetwork": False}]}])
def test_a_field_that_the_cluster_drops_is_found(field):
    assert list(manifests.dropped_fields([{"kind": "Pod", **field}]))


@everywhere
def test_the_admin_port_answers_every_probe(documents, service):
    for name, path, port in manifests.probes(documents):
        assert port == 9090, name
        assert get(service[port], path) == 200, name


@everywhere
def test_a_service_publishes_conversions_only(documents):
    for service in manifests.named(documents, "Service"):
        assert [port["name"] for port in service["spec"]["ports"]] == ["http"]


def test_ingress_and_gateway_have_the_limits_of_the_service():
    [ingress] = manifests.named(BUILT["ingress"], "Ingress")
    size = ingress["metadata"]["annotations"]["nginx.ingress.kubernetes.io/proxy-body-size"]
    force = settings(manifests.environment(container(BUILT["gateway"])))
    assert int(size.removesuffix("m")) * manifests.MIB == int(force["PDFMAGIC_MAX_BODY"])
    [rule] = spec(BUILT["gateway"], "HTTPRoute")["rules"]
    assert rule["timeouts"]["request"] == force["PDFMAGIC_GRACE"] + "s"


def test_the_admin_port_is_open_to_monitoring_only():
    [conversions, admin] = spec(BUILT["base"], "NetworkPolicy")["ingress"]
    assert [port["port"] for port in conversions["ports"]] == ["http"]
    assert [port["port"] for port in admin["ports"]] == ["admin"]
    assert admin["from"] == [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}]


@everywhere
def test_images_are_of_this_version(documents):
    for container in manifests.containers(documents):
        name = {"pdfmagic": "pdfmagic", "client": "pdfmagic-load", "batch": "pdfmagic-cli"}[container["name"]]
        assert container["image"] == f"localhost/{name}:{VERSION}"
        # These variables are set in the images.
        assert "command" not in container


def test_the_readme_names_images_of_this_version():
    versions = re.findall(r"localhost/[\w-]+:([\d.]+)", (ROOT / "README.md").read_text())
    assert set(versions) == {VERSION}


def test_the_practicals_names_are_kept():
    pod, deployment, service = (manifests.named(BUILT["practical"], kind)[0] for kind in ("Pod", "Deployment", "Service"))
    for document in (pod, deployment, service):
        assert document["metadata"]["name"] == "pdfmagic"
    assert pod["metadata"]["labels"] == deployment["spec"]["selector"]["matchLabels"] == {"app": "pdfmagic"}
    # `kubectl expose pod` publishes every port in this list.
    assert [port["containerPort"] for port in pod["spec"]["containers"][0]["ports"]] == [8080]
    assert deployment["spec"]["replicas"] == 3
    assert service["spec"]["type"] == "LoadBalancer"
    assert service["spec"]["ports"][0]["port"] == 8080


@everywhere
def test_namespaces_admit_only_restricted_pods(documents):
    for namespace in manifests.named(documents, "Namespace"):
        assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


def test_the_batch_has_as_many_shards_as_pods():
    [job], [batch] = manifests.named(BUILT["batch"], "Job"), manifests.containers(BUILT["batch"])
    assert job["spec"]["completions"] == job["spec"]["parallelism"]
    assert f"--shard=$(JOB_COMPLETION_INDEX)/{job['spec']['completions']}" in batch["args"]


def test_the_load_generator_accepts_the_jobs_arguments(service):
    [client] = manifests.containers(BUILT["load-job"])
    url, *arguments = client["args"]
    arguments = [word.replace("$(JOB_COMPLETION_INDEX)", "7").replace("START_AT", "0") for word in arguments]
    url = urllib.parse.urlsplit(url)._replace(netloc=f"127.0.0.1:{service[8080]}").geturl()
    done = subprocess.run([PROGRAMS / "pdfmagic-load", url, *arguments], check=True, capture_output=True)
    samples = [json.loads(line) for line in done.stdout.splitlines()[1:]]
    assert [(sample["client"], sample["status"]) for sample in samples] == 100 * [(7, 200)]


def test_the_jobs_clients_can_reach_the_service():
    [job], [service] = manifests.named(BUILT["load-job"], "Job"), manifests.named(BUILT["base"], "Service")
    [client] = manifests.containers(BUILT["load-job"])
    url = urllib.parse.urlsplit(client["args"][0])
    assert (url.hostname, url.port) == (service["metadata"]["name"], service["spec"]["ports"][0]["port"])
    assert job["metadata"]["namespace"] == service["metadata"]["namespace"]
    # The policy forbids connections out of the pods that it selects, and allows requests from all pods.
    policy = spec(BUILT["base"], "NetworkPolicy")
    assert not manifests.matching([job], policy["podSelector"]["matchLabels"])
    assert "from" not in policy["ingress"][0]
