"""The command line: parses arguments, makes one call, says what came of it."""

from doppelscan.cli.app import main

__all__ = ["main"]
