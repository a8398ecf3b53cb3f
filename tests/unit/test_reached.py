"""The table of `make coverage`."""

import pytest

from tests.reached import table_of


def test_packages_are_added_up_and_modules_of_none_are_one_row():
    def facts(statements, missing, branches, partial):
        return {"summary": {"num_statements": statements, "missing_lines": missing, "num_branches": branches,
                            "missing_branches": partial}}  # fmt: skip

    files = {
        "bioscnn/ann/graph.py": facts(10, 1, 4, 2), "bioscnn/ann/onnx/file.py": facts(20, 0, 6, 1),
        "bioscnn/cli.py": facts(10, 10, 0, 0),
    }  # fmt: skip
    table = table_of({"files": files}).set_index("package")
    assert table.index.tolist() == ["ann", "bioscnn", "all"]
    assert table.loc["ann"].tolist() == [30, 1, 10, 3, 90.0, 70.0]
    assert table.loc["bioscnn"].tolist() == pytest.approx([10, 10, 0, 0, 0.0, float("nan")], nan_ok=True)
    assert table.loc["all"].tolist() == [40, 11, 10, 3, 72.0, 70.0]
