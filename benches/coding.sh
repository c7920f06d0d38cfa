#!/usr/bin/env bash
# Compares the coding of pdfmagic-core with the programs of libjpeg-turbo and with ImageMagick: sizes, and CPU time of whole
# processes on one core, in turns. Fails where a target is missed. Needs Debian's libjpeg-turbo-progs, imagemagick and python3.
set -euo pipefail
cd "$(dirname "$0")/.."
make -s programs WHAT='--example recode'
exec python3 - "target/$(rustc --print host-tuple)/dist" <<'PY'
import os, pathlib, resource, statistics, subprocess, sys, tempfile

RECODE = sys.argv[1] + "/examples/recode"
TURNS = 5
# A job, our command, their command, and the maximum ratio of CPU times.
JOBS = [
    ("optimize", "{recode} optimize {base} {out}", "jpegtran -copy none -optimize -outfile {ref} {base}", 0.35),
    ("requantize", "{recode} requantize {base} {out}", "djpeg -pnm {base} | cjpeg -quality 75 -outfile {ref}", 0.5),
    ("half", "{recode} half {base} {out}", "djpeg -scale 1/2 -pnm {base} | cjpeg -quality 75 -outfile {ref}", 0.7),
    ("requantize, ImageMagick", "{recode} requantize {base} {out}", "/usr/bin/convert {base} -quality 75 jpeg:{ref}", 0.25),
    ("half, ImageMagick", "{recode} half {base} {out}", "/usr/bin/convert {base} -resize 50% -quality 75 jpeg:{ref}", 0.25),
    ("from arithmetic", "{recode} optimize {arith} {out}", "jpegtran -copy none -optimize -outfile {ref} {arith}", 0.6),
    ("from progressive", "{recode} optimize {prog} {out}", "jpegtran -copy none -optimize -outfile {ref} {prog}", 0.6),
    ("progressive", "{recode} progressive {base} {out}", "jpegtran -copy none -progressive -outfile {ref} {base}", None),
]
# The maximum ratio of sizes.
SIZES = {"optimize": 1.0, "progressive": 1.01}
IMAGES = [("12 MP 4:4:4", 4000, 3000, "1x1"), ("2 MP 4:2:0", 1600, 1200, "2x2"), ("640 x 480", 640, 480, "1x1")]


def picture(width, height):
    """Shades, edges and grain: about as many bits per pixel as a camera's JPEG."""
    import random
    grain = random.Random(1).randbytes(3 * 4096 + 3 * width)
    rows = []
    for y in range(height):
        shade = bytes((96 + (x * 5 // 16 + y // 3) % 96 + 32 * ((x // 61 + y // 47) % 2)) for x in range(width) for _ in "rgb")
        at = y * 7919 % 4096
        rows.append(bytes(s + (g & 15) for s, g in zip(shade, grain[at:])))
    return b"P6 %d %d 255\n" % (width, height) + b"".join(rows)


def cpu(command, path):
    """CPU time of the programs in seconds, started without a shell, which would take as long as a small image."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    stages, source = [], None
    for stage in command.split(" | "):
        words = [word.format(recode=RECODE, **path) for word in stage.split()]
        is_last = stage == command.split(" | ")[-1]
        stages.append(subprocess.Popen(words, stdin=source, stdout=None if is_last else subprocess.PIPE))
        if source:
            source.close()
        source = stages[-1].stdout
    if any([stage.wait() for stage in stages]):
        sys.exit(f"{command} failed")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


os.sched_setaffinity(0, {0})
missed = False
with tempfile.TemporaryDirectory() as work:
    path = {name: os.path.join(work, name) for name in ("base", "arith", "prog", "out", "ref")}
    for name, width, height, sampling in IMAGES:
        base = subprocess.run(["cjpeg", "-quality", "90", "-sample", sampling], input=picture(width, height), capture_output=True, check=True).stdout
        pathlib.Path(path["base"]).write_bytes(base)
        for kind, option in (("arith", "-arithmetic"), ("prog", "-progressive")):
            subprocess.run(["jpegtran", option, "-outfile", path[kind], path["base"]], check=True)
        print(f"{name}: {len(base):,} bytes")
        for job, ours, theirs, maximum in JOBS:
            times = [[cpu(command, path) for command in (ours, theirs)] for _ in range(TURNS)]
            ratio = statistics.median(a for a, _ in times) / statistics.median(b for _, b in times)
            sizes = os.path.getsize(path["out"]) / os.path.getsize(path["ref"])
            bad = maximum is not None and ratio > maximum or job in SIZES and sizes > SIZES[job]
            missed |= bad
            target = "" if maximum is None else f" (at most {maximum})"
            print(f"  {job}: CPU time {ratio:.2f}{target}, size {sizes:.4f}{'  MISSED' if bad else ''}")
sys.exit(missed)
PY
