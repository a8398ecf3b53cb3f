"""Archives as Keras 3 writes them, made without Keras."""

import io
import json
import zipfile

import h5py
import numpy as np

SAVED = {"keras_version": "3.15.1", "date_saved": "2026-01-01@00:00:00"}


def layer(kind, name, *, module="keras.layers", registered_name=None, **config):
    """The entry of a layer in a configuration."""
    return {
        "module": module, "class_name": kind, "config": {"name": name, **config},
        "registered_name": registered_name, "build_config": {},
    }  # fmt: skip


def image(*shape, name="input_layer"):
    return layer("InputLayer", name, batch_shape=[None, *shape])


def tensor(name, call=0):
    return {"class_name": "__keras_tensor__", "config": {"keras_history": [name, call, 0]}}


def called(entry, *calls, **kwargs):
    """A layer of a functional model; each call is a list of arguments."""
    return {**entry, "inbound_nodes": [{"args": list(call), "kwargs": kwargs} for call in calls]}


def sequential(*layers, name="sequential"):
    return {"module": "keras", "class_name": "Sequential", "config": {"name": name, "layers": list(layers)}}


def functional(*layers, output, name="functional"):
    first = layers[0]["config"]["name"]
    own = {
        "name": name, "layers": list(layers),
        "input_layers": [[first, 0, 0]], "output_layers": [[output, 0, 0]],
    }  # fmt: skip
    return {"module": "keras.src.models.functional", "class_name": "Functional", "config": own}


def written(path, config, weights=None, metadata=SAVED, change=None):
    """Write an archive; `weights` are arrays by place, each with the name of its layer."""
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        for place, (name, arrays) in (weights or {}).items():
            group = file.create_group(f"{place}/vars")
            group.attrs["name"] = name
            for k, array in enumerate(arrays):
                group[str(k)] = np.asarray(array, np.float32)
        if change is not None:
            change(file)
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("metadata.json", json.dumps(metadata))
        packed.writestr("config.json", config if isinstance(config, str) else json.dumps(config))
        packed.writestr("model.weights.h5", content.getvalue())
    return path
