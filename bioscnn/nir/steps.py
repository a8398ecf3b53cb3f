"""In which step a population begins, and how much later spikes have to arrive, so that branches meet.

A framework computes all layers within a step: what a layer fires in a step, the next layer sees in the same
one. Here each projection takes a step. Along a chain that only shifts each layer by one step more. Where ways
of different length meet, the spikes of the shorter one wait. A neuron that sees its own spikes, or those of
its layer, sees them one step later here as there. A loop through several layers takes a step for each of
them here, and one step in all there: that is no difference of a delay, and it is told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Edge = tuple[str, str]


@dataclass(frozen=True)
class Order:
    """The steps of the populations.

    Parameters
    ----------
    begins : dict of int
        Step in which each one does what the framework does in step 0.
    back : frozenset of (str, str)
        Projections whose spikes the framework, too, delivers in the next step.
    """

    begins: Mapping[str, int]
    back: frozenset[Edge]

    def wait(self, pre: str, post: str) -> int:
        """Return how many steps spikes have to wait; negative where they are late by so many."""
        between = self.begins[post] - self.begins[pre]
        return between if (pre, post) in self.back else between - 1


def order(edges: Sequence[Edge], source: str, currents: bool) -> Order:
    """Find the steps of populations.

    Parameters
    ----------
    edges : sequence of (str, str)
        From which population to which.
    source : str
        Where the stimulus enters.
    currents : bool
        Whether it is currents, which need no step.

    Examples
    --------
    >>> found = order([("in", "a"), ("a", "a"), ("a", "b"), ("b", "c"), ("a", "c")], "in", currents=True)
    >>> found.begins, found.wait("a", "c"), found.wait("a", "a")
    ({'in': -1, 'a': 0, 'b': 1, 'c': 2}, 1, 0)
    """
    after: dict[str, list[str]] = {}
    for pre, post in edges:
        after.setdefault(pre, []).append(post)
        after.setdefault(post, [])
    distance, waiting = {source: 0}, [source]
    for here in waiting:
        for there in after.get(here, ()):
            if there not in distance:
                distance[there] = distance[here] + 1
                waiting.append(there)
    part = _components(after)
    back = frozenset(
        (pre, post)
        for pre, post in edges
        if part[pre] == part[post] and distance.get(post, 0) <= distance.get(pre, 0)
    )
    forward = [edge for edge in edges if edge not in back]
    begins = {source: -1 if currents else 0}
    names = list(dict.fromkeys([source, *(end for edge in edges for end in edge)]))
    for name in names:
        begins.setdefault(name, 0 if currents else 1)
    for _ in names:  # the longest way from the source
        for pre, post in forward:
            begins[post] = max(begins[post], begins[pre] + 1)
    return Order(begins, back)


def _components(after: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """Number the populations so that those have the same number that reach each other."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    names = {name: k for k, name in enumerate(after)}
    pairs = [(names[pre], names[post]) for pre, posts in after.items() for post in posts]
    rows, columns = zip(*pairs, strict=True) if pairs else ((), ())
    matrix = csr_array(([1] * len(pairs), (rows, columns)), shape=(len(names), len(names)))
    _, labels = connected_components(matrix, directed=True, connection="strong")
    return {name: int(labels[k]) for name, k in names.items()}
