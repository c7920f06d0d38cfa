"""Plans: what is sent is little, and the bytes are those that the service and the command make of whole photos."""

import re
import subprocess
import sys
import urllib.request

from conftest import CORPUS, PROGRAMS, ROOT, padded, photo

WEB = ROOT / "pdfmagic-http/web"


def python_client(tmp_path):
    """The client in the documentation."""
    [code] = re.findall(r"```python\n(.*?)```", (ROOT / "docs/plan.md").read_text(), re.S)
    path = tmp_path / "plan.py"
    path.write_text(code)
    return path


def upload(service, photos):
    """The answer to whole photos."""
    form = b""
    for path in photos:
        form += b'--XX\r\nContent-Disposition: form-data; name="myfile"; filename="%s"\r\n\r\n' % path.name.encode()
        form += path.read_bytes() + b"\r\n"
    form += b"--XX--\r\n"
    headers = {"Content-Type": "multipart/form-data; boundary=XX"}
    return urllib.request.urlopen(urllib.request.Request(f"{service.address}/v1/pdf", form, headers)).read()


def album(tmp_path, count, size):
    """Photos of this size, in bytes, no two the same. Most of each is a hole that takes no room on the disk."""
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


def test_the_client_in_the_documentation_makes_what_the_service_makes(service, tmp_path):
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


def test_a_broken_photo_is_told_by_its_number(service, tmp_path):
    client = python_client(tmp_path)
    photos = [CORPUS / "gray.jpg", CORPUS / "heic.jpg"]
    run = subprocess.run([sys.executable, client, service.address, tmp_path / "out.pdf", *photos], capture_output=True, text=True)
    assert run.returncode == 1
    assert run.stderr.startswith("heic.jpg: not a JPEG"), run.stderr


def test_500_photos_of_5_mb_send_2_per_cent_and_become_what_the_command_makes(start, tmp_path):
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
