"""The program ``bioscnn``, and ``python -m bioscnn``."""

import gc
import os
import signal
import sys


def main() -> None:
    """Run the command line, which takes a while to load; Ctrl-C ends the program meanwhile, too."""
    open_standard_streams()
    signal.signal(signal.SIGINT, end)
    # What is loaded stays: to look through it for garbage takes a tenth of the time, and again at the end.
    gc.set_threshold(300_000)
    from bioscnn.cli import main as run

    try:
        run()
    finally:
        gc.freeze()


def open_standard_streams() -> None:
    """Let what the shell has closed of standard input, output and errors lead nowhere.

    Files that are opened would take their numbers, and what other programs print would be written into them.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            opened = os.open(os.devnull, os.O_RDWR)
            os.set_inheritable(opened, True)
            setattr(sys, name, open(opened, "r" if number == 0 else "w"))  # noqa: PTH123, SIM115


def end(signal_number: int, frame: object) -> None:
    """End this process at once, which has begun nothing."""
    os.write(2, b"bioscnn: interrupted; nothing was begun\n")
    os._exit(2)


if __name__ == "__main__":
    # Results name the command that made them, as it is typed.
    sys.argv[0] = "bioscnn"
    main()
