"""Tests that pages are added to PDFs of other programs, whose bytes remain unchanged."""

import io
import subprocess

import img2pdf
import pikepdf
import pymupdf
import pypdf
import pypdfium2
import pytest
from command import CLI, CORPUS, run
from PIL import Image
from reportlab.pdfgen.canvas import Canvas

NEW = [CORPUS / name for name in ("ycbcr_420.jpg", "orientation_6.jpg")]


def by_reportlab(path):
    canvas = Canvas(str(path), pagesize=(200, 300))
    for text in ("one", "two"):
        canvas.drawString(20, 20, text)
        canvas.showPage()
    canvas.setAuthor("Somebody")
    canvas.save()


def by_img2pdf(path):
    img2pdf.main(["img2pdf", *map(str, NEW), str(CORPUS / "gray.jpg"), "-S", "A5", "--title", "Ünïcode", "-o", str(path)])


def by_img2pdf_alone(path):
    img2pdf.main(["img2pdf", str(NEW[0]), "--engine", "internal", "--viewer-panes", "thumbs", "-o", str(path)])


def by_pikepdf(path):
    by_reportlab(path)
    with pikepdf.open(path, allow_overwriting_input=True) as document:
        document.add_blank_page(page_size=(100, 100))
        document.save(path, object_stream_mode=pikepdf.ObjectStreamMode.generate)


def by_cairo(path):
    by_reportlab(path.with_name("before.pdf"))
    subprocess.run(["pdftocairo", "-pdf", path.with_name("before.pdf"), path], check=True)


def by_qpdf_linearized(path):
    by_reportlab(path.with_name("before.pdf"))
    subprocess.run(["qpdf", "--linearize", path.with_name("before.pdf"), path], check=True)


def by_mupdf(path):
    document = pymupdf.open()
    document.new_page(width=120, height=90).insert_image((10, 10, 60, 60), filename=str(NEW[0]))
    document.save(path)


def by_pypdf_of_many_pages(path):
    """Returns a tree of pages with several levels, as other programs make for many pages."""
    with pikepdf.new() as document:
        for _ in range(40):
            document.add_blank_page(page_size=(100, 100))
        root, kids = document.Root.Pages, list(document.Root.Pages.Kids)
        groups = []
        for start in range(0, 40, 10):
            group = document.make_indirect(pikepdf.Dictionary(Type=pikepdf.Name.Pages, Parent=root, Count=10))
            group.Kids = pikepdf.Array(kids[start : start + 10])
            for kid in group.Kids:
                kid.Parent = group
            groups.append(group)
        root.Kids = pikepdf.Array(groups)
        document.save(path)


PRODUCERS = [
    by_reportlab,
    by_img2pdf,
    by_img2pdf_alone,
    by_pikepdf,
    by_cairo,
    by_qpdf_linearized,
    by_mupdf,
    by_pypdf_of_many_pages,
]


def rendered(pdf):
    document = pypdfium2.PdfDocument(pdf)
    return [document[number].render(scale=1).to_numpy().tobytes() for number in range(len(document))]


@pytest.mark.parametrize("make", PRODUCERS)
def test_append_keeps_the_bytes_of_other_producers(make, tmp_path):
    old, new, alone = tmp_path / "old.pdf", tmp_path / "new.pdf", tmp_path / "alone.pdf"
    make(old)
    run("append", old, *NEW, "-o", new)
    assert new.read_bytes().startswith(old.read_bytes())
    subprocess.run(["qpdf", "--check", new], check=True, capture_output=True)
    before, after = pypdf.PdfReader(old, strict=True), pypdf.PdfReader(new, strict=True)
    assert len(after.pages) == len(before.pages) + len(NEW)
    assert after.metadata == before.metadata
    # Each old page is unchanged, and new pages are as in a new PDF.
    run(*NEW, alone)
    assert rendered(new) == rendered(old) + rendered(alone)
    # Pages are added once more to the result.
    run("append", new, NEW[0], "-o", new)
    assert len(pypdf.PdfReader(new, strict=True).pages) == len(after.pages) + 1
    folder = tmp_path / "jpegs"
    folder.mkdir()
    run("extract", new, "-o", folder)
    jpegs = [file.read_bytes() for file in sorted(folder.iterdir())]
    assert all(jpeg.read_bytes() in jpegs for jpeg in NEW)


@pytest.mark.parametrize("what", ["encrypted", "signed", "cut", "no PDF"])
def test_unsupported_pdfs_are_rejected(what, tmp_path):
    old, new = tmp_path / "old.pdf", tmp_path / "new.pdf"
    by_reportlab(old)
    if what == "encrypted":
        with pikepdf.open(old, allow_overwriting_input=True) as document:
            document.save(old, encryption=pikepdf.Encryption(owner="owner", user=""))
    elif what == "signed":
        with pikepdf.open(old, allow_overwriting_input=True) as document:
            signature = pikepdf.Dictionary(Type=pikepdf.Name.Sig, Contents=b"signed", ByteRange=pikepdf.Array([0, 9, 9, 9]))
            field = pikepdf.Dictionary(FT=pikepdf.Name.Sig, T="Signature", V=document.make_indirect(signature))
            fields = pikepdf.Array([document.make_indirect(field)])
            document.Root.AcroForm = pikepdf.Dictionary(SigFlags=3, Fields=fields)
            document.save(old)
    elif what == "cut":
        old.write_bytes(old.read_bytes()[:-50])
    else:
        picture = io.BytesIO()
        Image.new("L", (9, 9)).save(picture, "PNG")
        old.write_bytes(picture.getvalue())
    done = subprocess.run(
        [CLI, "append", old, NEW[0], "-o", new], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1, done
    assert not new.exists()
    told = {"encrypted": "encrypted", "signed": "signed", "cut": "broken", "no PDF": "not a PDF"}[what]
    assert told in done.stderr, done.stderr
