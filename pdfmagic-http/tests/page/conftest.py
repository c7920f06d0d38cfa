"""The service as it is built, photos, and a browser."""

import io
import json
import re
import subprocess
import urllib.request
from pathlib import Path

import pytest
from PIL import Image

ROOT = Path(__file__).parents[3]
PROGRAMS = ROOT / "target/debug"
CORPUS = ROOT / "pdfmagic-core/tests/corpus"


class Service:
    """The service on a port of its own."""

    def __init__(self, *arguments):
        command = [PROGRAMS / "pdfmagic-http", "--listen=127.0.0.1:0", "--admin-listen=127.0.0.1:0", *arguments]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        lines = [self.process.stderr.readline() for _ in range(2)]
        addresses = [re.search(r"http://[\d.:]+", line) for line in lines]
        self.address, self.admin = (address and address.group() for address in addresses)

    def received(self):
        """How many bytes of bodies have been converted so far."""
        metrics = urllib.request.urlopen(f"{self.admin}/metrics").read().decode()
        return int(float(re.search(r"^pdfmagic_input_bytes_total (\S+)", metrics, re.M).group(1)))

    def stop(self):
        self.process.stderr.close()
        self.process.terminate()
        self.process.wait(60)


@pytest.fixture(scope="session")
def service():
    service = Service()
    yield service
    service.stop()


@pytest.fixture
def start():
    """Starts services with arguments."""
    started = []

    def start(*arguments):
        started.append(Service(*arguments))
        return started[-1]

    yield start
    for service in started:
        service.stop()


def photo(width=120, height=80, color=(200, 60, 40), exif=None, **options):
    """A JPEG whose top left quarter is of another color."""
    image = Image.new("RGB", (width, height), color)
    image.paste((20, 20, 200), (0, 0, width // 2, height // 2))
    out = io.BytesIO()
    image.save(out, "JPEG", quality=90, **({"exif": exif} if exif else {}), **options)
    return out.getvalue()


def padded(jpeg, size):
    """A JPEG of exactly this size, in bytes, whose scan is longer than it need be."""
    return jpeg[:-2] + b"\x2A" * (size - len(jpeg)) + jpeg[-2:]


def command(pdf, *arguments):
    """Makes a PDF with the command."""
    run = subprocess.run([PROGRAMS / "pdfmagic-cli", *arguments, "-o", pdf, "--force"], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return Path(pdf).read_bytes()
