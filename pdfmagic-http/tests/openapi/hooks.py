"""Makes schemathesis send valid JPEGs, and other data, where the document says JPEG."""

import io

import schemathesis
from hypothesis import strategies as st
from PIL import Image


def jpeg(width, height):
    file = io.BytesIO()
    Image.new("RGB", (width, height), "orange").save(file, "JPEG")
    return file.getvalue()


BYTES = st.one_of(st.builds(jpeg, st.integers(1, 64), st.integers(1, 64)), st.binary())
schemathesis.openapi.media_type("image/jpeg", BYTES)
schemathesis.openapi.format("binary", BYTES)


@schemathesis.deserializer("application/pdf")
def pdf(_, response):
    assert response.content.startswith(b"%PDF-") and response.content.endswith(b"%%EOF\n")
    return response.content.decode("latin-1")
