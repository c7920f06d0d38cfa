"""Tests that a PDF shares the blocks of its JPEGs on Btrfs and XFS."""

import io
import os
import random
import re
import subprocess

import pikepdf
import pytest
from command import CORPUS, run
from file_system import mounted
from PIL import Image

MIB = 1 << 20


def photo(name, size):
    """Returns a JPEG of the corpus with the size of a photo; its data is never read."""
    jpeg = bytearray((CORPUS / f"{name}.jpg").read_bytes())
    frame = jpeg.index(b"\xff\xc0")
    jpeg[frame + 5 : frame + 9] = (3000).to_bytes(2) + (2000).to_bytes(2)
    noise = random.Random(f"{name} {size}").randbytes(size - len(jpeg)).replace(b"\xff", b"\xfe")
    return bytes(jpeg[:-2]) + noise + b"\xff\xd9"


def noise():
    """Returns a JPEG that can be decoded, of more than a mebibyte."""
    jpeg = io.BytesIO()
    Image.frombytes("RGB", (1400, 1000), random.Random(1).randbytes(1400 * 1000 * 3)).save(jpeg, "JPEG", quality=95)
    assert jpeg.tell() > MIB
    return jpeg.getvalue()


@pytest.fixture(params=["btrfs", "xfs"])
def folder(request, tmp_path):
    """Yields a folder on a file system that can share blocks."""
    with mounted(request.param, tmp_path) as folder:
        yield folder


def used(folder):
    """Returns the number of bytes in use on the file system."""
    subprocess.run(["sync", "-f", folder], check=True)
    status = os.statvfs(folder)
    return (status.f_blocks - status.f_bfree) * status.f_frsize


def shared(file):
    """Returns the number of bytes of a file in blocks that other files share."""
    told = subprocess.run(["filefrag", "-v", "-b4096", "-s", file], check=True, capture_output=True, text=True).stdout
    extents = re.findall(r"^ *\d+: .*?: +(\d+): .*", told, re.MULTILINE)
    lines = [line for line in told.splitlines() if re.match(r" *\d+:", line)]
    assert len(extents) == len(lines), told
    return sum(4096 * int(size) for size, line in zip(extents, lines, strict=True) if "shared" in line)


def test_an_album_shares_the_blocks_of_its_photos(folder, tmp_path):
    # In one, the header is changed, so that the data begins within a block; in the other, data follows the image.
    jpegs = {f"{name}.jpg": photo(name, 4 * MIB + 1000 * number) for number, name in enumerate(("ycbcr_420", "orientation_6", "gray"))}
    # That one must be read from end to end.
    jpegs["trailing.jpg"] = noise() + bytes(70_000)
    jpegs["small.jpg"] = photo("icc_srgb", 100_000)
    for name, jpeg in jpegs.items():
        (folder / name).write_bytes(jpeg)
    before = used(folder)
    run("-q", *(folder / name for name in jpegs), "-o", folder / "album.pdf")
    album = folder / "album.pdf"
    size = album.stat().st_size
    large = sum(len(jpeg) for jpeg in jpegs.values() if len(jpeg) > MIB) - 70_000
    # The beginning of each is copied, up to the first whole block that remains unchanged.
    assert shared(album) > large - 4 * 64 * 1024
    assert used(folder) - before < 0.1 * size
    # The bytes are the same as where nothing can be shared.
    elsewhere = tmp_path / "elsewhere.pdf"
    run("-q", *(folder / name for name in jpegs), "-o", elsewhere)
    assert album.read_bytes() == elsewhere.read_bytes()
    subprocess.run(["qpdf", "--check", album], check=True, capture_output=True)


def test_no_space_is_allocated_for_shared_blocks(folder):
    """XFS copies each shared block that is written to."""
    names = [folder / f"{number}.jpg" for number in range(20)]
    for number, name in enumerate(names):
        name.write_bytes(photo("gray", MIB + 5000 * number))
    before = used(folder)
    run(*names, "-o", folder / "album.pdf")
    assert used(folder) - before < 0.05 * len(names) * MIB


def test_append_shares_blocks_with_its_inputs(folder):
    (folder / "a.jpg").write_bytes(photo("gray", 4 * MIB))
    run(folder / "a.jpg", folder / "old.pdf")
    (folder / "b.jpg").write_bytes(photo("ycbcr_420", 4 * MIB))
    run("append", folder / "old.pdf", folder / "b.jpg", "-o", folder / "new.pdf")
    assert shared(folder / "new.pdf") > 2 * (4 * MIB - 64 * 1024)


def test_a_pdf_can_exceed_the_limit_of_cross_reference_tables(folder):
    large, small, album = (folder / name for name in ("large.jpg", "small.jpg", "album.pdf"))
    size = 11 * 10**9
    head, end = photo("gray", 20_000)[:-2], b"\xff\xd9"
    with large.open("wb") as file:
        file.write(head)
        file.seek(size - len(end))
        file.write(end)
    small.write_bytes((CORPUS / "icc_srgb.jpg").read_bytes())
    run(large, small, album)
    with pikepdf.open(album) as document:
        first, second = (next(iter(page.images.values())) for page in document.pages)
        assert first.stream_dict["/Length"] == size
        assert second.read_raw_bytes() == small.read_bytes()
    with album.open("rb") as file:
        file.seek(-64, os.SEEK_END)
        offset = int(file.read().split(b"startxref\n")[1].split()[0])
        assert offset > 10**10
        file.seek(offset)
        assert b"/Type /XRef" in file.read(400)
