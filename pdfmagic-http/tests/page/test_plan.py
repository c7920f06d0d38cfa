"""Tests that plans need little data, and give the same bytes as the service and the command with whole photos."""

import base64
import json
import re
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request

from conftest import CORPUS, PROGRAMS, ROOT, padded, photo

WEB = ROOT / "pdfmagic-http/web"


def python_client(tmp_path):
    """Returns the client in the documentation."""
    [code] = re.findall(r"```python\n(.*?)```", (ROOT / "docs/plan.md").read_text(), re.S)
    path = tmp_path / "plan.py"
    path.write_text(code)
    return path


def upload(service, photos):
    """Returns the answer to whole photos."""
    form = b""
    for path in photos:
        form += b'--XX\r\nContent-Disposition: form-data; name="myfile"; filename="%s"\r\n\r\n' % path.name.encode()
        form += path.read_bytes() + b"\r\n"
    form += b"--XX--\r\n"
    headers = {"Content-Type": "multipart/form-data; boundary=XX"}
    return urllib.request.urlopen(urllib.request.Request(f"{service.address}/v1/pdf", form, headers)).read()


def album(tmp_path, count, size):
    """Returns different photos of this size, in bytes. Most of each is a hole that takes no space on the disk."""
    jpeg = photo(3000, 2000)
    photos = []
    for number in range(count):
        path = tmp_path / f"photo-{number:03}.jpg"
        with path.open("wb") as file:
            file.write(jpeg[:-2] + b"%064d" % number * 1000)
            file.truncate(size - 2)
            file.seek(size - 2)
            file.write(jpeg[-2:])
        photos.append(path)
    return photos


def test_the_documented_client_makes_the_same_pdf_as_the_service(service, tmp_path):
    photos = []
    for name in ["orientation_6.jpg", "arithmetic.jpg", "cmyk_adobe.jpg", "icc_srgb.jpg", "cut_in_scan.jpg", "dnl.jpg"]:
        photos.append(CORPUS / name)
    large = tmp_path / "large.jpg"
    large.write_bytes(padded(photo(3000, 2000), 300_000))
    photos.append(large)
    client = python_client(tmp_path)
    pdf = tmp_path / "out.pdf"
    subprocess.run([sys.executable, client, service.address, pdf, *photos], check=True)
    assert pdf.read_bytes() == upload(service, photos)


def test_a_broken_photo_is_reported_by_name(service, tmp_path):
    client = python_client(tmp_path)
    photos = [CORPUS / "gray.jpg", CORPUS / "heic.jpg"]
    run = subprocess.run([sys.executable, client, service.address, tmp_path / "out.pdf", *photos], capture_output=True, text=True)
    assert run.returncode == 1
    assert run.stderr.startswith("heic.jpg: not a JPEG"), run.stderr


def segment(marker, payload):
    return b"\xFF" + bytes([marker]) + (len(payload) + 2).to_bytes(2) + payload


def phone_photos():
    """Returns photos of phones: with a gain map after the image in MPF's list, and with a video after it in XMP."""
    image = padded(photo(3000, 2000), 2_000_000)
    gain_map, video = photo(300, 200), b"\0\0\0\x18ftypmp42" + bytes(1_000_000)
    entries = b"MPF\0MM\0*\0\0\0\x08\0\x01\xB0\x02\0\x07\0\0\0\x20\0\0\0\x1A\0\0\0\0\0\3\0\0"
    size = len(image) + 4 + len(entries) + 28
    listed = segment(0xE2, entries + size.to_bytes(4) + bytes(24))
    yield "ultra-hdr.jpg", image[:2] + listed + image[2:] + gain_map
    named = f'<Container:Directory><Container:Item Item:Semantic="MotionPhoto" Item:Length="{len(video)}"/>'
    named = segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + named.encode())
    yield "motion.jpg", image[:2] + named + image[2:] + video


def test_trailing_data_of_phone_photos_is_not_uploaded(start, tmp_path):
    service = start()
    photos = []
    for name, data in phone_photos():
        photos.append(tmp_path / name)
        photos[-1].write_bytes(data)
    client = python_client(tmp_path)
    pdf = tmp_path / "out.pdf"
    subprocess.run([sys.executable, client, service.address, pdf, *photos], check=True)
    assert service.received() < 20_000
    assert pdf.read_bytes() == upload(service, photos)
    assert b"ftypmp42" not in pdf.read_bytes()


def asked(service, *parts):
    """Returns the answer to parts of photos, each with its field, file name and bytes."""
    form = b""
    for field, name, data in parts:
        form += f'--XX\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\n\r\n'.encode() + data + b"\r\n"
    headers = {"Content-Type": "multipart/form-data; boundary=XX"}
    try:
        answer = urllib.request.urlopen(urllib.request.Request(f"{service.address}/v1/plan", form + b"--XX--\r\n", headers))
    except urllib.error.HTTPError as error:
        answer = error
    return answer.status, json.load(answer)


def test_missing_input_is_reported_with_ranges_or_a_reason(service):
    jpeg = padded(photo(3000, 2000), 200_000)
    size = ("size", "", b"200000")
    status, problem = asked(service, ("head", "a.jpg", jpeg[:100]), size, ("tail", "", jpeg[-8:]))
    [missing] = problem["inputs"]
    assert (status, problem["code"], missing["code"], missing["input"]) == (422, "input.more", "input.more", 0)
    assert missing["ranges"][0]["start"] == 0 and missing["ranges"][0]["end"] > 100
    # Without its last bytes, the end of the image is unknown.
    status, problem = asked(service, ("head", "a.jpg", jpeg[:5000]), size)
    assert problem["inputs"][0]["ranges"] == [{"start": 199_992, "end": 200_000}]
    # A truncated photo must be sent completely.
    status, problem = asked(service, ("head", "a.jpg", jpeg[:5000]), size, ("tail", "", bytes(8)))
    assert (status, problem["code"]) == (422, "input.whole")
    assert "all of it is needed" in problem["detail"]


def test_contradictory_requests_are_rejected(service):
    jpeg = photo()
    for parts in [
        [("head", "a.jpg", jpeg)],
        [("head", "a.jpg", jpeg), ("size", "", b"10")],
        [("head", "a.jpg", jpeg), ("size", "", b"-1")],
        [("head", "a.jpg", jpeg), ("size", "", b"18446744073709551615"), ("tail", "", b"\xFF\xD9")],
        [("head", "a.jpg", jpeg), ("tail", "", jpeg[-8:])],
        [("head", "a.jpg", jpeg), ("size", "", b"200000"), ("bytes-199999", "", b"12")],
        [("head", "a.jpg", jpeg), ("size", "", b"200000"), ("bytes-x", "", b"12")],
        [("size", "", b"200000")],
        [("tail", "", b"12")],
    ]:
        status, problem = asked(service, *parts)
        assert (status, problem["code"]) == (400, "request.form"), (parts[1:], problem)


def test_500_photos_of_5_mb_upload_2_percent_and_give_the_pdf_of_the_command(start, tmp_path):
    service = start()
    size = 5_000_000
    album(tmp_path, 500, size)
    script = tmp_path / "client.mjs"
    script.write_text(f"""
import {{ createWriteStream, openAsBlob, readdirSync }} from "node:fs";
import {{ createHash }} from "node:crypto";
import {{ makePdf }} from "{WEB / 'plan.js'}";
const names = readdirSync(".").filter((name) => name.startsWith("photo-")).sort();
const files = await Promise.all(names.map(async (name) => Object.assign(await openAsBlob(name), {{ name }})));
const {{ blob, name }} = await makePdf(files, {{ url: "{service.address}/v1/plan" }});
const hash = createHash("sha256");
for await (const chunk of blob.stream()) hash.update(chunk);
console.log(hash.digest("hex"), blob.size, name);
""")
    run = subprocess.run(["node", script], cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    digest, length, name = run.stdout.split()
    assert service.received() <= 0.02 * 500 * size
    assert name == "photo-000.pdf"
    expected = subprocess.run(
        ["sh", "-c", f"{PROGRAMS}/pdfmagic-cli photo-*.jpg -o - | sha256sum"], cwd=tmp_path, capture_output=True, text=True
    )
    assert expected.stdout.split()[0] == digest, (length, expected)


def test_options_have_the_same_effect_as_in_a_conversion(service, tmp_path):
    jpeg = padded(photo(3000, 2000), 200_000)
    parts = [("head", "a.jpg", jpeg[:5000]), ("size", "", b"200000"), ("tail", "", jpeg[-8:])]
    for name, value in [("pdfa", "2b"), ("pagesize", "A4"), ("metadata", "strip"), ("title", "Ünïcode"), ("outline", "true")]:
        status, plan = asked(service, *parts, (name, "", value.encode()))
        assert status == 200, plan
        pieces = (base64.b64decode(p["bytes"]) if "bytes" in p else jpeg[p["start"] : p["end"]] for p in plan["pieces"])
        pdf = b"".join(pieces)
        assert len(pdf) == plan["size"]
        query = urllib.parse.urlencode({name: value})
        request = urllib.request.Request(
            f"{service.address}/v1/pdf?{query}", jpeg, {"Content-Type": "image/jpeg", "Content-Disposition": 'attachment; filename="a.jpg"'}
        )
        assert pdf == urllib.request.urlopen(request).read(), name
