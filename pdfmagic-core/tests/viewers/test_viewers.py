"""Tests in four renderers that every PDF shows what its JPEG shows."""

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
# The files whose licenses may not allow them in the repository.
OUTSIDE = HERE.parents[3] / "shared" / "corpus"
CLI = os.environ.get("PDFMAGIC_CLI", str(HERE.parents[2] / "target" / "debug" / "pdfmagic-cli"))

# How far a picture may be off, out of 255: on average, and in its worst row or column. MuPDF and pdf.js repeat chroma
# samples where libjpeg interpolates them, and poppler's quarter of a pixel shows at sharp edges.
TOLERANCE = {"pdfium": (1, 4), "mupdf": (12, 24), "poppler": (3, 48), "pdfjs": (5, 24)}
# The additional difference that a re-encoded picture may have. Rows with an edge are the worst.
LOSS = {"auto": (0, 0), "transcode": (0, 0), "reencode": (6, 24)}
# The additional difference between viewers of a damaged picture, since damage has many edges.
DAMAGE = (3, 8)
# pdf.js ignores profiles, and does not smooth what a progression leaves unknown.
UNLIKE = {("pdfjs", "adobergb_r03_no_icc"), ("pdfjs", "progressive-dc-only")}
# Chroma samples of lossless JPEG are repeated, as libjpeg does, also where its other processes interpolate them.
REPEATED = {"lossless_420"}
# These are not re-encoded: they are damaged after the header, where decoders differ, or embedded as samples.
KEPT = {"cut_in_scan", "lossless", "lossless_420", "precision_12", "precision_12_arithmetic"}


def rows():
    """Returns the rows of `corpus.tsv` that become a PDF, each with the path of its file, if that is on this machine."""
    with (CORPUS / "corpus.tsv").open(newline="") as table:
        for row in csv.DictReader(table, delimiter="\t"):
            paths = [folder / row["file"] for folder in (CORPUS, OUTSIDE)]
            path = next((path for path in paths if path.is_file()), None)
            if path and row["auto"] == "pdf":
                yield row, path


def own_files():
    """Returns the files of `make.py`."""
    for row, path in rows():
        if path.parent == CORPUS:
            yield path, CORPUS / row["shows"] if row["shows"] else None


def public_files():
    """Returns files of other projects that libjpeg-turbo decodes and that are large enough for their chroma to be visible."""
    for row, path in rows():
        if row["file"].startswith("public/") and row["djpeg"] == "ok" and min(Image.open(path).size) >= 16:
            yield path, None


def carried_files():
    """Returns arithmetic, lossless and 12-bit files, of which Pillow decodes only a few."""
    for row, path in rows():
        if path.parent != CORPUS and row["passthrough"] != "pdf":
            yield pytest.param(path, id=path.name)


def damaged_files():
    """Returns files with decoder warnings, or that users reported: viewers show different parts of the picture, or none."""
    for row, path in rows():
        if row["file"].startswith("reported/") or row["djpeg"] != "ok":
            yield pytest.param(path.stem, path.read_bytes(), id=path.stem)


def planted():
    """Returns files with damage at every third of the coded data, baseline and progressive."""
    for name in ("bumptech__glide/Landscape_6", "image-rs__jpeg-decoder/jpg-progressive"):
        jpeg = (CORPUS / "public" / f"{name}.jpg").read_bytes()
        start = jpeg.index(b"\xff\xda") + 14
        for third in (1, 2):
            at = start + (len(jpeg) - start) * third // 3
            for what, damage in {"cut": b"", "zeros": bytes(64), "exp": b"\xff\xdf", "soi": b"\xff\xd8"}.items():
                rest = jpeg[at + len(damage) :] if damage else b""
                case = f"{Path(name).stem}-{what}-{third}"
                yield pytest.param(case, jpeg[:at] + damage + rest, id=case)


def convert(jpeg, backend, folder, *options):
    pdf = folder / "out.pdf"
    done = subprocess.run([CLI, "--quiet", "--backend", backend, *options, jpeg, pdf])
    # Status 3 means that a picture is damaged.
    assert done.returncode in (0, 3)
    return pdf


def is_right(shown, expected, renderer, backend):
    tolerance = np.add(TOLERANCE[renderer], LOSS[backend])
    return (distance(shown, expected) <= tolerance).all()


def check(jpeg, shows, backend, folder):
    pdf = convert(jpeg, backend, folder)
    subprocess.run(["qpdf", "--check", pdf], check=True, capture_output=True)
    source = Source((shows or jpeg).read_bytes())
    wrong = {}
    for name, render in RENDERERS.items():
        shown, expected = render(pdf.read_bytes(), source.width, source.height), source.rendered(render)
        if not is_right(shown, expected, "mupdf" if jpeg.stem in REPEATED else name, backend):
            wrong[name] = distance(shown, expected)
    assert not wrong


def cases(files):
    for jpeg, shows in files:
        for backend in LOSS:
            if backend == "auto" or jpeg.stem not in KEPT:
                yield pytest.param(jpeg, shows, backend, id=f"{jpeg.stem}-{backend}")


@pytest.mark.parametrize(("jpeg", "shows", "backend"), list(cases(own_files())))
def test_a_pdf_shows_what_its_jpeg_shows(jpeg, shows, backend, tmp_path):
    check(jpeg, shows, backend, tmp_path)


@pytest.mark.parametrize(("jpeg", "shows", "backend"), list(cases(public_files())))
def test_a_pdf_shows_what_a_jpeg_of_another_project_shows(jpeg, shows, backend, tmp_path):
    check(jpeg, shows, backend, tmp_path)


@pytest.mark.parametrize("jpeg", list(carried_files()))
def test_jpegs_that_viewers_do_not_decode_look_the_same_in_all(jpeg, tmp_path):
    assert not far_from_pdfium(convert(jpeg, "auto", tmp_path).read_bytes())


@pytest.mark.parametrize(("name", "jpeg"), [*damaged_files(), *planted()])
def test_a_damaged_jpeg_looks_the_same_in_all(name, jpeg, tmp_path):
    path = tmp_path / "in.jpg"
    path.write_bytes(jpeg)
    wrong = far_from_pdfium(convert(path, "auto", tmp_path, "--verify").read_bytes())
    assert {(renderer, name) for renderer in wrong} <= UNLIKE, wrong


def far_from_pdfium(pdf):
    """Chroma is left out: pdf.js and MuPDF repeat its samples where others interpolate, and damage is often colorful."""

    def luma(render):
        return render(pdf, width, height) @ np.array([[0.299], [0.587], [0.114]])

    width, height = (int(re.search(key + rb" (\d+)", pdf).group(1)) for key in (b"/Width", b"/Height"))
    expected = luma(pdfium)
    distances = {name: distance(luma(render), expected) for name, render in RENDERERS.items()}
    allowed = {name: np.add(TOLERANCE[name], DAMAGE) for name in RENDERERS}
    return {name: found for name, found in distances.items() if (found > allowed[name]).any()}


def unturned(pdf):
    """Replaces the matrix by one of the same length that does not rotate the image."""
    width, height = re.search(rb"/MediaBox \[0 0 (\S+) (\S+)\]", pdf).groups()
    matrix = re.search(rb"q (.*) cm", pdf).group(1)
    wrong = b"%s 0 0 %s 0 0" % (width, height)
    return pdf.replace(matrix, wrong.ljust(len(matrix)))


def cut_off(pdf):
    """Ends the coded data at the start of its last quarter."""
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
    right = convert(jpeg, "auto", tmp_path).read_bytes()
    wrong = fault(right)
    assert len(wrong) == len(right) and wrong != right
    source, render = Source(jpeg.read_bytes()), RENDERERS[renderer]
    expected = source.rendered(render)
    shown = render(wrong, source.width, source.height)
    assert not any(is_right(shown, expected, renderer, backend) for backend in LOSS)
