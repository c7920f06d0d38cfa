"""Runs the command."""

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[3]
CORPUS = ROOT / "pdfmagic-core" / "tests" / "corpus"
CLI = os.environ.get("PDFMAGIC_CLI", str(ROOT / "target" / "debug" / "pdfmagic-cli"))


def run(*words, status=0, **options):
    """Runs the command, and returns its standard output."""
    done = subprocess.run([CLI, *map(str, words)], capture_output=True, check=False, **options)
    assert done.returncode == status, done.stderr.decode()
    return done.stdout


def needed(what, is_there):
    """Whether a test can run. In CI, it must."""
    assert is_there or os.environ.get("CI") != "true", what
    return is_there
