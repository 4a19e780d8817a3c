"""The page about several machines can be followed: on a Ray cluster of this machine and an object store in memory."""

from __future__ import annotations

import http.client
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from docs import smaller
from docs.pages import ROOT
from docs.transcript import follow

from .conftest import Machines

moto_server = pytest.importorskip("moto.server", reason="moto is not installed")

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore"), pytest.mark.xdist_group("ray")]


@pytest.fixture
def archive(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """An object store with the bucket of the page; what reaches it stands in the environment. Its port."""
    server = moto_server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    line = http.client.HTTPConnection("127.0.0.1", port)
    line.request("PUT", "/archive")
    assert line.getresponse().status == 200
    told = {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}", "AWS_DEFAULT_REGION": "us-east-1"}
    for name, value in (told | {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}).items():
        monkeypatch.setenv(name, value)
    yield port
    server.stop()


def test_the_page_can_be_followed(
    archive: int, cluster: Machines, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PYTHONPATH", "RAY_AUTH_MODE", "RAY_AUTH_TOKEN"):
        monkeypatch.setenv(name, cluster.environment[name])
    monkeypatch.setenv("DOPPELSCAN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setitem(smaller.INSTEAD, "--ray auto", f"--ray {cluster.address}")
    monkeypatch.setitem(smaller.INSTEAD, "/shared/akbar", "akbar")
    monkeypatch.setitem(smaller.INSTEAD, "--size 256", "--size 32")
    monkeypatch.chdir(tmp_path)
    assert follow(ROOT / "docs/howto/example-folders.md") == []
    _put(Path("films/train"), archive)
    shutil.copytree(ROOT / "recipes", "recipes")
    assert follow(ROOT / "docs/howto/train-and-sample.md", slow=True) == []
    assert "\n\n".join(follow(ROOT / "docs/howto/cluster.md", slow=True)) == ""


def _put(folder: Path, port: int) -> None:
    """What is in a folder, as the films of the archive."""
    line = http.client.HTTPConnection("127.0.0.1", port)
    for root, _, files in os.walk(folder):
        for file in files:
            path = Path(root) / file
            line.request("PUT", f"/archive/films/{path.relative_to(folder).as_posix()}", path.read_bytes())
            assert line.getresponse().read() == b""
