"""Tests with independent validators that PDF/A and PDF/UA documents conform."""

import io
import os
import re
import struct
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import page
import pikepdf
import pymupdf
import pytest
from pictures import RENDERERS, Source, distance
from PIL import Image, ImageCms

HERE = Path(__file__).parent
CORPUS = HERE.parent / "corpus"
CLI = os.environ.get("PDFMAGIC_CLI", str(HERE.parents[2] / "target" / "debug" / "pdfmagic-cli"))

PROFILES = {"1b": "PDF_A_1B", "2b": "PDF_A_2B", "2u": "PDF_A_2U", "3b": "PDF_A_3B", "ua": "PDF_UA_1"}
LEVELS = ["1b", "2b", "2u", "3b", "4"]
BACKENDS = ["auto", "passthrough", "transcode", "reencode"]
TITLE, AUTHOR = "Fotö & <𝄞>", "Жанна (1)"
SAID = ["--title", TITLE, "--author", AUTHOR, "--creationdate", "2026-03-01T12:30:00+02:00"]
ACCESSIBLE = ["--pdfua", "--lang", "en", "--alt", "Grüße & <𝄞>"]


def icc(space, version):
    """Returns a profile: Pillow's for sRGB, and a minimal CMYK profile (ICC.1:2001-04, 6.3.3)."""
    if space == "RGB":
        data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
        data[8:12] = bytes([version, 0x40 if version == 2 else 0x30, 0, 0])
        return bytes(data)
    identity = struct.pack(">9i", *(65536 if i % 4 == 0 else 0 for i in range(9)))
    ink = [(i >> 3 & 1, i >> 2 & 1, i >> 1 & 1, i & 1) for i in range(16)]
    lab = [(max(0, 255 - 70 * (c + m + y) - 255 * k), 128 + 40 * (m - c), 128 + 40 * (y - c)) for c, m, y, k in ink]
    lut = b"mft1\0\0\0\0" + bytes([4, 3, 2, 0]) + identity + bytes(range(256)) * 4
    lut += b"".join(bytes(color) for color in lab) + bytes(range(256)) * 3
    text = b"Test"
    tags = {
        b"desc": b"desc\0\0\0\0" + struct.pack(">I", 5) + text + b"\0" + bytes(78),
        b"cprt": b"text\0\0\0\0" + text + b"\0",
        b"wtpt": b"XYZ \0\0\0\0" + struct.pack(">3i", 63190, 65536, 54061),
        b"A2B0": lut,
    }
    table, body = struct.pack(">I", len(tags)), b""
    for name, data in tags.items():
        table += name + struct.pack(">2I", 132 + 12 * len(tags) + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    header = struct.pack(">I4s4B4s4s4s6H4s", 132 + 12 * len(tags) + len(body) - 4 + 4, b"", version, 0x40, 0, 0,
                         b"prtr", b"CMYK", b"Lab ", 2026, 1, 1, 0, 0, 0, b"acsp")
    header += bytes(68 - len(header)) + struct.pack(">3i", 63190, 65536, 54061)
    profile = header.ljust(128, b"\0") + table + body
    assert struct.unpack(">I", profile[:4])[0] == len(profile)
    return profile


@pytest.fixture(scope="session")
def inputs(tmp_path_factory):
    """Returns a folder of JPEGs of each kind."""
    folder = tmp_path_factory.mktemp("jpegs")
    for name, file in [("gray", "gray"), ("rgb", "ycbcr_420"), ("turned", "orientation_6"), ("cmyk", "cmyk_adobe"),
                       ("12bit", "precision_12"), ("arithmetic", "arithmetic"), ("wide", "line")]:
        (folder / f"{name}.jpg").write_bytes((CORPUS / f"{file}.jpg").read_bytes())
    for space, mode in [("RGB", "RGB"), ("CMYK", "CMYK")]:
        for version in [2, 4]:
            picture = Image.linear_gradient("L").resize((64, 48)).convert(mode)
            picture.save(folder / f"{mode.lower()}_icc{version}.jpg", icc_profile=icc(space, version))
    for version in [2, 4]:
        (folder / f"cmyk{version}.icc").write_bytes(icc("CMYK", version))
    return folder


def run(*words, stdin=None):
    words = [str(word) for word in words]
    done = subprocess.run([CLI, *words, "-o", "-"], input=stdin, capture_output=True, check=False)
    return done.stdout, done.stderr.decode()


def convert(*words, stdin=None):
    pdf, said = run(*words, stdin=stdin)
    assert pdf.startswith(b"%PDF-"), said
    return pdf


def failures(pdf, level):
    """Returns the faults of a PDF according to a validator, or to our own checker for level 4."""
    if level.startswith("4"):
        return faults_of_4(pdf, level)
    try:
        report = page.validate_pdf_bytes(pdf, profile=page.ValidationProfile[PROFILES[level]])
    except page.PageError as error:
        return [str(error)]
    assert report.rules.total > 90
    return [f"{failure.rule_id} {failure.message}" for failure in report.failures]


def xmp_of(pdf):
    with pikepdf.open(io.BytesIO(pdf)) as document:
        return document.Root.Metadata.read_raw_bytes().decode()


def faults_of_4(pdf, level="4"):
    """Checks the rules of ISO 19005-4 that a page with an image can break, since no available validator knows this part."""
    faults = []

    def rule(name, holds):
        if not holds:
            faults.append(name)

    rule("6.1.2 header", re.match(rb"%PDF-2\.\d\n%[\x80-\xff]{4}", pdf))
    rule("6.1.3 nothing follows", pdf.endswith(b"%%EOF\n"))
    document = pikepdf.open(io.BytesIO(pdf))
    root, trailer = document.Root, document.trailer
    rule("6.1.3 ID", "/ID" in trailer and len(trailer.ID) == 2 and all(len(bytes(part)) >= 16 for part in trailer.ID))
    rule("6.1.3 Encrypt", "/Encrypt" not in trailer)
    rule("6.1.3 Info", "/Info" not in trailer)
    names = {"part": "4", "rev": "2020", "conformance": "F" if level == "4f" else None}
    xmp = root.Metadata.read_raw_bytes().decode() if "/Metadata" in root else ""
    rule("6.7.2 no filter", "/Metadata" in root and "/Filter" not in root.Metadata)
    for name, value in names.items():
        found = re.findall(f"<pdfaid:{name}>(.*)</pdfaid:{name}>", xmp)
        rule(f"6.7.3 {name}", found == ([value] if value else []))
    intents = [intent for intent in root.get("/OutputIntents", []) if intent.S == "/GTS_PDFA1"]
    rule("6.2.3 one intent", len(intents) == 1)
    header = intents[0].DestOutputProfile.read_bytes()[:128] if intents else bytes(128)
    rule("6.2.3 profile", header[36:40] == b"acsp" and header[12:16] in (b"prtr", b"mntr") and 2 <= header[8] < 5)
    space = {b"GRAY": 1, b"RGB ": 3, b"CMYK": 4}.get(header[16:20])
    rule("6.2.3 N", intents and intents[0].DestOutputProfile.N == space)
    for number, leaf in enumerate(document.pages):
        for name, image in leaf.images.items():
            color = image.ColorSpace
            if color == "/DeviceRGB":
                rule("6.2.4.3 RGB", space == 3)
            elif color == "/DeviceCMYK":
                rule("6.2.4.3 CMYK", space == 4)
            elif color != "/DeviceGray":
                own = color[1].read_bytes()
                rule("6.2.4.2 N", {1: b"GRAY", 3: b"RGB ", 4: b"CMYK"}[int(color[1].N)] == own[16:20])
                rule("6.2.4.2 version", own[8] < 5)
                same = intents and own == intents[0].DestOutputProfile.read_bytes()
                rule("6.2.4.2 CMYK of the intent", not (own[16:20] == b"CMYK" and same))
            rule("6.2.7.1", not image.get("/Interpolate", False) and "/Alternates" not in image and "/OPI" not in image)
            rule("6.2.7.1 bits", image.BitsPerComponent in (1, 2, 4, 8, 16))
    files = [file for leaf in document.pages for file in leaf.get("/AF", [])]
    rule("6.9 files", ("/Names" in root and "/EmbeddedFiles" in root.Names) == (level == "4f"))
    for file in files:
        rule("6.9 names", "/F" in file and "/UF" in file and file.AFRelationship == "/Source")
        rule("6.9 type", file.EF.F.Subtype == "/image/jpeg")
    with tempfile.NamedTemporaryFile(suffix=".pdf") as file:
        file.write(pdf)
        file.flush()
        check = subprocess.run(["qpdf", "--check", file.name], capture_output=True, check=False)
    rule(f"qpdf {check.stderr}", check.returncode == 0)
    opened = pymupdf.open(stream=pdf)
    rule("MuPDF", opened.page_count == len(document.pages) and not opened.is_repaired)
    return faults


KINDS = ["gray", "rgb", "turned", "rgb_icc2", "rgb_icc4", "cmyk_icc2", "cmyk_icc4", "12bit", "arithmetic", "wide"]
# Inputs that a level or a backend does not support, and the text of the error.
REFUSED = {
    ("1b", "12bit", "auto"): "conformance.bits",
    ("1b", "cmyk_icc4", None): "conformance.profile_version",
    (None, "12bit", "passthrough"): "unsupported.precision",
    (None, "12bit", "transcode"): "unsupported.precision",
    (None, "12bit", "reencode"): "unsupported.precision",
    (None, "arithmetic", "passthrough"): "unsupported.arithmetic",
}


def refusal(level, kind, backend):
    keys = [(level, kind, backend), (level, kind, None), (None, kind, backend)]
    return next((REFUSED[key] for key in keys if key in REFUSED), None)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("level", LEVELS)
def test_every_kind_of_image_conforms_or_is_rejected_with_a_code(inputs, level, backend):
    for kind in KINDS:
        words = ["--pdfa", level, "--backend", backend, *SAID, inputs / f"{kind}.jpg"]
        expected = refusal(level, kind, backend)
        if expected:
            report, _ = run(*words, "--json")
            assert f'"code":"{expected}"'.encode() in report, (kind, report)
            continue
        pdf = convert(*words)
        assert failures(pdf, level) == [], kind


@pytest.mark.parametrize("level", LEVELS)
def test_two_runs_give_the_same_bytes_and_two_photos_different_identifiers(inputs, level):
    words = ["--pdfa", level, *SAID]
    first, again = (convert(*words, inputs / "rgb.jpg", inputs / "gray.jpg") for _ in range(2))
    assert first == again
    jpeg = (inputs / "rgb.jpg").read_bytes()
    comment = b"\xff\xfe\x00\x08photo"
    pair = [convert(*words, "-", stdin=jpeg[:2] + comment + end + jpeg[2:]) for end in (b"1", b"2")]
    assert len({re.search(rb"/ID \[<(\w+)>", pdf)[1] for pdf in pair}) == 2


@pytest.mark.parametrize("level", LEVELS)
def test_fifty_pages_with_all_document_properties_conform(inputs, level):
    images = [inputs / f"{kind}.jpg" for kind in ["gray", "rgb", "turned", "rgb_icc2", "cmyk_icc2"]] * 10
    more = ["--keywords", "ä", "b", "--outline", "--page-labels", "--lang", "de", "--viewer-panes", "outlines"]
    pdf = convert("--pdfa", level, *SAID, *more, *images)
    assert failures(pdf, level) == []
    with pikepdf.open(io.BytesIO(pdf)) as document:
        assert len(document.pages) == 50
        xmp = document.Root.Metadata.read_raw_bytes().decode()
        assert "Fotö &amp; &lt;𝄞&gt;" in xmp and AUTHOR in xmp
        if level != "4":
            assert str(document.docinfo.Title) == TITLE and str(document.docinfo.Author) == AUTHOR


@pytest.mark.parametrize("level", [level for level in LEVELS if level != "4"])
def test_pdfa_can_also_be_pdfua(inputs, level):
    pdf = convert("--pdfa", level, *SAID, *ACCESSIBLE, inputs / "rgb.jpg", inputs / "turned.jpg")
    assert failures(pdf, level) == []
    assert failures(pdf, "ua") == []


def figures(pdf):
    """Returns the figures of a document as a screen reader finds them: page number, text and box."""
    with pikepdf.open(io.BytesIO(pdf)) as document:
        tree = document.Root.StructTreeRoot
        assert tree.K.S == "/Document" and document.Root.MarkInfo.Marked
        numbers = {leaf.obj.objgen: number for number, leaf in enumerate(document.pages, 1)}
        parents = dict(zip(map(int, list(tree.ParentTree.Nums)[::2]), list(tree.ParentTree.Nums)[1::2], strict=True))
        for figure in tree.K.K:
            leaf = document.pages[numbers[figure.Pg.objgen] - 1]
            assert figure.S == "/Figure" and figure.K == 0
            assert parents[int(leaf.StructParents)][0].objgen == figure.objgen
            yield numbers[figure.Pg.objgen], str(figure.Alt), [float(side) for side in figure.A.BBox]


def test_a_screen_reader_finds_one_figure_with_its_text_on_each_page(inputs):
    layout = ["--pagesize", "A4", "--border", "1in", "--fit", "fill"]
    pdf = convert(*SAID, *ACCESSIBLE, *layout, inputs / "rgb.jpg", inputs / "turned.jpg")
    assert failures(pdf, "ua") == []
    found = list(figures(pdf))
    assert [(number, alt) for number, alt, _ in found] == [(1, "Grüße & <𝄞>"), (2, "Grüße & <𝄞>")]
    for (number, _, box), leaf in zip(found, pymupdf.open(stream=pdf), strict=True):
        shown = leaf.get_image_rects(leaf.get_images()[0][0])[0] & leaf.rect
        height = leaf.rect.height
        assert box == pytest.approx([shown.x0, height - shown.y1, shown.x1, height - shown.y0], abs=0.01), number
    tree = subprocess.run(["pdfinfo", "-struct-text", "-"], input=pdf, capture_output=True, check=True).stdout.decode()
    assert tree.split().count("Figure:") == 2 and tree.startswith("Document\n"), tree
    with pikepdf.open(io.BytesIO(pdf)) as document:
        assert document.Root.ViewerPreferences.DisplayDocTitle and str(document.Root.Lang) == "en"


def test_each_page_of_a_strip_has_a_figure(inputs):
    pdf = convert(*SAID, *ACCESSIBLE, "--pagesize", "10cmx4cm", "--split-strips", inputs / "turned.jpg")
    pages = len(pymupdf.open(stream=pdf))
    assert pages > 1 and failures(pdf, "ua") == []
    assert [number for number, *_ in figures(pdf)] == list(range(1, pages + 1))


def xmp_segment(text):
    packet = b"http://ns.adobe.com/xap/1.0/\0" + text.encode()
    return b"\xff\xe1" + struct.pack(">H", len(packet) + 2) + packet


def test_alternative_text_can_come_from_the_metadata(inputs, tmp_path):
    description = '<dc:description><rdf:Alt><rdf:li xml:lang="x-default">A &quot;café&quot;</rdf:li></rdf:Alt></dc:description>'
    jpeg = (inputs / "rgb.jpg").read_bytes()
    (tmp_path / "xmp.jpg").write_bytes(jpeg[:2] + xmp_segment(description) + jpeg[2:])
    words = [*SAID, "--pdfua", "--lang", "fr", "--alt-from-metadata"]
    pdf = convert(*words, "--alt", "other", tmp_path / "xmp.jpg", inputs / "gray.jpg")
    assert [alt for _, alt, _ in figures(pdf)] == ['A "café"', "other"]
    pdf, said = run(*words, tmp_path / "xmp.jpg", inputs / "gray.jpg")
    assert b"%%EOF" not in pdf and "requires a text that describes the image" in said and "(ISO 14289-1, 7.3)" in said


@pytest.mark.parametrize("level", LEVELS)
def test_cmyk_needs_a_profile_of_its_own_or_an_output_intent(inputs, level):
    cmyk = inputs / "cmyk.jpg"
    pdf, said = run("--pdfa", level, cmyk)
    assert not pdf and f"PDF/A-{level} requires a color profile for CMYK" in said and "output-intent" in said
    pdf = convert("--pdfa", level, "--output-intent", inputs / "cmyk2.icc", cmyk, inputs / "rgb.jpg", inputs / "gray.jpg")
    assert failures(pdf, level) == []
    with pikepdf.open(io.BytesIO(pdf)) as document:
        spaces = [next(iter(leaf.images.values())).ColorSpace for leaf in document.pages]
        assert spaces[0] == "/DeviceCMYK" and spaces[1][0] == "/ICCBased" and spaces[2] == "/DeviceGray"
    same = convert("--pdfa", level, "--output-intent", inputs / "cmyk2.icc", inputs / "cmyk_icc2.jpg")
    assert failures(same, level) == []
    pdf, said = run("--pdfa", level, "--output-intent", inputs / "cmyk4.icc", cmyk)
    assert bool(pdf) == (level != "1b"), said


def test_a_version_4_profile_is_dropped_under_1b_with_a_note(inputs):
    pdf, said = run("--pdfa", "1b", inputs / "rgb_icc4.jpg")
    assert "color profile is of a version that PDF/A-1 does not allow" in said
    with pikepdf.open(io.BytesIO(pdf)) as document:
        assert next(iter(document.pages[0].images.values())).ColorSpace == "/DeviceRGB"
    assert b"/ICCBased" in convert("--pdfa", "2b", inputs / "rgb_icc4.jpg")


@pytest.mark.parametrize("level", ["3b", "4"])
def test_the_original_is_attached_and_can_be_extracted(inputs, level, tmp_path):
    images = [inputs / f"{kind}.jpg" for kind in ["turned", "12bit", "turned", "rgb"]]
    pdf = convert("--pdfa", level, "--attach-original", *images)
    assert failures(pdf, "4f" if level == "4" else level) == []
    (tmp_path / "a.pdf").write_bytes(pdf)
    subprocess.run([CLI, "extract", tmp_path / "a.pdf", "--output", tmp_path], check=True)
    found = [(tmp_path / f"a-{number}.jpg").read_bytes() for number in [1, 2, 3]]
    assert found == [images[number].read_bytes() for number in [0, 1, 3]]
    with pikepdf.open(io.BytesIO(pdf)) as document:
        assert sorted(document.attachments) == ["00000000", "00000001", "00000002"]
    for other in ["1b", "2b", "2u"]:
        pdf, said = run("--pdfa", other, "--attach-original", *images)
        assert not pdf and f"PDF/A-{other} allows no attached JPEG: use pdfa 3b or 4" in said


@pytest.mark.parametrize("level", LEVELS)
def test_the_embedded_image_has_no_orientation(inputs, level):
    pdf = convert("--pdfa", level, inputs / "turned.jpg")
    with pikepdf.open(io.BytesIO(pdf)) as document:
        stream = next(iter(document.pages[0].images.values())).read_raw_bytes()
    assert Image.open(io.BytesIO(stream)).getexif().get(0x0112, 1) == 1


@pytest.mark.parametrize(
    ("words", "clause"),
    [
        (["--pdfua", "--lang", "en", "--alt", "a"], "PDF/UA-1 requires a title: give one with title (ISO 14289-1, 7.1)"),
        (["--pdfua", "--title", " ", "--lang", "en", "--alt", "a"], "PDF/UA-1 requires a title"),
        (["--pdfua", "--title", "T", "--alt", "a"], "PDF/UA-1 requires a language"),
        (["--pdfua", "--title", "T", "--lang", "en"], "(ISO 14289-1, 7.3)"),
        (["--pdfua", "--title", "T", "--lang", "en", "--alt", "a", "--pdfa", "4"], "use pdfa 3b instead of 4"),
        (["--pdfa", "1b", "--imgsize", "6m"], "expected"),
        (["--pdfa", "1b", "--imgsize", "600cm"], "PDF/A-1b allows pages of at most 14,400 points a side"),
        (["--pdfa", "2b", "--crop-border", "11pt"], "PDF/A-2b requires page boxes of at least 3 units a side"),
    ],
)
def test_nonconforming_options_are_rejected_with_a_reason(inputs, words, clause):
    pdf, said = run(*words, inputs / "rgb.jpg")
    assert not pdf and clause in said, said


def test_a_page_over_200_inches_conforms_from_2b_on(inputs):
    pdf = convert("--pdfa", "2b", "--imgsize", "600cm", inputs / "rgb.jpg")
    assert b"/UserUnit 2" in pdf and failures(pdf, "2b") == []


# For each level, a fault that changes no offset, and the tool that finds it.
FAULTS = {
    "1b": [(b"/GTS_PDFA1", b"/GTS_PDFX1"), (b"<pdfaid:part>1", b"<pdfaid:part>2"), (b"%PDF-1.4\n%\xe2", b"%PDF-1.4\n%a")],
    "2b": [(b"/GTS_PDFA1", b"/GTS_PDFX1"), (b"/ID [", b"/Id ["), (b"mntrRGB ", b"spacRGB ")],
    "2u": [(b"<pdfaid:conformance>U", b"<pdfaid:conformance>X"), (b"/Type /Metadata", b"/Type /Metadatb")],
    "3b": [(b"/GTS_PDFA1", b"/GTS_PDFX1"), (b"/BitsPerComponent 8", b"/BitsPerComponent 7")],
    "4": [(b"<pdfaid:rev>2020", b"<pdfaid:rev>2021"), (b"%PDF-2.0", b"%PDF-1.7"), (b"/GTS_PDFA1", b"/GTS_PDFX1"),
          (b"/ID [", b"/Id ["), (b"/N 3", b"/N 4"), (b"<pdfaid:part>4", b"<pdfaid:part>3")],
    "ua": [(b"/DisplayDocTitle true", b"/DisplayDocTitlf true"), (b"/Alt ", b"/Alx "), (b"/Lang (en)", b"/Lanh (en)"),
           (b"<pdfuaid:part>1", b"<pdfuaid:part>7"), (b"/Marked true", b"/Markec true")],
}


@pytest.mark.parametrize(("level", "fault"), [(level, fault) for level, all in FAULTS.items() for fault in all])
def test_a_planted_fault_is_found(inputs, level, fault):
    sound, broken = fault
    asked = ACCESSIBLE if level == "ua" else ["--pdfa", level]
    pdf = convert(*asked, "--title", "T", inputs / "rgb.jpg")
    assert failures(pdf, level) == [] and pdf.count(sound) >= 1
    assert failures(pdf.replace(sound, broken), level) != []


def destination(pdf):
    with pikepdf.open(io.BytesIO(pdf)) as document:
        return document.Root.OutputIntents[0].DestOutputProfile.read_bytes()


def test_our_profiles_match_srgb_of_lcms2(inputs):
    """The reference is sRGB in lcms2, which Pillow uses. Both colors are converted to Lab."""
    lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    ramp = Image.linear_gradient("L")
    colors = Image.merge("RGB", [ramp, ramp.rotate(90), ramp.rotate(180)])
    rgb = ImageCms.ImageCmsProfile(io.BytesIO(destination(convert("--pdfa", "2b", inputs / "rgb.jpg"))))
    gray = ImageCms.ImageCmsProfile(io.BytesIO(destination(convert("--pdfa", "2b", inputs / "gray.jpg"))))
    assert rgb.profile.version < 3 and gray.profile.version < 3
    assert rgb.profile.xcolor_space.strip() == "RGB" and gray.profile.xcolor_space.strip() == "GRAY"

    def seen(picture, profile):
        transform = ImageCms.buildTransform(profile, lab, picture.mode, "LAB", ImageCms.Intent.RELATIVE_COLORIMETRIC)
        return np.asarray(ImageCms.applyTransform(picture, transform)).astype(int)

    def apart(ours, theirs):
        # Pillow stores the signed values a and b in bytes.
        return np.abs((ours - theirs + 128) % 256 - 128)

    assert apart(seen(colors, rgb), seen(colors, srgb)).max() <= 1
    neutral = Image.merge("RGB", [ramp] * 3)
    assert apart(seen(ramp, gray), seen(neutral, srgb))[..., 0].max() <= 1


@pytest.mark.parametrize("viewer", ["pdfjs", "pdfium", "mupdf", "poppler"])
def test_viewers_show_pdfa_like_its_jpeg(inputs, viewer):
    for level in ["1b", "4"]:
        path = inputs / "rgb.jpg"
        source = Source(path.read_bytes())
        shown = RENDERERS[viewer](convert("--pdfa", level, path), source.width, source.height)
        assert distance(shown, source.rendered(RENDERERS[viewer]))[0] < 12


def test_preflight_agrees_about_1b(inputs, tmp_path):
    jars = ["preflight", "pdfbox2", "fontbox2", "xmpbox", "commons-logging", "javax.activation", "jaxb-api"]
    paths = [Path("/usr/share/java") / f"{jar}.jar" for jar in jars]
    if not all(path.is_file() for path in paths):
        assert os.environ.get("CI") != "true", "libpdfbox2-java is missing"
        pytest.skip("libpdfbox2-java is missing")
    for kind in ["gray", "rgb", "turned", "rgb_icc2", "rgb_icc4", "cmyk_icc2"]:
        pdf = convert("--pdfa", "1b", *SAID, inputs / f"{kind}.jpg")
        (tmp_path / f"{kind}.pdf").write_bytes(pdf)
    (tmp_path / "planted.pdf").write_bytes(pdf.replace(b"/GTS_PDFA1", b"/GTS_PDFX1"))
    validator = ["java", "-cp", ":".join(map(str, paths)), "org.apache.pdfbox.preflight.Validator_A1b"]
    for path in sorted(tmp_path.glob("*.pdf")):
        said = subprocess.run([*validator, path], capture_output=True, check=False).stdout.decode()
        assert ("is a valid PDF/A-1b file" in said) == (path.name != "planted.pdf"), said
