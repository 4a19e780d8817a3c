"""How `tutorial.py` becomes a notebook and a page.

Its cells begin with `# %%`, those of words with `# %% [markdown]`. Run `python docs/notebook.py` after a change of it:
the cells are run in a folder that is removed, and `tutorial.ipynb` (without what they show) and `tutorial.md` with its
pictures are written beside this file.
"""

from __future__ import annotations

import ast
import base64
import contextlib
import io
import os
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat

HERE = Path(__file__).parent
OUTPUT = re.compile(r"<!-- output -->\n.*?<!-- end -->\n\n", re.DOTALL)
PICTURE = re.compile(r'<img alt="([^"]*)" src="data:image/png;base64,([^"]+)">')


@dataclass(frozen=True)
class Cell:
    """A cell of the tutorial: words, or code."""

    is_code: bool
    text: str


def cells(script: str) -> Iterator[Cell]:
    """The cells of a script, in their order."""
    for part in re.split(r"^# %%", script, flags=re.MULTILINE)[1:]:
        kind, _, text = part.partition("\n")
        words = kind.strip() == "[markdown]"
        yield Cell(
            not words, re.sub(r"^# ?", "", text.strip(), flags=re.MULTILINE) if words else text.strip()
        )


def notebook(script: str) -> str:
    """The script as a notebook."""
    made = nbformat.v4.new_notebook()
    for number, cell in enumerate(cells(script)):
        new = nbformat.v4.new_code_cell if cell.is_code else nbformat.v4.new_markdown_cell
        made.cells.append(new(cell.text, id=f"cell-{number}"))
    return nbformat.writes(made).rstrip() + "\n"


def page(script: str, outputs: dict[int, str] | None = None) -> str:
    """The script as a page, below each cell what it shows."""
    parts = []
    for number, cell in enumerate(cells(script)):
        parts.append(f"```python\n{cell.text}\n```\n\n" if cell.is_code else f"{cell.text}\n\n")
        if shown := (outputs or {}).get(number):
            parts.append(f"<!-- output -->\n{shown}\n<!-- end -->\n\n")
    return "".join(parts).rstrip() + "\n"


def without_outputs(text: str) -> str:
    """A page without what its cells show, to be held against its script."""
    return OUTPUT.sub("", text + "\n").rstrip() + "\n"


def run(script: str, pictures: Path) -> dict[int, str]:
    """What each cell shows, as Markdown; its pictures are written to a folder."""
    names: dict[str, Any] = {}
    outputs = {}
    for number, cell in enumerate(cells(script)):
        if cell.is_code:
            said = io.StringIO()
            with contextlib.redirect_stdout(said):
                value = _last_value(cell.text, names)
            printed = f"```text\n{said.getvalue()}```\n" if said.getvalue() else ""
            outputs[number] = (printed + _shown(value, pictures / f"tutorial-{number}.png")).strip()
    return outputs


def main() -> None:
    """Run the tutorial, and write the notebook and the page."""
    script = (HERE / "tutorial.py").read_text(encoding="utf-8")
    here = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        outputs = run(script, HERE / "images")
        os.chdir(here)
    (HERE / "tutorial.ipynb").write_text(notebook(script), encoding="utf-8")
    (HERE / "tutorial.md").write_text(page(script, outputs), encoding="utf-8")


def _last_value(code: str, names: dict[str, Any]) -> Any:
    """Run a cell; the value of its last line, None if that has none."""
    tree = ast.parse(code)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "tutorial", "exec"), names)  # noqa: S102 - the tutorial is ours
    return eval(compile(ast.Expression(last.value), "tutorial", "eval"), names) if last else None  # noqa: S307


def _shown(value: Any, picture: Path) -> str:
    if value is None:
        return ""
    html = value.to_html() if hasattr(value, "to_html") else value._repr_html_()
    html = re.sub(r">\s+<", "><", re.sub(r' (class|border|style)="[^"]*"', "", html))

    def kept(found: re.Match[str]) -> str:
        picture.write_bytes(base64.b64decode(found[2]))
        return f"\n\n![{found[1]}]({picture.parent.name}/{picture.name})\n\n"

    return PICTURE.sub(kept, html)


if __name__ == "__main__":
    main()
