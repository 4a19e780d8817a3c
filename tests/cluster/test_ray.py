"""A Ray cluster gives what one process gives, whoever of it dies; a hopeless one ends in one clear message."""

from __future__ import annotations

import contextlib
import gc
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from chores import (
    die_at_three,
    die_once,
    double,
    fail_at_two,
    held_of,
    holder,
    limits_moved,
    limits_moved_there,
    megabytes,
    n_parts_held,
    refuse,
    tell_and_linger,
    visit,
    whoami,
)
from cohorts import films, joined, noisy_copies, pixels_of
from doppelscan.audit import AuditSettings, audit
from doppelscan.errors import InputError
from doppelscan.imagesets import ImageSet, open_images, save
from doppelscan.registration import align
from doppelscan.search import nearest, spread
from doppelscan.settings import Resources
from doppelscan.store import fingerprint_files
from doppelscan.workers import (
    ClusterLost,
    Needs,
    WorkerDied,
    elsewhere,
    map_ordered,
    on_ray,
    ray_cluster,
    stationed,
)

from .conftest import Machines

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

CPU = Resources(memory=2**28, workers=2, device="cpu")


@pytest.fixture(scope="module")
def on_cluster(cluster: Machines) -> Iterator[Machines]:
    """Ray is connected; `on_ray` uses that connection."""
    before = dict(os.environ)
    os.environ.update(cluster.environment)
    import ray

    ray.init(address=cluster.address, logging_level="FATAL", log_to_driver=False)
    yield cluster
    ray.shutdown()
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def there(on_cluster: Machines) -> Iterator[Machines]:
    """Both machines are there and take work."""
    while len(on_cluster.raylets()) < 3:
        on_cluster.add(1)
    with on_ray("auto"):
        yield on_cluster


@contextlib.contextmanager
def struck(when: Callable[[], bool], blow: Callable[[], None]) -> Iterator[None]:
    """Beside the block, the blow falls as soon as it is time; it must have fallen when the block ends."""
    fallen: list[bool] = []

    def wait() -> None:
        while not when():
            time.sleep(0.05)
        blow()
        fallen.append(True)

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    yield
    thread.join(30)
    assert fallen == [True], "what was to be lost was not lost in time"


def test_results_come_in_order_from_other_processes(there: Machines) -> None:
    assert elsewhere() == 2
    assert list(map_ordered(double, range(11), workers=2, group=4)) == list(range(0, 22, 2))
    assert os.getpid() not in set(map_ordered(whoami, range(4), workers=2))


def test_only_a_few_items_are_taken_ahead_of_the_reader(there: Machines) -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for item in range(100):
            taken.append(item)
            yield item

    results = map_ordered(double, items(), workers=2)
    assert next(results) == 0
    assert len(taken) <= 6
    results.close()  # type: ignore[attr-defined]


def test_an_error_of_a_worker_reaches_the_caller_as_it_was(there: Machines) -> None:
    with pytest.raises(ValueError, match=r"^two$"):
        list(map_ordered(fail_at_two, range(5), workers=2))
    with pytest.raises(InputError, match=r"^0: is empty\nis odd \(mend it\)$"):
        list(map_ordered(refuse, range(2), workers=2))


def test_what_a_killed_worker_had_is_done_again(there: Machines, tmp_path: Path) -> None:
    marker = tmp_path / "died"
    assert list(map_ordered(partial(die_once, str(marker)), range(8), workers=2)) == list(range(8))
    assert marker.exists()


def test_an_item_that_kills_every_worker_ends_in_one_clear_error(there: Machines) -> None:
    with pytest.raises(WorkerDied, match="each time that it was given the same work"):
        list(map_ordered(die_at_three, range(8), workers=2))


def test_what_a_lost_machine_had_is_done_by_the_others(there: Machines, tmp_path: Path) -> None:
    with struck(lambda: len(list(tmp_path.iterdir())) >= 3, there.lose):
        done = list(map_ordered(partial(tell_and_linger, str(tmp_path)), range(30), workers=2))
    assert done == list(range(0, 60, 2))


def test_results_beyond_the_object_store_spill_to_disk(there: Machines) -> None:
    """Forty results of 8 MB are asked for at once; either machine's store holds ten."""
    import ray

    remote = ray.remote(megabytes).options(num_cpus=0.1)
    promised = [remote.remote(n) for n in range(40)]
    ray.wait(promised, num_returns=40)
    found = list(map_ordered(megabytes, range(20), workers=2))
    assert [part[0] for part in found] == list(range(20))
    assert {len(part) for part in found} == {8 * 2**20}
    assert any(path.is_file() for path in there.folder.rglob("*spill*/*")), "nothing was spilled"


def test_items_tour_stations_of_which_one_is_killed(there: Machines, tmp_path: Path) -> None:
    marker = tmp_path / "died"
    stations = stationed(held_of, [0, 1, 2, 3])
    told = ["", "", str(marker), ""]
    tours = list(stations.toured(visit, range(6), beside=told))
    assert tours == [{part: str(item) for part in range(4)} for item in range(6)]
    assert marker.exists()


def test_workers_stay_from_one_tour_to_the_next_and_let_go_of_what_is_over(there: Machines) -> None:
    first, second = stationed(held_of, [0, 1]), stationed(held_of, [2, 3])
    held = [found for one in (first, second, first) for found in one.toured(holder, [0], beside=["", ""])]
    assert [sorted(one) for one in held] == [[0, 1], [2, 3], [0, 1]]
    assert set(held[0].values()) == set(held[1].values()), "the same two processes"
    assert held[2] == held[0]
    del first
    gc.collect()
    (counted,) = second.toured(n_parts_held, [0], beside=["", ""])
    assert counted == [1, 1]


@pytest.mark.parametrize("symmetries", ["none", "flips"])
def test_a_search_finds_what_one_process_finds(
    there: Machines, monkeypatch: pytest.MonkeyPatch, symmetries: Any
) -> None:
    references, queries = pixels_of(films(600)), pixels_of(films(60, first=600))
    groups = np.arange(60) % 7, np.arange(600) % 7
    asked: dict[str, Any] = {"exclude": groups, "symmetries": symmetries, "resources": CPU}
    monkeypatch.setattr(spread, "WORTH_A_LOOK", np.inf)
    alone = nearest(queries, references, 3, **asked)
    monkeypatch.setattr(spread, "WORTH_A_LOOK", 0)
    together = nearest(queries, references, 3, **asked)
    for of in ("indices", "scores", "poses"):
        np.testing.assert_array_equal(getattr(alone, of), getattr(together, of))


_SEARCH = """
import numpy as np
from cohorts import films, pixels_of
from doppelscan.search import nearest, spread
from doppelscan.settings import Resources
spread.WORTH_A_LOOK = 0
asked = dict(symmetries="flips", resources=Resources(memory=2**28, workers=2, device="cpu"))
with on_ray({address!r}):
    found = nearest(pixels_of(films(60, first=600)), pixels_of(films(600)), 3, **asked)
np.savez({out!r}, **vars(found))
"""


@pytest.mark.parametrize("cores", [(1,), (1, 1), (2, 2)])
def test_one_two_and_four_workers_find_what_none_finds(
    machines: Callable[..., Machines], tmp_path: Path, cores: tuple[int, ...]
) -> None:
    cluster = machines(0, *cores)
    for address, name in ((None, "alone.npz"), (cluster.address, "together.npz")):
        code = _SEARCH.format(address=address, out=str(tmp_path / name))
        assert "Error" not in _in_a_process(code, cluster.environment)
    cluster.end()
    alone, together = np.load(tmp_path / "alone.npz"), np.load(tmp_path / "together.npz")
    for of in ("indices", "scores", "poses"):
        np.testing.assert_array_equal(alone[of], together[of])


def test_a_search_that_loses_a_machine_finds_the_same(
    there: Machines, monkeypatch: pytest.MonkeyPatch
) -> None:
    references, queries = pixels_of(films(600)), pixels_of(films(200, first=600))
    alone = nearest(queries, references, 2, resources=CPU)
    monkeypatch.setattr(spread, "WORTH_A_LOOK", 0)
    monkeypatch.setattr(spread, "_QUERIES", (4, 4))
    done: list[int] = []
    with struck(lambda: len(done) >= 2, there.lose):
        together = nearest(queries, references, 2, resources=CPU, progress=done.append)
    np.testing.assert_array_equal(alone.indices, together.indices)
    np.testing.assert_array_equal(alone.scores, together.scores)


def _pictures(folder: Path, images: ImageSet) -> Path:
    from PIL import Image

    folder.mkdir()
    for name, image in zip(images.table["id"], images, strict=True):
        Image.fromarray(image.stored[0]).save(folder / str(name))
    return folder


def test_a_prepared_set_has_the_same_bytes(
    there: Machines, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cut into shards of sixteen films; each process its own cache, so that nothing is found there."""
    monkeypatch.setattr("doppelscan.imagesets.preparing._SHARD_IMAGES", 16)
    folder = _pictures(tmp_path / "films", films(150))
    written = {}
    for name, workers in (("alone", 1), ("together", 2)):
        monkeypatch.setenv("DOPPELSCAN_CACHE", str(tmp_path / f"cache {name}"))
        resources = Resources(memory=2**28, workers=workers, device="cpu")
        save(open_images(folder, resources=resources), tmp_path / name, resources=resources)
        files = sorted(path for path in (tmp_path / name).rglob("*") if path.is_file())
        places = [str(path.relative_to(tmp_path / name)) for path in files]
        written[name] = dict(zip(places, fingerprint_files(files), strict=True))
    assert written["alone"] == written["together"]


def test_a_folder_that_workers_do_not_see_is_no_folder_of_unreadable_files(
    there: Machines, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("doppelscan.imagesets.headers._entries", _blind)
    monkeypatch.setenv("DOPPELSCAN_CACHE", str(tmp_path / "cache"))
    with pytest.raises(InputError, match="not there for another machine of the cluster"):
        open_images(_pictures(tmp_path / "films", films(200)), resources=CPU)


def _blind(path: Path, part: str | None) -> str:
    return "does not exist"


@pytest.mark.parametrize("method", ["pearson", "registered"])
def test_an_audit_concludes_the_same(
    there: Machines, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: Any
) -> None:
    train, holdout = films(60), films(60, first=60)
    synthetic = joined(noisy_copies(train, [1, 2, 3]), pixels_of(films(40, first=200)))
    found = {}
    for name, worth in (("alone", np.inf), ("together", 0)):
        monkeypatch.setattr(spread, "WORTH_A_LOOK", worth)
        monkeypatch.setattr(spread, "_LEAST", 8)
        monkeypatch.setenv("DOPPELSCAN_CACHE", str(tmp_path / f"cache {name}"))
        settings = AuditSettings(method=method, effort="quick")
        audit(
            train=train,
            synthetic=synthetic,
            holdout=holdout,
            settings=settings,
            out=tmp_path / name,
            resources=CPU,
        )
        found[name] = json.loads((tmp_path / name / "findings.json").read_text())
    assert found["alone"] == found["together"]


def test_pairs_are_aligned_the_same(there: Machines, monkeypatch: pytest.MonkeyPatch) -> None:
    images = pixels_of(films(6))
    pairs = np.repeat(np.arange(6), 6), np.tile(np.arange(6), 6)
    monkeypatch.setattr("doppelscan.registration.aligning._PAIRS", 10**6)
    alone = align(images, images, pairs=pairs)
    monkeypatch.setattr("doppelscan.registration.aligning._PAIRS", 8)
    together = align(images, images, pairs=pairs)
    for of in ("score", "matrix", "offset", "controls"):
        np.testing.assert_array_equal(getattr(alone, of), getattr(together, of))


def test_images_are_drawn_the_same(there: Machines, tmp_path: Path) -> None:
    from doppelscan.generators import fit
    from generators.small import QUIET, pictures, settings

    model = fit(pictures((1, 8, 8)), settings("ddpm"), out=tmp_path / "model", keeping=QUIET)
    together = model.sample_to(range(40), tmp_path / "together")
    np.testing.assert_array_equal(model.sample(range(40)).read(0, 40), together.read(0, 40))


def test_a_study_has_the_same_outcomes(there: Machines, tmp_path: Path) -> None:
    from doppelscan.studies import read_recipe, study
    from studying import RECIPE

    (tmp_path / "recipe.toml").write_text(RECIPE)
    recipe = replace(read_recipe(tmp_path / "recipe.toml"), seeds=(0,))
    done = {}
    for name, jobs in (("alone", 1), ("together", 2)):
        done[name] = study(recipe, out=tmp_path / name, data=tmp_path, jobs=jobs, resources=CPU)
    alone, together = (one.cells.drop(columns=_timed(one.cells)) for one in done.values())
    assert done["together"].failures == {}
    assert alone.equals(together)


def _timed(cells: pd.DataFrame) -> list[str]:
    """The columns that say how long it took."""
    return [name for name in cells if "seconds" in name]


_ON_GPUS = """
from functools import partial
from chores import double, gpu_taken, gpu_visited
from doppelscan.workers import Needs, gpus_elsewhere, map_ordered, ray_cluster, stationed
ray_cluster._PATIENCE = 3.0
gpu, folder = Needs(gpu=True), {folder!r}
with on_ray({address!r}):
    print(gpus_elsewhere(), "GPUs")
    first, second = (stationed(double, parts, needs=gpu) for parts in ([1, 2], [3, 4]))
    for turn in range(2):
        for stations in (first, second):
            for found in stations.toured(gpu_visited, range(3), beside=[folder, folder]):
                print("seen by", *sorted(found), *sorted(found.values()))
        print("mapped by", *sorted(set(map_ordered(partial(gpu_taken, folder), range(8), workers=2, needs=gpu))))
    print("lose it", flush=True)
    list(map_ordered(partial(gpu_taken, folder), range(1000), workers=2, needs=gpu))
"""


def test_each_shard_has_a_gpu_of_its_own_and_sees_no_other(
    machines: Callable[..., Machines], tmp_path: Path
) -> None:
    """Two GPUs of one machine that Ray takes our word for: stations, and maps after stations that hold them all."""
    cluster = machines(1, 4, gpus=2)
    code = _ON_GPUS.format(address=cluster.address, folder=str(tmp_path))
    with _begun(code, cluster.environment) as child:
        said = list(iter(child.stdout.readline, "lose it\n"))  # type: ignore[union-attr]
        cluster.lose()
        ended = child.communicate(timeout=120)[0]
    cluster.end()
    toured = [*3 * ["seen by 2 4 0 1\n"], *3 * ["seen by 6 8 0 1\n"], "mapped by 0 1\n"]
    assert said == ["2 GPUs\n", *toured, *toured]
    assert "ClusterLost: 1 of 1 GPUs of the Ray cluster" in ended


def test_work_for_gpus_is_refused_where_there_is_none(there: Machines) -> None:
    for work in (
        lambda: list(map_ordered(double, range(4), workers=2, needs=Needs(gpu=True))),
        lambda: list(stationed(double, [1], needs=Needs(gpu=True)).toured(visit, [1], beside=[""])),
    ):
        with pytest.raises(InputError, match="no machine of the cluster has a GPU"):
            work()


def test_limits_reach_the_workers_and_are_taken_back(
    there: Machines, monkeypatch: pytest.MonkeyPatch
) -> None:
    for told in ({"DOPPELSCAN_MAX_PIXELS": "77", "DOPPELSCAN_FOLLOW_LINKS": "1"}, {}):
        for name in ("DOPPELSCAN_MAX_PIXELS", "DOPPELSCAN_FOLLOW_LINKS"):
            monkeypatch.setenv(name, told.get(name, ""))
        assert list(map_ordered(limits_moved, range(4), workers=2)) == 4 * [told]
        stations = stationed(double, [1, 2])
        assert list(stations.toured(limits_moved_there, [0], beside=["", ""])) == [[told, told]]


def test_a_film_beyond_the_limit_is_refused_by_the_workers_too(
    there: Machines, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = _pictures(tmp_path / "films", films(200))
    monkeypatch.setenv("DOPPELSCAN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("DOPPELSCAN_MAX_PIXELS", "399")
    with pytest.raises(InputError, match="the limit is 399 pixels"):
        open_images(folder, resources=CPU)
    monkeypatch.setenv("DOPPELSCAN_MAX_PIXELS", "400")
    assert len(open_images(folder, resources=CPU)) == 200


def test_no_cluster_where_one_is_said_to_be_is_told_at_once() -> None:
    said = _in_a_process("with on_ray('127.0.0.1:1'): pass", dict(os.environ))
    assert "InputError: --ray 127.0.0.1:1: there is no Ray cluster" in said
    assert "ray start --head" in said


def test_a_cluster_without_a_core_is_refused(machines: Callable[..., Machines]) -> None:
    idle = machines(0)
    said = _in_a_process(f"with on_ray('{idle.address}'): pass", idle.environment)
    assert "no machine of the cluster has a core" in said


def test_a_cluster_that_loses_its_last_worker_ends_in_one_clear_message(
    there: Machines, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(ray_cluster, "_PATIENCE", 3.0)

    def blow() -> None:
        there.lose()
        there.lose()

    with (
        struck(lambda: any(tmp_path.iterdir()), blow),
        pytest.raises(ClusterLost, match=r"no machine of the Ray cluster .* is left to work"),
    ):
        list(map_ordered(partial(tell_and_linger, str(tmp_path)), range(100), workers=2))


@contextlib.contextmanager
def _begun(code: str, environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """A process that runs this, and what it says."""
    pipe, said = subprocess.PIPE, subprocess.STDOUT
    child = subprocess.Popen(_program(code), env=_ours(environment), stdout=pipe, stderr=said, text=True)
    with child:
        try:
            yield child
        finally:
            child.kill()


def _in_a_process(code: str, environment: dict[str, str]) -> str:
    """What a process says that runs this."""
    done = subprocess.run(
        _program(code), env=_ours(environment), capture_output=True, text=True, check=False, timeout=300
    )
    return done.stdout + done.stderr


def _program(code: str) -> list[str]:
    return [sys.executable, "-c", f"from doppelscan.workers import on_ray\n{code}\n"]


def _ours(environment: dict[str, str]) -> dict[str, str]:
    paths = (str(Path(__file__).parents[2] / name) for name in ("src", "tests"))
    return environment | {"PYTHONPATH": os.pathsep.join(paths)}
