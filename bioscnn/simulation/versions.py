"""Where the versions of Brian2 differ: GeNN needs 2.5.4, everything else runs on newer ones too."""

from __future__ import annotations

import brian2


def let_ctrl_c_raise() -> None:
    """Let Ctrl-C end a run of Brian2 with `KeyboardInterrupt`.

    Brian2 would end the run quietly, and what follows would take it for a whole one. Versions without this
    preference always raise.
    """
    if "stop_on_keyboard_interrupt" in brian2.prefs.core:
        brian2.prefs.core.stop_on_keyboard_interrupt = False
