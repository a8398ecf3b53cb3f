"""``python -m bioscnn``: the same as the program ``bioscnn``."""

import sys

from bioscnn.cli import main

# Results name the command that made them, as it is typed.
sys.argv[0] = "bioscnn"
main()
