"""Tests the page in a browser, against the built service."""

import base64
import io
import json
import re
import struct
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.request import Request, urlopen

import pypdfium2
import pytest
from conftest import CORPUS, ROOT, command, padded, photo
from PIL import Image
from playwright.sync_api import expect

AXE = ROOT / "pdfmagic-http/tests/page/node_modules/axe-core/axe.min.js"
HEIC = b"\0\0\0\x18ftypheic" + bytes(100)


def exif(orientation=1, gps=False):
    data = Image.Exif()
    data[0x112] = orientation
    if gps:
        data.get_ifd(0x8825).update({1: "N", 2: (48.0, 12.0, 30.0), 3: "E", 4: (16.0, 22.0, 0.0)})
    return data


def rendered(pdf):
    """Returns each page as a picture, and its size in points."""
    document = pypdfium2.PdfDocument(pdf)
    return [(page.render(scale=1).to_pil().convert("RGB"), page.get_size()) for page in document]


def is_near(color, expected):
    return all(abs(a - b) < 30 for a, b in zip(color, expected))


BLUE = (20, 20, 200)


def corner(picture):
    """Returns the position of the blue quarter: left or right, top or bottom."""
    w, h = picture.size
    places = {(x, y): picture.getpixel((int(x * w), int(y * h))) for x in (0.25, 0.75) for y in (0.25, 0.75)}
    [place] = [place for place, color in places.items() if is_near(color, BLUE)]
    return {0.25: "left", 0.75: "right"}[place[0]], {0.25: "top", 0.75: "bottom"}[place[1]]


def violations(page):
    page.evaluate(AXE.read_text())
    return page.evaluate("axe.run().then((all) => all.violations.map((one) => one.id + ': ' + one.nodes.map((n) => n.html).join(' ')))")


def test_without_javascript_the_form_answers_with_the_pdf(service, browser):
    context = browser.new_context(java_script_enabled=False, locale="en-US")
    page = context.new_page()
    page.goto(service.address + "/")
    page.set_input_files("#myfile", [{"name": "a.jpg", "mimeType": "image/jpeg", "buffer": photo(exif=exif(gps=True))}])
    page.select_option("[name=pagesize]", "A4")
    assert page.is_checked("[name=metadata]")
    with page.expect_download() as download:
        page.click("#make")
    pdf = open(download.value.path(), "rb").read()
    [(_, size)] = rendered(pdf)
    assert [round(side) for side in sorted(size)] == [595, 842]
    assert b"Exif" not in pdf
    # Errors are pages.
    page.set_input_files("#myfile", [{"name": "b.jpg", "mimeType": "image/jpeg", "buffer": HEIC}])
    page.click("#make")
    page.wait_for_selector("h1:has-text('did not work')")
    assert "b.jpg" in page.inner_text("body")
    context.close()


def test_photos_are_reordered_by_keyboard_and_shown_upright(service, open_tab):
    tab = open_tab(service.address)
    # It is stored such that Exif's rotation moves the blue quarter to the top left.
    turned = Image.open(io.BytesIO(photo(90, 60))).transpose(Image.Transpose.ROTATE_90)
    out = io.BytesIO()
    turned.save(out, "JPEG", quality=95, exif=exif(6))
    tab.add(("a.jpg", photo(120, 80)), ("b.jpg", out.getvalue()), ("c.jpg", photo(50, 50)))
    later = tab.page.locator("#pages li").nth(0).locator("[data-action=later]")
    later.focus()
    tab.page.keyboard.press("Enter")
    assert tab.names() == ["b.jpg", "a.jpg", "c.jpg"]
    assert tab.page.evaluate("document.activeElement.dataset.action") == "later"
    expect(tab.page.locator("#status")).to_contain_text("a.jpg is page 2 of 3")
    tab.page.keyboard.press("Enter")
    assert tab.names() == ["b.jpg", "c.jpg", "a.jpg"]
    pages = rendered(tab.make())
    assert [page.size for page, _ in pages] == [(68, 45), (38, 38), (90, 60)]
    assert [corner(page) for page, _ in pages] == [("left", "top")] * 3


def test_a_page_can_be_rotated_removed_and_restored(service, open_tab):
    tab = open_tab(service.address)
    tab.add(("a.jpg", photo(120, 80)), ("b.jpg", photo(50, 50)))
    first = tab.page.locator("#pages li").nth(0)
    first.locator("[data-action=turn]").click()
    tab.page.locator("#pages li").nth(1).locator("[data-action=remove]").click()
    assert tab.names() == ["a.jpg"]
    tab.page.click("#undo")
    assert tab.names() == ["a.jpg", "b.jpg"]
    pages = rendered(tab.make())
    assert pages[0][0].size == (60, 90)
    assert corner(pages[0][0]) == ("right", "top")


UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_270, 7: Image.Transpose.TRANSVERSE, 8: Image.Transpose.ROTATE_90,
}  # fmt: skip


def colors(picture):
    """Returns the color of each quarter, row by row."""
    w, h = picture.size
    return [picture.getpixel((x * w // 4, y * h // 4)) for y in (1, 3) for x in (1, 3)]


def test_manual_rotation_adds_to_exif_orientation(service, open_tab):
    quarters = Image.new("RGB", (120, 80))
    for number, color in enumerate([(200, 60, 40), (20, 20, 200), (30, 160, 60), (220, 200, 40)]):
        quarters.paste(color, ((number % 2) * 60, (number // 2) * 40, (number % 2) * 60 + 60, (number // 2) * 40 + 40))
    files = {}
    for orientation in range(1, 9):
        for turns in range(4):
            out = io.BytesIO()
            quarters.save(out, "JPEG", quality=95, subsampling=0, exif=exif(orientation))
            files[f"{orientation}-{turns}.jpg"] = out.getvalue()
    tab = open_tab(service.address)
    tab.add(*files.items())
    tab.page.evaluate("""
        for (const card of document.querySelectorAll("#pages li")) {
            const turns = Number(card.querySelector(".name").textContent[2]);
            for (let turn = 0; turn < turns; turn++) card.querySelector("[data-action=turn]").click();
        }
    """)
    drawn = tab.page.evaluate("Array.from(document.querySelectorAll('#pages canvas'), (canvas) => canvas.toDataURL())")
    pages = rendered(tab.make())
    assert len(files) == len(drawn) == len(pages)
    for name, thumbnail, (page, _) in zip(files, drawn, pages):
        orientation, turns = int(name[0]), int(name[2])
        expected = quarters.transpose(UPRIGHT[orientation]) if orientation > 1 else quarters
        expected = expected.rotate(-90 * turns, expand=True)
        thumbnail = Image.open(io.BytesIO(base64.b64decode(thumbnail.split(",")[1]))).convert("RGB")
        for shown in (page, thumbnail):
            assert (shown.width > shown.height) == (expected.width > expected.height), name
            assert all(map(is_near, colors(shown), colors(expected))), name


@pytest.mark.parametrize("pagesize, border, fit", [("A4", "20mm", "into"), ("", "10mm", "into"), ("A5", "", "shrink"), ("letter", "5mm", "fill")])
def test_the_preview_matches_the_page_within_a_pixel(service, open_tab, pagesize, border, fit):
    tab = open_tab(service.address)
    tab.add(("a.jpg", photo(400, 300, dpi=(150, 150))))
    tab.page.select_option("[name=pagesize]", pagesize)
    tab.page.select_option("[name=border]", border)
    tab.page.select_option("[name=fit]", fit)
    paper, image = (tab.page.locator(f"#pages {name}").bounding_box() for name in (".paper", ".photo"))
    pdf = tab.make()
    document = pypdfium2.PdfDocument(pdf)
    [page] = document
    [placed] = page.get_objects()
    width, height = page.get_size()
    left, bottom, right, top = placed.get_bounds()
    scale = paper["width"] / width
    assert abs(paper["height"] - height * scale) <= 1
    assert abs(image["x"] - paper["x"] - left * scale) <= 1
    assert abs(image["y"] - paper["y"] - (height - top) * scale) <= 1
    assert abs(image["width"] - (right - left) * scale) <= 1
    assert abs(image["height"] - (top - bottom) * scale) <= 1


def test_the_result_shows_the_first_page_and_no_old_thumbnail(service, open_tab):
    tab = open_tab(service.address)
    # The photo was edited, and the thumbnail in its Exif was not: IFD0 has the orientation, IFD1 the thumbnail.
    thumbnail = photo(160, 120, color=(30, 160, 60))
    directories = struct.pack(">4sIHHHIHHI", b"MM\0*", 8, 1, 0x112, 3, 1, 6, 0, 26)
    directories += struct.pack(">HHHIIHHIII", 2, 0x201, 4, 1, 56, 0x202, 4, 1, len(thumbnail), 0)
    tab.add(("a.jpg", photo(900, 600, exif=b"Exif\0\0" + directories + thumbnail)))
    tab.page.select_option("[name=pagesize]", "A4")
    tab.page.select_option("[name=border]", "20mm")
    [(page, size)] = rendered(tab.make())
    tab.page.wait_for_selector("#preview canvas[width='300']")
    paper = tab.page.locator("#preview .paper").screenshot()
    shown = Image.open(io.BytesIO(paper)).convert("RGB")
    assert abs(shown.width / shown.height - size[0] / size[1]) < 0.02
    for x in range(1, 7):
        for y in range(1, 7):
            at = [picture.getpixel((x * picture.width // 7, y * picture.height // 7)) for picture in (shown, page)]
            assert is_near(*at), (x, y, at)


def test_500_photos_stay_on_the_device_and_give_the_pdf_of_the_command(start, open_tab, tmp_path):
    service = start()
    tab = open_tab(service.address)
    size = 200_000
    photos = []
    for number in range(500):
        path = tmp_path / f"{number:03}.jpg"
        path.write_bytes(padded(photo(300, 200, color=(number % 250, 90, number // 2)), size))
        photos.append(path)
    tab.page.set_input_files("#myfile", photos)
    tab.page.wait_for_selector("#pages li >> nth=499", state="attached")
    tab.page.wait_for_selector("#pages .loading", state="detached", timeout=120_000)
    expect(tab.page.locator("#sent")).to_contain_text("stay on this device")
    tab.page.uncheck("[name=metadata]")
    pdf = tab.make()
    assert pdf == command(tmp_path / "all.pdf", *photos)
    assert service.received() <= 0.02 * 500 * size


# Counts the tasks that timers begin.
TASKS = """
    globalThis.task = 0;
    const later = setTimeout;
    globalThis.setTimeout = (act, ...rest) => later(() => { task += 1; act?.(); }, ...rest);
"""

# Counts the nodes that are added to those that a selector matches, for each task.
ADDED = """(selector) => {
    globalThis.added = {};
    new MutationObserver((records) => {
        const count = records.filter(({ target }) => target.matches(selector)).reduce((sum, one) => sum + one.addedNodes.length, 0);
        if (count > 0) added[task] = (added[task] ?? 0) + count;
    }).observe(document.querySelector("#pages"), { childList: true, subtree: true });
}"""


def test_300_photos_are_added_and_drawn_in_small_batches(service, open_tab):
    tab = open_tab(service.address)
    tab.page.evaluate(TASKS)
    tab.page.evaluate(ADDED, "#pages")
    tab.add(*((f"{n}.jpg", photo(60, 40, color=(n % 250, 0, 0))) for n in range(300)))
    added = tab.page.evaluate("added")
    assert sum(added.values()) == 300
    assert max(added.values()) <= 25
    tab.page.evaluate(ADDED, ".paper")
    tab.page.select_option("[name=pagesize]", "A4")
    while sum((drawn := tab.page.evaluate("added")).values()) < 300:
        tab.page.wait_for_timeout(50)
    assert max(drawn.values()) <= 25
    # The service takes fewer as a whole, as small photos would be sent.
    assert len(pypdfium2.PdfDocument(tab.make())) == 300


def test_a_bad_file_is_reported_and_the_others_are_converted(service, open_tab):
    tab = open_tab(service.address)
    broken = CORPUS.joinpath("frame_twice.jpg").read_bytes()
    tab.add(("good.jpg", photo()), ("bad.jpg", broken), ("phone.heic", HEIC), ("also.jpg", photo()))
    expect(tab.page.locator("#pages li").nth(2).locator(".about")).to_contain_text("HEIC")
    tab.page.click("#make")
    tab.page.wait_for_selector("#pages li.failed >> nth=1")
    expect(tab.page.locator("#pages li").nth(1).locator(".about")).to_have_text("malformed JPEG at byte 609: second frame header")
    expect(tab.page.locator("#status")).to_contain_text("1 photo cannot be converted")
    tab.shoot("error")
    assert violations(tab.page) == []
    tab.faults.clear()
    expect(tab.page.locator("#make")).to_have_text("Make the PDF of 2 photos")
    assert len(rendered(tab.make())) == 2


def test_a_repaired_photo_is_reported(service, open_tab):
    tab = open_tab(service.address)
    tab.add(("cut.jpg", CORPUS.joinpath("cut_in_scan.jpg").read_bytes()))
    tab.page.click("#make")
    tab.page.wait_for_selector("#result:not([hidden])")
    expect(tab.page.locator("#notices")).to_contain_text("cut.jpg")


def test_location_is_removed_by_default(service, open_tab):
    tab = open_tab(service.address)
    tab.add(("a.jpg", photo(exif=exif(gps=True))))
    about = tab.page.locator("#pages .about")
    expect(about).to_contain_text("will be removed")
    assert b"Exif" not in tab.make()
    tab.page.uncheck("[name=metadata]")
    expect(about).not_to_contain_text("will be removed")
    assert b"Exif" in tab.make()


def test_lower_quality_requires_an_announced_upload(start, open_tab):
    service = start()
    tab = open_tab(service.address)
    noise = Image.effect_noise((900, 600), 90).convert("RGB")
    out = io.BytesIO()
    noise.save(out, "JPEG", quality=95)
    tab.add(("a.jpg", out.getvalue()))
    tab.page.select_option("[name=quality]", "35")
    expect(tab.page.locator("#sent")).to_contain_text("must see all of your photos")
    assert len(tab.make()) < len(out.getvalue()) / 2
    assert service.received() >= len(out.getvalue())


def test_too_large_photos_are_reported_before_upload(start, open_tab):
    service = start("--max-form=2000000", "--max-body=1000000")
    tab = open_tab(service.address)
    tab.add(*((f"{n}.jpg", padded(photo(), 900_000)) for n in range(3)))
    tab.page.select_option("[name=quality]", "60")
    expect(tab.page.locator("#sent")).to_contain_text("more than the service takes at once")
    assert tab.page.is_disabled("#make")
    # One PDF for each photo is one request for each.
    tab.page.check("#each")
    assert len(rendered(tab.make())) == 1
    tab.page.uncheck("#each")
    assert tab.page.is_disabled("#make")
    tab.page.select_option("[name=quality]", "")
    assert len(rendered(tab.make())) == 3


def test_too_many_photos_are_reported_before_upload(start, open_tab):
    tab = open_tab(start("--max-parts=2").address)
    tab.add(*((f"{n}.jpg", photo()) for n in range(3)))
    tab.page.select_option("[name=quality]", "60")
    expect(tab.page.locator("#sent")).to_contain_text("and 2 photos")
    assert tab.page.is_disabled("#make")


def answering(tab, *answers):
    """Answers plan requests in this way, one after the other, and then by the service."""
    left = list(answers)

    def handle(route):
        if left:
            route.fulfill(**left.pop(0))
        else:
            route.continue_()

    tab.page.route("**/v1/plan", handle)


def test_requests_to_a_busy_service_are_retried(service, open_tab):
    tab = open_tab(service.address)
    tab.add(("a.jpg", photo()))
    busy = {"status": 503, "headers": {"Retry-After": "1"}, "json": {"code": "service.busy", "detail": "busy"}}
    answering(tab, busy, busy)
    assert len(rendered(tab.make())) == 1
    assert len([request for request in tab.requests if request.url.endswith("/v1/plan")]) == 3
    tab.faults.clear()


def test_a_413_is_reported_and_the_photos_are_kept(service, open_tab):
    tab = open_tab(service.address)
    tab.add(("a.jpg", photo()))
    answering(tab, {"status": 413, "body": "<html>a proxy</html>"})
    tab.page.click("#make")
    tab.page.wait_for_selector("#status.failed")
    expect(tab.page.locator("#status")).to_contain_text("more than the service takes at once")
    assert tab.names() == ["a.jpg"]
    tab.faults.clear()


def test_being_offline_is_reported(service, open_tab):
    tab = open_tab(service.address)
    tab.add(("a.jpg", photo()))
    tab.context.set_offline(True)
    tab.page.click("#make")
    tab.page.wait_for_selector("#status.failed")
    expect(tab.page.locator("#status")).to_contain_text("offline")
    tab.context.set_offline(False)
    tab.faults.clear()


def test_a_conversion_can_be_cancelled_and_ignores_dropped_photos(service, open_tab):
    tab = open_tab(service.address)
    tab.add(("a.jpg", photo()))
    tab.page.route("**/v1/plan", lambda route: None)
    tab.page.click("#make")
    tab.page.wait_for_selector("#cancel:not([hidden])")
    drop(tab, "b.jpg")
    assert tab.names() == ["a.jpg"]
    tab.page.click("#cancel")
    tab.page.wait_for_selector("#cancel", state="hidden")
    expect(tab.page.locator("#status")).to_contain_text("Canceled")
    assert len([request for request in tab.requests if request.url.endswith("/v1/plan")]) == 1
    assert tab.page.evaluate("document.activeElement.id") == "make"


def drop(tab, name, kind="drop", place="body"):
    """Drops or pastes a photo."""
    tab.page.evaluate(
        """([bytes, name, kind, place]) => {
            const data = new DataTransfer();
            data.items.add(new File([new Uint8Array(bytes)], name, { type: "image/jpeg" }));
            const target = document.querySelector(place);
            if (kind === "paste") target.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true }));
            else target.dispatchEvent(new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true }));
        }""",
        [list(photo()), name, kind, place],
    )


def test_photos_are_dropped_anywhere_and_pasted(service, open_tab):
    tab = open_tab(service.address)
    drop(tab, "a.jpg", place="footer")
    drop(tab, "b.jpg", "paste")
    assert tab.names() == ["a.jpg", "b.jpg"]
    # A drop that the page does not handle would navigate away from it.
    taken = tab.page.evaluate("!document.body.dispatchEvent(new DragEvent('dragover', { bubbles: true, cancelable: true }))")
    assert taken


def test_progress_is_not_announced_at_each_per_cent(service, open_tab):
    tab = open_tab(service.address)
    tab.add(("a.jpg", padded(photo(), 3_000_000)))
    tab.page.select_option("[name=quality]", "60")
    tab.page.evaluate("""
        globalThis.said = 0;
        new MutationObserver(() => said++).observe(document.querySelector("#status"), { childList: true });
    """)
    tab.make()
    assert tab.page.evaluate("said") <= 8


@pytest.mark.parametrize("name, options", [
    ("light", {}),
    ("dark", {"color_scheme": "dark"}),
    ("phone", {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}),
    ("narrow", {"viewport": {"width": 320, "height": 640}}),
    ("forced-colors", {"forced_colors": "active"}),
    ("german", {"locale": "de-DE"}),
    ("french", {"locale": "fr-FR"}),
])
def test_every_appearance_is_accessible_without_overflow(service, open_tab, name, options):
    tab = open_tab(service.address, **options)
    assert violations(tab.page) == []
    tab.shoot(f"{name}-empty")
    tab.add(*((f"holiday-{n}.jpg", photo(300 + 40 * n, 200, color=(200, 40 * n, 80))) for n in range(4)))
    tab.page.select_option("[name=pagesize]", "A4")
    tab.page.select_option("[name=border]", "10mm")
    tab.shoot(name)
    assert violations(tab.page) == []
    tab.make()
    tab.shoot(f"{name}-result")
    assert violations(tab.page) == []
    width = tab.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert width[0] <= width[1]


def test_right_to_left_mirrors_the_page_without_overflow(service, open_tab):
    tab = open_tab(service.address, viewport={"width": 320, "height": 640})
    tab.page.evaluate("document.documentElement.dir = 'rtl'")
    tab.add(*((f"holiday-{n}.jpg", photo(300 + 40 * n, 200)) for n in range(4)))
    tab.make()
    tab.shoot("right-to-left")
    assert violations(tab.page) == []
    first, second = (tab.page.locator("#pages li").nth(n).bounding_box() for n in range(2))
    assert first["x"] > second["x"] and first["y"] == second["y"]
    # What is beside or below something does not lie over it, and nothing leaves the page.
    shown = """
        const boxes = (selector) => [...document.querySelectorAll(selector)].map((one) => one.getBoundingClientRect());
    """
    outside = tab.page.evaluate(shown + "boxes('body *').filter(({ width, left, right }) => width > 0 && (left < 0 || right > 320)).length")
    assert outside == 0
    overlaps = tab.page.evaluate(shown + """
        ["#pages li", "#pages li:first-child button", "#options > label", "#actions > *", "#files > .file > *", "main > *"].filter((selector) => {
            const all = boxes(selector).filter(({ width, height }) => width > 0 && height > 0);
            return all.some((a, index) => all.slice(index + 1).some((b) =>
                a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1));
        })
    """)
    assert overlaps == []


def test_pdfa_can_be_selected(service, open_tab):
    tab = open_tab(service.address)
    tab.add(("a.jpg", photo()))
    tab.page.check("[name=pdfa]")
    assert b"<pdfaid:part>2" in tab.make() or b'pdfaid:part="2"' in tab.saved()


def test_texts_come_in_the_language_of_the_browser(service, browser):
    titles = {}
    for locale in ["en-US", "de-AT", "fr-FR", "ja-JP"]:
        context = browser.new_context(locale=locale)
        page = context.new_page()
        page.goto(service.address + "/")
        titles[locale] = (page.get_attribute("html", "lang"), page.inner_text("h1"))
        context.close()
    assert titles["de-AT"] == ("de", "Fotos zu PDF")
    assert titles["fr-FR"] == ("fr", "Photos en PDF")
    assert titles["en-US"] == titles["ja-JP"] == ("en", "Photos to PDF")


def test_the_page_works_under_a_sub_path(service, open_tab):
    class Proxy(BaseHTTPRequestHandler):
        def forward(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if not self.path.startswith("/pdf/"):
                self.send_error(404)
                return
            headers = {name: value for name, value in self.headers.items() if name not in ("Host", "Connection")}
            request = Request(service.address + self.path[4:], body or None, headers, method=self.command)
            with urlopen(request) as answer:
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    if name.lower() not in ("transfer-encoding", "connection", "date"):
                        self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer.read())

        do_GET = do_POST = forward

        def log_message(self, *_):
            pass

    proxy = ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    threading.Thread(target=proxy.serve_forever, daemon=True).start()
    tab = open_tab(f"http://127.0.0.1:{proxy.server_port}/pdf")
    tab.add(("a.jpg", photo()))
    assert len(rendered(tab.make())) == 1
    tab.page.click("footer a")
    tab.page.wait_for_selector("h2#curl")
    proxy.shutdown()


def test_the_page_opens_offline_after_a_first_visit(service, open_tab):
    tab = open_tab(service.address)
    tab.page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    # Requests from before the worker took over are sent again.
    tab.page.reload()
    tab.page.wait_for_selector("body.has-script")
    tab.context.set_offline(True)
    tab.page.reload()
    tab.page.wait_for_selector(".has-script #pick")
    tab.context.set_offline(False)
    tab.faults.clear()


def test_one_pdf_for_each_photo(service, open_tab):
    tab = open_tab(service.address)
    tab.add(("a.jpg", photo()), ("b.jpg", photo(50, 50)))
    tab.page.check("#each")
    assert len(rendered(tab.make())) == 1
    assert rendered(tab.saved(1))[0][0].size == (38, 38)


def test_the_examples_of_the_documentation_work(service, open_tab, tmp_path):
    tab = open_tab(service.address)
    tab.page.goto(service.address + "/docs")
    assert violations(tab.page) == []
    for name in ["photo", "one", "two"]:
        tmp_path.joinpath(f"{name}.jpg").write_bytes(photo())
    examples = {name: tab.page.inner_text(f"#example-{name}") for name in ["curl", "python", "javascript"]}
    tmp_path.joinpath("example.mjs").write_text(examples["javascript"])
    for command in (["sh", "-ec", examples["curl"]], [sys.executable, "-c", examples["python"]], ["node", "example.mjs"]):
        tmp_path.joinpath("photo.pdf").unlink(missing_ok=True)
        run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        assert run.returncode == 0, run.stderr
        assert len(rendered(tmp_path.joinpath("photo.pdf").read_bytes())) == 1
    assert len(rendered(tmp_path.joinpath("album.pdf").read_bytes())) == 2


def test_responses_have_security_headers(service):
    answer = urlopen(service.address + "/")
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    html = answer.read().decode()
    assert "welcome @127.0.0.1" in html
    assert not re.search(r"""(?:src|href)=["']?(?:https?:)?//""", html)
    manifest = json.load(urlopen(service.address + "/manifest.webmanifest"))
    for icon in manifest["icons"]:
        assert urlopen(f"{service.address}/{icon['src']}").status == 200
