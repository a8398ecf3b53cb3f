"""What a sweep writes, made up: outcomes are known functions of the parameters, effects follow from them."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

TRIALS = 200


def _entry(key: str, low: float, high: float, unit: str = "", nominal: object = None, scale: str = "linear"):
    return {"key": key, "low": low, "high": high, "unit": unit, "values": None, "scale": scale,
            "nominal": nominal}  # fmt: skip


PARAMETERS: list[dict[str, Any]] = [
    _entry("neuron.tau_m", 10, 40, "ms", 20, "log"),
    _entry("neuron.t_ref", 1, 4, "ms", 2),
    _entry("neuron.V_th", 15, 25, "mV", 20),
    _entry("neuron.R_m", 80, 120, "Mohm", 100),
    _entry("neuron.reset", 0, 0) | {"low": None, "high": None, "values": ["exact", "subtract", "zero"],
                                    "nominal": "exact"},
    _entry("synapse.tau_s", 2, 10, "ms", 5),
    _entry("synapse.delay", 0, 4, "ms", 0),
    _entry("network.weight_scale", 0.6, 1.4, "", 1.0),
    _entry("encoding.gain", 0.6, 1.4, "", 1.0),
    _entry("noise.threshold-mismatch.cv", 0.0, 0.4, "", 0.0),
    _entry("noise.membrane-noise.sd", 0, 8, "mV", 0),
    _entry("simulation.duration", 20, 60, "ms", 30),
]  # fmt: skip

OUTCOMES = ("accuracy", "latency [ms]", "spikes", "synops")

VERDICT = [
    "Of 12 parameters the time that a <trial> lasts & the weights matter most for accuracy.",
    "Duration moves accuracy by 20.1 points over its range: the longer, the better.",
    "One at a time, the three keep their order.",
]

KINDS = ("morris", "sobol", "latin-hypercube", "grid")


def position(entry: dict[str, Any], values: np.ndarray) -> np.ndarray:
    """Where values lie in the range of a parameter, 0 to 1."""
    if entry["values"] is not None:
        return np.array([entry["values"].index(value) for value in values]) / (len(entry["values"]) - 1)
    low, high, numbers = entry["low"], entry["high"], np.asarray(values, float)
    if entry["scale"] == "log":
        return np.log(numbers / low) / np.log(high / low)
    return (numbers - low) / (high - low)


def value(entry: dict[str, Any], place: np.ndarray) -> np.ndarray:
    """The values at positions of 0 to 1; of words, the nearest."""
    if entry["values"] is not None:
        return np.array(entry["values"], object)[np.rint(place * (len(entry["values"]) - 1)).astype(int)]
    low, high = entry["low"], entry["high"]
    at = low * (high / low) ** place if entry["scale"] == "log" else low + place * (high - low)
    return np.round(at, 6)


def outcomes(x: np.ndarray) -> dict[str, np.ndarray]:
    """Outcomes at positions, shape (n, 12): duration and weights matter, and together; most do not."""
    tau, t_ref, V_th, _, reset, tau_s, delay, weight, gain, cv, sd, duration = x.T
    drive = 0.9 * weight + 0.35 * gain - 0.4 * V_th + 0.2 * tau
    evidence = 1.2 + 2.2 * duration + 1.5 * drive * (0.4 + duration) - 0.8 * delay - 0.5 * cv - 0.2 * sd
    right = 0.1 + 0.885 / (1 + np.exp(-evidence - 0.2 * (1 - reset)))
    spikes = 1500 * (0.4 + drive + 0.5) * (0.3 + duration) * (1 - 0.2 * t_ref)
    return {
        "accuracy": np.rint(right * TRIALS) / TRIALS,
        "latency [ms]": 14 + 9 * delay + 12 * duration - 4 * drive + 3 * tau_s,
        "spikes": spikes,
        "synops": 81 * spikes,
    }


def column(entry: dict[str, Any]) -> str:
    return f"{entry['key']} [{entry['unit']}]" if entry["unit"] else str(entry["key"])


def table(parameters: list[dict[str, Any]], x: np.ndarray) -> pd.DataFrame:
    """The rows of ``points.csv`` at positions of some parameters; the others are in the middle."""
    places = np.full((len(x), len(PARAMETERS)), 0.5)
    rows: dict[str, Any] = {"point": np.arange(len(x)), "seed": 1}
    for entry, place in zip(parameters, x.T, strict=True):
        rows[column(entry)] = value(entry, place)
        places[:, PARAMETERS.index(entry)] = position(entry, rows[column(entry)])
    return pd.DataFrame({**rows, **outcomes(places), "error": ""})


def trajectories(count: int, n: int, rng: np.random.Generator) -> np.ndarray:
    """Morris's design of four levels, shape (count * (n + 1), n): one parameter moves a step."""
    found = []
    for _ in range(count):
        place = rng.integers(0, 2, n) / 3
        found.append(place.copy())
        for k in rng.permutation(n):
            place[k] += 2 / 3
            found.append(place.copy())
    return np.array(found)


def effects(x: np.ndarray, rng: np.random.Generator) -> pd.DataFrame:
    """``effects.csv`` of a Morris design, with intervals from resampled trajectories."""
    n, rows = x.shape[1], []
    for outcome, y in outcomes(x).items():
        steps, change = np.diff(x.reshape(-1, n + 1, n), axis=1), np.diff(y.reshape(-1, n + 1), axis=1)
        effect = np.array([(change[t] @ (steps[t] != 0)) / (2 / 3) for t in range(len(change))])
        again = np.abs(effect[rng.integers(0, len(effect), (200, len(effect)))]).mean(axis=1)
        low, high = np.quantile(again, (0.025, 0.975), axis=0)
        for k, entry in enumerate(PARAMETERS):
            rows.append(
                {"outcome": outcome, "parameter": entry["key"], "mu": effect[:, k].mean(),
                 "mu_star": np.abs(effect[:, k]).mean(), "mu_star_low": low[k], "mu_star_high": high[k],
                 "sigma": effect[:, k].std(ddof=1)}
            )  # fmt: skip
    return pd.DataFrame(rows)


def indices(rng: np.random.Generator) -> tuple[np.ndarray, pd.DataFrame, pd.DataFrame]:
    """Some points of a Sobol design of six parameters; ``effects.csv``, ``interactions.csv`` from more."""
    few, count = PARAMETERS[6:], 4096
    a, b = rng.random((2, count, len(few)))
    mixed = [np.where(np.arange(len(few)) == k, b, a) for k in range(len(few))]
    places = np.full((len(few) + 2, count, len(PARAMETERS)), 0.5)
    places[:, :, 6:] = a, b, *mixed
    shares, pairs = [], []
    for outcome, y in outcomes(places.reshape(-1, len(PARAMETERS))).items():
        of_a, of_b, *of_mixed = (y - y.mean()).reshape(-1, count)
        spread = np.var(np.concatenate([of_a, of_b]))
        for k, entry in enumerate(few):
            first = np.mean(of_b * (of_mixed[k] - of_a)) / spread
            total = np.mean((of_a - of_mixed[k]) ** 2) / 2 / spread
            shares.append(
                {"outcome": outcome, "parameter": entry["key"], "S1": first, "S1_low": first - 0.12,
                 "S1_high": first + 0.12, "ST": total, "ST_low": total - 0.09, "ST_high": total + 0.09}
            )  # fmt: skip
            for other in few[k + 1 :]:
                share = rng.normal(0, 0.04)
                pairs.append(
                    {"outcome": outcome, "parameter": entry["key"], "other": other["key"], "S2": share,
                     "S2_low": share - 0.05, "S2_high": share + 0.05}
                )  # fmt: skip
    return places[:, :32, 6:].reshape(-1, len(few)), pd.DataFrame(shares), pd.DataFrame(pairs)


def one_at_a_time(keys: list[str]) -> pd.DataFrame:
    """``one-at-a-time.csv``: nine values of each of some parameters, the others in the middle."""
    rows = []
    for entry in (entry for entry in PARAMETERS if entry["key"] in keys):
        x = np.linspace(0, 1, 9)
        points = table([entry], x[:, None])
        texts = [f"{shown:.12g} {entry['unit']}".rstrip() for shown in points[column(entry)]]
        told = pd.DataFrame({"seed": 1, "parameter": entry["key"], "value": texts, "x": x})
        rows.append(told.join(points[[*OUTCOMES, "error"]]))
    return pd.concat(rows).reset_index(names="point")


def influential(found: pd.DataFrame, measure: str) -> list[dict[str, Any]]:
    rows = found[found["outcome"] == "accuracy"].sort_values(measure, ascending=False).head(3)
    return [
        {"parameter": row["parameter"], measure: row[measure], "low": row[f"{measure}_low"],
         "high": row[f"{measure}_high"]}
        for _, row in rows.iterrows()
    ]  # fmt: skip


def summary(kind: str, parameters: list[dict[str, Any]], n_points: int) -> dict[str, Any]:
    return {
        "sweep": f"mnist-{kind}", "study": "mnist", "kind": kind, "n_points": n_points, "n_failed": 0,
        "trials": TRIALS, "parameters": parameters, "outcomes": list(OUTCOMES), "verdict": VERDICT,
        "influential": [], "programs": 4, "points_per_second": 2.31, "seconds": 112.6,
        "weights_sha256": "81e1c66d" * 8, "data_sha256": "0f1e2d3c" * 8, "source": "made up <by> a test",
        "command": f"bioscnn sweep sims/sweeps/mnist-{kind}.toml",
        "commit": "c22e3747d1f0c9d9c6c2f0f1a1b2c3d4e5f60718", "dirty": False,
        "versions": {"bioscnn": "0.1.0", "python": "3.11.2"},
        "machine": {"system": "Linux", "processor": "a <fast> one & two cores", "cores": "2"},
    }  # fmt: skip


def write_study(folder: Path, kind: str = "morris", *, failed: int = 0) -> Path:
    """Write the folder of a sweep; the first `failed` points have a reason instead of outcomes.

    As effects cannot be computed from some of the points, a sweep with failures has none.
    """
    folder.mkdir(exist_ok=True)
    rng, tops = np.random.default_rng(4), []
    parameters = PARAMETERS
    if kind == "morris":
        x = trajectories(20, len(PARAMETERS), rng)
        tables = {"effects.csv": effects(x, rng)}
        tops = influential(tables["effects.csv"], "mu_star")
    elif kind == "sobol":
        parameters = PARAMETERS[6:]
        x, shares, pairs = indices(rng)
        tables = {"effects.csv": shares, "interactions.csv": pairs}
        tops = influential(shares, "ST")
    elif kind == "grid":
        parameters = [PARAMETERS[7], PARAMETERS[11]]
        x, tables = np.array(list(product(np.linspace(0, 1, 5), np.linspace(0, 1, 5)))), {}
    else:
        x, tables = rng.random((60, len(PARAMETERS))), {}
    if tops:
        tables["one-at-a-time.csv"] = one_at_a_time([top["parameter"] for top in tops])
    points = table(parameters, x)
    facts = summary(kind, parameters, len(points)) | {"influential": tops}
    if failed:
        points.loc[: failed - 1, list(OUTCOMES)] = np.nan
        points.loc[: failed - 1, "error"] = "the worker was <killed>, 3 times"
        facts |= {"n_failed": failed, "influential": []}
        tables = {}
    points.to_csv(folder / "points.csv", index=False)
    for name, content in tables.items():
        content.to_csv(folder / name, index=False)
    (folder / "sweep.toml").write_text(f'study = "../mnist.toml"  # <b>\n[design]\nkind = "{kind}"\n')
    (folder / "summary.json").write_text(json.dumps(facts))
    return folder
