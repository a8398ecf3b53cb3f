"""What ``--help`` shows of options."""

from __future__ import annotations

from typing import Any

from typer.core import TyperCommand, TyperGroup


def _without_types_of_flags(options: list[Any]) -> list[Any]:
    """Return options, of which flags name no type: one types nothing behind them."""
    for option in options:
        if getattr(option, "is_flag", False) and option.metavar is None:
            option.metavar = ""
    return options


class Verb(TyperCommand):
    """A verb."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Return its options and arguments, as click does."""
        return _without_types_of_flags(super().get_params(ctx))


class Verbs(TyperGroup):
    """Several verbs."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the options before the verb, as click does."""
        return _without_types_of_flags(super().get_params(ctx))
