"""Modules joined to one script do what they do as modules."""

from __future__ import annotations

import shutil
import subprocess
from importlib import resources
from pathlib import Path

import pytest

from doppelscan.report.inlining import inlined

MODULES = {
    "entry.js": """import { twice } from "./deep/numbers.js";
import * as words from "./words.js";
const own = 1;
console.log(words.named(own), twice(own), new words.Held(3).value, globalThis.run);
words.later().then(console.log);
""",
    "words.js": """import { UNIT } from "./deep/unit.js";
const own = "a";
export const named = (n) => `${own}${n} ${UNIT}`;
export class Held {
  constructor(value) { this.value = value; }
}
export async function later() { return own; }
""",
    "deep/numbers.js": """import { UNIT } from "./unit.js";
export function twice(n) { return `${2 * n} ${UNIT}`; }
""",
    "deep/unit.js": 'export const UNIT = "mm";\nglobalThis.run = (globalThis.run ?? 0) + 1;\n',
}


def written(folder: Path, modules: dict[str, str]) -> Path:
    for name, text in modules.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    return folder


def said(script: Path) -> str:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    return subprocess.run([node, str(script)], capture_output=True, text=True, check=True).stdout


def test_the_script_does_what_the_modules_do(tmp_path: Path) -> None:
    folder = written(tmp_path, {**MODULES, "package.json": '{"type": "module"}'})
    (folder / "one.mjs").write_text(inlined(folder, "entry.js"))
    assert said(folder / "one.mjs") == said(folder / "entry.js") == "a1 mm 2 mm 3 1\na\n"


@pytest.mark.parametrize(
    "line",
    [
        'import "./words.js";',
        'import x from "./words.js";',
        'export * from "./words.js";',
        "export default 1;",
    ],
)
def test_what_is_not_understood_is_refused(tmp_path: Path, line: str) -> None:
    folder = written(tmp_path, {**MODULES, "entry.js": f"{line}\n"})
    with pytest.raises(ValueError, match="is not understood"):
        inlined(folder, "entry.js")


def test_modules_in_a_circle_are_refused(tmp_path: Path) -> None:
    circle = {"a.js": 'import { b } from "./b.js";\n', "b.js": 'import { a } from "./a.js";\n'}
    with pytest.raises(ValueError, match=r"a\.js imports b\.js imports a\.js"):
        inlined(written(tmp_path, circle), "a.js")


def test_the_reports_script_has_every_module_of_the_viewer_once() -> None:
    folder = resources.files("doppelscan.report")
    script = inlined(folder, "page.js")
    for module in folder.joinpath("viewer").iterdir():
        if module.name.endswith(".js"):
            assert script.count(module.read_text(encoding="utf-8").splitlines()[0]) == 1
    assert "</script" not in script
