"""Makes the JPEGs of this folder: `python make.py [FOLDER]`.

Most files contain the same picture, coded or damaged in different ways, and are named after their peculiarity. The same
versions of Pillow and of libjpeg-turbo's jpegtran make the same bytes.
"""

import io
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms

WIDTH, HEIGHT = 48, 32
SOF0, DHT, SOI, EOI, SOS = b"\xff\xc0", b"\xff\xc4", b"\xff\xd8", b"\xff\xd9", b"\xff\xda"


def picture():
    """Returns a smooth picture, which hides differences in upsampling, but shows rotation, mirroring and truncation."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    red = 40 + 170 * x / WIDTH
    green = 50 + 160 * y / HEIGHT
    blue = 220 - 150 * (x + y) / (WIDTH + HEIGHT)
    rgb = np.stack([red, green, blue], axis=-1)
    rgb[:8, :16] = (200, 40, 40)
    rgb[24:, 32:] = (30, 60, 200)
    return Image.fromarray(rgb.round().astype(np.uint8))


def ink():
    """Returns the picture as CMYK with some black."""
    rgb = np.asarray(picture()).astype(int)
    black = np.full((HEIGHT, WIDTH, 1), 30)
    return np.concatenate([np.clip(255 - rgb, 0, 200), black], axis=-1).astype(np.uint8)


def save(image, **options):
    out = io.BytesIO()
    image.save(out, "JPEG", **{"quality": 90, "subsampling": 0, **options})
    return out.getvalue()


def segment(marker, payload):
    return bytes([0xFF, marker]) + (len(payload) + 2).to_bytes(2, "big") + payload


def segments(jpeg):
    """Yields each marker segment between SOI and SOS, and then the rest in one part."""
    at = 2
    while jpeg[at : at + 2] != SOS:
        end = at + 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")
        yield jpeg[at:end]
        at = end
    yield jpeg[at:]


def without(jpeg, *markers):
    return SOI + b"".join(part for part in segments(jpeg) if part[1] not in markers)


def after_soi(jpeg, *parts):
    return SOI + b"".join(parts) + jpeg[2:]


def before_sos(jpeg, part):
    *header, rest = segments(jpeg)
    return SOI + b"".join(header) + part + rest


def frame(jpeg, **fields):
    """Changes the frame header: its marker, precision, height, width or component identifiers."""
    at = next(i for i in range(len(jpeg)) if jpeg[i : i + 2] in (SOF0, b"\xff\xc1", b"\xff\xc2"))
    out = bytearray(jpeg)
    for name, value in fields.items():
        if name == "ids":
            for n, id in enumerate(value):
                out[at + 10 + 3 * n] = id
                sos = out.index(SOS)
                out[sos + 5 + 2 * n] = id
        else:
            offset, size = {"marker": (1, 1), "precision": (4, 1), "height": (5, 2), "width": (7, 2)}[name]
            out[at + offset : at + offset + size] = value.to_bytes(size, "big")
    return bytes(out)


def jfif(units, x, y):
    return segment(0xE0, b"JFIF\0\x01\x02" + bytes([units]) + x.to_bytes(2, "big") + y.to_bytes(2, "big") + b"\0\0")


def adobe(transform):
    return segment(0xEE, b"Adobe\0\x64\0\0\0\0" + bytes([transform]))


def exif(*entries):
    """Returns an Exif segment whose IFD0 has these (tag, type, count, value or its offset) entries, big-endian."""
    ifd = len(entries).to_bytes(2, "big")
    for tag, kind, count, value in entries:
        ifd += tag.to_bytes(2, "big") + kind.to_bytes(2, "big") + count.to_bytes(4, "big") + value
    return b"Exif\0\0MM\0\x2a\0\0\0\x08" + ifd + b"\0\0\0\0"


def orientation(value):
    return segment(0xE1, exif((0x0112, 3, 1, value.to_bytes(2, "big") + b"\0\0")))


def exif_density(per_inch):
    at = 8 + 2 + 3 * 12 + 4
    rational = per_inch.to_bytes(4, "big") + (1).to_bytes(4, "big")
    entries = [(tag, 5, 1, at.to_bytes(4, "big")) for tag in (0x011A, 0x011B)]
    return segment(0xE1, exif(*entries, (0x0128, 3, 1, b"\0\x02\0\0")) + rational)


def photoshop_density(per_inch):
    fixed = (per_inch << 16).to_bytes(4, "big")
    data = (fixed + b"\0\x01\0\x01") * 2
    return segment(0xED, b"Photoshop 3.0\x008BIM\x03\xed\0\0" + len(data).to_bytes(4, "big") + data)


def srgb():
    """Returns Pillow's sRGB profile without its creation date."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile[24:36] = bytes.fromhex("07ea 0001 0001 0000 0000 0000")
    return bytes(profile)


def icc(profile, chunks=1, leave_out=None):
    size = -(-len(profile) // chunks)
    return b"".join(
        segment(0xE2, b"ICC_PROFILE\0" + bytes([n + 1, chunks]) + profile[n * size : (n + 1) * size])
        for n in range(chunks)
        if n != leave_out
    )


def jpegtran(jpeg, *options):
    return subprocess.run(["jpegtran", *options], input=jpeg, stdout=subprocess.PIPE, check=True).stdout


def ycck():
    """Pillow does not write YCCK, so Y, Cb, Cr and K are stored as if they were inks, and Adobe's segment says so."""
    cmyk = ink()
    ycc = np.asarray(Image.fromarray(cmyk[..., :3]).convert("YCbCr"))
    stored = np.concatenate([255 - ycc, cmyk[..., 3:]], axis=-1)
    cmyk = frame(save(Image.fromarray(stored, "CMYK")), ids=(1, 2, 3, 4))
    return after_soi(without(cmyk, 0xEE), adobe(2))


def files():
    rgb = picture()
    base = without(save(rgb), 0xE0)
    plain = after_soi(base, jfif(0, 1, 1))
    gray = save(rgb.convert("L"))
    keep_rgb = save(rgb, keep_rgb=True)
    cmyk = save(Image.fromarray(ink(), "CMYK"))
    profile = srgb()
    data_at = plain.index(SOS) + 2 + 12
    sos = plain.index(SOS)

    yield "ycbcr_444", plain
    yield "ycbcr_422", save(rgb, subsampling=1)
    yield "ycbcr_420", save(rgb, subsampling=2)
    yield "ycbcr_adobe", after_soi(base, adobe(1))
    yield "ycbcr_bare", base
    yield "gray", gray
    yield "gray_progressive", save(rgb.convert("L"), progressive=True)
    yield "progressive", save(rgb, progressive=True)
    yield "progressive_420", save(rgb, progressive=True, subsampling=2)
    yield "restart", save(rgb, restart_marker_blocks=3)
    yield "scan_per_component", scan_per_component(plain)
    yield "extended_sequential", frame(plain, marker=0xC1)
    yield "odd_size", save(rgb.crop((0, 0, 45, 29)), subsampling=2)

    yield "rgb_adobe", keep_rgb
    yield "rgb_adobe_ids123", frame(keep_rgb, ids=(1, 2, 3))
    yield "rgb_ids_only", without(keep_rgb, 0xEE)
    yield "jfif_against_adobe", after_soi(base, jfif(0, 1, 1), adobe(0))
    yield "cmyk_adobe", cmyk
    yield "cmyk_plain", without(save(Image.fromarray(255 - ink(), "CMYK")), 0xEE)
    yield "ycck", ycck()

    yield "icc_srgb", after_soi(base, icc(profile))
    yield "icc_three_chunks", after_soi(base, icc(profile, 3))
    yield "icc_missing_chunk", after_soi(base, icc(profile, 3, leave_out=1))
    yield "icc_rgb_on_gray", after_soi(gray, icc(profile))
    yield "icc_rgb_on_cmyk", after_soi(cmyk, icc(profile))
    yield "icc_garbage", after_soi(base, icc(bytes(range(200))))

    for value in range(10):
        yield f"orientation_{value}", after_soi(base, orientation(value))
    yield "orientation_text", after_soi(base, segment(0xE1, exif((0x0112, 2, 2, b"6\0\0\0"))))
    yield "orientation_6_gray", after_soi(gray, orientation(6))
    yield "orientation_5_cmyk", after_soi(cmyk, orientation(5))
    yield "exif_twice", after_soi(base, orientation(6), orientation(3))

    yield "density_inch", after_soi(base, jfif(1, 144, 144))
    yield "density_cm", after_soi(base, jfif(2, 100, 100))
    yield "density_unequal", after_soi(base, jfif(1, 144, 72))
    yield "density_aspect", after_soi(base, jfif(0, 2, 1))
    yield "density_exif", after_soi(base, exif_density(192))
    yield "density_jfif_and_exif", after_soi(base, jfif(1, 72, 72), exif_density(192))
    yield "density_photoshop", after_soi(base, photoshop_density(288))
    yield "density_zero", after_soi(base, jfif(1, 0, 72))
    yield "density_one", after_soi(base, jfif(1, 1, 1))
    yield "density_65535", after_soi(base, jfif(1, 65535, 65535))

    yield "eoi_missing", plain.removesuffix(EOI)
    yield "eoi_then_zip", plain + b"PK\x05\x06" + bytes(18)
    yield "eoi_then_jpeg", plain + gray
    yield "fill_bytes", after_soi(base, b"\xff\xff\xff" + jfif(0, 1, 1), b"\xff\xff")
    yield "crlf_before_soi", b"\r\n" + plain
    yield "junk_before_soi", bytes(range(1, 17)) + plain
    yield "soi_twice", SOI + plain
    yield "com_too_short", after_soi(base, jfif(0, 1, 1), b"\xff\xfe\0\x01")
    yield "com_with_frame_inside", after_soi(base, segment(0xFE, frame(SOF0 + bytes(17), height=1)))
    yield "huffman_tables_missing", without(plain, 0xC4)
    yield "dnl", frame(plain, height=0).removesuffix(EOI) + segment(0xDC, HEIGHT.to_bytes(2, "big")) + EOI
    yield "height_zero", frame(plain, height=0)
    yield "width_zero", frame(plain, width=0)
    yield "pixel", save(Image.new("RGB", (1, 1), (200, 40, 40)))
    yield "line", save(rgb.crop((0, 0, 48, 1)).resize((2000, 1)), quality=50)

    yield "arithmetic", jpegtran(plain, "-arithmetic")
    yield "arithmetic_progressive", jpegtran(plain, "-arithmetic", "-progressive")
    yield "precision_12", precision_12()
    yield "precision_12_arithmetic", arithmetic_12(precision_12())
    yield "mosaic", mosaic()
    yield "lossless", lossless()
    yield "tiles", save(tiles(), quality=100, subsampling=2)
    yield "lossless_420", lossless_420()
    yield "hierarchical", frame(plain, marker=0xC5)
    yield "jpeg_ls", frame(plain, marker=0xF7)
    yield "two_components", two_components(plain)

    yield "cut_in_header", plain[: sos - 40]
    yield "cut_in_scan", plain[: data_at + (len(plain) - data_at) // 2]
    yield "soi_only", SOI
    yield "scan_before_frame", SOI + plain[sos:]
    yield "frame_twice", before_sos(plain, next(part for part in segments(plain) if part[:2] == SOF0))
    yield "empty", b""
    yield "png", foreign(rgb, "PNG")
    yield "gif", b"GIF89a\x01\0\x01\0\0\0\0;"
    yield "webp", b"RIFF\x1a\0\0\0WEBPVP8L\x0d\0\0\0\x2f\0\0\0"
    yield "heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"
    yield "jpeg_2000", b"\0\0\0\x0cjP  \r\n\x87\n"
    yield "pdf", b"%PDF-1.7\n%%EOF\n"
    yield "html", b"<!doctype html><title>404</title>"
    yield "text", b"no picture at all\n"


def scan_per_component(jpeg):
    with tempfile.NamedTemporaryFile("w", suffix=".scans") as script:
        script.write("0;\n1;\n2;\n")
        script.flush()
        return jpegtran(jpeg, "-scans", script.name)


def huffman(values):
    """Returns a table of 5-bit codes, and differences coded with it: the code of each size, and then its bits."""
    bits = ""
    for value in values:
        size = abs(int(value)).bit_length()
        bits += f"{size:05b}" + (f"{value if value > 0 else value + (1 << size) - 1:0{size}b}" if size else "")
    bits += "1" * (-len(bits) % 8)
    data = int(bits, 2).to_bytes(len(bits) // 8, "big").replace(b"\xff", b"\xff\0")
    sizes = bytes(range(16))
    return segment(0xC4, b"\0" + bytes([0, 0, 0, 0, len(sizes)]) + bytes(11) + sizes), data


def gray_frame(marker, precision, height, width):
    sizes = height.to_bytes(2, "big") + width.to_bytes(2, "big")
    return segment(marker, bytes([precision]) + sizes + b"\1\1\x11\0")


def lossless():
    """Returns SOF3 with predictor 1: samples are coded as differences from the sample to the left, or above."""
    gray = np.asarray(picture().convert("L")).astype(int)
    before = np.column_stack([np.append(128, gray[:-1, 0]), gray[:, :-1]])
    tables, data = huffman((gray - before).ravel())
    scan = segment(0xDA, b"\1\1\0\1\0\0")
    return SOI + gray_frame(0xC3, 8, HEIGHT, WIDTH) + tables + scan + data + EOI


def tiles():
    """Returns the picture in flat squares, which JPEG coding does not change."""
    return picture().reduce(16).resize((WIDTH, HEIGHT), Image.Resampling.NEAREST)


def lossless_420():
    """Returns the tiles as SOF3 with predictor 7: an MCU has four samples of Y, one of Cb and one of Cr."""
    planes = [np.asarray(plane).astype(int) for plane in tiles().convert("YCbCr").split()]
    planes[1:] = [plane[::2, ::2] for plane in planes[1:]]
    differences = []
    for plane in planes:
        predicted = np.full_like(plane, 128)
        predicted[0, 1:] = plane[0, :-1]
        predicted[1:, 0] = plane[:-1, 0]
        predicted[1:, 1:] = (plane[1:, :-1] + plane[:-1, 1:]) >> 1
        differences.append(plane - predicted)
    y, cb, cr = differences
    four = y.reshape(HEIGHT // 2, 2, WIDTH // 2, 2).swapaxes(1, 2).reshape(-1, 4)
    tables, data = huffman(np.column_stack([four, cb.ravel(), cr.ravel()]).ravel())
    sizes = HEIGHT.to_bytes(2, "big") + WIDTH.to_bytes(2, "big")
    sof = segment(0xC3, b"\x08" + sizes + b"\3\1\x22\0\2\x11\0\3\x11\0")
    scan = segment(0xDA, b"\3\1\0\2\0\3\0\7\0\0")
    return SOI + jfif(1, 96, 96) + sof + tables + scan + data + EOI


def means():
    """Returns the mean of each block of the picture, in 12 bits."""
    gray = np.asarray(picture().convert("L")).astype(int) * 16
    return gray.reshape(HEIGHT // 8, 8, WIDTH // 8, 8).mean(axis=(1, 3)).round().astype(int)


def mosaic():
    """Returns the blocks of `precision_12` in 8 bits."""
    return save(Image.fromarray((means() / 16).round().astype(np.uint8).repeat(8, axis=0).repeat(8, axis=1)))


def precision_12():
    """Returns SOF1 of 12 bits, with DC coefficients only: eight times the mean of a block, quantized by eight."""
    dc = (means() - 2048).ravel()
    # The end of the block follows each mean. The AC table has the same codes.
    tables, data = huffman(np.column_stack([np.diff(dc, prepend=0), np.zeros_like(dc)]).ravel())
    tables += tables[:4] + b"\x10" + tables[5:]
    quantization = segment(0xDB, b"\0" + bytes([8] * 64))
    scan = segment(0xDA, b"\1\1\0\0\x3f\0")
    return SOI + quantization + gray_frame(0xC1, 12, HEIGHT, WIDTH) + tables + scan + data + EOI


def arithmetic_12(jpeg):
    """Encodes with a jpegtran for 8 bits, since such small coefficients are coded in the same way at any precision."""
    coded = jpegtran(frame(jpeg, precision=8), "-arithmetic")
    at = coded.index(b"\xff\xc9")
    return coded[: at + 4] + b"\x0c" + coded[at + 5 :]


def two_components(jpeg):
    """Removes the last component from the frame and the scan."""
    sof = next(part for part in segments(jpeg) if part[:2] == SOF0)
    payload = bytearray(sof[4:-3])
    payload[5] = 2
    *header, rest = segments(jpeg)
    header = [segment(0xC0, bytes(payload)) if part is sof or part == sof else part for part in header]
    return SOI + b"".join(header) + rest


def foreign(image, kind):
    out = io.BytesIO()
    image.resize((4, 4)).save(out, kind)
    return out.getvalue()


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    for name, data in files():
        (folder / f"{name}.jpg").write_bytes(data)
