"""Networks of every kind that people make, with random weights; and what becomes of them.

``python -m bench.architectures`` takes each through every door, and says whether the logits are those of its
own framework and whether the spikes are the same on every device. See ``bench/README.md``.
"""
