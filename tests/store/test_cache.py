"""The cache is private, is made again where it is damaged, and says where else it could be."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd
import pytest

from doppelscan.errors import InputError
from doppelscan.store import Cache, check_writable, fingerprint_file


def one() -> pd.DataFrame:
    return pd.DataFrame({"n": [1]})


def test_its_folders_are_the_owners_and_a_folder_it_did_not_make_stays_as_it_is(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    Cache(tmp_path).table("t", {}, one)
    assert ((tmp_path / "t").stat().st_mode & 0o777) == 0o700
    assert (tmp_path.stat().st_mode & 0o777) == 0o755


def test_a_damaged_table_is_made_again(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.table("t", {}, one)
    cache.path("t", {}, ".parquet").write_bytes(b"PAR1")
    assert cache.table("t", {}, one)["n"].tolist() == [1]
    assert pd.read_parquet(cache.path("t", {}, ".parquet"))["n"].tolist() == [1]


def test_a_place_that_cannot_be_written_names_the_variable(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"cannot be written: .* \(set DOPPELSCAN_CACHE"):
        Cache(tmp_path / "file").path("t", {})


@pytest.mark.parametrize("check", ["cache", "folder"])
def test_a_folder_without_permission_is_refused(
    tmp_path: Path, check: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.access", lambda *_: False)  # root may write everywhere
    with pytest.raises(InputError, match="cannot be written"):
        Cache(tmp_path).path("t", {}) if check == "cache" else check_writable(tmp_path / "new" / "set")


def test_without_a_home_the_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    for name in ("DOPPELSCAN_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", homeless)
    with pytest.raises(InputError, match="set DOPPELSCAN_CACHE"):
        Cache.default()


def test_a_pipe_has_no_content_to_wait_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert fingerprint_file(tmp_path / "pipe") == ""
