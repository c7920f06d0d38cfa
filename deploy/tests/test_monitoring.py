"""Tests that alerts fire when they should, and that alerts and dashboard use metrics that the service has."""

import json
import re
import shutil
import subprocess
import urllib.request
from pathlib import Path

import manifests
import pytest
import yaml
from running import kustomize, post

ALERTS = Path(__file__).with_name("alerts.yaml")
BUILT = kustomize("overlays/hpa-inflight")
[GROUP] = manifests.named(BUILT, "PrometheusRule")[0]["spec"]["groups"]
# The labels that Prometheus adds to each sample that it scrapes from a pod.
SCRAPED = {"pod", "namespace"}


@pytest.fixture
def rules(tmp_path):
    """Returns the rules as Prometheus reads them, with their tests in the same folder."""
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump({"groups": [GROUP]}))
    return tmp_path / shutil.copy(ALERTS, tmp_path)


def promtool(*words):
    done = subprocess.run(["promtool", *words], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_prometheus_accepts_the_rules(rules):
    promtool("check", "rules", rules.with_name("rules.yaml"))


def test_alerts_fire_when_they_should_and_only_then(rules):
    promtool("test", "rules", rules)


def named(key):
    """Returns the names of alerts, or of records."""
    return {rule[key] for rule in GROUP["rules"] if key in rule}


def test_every_alert_is_tested():
    tests = yaml.safe_load(ALERTS.read_text())["tests"]
    fired = {test["alertname"] for group in tests for test in group["alert_rule_test"] if test["exp_alerts"]}
    assert fired == named("alert")


def expressions():
    yield from (rule["expr"] for rule in GROUP["rules"])
    [dashboard] = (json.loads(text) for map in manifests.named(BUILT, "ConfigMap") for text in map["data"].values())
    yield from (target["expr"] for panel in dashboard["panels"] for target in panel["targets"])


def exposed(port):
    """Returns the names of metrics, and of their labels."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        samples = [line for line in answer.read().decode().splitlines() if not line.startswith("#")]
    labels = {label for sample in samples for label in re.findall(r'(\w+)="', sample)}
    return {re.match(r"\w+", sample).group() for sample in samples}, labels


def test_every_metric_and_label_is_exposed_by_the_service(service):
    post(service[8080])
    post(service[8080], b"no JPEG")
    post(service[8080], bytes((32 << 20) + 1))
    names, labels = exposed(service[9090])
    asked = {name for text in expressions() for name in re.findall(r"\b(?:pdfmagic|process)[a-z0-9_:]+", text)}
    assert len(asked) > 15 and asked <= names | named("record")
    by = {label for text in expressions() for group in re.findall(r"by \((.*?)\)", text) for label in group.split(", ")}
    matched = {label for text in expressions() for label in re.findall(r'(\w+)=~?"', text)}
    assert by | matched <= labels | SCRAPED
    [hpa] = manifests.named(BUILT, "HorizontalPodAutoscaler")
    [custom] = [metric["pods"]["metric"]["name"] for metric in hpa["spec"]["metrics"] if metric["type"] == "Pods"]
    assert custom in names


def test_the_metrics_follow_prometheus_recommendations(service):
    with urllib.request.urlopen(f"http://127.0.0.1:{service[9090]}/metrics") as answer:
        done = subprocess.run(["promtool", "check", "metrics"], input=answer.read(), capture_output=True)
    assert done.returncode == 0, done.stderr
