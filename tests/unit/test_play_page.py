"""Where the page of the live network is opened."""

import pytest

from bioscnn.play import open_page


@pytest.mark.parametrize("display", [True, False])
def test_a_browser_is_given_the_quoted_address_of_a_file_where_there_is_a_desktop(
    tmp_path, monkeypatch, display
):
    opened = []
    monkeypatch.setattr("webbrowser.open", lambda address: opened.append(address) or True)
    monkeypatch.setattr("sys.platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    if display:
        monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.chdir(tmp_path)
    assert open_page(tmp_path / "a page;x %41.html") == display
    assert opened == ([f"file://{tmp_path}/a%20page%3Bx%20%2541.html"] if display else [])
