"""A network in its simplest equal form, pass by pass."""

from __future__ import annotations

from bioscnn.ann import LayerGraph
from bioscnn.conversion.folding import fold_scalings, without_batch_normalisation
from bioscnn.conversion.ordering import activations_first


def simplified(graph: LayerGraph) -> LayerGraph:
    """Return an equal network without batch normalisation, and with activations as early as possible.

    Batch normalisation becomes a scaling. Activations move before flattening and before max pooling, where
    their order makes no difference. A scaling behind a convolution or a dense layer, or before a dense layer,
    goes into its weights.

    References
    ----------
    Rueckauer et al. (2017), Conversion of continuous-valued deep networks to efficient event-driven networks
    for image classification, Frontiers in Neuroscience 11:682.
    """
    return fold_scalings(activations_first(without_batch_normalisation(graph)))
