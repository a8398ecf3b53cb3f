"""The network that lives in a page: its spikes beside Brian2's, and what one can do there without a mouse."""

import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page

from analysis.play import PATIENCE, WIDTHS, by_brian2, by_the_page
from bioscnn.ann import Conv2d, Dense, Flatten, Layer, LayerGraph, LIFRate, MaxPool2d
from bioscnn.errors import UserError
from bioscnn.metrics import spikes_per_trial
from bioscnn.play import write_play_page
from bioscnn.play.networks import packed_network
from bioscnn.simulation import Device, simulate
from bioscnn.studies.prepare import prepare
from bioscnn.studies.settling import read_settled_study
from bioscnn.studies.shipped import find_study
from bioscnn.studies.study import read_study
from tests.browser.conftest import open_alone

pytestmark = pytest.mark.browser

A_ONE = [[14, 4], [14, 24]]
A_SEVEN = [[7, 7], [20, 7], [12, 23]]


def arc(x: float, y: float, width: float, height: float, first: float, last: float) -> list[list[float]]:
    """A part of an ellipse around a point, between angles in degrees, clockwise from the right."""
    angles = np.radians(np.linspace(first, last, 25))
    return np.stack([x + width * np.cos(angles), y + height * np.sin(angles)], axis=1).tolist()


DRAWN = [
    [arc(14, 14, 6, 9, -90, 270)],
    [A_ONE],
    [[*arc(14, 9, 6, 5, -170, 40), [8, 23], [21, 23]]],
    [[*arc(13, 9, 6, 5, -150, 90), *arc(13, 19, 7, 5, -90, 150)]],
    [[[10, 4], [7, 15], [21, 15]], [[18, 5], [18, 25]]],
    [[[20, 5], [10, 5], [9, 13], *arc(13, 18, 7, 6, -120, 150)]],
    [[[17, 4], [10, 13], *arc(14, 18, 5.5, 5.5, -180, 180)]],
    [A_SEVEN],
    [[*arc(14, 9, 5, 5, 90, 450), *arc(14, 19, 6, 5, -90, 270)]],
    [[*arc(14, 10, 5.5, 5.5, 0, 360), [19, 12], [17, 25]]],
]
"""Strokes of each digit, as one may draw them."""


@pytest.fixture(scope="module")
def path(tmp_path_factory) -> Path:
    return write_play_page(tmp_path_factory.mktemp("play") / "play.html", n_digits=20)


@pytest.fixture(scope="module")
def brian2():
    """What Brian2 makes of some digits, in double precision."""
    settings: list[tuple[str, dict[str, float], int]] = [("rate", {}, 6), ("time", {}, 10)]
    return [(setting, by_brian2(*setting)) for setting in settings]


@pytest.fixture(scope="module")
def opened(browser: Browser, path: Path):
    """The page, of a reader who wants no motion."""
    page = browser.new_page(reduced_motion="reduce")
    page.goto(path.as_uri(), timeout=PATIENCE)
    yield page
    page.close()


@pytest.fixture
def page(opened: Page):
    """The same, with neurons as they were trained."""
    opened.get_by_role("button", name="As it was trained").click()
    return opened


@pytest.mark.parametrize("screen", WIDTHS)
def test_every_spike_decision_and_latency_is_that_of_brian2(
    browser: Browser, path: Path, brian2, screen: str
):
    page = open_alone(browser, path, WIDTHS[screen])
    for setting, theirs in brian2:
        ours = by_the_page(page, *setting)
        assert len(theirs.spikes) > 100 * setting[2]
        assert ours.spikes == theirs.spikes
        assert np.array_equal(ours.counts, theirs.counts)
        assert np.array_equal(ours.chosen, theirs.chosen)
        assert np.allclose(ours.latency, theirs.latency)
    assert page.evaluate("document.documentElement.scrollWidth") <= WIDTHS[screen]
    page.close()


def slide(page: Page, name: str, to: float) -> None:
    page.locator(f"#{name}").fill(str(to))


def total(page: Page) -> int:
    cells = page.locator("#counts tr", has=page.get_by_role("rowheader", name="total")).locator("td")
    return int(cells.nth(1).inner_text().replace(",", ""))


@pytest.mark.parametrize(
    "code, sliders",
    [("rate", {"tau_m": 15, "t_ref": 4, "tau_s": 7}), ("time", {"tau_m": 30, "tau_s": 8})],
)
def test_the_command_on_the_page_gives_the_spikes_on_the_page(
    page: Page, code: str, sliders: dict[str, float]
):
    page.locator(f"input[value={code}]").check()
    for name, value in sliders.items():
        slide(page, name, value)
    page.get_by_role("button", name="Digit 3").click()
    program, verb, study, *options = shlex.split(page.locator("#command").inner_text())
    assert (program, verb, options[::2]) == ("bioscnn", "run", ["--set"] * (len(options) // 2))
    # Digits take turns: the fourth is the first 3, the 14th the second.
    trial = 3 if "number 1 of" in page.locator("#picture-name").inner_text() else 13
    read, _ = read_settled_study(Path(study), [*options[1::2], "dataset.trials=20"], None, None)
    prepared = prepare(read, None)
    shown = prepared.stimulus[trial : trial + 1]
    recording = simulate(prepared.network, shown, Device("numpy"))
    of_the_picture = shown.n_spikes if code == "time" else 0
    assert total(page) == spikes_per_trial(recording) + of_the_picture


def test_noise_on_the_page_is_a_key_of_the_study(page: Page):
    slide(page, "noise", 0.3)
    *_, option = shlex.split(page.locator("#command").inner_text())
    noise = read_study(find_study(Path("mnist")), [option]).config.noise
    assert noise == read_study(find_study(Path("mnist")), ["noise.gaussian-noise.sd=0.3"]).config.noise
    assert noise


def test_time_constants_that_bioscnn_refuses_cannot_be_chosen(page: Page):
    slide(page, "tau_s", 20)
    assert page.evaluate("[state.values.tau_m, state.values.tau_s]") == [21, 20]
    assert "until τs lets it return to the 20 ms chosen" in page.locator("#gives-way").inner_text()
    slide(page, "tau_s", 8)
    assert page.evaluate("[state.values.tau_m, state.values.tau_s]") == [20, 8]
    assert page.locator("#gives-way").inner_text() == ""
    slide(page, "tau_s", 20)
    page.locator("input[value=time]").check()
    slide(page, "tau_m", 5)
    assert page.evaluate(
        "[state.values.tau_m > state.values.tau_s, windowSteps(state.trial.network.p) >= 2]"
    ) == [True, True]
    slide(page, "tau_s", 1)
    assert page.evaluate("windowSteps(state.trial.network.p)") >= 2


def test_a_drawn_digit_is_the_same_wherever_and_however_large_it_is_drawn(page: Page):
    drawn = page.evaluate(
        """([strokes]) => [[1, 0, 0], [0.35, 2, 15], [0.6, 11, 1]].map(([scale, dx, dy]) => {
            const placed = (stroke) => stroke.map(([x, y]) => [x * scale + dx, y * scale + dy]);
            return Array.from(normalisedInk(strokes.map(placed)));
        })""",
        [[A_SEVEN]],
    )
    images = np.array(drawn, float).reshape(3, 28, 28)
    assert np.abs(images - images[0]).max() <= 1
    rows, columns = np.mgrid[:28, :28] + 0.5
    centre = [(images[0] * axis).sum() / images[0].sum() for axis in (rows, columns)]
    assert np.abs(np.array(centre) - 14).max() < 0.1
    height = (images[0].max(axis=1) > 127).sum()
    assert 19 <= height <= 21


@pytest.mark.parametrize("code", ["rate", "time"])
def test_drawn_digits_are_read_in_both_codes(page: Page, code: str):
    chosen = page.evaluate(
        """([code, digits]) => digits.map(
            (strokes) => answer(code, asTrained(code), normalisedInk(strokes)).chosen)""",
        [code, DRAWN],
    )
    assert chosen == list(range(10))


@pytest.mark.parametrize("strokes, digit", [([A_ONE], 1), ([A_SEVEN], 7)])
def test_a_digit_that_is_drawn_with_the_mouse_is_read(page: Page, strokes, digit: int):
    page.get_by_role("button", name="Clear").click()
    assert "No decision" in page.locator("#sentence").inner_text()
    page.locator("#pad").scroll_into_view_if_needed()
    box = page.locator("#pad").bounding_box()
    assert box is not None
    for stroke in strokes:
        for k, (x, y) in enumerate(stroke):
            page.mouse.move(box["x"] + x / 28 * box["width"], box["y"] + y / 28 * box["height"], steps=8)
            if k == 0:
                page.mouse.down()
        page.mouse.up()
    assert page.locator("#answer").inner_text() == str(digit)
    assert page.locator("#said").inner_text().startswith(f"It is a {digit}, decided after ")


def test_a_digit_is_drawn_by_keys_alone(page: Page):
    page.locator("#clear").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Shift+Tab")
    assert page.evaluate("document.activeElement.id") == "pad"
    page.evaluate("""() => {
        window.heard = [];
        const said = document.getElementById("said");
        const heed = new MutationObserver(() => heard.push(said.textContent));
        heed.observe(said, { childList: true, subtree: true });
    }""")
    page.keyboard.press(" ")
    for _ in range(16):
        page.keyboard.press("ArrowDown")
    page.keyboard.press(" ")
    page.wait_for_function("heard.includes('Pen up')")
    assert page.locator("#answer").inner_text() == "1"
    page.keyboard.press("Delete")
    assert page.locator("#answer").inner_text() == "?"


def test_a_click_on_a_spike_looks_into_its_neuron(page: Page):
    page.get_by_role("button", name="Digit 4").click()
    place = page.evaluate(
        """() => {
            for (let y = 0; y < 320; y += 2) for (let x = 80; x < 900; x += 2) {
                const found = state.atRaster(x, y);
                if (found && found.depth === 1) return { x, y, ...found };
            }
        }"""
    )
    page.locator("#raster").click(position={"x": place["x"], "y": place["y"]})
    caption = page.locator("#neuron-caption").inner_text()
    assert caption.startswith(f"Neuron {place['neuron']} of conv2") and ": 0 spikes" not in caption
    trace = page.evaluate("state.trial.recording.trace")
    fired = page.evaluate(
        "state.trial.recording.spikes[2].map((neurons) => neurons.includes(state.probe.neuron))"
    )
    assert len(trace["V"]) == 30 and sum(fired) > 0
    assert max(trace["V"]) <= 20
    held = trace["V"][fired.index(True) : fired.index(True) + 3]
    assert held == [held[0]] * 3  # t_ref is two steps


def test_all_digits_are_tried_and_counted(page: Page):
    page.get_by_role("button", name="Try all 20").click()
    row = page.locator("#trials tbody tr")
    row.wait_for()
    right = page.evaluate(
        "DIGITS.filter((d) => answer('rate', asTrained('rate'), d.pixels).chosen === d.label).length"
    )
    assert row.locator("td").first.inner_text() == f"{right} of 20"
    assert right >= 18


def test_who_wants_no_motion_gets_the_end_at_once_and_others_see_it_happen(
    browser: Browser, path: Path, page: Page
):
    page.get_by_role("button", name="Digit 5").click()
    assert page.evaluate("[state.playing, state.t]") == [False, 30]
    assert page.locator("#sentence").inner_text().startswith("It is a 5")
    assert page.evaluate("withArticle(8)") == "an 8"
    moving = browser.new_page(reduced_motion="no-preference")
    moving.goto(path.as_uri(), timeout=PATIENCE)
    moving.get_by_role("button", name="Digit 5").click()
    assert moving.evaluate("state.playing && state.t < 30")
    moving.close()


def test_noise_has_the_standard_deviation_that_the_slider_says(page: Page):
    noisy = np.array(page.evaluate("Array.from(withNoise(new Uint8Array(784).fill(128), 0.1, 3))"))
    assert abs(noisy.std() / 255 - 0.1) < 0.01
    assert abs(noisy.mean() - 128) < 4


@pytest.mark.parametrize("width", WIDTHS.values())
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(browser: Browser, path: Path, axe: str, width: int, scheme):
    page = browser.new_page(
        viewport={"width": width, "height": 900}, color_scheme=scheme, reduced_motion="reduce"
    )
    page.goto(path.as_uri(), timeout=PATIENCE)
    page.evaluate(axe)
    violations = page.evaluate("axe.run().then((found) => found.violations)")
    assert [(one["id"], one["nodes"][0]["html"]) for one in violations] == []
    page.close()


@pytest.mark.parametrize(
    "first", [{"padding": (1, 1, 1, 1)}, {"stride": (2, 1)}, {"pooling": MaxPool2d((2, 2), (2, 2))}], ids=str
)
def test_a_network_that_the_page_cannot_simulate_is_refused(first: dict[str, Any]):
    rate = LIFRate(tau_m=20e-3, t_ref=2e-3, amplitude=0.01)
    pools = [first[key] for key in first if key == "pooling"]
    convolution = Conv2d(
        np.zeros((2, 1, 3, 3), np.float32), None, **{key: first[key] for key in first if key != "pooling"}
    )
    layers: list[Layer] = [convolution, rate, *pools, Flatten()]
    shape: tuple[int, ...] = (1, 28, 28)
    for layer in layers:
        shape = layer.output_shape(shape)
    classes = Dense(np.zeros((10, shape[0]), np.float32))
    with pytest.raises(UserError, match="without padding"):
        packed_network(LayerGraph("other", (1, 28, 28), [*layers, classes]))
