"""The tutorial's notebook and page are what its script makes; the page's cells are run by test_pages."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from .pages import ROOT

nbformat = pytest.importorskip("nbformat", reason="needs the extra docs")

DOCS = ROOT / "docs"
SCRIPT = (DOCS / "tutorial.py").read_text(encoding="utf-8")
SHORT = """# %% [markdown]
# # A

# %%
x = 1
print(x)

# %%
from doppelscan import Estimate

Estimate(x, 0, 2, 3)
"""


@pytest.fixture(scope="module")
def maker() -> Iterator[ModuleType]:
    spec = importlib.util.spec_from_file_location("notebook", DOCS / "notebook.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "notebook", module)
        spec.loader.exec_module(module)
        yield module


def test_the_notebook_is_the_one_that_the_script_makes(maker: ModuleType) -> None:
    assert (DOCS / "tutorial.ipynb").read_text(encoding="utf-8") == maker.notebook(SCRIPT)


def test_the_page_is_the_one_that_the_script_makes_but_for_what_its_cells_show(maker: ModuleType) -> None:
    written = (DOCS / "tutorial.md").read_text(encoding="utf-8")
    assert maker.without_outputs(written) == maker.page(SCRIPT)
    assert written != maker.page(SCRIPT)


def test_what_a_cell_shows_stands_below_it(maker: ModuleType, tmp_path: Path) -> None:
    page = maker.page(SHORT, maker.run(SHORT, tmp_path))
    assert page.startswith("# A\n\n```python\nx = 1\nprint(x)\n```\n\n<!-- output -->\n```text\n1\n```\n")
    assert "<b>1</b> (95% interval 0 to 2), n = 3" in page
    assert maker.without_outputs(page) == maker.page(SHORT)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_the_notebook_runs_from_top_to_bottom(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nbclient = pytest.importorskip("nbclient")
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "src"))
    notebook = nbformat.read(DOCS / "tutorial.ipynb", as_version=4)
    nbclient.NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()
    shown = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert any("synthetic images copy an image of a patient" in str(output) for output in shown)
    assert (tmp_path / "tutorial-run/report.html").is_file()
