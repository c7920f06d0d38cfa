"""Tests real clients: each converts a photo, or gets a message about what to change."""

import gzip
import http.client
import io
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import httpx
import pytest
import requests
from PIL import Image
from pypdf import PdfReader

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
SERVICE = ROOT / "target/debug/pdfmagic-http"
BIN = Path(sys.executable).parent
MODULES = HERE / "node_modules"


def start(*options, host="127.0.0.1", **variables):
    command = [SERVICE, f"--listen={host}:0", f"--admin-listen={host}:0", *options]
    service = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env={**os.environ, **variables})
    addresses = []
    while len(addresses) < 2:
        line = service.stderr.readline()
        assert line, "it ended before it listened"
        addresses += re.findall(r"http://\S+", line)
    return service, *addresses


def stop(service):
    service.kill()
    service.wait()
    service.stderr.close()


@pytest.fixture(scope="module")
def address():
    service, address, _ = start()
    yield address
    stop(service)


@pytest.fixture(scope="module")
def photo(tmp_path_factory):
    path = tmp_path_factory.mktemp("photos") / "photo.jpg"
    Image.effect_noise((640, 480), 60).convert("RGB").save(path, "JPEG")
    return path


def pages(pdf):
    return len(PdfReader(io.BytesIO(pdf)).pages)


def run(*command, cwd=None):
    environment = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}"}
    done = subprocess.run([str(word) for word in command], capture_output=True, cwd=cwd, env=environment, timeout=300)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


def curl(*options):
    return run("curl", "-sS", *options)


# Requests that work: each row is a way to send, and the number of pages in the result.
WORKS = {
    "curl, a form": lambda a, p: (curl("-F", f"myfile=@{p}", a), 1),
    "curl, another field": lambda a, p: (curl("-F", f"image=@{p}", f"{a}/v1/pdf"), 1),
    "curl, many files": lambda a, p: (curl("-F", f"files[]=@{p}", "-F", f"files[]=@{p}", a), 2),
    "curl, data without a type": lambda a, p: (curl("--data-binary", f"@{p}", f"{a}/v1/pdf"), 1),
    "curl, data to the page": lambda a, p: (curl("--data-binary", f"@{p}", a), 1),
    "curl, upload by POST": lambda a, p: (curl("-X", "POST", "-T", p, f"{a}/v1/pdf"), 1),
    "curl, chunked": lambda a, p: (curl("-H", "Transfer-Encoding: chunked", "--data-binary", f"@{p}", f"{a}/v1/pdf"), 1),
    "curl, a field that is no file": lambda a, p: (curl("-F", f"photo=<{p}", a), 1),
    "curl, image/jpg": lambda a, p: (curl("-H", "Content-Type: image/jpg", "--data-binary", f"@{p}", f"{a}/v1/pdf"), 1),
    "wget": lambda a, p: (run("wget", "-qO-", f"--post-file={p}", f"{a}/v1/pdf"), 1),
    "requests, data": lambda a, p: (requests.post(f"{a}/v1/pdf", data=p.read_bytes()).content, 1),
    "requests, a file": lambda a, p: (requests.post(a, files={"file": p.open("rb")}).content, 1),
    "requests, booleans and underscores": lambda a, p: (
        requests.post(a, files={"file": p.open("rb")}, data={"gray": True, "max_density": 50, "quality": ""}).content,
        1,
    ),
    "requests, a query": lambda a, p: (
        requests.post(f"{a}/v1/pdf", params={"optimize": True, "max_size": "500kB"}, data=p.read_bytes()).content,
        1,
    ),
    "requests, JSON for options": lambda a, p: (
        requests.post(
            a,
            files=[
                ("file", p.open("rb")),
                ("file", p.open("rb")),
                ("options", ("options.json", json.dumps({"pages": [{"quality": 20}]}), "application/json")),
            ],
        ).content,
        2,
    ),
    "httpx, a stream": lambda a, p: (httpx.post(f"{a}/v1/pdf", content=iter([p.read_bytes()])).content, 1),
    "httpx, a form": lambda a, p: (httpx.post(a, files={"upload": p.open("rb")}, data={"verify": "yes"}).content, 1),
    "a form as PowerShell writes it": lambda a, p: (powershell(a, p), 1),
    "a half-closed connection": lambda a, p: (half_closed(a, p), 1),
}


def powershell(address, photo):
    """Sends a form that it formats itself, with a name without quotes, and no type."""
    body = b"--X\r\nContent-Disposition: form-data; name=file; filename=photo.jpg; filename*=utf-8''photo.jpg\r\n\r\n"
    body += photo.read_bytes() + b"\r\n--X--\r\n"
    headers = {"Content-Type": 'multipart/form-data; boundary="X"'}
    return requests.post(address, data=body, headers=headers).content


def half_closed(address, photo):
    """Behaves like `nc -N`, repeatedly, since this is a race."""
    host, port = address.removeprefix("http://").split(":")
    data = photo.read_bytes()
    for query in ["", "", "", "?quality=50", ""] * 4:
        with socket.create_connection((host, int(port))) as connection:
            head = f"POST /v1/pdf{query} HTTP/1.1\r\nHost: test\r\nContent-Length: {len(data)}\r\n\r\n"
            connection.sendall(head.encode() + data)
            connection.shutdown(socket.SHUT_WR)
            answer = b"".join(iter(lambda: connection.recv(1 << 16), b""))
        assert answer.startswith(b"HTTP/1.1 200 OK"), answer[:100]
    return answer.split(b"\r\n\r\n", 1)[1]


@pytest.mark.parametrize("way", WORKS)
def test_it_works_the_first_time(way, address, photo):
    pdf, expected = WORKS[way](address, photo)
    assert pages(pdf) == expected


def form(name, data, head=""):
    part = f"--X\r\nContent-Disposition: form-data; {name}\r\n{head}\r\n".encode()
    return part + data + b"\r\n--X--\r\n"


FORM = {"Content-Type": "multipart/form-data; boundary=X"}

# Requests that fail: a request, the status and code, and words of the message about what to change.
REFUSED = {
    "curl -T": (["PUT", "/v1/pdf", {}, b"x"], 405, "request.method", ["PUT", "POST"]),
    "a compressed body": (
        ["POST", "/v1/pdf", {"Content-Encoding": "gzip"}, gzip.compress(b"x")],
        415,
        "request.content_encoding",
        ["gzip"],
    ),
    "Base64 in a part": (
        ["POST", "/", FORM, form('name="f"; filename="a.jpg"', b"/9j/", "Content-Transfer-Encoding: base64\r\n")],
        400,
        "request.base64",
        ["part 1, field f, file a.jpg", "Base64"],
    ),
    "Base64 as the body": (["POST", "/v1/pdf", {}, b"/9j/4AAQ"], 415, "not_jpeg.base64", ["Base64"]),
    "a misspelt option": (["POST", "/v1/pdf?qualty=50", {}, b"x"], 400, "request.option", ["qualty", "quality"]),
    "an invalid value": (["POST", "/v1/pdf?gray=perhaps", {}, b"x"], 400, "request.option", ["gray", "true"]),
    "an empty form": (["POST", "/", FORM, form('name="f"; filename=""', b"")], 400, "request.no_file", ["file name"]),
    "JSON": (["POST", "/", {"Content-Type": "application/json"}, b"{}"], 415, "request.media_type", ["multipart"]),
    "another image": (["POST", "/", FORM, form('name="f"; filename="b.gif"', b"GIF89a")], 415, "not_jpeg.gif", ["b.gif"]),
    "an unknown address": (["GET", "/nowhere", {}, b""], 404, "request.not_found", ["/v1/pdf"]),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_refusal_says_what_to_change(what, address):
    (method, path, headers, body), status, code, words = REFUSED[what]
    answer = requests.request(method, address + path, headers=headers, data=body)
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert (answer.status_code, problem["status"], problem["code"]) == (status, status, code)
    assert all(word in problem["detail"] for word in words), problem["detail"]
    assert problem["instance"].endswith("#" + answer.headers["x-request-id"])
    assert status != 405 or "POST" in answer.headers["allow"]
    assert code != "request.content_encoding" or answer.headers["accept-encoding"] == "identity"


def test_a_browser_gets_errors_as_a_page(address):
    headers = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
    answer = requests.post(address, headers={**headers, **FORM}, data=form('name="<b>"; filename="<i>"', b"GIF89a"))
    assert answer.status_code == 415 and answer.headers["content-type"].startswith("text/html")
    assert "&lt;i&gt;" in answer.text and "<i>" not in answer.text


MALFORMED = [
    (b"garbage\r\n\r\n", 400, "request.malformed"),
    (b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: a\r\n" * 200 + b"\r\n", 431, "request.head_too_large"),
]


def refusal(address, sent):
    host, port = address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(sent)
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        return answer.status, json.load(answer)["code"]


@pytest.mark.parametrize("sent, status, code", MALFORMED)
def test_malformed_http_gets_a_problem_document(sent, status, code, address):
    assert refusal(address, sent) == (status, code)


def test_file_names_in_any_script_are_preserved(address, photo):
    name = "漢字 Köln.jpg"
    answer = requests.post(address, files={"file": (name, photo.read_bytes())})
    kind = answer.headers["content-disposition"]
    assert re.fullmatch(r"attachment; filename=\"[\w.-]+\.pdf\"; filename\*=UTF-8''%E6%BC%A2%E5%AD%97%20K%C3%B6ln-[0-9a-f]{8}\.pdf", kind), kind


def test_limits_are_in_bytes_and_errors_in_mib(photo):
    service, address, _ = start("--max-body=2097152", "--max-form=3145728")
    try:
        limits = requests.get(f"{address}/v1/limits").json()
        asked = requests.options(f"{address}/v1/pdf")
        assert limits == asked.json() and "POST" in asked.headers["allow"]
        assert (limits["max_file_bytes"], limits["max_form_bytes"]) == (2 << 20, 3 << 20)
        huge = bytes(2_200_000)
        for files, words in [
            ([("a.jpg", huge)], "part 1, field f, file a.jpg: the file is larger than 2 MiB (2097152 bytes)"),
            ([("a.jpg", huge), ("b.jpg", huge)], "the files are in all larger than 3 MiB (3145728 bytes)"),
        ]:
            answer = requests.post(address, files=[("f", file) for file in files])
            assert (answer.status_code, answer.json()["detail"]) == (413, words)
        answer = requests.post(f"{address}/v1/pdf", data=huge)
        assert (answer.status_code, answer.json()["detail"]) == (413, "the file is larger than 2 MiB (2097152 bytes)")
    finally:
        stop(service)


def test_empty_variables_are_unset(photo):
    names = ["TOKEN", "MAX_BODY", "RATE_LIMIT", "MEMORY_LIMIT", "CORS_ORIGINS", "CLIENT_HEADER", "HTTP2", "LOG_LEVEL"]
    service, address, _ = start(**{f"PDFMAGIC_{name}": "" for name in names}, POD_IP="")
    try:
        assert pages(requests.post(f"{address}/v1/pdf", data=photo.read_bytes()).content) == 1
    finally:
        stop(service)


def test_the_default_address_serves_ipv4_and_ipv6(photo):
    service, address, admin = start(host="[::]")
    try:
        hosts = ["127.0.0.1", "[::1]"] if Path("/proc/net/if_inet6").read_text() else ["127.0.0.1"]
        for host in hosts:
            for at, path in [(address, "/readyz"), (admin, "/metrics")]:
                answer = requests.get(f"http://{host}:{at.rsplit(':', 1)[1]}{path}")
                assert answer.status_code == 200
            assert answer.request.url.startswith(f"http://{host}")
        replica = requests.get(f"http://127.0.0.1:{address.rsplit(':', 1)[1]}/livez").headers["pdfmagic-replica"]
        assert replica == "127.0.0.1"
    finally:
        stop(service)


def test_the_admin_port_answers_with_problem_documents():
    service, _, admin = start()
    try:
        for sent, status, code in MALFORMED:
            assert refusal(admin, sent) == (status, code)
        for method, path, status in [("GET", "/nowhere", 404), ("POST", "/metrics", 405)]:
            answer = requests.request(method, admin + path)
            assert (answer.status_code, answer.json()["status"]) == (status, status)
    finally:
        stop(service)


def test_a_slow_upload_is_accepted(photo):
    """Sends more slowly than the limit for a body, but without long pauses."""
    service, address, _ = start("--body-timeout=2", "--stall-timeout=2", "--min-rate=1000", "--grace=60")
    try:
        def slowly():
            data = photo.read_bytes()
            for at in range(0, len(data), 40_000):
                yield data[at:at + 40_000]
                time.sleep(1)
        answer = requests.post(f"{address}/v1/pdf", data=slowly())
        assert pages(answer.content) == 1 and answer.elapsed.total_seconds() > 2
    finally:
        stop(service)


@pytest.mark.parametrize("stated, prefix", [
    ("/pdf", "/pdf"),
    ("/a/b/", "/a/b"),
    ("//elsewhere.example", ""),
    ("https://elsewhere.example", ""),
    ("/a b", ""),
])
def test_addresses_have_the_prefix_of_a_proxy(stated, prefix, address):
    headers = {"X-Forwarded-Prefix": stated}
    document = requests.get(f"{address}/openapi.json", headers=headers).json()
    assert document["servers"] == [{"url": f"{prefix}/"}]
    problem = requests.post(f"{address}/v1/pdf", headers=headers, data=b"x").json()
    assert problem["instance"].startswith(f"{prefix}/v1/pdf#")
    docs = requests.get(f"{address}/docs", headers=headers).text
    assert f"{address}{prefix}/v1/pdf" in docs and "elsewhere" not in docs
    for path in ["/", "/docs", "/manifest.webmanifest", "/sw.js"]:
        told = requests.get(f"{address}{path}", headers=headers).text
        assert not re.search(r"""(href|src|action|url)"?[=:]\s*["']/""", told), path


def test_node_fetches(address, photo, tmp_path):
    told = run("node", HERE / "fetch.mjs", address, photo, tmp_path / "raw.pdf", tmp_path / "form.pdf")
    assert pages((tmp_path / "raw.pdf").read_bytes()) == pages((tmp_path / "form.pdf").read_bytes()) == 1
    assert b"UTF-8''%E6%BC%A2%E5%AD%97%20K%C3%B6ln" in told


def test_java_converts(address, photo, tmp_path):
    run("java", HERE / "Convert.java", address, photo, tmp_path / "client.pdf", tmp_path / "socket.http")
    assert pages((tmp_path / "client.pdf").read_bytes()) == 1
    assert (tmp_path / "socket.http").read_bytes().startswith(b"HTTP/1.1 200 OK")


@pytest.fixture(scope="module")
def document(address, tmp_path_factory):
    path = tmp_path_factory.mktemp("api") / "openapi.json"
    path.write_bytes(requests.get(f"{address}/openapi.json").content)
    return path


def test_redocly_finds_nothing(document):
    told = run("node", MODULES / "@redocly/cli/bin/cli.js", "lint", document, "--format=summary")
    assert b"warning" not in told, told


def test_the_python_client_converts(document, address, photo, tmp_path):
    run(BIN / "openapi-python-client", "generate", "--path", document, "--config", HERE / "generated.yml",
        "--meta", "none", "--output-path", tmp_path / "generated")
    program = f"""
from pathlib import Path
from generated import Client
from generated.api.convert import convert, convert_form
from generated.api.inspect import inspect, limits
from generated.models import Files
from generated.types import File
client, photo = Client(base_url={address!r}), Path({str(photo)!r})
def file():
    return File(payload=photo.open("rb"), file_name="photo.jpg", mime_type="image/jpeg")
raw = convert.sync_detailed(client=client, body=file(), gray=True, quality=40)
assert raw.status_code == 200, raw
Path("raw.pdf").write_bytes(raw.content)
form = convert_form.sync_detailed(client=client, body=Files(myfile=[file(), file()], gray=True))
assert form.status_code == 200, form
Path("form.pdf").write_bytes(form.content)
inspections = inspect.sync(client=client, body=Files(myfile=[file()]))
assert inspections.files[0].inspection.width == 640, inspections
assert limits.sync(client=client).max_files == 200
"""
    run(sys.executable, "-c", program, cwd=tmp_path)
    assert pages((tmp_path / "raw.pdf").read_bytes()) == 1
    assert pages((tmp_path / "form.pdf").read_bytes()) == 2


def test_the_java_client_converts(document, address, photo, tmp_path):
    generator = Path(find_spec("openapi_generator_cli").origin).with_name("openapi-generator.jar")
    # It gives each operation a builder for its many options, and needs no package that is not in the generator.
    properties = "useSingleRequestParameter=true,openApiNullable=false"
    run("java", "-jar", generator, "generate", "-i", document, "-g", "java", "--library", "native",
        "--additional-properties", properties, "-o", tmp_path / "generated")
    sources = (tmp_path / "generated/src/main").rglob("*.java")
    jars = [generator, "/usr/share/java/httpmime.jar", "/usr/share/java/geronimo-annotation-1.3-spec.jar"]
    path = ":".join(map(str, [tmp_path, *jars]))
    run("javac", "-nowarn", "-d", tmp_path, "-cp", path, *sources, HERE / "Generated.java")
    told = run("java", "-cp", path, "Generated", address, photo, tmp_path / "form.pdf")
    assert told.split() == [b"640", b"4294967296", b"400"]
    assert pages((tmp_path / "form.pdf").read_bytes()) == 2


def test_the_typescript_client_converts(document, address, photo, tmp_path):
    shutil.copy(HERE / "typed.ts", tmp_path)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    (tmp_path / "node_modules").symlink_to(MODULES)
    run("node", MODULES / "openapi-typescript/bin/cli.js", document, "-o", tmp_path / "api.d.ts")
    run("node", tmp_path / "typed.ts", address, photo, tmp_path / "typed.pdf")
    assert pages((tmp_path / "typed.pdf").read_bytes()) == 1
    # Its types are also correct.
    wrong = (tmp_path / "typed.ts").read_text().replace("quality: 50", 'quality: "good"')
    (tmp_path / "wrong.ts").write_text(wrong)
    check = ["node", MODULES / "typescript/bin/tsc", "--noEmit", "--skipLibCheck", "--strict", "--target", "es2022",
             "--module", "nodenext", "--allowImportingTsExtensions"]
    for program, is_sound in [("typed.ts", True), ("wrong.ts", False)]:
        checked = subprocess.run([*map(str, check), program], cwd=tmp_path, capture_output=True, text=True,
                                 env={**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}"})
        errors = [line for line in checked.stdout.splitlines() if "TS2322" in line]
        assert bool(errors) is not is_sound, checked.stdout
