"""Renders PDFs and JPEGs, and compares them."""

import functools
import io
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pymupdf
import pypdfium2
import pypdfium2.raw as pdfium_c
from PIL import Image, ImageCms, ImageFile

ImageFile.LOAD_TRUNCATED_IMAGES = True

# Turns the stored picture upright, by orientation (TIFF 6.0 tag 274).
TURNS = {
    1: lambda a: a,
    2: np.fliplr,
    3: lambda a: np.rot90(a, 2),
    4: np.flipud,
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: np.rot90(a, 2).swapaxes(0, 1),
    8: np.rot90,
}


def orientation(image):
    value = image.getexif().get(0x0112)
    return value if value in TURNS else 1


def pdfium(pdf, width, height):
    document = pypdfium2.PdfDocument(pdf)
    bitmap = pypdfium2.PdfBitmap.new_native(width, height, pdfium_c.FPDFBitmap_BGR)
    bitmap.fill_rect((255, 255, 255, 255), 0, 0, width, height)
    pdfium_c.FPDF_RenderPageBitmap(bitmap, document[0], 0, 0, width, height, 0, 0)
    return bitmap.to_numpy()[..., ::-1].copy()


def mupdf(pdf, width, height):
    page = pymupdf.open(stream=pdf)[0]
    scale = pymupdf.Matrix(width / page.rect.width, height / page.rect.height)
    pixmap = page.get_pixmap(matrix=scale, colorspace=pymupdf.csRGB, alpha=False)
    samples = np.frombuffer(pixmap.samples, np.uint8).reshape(pixmap.height, pixmap.width, 3)
    return samples[:height, :width]


def poppler(pdf, width, height):
    """Poppler draws an image up to a pixel too large. At four times the size, that is a quarter of a pixel."""
    size = ["-scale-to-x", str(4 * width), "-scale-to-y", str(4 * height)]
    ppm = subprocess.run(["pdftoppm", *size, "-singlefile", "-"], input=pdf, capture_output=True, check=True).stdout
    return np.asarray(Image.open(io.BytesIO(ppm)).convert("RGB").reduce(4))


@functools.cache
def pdfjs_filter():
    here = Path(__file__).parent
    node = Path(sys.executable).with_name("node")
    return subprocess.Popen([node, here / "pdfjs.mjs"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def pdfjs(pdf, width, height):
    running = pdfjs_filter()
    running.stdin.write(b"%d %d %d\n%s" % (len(pdf), width, height, pdf))
    running.stdin.flush()
    samples = running.stdout.read(4 * width * height)
    return np.frombuffer(samples, np.uint8).reshape(height, width, 4)[..., :3]


RENDERERS = {"pdfium": pdfium, "mupdf": mupdf, "poppler": poppler, "pdfjs": pdfjs}


def profile(image):
    """Returns the embedded profile, if it is for this kind of image."""
    data = image.info.get("icc_profile")
    try:
        space = ImageCms.ImageCmsProfile(io.BytesIO(data)).profile.xcolor_space.strip()
    except (TypeError, OSError):
        return None
    return data if {"L": "GRAY", "RGB": "RGB", "CMYK": "CMYK"}[image.mode] == space else None


def samples_pdf(samples, icc_profile):
    """Returns a page that shows samples without JPEG coding, to see how a renderer displays these colors."""
    height, width, channels = samples.shape
    space = {1: "/DeviceGray", 3: "/DeviceRGB", 4: "/DeviceCMYK"}[channels]
    icc_profile, space = (icc_profile, "[/ICCBased 5 0 R]") if icc_profile else (b"", space)
    packed = zlib.compress(samples.tobytes())
    content = f"{width} 0 0 {height} 0 0 cm /Im0 Do".encode()
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {width} {height}] /Contents 4 0 R"
        " /Resources << /XObject << /Im0 6 0 R >> >> >>".encode(),
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
        b"<< /N %d /Length %d >>\nstream\n%s\nendstream" % (channels, len(icc_profile), icc_profile),
        f"<< /Subtype /Image /Width {width} /Height {height} /ColorSpace {space} /BitsPerComponent 8"
        f" /Filter /FlateDecode /Length {len(packed)} >>\nstream\n".encode() + packed + b"\nendstream",
    ]
    out, offsets = bytearray(b"%PDF-1.7\n"), []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    startxref = len(out)
    out += b"xref\n0 7\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer\n<< /Size 7 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % startxref
    return bytes(out)


class Source:
    """A JPEG as libjpeg-turbo decodes it (in Pillow's copy), rotated according to Exif."""

    def __init__(self, jpeg):
        image = Image.open(io.BytesIO(jpeg))
        samples = np.atleast_3d(np.asarray(image))
        if image.mode == "CMYK" and "adobe" not in image.info:
            samples = 255 - samples  # Pillow takes every CMYK file for Adobe's, inverted.
        self.samples = np.ascontiguousarray(TURNS[orientation(image)](samples))
        self.height, self.width, self.channels = self.samples.shape
        self.icc_profile = profile(image)

    def rendered(self, render):
        """Returns RGB. The look of inks and profiles depends on the renderer, so the renderer draws the samples."""
        if self.channels < 4 and not self.icc_profile:
            return np.broadcast_to(self.samples, (self.height, self.width, 3))
        shown = render(samples_pdf(self.samples, self.icc_profile), self.width, self.height)
        device = self.samples.astype(int)
        if self.channels == 4:
            device = np.clip(255 - device[..., :3] - device[..., 3:], 0, 255)
        assert np.abs(shown - device).mean() < 60, "the renderer shows something else than these samples"
        return shown


def distance(shown, expected):
    """Returns the mean difference of all samples, and of the worst row or column; 0 to 255."""
    if shown.shape != expected.shape:
        return np.array([255, 255])
    difference = np.abs(shown.astype(int) - expected).mean(axis=-1)
    return np.array([difference.mean(), max(difference.mean(axis=0).max(), difference.mean(axis=1).max())])
