"""Tests mixed load for a long time: the service's resource usage stays constant, and it answers everything it should."""

import os
import random
import socket
import subprocess
import threading
import time
from pathlib import Path

from running import JPEG, ROOT, free_port, is_pdf_of, post, wait_for, wait_until

PROGRAMS = Path(os.environ["PDFMAGIC_PROGRAMS"]).absolute()
SECONDS = int(os.environ.get("SOAK_SECONDS", 25))
SAMPLES = 20
# For how long a connection may outlive a client that hung up, in seconds. The service takes a quarter of a second to notice;
# the rest is for a busy machine.
SETTLED = 2
PLOT = ROOT / "target/soak.svg"


def head(length):
    return f"POST /v1/pdf HTTP/1.1\r\nHost: test\r\nContent-Type: image/jpeg\r\nContent-Length: {length}\r\n\r\n".encode()


def good(port):
    status, pdf = post(port)
    assert status == 200 and is_pdf_of(pdf), status


def bad(port):
    status, _ = post(port, random.choice((b"GIF89a", JPEG[:100], b"", JPEG[:2] * 500)))
    assert 400 <= status < 500, status


def reencoded(port):
    status, pdf = post(port, query="?backend=reencode&quality=50")
    assert status == 200 and pdf.startswith(b"%PDF-"), status


def aborted(port):
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(head(len(JPEG)) + JPEG[: random.randrange(len(JPEG))])
    # Without a pause, the connections that outlive such clients would take all places at times.
    time.sleep(0.02)


def slow(port):
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(head(len(JPEG)))
        for start in range(0, len(JPEG), 1 + len(JPEG) // 10):
            connection.sendall(JPEG[start : start + 1 + len(JPEG) // 10])
            time.sleep(0.05)
        assert connection.recv(12) == b"HTTP/1.1 200"


def http2(port):
    words = ["--silent", "--fail", "--http2-prior-knowledge", "--header", "Content-Type: image/jpeg", "--data-binary", "@-"]
    done = subprocess.run(["curl", *words, f"http://127.0.0.1:{port}/v1/pdf"], input=JPEG, capture_output=True)
    assert done.returncode == 0 and is_pdf_of(done.stdout), done.stderr


KINDS = (good, good, good, bad, reencoded, aborted, slow, http2)


class Client(threading.Thread):
    """A client that repeatedly sends requests of its kind, and records their times."""

    def __init__(self, kind, port, end):
        super().__init__()
        self.kind, self.port, self.end, self.times = kind, port, end, []
        self.start()

    def run(self):
        # An exception ends the thread, and thereby fails the test.
        while (start := time.monotonic()) < self.end:
            self.kind(self.port)
            self.times.append((start, time.monotonic() - start))


def usage(process):
    """Returns resident memory in KiB, and the numbers of descriptors and threads."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    status = dict(line.split(":\t", 1) for line in lines)
    descriptors = len(os.listdir(f"/proc/{process}/fd"))
    return int(status["VmRSS"].split()[0]), descriptors, int(status["Threads"])


def p99(times):
    return sorted(times)[len(times) * 99 // 100]


def plot(rows, path):
    """Draws each column of the rows over the first, which is in seconds, in a panel of its own that starts at zero."""
    titles = ("resident memory [MiB]", "descriptors", "threads", "p99 of good requests [ms]")
    left, width, height, gap = 60, 620, 90, 45
    end = rows[-1][0]
    svg = []
    for panel, title in enumerate(titles):
        top = 30 + panel * (height + gap)
        values = [row[1 + panel] for row in rows]
        most = max(values)
        places = [(left + row[0] / end * width, top + height - value / most * height) for row, value in zip(rows, values)]
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        svg += [
            f'<text x="{left}" y="{top - 8}" font-weight="bold">{title}</text>',
            f'<path d="M{left},{top} v{height} h{width}" fill="none" stroke="#888"/>',
            f'<text x="{left - 6}" y="{top + 4}" text-anchor="end">{most:.0f}</text>',
            f'<text x="{left - 6}" y="{top + height + 4}" text-anchor="end">0</text>',
            f'<polyline points="{points}" fill="none" stroke="#1f77b4" stroke-width="2"/>',
        ]
    bottom = 30 + len(titles) * (height + gap)
    svg += [
        f'<text x="{left}" y="{bottom - 26}" text-anchor="middle">0</text>',
        f'<text x="{left + width}" y="{bottom - 26}" text-anchor="end">{end / 60:.1f} minutes</text>',
    ]
    lines = "\n".join(svg)
    path.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {left + width + 20} {bottom}" font-family="sans-serif" '
        f'font-size="12">\n<rect width="100%" height="100%" fill="#fff"/>\n{lines}\n</svg>\n'
    )


def test_resource_usage_is_stable_under_mixed_load():
    port = free_port()
    listen = [f"--listen=127.0.0.1:{port}", f"--admin-listen=127.0.0.1:{port + 101}", "--memory-limit=268435456", "--http2"]
    with subprocess.Popen([PROGRAMS / "pdfmagic-http", *listen], stderr=subprocess.DEVNULL) as process:
        wait_for(port + 101, "/readyz")
        _, idle, _ = usage(process.pid)
        begin = time.monotonic()
        clients = [Client(kind, port, begin + SECONDS) for kind in KINDS]
        samples = []
        for number in range(1, SAMPLES + 1):
            time.sleep(max(0, begin + number * SECONDS / (SAMPLES + 1) - time.monotonic()))
            taken = time.monotonic()
            gone = sum(taken - start < SETTLED for client in clients if client.kind is aborted for start, _ in client.times)
            samples.append((*usage(process.pid), gone))
        for client in clients:
            client.join()
        wait_until(lambda: usage(process.pid)[1] <= idle, "descriptors are lost")
        process.terminate()
        assert process.wait() == 0
    times = sorted(time for client in clients if client.kind is good for time in client.times)
    rows = []
    for number, (resident, descriptors, threads, _) in enumerate(samples, 1):
        to = number * SECONDS / (SAMPLES + 1)
        window = [took for start, took in times if to - SECONDS / (SAMPLES + 1) <= start - begin < to]
        rows.append((to, resident / 1024, descriptors, threads, 1000 * p99(window) if window else 0))
    print("\nseconds  RSS MiB  descriptors  threads  p99 ms of good requests")
    for row in rows:
        print("{:7.0f}  {:7.1f}  {:11}  {:7}  {:.1f}".format(*row))
    PLOT.parent.mkdir(exist_ok=True)
    plot(rows, PLOT)
    print(f"{sum(len(client.times) for client in clients)} requests in {SECONDS} s")
    # No sample of the second half exceeds the maximum of the first half by more than noise.
    first, last = samples[: SAMPLES // 2], samples[SAMPLES // 2 :]
    for what, noise in ((0, 8 << 10), (2, 1)):
        assert max(sample[what] for sample in last) <= max(sample[what] for sample in first) + noise, samples
    # Each descriptor belongs to a client, or to one that hung up a moment ago.
    for _, descriptors, _, gone in samples:
        assert descriptors <= idle + len(clients) + gone, samples
    # In less time, other programs may delay more than one request in a hundred in just one of the halves.
    if SECONDS >= 600:
        middle = begin + SECONDS / 2
        halves = [[took for start, took in times if (start < middle) == is_first] for is_first in (True, False)]
        before, after = map(p99, halves)
        assert after <= 3 * before + 0.05, (before, after)
