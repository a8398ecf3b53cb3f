"""A document with a part that is written from results."""

import pytest

from bioscnn.errors import UserError
from bioscnn.report.document import Document


def test_a_document_can_be_filled_again_and_again(tmp_path):
    path = tmp_path / "page.md"
    path.write_text("before\n<!-- benchmark a: begin -->\n<!-- benchmark a: end -->\nafter\n")
    for content in ("first", "second"):
        Document(path, "a").write(f"{content}\n")
    assert path.read_text() == (
        "before\n<!-- benchmark a: begin -->\n\nsecond\n\n<!-- benchmark a: end -->\nafter\n"
    )


@pytest.mark.parametrize(
    "text",
    ["", "<!-- benchmark a: begin -->", "<!-- benchmark a: end --><!-- benchmark a: begin -->",
     2 * "<!-- benchmark a: begin --><!-- benchmark a: end -->"],
)  # fmt: skip
def test_a_document_without_its_two_markers_is_refused(tmp_path, text):
    (tmp_path / "page.md").write_text(text)
    with pytest.raises(UserError) as refused:
        Document(tmp_path / "page.md", "a")
    assert refused.value.fix == "add the two lines"
