"""What the site shows beside the pages of `docs`.

Pages that lie elsewhere in the repository, one for each JSON schema, and one for each module of the reference of names,
from its docstrings.
Links that lead out of the site go to the repository, so that the pages can be read there as well. MkDocs calls the
functions `on_...` (mkdocs.yml, `hooks`).
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from schema_pages import schema_page

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
REPOSITORY = "https://github.com/doppelscan/doppelscan"
ELSEWHERE = ("CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "benchmarks/results/*.md")
API = "reference/api.md"
SCHEMAS = sorted((DOCS / "schemas").glob("*.schema.json"))

FENCED = re.compile(r"^( *)```.*?^\1```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"(!?\[(?:[^\[\]]|\[[^\]]*\])*\]\()([^)\s]+)(\))")
FEWER = re.compile(r"^( *```\w+) fewer\b", re.MULTILINE)  # a word to our tests, not to the site
MODULE = re.compile(r"^## (doppelscan[\w.]*)$\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)


def on_config(config: MkDocsConfig) -> None:
    """Schemas, decisions and the pages of the root stand in the navigation as they are there."""
    assert config.nav is not None
    parts = {name: part for entry in config.nav for name, part in entry.items()}
    parts["Reference"].append({"Schemas": [uri(path) for path in SCHEMAS]})
    project = parts["The project"]
    decisions = sorted((DOCS / "decisions").glob("*.md"))
    project += [path.name for path in elsewhere() if path.parent == ROOT]
    project.append({"Decisions": [f"decisions/{path.name}" for path in decisions]})


def on_files(files: Files, config: MkDocsConfig) -> None:
    """The pages that do not lie in `docs` join those that do."""
    for path in elsewhere():
        files.append(File.generated(config, uri(path), content=path.read_text(encoding="utf-8")))
    for path in SCHEMAS:
        made = schema_page(json.loads(path.read_text(encoding="utf-8")), path.name)
        files.append(File.generated(config, uri(path), content=made))
    for module, names in modules() if "mkdocstrings" in config.plugins else ():
        files.append(
            File.generated(config, f"reference/api/{module}.md", content=_module_page(module, names))
        )


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """The page with links that lead somewhere from the site; the reference of names with links to docstrings."""
    if page.file.src_uri == API and "mkdocstrings" in config.plugins:
        markdown = MODULE.sub(_with_docstrings, markdown)
    if page.file.src_uri.startswith(("reference/api/", "schemas/")):
        return markdown
    markdown = FEWER.sub(r"\1", markdown)
    return _outside_fences(
        markdown, lambda text: LINK.sub(lambda found: _led(found, page.file.src_uri), text)
    )


def elsewhere() -> list[Path]:
    """The pages of the site that do not lie in `docs`."""
    return [path for pattern in ELSEWHERE for path in sorted(ROOT.glob(pattern))]


def modules() -> Iterator[tuple[str, list[str]]]:
    """The modules of the reference, each with the names that it tells."""
    for found in MODULE.finditer((DOCS / API).read_text(encoding="utf-8")):
        yield found[1], _names(found[2])


def uri(path: Path) -> str:
    """Where a page of the repository is on the site; a schema's is made of it."""
    on_site = path.relative_to(DOCS if path.is_relative_to(DOCS) else ROOT).as_posix()
    return re.sub(r"\.schema\.json$", ".md", on_site)


def _names(section: str) -> list[str]:
    """The names in backticks in the first column of a section's table."""
    cells = re.findall(r"^\|(.*?)\|", section, flags=re.MULTILINE)
    return [name for cell in cells for name in re.findall(r"`(\w+)`", cell)]


def _module_page(module: str, names: list[str]) -> str:
    """A page of the docstrings of a module and of its names."""
    alone = [home for name in names if (home := _home(module, name)) != f"{module}.{name}"]
    members = "".join(f"        - {name}\n" for name in names if _home(module, name) not in alone)
    return "\n".join(
        [
            f"# {module}\n\n[All modules](../api.md)\n",
            f"::: {module}\n    options:\n      members:\n{members}",
            *(f"::: {home}\n    options: {{ show_root_heading: true }}\n" for home in alone),
        ]
    )


def _home(module: str, name: str) -> str:
    """Where a name's docstring is looked for: a function that is called as its module hides behind it."""
    same = ROOT / "src" / module.replace(".", "/") / f"{name}.py"
    return f"{module}.{name}.{name}" if same.exists() else f"{module}.{name}"


def _with_docstrings(found: re.Match[str]) -> str:
    """A section of the reference whose names lead to their docstrings."""
    module = found[1]

    def linked(name: re.Match[str]) -> str:
        return f"[`{name[1]}`](api/{module}.md#{_home(module, name[1])})"

    first = re.compile(r"^\|(.*?)\|", re.MULTILINE)
    section = first.sub(lambda cell: re.sub(r"`(\w+)`", linked, cell[0]), found[2])
    return f"## {module}\n{section}"


def _outside_fences(markdown: str, changed: Callable[[str], str]) -> str:
    """Markdown of which all but the fenced blocks is changed."""
    end, parts = 0, []
    for fence in FENCED.finditer(markdown):
        parts += [changed(markdown[end : fence.start()]), fence[0]]
        end = fence.end()
    return "".join([*parts, changed(markdown[end:])])


def _led(found: re.Match[str], source: str) -> str:
    """A link of the page `source`, as the site has it."""
    target, _, anchor = found[2].partition("#")
    if not target or "://" in target or target.startswith("mailto:"):
        return found[0]
    lies_in = DOCS if (DOCS / source).exists() else ROOT
    path = Path(posixpath.normpath((lies_in / source).parent / target))
    to = posixpath.relpath(uri(path), posixpath.dirname(source)) if _on_site(path) else _in_repository(path)
    return f"{found[1]}{to}{'#' + anchor if anchor else ''}{found[3]}"


def _on_site(path: Path) -> bool:
    return path.is_relative_to(DOCS) or path in elsewhere()


def _in_repository(path: Path) -> str:
    kind = "tree" if path.is_dir() else "blob"
    return f"{REPOSITORY}/{kind}/main/{path.relative_to(ROOT).as_posix()}"
