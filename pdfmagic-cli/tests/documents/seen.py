"""Positions in a PDF as viewers see them: page boxes and images after `Rotate` and `UserUnit`, in points."""

from dataclasses import dataclass, field

import pikepdf

BOXES = ("MediaBox", "CropBox", "BleedBox", "TrimBox", "ArtBox")


@dataclass
class Page:
    """Boxes as (left, bottom, right, top), and images by the positions of their corners top left, top right, bottom left."""

    boxes: dict
    images: list = field(default_factory=list)


def pages(pdf):
    """Returns the pages of a PDF."""
    with pikepdf.open(pdf) as document:
        return [seen(page) for page in document.pages]


def seen(page):
    media = [float(side) for side in page.mediabox]
    unit, turn = float(page.obj.get("/UserUnit", 1)), int(page.obj.get("/Rotate", 0)) % 360
    width, height = media[2] - media[0], media[3] - media[1]

    def at(x, y):
        x, y = x - media[0], y - media[1]
        x, y = {0: (x, y), 90: (y, width - x), 180: (width - x, height - y), 270: (height - y, x)}[turn]
        return x * unit, y * unit

    def box(name):
        # ISO 32000-1, 14.11.2: the crop box defaults to the media box, and the others default to the crop box.
        default = page.obj.get("/CropBox", page.mediabox)
        found = [float(side) for side in page.obj.get(f"/{name}", default)]
        (a, b), (c, d) = at(*found[:2]), at(*found[2:])
        return min(a, c), min(b, d), max(a, c), max(b, d)

    result = Page({name: tuple(media_box(at, media)) if name == "MediaBox" else box(name) for name in BOXES})
    matrix, stack = pikepdf.Matrix(), []
    for operands, operator in pikepdf.parse_content_stream(page):
        match str(operator):
            case "q":
                stack.append(matrix)
            case "Q":
                matrix = stack.pop()
            case "cm":
                matrix = pikepdf.Matrix(*(float(value) for value in operands)) @ matrix
            case "Do":
                result.images.append([at(*matrix.transform(corner)) for corner in ((0, 1), (1, 1), (0, 0))])
    return result


def media_box(at, media):
    (a, b), (c, d) = at(*media[:2]), at(*media[2:])
    return min(a, c), min(b, d), max(a, c), max(b, d)
