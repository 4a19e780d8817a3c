"""The commands, and how every error reaches the user: one message, one exit code."""

from __future__ import annotations

import errno
import os
import sys
import traceback
from io import TextIOWrapper

import typer

from doppelscan.cli.adopt import adopt
from doppelscan.cli.agreement import agreement
from doppelscan.cli.audit import audit
from doppelscan.cli.check import check
from doppelscan.cli.dedupe import dedupe
from doppelscan.cli.demo import demo
from doppelscan.cli.display import say_error, show_warnings
from doppelscan.cli.doctor import doctor
from doppelscan.cli.meant import Answering
from doppelscan.cli.membership import membership
from doppelscan.cli.power import power
from doppelscan.cli.prepare import prepare
from doppelscan.cli.quality import quality
from doppelscan.cli.release import release
from doppelscan.cli.report import report
from doppelscan.cli.review import review
from doppelscan.cli.sample import sample
from doppelscan.cli.study import study
from doppelscan.cli.train import train
from doppelscan.cli.utility import utility
from doppelscan.errors import PAGES, DoppelscanError, GateFailed
from doppelscan.settings import let_threads_sleep, limit_threads

__all__ = ["app", "main"]

_FULL = "make room there, or DOPPELSCAN_CACHE moves the cache; the same command goes on where it stood"
_CLOSED = "name another folder; DOPPELSCAN_CACHE moves the cache"
_CURES = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT, errno.EFBIG), _FULL),
    **dict.fromkeys((errno.EROFS, errno.EACCES, errno.EPERM), _CLOSED),
}
_INTERRUPTED = 130  # what typer makes of Ctrl-C
_OURS = 70  # as sysexits.h has it; Python itself would end with 1

app = typer.Typer(
    help="Finds the synthetic medical images that copy a patient, and says how sure it is.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (
    demo,
    prepare,
    train,
    adopt,
    sample,
    audit,
    dedupe,
    report,
    review,
    agreement,
    power,
    quality,
    membership,
    utility,
    study,
    release,
    check,
    doctor,
):
    app.command(cls=Answering)(command)


@app.callback(invoke_without_command=True)
def version(show: bool = typer.Option(False, "--version", help="Say the version and stop.")) -> None:
    """Finds the synthetic medical images that copy a patient, and says how sure it is."""
    if show:
        from doppelscan import __version__

        typer.echo(f"doppelscan {__version__}")
        raise typer.Exit


def main() -> None:
    """Run the command line; exit codes: 0 done, 1 a limit is exceeded, 2 bad input or usage, 70 a mistake of ours."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a name is shown whatever the terminal's alphabet
    show_warnings()
    limit_threads()
    let_threads_sleep()
    try:
        app()
    except DoppelscanError as error:
        say_error("\n".join([str(error), *(f"see {PAGES}{page}" for page in error.pages)]))
        sys.exit(1 if isinstance(error, GateFailed) else 2)
    except OSError as error:
        say_error(_of_system(error))
        sys.exit(2)
    except MemoryError:
        say_error("the memory is full (give less with --memory, or fewer --workers)")
        sys.exit(2)
    except SystemExit as end:
        if end.code == _INTERRUPTED:
            say_error("interrupted; the same command goes on where it stood")
        raise
    except Exception:  # noqa: BLE001 - whatever it is, it must not end as a limit that is exceeded does
        traceback.print_exc()
        say_error("this is a mistake of doppelscan: please report it, with the lines above")
        sys.exit(_OURS)


def _of_system(error: OSError) -> str:
    """What the system refused: a full disk, a missing permission."""
    place = f"{error.filename}: " if error.filename is not None else ""
    cure = f" ({_CURES[error.errno]})" if error.errno in _CURES else ""
    what = os.strerror(error.errno) if error.errno in _CURES else error.strerror
    return place + (what or str(error) or type(error).__name__) + cure
