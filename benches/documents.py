"""Times the command with many photos and with one, against cat, cp and img2pdf: `make bench-documents`.

It writes `documents.md`. The photos are on the file system of this repository, and on XFS and Btrfs on loop devices,
which require root. The compared commands run in turns. The table has the shortest times, which other load on the
machine disturbs the least.
"""

import argparse
import io
import os
import platform
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).parents[1]
CORPUS = ROOT / "pdfmagic-core" / "tests" / "corpus"
IMG2PDF = Path(sys.executable).with_name("img2pdf")
MB = 1_000_000
PHOTO = 5 * MB
# img2pdf holds the whole PDF in memory.
FEW = 100


def long_jpeg(size):
    """Returns a JPEG that claims 12 million pixels, with as much data as a photo, which is never read."""
    jpeg = bytearray((CORPUS / "ycbcr_420.jpg").read_bytes())
    frame = jpeg.index(b"\xff\xc0")
    jpeg[frame + 5 : frame + 9] = (3000).to_bytes(2) + (4000).to_bytes(2)
    noise = random.Random(size).randbytes(size - len(jpeg)).replace(b"\xff", b"\xfe")
    return bytes(jpeg[:-2]) + noise + b"\xff\xd9"


def photo_like():
    """Returns a JPEG for decoding: 12 million pixels of noise on a slope."""
    rows, columns = np.mgrid[0:3000, 0:4000]
    slope = (rows // 20 + columns // 30)[..., None] + np.arange(3) * 20
    noise = np.random.default_rng(1).integers(0, 24, (3000, 4000, 3))
    jpeg = io.BytesIO()
    Image.fromarray(((slope + noise) % 256).astype("uint8")).save(jpeg, "JPEG", quality=90)
    return jpeg.getvalue()


def run(words, output=None, stdout=None):
    """Returns the seconds that a command takes to make `output`."""
    if output:
        output.unlink(missing_ok=True)
    begin = time.perf_counter()
    subprocess.run(list(map(str, words)), check=True, stdout=stdout)
    return time.perf_counter() - begin


def memory(words):
    """Returns the peak memory of a command, in MiB."""
    process = subprocess.Popen(list(map(str, words)))
    most = 0
    # The system's value for a process that has ended includes the memory of the process that started it.
    while process.poll() is None:
        try:
            status = Path(f"/proc/{process.pid}/status").read_text()
            name, size = (re.search(rf"^{key}:\s*(\S+)", status, re.MULTILINE) for key in ("Name", "VmHWM"))
            if size and words[0].name.startswith(name[1]):
                most = max(most, int(size[1]) / 1024)
        except OSError:
            pass
        time.sleep(0.0005)
    assert process.returncode == 0, words
    return most


def cat(inputs, output):
    with output.open("wb") as file:
        return run(["cat", *inputs], stdout=file)


def used(folder):
    """Returns the bytes in use on a file system, after it has freed what was deleted, which Btrfs does later."""
    last = None
    while True:
        os.sync()
        status = os.statvfs(folder)
        now = (status.f_blocks - status.f_bfree) * status.f_frsize
        if now == last or folder.name == "ext4":
            return now
        last = now
        time.sleep(2)


@contextmanager
def mounted(kind, folder, size):
    """Yields a folder on a file system of this kind."""
    if kind == "ext4":
        words = ["findmnt", "-no", "FSTYPE", "-T", folder]
        own = subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip()
        inside = folder / "ext4"
        inside.mkdir()
        yield own, inside
        shutil.rmtree(inside)
        return
    image, inside = folder / f"{kind}.image", folder / kind
    inside.mkdir()
    with image.open("wb") as file:
        file.truncate(size)
    subprocess.run([f"mkfs.{kind}", "-q", image], check=True, capture_output=True)
    subprocess.run(["mount", "-o", "loop", image, inside], check=True)
    try:
        yield kind, inside
    finally:
        subprocess.run(["umount", inside], check=True)
        image.unlink()


def many(cli, folder, count, rounds):
    """Returns the seconds that cat and the command take, the share of the data that takes new space, in percent, and
    the command's memory. Then, with only some of the photos, the ratio of img2pdf's time to the command's, and
    img2pdf's memory."""
    jpeg = long_jpeg(PHOTO)
    names = [folder / f"{number:04}.jpg" for number in range(count)]
    for number, name in enumerate(names):
        # No two photos have any blocks in common.
        at = 2000 + 64 * number
        name.write_bytes(jpeg[:2000] + jpeg[at:-2] + jpeg[2000:at] + jpeg[-2:])
    output = folder / "out"
    words, few = [cli, *names, "-o", output], names[:FEW]
    cats, ours = [], []
    for _ in range(rounds):
        output.unlink(missing_ok=True)
        os.sync()
        cats.append(cat(names, output))
        output.unlink()
        before = used(folder)
        ours.append(run(words, output))
        new = 100 * (used(folder) - before) / (count * PHOTO)
    most = memory(words)
    theirs = min(run([IMG2PDF, *few, "-o", output], output) for _ in range(2))
    their_memory = memory([IMG2PDF, *few, "-o", output])
    theirs /= min(run([cli, *few, "-o", output], output) for _ in range(rounds))
    for name in [*names, output]:
        name.unlink()
    return min(cats), min(ours), new, most, theirs, their_memory


def one(cli, folder, size, turns):
    """Returns times of cp and the command with one photo, in milliseconds."""
    source, output = folder / "one.jpg", folder / "out"
    source.write_bytes(long_jpeg(size))
    best = [float("inf")] * 2
    for _ in range(turns):
        for index, words in enumerate((["cp", source, output], [cli, source, output])):
            best[index] = min(best[index], 1000 * run(words, output))
    return best


def threads(cli, folder, turns):
    """Returns the seconds for 8 photos with `--optimize`, on one thread and on two."""
    source, output = folder / "decoded", folder / "out"
    source.mkdir()
    jpeg = photo_like()
    for number in range(8):
        (source / f"{number}.jpg").write_bytes(jpeg[:-2] + b"\xff\xfe\x00\x03%d" % number + jpeg[-2:])
    best = [float("inf")] * 2
    for _ in range(turns):
        for index in range(2):
            words = [cli, "-q", "--optimize", "--jobs", index + 1, source, "-o", output]
            best[index] = min(best[index], run(words, output))
    return best


def table(cli, arguments):
    lines = [
        "# Documents, measured",
        "",
        f"One run of `make bench-documents` on {os.cpu_count()} processors, Linux {platform.release()}, with a load average of "
        f"{os.getloadavg()[0]:.1f} before it. Times are the least of {arguments.rounds} turns (of {arguments.turns} for one "
        f"photo, and of {4 * arguments.rounds} for eight), with the input in the page cache. Btrfs and XFS are on loop devices.",
        "",
        f"{arguments.photos:,} photos of {PHOTO // MB} MB in one PDF:",
        "",
        f"| file system | `cat` [s] | pdfmagic-cli [s] | ratio | at most | new blocks [%] | most memory [MiB] | img2pdf with {FEW} photos, "
        "times as long | its memory [MiB] |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    kept = True
    (ROOT / "target").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=ROOT / "target") as folder:
        folder = Path(folder)
        size = int(2.4 * arguments.photos * PHOTO) + (1 << 30)
        for kind, limit in (("ext4", 1.05), ("xfs", 0.05), ("btrfs", 0.05)):
            with mounted(kind, folder, size) as (name, inside):
                cats, ours, new, most, theirs, their_memory = many(cli, inside, arguments.photos, arguments.rounds)
            kept &= ours <= limit * cats and most <= 24 and (kind == "ext4" or new < 1)
            lines.append(
                f"| {name} | {cats:.2f} | {ours:.2f} | {ours / cats:.3f} | {limit} | {new:.2f} | {most:.1f} | {theirs:.1f} "
                f"| {their_memory:.0f} |"
            )
            print(lines[-1], flush=True)
        lines += ["", "One photo, against `cp`:", "", "| photo | `cp` [ms] | pdfmagic-cli [ms] | ratio | at most |", "|---|--:|--:|--:|--:|"]
        for what, size, limit in (("4.5 MB", 4_500_000, 1.0), ("200 kB", 200_000, 0.9)):
            copied, ours = one(cli, folder, size, arguments.turns)
            kept &= ours <= limit * copied
            lines.append(f"| {what} | {copied:.2f} | {ours:.2f} | {ours / copied:.2f} | {limit} |")
            print(lines[-1], flush=True)
        single, double = threads(cli, folder, 4 * arguments.rounds)
        kept &= double <= 0.55 * single
        lines += [
            "",
            f"8 photos of 12 million pixels with `--optimize`: {single:.2f} s on one thread, {double:.2f} s on two, which is "
            f"{double / single:.2f} times as long (at most 0.55).",
            "",
        ]
    return "\n".join(lines), kept


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cli", type=Path)
    parser.add_argument("--photos", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--turns", type=int, default=300)
    arguments = parser.parse_args()
    # Other load then has less influence.
    os.nice(-15)
    text, kept = table(arguments.cli.resolve(), arguments)
    (ROOT / "benches" / "documents.md").write_text(text)
    print(text)
    sys.exit(not kept)


main()
