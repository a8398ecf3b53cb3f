"""`bioscnn` with smaller amounts than those of --quick: ``python -m tests.faults.smaller codes mnist``.

Units carry their amounts, so that workers need not know of it.
"""

import signal
import sys

if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # until there is a handler
import bioscnn.__main__ as program


def make_smaller() -> None:
    """Let experiments that train networks train and test few, on few examples."""
    from bioscnn.experiments.codes import contestants, experiment
    from bioscnn.experiments.retina import images
    from bioscnn.experiments.times_needed import kinds

    experiment.QUICK = contestants.Amount(2, 40, 1, 1, (0.1,), 10, 10, 5, (1,))
    images.STEPS_QUICK["mnist"] = images.Amount(1, 100, 20, 20, 1, (3,))
    kinds.QUICK["nmnist"] = kinds.Amount(2, 20, 1, 4, 1, choosing=4)


if __name__ == "__main__":
    sys.argv[0] = "bioscnn"
    signal.signal(signal.SIGINT, program.end)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    make_smaller()
    program.main()
