"""Fixtures: the built service, photos, and a browser."""

import io
import os
import re
import shutil
import subprocess
import urllib.request
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import expect, sync_playwright

ROOT = Path(__file__).parents[3]
PROGRAMS = ROOT / "target/debug"
CORPUS = ROOT / "pdfmagic-core/tests/corpus"


class Service:
    """The service on a separate port."""

    def __init__(self, *arguments):
        command = [PROGRAMS / "pdfmagic-http", "--listen=127.0.0.1:0", "--admin-listen=127.0.0.1:0", *arguments]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        lines = [self.process.stderr.readline() for _ in range(2)]
        addresses = [re.search(r"http://[\d.:]+", line) for line in lines]
        self.address, self.admin = (address and address.group() for address in addresses)

    def received(self):
        """Returns the number of bytes of bodies that have been converted so far."""
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
    """Returns a JPEG whose top left quarter has another color."""
    image = Image.new("RGB", (width, height), color)
    image.paste((20, 20, 200), (0, 0, width // 2, height // 2))
    out = io.BytesIO()
    image.save(out, "JPEG", quality=90, **({"exif": exif} if exif else {}), **options)
    return out.getvalue()


def padded(jpeg, size):
    """Returns a JPEG of exactly this size, in bytes, whose scan is longer than necessary."""
    return jpeg[:-2] + b"\x2A" * (size - len(jpeg)) + jpeg[-2:]


def command(pdf, *arguments):
    """Makes a PDF with the command."""
    run = subprocess.run([PROGRAMS / "pdfmagic-cli", *arguments, "-o", pdf, "--force"], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return Path(pdf).read_bytes()


# How long a test waits for what it expects, in milliseconds: far longer than it takes on a busy machine.
PATIENCE = 120_000
expect.set_options(timeout=PATIENCE)

# By default, Chromium sends requests to its vendor, for updates and other purposes.
CHROMIUM = (
    "--no-sandbox --disable-gpu --no-first-run --disable-background-networking --disable-component-update --disable-sync"
)


@pytest.fixture(scope="session")
def browser():
    program = shutil.which("chromium")
    if not program and os.environ.get("CI") != "true":
        pytest.skip("there is no chromium")
    with sync_playwright() as running:
        browser = running.chromium.launch(executable_path=program, args=CHROMIUM.split())
        yield browser
        browser.close()


class Tab:
    """A page, and the errors on it."""

    def __init__(self, browser, address, **options):
        self.context = browser.new_context(**{"viewport": {"width": 1100, "height": 900}, "locale": "en-US", **options})
        self.context.set_default_timeout(PATIENCE)
        self.page = self.context.new_page()
        self.faults, self.requests = [], []
        self.page.on("console", lambda message: message.type == "error" and self.faults.append(message.text))
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request))
        self.page.goto(address + "/")

    def add(self, *files):
        """Adds files, each a name and its bytes, and waits until they have been read."""
        files = [{"name": name, "mimeType": "image/jpeg", "buffer": data} for name, data in files]
        count = self.page.locator("#pages li").count() + len(files)
        self.page.set_input_files("#myfile", files)
        self.page.wait_for_selector(f"#pages li >> nth={count - 1}", state="attached")
        self.page.wait_for_selector("#pages .loading", state="detached")

    def names(self):
        return self.page.locator("#pages .name").all_inner_texts()

    def make(self):
        """Makes the PDF, and returns it."""
        self.page.click("#make")
        self.page.wait_for_selector("#result:not([hidden])")
        return self.saved()

    def saved(self, number=0):
        with self.page.expect_download() as download:
            self.page.locator("#files .button").nth(number).click()
        return Path(download.value.path()).read_bytes()

    def shoot(self, name):
        self.page.screenshot(path=SHOTS / f"{name}.png", full_page=True)


@pytest.fixture
def open_tab(browser):
    """Opens pages, and asserts at the end that there were no errors, and no requests to other hosts."""
    tabs = []

    def open_tab(address, **options):
        tabs.append((Tab(browser, address, **options), address))
        return tabs[-1][0]

    yield open_tab
    for tab, address in tabs:
        tab.context.close()
        assert tab.faults == []
        assert all(request.url.startswith((address, "blob:", "data:")) for request in tab.requests)


SHOTS = ROOT / "target/page"
SHOTS.mkdir(parents=True, exist_ok=True)
