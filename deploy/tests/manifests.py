"""Checks of a set of Kubernetes objects beyond the schema of each. Every check yields the faults that it finds."""

import math
import re
from decimal import Decimal

MIB = 1 << 20
SUFFIX = {"": 1, "m": Decimal("0.001"), "k": 10**3, "M": 10**6, "G": 10**9, "Ki": 1 << 10, "Mi": MIB, "Gi": 1 << 30}


def quantity(text):
    number, suffix = re.fullmatch(r"(\d+(?:\.\d+)?)([a-zA-Z]*)", str(text)).groups()
    return Decimal(number) * SUFFIX[suffix]


def named(documents, kind):
    return [document for document in documents if document["kind"] == kind]


def pods(documents):
    """Yields each pod's owner, labels and specification."""
    for document in documents:
        if document["kind"] == "Pod":
            yield document, document["metadata"]["labels"], document["spec"]
        elif document["kind"] in ("Deployment", "Job"):
            template = document["spec"]["template"]
            yield document, template["metadata"]["labels"], template["spec"]


def containers(documents):
    for _, _, pod in pods(documents):
        yield from pod["containers"]


def is_service(container):
    """Whether it runs the service, and not the load generator or the command."""
    return container["name"] == "pdfmagic"


def environment(container):
    """Returns its environment, with the variables of the downward API resolved."""
    variables = {}
    for variable in container.get("env", []):
        value = variable.get("value")
        if source := variable.get("valueFrom"):
            if field := source.get("resourceFieldRef"):
                side, resource = field["resource"].split(".")
                value = str(math.ceil(quantity(container["resources"][side][resource])))
            else:
                value = {"status.podIP": "192.0.2.1"}[source["fieldRef"]["fieldPath"]]
        variables[variable["name"]] = value
    return variables


def matching(documents, labels):
    return [pod for _, own, pod in pods(documents) if labels.items() <= own.items()]


def ports_of(pod):
    return {port.get("name"): port["containerPort"] for c in pod["containers"] for port in c.get("ports", [])}


def unmatched_selectors(documents):
    for document in documents:
        spec = document.get("spec", {})
        selector = spec.get("selector") or spec.get("podSelector") or {}
        labels = selector.get("matchLabels", selector)
        if labels and not matching(documents, labels):
            yield f"{document['kind']}: no pod has {labels}"
    for owner, labels, pod in pods(documents):
        own = owner["spec"].get("selector", {}).get("matchLabels", {})
        spread = [c["labelSelector"]["matchLabels"] for c in pod.get("topologySpreadConstraints", [])]
        for selector in [own, *spread]:
            if not selector.items() <= labels.items():
                yield f"{owner['kind']}: {selector} does not select its own pods"


def missing_ports(documents):
    services = {service["metadata"]["name"]: service for service in named(documents, "Service")}
    for service in services.values():
        for pod in matching(documents, service["spec"]["selector"]):
            for port in service["spec"]["ports"]:
                if port["targetPort"] not in ports_of(pod):
                    yield f"Service: no port {port['targetPort']}"
    for policy in named(documents, "NetworkPolicy"):
        for pod in matching(documents, policy["spec"]["podSelector"]["matchLabels"]):
            for port in (port for rule in policy["spec"]["ingress"] for port in rule["ports"]):
                if port["port"] not in ports_of(pod):
                    yield f"NetworkPolicy: no port {port['port']}"
    for monitor in named(documents, "PodMonitor"):
        for pod in matching(documents, monitor["spec"]["selector"]["matchLabels"]):
            for endpoint in monitor["spec"]["podMetricsEndpoints"]:
                if endpoint["port"] not in ports_of(pod):
                    yield f"PodMonitor: no port {endpoint['port']}"
    for _, path, port in probes(documents):
        if port is None:
            yield f"probe of {path}: no such port"
    for name, port in backends(documents):
        offered = services[name]["spec"]["ports"] if name in services else []
        if port not in [value for offer in offered for value in (offer["name"], offer["port"])]:
            yield f"no port {port} of a Service {name}"


def backends(documents):
    """Yields name and port of each Service that is the target of a route."""
    for ingress in named(documents, "Ingress"):
        for path in (path for rule in ingress["spec"]["rules"] for path in rule["http"]["paths"]):
            service = path["backend"]["service"]
            yield service["name"], service["port"].get("name", service["port"].get("number"))
    for route in named(documents, "HTTPRoute"):
        for backend in (backend for rule in route["spec"]["rules"] for backend in rule["backendRefs"]):
            yield backend["name"], backend["port"]


def probes(documents):
    """Yields each HTTP probe: its name, path, and port as a number."""
    for _, _, pod in pods(documents):
        for container in pod["containers"]:
            for name in ("startupProbe", "livenessProbe", "readinessProbe"):
                if get := container.get(name, {}).get("httpGet"):
                    port = get["port"]
                    yield name, get["path"], port if isinstance(port, int) else ports_of(pod).get(port)


def missing_targets(documents):
    existing = {(document["kind"], document["metadata"]["name"]) for document in documents}
    for hpa in named(documents, "HorizontalPodAutoscaler"):
        target = hpa["spec"]["scaleTargetRef"]
        if (target["kind"], target["name"]) not in existing:
            yield f"HorizontalPodAutoscaler: no {target['kind']} {target['name']}"
        for deployment in named(documents, "Deployment"):
            if "replicas" in deployment["spec"]:
                yield "Deployment: an apply would reset the replicas that the HorizontalPodAutoscaler owns"
    for _, _, pod in pods(documents):
        account = pod.get("serviceAccountName", "default")
        if account != "default" and ("ServiceAccount", account) not in existing:
            yield f"no ServiceAccount {account}"


def too_short_graces(documents, settings):
    """Checks that a stopping pod has time to answer the requests in flight. `settings` returns those of an environment."""
    for owner in named(documents, "Deployment"):
        pod = owner["spec"]["template"]["spec"]
        for container in pod["containers"]:
            force = settings(environment(container))
            drain, grace = (float(force[f"PDFMAGIC_{name}"]) for name in ("DRAIN_DELAY", "GRACE"))
            needed = container["lifecycle"]["preStop"]["sleep"]["seconds"] + drain + grace + 5
            if pod["terminationGracePeriodSeconds"] < needed:
                yield f"stopping takes up to {needed} s with a margin, but the grace is {pod['terminationGracePeriodSeconds']} s"


def unknown_variables(documents, known):
    for container in containers(documents):
        for name in environment(container).keys() - known:
            yield f"{name} is not a variable of the program"


def unrestricted(documents):
    """Yields violations of the Pod Security Standard `restricted`, as far as these pods could violate it."""
    for owner, _, pod in pods(documents):
        for container in pod["containers"]:
            context = pod.get("securityContext", {}) | container.get("securityContext", {})
            wanted = {
                "runAsNonRoot": True,
                "allowPrivilegeEscalation": False,
                "capabilities": {"drop": ["ALL"]},
                "seccompProfile": {"type": "RuntimeDefault"},
                # This is not required by `restricted`.
                "readOnlyRootFilesystem": True,
            }
            for key, value in wanted.items():
                if context.get(key) != value:
                    yield f"{owner['kind']}: {key} is not {value}"
        for key in ("hostNetwork", "hostPID", "hostIPC"):
            if key in pod:
                yield f"{owner['kind']}: {key}"
        # Only the batch Job reads and writes files.
        claims = [volume.keys() == {"name", "persistentVolumeClaim"} for volume in pod.get("volumes", [])]
        if not all(claims) or claims and any(map(is_service, pod["containers"])):
            yield f"{owner['kind']}: volumes"
        if pod.get("automountServiceAccountToken") is not False or pod.get("enableServiceLinks") is not False:
            yield f"{owner['kind']}: gets a token, or the variables of Services"


# The fields that the API server keeps even if they are zero, empty or false, since they are pointers in its types.
KEPT = {
    "allowPrivilegeEscalation",
    "automountServiceAccountToken",
    "backoffLimitPerIndex",
    "disableNameSuffixHash",
    "emptyDir",
    "enableServiceLinks",
    "maxUnavailable",
    "stabilizationWindowSeconds",
}


def dropped_fields(value, path=""):
    """Yields fields that the API server drops, since they are empty or have the default value of their type."""
    items = enumerate(value) if isinstance(value, list) else value.items()
    for key, value in items:
        if isinstance(value, (dict, list)) and value:
            yield from dropped_fields(value, f"{path}.{key}")
        elif not value and key not in KEPT:
            yield f"{path}.{key}: {value!r} is dropped"


def malformed_quantities(documents):
    for container in containers(documents):
        for side in ("requests", "limits"):
            for value in container["resources"][side].values():
                try:
                    quantity(value)
                except (AttributeError, KeyError):
                    yield f"{value} is not a quantity"


def wrong_sizes(documents, settings):
    for container in filter(is_service, containers(documents)):
        requests, limits = container["resources"]["requests"], container["resources"]["limits"]
        if limits["memory"] != requests["memory"]:
            yield "memory that is not requested can be taken away"
        force = settings(environment(container))
        if int(force["PDFMAGIC_MEMORY_LIMIT"]) != quantity(limits["memory"]):
            yield "the service does not know its limit"
        if int(force["PDFMAGIC_WORKERS"]) != math.ceil(quantity(requests["cpu"])):
            yield "the service does not know its share of the processor"
