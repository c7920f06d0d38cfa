"""Tests that make.py makes the files in its folder, byte for byte."""

import runpy
from pathlib import Path

CORPUS = Path(__file__).parents[1] / "corpus"


def test_the_script_reproduces_the_corpus():
    made = {f"{name}.jpg": data for name, data in runpy.run_path(CORPUS / "make.py")["files"]()}
    assert made == {path.name: path.read_bytes() for path in CORPUS.glob("*.jpg")}
