"""How a network is trained."""

from __future__ import annotations

from dataclasses import dataclass, fields

from bioscnn.errors import UserError


@dataclass(frozen=True)
class TrainingSettings:
    """How a network is trained.

    Raises
    ------
    UserError
        If a number is out of range.
    """

    epochs: int = 12
    batch_size: int = 128
    learning_rate: float = 2e-2  # the highest, of Adam; it rises over 200 batches and falls as a cosine
    weight_decay: float = 0.0  # decoupled, as in AdamW
    label_smoothing: float = 0.0  # probability spread over all classes
    rate_noise: float = 10.0  # Hz, standard deviation of the Gaussian noise on the rate of a firing neuron
    shortest_window: float = 30e-3  # s, in which a firing rate must be told from its spikes; 0 for none
    slope_width: float = 0.1  # of the rheobase: gamma of the soft LIF rate whose slope training uses
    rotation: float = 8.0  # degrees, either way, drawn for every image
    shift: float = 1.2  # pixels, either way, across and down
    scaling: float = 0.08  # fraction, larger or smaller
    shear: float = 0.1  # fraction of the height by which the top moves across
    seed: int = 1
    threads: int = 1  # of torch; part of the recipe, because sums in another order round differently

    def __post_init__(self) -> None:
        positive = ("epochs", "batch_size", "learning_rate", "slope_width", "threads")
        for field in fields(self):
            value = getattr(self, field.name)
            if not value >= 0 or (field.name in positive and value == 0):
                expected = "a number > 0" if field.name in positive else "a number >= 0"
                raise UserError("impossible setting", key=field.name, value=value, expected=expected)
