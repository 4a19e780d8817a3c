"""The reference names all that there is, and nothing else."""

from __future__ import annotations

import importlib
import json
import re
from dataclasses import fields
from pathlib import Path

import pytest

from cohorts import films, joined, noisy_copies
from doppelscan.audit import AuditSettings, audit
from doppelscan.errors import __all__ as errors
from doppelscan.findings import ALIGNMENTS, CONTROLS, MATCHES, NULLS, Findings, read_run
from doppelscan.findings.derived import DERIVED
from doppelscan.findings.membership import MEMBERSHIP_FILES, SCORES, Attack, Difference, Membership, Told
from doppelscan.findings.power import PLANTED, POWER_FILES, Detection, Power
from doppelscan.findings.quality import QUALITY_FILES, SAMPLES, Quality, TwoSample
from doppelscan.generators import FAMILIES
from doppelscan.quality.traits import TRAITS

from .options import command_names, option_table
from .pages import ROOT, first_column
from .settings import settings_table, training_table

COMMANDS, FILES, API, SETTINGS = (
    ROOT / "docs/reference" / f"{name}.md" for name in ("commands", "files", "api", "settings")
)
MODULES = re.findall(r"^## (doppelscan[\w.]*)$", API.read_text(), flags=re.MULTILINE)
TABLES = {
    "matches.parquet": MATCHES,
    "nulls.parquet": NULLS,
    "controls.parquet": CONTROLS,
    "power.parquet": PLANTED,
    "membership.parquet": SCORES,
    "alignments.parquet": ALIGNMENTS,
    "derived.parquet": DERIVED,
    "quality.parquet": SAMPLES,
}


@pytest.mark.parametrize("name", command_names())
def test_the_options_of_a_command_are_those_of_its_help(name: str) -> None:
    section = re.split(rf"^## doppelscan {name}$", COMMANDS.read_text(), flags=re.MULTILINE)[1]
    table = re.search(r"(?:^\|.*\n)+", section, flags=re.MULTILINE)
    assert table is not None
    assert table[0] == option_table(name)


@pytest.mark.parametrize("name", command_names())
def test_the_usage_of_a_command_names_options_that_it_has(name: str) -> None:
    section = re.split(rf"^## doppelscan {name}$", COMMANDS.read_text(), flags=re.MULTILINE)[1]
    usage = re.search(r"```usage\n(.*?)```", section, flags=re.DOTALL)
    assert usage is not None
    assert usage[1].startswith(f"doppelscan {name}")
    assert set(re.findall(r"--[\w-]+", usage[1])) <= set(re.findall(r"`(--[\w-]+)`", option_table(name)))


@pytest.mark.parametrize("family", FAMILIES)
def test_the_settings_of_a_family_are_told_with_their_values(family: str) -> None:
    section = re.split(rf"^## {family}$", SETTINGS.read_text(), flags=re.MULTILINE)[1]
    table = re.search(r"(?:^\|.*\n)+", section, flags=re.MULTILINE)
    assert table is not None
    assert table[0] == settings_table(family)
    assert not re.search(
        r"^\| `(?!.*training\.).*\|  \|$", table[0], flags=re.MULTILINE
    )  # nothing is left unsaid


def test_the_settings_of_every_training_are_told() -> None:
    assert training_table() in SETTINGS.read_text()


def test_every_command_has_its_section() -> None:
    sections = re.findall(r"^## doppelscan (\w+)$", COMMANDS.read_text(), flags=re.MULTILINE)
    assert sections == command_names()


@pytest.mark.parametrize("name", TABLES)
def test_every_column_of_a_runs_table_is_told(name: str) -> None:
    assert first_column(FILES, name) == TABLES[name].names


def test_every_field_of_the_findings_is_told_and_in_the_schema() -> None:
    names = {field.name for field in fields(Findings)}
    schema = json.loads((ROOT / "docs/schemas/findings-1.schema.json").read_text())
    assert set(first_column(FILES, "findings.json")) & names == names == set(schema["properties"])
    assert len(first_column(FILES, "findings.json")) >= len(names)


def test_every_field_of_a_measurement_of_power_is_told() -> None:
    names = {"format", *(field.name for kind in (Power, Detection) for field in fields(kind))}
    assert names <= set(first_column(FILES, "power.json"))
    assert set(first_column(FILES, "The power folder")) == set(POWER_FILES)


def test_every_field_of_a_membership_inference_is_told() -> None:
    names = {"format", *(field.name for kind in (Membership, Attack, Told) for field in fields(kind))}
    told = (COMMANDS.parent / "files.md").read_text()
    assert names <= set(first_column(FILES, "membership.json"))
    assert [field.name for field in fields(Difference) if f"`{field.name}`" not in told] == []
    assert set(first_column(FILES, "The membership folder")) == set(MEMBERSHIP_FILES)


def test_every_field_and_number_of_a_measurement_of_quality_is_told() -> None:
    schema = json.loads((ROOT / "docs/schemas/quality-1.schema.json").read_text())
    names = {"format", *(field.name for field in fields(Quality))}
    assert names == set(first_column(FILES, "quality.json")) == set(schema["properties"])
    assert set(first_column(FILES, "The quality folder")) == set(QUALITY_FILES)
    assert set(schema["$defs"]["measured"]["properties"]["name"]["enum"]) == set(TRAITS)
    assert set(schema["$defs"]["two_sample"]["properties"]) == {field.name for field in fields(TwoSample)}
    howto = ROOT / "docs/howto/quality.md"
    explained = {
        *first_column(howto, "Reading a row"),
        *first_column(howto, "Scores of memorization for the whole set"),
    }
    assert explained == set(TRAITS)
    assert [name for name in TRAITS if f"`{name}`" not in FILES.read_text()] == []


def test_what_a_run_records_is_told(tmp_path: Path) -> None:
    train = films(30)
    audit(
        train=train,
        synthetic=joined(noisy_copies(train, [0, 1])),
        holdout=films(30, first=30),
        settings=AuditSettings(method="pearson", n_controls=2, n_draws=2),
        out=tmp_path,
    )
    record = read_run(tmp_path).record
    written = {path.name for path in tmp_path.iterdir()}
    assert {name for name in first_column(FILES, "run.json") if name in record} == set(record)
    assert written | {"report.html"} == set(first_column(FILES, "The RUN folder"))
    told = FILES.read_text()
    assert [name for name in record["sets"]["train"] if f"`{name}`" not in told] == []


@pytest.mark.parametrize("module", MODULES)
def test_the_public_names_of_a_module_are_told(module: str) -> None:
    public = importlib.import_module(module).__all__
    told = [name for name in first_column(API, module) if not name.startswith("ImageSet.")]
    assert sorted(told) == sorted(public)


def test_every_error_is_told() -> None:
    assert set(errors) == set(first_column(API, "doppelscan.errors"))
