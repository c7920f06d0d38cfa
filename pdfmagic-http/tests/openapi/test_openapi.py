"""Tests that the service adheres to its own OpenAPI document for any request."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
SERVICE = HERE.parents[2] / "target/debug/pdfmagic-http"


@pytest.fixture
def address():
    command = [SERVICE, "--listen=127.0.0.1:0", "--admin-listen=127.0.0.1:0"]
    service = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    yield re.search(r"http://\S+", service.stderr.readline()).group()
    service.stderr.close()
    service.terminate()
    assert service.wait(60) == 0


def test_schemathesis_finds_nothing(address, tmp_path):
    program = Path(sys.executable).with_name("schemathesis")
    command = [program, f"--config-file={HERE / 'schemathesis.toml'}", "run", f"{address}/openapi.json"]
    # Values have more spellings than the schema states: `yes` for true, `0` for no rotation.
    options = ["--checks=all", "--exclude-checks=negative_data_rejection", "--max-examples=50", "--phases=examples,coverage,fuzzing", "--seed=1"]
    run = subprocess.run(
        [*command, *options],
        env={**os.environ, "SCHEMATHESIS_HOOKS": "hooks", "PYTHONPATH": str(HERE)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert run.returncode == 0, run.stdout + run.stderr
