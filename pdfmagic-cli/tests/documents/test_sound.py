"""Tests that strict readers accept every document, and that it is the same wherever it is made."""

import os
import shutil
import subprocess

import pypdf
import pytest
from command import CORPUS, run

NAMES = ["gray", "orientation_6", "icc_srgb", "cmyk_adobe", "progressive", "arithmetic", "gray"]
# Only the default backend decodes these.
MORE = ["lossless", "precision_12"]

WORDS = {
    "defaults": "",
    "pages": "-S A4 -b 1cm:2cm -a --crop-border 5mm --trim-border 1cm --anchor top-left",
    "turned": "-r 90 -s 300dpi",
    "strips": "-S 2cmx1cm --split-strips",
    "large": "-s 300inx200in --border 1in",
    "metadata": "--title Ünïcode --author (Somebody) --subject \\ --keywords a b --lang de-AT --producer 日本 "
    "--creationdate 2026-03-01T12:30:15+02:00 --moddate @1770000000",
    "viewers": "--outline --page-labels --viewer-panes outlines --viewer-initial-page 2 --viewer-magnification 1.5 "
    "--viewer-page-layout twocolumnright --viewer-fullscreen --viewer-fit-window --viewer-center-window",
    "smaller": "--optimize",
    "progressive": "--progressive --jobs 3",
    "lossy": "--quality 40 --max-side 20 --gray",
    "stripped": "--metadata strip --verify",
}


def made(folder, case, source=CORPUS, **environment):
    words = WORDS[case]
    names = NAMES if case in ("smaller", "progressive", "lossy") else NAMES + MORE
    inputs, pdf = [source / f"{name}.jpg" for name in names], folder / "out.pdf"
    run("-q", *inputs, *words.split(), "-o", pdf, env={**os.environ, **environment})
    return pdf


@pytest.mark.parametrize("case", WORDS)
def test_strict_readers_find_nothing_wrong(case, tmp_path):
    pdf = made(tmp_path, case)
    checked = subprocess.run(["qpdf", "--check", pdf], check=True, capture_output=True, text=True)
    assert "No syntax or stream encoding errors found" in checked.stdout, checked
    reader = pypdf.PdfReader(pdf, strict=True)
    assert len(reader.pages) >= len(NAMES)
    for page in reader.pages:
        assert page.get_contents().get_data()
        assert page["/Resources"]["/XObject"]
    assert reader.xmp_metadata is None or reader.xmp_metadata.stream
    # This is lopdf, in its strict mode.
    run("extract", "--dry-run", pdf)


@pytest.mark.parametrize("case", WORDS)
def test_the_same_input_gives_the_same_bytes_everywhere(case, tmp_path):
    first, second = tmp_path / "first", tmp_path / "an other folder"
    for folder in (first, second):
        folder.mkdir()
        for name in {*NAMES, *MORE}:
            shutil.copyfile(CORPUS / f"{name}.jpg", folder / f"{name}.jpg")
    here = made(first, case, first, TZ="UTC", LC_ALL="C.UTF-8")
    there = made(second, case, second, TZ="Asia/Tokyo", LC_ALL="tr_TR.UTF-8")
    assert here.read_bytes() == there.read_bytes()
