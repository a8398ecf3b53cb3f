"""Recordings as the input of a study: what each reader of it gets."""

from dataclasses import replace

import numpy as np
import pytest

from bioscnn.datasets import EventSet, EventStream
from bioscnn.seeds import stream
from bioscnn.studies.event_input import EventInput
from tests.networks import of_events


def recording(number, n_events=400):
    rng = stream(3, "recording", number)
    t_us = np.sort(rng.integers(0, 310_000, n_events))
    x, y = rng.integers(0, 34, (2, n_events))
    return EventStream(x, y, t_us, rng.random(n_events) < 0.5, (34, 34))


@pytest.fixture(scope="module")
def shown():
    """250 recordings of 300 ms, more than are computed at once."""
    streams = tuple(recording(number) for number in range(250))
    labels = np.arange(250) % 10
    examples = EventSet(streams, labels, tuple("0123456789"), (34, 34), "nmnist", "train", "a test", False)
    return EventInput(examples, 300, 1e-3, bin_size=1, frame_steps=25, input_rate=100.0)


def test_the_trained_network_answers_by_the_mean_logits_of_its_frames(shown):
    graph = of_events()
    answers = shown.ann_class(graph)
    for k in (0, 99, 100, 249):
        frames = np.zeros((12, 2, 34, 34), np.float32)
        one = shown.examples[k]
        # Events of a pixel in one millisecond are one spike; none is taken from the last millisecond.
        spikes = {(t // 1000, p, y, x) for t, p, y, x in zip(one.t_us, one.p, one.y, one.x, strict=True)}
        for step, p, y, x in spikes:
            if step < 299:
                frames[step // 25, int(p), y, x] += 1 / (25e-3 * 100)
        np.testing.assert_allclose(shown.intensities()[12 * k : 12 * k + 12], frames, rtol=1e-5)
        assert answers[k] == graph.forward(frames).mean(axis=0).argmax()
    assert len(answers) == 250 and len(np.unique(answers)) > 1


def test_frames_of_many_recordings_are_held_a_few_at_a_time(shown, monkeypatch):
    sizes, frames = [], EventInput._frames
    monkeypatch.setattr(
        EventInput, "_frames", lambda *given: sizes.append(len(made := frames(*given))) or made
    )
    shown.ann_class(of_events())
    assert sizes == [100, 100, 50]


def test_the_summary_counts_events_and_the_spikes_that_they_become(shown):
    facts = shown.facts()
    assert facts["events_per_trial"] == 400
    assert facts["input_spikes_per_trial"] == shown.spikes.n_spikes / 250 < 400
    assert facts["frames_per_trial"] == 12 and facts["saccade_ends_ms"] == [105, 210]
    assert facts["simulated"] is False
    first_saccade = replace(shown, n_steps=100)
    assert first_saccade.facts()["saccade_ends_ms"] == []


def test_a_picture_is_light_where_polarity_1_prevailed_in_the_first_saccade():
    x, y = [1] * 4 + [2] * 4 + [3] * 4, [5] * 12
    p = [True] * 4 + [False] * 4 + [True] * 4
    t_us = [1000 * k for k in range(8)] + [200_000 + 1000 * k for k in range(4)]
    one = EventStream(x, y, t_us, p, (34, 34))
    examples = EventSet((one,), [0], ("0",), (34, 34), "nmnist", "train", "a test", False)
    picture = EventInput(examples, 300, 1e-3, 1, 25, 100.0).pictures(np.array([0]))[0, 0]
    assert picture.dtype == np.uint8
    assert (picture[5, 1], picture[5, 2], picture[5, 3]) == (255, 1, 128)
    assert np.sum(picture != 128) == 2


def test_pixels_that_share_a_neuron_shrink_the_input(shown):
    binned = replace(shown, bin_size=2)
    assert binned.shape == (2, 17, 17) and binned.spikes.size == 578
    assert binned.spikes.n_spikes <= shown.spikes.n_spikes
