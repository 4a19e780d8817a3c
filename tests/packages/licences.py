"""Under which licence is each package that doppelscan or an extra for its users brings?

    python -m tests.packages.licences

prints the table of docs/reference/licences.md, in an environment that has every extra.
"""

from __future__ import annotations

import re
from importlib.metadata import metadata

from .requirements import FOR_USERS, asked, brought, installed

USABLE = {
    *(
        "0BSD",
        "Apache-2.0",
        "BSD",
        "BSD-2-Clause",
        "BSD-3-Clause",
        "BSL-1.0",
        "CC0-1.0",
        "CNRI-Python",
        "ISC",
    ),
    *("MIT", "MIT-CMU", "MPL-2.0", "PSF-2.0", "Zlib", "Apache-2.0 WITH LLVM-exception"),
}
"""Licences that ask for no more than notices, and MPL-2.0, which asks for changes of its own files alone."""

_SPDX = {
    "apache|apache license|apache 2.0|apache 2.0 license|apache license 2.0|apache software license": "Apache-2.0",
    "3-clause bsd license|bsd 3-clause license": "BSD-3-Clause",
    "bsd license": "BSD",
    "mit license": "MIT",
    "isc license|isc license (iscl)": "ISC",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "python software foundation license": "PSF-2.0",
}
_NAMED = {name: spdx for names, spdx in _SPDX.items() for name in names.split("|")}
_LONGEST = 40  # letters: what is longer is the text of a licence, not its name


def table() -> dict[str, str]:
    """A row of Markdown for each package, of those that are installed."""
    return {name: f"| {name} | {licence(name)} | {', '.join(by)} |" for name, by in bringing().items()}


def bringing() -> dict[str, list[str]]:
    """What brings each package that users may get and that is installed: `always`, or the extras' names."""
    always = brought(asked())
    found = {name: ["always"] for name in always}
    for extra in FOR_USERS:
        for name in brought(asked(extra)) - always:
            found.setdefault(name, []).append(extra)
    return {name: found[name] for name in sorted(found) if installed(name)}


def licence(package: str) -> str:
    """What its metadata says, by SPDX's name: the expression, else a short name, else its classifiers."""
    said = metadata(package)
    short = said.get("License") or ""
    classes = [
        one.rpartition(" :: ")[2] for one in said.get_all("Classifier") or [] if one.startswith("License ::")
    ]
    if expression := said.get("License-Expression"):
        return expression
    if classes and (len(short) > _LONGEST or short not in USABLE):
        return " OR ".join(_spdx(one) for one in classes)
    return _spdx(short) if 0 < len(short) <= _LONGEST else "not said"


def terms(expression: str) -> set[str]:
    """The licences that an expression names."""
    return {term.strip(" ()") for term in re.split(r" AND | OR ", expression)}


def _spdx(name: str) -> str:
    return _NAMED.get(name.lower(), name)


if __name__ == "__main__":
    print("\n".join(table().values()))
