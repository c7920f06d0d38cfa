"""Compares the costs of a conversion for the service, by a plan and by an upload: `python3 benches/plan.py PROGRAM`.

PROGRAM is pdfmagic-http, built for release. Prints the bytes sent each way, and the service's processor time, for one
photo of 4.5 MB. Each number is the minimum of five rounds.
"""

import http.client
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CORPUS = Path(__file__).parents[1] / "pdfmagic-core/tests/corpus"
SIZE = 4_500_000
TIMES, ROUNDS = 200, 5


def photo():
    """Returns a JPEG of 12 million pixels with a header of 16 kB, as cameras write it."""
    jpeg = bytearray((CORPUS / "ycbcr_420.jpg").read_bytes())
    frame = jpeg.index(b"\xff\xc0")
    jpeg[frame + 5 : frame + 9] = (3000).to_bytes(2) + (4000).to_bytes(2)
    thumbnail = b"\xff\xe5" + (16_000).to_bytes(2) + bytes(15_998)
    head = jpeg[:2] + thumbnail + jpeg[2:-2]
    return bytes(head + b"\x2a" * (SIZE - len(head) - 2) + b"\xff\xd9")


def form(jpeg):
    scan = jpeg.rindex(b"\xff\xda")
    end = scan + 2 + int.from_bytes(jpeg[scan + 2 : scan + 4])
    body = b""
    for name, data in [("head", jpeg[:end]), ("size", b"%d" % len(jpeg)), ("tail", jpeg[-16:])]:
        body += f'--XX\r\nContent-Disposition: form-data; name="{name}"; filename="a.jpg"\r\n\r\n'.encode() + data + b"\r\n"
    return body + b"--XX--\r\n"


def cpu(process):
    """Returns the processor time so far, in seconds."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def cost(process, port, path, kind, body):
    """Returns the bytes of the answer, and the processor time of a request in milliseconds."""
    least = float("inf")
    for _ in range(ROUNDS):
        connection = http.client.HTTPConnection("127.0.0.1", port)
        before = cpu(process)
        for _ in range(TIMES):
            connection.request("POST", path, body, {"Content-Type": kind})
            answer = connection.getresponse()
            size = len(answer.read())
            assert answer.status == 200, answer.status
        least = min(least, 1000 * (cpu(process) - before) / TIMES)
        connection.close()
    return size, least


def main(program):
    command = [program, "--listen=127.0.0.1:0", "--admin-listen=127.0.0.1:0"]
    # The log of requests is written to a file, as in normal use.
    with tempfile.NamedTemporaryFile() as log:
        process = subprocess.Popen(command, stderr=log)
        address = None
        while not address:
            time.sleep(0.05)
            address = re.search(r"http://[\d.]+:(\d+)", Path(log.name).read_text())
        compare(process, int(address.group(1)))


def compare(process, port):
    jpeg = photo()
    plan = form(jpeg)
    requests = [("upload", "/v1/pdf", "image/jpeg", jpeg), ("plan", "/v1/plan", "multipart/form-data; boundary=XX", plan)]
    print("| | sent | received | processor time |\n|---|---|---|---|")
    try:
        costs = {}
        for name, path, kind, body in requests:
            received, spent = cost(process, port, path, kind, body)
            costs[name] = len(body) + received, spent
            print(f"| {name} | {len(body):,} B | {received:,} B | {spent:.2f} ms |")
        (bytes_up, time_up), (bytes_plan, time_plan) = costs["upload"], costs["plan"]
        print(f"\nA plan takes {bytes_plan / bytes_up:.4f} of the bytes and {time_plan / time_up:.2f} of the processor time.")
    finally:
        process.kill()
        process.wait()


main(*sys.argv[1:])
