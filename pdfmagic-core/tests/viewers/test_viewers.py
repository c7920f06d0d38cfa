"""Every PDF shows, in four renderers, what its JPEG shows."""

import csv
import os
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
from pictures import RENDERERS, Source, distance, pdfium
from PIL import Image

HERE = Path(__file__).parent
CORPUS = HERE.parent / "corpus"
# Files whose licenses do not let them into the repository, where they lie beside it.
OUTSIDE = HERE.parents[3] / "shared" / "corpus"
CLI = os.environ.get("PDFMAGIC_CLI", str(HERE.parents[2] / "target" / "debug" / "pdfmagic-cli"))

# How far, of 255, a picture may be off: in the mean, and in its worst row or column. MuPDF and pdf.js spread chroma
# over pixels in steps where libjpeg smooths it; poppler's quarter of a pixel shows beside sharp edges.
TOLERANCE = {"pdfium": (1, 4), "mupdf": (12, 24), "poppler": (3, 48), "pdfjs": (5, 24)}
# What re-encoding may cost in addition, most of it in rows with an edge.
LOSS = {"lossless": (0, 0), "transcode": (0, 0), "reencode": (6, 24)}
# Not re-encoded: damaged after the header, where each decoder shows something else; or carried as samples.
KEPT = {"cut_in_scan", "marker-ffdc", "lossless", "lossless_420", "precision_12", "precision_12_arithmetic"}

# A marker that has no place in coded data makes pdf.js give up.
BLANK = {("pdfjs", "marker-ffdc")}


def rows():
    """The rows of `corpus.tsv` that become a PDF, each with the path of its file, where that is on this machine."""
    with (CORPUS / "corpus.tsv").open(newline="") as table:
        for row in csv.DictReader(table, delimiter="\t"):
            paths = [folder / row["file"] for folder in (CORPUS, OUTSIDE)]
            path = next((path for path in paths if path.is_file()), None)
            if path and row["auto"] == "pdf":
                yield row, path


def own_files():
    """The files of `make.py`."""
    for row, path in rows():
        if path.parent == CORPUS:
            yield path, CORPUS / row["shows"] if row["shows"] else None


def public_files():
    """Files of other projects that libjpeg-turbo decodes, and that are large enough for their chroma to be visible."""
    for row, path in rows():
        if row["file"].startswith("public/") and row["djpeg"] == "ok" and min(Image.open(path).size) >= 16:
            yield path, None


def carried_files():
    """Arithmetic, lossless, or of 12 bits: Pillow decodes few of them."""
    for row, path in rows():
        if path.parent != CORPUS and row["passthrough"] != "pdf":
            yield pytest.param(path, id=path.name)


def convert(jpeg, backend, folder):
    pdf = folder / "out.pdf"
    subprocess.run([CLI, "--quiet", "--backend", backend, jpeg, pdf], check=True)
    return pdf


def is_right(shown, expected, renderer, backend):
    most = np.add(TOLERANCE[renderer], LOSS[backend])
    return (distance(shown, expected) <= most).all()


def check(jpeg, shows, backend, folder):
    pdf = convert(jpeg, backend, folder)
    subprocess.run(["qpdf", "--check", pdf], check=True, capture_output=True)
    source = Source((shows or jpeg).read_bytes())
    wrong = {}
    for name, render in RENDERERS.items():
        shown, expected = render(pdf.read_bytes(), source.width, source.height), source.rendered(render)
        if not is_right(shown, expected, name, backend) and (name, jpeg.stem) not in BLANK:
            wrong[name] = distance(shown, expected)
    assert not wrong


def cases(files):
    for jpeg, shows in files:
        for backend in LOSS:
            if backend == "lossless" or jpeg.stem not in KEPT:
                yield pytest.param(jpeg, shows, backend, id=f"{jpeg.stem}-{backend}")


@pytest.mark.parametrize(("jpeg", "shows", "backend"), list(cases(own_files())))
def test_a_pdf_shows_what_its_jpeg_shows(jpeg, shows, backend, tmp_path):
    check(jpeg, shows, backend, tmp_path)


@pytest.mark.parametrize(("jpeg", "shows", "backend"), list(cases(public_files())))
def test_so_it_does_for_files_of_other_projects(jpeg, shows, backend, tmp_path):
    check(jpeg, shows, backend, tmp_path)


@pytest.mark.parametrize("jpeg", list(carried_files()))
def test_all_viewers_show_the_same_of_what_none_decodes(jpeg, tmp_path):
    pdf = convert(jpeg, "lossless", tmp_path).read_bytes()
    width, height = (int(re.search(key + rb" (\d+)", pdf).group(1)) for key in (b"/Width", b"/Height"))
    expected = pdfium(pdf, width, height)
    shown = {name: render(pdf, width, height) for name, render in RENDERERS.items()}
    wrong = {name: distance(seen, expected) for name, seen in shown.items() if not is_right(seen, expected, name, "lossless")}
    assert not wrong


def unturned(pdf):
    """The matrix of an image that stands as it is stored, in as many bytes as the right one."""
    width, height = re.search(rb"/MediaBox \[0 0 (\S+) (\S+)\]", pdf).groups()
    matrix = re.search(rb"q (.*) cm", pdf).group(1)
    wrong = b"%s 0 0 %s 0 0" % (width, height)
    return pdf.replace(matrix, wrong.ljust(len(matrix)))


def cut_off(pdf):
    """The end of the coded data where its last quarter begins."""
    start, end = pdf.index(b"\xff\xda"), pdf.index(b"\xff\xd9\nendstream")
    cut = start + (end - start) * 3 // 4
    return pdf[:cut] + b"\xff\xd9" + bytes(end - cut) + pdf[end + 2 :]


FAULTS = {
    "orientation_6": unturned,
    "orientation_2": unturned,
    "orientation_5_cmyk": unturned,
    "cmyk_adobe": lambda pdf: pdf.replace(b"/Decode [1 0 1 0 1 0 1 0]", b" " * 25),
    "ycbcr_420": lambda pdf: pdf.replace(b"/Im0 Do", b"       "),
    "ycbcr_444": cut_off,
    "rgb_adobe_ids123": lambda pdf: pdf.replace(b"Adobe\0\x64\0\0\0\0\0", b"Adobe\0\x64\0\0\0\0\1"),
}


@pytest.mark.parametrize(("name", "fault"), FAULTS.items(), ids=FAULTS)
@pytest.mark.parametrize("renderer", RENDERERS)
def test_a_wrong_picture_is_found(name, fault, renderer, tmp_path):
    jpeg = CORPUS / f"{name}.jpg"
    right = convert(jpeg, "lossless", tmp_path).read_bytes()
    wrong = fault(right)
    assert len(wrong) == len(right) and wrong != right
    source, render = Source(jpeg.read_bytes()), RENDERERS[renderer]
    expected = source.rendered(render)
    shown = render(wrong, source.width, source.height)
    assert not any(is_right(shown, expected, renderer, backend) for backend in LOSS)
