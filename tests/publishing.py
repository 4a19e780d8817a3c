"""A command of doppelscan in a process of its own, to be killed."""

from __future__ import annotations

import os

from calling import call


def obey(arguments: tuple[str, ...], cache: str) -> None:
    """Do what the command says; anything but success ends the process with its code."""
    os.environ["DOPPELSCAN_CACHE"] = cache
    if code := call(*arguments).code:
        os._exit(code)
