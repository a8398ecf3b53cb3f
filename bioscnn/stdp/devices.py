"""A trained network that learned, by plain Brian2 and by our programs, compared spike by spike."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bioscnn.files import make_folder, refuse_unwritable, write_csv, write_json
from bioscnn.report import write_index
from bioscnn.result_versions import in_format
from bioscnn.simulation import Progress
from bioscnn.stdp.rule import OnDevice
from bioscnn.stdp.run import images_and_network
from bioscnn.stdp.study import LearnedStudy
from bioscnn.studies.devices import NUMPY, Devices
from bioscnn.studies.disturbance import refuse_noise
from bioscnn.studies.divergence import differing_spikes
from bioscnn.studies.provenance import code_version, environment


def run_learned_devices(
    study: LearnedStudy, *, data: Path | None, results: Path, progress: Progress
) -> Devices:
    """Show the images of a study to its network on every device, and write ``<results>/devices/<study>/``.

    Parameters
    ----------
    study : LearnedStudy
        What to run; plain Brian2 takes seconds for each of its images.
    data : Path or None
        Data folder.
    results : Path
        Folder of all results.
    progress : Progress
        Told what happens.

    Raises
    ------
    UserError
        If images or network do not fit, or the study has noise.
    """
    started, config = datetime.now(UTC), study.config
    refuse_noise(config, "devices are compared without noise")
    shown, network = images_and_network(study, data, progress)
    folder = results / "devices" / study.name
    refuse_unwritable(folder)
    progress.stage(f"simulating {len(shown):,} images, by plain Brian2 first")
    rows: list[dict[str, Any]] = []
    base: OnDevice | None = None
    for of_device in study.rule.on_devices(config, network, shown):
        base = of_device if base is None or of_device.variant.device == NUMPY.device else base
        rows.append(_row(of_device, base))
    summary = {
        "study": study.toml(),
        "started": started.isoformat(timespec="seconds"),
        **code_version(),
        **environment(),
        "dataset": shown.name,
        "source": shown.source,
        "n_trials": len(shown),
        "data_sha256": shown.sha256,
        "weights_sha256": network.sha256,
        "simulated": False,
        "changed": dict(study.edits),
        "rows": rows,
    }
    make_folder(folder)
    write_csv(folder / "devices.csv", rows)
    write_json(folder / "summary.json", in_format(summary))
    write_index(results)
    return Devices(folder, summary)


def _row(of_device: OnDevice, base: OnDevice) -> dict[str, Any]:
    variant = of_device.variant
    differing = [differing_spikes(base.spikes[name], trains) for name, trains in of_device.spikes.items()]
    trials = {int(trial) for spikes in differing for trial in spikes[:, 0]}
    changed, n = int((of_device.chosen != base.chosen).sum()), len(of_device.chosen)
    return {
        "device": variant.device,
        "connectivity": variant.connectivity,
        "precision": variant.precision,
        "compared_with": "" if of_device is base else str(base.variant),
        "spikes": sum(trains.n_spikes for trains in of_device.spikes.values()),
        "identical": not trials and not changed,
        "n_trials": n,
        "trials_that_differ": len(trials),
        "class_changed": changed,
        "spikes_in_one": sum(map(len, differing)),
        "verdict": f"{len(trials):,} of {n:,} trials differ in a spike, {changed:,} in their class",
        "time_ratio": None,
    }
