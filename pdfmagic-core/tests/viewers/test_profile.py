"""Tests that the profile for pictures whose Exif says Adobe RGB gives Adobe RGB's colors, as lcms2 computes them."""

import io
import itertools

import numpy as np
import pymupdf
from PIL import Image, ImageCms
from test_viewers import CORPUS, convert

# Adobe RGB (1998) Color Image Encoding, 4.3.4.1 and annex B: the primaries adapted to D50, and the exponent.
TO_XYZ = np.array([[0.60974, 0.20528, 0.14919], [0.31111, 0.62567, 0.06322], [0.01947, 0.06087, 0.74457]])
GAMMA = 563 / 256
D50 = np.array([0.9642, 1.0, 0.8249])
LEVELS = (0, 51, 102, 153, 204, 255)


def lab(rgb):
    """Returns CIE L*a*b* under D50."""
    t = (np.asarray(rgb) / 255) ** GAMMA @ TO_XYZ.T / D50
    x, y, z = np.where(t > (6 / 29) ** 3, np.cbrt(t), t / (3 * (6 / 29) ** 2) + 4 / 29).T
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def embedded_profile(pdf):
    document = pymupdf.open(pdf)
    for xref in range(1, document.xref_length()):
        if document.xref_is_stream(xref) and document.xref_get_key(xref, "N")[1] == "3":
            return document.xref_stream(xref)
    raise AssertionError("no profile is embedded")


def test_the_profile_has_the_colors_of_adobe_rgb(tmp_path):
    data = embedded_profile(convert(CORPUS / "reported" / "adobergb_r03_no_icc.jpg", "auto", tmp_path))
    profile = ImageCms.ImageCmsProfile(io.BytesIO(data))
    assert profile.profile.xcolor_space.strip() == "RGB"
    colors = list(itertools.product(LEVELS, repeat=3))
    samples = Image.new("RGB", (len(colors), 1))
    samples.putdata(colors)
    transform = ImageCms.buildTransform(profile, ImageCms.createProfile("LAB"), "RGB", "LAB", ImageCms.Intent.RELATIVE_COLORIMETRIC)
    found = np.asarray(ImageCms.applyTransform(samples, transform), dtype=float)[0]
    # Pillow's L* goes to 255; a* and b* are signed bytes.
    found = np.stack([found[:, 0] / 2.55, *(np.where(c > 127, c - 256, c) for c in found[:, 1:].T)], axis=-1)
    distances = np.linalg.norm(found - lab(colors).clip(-128, 127), axis=-1)
    # Bytes are imprecise; a difference of 1 is hardly visible.
    assert distances.max() < 2 and distances.mean() < 1


def test_the_profile_is_small(tmp_path):
    data = embedded_profile(convert(CORPUS / "reported" / "adobergb_r03_no_icc.jpg", "auto", tmp_path))
    assert len(data) < 700
