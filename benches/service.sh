#!/usr/bin/env bash
# Measures how soon the service is ready, and its requests a second against an echo's on the same stack, in turns: 10 and
# 100 connections, 200 kB to 4.5 MB. Fails where a target is missed. Needs wrk, cjpeg and python3.
set -euo pipefail
cd "$(dirname "$0")/.."
make -s programs
exec python3 - "target/$(rustc --print host-tuple)/release" <<'PY'
import pathlib, random, re, socket, statistics, subprocess, sys, tempfile, time

RELEASE = sys.argv[1]
STARTS, START_MS = 20, 15
TURNS, SECONDS, LEAST = 15, 2, 0.97
SIZES = [("200 kB", 606, 455), ("326 kB", 775, 581), ("4.5 MB", 2880, 2160)]
POST = """
local file = io.open("%s", "rb")
wrk.method, wrk.body = "POST", file:read("*a")
wrk.headers["Content-Type"] = "image/jpeg"
"""


def start(program, *arguments):
    """A server that listens, its address, and how long it took, in ms."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    began = time.perf_counter()
    command = [f"{RELEASE}/{program}", "--listen", f"127.0.0.1:{port}", *arguments]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return process, f"127.0.0.1:{port}", (time.perf_counter() - began) * 1e3
        except ConnectionRefusedError:
            time.sleep(0.0002)


def service():
    return start("pdfmagic-http", "--admin-listen", "127.0.0.1:0")


def noise(width, height):
    grain = random.Random(1).randbytes(3 * width * height)
    pixels = b"P6 %d %d 255\n" % (width, height) + grain
    return subprocess.run(["cjpeg", "-quality", "40", "-sample", "1x1"], input=pixels, capture_output=True, check=True).stdout


def rate(url, script, connections):
    command = ["wrk", "-t1", f"-c{connections}", f"-d{SECONDS}s", "-s", script, url]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in said:
        sys.exit(f"{url}: {said}")
    return float(re.search(r"Requests/sec: +([\d.]+)", said)[1])


took = []
for _ in range(STARTS):
    process, _, ms = service()
    took.append(ms)
    process.kill()
    process.wait()
missed = statistics.median(took) > START_MS
print(f"from start to ready: {statistics.median(took):.1f} ms (at most {START_MS})")

echo, echo_at, _ = start("echo")
ours, ours_at, _ = service()
with tempfile.TemporaryDirectory() as work:
    for name, width, height in SIZES:
        jpeg, script = pathlib.Path(work, "in.jpg"), pathlib.Path(work, "post.lua")
        jpeg.write_bytes(noise(width, height))
        script.write_text(POST % jpeg)
        for connections in (10, 100):
            turns = [
                (rate(f"http://{ours_at}/v1/pdf", script, connections), rate(f"http://{echo_at}/", script, connections))
                for _ in range(TURNS)
            ]
            ratio = statistics.median(a / b for a, b in turns)
            missed |= ratio < LEAST
            said = "  MISSED" if ratio < LEAST else ""
            print(f"{name} ({jpeg.stat().st_size:,} bytes), {connections} connections: {ratio:.2f} of the echo (at least {LEAST}){said}")
for process in (echo, ours):
    process.kill()
sys.exit(missed)
PY
