"""What the page of a measurement of utility says: what the images are worth, beside which controls, and for whom."""

from __future__ import annotations

import base64
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from doppelscan.estimates import Estimate
from doppelscan.findings.utility import Contrast, Utility, UtilityRun, read_utility
from doppelscan.imagesets import ImageSet
from doppelscan.report.names import Names
from doppelscan.report.neighbours import neighbours
from doppelscan.report.numbers import counted, p_value, value
from doppelscan.report.provenance import audited_sets, grouped
from doppelscan.report.rendering import rendered
from doppelscan.report.tables import unread
from doppelscan.report.utility_figures import group_figure, map_figure, ratio_figure, size_figure
from doppelscan.store import write_text

__all__ = ["write_utility_report"]

_SURE = 0.05
_PARTS = {
    "alone": "synthetic images alone, tested on real ones",
    "reverse": "real images, tested on synthetic ones",
}


def write_utility_report(
    folder: Path, *, real: ImageSet | None = None, redact_training: bool = False
) -> Path:
    """Write `report.html` beside the numbers of the run in `folder`; the path of the page.

    Parameters
    ----------
    real
        The real images, where they are not, or no longer, where the run's record says.
    redact_training
        Show no image at all, and no identifier or path of real ones: whether a synthetic image is a copy, nobody
        has judged here.

    Raises
    ------
    InputError
        If there is no run in `folder`, or it is damaged.
    """
    run = read_utility(folder)
    names = Names(redacted=redact_training)
    shown = tuple(neighbours(run, names, real))
    text = rendered(_said(run, names) | {"neighbours": shown}, "utility")
    write_text(folder / "report.html", text)
    return folder / "report.html"


def _said(run: UtilityRun, names: Names) -> dict[str, Any]:
    found = run.utility
    return {
        "utility": found,
        "summary": tuple(_summary(found)),
        "figures": tuple(_figures(run)),
        "contrasts": tuple(map(_contrast, (one for one in found.contrasts if one.group == "all"))),
        "by_group": tuple(map(_contrast, _clear_groups(found))),
        "worths": tuple(_worths(found)),
        "saturations": tuple(_saturations(found)),
        "others": tuple(_others(found)),
        "measures": tuple(_measures(found)),
        "seeds": tuple(_seeds(found)),
        "parents": tuple(_parents(found)),
        "redacted": names.redacted,
        "unread": tuple(unread(run.record, names)),
        "sets": tuple(audited_sets(run.record, names)),
        "facts": tuple(grouped(run.record)),
        "started": str(run.record.get("started", "")),
    }


def _summary(found: Utility) -> Iterator[str]:
    """One sentence a generator: where it gains over both controls, where it harms."""
    for arm in (one.name for one in found.arms if one.kind == "generator"):
        mine = [one for one in found.contrasts if (one.arm, one.group) == (arm, "all")]
        gains = [
            _cell(one) for one in mine if one.against == "real" and _is(one, found, 1) and _beats(one, found)
        ]
        harms = [_cell(one) for one in mine if one.against == "real" and _is(one, found, -1)]
        n = len([one for one in mine if one.against == "real"])
        said = []
        if gains:
            said.append(
                f"helps more than its controls in {len(gains)} of {counted(n, 'cell')}"
                if len(gains) > 1
                else f"helps more than its controls {gains[0]}"
            )
        if harms:
            said.append(f"does harm in {len(harms)} of {counted(n, 'cell')}")
        yield (
            f"{arm}: "
            + ("; ".join(said) if said else "neither help nor harm is shown: every difference may be chance")
            + "."
        )


def _is(one: Contrast, found: Utility, sign: int) -> bool:
    """Whether a difference is shown, after correction, in this direction of the outcome."""
    better = -1 if found.outcome == "calibration_error" else 1
    return one.q_value <= _SURE and sign * better * one.difference.value > 0


def _beats(one: Contrast, found: Utility) -> bool:
    """Whether the same cell is shown to be better than all of its controls too."""
    where = (one.arm, one.group, one.real_per_class, one.per_real)
    others = [c for c in found.contrasts if (c.arm, c.group, c.real_per_class, c.per_real) == where]
    return all(_is(other, found, 1) for other in others)


def _cell(one: Contrast) -> str:
    return f"at {one.per_real} per real one beside {one.real_per_class:g} real ones per class"


def _figures(run: UtilityRun) -> Iterator[dict[str, str]]:
    found = run.utility
    generators = [one.name for one in found.arms if one.kind == "generator"]
    sizes = sorted({one.real_per_class for one in found.outcomes})
    yield _figure(
        size_figure(found), "By real images per class: bands are 95% intervals over patients and seeds."
    )
    for size in dict.fromkeys((sizes[0], sizes[len(sizes) // 2], sizes[-1])):
        yield _figure(ratio_figure(found, size), f"By ratio, beside {size:g} real images per class.")
    columns = sorted({one.group.partition("=")[0] for one in found.contrasts} - {"all"})
    for arm in generators:
        for column in columns:
            name = column.replace("_", " ")
            yield _figure(group_figure(found, arm, column), f"{arm}: gain over real images alone by {name}.")
        yield _figure(
            map_figure(run.embedding, arm),
            f"{arm}: dots, among the granted real images of the first seed: rings.",
        )


def _figure(png: bytes, caption: str) -> dict[str, str]:
    return {"source": "data:image/png;base64," + base64.b64encode(png).decode(), "caption": caption}


def _contrast(one: Contrast) -> dict[str, Any]:
    return {
        "arm": one.arm,
        "against": one.against,
        "group": one.group.replace("=", " ").replace("_", " "),
        "real": f"{one.real_per_class:g}",
        "ratio": one.per_real,
        "difference": f"{one.difference.value:+.3f}",
        "between": f"{one.difference.low:+.3f} to {one.difference.high:+.3f}",
        "q": p_value(one.q_value),
        "state": "inside" if one.q_value <= _SURE else "",
    }


def _clear_groups(found: Utility) -> Iterator[Contrast]:
    """Differences in groups that stand after correction."""
    yield from (c for c in found.contrasts if c.group != "all" and c.q_value <= _SURE)


def _worths(found: Utility) -> Iterator[dict[str, Any]]:
    for one in found.worths:
        yield {
            "arm": one.arm,
            "real": f"{one.real_per_class:g}",
            "ratio": one.per_real,
            "synthetic": f"{one.synthetic_per_class:,.0f}",
            "equivalent": ("at least " if one.beyond else "") + f"{round(one.equivalent.value) + 0:,}",
            "between": _span(one.equivalent, 0),
            "each": f"{one.each.value:.2f}",
            "each_between": _span(one.each, 2),
        }


def _saturations(found: Utility) -> Iterator[dict[str, Any]]:
    for one in found.saturations:
        known = one.ratio.known
        yield {
            "arm": one.arm,
            "real": f"{one.real_per_class:g}",
            "ratio": f"{one.ratio.value:.1f}" if known else "no gain shown",
            "between": _span(one.ratio, 1) if known else "",
            "gain": f"{one.gain.value:.3f}",
            "gain_between": _span(one.gain, 3),
        }


def _others(found: Utility) -> Iterator[dict[str, Any]]:
    """Training on synthetic images alone, and the reverse."""
    for one in found.outcomes:
        if one.part in _PARTS:
            mine = one.measures[found.outcome]
            yield {
                "arm": one.arm,
                "what": _PARTS[one.part],
                "real": f"{one.real_per_class:g}",
                "ratio": one.per_real or value(None),
                "value": f"{mine.value:.3f}",
                "between": _span(mine, 3),
            }


def _measures(found: Utility) -> Iterator[dict[str, Any]]:
    for one in found.outcomes:
        if one.part == "joined":
            yield {
                "arm": one.arm,
                "real": f"{one.real_per_class:g}",
                "ratio": one.per_real,
                "shown": [
                    (f"{m.value:.3f}", _span(m, 3)) if m.known else (value(None), "")
                    for m in one.measures.values()
                ],
                "names": [name.replace("_", " ") for name in one.measures],
            }


def _seeds(found: Utility) -> Iterator[dict[str, Any]]:
    """A row for each cell, a column for each effect."""
    rows: dict[tuple[str, float, int], dict[float, int | None]] = {}
    for one in found.seeds:
        rows.setdefault((one.arm, one.real_per_class, one.per_real), {})[one.effect] = one.needed
    for (arm, real, ratio), needed in rows.items():
        cells = ["none: more patients" if n is None else f"{n:,}" for n in needed.values()]
        yield {"arm": arm, "real": f"{real:g}", "ratio": ratio, "cells": cells, "effects": list(needed)}


def _parents(found: Utility) -> Iterator[dict[str, Any]]:
    for one in found.parents:
        shown = [one.nearest, one.to_source, one.at_random, one.real_to_real]
        yield {"arm": one.arm, "n": f"{one.n:,}", "cells": [_distance(estimate) for estimate in shown]}


def _distance(one: Estimate) -> tuple[str, str]:
    return (f"{one.value:.3f}", _span(one, 3)) if one.known else (value(None), "")


def _span(one: Estimate, digits: int) -> str:
    high = f"{one.high:,.{digits}f}" if math.isfinite(one.high) else "beyond"
    low = f"{one.low:,.{digits}f}" if math.isfinite(one.low) else "below"
    return f"{low} to {high}"
