"""Everything of bioscnn that reads files or texts of others, by name."""

from __future__ import annotations

from tests.fuzz import data_files, learned_files, network_files, result_files, text_files
from tests.fuzz.containers import mutate_hdf5, mutate_onnx, mutate_zip
from tests.fuzz.mutate import mutate_bytes, mutate_json, mutate_toml
from tests.fuzz.reader import Reader

READERS = {
    reader.name: reader
    for reader in (
        Reader("idx", "own/", data_files.idx, mutate_zip, data_files.own("idx")),
        Reader("npz", "own.npz", data_files.npz, mutate_zip, data_files.own("npz")),
        Reader("images", "own/", data_files.photographs, mutate_zip, data_files.fitted),
        Reader("events", "own/", data_files.events, mutate_zip, data_files.own("events")),
        Reader("archives", "archive.zip", data_files.archive, mutate_zip, data_files.unpack),
        Reader("onnx", "net.onnx", network_files.onnx, mutate_onnx, network_files.network),
        Reader("keras", "net.keras", network_files.keras, mutate_zip, network_files.network),
        Reader("nir", "net.nir", network_files.nir, mutate_hdf5, network_files.read_nir),
        Reader(
            "card",
            "net.json",
            network_files.card,
            mutate_json,
            network_files.of_card,
            network_files.beside_card,
        ),
        Reader("study", "study.toml", text_files.toml_files("*.toml"), mutate_toml, text_files.study),
        Reader("neuron", "neuron.toml", text_files.neuron, mutate_toml, text_files.read_neuron),
        Reader(
            "sweep",
            "sweep.toml",
            text_files.sweeps,
            mutate_toml,
            text_files.sweep,
            text_files.beside_studies,
        ),
        Reader(
            "training",
            "train.toml",
            text_files.toml_files("networks/*.toml"),
            mutate_toml,
            text_files.training,
            text_files.beside_studies,
        ),
        Reader("--set", "set.txt", text_files.changes, mutate_bytes, text_files.read_changes),
        Reader("run", "run/", result_files.run_folder, mutate_zip, result_files.read_run),
        Reader(
            "report",
            "run/",
            result_files.run_folder,
            mutate_zip,
            result_files.page,
            seconds=10.0,
        ),
        Reader(
            "compare",
            "run/",
            result_files.compared,
            mutate_zip,
            result_files.compare,
            result_files.beside_compared,
        ),
        Reader("export", "run/", result_files.compared, mutate_zip, result_files.export),
        Reader("index", "results/", result_files.results, mutate_zip, result_files.index),
        Reader("steps", "steps.json", result_files.steps_json, mutate_json, result_files.steps),
        Reader("sweep-results", "swept/", result_files.swept, mutate_zip, result_files.read_swept),
        Reader("take", "swept/", result_files.swept, mutate_zip, result_files.taken),
        Reader("shards", "shard/", result_files.units, mutate_zip, result_files.merge),
        Reader("checkpoint", "checkpoint.npz", result_files.checkpoint, mutate_zip, result_files.resume),
        Reader("learned-study", "study.toml", learned_files.studies, mutate_toml, learned_files.study),
        Reader("equations", "equations.toml", learned_files.equations, mutate_toml, learned_files.model),
        Reader("learned", "net/", learned_files.networks, mutate_zip, learned_files.read_network),
        Reader("learning", "net.npz", learned_files.checkpoint, mutate_zip, learned_files.resume),
        Reader("layers", "net.npz", learned_files.layers, mutate_zip, learned_files.resume_layers),
        Reader("claims", "house/", text_files.docs, mutate_zip, text_files.claims),
    )
}
"""All readers by name."""
