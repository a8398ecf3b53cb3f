"""The program ``bioscnn``, and ``python -m bioscnn``."""

import gc
import os
import signal
import sys


def main() -> None:
    """Run the command line, which takes a while to load; Ctrl-C ends the program meanwhile, too."""
    signal.signal(signal.SIGINT, end)
    # What is loaded stays: to look through it for garbage takes a tenth of the time, and again at the end.
    gc.set_threshold(300_000)
    from bioscnn.cli import main as run

    try:
        run()
    finally:
        gc.freeze()


def end(signal_number: int, frame: object) -> None:
    """End this process at once, which has begun nothing."""
    os.write(2, b"bioscnn: interrupted; nothing was begun\n")
    os._exit(2)


if __name__ == "__main__":
    # Results name the command that made them, as it is typed.
    sys.argv[0] = "bioscnn"
    main()
