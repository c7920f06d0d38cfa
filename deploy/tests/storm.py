"""Clients that together ask for far more memory than a replica has."""

import asyncio
import collections
import io
import itertools
import random
import time

from PIL import Image
from running import JPEG

CLIENTS = 300
# In seconds: how long clients ask again, and how long all may take.
DURATION = 30
PATIENCE = 120
# A JPEG and so much behind it that it is 20 MB.
BIG = JPEG + bytes(20_000_000 - len(JPEG))


def large_picture():
    """24 megapixels, 72 MB when decoded."""
    noise = Image.frombytes("RGB", (750, 500), random.Random(1).randbytes(750 * 500 * 3))
    jpeg = io.BytesIO()
    noise.resize((6000, 4000)).save(jpeg, "JPEG", quality=90)
    return jpeg.getvalue()


async def send_at_once(writer, body):
    writer.write(body)
    await writer.drain()


async def send_slowly(writer, body):
    for start in range(0, len(body), 500_000):
        await send_at_once(writer, body[start : start + 500_000])
        await asyncio.sleep(0.1)


async def send_a_little(writer, body):
    await send_at_once(writer, body[:1_000_000])


# What clients ask for, how they send it, after how many seconds they read, and what they may be told but 200 and 503.
LARGE = large_picture()
KINDS = {
    "honest": ("", BIG, send_at_once, 0, []),
    "slow to read": ("", BIG, send_at_once, 5, []),
    "slow to write": ("", BIG, send_slowly, 0, []),
    "sends less than it says": ("", BIG, send_a_little, 0, [408]),
    "requantizes": ("?backend=reencode&quality=60", LARGE, send_at_once, 0, []),
    "shrinks": ("?backend=reencode&max-density=20", LARGE, send_at_once, 0, []),
}


async def convert(port, kind):
    """The status, and whether the answer is right."""
    query, body, send, pause, also = KINDS[kind]
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
        return status, "retry-after" in headers if status == 503 else status in also

    # As most clients, it stops sending once there is an answer.
    sending = asyncio.create_task(send(writer, body))
    try:
        return await answer()
    finally:
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        writer.close()


async def insist(port, kind):
    """Asks until there is a PDF, or no time left. What came of each attempt: a status, or None if the connection went."""
    end = time.monotonic() + DURATION
    outcomes = []
    while time.monotonic() < end and 200 not in outcomes:
        try:
            status, is_right = await convert(port, kind)
            assert is_right, f"{kind}: {status}"
            outcomes.append(status)
        except (ConnectionError, asyncio.IncompleteReadError):
            # A refusal can be lost where the service closes before all is sent.
            outcomes.append(None)
        await asyncio.sleep(1)
    return outcomes


async def all_at_once(port):
    """How often each outcome was seen."""
    kinds = list(KINDS) * (CLIENTS // len(KINDS))
    async with asyncio.timeout(PATIENCE):
        outcomes = await asyncio.gather(*(insist(port, kind) for kind in kinds))
    return collections.Counter(itertools.chain(*outcomes))
