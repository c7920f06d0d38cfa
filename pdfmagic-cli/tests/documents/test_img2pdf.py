"""Tests against img2pdf that its options and its handling of JPEGs are as docs/from-img2pdf.md describes."""

import re
import shlex
import subprocess
from pathlib import Path

import img2pdf
import pikepdf
import pytest
from command import CORPUS, ROOT, run
from PIL import Image
from seen import pages

TABLE = ROOT / "docs" / "from-img2pdf.md"

# The maximum difference of lengths, in points.
TOLERANCE = 0.01

# The JPEGs that are laid out, by names for the arguments below.
PLAIN, PORTRAIT, INCH, TURNED, WIDE = "plain", "portrait", "inch", "turned", "wide"
ALL = (PLAIN, PORTRAIT, INCH)

# The arguments for both commands, and the JPEGs for which they are used.
PAGES = {
    "defaults": [("", (*ALL, TURNED, WIDE))],
    "accepted": [("-D", ALL), ("--nodate --engine internal --first-frame-only --pillow-limit-break", ALL)],
    "pagesize": [
        (f"--pagesize {size}", ALL)
        for size in (
            "A4 a0 a1 a2 a3 a5 a6 b0 b1 b2 b3 b4 b5 b6 jb0 jb1 jb2 jb3 jb4 jb5 jb6 letter legal tabloid A4^T "
            "10cmx15cm 10cm x15cm 300x400 72ptx2in 100mmx"
        ).split()
    ]
    + [("-S A4", ALL)],
    "imgsize": [
        (f"--imgsize {size}", ALL) for size in "10cmx15cm 10cm x15cm 300dpi 50% 50%x30% 5inx72pt A6 150dpix300dpi".split()
    ]
    + [("-s 10cm -S A4", ALL), ("-s 10cmx2cm -S A4 -b 1cm", ALL)],
    "border": [(f"{word} {size}", ALL) for word in ("-b", "--border") for size in ("1cm", "1cm:2cm", "10:0")]
    + [("-b 1cm -S A4", ALL), ("-b 1cm:2cm -S 10cm", ALL), ("-b 5mm -s 300dpi", ALL)],
    "fit": [
        (f"--fit {fit} {size}", ALL)
        for fit in ("into", "fill", "exact", "shrink", "enlarge")
        for size in ("-s 10cmx15cm", "-S A4", "-S 1cmx1cm", "-s 1cmx2cm -S A4", "-S 20cmx9cm -b 1cm")
    ]
    + [("-f FILL -S A4", (PLAIN,))],
    "auto-orient": [(f"{word} -S A4{more}", ALL) for word in ("-a", "--auto-orient") for more in ("", " -b 1cm:2cm", "^T")]
    + [("-a -S A4 -r auto", (TURNED,))],
    "rotation": [
        (f"{word} {turn}", (PLAIN, TURNED))
        for word in ("-r", "--orientation")
        for turn in ("auto", "none", "ifvalid", "0", "90", "180", "270")
    ]
    + [("--rotation 90", (TURNED,))],
    "boxes": [
        (f"--{box}-border {size} {more}", ALL)
        for box in ("crop", "bleed", "trim", "art")
        for size in ("1mm", "1mm:2mm")
        for more in ("", "-S A4")
    ]
    + [("--crop-border 2mm --bleed-border 3mm --trim-border 4mm --art-border 5mm -S A4 -b 1cm", ALL)],
}

# Options that are accepted, but not shown in the help, since they have no effect.
ACCEPTED = {"-D", "--nodate", "--engine", "--first-frame-only", "--pillow-limit-break"}

# The arguments for both commands about metadata and viewers.
DOCUMENT = {
    "title": ["--title Ünïcode"],
    "author": ["--author Somebody"],
    "creator": ["--creator 'A program'"],
    "producer": ["--producer 'Another'"],
    "subject": ["--subject 'Holidays (2026)'"],
    "keywords": ["--keywords sun sea"],
    "creationdate": ["--creationdate 2026-03-01", "--creationdate 2026-03-01T12:30:15", "--creationdate 2026-03-01T12:30"],
    "moddate": ["--moddate 2026-03-01", "--moddate '2026-03-01 12:30:15'"],
    "viewer-panes": ["--viewer-panes outlines", "--viewer-panes thumbs"],
    "viewer-initial-page": ["--viewer-initial-page 1", "--viewer-initial-page 2"],
    "viewer-magnification": [f"--viewer-magnification {how}" for how in ("fit", "fith", "fitbh", "1.5")],
    "viewer-page-layout": [
        f"--viewer-page-layout {how}"
        for how in ("single", "onecolumn", "twocolumnright", "twocolumnleft", "twopageright", "twopageleft")
    ],
    "viewer-fit-window": ["--viewer-fit-window"],
    "viewer-center-window": ["--viewer-center-window"],
    "viewer-fullscreen": ["--viewer-fullscreen", "--viewer-fullscreen --viewer-panes thumbs"],
}


@pytest.fixture(scope="module")
def jpegs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("jpegs")
    sizes = {PLAIN: ((400, 300), None), PORTRAIT: ((300, 500), (300, 300)), INCH: ((640, 360), (72, 72)), WIDE: ((20_000, 400), None)}
    for name, (size, density) in sizes.items():
        options = {"dpi": density} if density else {}
        Image.new("L", size, 128).save(folder / f"{name}.jpg", **options)
    exif = Image.Exif()
    exif[0x0112] = 6
    # These have resolutions; otherwise Pillow assumes 72 per inch, and viewers of JPEGs 96.
    exif[0x011A] = exif[0x011B] = 96.0
    exif[0x0128] = 2
    Image.new("L", (400, 300), 128).save(folder / f"{TURNED}.jpg", exif=exif)
    return folder


def both(words, names, jpegs, folder):
    """Returns the results of both commands for the same arguments."""
    files = [jpegs / f"{name}.jpg" for name in names]
    theirs, ours = folder / "theirs.pdf", folder / "ours.pdf"
    words = shlex.split(words)
    # img2pdf's other engine does not support all of this.
    engine = [] if "--engine" in words else ["--engine", "internal"]
    limit = Image.MAX_IMAGE_PIXELS
    img2pdf.main(["img2pdf", *map(str, files), *words, *engine, "-o", str(theirs)])
    # One of img2pdf's options changes this for all of Pillow.
    Image.MAX_IMAGE_PIXELS = limit
    run(*files, *words, "-o", ours)
    return theirs, ours


@pytest.mark.parametrize("case", PAGES)
def test_page_and_image_geometry_matches_img2pdf(case, jpegs, tmp_path):
    for words, names in PAGES[case]:
        theirs, ours = (pages(pdf) for pdf in both(words, names, jpegs, tmp_path))
        assert len(theirs) == len(ours) == len(names)
        for name, their, our in zip(names, theirs, ours, strict=True):
            for box, sides in their.boxes.items():
                assert our.boxes[box] == pytest.approx(sides, abs=TOLERANCE), (words, name, box)
            (their_image,), (our_image,) = their.images, our.images
            for their_corner, our_corner in zip(their_image, our_image, strict=True):
                assert our_corner == pytest.approx(their_corner, abs=TOLERANCE), (words, name)


def facts(pdf):
    """Returns the metadata of a document, and its settings for viewers."""
    with pikepdf.open(pdf) as document:
        info = {key: str(value) for key, value in document.docinfo.items()}
        root = document.Root
        numbers = {page.objgen: number for number, page in enumerate(document.pages)}
        action = root.get("/OpenAction")
        if action is not None:
            # Viewers begin at the top of a page by default.
            page, how, *more = action
            action = [numbers.get(page.objgen), str(how), more[-1] if how == "/XYZ" else None]
        mode = str(root.get("/PageMode", "/UseNone"))
        preferences = {key: str(value) for key, value in root.get("/ViewerPreferences", {}).items()}
        if mode != "/FullScreen":
            # This object has no other purpose.
            preferences.pop("/NonFullScreenPageMode", None)
        return info, {
            "action": action,
            "mode": mode,
            "layout": str(root.get("/PageLayout", "")),
            "preferences": preferences,
        }


def date(text):
    """Returns the digits of a date, down to the second, in UTC."""
    return re.sub(r"\D", "", text)[:14]


@pytest.mark.parametrize("case", DOCUMENT)
def test_document_properties_match_img2pdf(case, jpegs, tmp_path):
    for words in DOCUMENT[case]:
        (their_info, theirs), (our_info, ours) = map(facts, both(f"--nodate {words}", (PLAIN, INCH), jpegs, tmp_path))
        key = {"creationdate": "/CreationDate", "moddate": "/ModDate"}.get(case, f"/{case.title()}")
        if key in their_info:
            simple = date if "date" in case else str
            assert simple(our_info[key]) == simple(their_info[key]), words
        assert ours == theirs, words


def rows():
    """Returns the cells of the table, for each option."""
    for line in TABLE.read_text().splitlines():
        if line.startswith("| `"):
            yield [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))]


def test_the_table_has_every_option_of_img2pdf_and_only_existing_ones_of_ours():
    parser = img2pdf.get_main_parser()
    told = {option for row in rows() for option in re.findall(r"--[a-z0-9-]+|(?<=`)-[a-zA-Z](?=[`, ])", row[0])}
    for action in parser._actions:
        for option in action.option_strings:
            assert option in told, f"{option} has no row"
    known = set(re.findall(r"(?<=[ ,])--?[a-zA-Z][a-z0-9-]*", run("--help").decode()))
    for row in rows():
        for option in re.findall(r"(?<=`)--?[a-zA-Z][a-z-]*", row[1]):
            assert option in known | ACCEPTED, f"{option} is no option"


def test_each_row_names_an_existing_test():
    cases = PAGES.keys() | DOCUMENT.keys()
    listed = subprocess.run(["git", "ls-files", "--", "*.rs", "*.py"], cwd=ROOT, capture_output=True, text=True, check=True)
    sources = [Path(ROOT / name) for name in listed.stdout.split() if "/tests/" in name]
    tests = {name for source in sources if source.exists() for name in re.findall(r"(?:fn|def) (\w+)\(", source.read_text())}
    tests.update(re.findall(r"def (test_\w+)\(", Path(__file__).read_text()))
    for row in rows():
        held = re.findall(r"`([\w-]+)`", row[3])
        assert held, f"{row[0]} is held by nothing"
        for name in held:
            assert name in cases or name in tests, f"{row[0]}: there is no {name}"


@pytest.mark.parametrize(("colorspace", "polarity"), [("CMYK", "normal"), ("CMYK;I", "inverted")])
def test_cmyk_polarity_is_as_requested(colorspace, polarity, tmp_path):
    def decode(pdf):
        with pikepdf.open(pdf) as document:
            (image,) = document.pages[0].images.values()
            return [int(value) for value in image.get("/Decode", [0, 1] * 4)]

    theirs, ours = tmp_path / "theirs.pdf", tmp_path / "ours.pdf"
    for name in ("cmyk_adobe", "cmyk_plain"):
        jpeg = CORPUS / f"{name}.jpg"
        img2pdf.main(["img2pdf", str(jpeg), "-C", colorspace, "--engine", "internal", "-o", str(theirs)])
        run("--cmyk-polarity", polarity, jpeg, ours)
        assert decode(ours) == decode(theirs), name


@pytest.mark.parametrize("name", ["orientation_2", "orientation_4", "orientation_5", "orientation_7", "crlf_before_soi", "dnl"])
def test_files_that_img2pdf_rejects_are_converted(name, tmp_path):
    jpeg = CORPUS / f"{name}.jpg"
    with pytest.raises(Exception):  # noqa: B017, PT011 -- several kinds, some of them by mistake
        img2pdf.convert(str(jpeg))
    run("-q", jpeg, tmp_path / "ours.pdf")
    assert len(pages(tmp_path / "ours.pdf")) == 1


def test_page_size_applies_to_the_image_as_displayed(jpegs, tmp_path):
    """Without `-a`, img2pdf makes a landscape page of A4 for a portrait photo of a phone."""
    theirs, ours = (pages(pdf)[0] for pdf in both("-S A4", (TURNED,), jpegs, tmp_path))
    a4 = (0, 0, 595.2756, 841.8898)
    assert ours.boxes["MediaBox"] == pytest.approx(a4, abs=TOLERANCE)
    assert theirs.boxes["MediaBox"] != pytest.approx(a4, abs=TOLERANCE)


def test_box_lengths_are_correct_with_a_user_unit(jpegs, tmp_path):
    """img2pdf scales the image by the user unit."""
    theirs, ours = (pages(pdf)[0] for pdf in both("--crop-border 10", (WIDE,), jpegs, tmp_path))
    assert ours.boxes["CropBox"][0] == pytest.approx(10, abs=TOLERANCE)
    assert theirs.boxes["CropBox"][0] > 90
