"""The page in a second browser."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import command, photo

PROGRAM = shutil.which("firefox-esr")
SCRIPT = Path(__file__).with_name("firefox.mjs")


@pytest.mark.skipif(not PROGRAM and os.environ.get("CI") != "true", reason="there is no firefox-esr")
def test_photos_become_a_pdf_in_firefox(service, tmp_path):
    photos = [tmp_path / "first.jpg", tmp_path / "second.jpg"]
    photos[0].write_bytes(photo())
    photos[1].write_bytes(photo(50, 50))
    folder = tmp_path / "downloads"
    folder.mkdir()
    command_line = ["node", SCRIPT, PROGRAM, service.address, folder, *photos]
    run = subprocess.run(command_line, capture_output=True, text=True, timeout=120)
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")
    pdf = folder / "first.pdf"
    assert pdf.read_bytes() == command(tmp_path / "out.pdf", "--metadata", "strip", *photos)
