"""Inputs that failed once become what their users expect: here, and where ``BIOSCNN_CASES`` names more."""

import pytest

from tests.cases.outcomes import CASES, cases, expected, outcome


@pytest.mark.parametrize("case", cases(), ids=lambda case: str(case.relative_to(CASES)))
def test_a_case_becomes_what_its_user_expects(case, tmp_path):
    if case.suffix == ".onnx":
        pytest.importorskip("onnxruntime")
    what, words = expected(case)
    got = outcome(case, tmp_path)
    assert got.what == what, got.said
    assert [word for word in words if word not in got.said] == []
    assert len(got.said) < 9000
    assert not list(tmp_path.rglob("CODE_RAN"))
