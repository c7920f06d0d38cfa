"""Tests in four viewers that a page looks as its geometry says."""

import sys

import numpy as np
import pytest
from command import ROOT, run
from PIL import Image
from seen import pages

sys.path.append(str(ROOT / "pdfmagic-core" / "tests" / "viewers"))
from pictures import RENDERERS  # noqa: E402 -- it lies elsewhere

WORDS = {
    "defaults": "",
    "border": "-S A4 -b 1cm:3cm --anchor top-left",
    "four borders": "-S 10cmx15cm -b 1cm:2cm:3cm:4cm -f exact",
    "landscape": "-S A4 -a --anchor bottom-right",
    "fill": "-S A5 -f fill",
    "turned": "-r 90 -s 10cm",
    "half": "-r 180 -S Letter",
    "large": "-s 300inx150in --border 20in",
    "strips": "-S 4cmx2cm --split-strips",
    "boxes": "-S A4 --trim-border 1cm --bleed-border 5mm --art-border 2cm",
}

# The longer side of the compared pictures, in pixels.
SIDE = 200


@pytest.fixture(scope="module", params=[1, 5, 6])
def jpeg(request, tmp_path_factory):
    """Returns slopes, which look the same however a viewer resamples them, in an orientation."""
    rows, columns = np.mgrid[0:400, 0:600]
    samples = np.stack([rows * 200 // 400, columns * 200 // 600, (rows + columns) * 200 // 1000], axis=-1)
    exif = Image.Exif()
    exif[0x0112] = request.param
    path = tmp_path_factory.mktemp("jpeg") / "slopes.jpg"
    Image.fromarray(samples.astype("uint8")).save(path, quality=95, subsampling=0, exif=exif)
    return path


def expected(page, jpeg, width, height, scale):
    """Returns the page with the image at the positions of its corners."""
    (top_left, top_right, bottom_left), image = page.images[0], Image.open(jpeg).convert("RGB")

    def pixel(point):
        return np.array([point[0] * scale, height - point[1] * scale])

    origin = pixel(top_left)
    across, down = (pixel(top_right) - origin) / image.width, (pixel(bottom_left) - origin) / image.height
    inverse = np.linalg.inv(np.column_stack([across, down]))
    offset = -inverse @ origin
    coefficients = (*inverse[0], offset[0], *inverse[1], offset[1])
    mask = Image.new("L", image.size, 255).transform((width, height), Image.Transform.AFFINE, coefficients)
    shown = image.transform((width, height), Image.Transform.AFFINE, coefficients, Image.Resampling.BILINEAR)
    blank = Image.new("RGB", (width, height), "white")
    return np.asarray(Image.composite(shown, blank, mask)).astype(int)


def made(case, jpeg, pdf):
    """Makes a PDF. Returns it, and the picture that its geometry promises."""
    run("-q", jpeg, *WORDS[case].split(), "-o", pdf)
    page = pages(pdf)[0]
    _, _, right, top = page.boxes["MediaBox"]
    scale = SIDE / max(right, top)
    return pdf.read_bytes(), expected(page, jpeg, round(right * scale), round(top * scale), scale)


def agree(shown, wanted):
    off = np.abs(shown.astype(int) - wanted).max(axis=-1)
    # An edge of the image may be off by a pixel, where the whole pixel differs.
    edges = 4 * sum(off.shape)
    return np.count_nonzero(off > 12) <= edges and np.median(off) <= 6


@pytest.mark.parametrize("case", WORDS)
def test_four_viewers_show_the_same_page(case, jpeg, tmp_path):
    pdf, wanted = made(case, jpeg, tmp_path / "out.pdf")
    height, width, _ = wanted.shape
    for name, render in RENDERERS.items():
        assert agree(render(pdf, width, height), wanted), (name, case)


@pytest.mark.parametrize("case", WORDS)
def test_a_page_that_looks_different_is_found(case, jpeg, tmp_path):
    pdf, wanted = made(case, jpeg, tmp_path / "out.pdf")
    height, width, _ = wanted.shape
    shown = RENDERERS["pdfium"](pdf, width, height)
    faults = {
        "moved": np.roll(shown, SIDE // 10, axis=1),
        "mirrored": shown[:, ::-1],
        "turned": shown[::-1, ::-1],
        "other colors": shown[..., ::-1],
    }
    for fault, planted in faults.items():
        assert not agree(planted, wanted), fault
