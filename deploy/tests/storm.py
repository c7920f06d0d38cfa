"""Clients whose requests together need far more memory than a replica has."""

import asyncio
import collections
import io
import itertools
import random
import time

from PIL import Image
from running import JPEG

CLIENTS = 300
# In seconds: the minimum time for which clients send, and the maximum time of all clients on a busy machine.
DURATION = 30
TIMEOUT = 600
# A JPEG followed by zeros, 20 MB in total.
BIG = JPEG + bytes(20_000_000 - len(JPEG))


def large_picture():
    """Returns a JPEG of 24 megapixels, which are 72 MB when decoded."""
    noise = Image.frombytes("RGB", (750, 500), random.Random(1).randbytes(750 * 500 * 3))
    jpeg = io.BytesIO()
    noise.resize((6000, 4000)).save(jpeg, "JPEG", quality=90)
    return jpeg.getvalue()


async def send_at_once(writer, body, pause=0):
    # The body is sent in pieces, so that a rejected client has not copied all of it into a buffer.
    for start in range(0, len(body), 250_000):
        writer.write(body[start : start + 250_000])
        await writer.drain()
        await asyncio.sleep(pause)


async def send_slowly(writer, body):
    await send_at_once(writer, body, pause=0.05)


async def send_a_little(writer, body):
    await send_at_once(writer, body[:1_000_000])


# For each kind of client: the query, the body, how it sends, and after how many seconds it reads.
LARGE = large_picture()
KINDS = {
    "well-behaved": ("", BIG, send_at_once, 0),
    "reads slowly": ("", BIG, send_at_once, 5),
    "writes slowly": ("", BIG, send_slowly, 0),
    "sends less than it announces": ("", BIG, send_a_little, 0),
    "requantizes": ("?backend=reencode&quality=60", LARGE, send_at_once, 0),
    "shrinks": ("?backend=reencode&max-density=20", LARGE, send_at_once, 0),
}


async def convert(port, kind):
    """Returns the status, and whether the answer is right."""
    query, body, send, pause = KINDS[kind]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = f"POST /v1/pdf{query} HTTP/1.1\r\nHost: test\r\nContent-Type: image/jpeg\r\nContent-Length: {len(body)}\r\n\r\n"
    writer.write(head.encode())

    async def answer():
        await asyncio.sleep(pause)
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        status = int(head.split()[1])
        headers = dict(line.split(": ", 1) for line in head.splitlines()[1:] if line)
        pdf = await reader.readexactly(int(headers["content-length"]))
        if status == 200:
            return status, pdf.startswith(b"%PDF-") and pdf.endswith(b"%%EOF\n")
        # 408: the machine may be too busy to let a client send in time.
        return status, "retry-after" in headers if status == 503 else status == 408

    # Like most clients, it stops sending once there is an answer.
    sending = asyncio.create_task(send(writer, body))
    try:
        return await answer()
    finally:
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        writer.close()


async def insist(port, kind, converted):
    """Sends requests until this client has a PDF, or until the time is over and any client has one, which sets the event
    `converted`. Returns the outcome of each request: a status, or None if the connection broke."""
    end = time.monotonic() + DURATION
    outcomes = []
    while 200 not in outcomes and (time.monotonic() < end or not converted.is_set()):
        try:
            status, is_right = await convert(port, kind)
            assert is_right, f"{kind}: {status}"
            outcomes.append(status)
            if status == 200:
                converted.set()
        except (ConnectionError, asyncio.IncompleteReadError):
            # A rejection can be lost if the service closes the connection before everything is sent.
            outcomes.append(None)
        await asyncio.sleep(1)
    return outcomes


async def all_at_once(port):
    """Runs all clients concurrently, and counts the outcomes of their requests."""
    kinds = list(KINDS) * (CLIENTS // len(KINDS))
    async with asyncio.timeout(TIMEOUT):
        converted = asyncio.Event()
        outcomes = await asyncio.gather(*(insist(port, kind, converted) for kind in kinds))
    return collections.Counter(itertools.chain(*outcomes))
