"""`doppelscan utility` and recipes of utility: what a user types, what is written, and what is refused at once."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from calling import call, start
from doppelscan.findings.utility import read_utility
from doppelscan.imagesets import save
from doppelscan.seeds import stream
from lesions import lesions

TINY_VAE = ("channels=8,8,16", "patch_channels=8,8", "latent_channels=2", "n_images=16", "batch=8")
QUICKLY = ("--real-per-class", "2,4", "--per-real", "1", "--seeds", "2", "--encoder", "pixels")
ALONE = ("--workers", "1")  # to start processes takes longer than what they would do

RECIPE = """
format = "doppelscan-utility-recipe/1"
title = "What are these images worth?"

[sources.lesions]
phantoms = "skin"
patients = 60
size = 24
held_out = 24

[generators.autoencoder]
family = "vae"
settings = [{settings}]

[utility]
real_per_class = [1]
synthetic_per_real = [1]
n_seeds = 1
n_draws = 20
encoder = "pixels"

[scale.other.generators.autoencoder]
preset = "unknown"
""".replace("{settings}", ", ".join(f'"{one}"' for one in ("conditional=true", *TINY_VAE)))


def n_files(folder: Path) -> int:
    """Files in a folder and below, while others write there."""
    return sum(len(names) for _, _, names in os.walk(folder))


@pytest.fixture(scope="module")
def sets(tmp_path_factory: pytest.TempPathFactory) -> tuple[object, ...]:
    """Real images, others to test on and new ones that play the generator, as options."""
    folder = tmp_path_factory.mktemp("lesions")
    for name, n, first in (("real", 24, 0), ("test", 30, 100), ("new", 24, 200)):
        save(lesions(n, first), folder / name)
    return ("--real", folder / "real", "--test", folder / "test", "--synthetic", f"new={folder / 'new'}")


def test_a_measurement_is_written_said_and_not_made_twice(sets: tuple[object, ...], tmp_path: Path) -> None:
    run = tmp_path / "run"
    done = call("utility", *sets, *QUICKLY, "--group", "skin_tone", "--out", run)
    assert done.code == 0, done.err
    assert done.out.endswith(f"Report: {run / 'report.html'}\n")
    assert {"utility.json", "cells.parquet", "embedding.parquet", "run.json", "report.html"} <= {
        path.name for path in run.iterdir()
    }
    found = read_utility(run).utility
    assert {one.arm for one in found.outcomes} >= {"new", "duplicated", "augmented"}
    assert found.n_test == 30
    assert found.declared
    again = call("utility", *sets, *QUICKLY, "--group", "skin_tone", "--out", run, "--json", *ALONE)
    assert json.loads(again.out) == found.to_json()


@pytest.mark.slow
def test_a_family_is_refitted_on_what_is_granted(sets: tuple[object, ...], tmp_path: Path) -> None:
    changes = [word for one in ("conditional=true", *TINY_VAE) for word in ("--set", one)]
    asked = (*sets[:4], "--refit", "vae", *changes, *QUICKLY[:2], "--per-real", "1", "--seeds", "1")
    done = call("utility", *asked, "--encoder", "pixels", "--out", tmp_path / "run")
    assert done.code == 0, done.err
    found = read_utility(tmp_path / "run").utility
    (arm,) = {one.arm for one in found.outcomes} - {"real", "duplicated", "augmented"}
    assert "vae" in arm
    assert not found.declared


def test_what_will_not_do_is_refused_before_anything_is_written(
    sets: tuple[object, ...], tmp_path: Path
) -> None:
    refused = call("utility", *sets, "--real-per-class", "few", "--out", tmp_path / "run")
    assert (refused.code, "--real-per-class" in refused.err) == (2, True)
    both = call(
        "utility", *sets, "--outcome", "beauty", "--seeds", "1", "--per-real", "-1", "--out", tmp_path / "run"
    )
    assert both.code == 2
    twice = call("utility", *sets[:4], *("--synthetic", sets[1]) * 2, "--out", tmp_path / "run")
    assert (twice.code, "two sets are named 'real'" in twice.err) == (2, True)
    raised = call("utility", *sets, "--per-real", "²", "--out", tmp_path / "run")
    assert (raised.code, "--per-real" in raised.err) == (2, True)
    unlabelled = call("utility", *sets[:2], "--test", tmp_path / "nowhere", "--out", tmp_path / "run")
    assert (unlabelled.code, "nowhere" in unlabelled.err) == (2, True)
    assert not (tmp_path / "run").exists()


def test_a_recipe_measures_each_source_and_goes_on_where_it_stood(tmp_path: Path) -> None:
    recipe, out = tmp_path / "worth.toml", tmp_path / "out"
    recipe.write_text(RECIPE)
    done = call("study", recipe, "--out", out, *ALONE)
    assert done.code == 0, done.err
    assert f"Page: {out / 'lesions' / 'report.html'}" in done.out
    written = (out / "lesions" / "utility.json").read_bytes()
    again = call("study", recipe, "--out", out, "--json", *ALONE)
    assert json.loads(again.out) == {"lesions": json.loads(written)}
    assert (out / "lesions" / "utility.json").read_bytes() == written
    other = call("study", recipe, "--out", tmp_path / "other", "--scale", "other")
    assert (other.code, "'unknown' is no preset of vae" in other.err) == (2, True)
    assert call("study", recipe, "--out", tmp_path / "other", "--scale", "none").code == 2


@pytest.mark.parametrize("option", [("--dry-run",), ("--jobs", "2"), ("--ray", "auto")])
def test_what_a_recipe_of_utility_does_not_know_is_refused(option: tuple[str, ...], tmp_path: Path) -> None:
    recipe, out = tmp_path / "worth.toml", tmp_path / "out"
    recipe.write_text(RECIPE)
    refused = call("study", recipe, "--out", out, *option)
    assert (refused.code, option[0] in refused.err) == (2, True)
    assert not out.exists()


def test_a_source_that_is_absent_is_told_before_anything_is_measured(tmp_path: Path) -> None:
    recipe, out = tmp_path / "worth.toml", tmp_path / "out"
    recipe.write_text(RECIPE.replace("[generators.", '[sources.absent]\nimages = "nothing"\n\n[generators.'))
    done = call("study", recipe, "--data", tmp_path, "--out", out)
    assert (done.code, "there is nothing here" in done.err) == (2, True)
    assert not (out / "lesions").exists()


@pytest.mark.slow
def test_killed_at_any_moment_the_same_command_ends_with_the_same_bytes(
    sets: tuple[object, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changes = [word for one in ("conditional=true", *TINY_VAE) for word in ("--set", one)]
    asked = (*sets, "--refit", "vae", *changes, *QUICKLY, *ALONE)
    monkeypatch.setenv("DOPPELSCAN_CACHE", str(tmp_path / "cache"))
    unbroken = start("utility", *asked, "--out", tmp_path / "whole")  # this process has loaded other things
    unbroken.communicate()
    assert unbroken.returncode == 0
    files = n_files(tmp_path / "cache")
    monkeypatch.setenv("DOPPELSCAN_CACHE", str(tmp_path / "killed"))
    for share, pause in zip((0.1, 0.4, 0.6, 0.8), stream(0, "kills").uniform(0, 0.5, 4), strict=True):
        working = start("utility", *asked, "--out", tmp_path / "run")
        while working.poll() is None and n_files(tmp_path / "killed") < share * files:
            time.sleep(0.02)
        time.sleep(pause)
        working.kill()
        working.communicate()
    ended = start("utility", *asked, "--out", tmp_path / "run")
    ended.communicate()
    assert ended.returncode == 0
    for name in ("utility.json", "cells.parquet", "embedding.parquet", "nearest.parquet"):
        assert (tmp_path / "run" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes(), name
