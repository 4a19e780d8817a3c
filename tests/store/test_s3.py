"""An S3-compatible server on loopback, whose requests are interrupted and throttled: the same is read and written."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from cohorts import films, joined, noisy_copies, pixels_of
from doppelscan.imagesets import ImageSet, save

pytest.importorskip("s3fs", reason="the extra `s3` is not installed")
moto_server = pytest.importorskip("moto.server", reason="moto is not installed")

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

SECRET = "hush-do-not-tell"  # noqa: S105 - nobody's
SLOW_DOWN = b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"


@dataclass
class Store:
    """A server behind a door that lets a request through, breaks it off half-way, or asks to slow down."""

    port: int
    door: ThreadingHTTPServer
    faults: dict[int, str] = field(default_factory=dict)
    every: str = ""
    met: list[str] = field(default_factory=list)
    _count: int = 0
    _lock: Any = field(default_factory=threading.Lock)

    @property
    def environment(self) -> dict[str, str]:
        keys = {
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_DEFAULT_REGION": "us-east-1",
        }
        return keys | {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.door.server_port}"}

    def fault(self) -> str:
        """What happens to the next request."""
        with self._lock:
            self._count += 1
            fault = self.every or self.faults.get(self._count % 10, "")
            self.met += [fault] * bool(fault)
            return fault

    def content(self) -> dict[str, bytes]:
        """All objects, asked for at the back door."""
        import boto3

        keys = {"aws_access_key_id": "key", "aws_secret_access_key": SECRET, "region_name": "us-east-1"}
        client = boto3.client("s3", endpoint_url=f"http://127.0.0.1:{self.port}", **keys)
        names = [one["Key"] for one in client.list_objects_v2(Bucket="bucket").get("Contents", [])]
        return {name: client.get_object(Bucket="bucket", Key=name)["Body"].read() for name in names}


@pytest.fixture
def store() -> Iterator[Store]:
    server = moto_server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    door = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    there = Store(port, door)
    door.store = there  # type: ignore[attr-defined]
    threading.Thread(target=door.serve_forever, daemon=True).start()
    line = http.client.HTTPConnection("127.0.0.1", port)
    line.request("POST", "/moto-api/reset")
    line.getresponse().read()
    line.request("PUT", "/bucket")
    assert line.getresponse().status == 200
    yield there
    door.shutdown()
    door.server_close()
    server.stop()


class Door(BaseHTTPRequestHandler):
    """Passes a request on, unless it is the turn of a fault."""

    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        store: Store = self.server.store  # type: ignore[attr-defined]
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault = store.fault()
        if fault == "throttled":
            self._send(503, {"Content-Type": "application/xml"}, SLOW_DOWN)
            return
        if fault == "refused":
            self.close_connection = True
            self.connection.close()
            return
        line = http.client.HTTPConnection("127.0.0.1", store.port)
        line.request(self.command, self.path, body, dict(self.headers))
        found = line.getresponse()
        self._send(found.status, dict(found.getheaders()), found.read(), cut=fault == "cut")

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = answer  # noqa: N815 - so they are asked for

    def _send(self, status: int, headers: dict[str, str], content: bytes, *, cut: bool = False) -> None:
        self.send_response(status)
        length = (
            headers.get("Content-Length", str(len(content))) if self.command == "HEAD" else str(len(content))
        )
        passed = {"content-length", "transfer-encoding", "connection", "date", "server"}
        for name, value in headers.items():
            if name.lower() not in passed:
                self.send_header(name, value)
        self.send_header("Content-Length", length)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content[: len(content) // 2] if cut else content)
        if cut:
            self.close_connection = True

    def log_message(self, *_said: object) -> None:
        pass


def _films(folder: Path) -> dict[str, ImageSet]:
    """Three prepared sets, in folders of these names."""
    train, holdout = films(30), films(30, first=30)
    synthetic = joined(noisy_copies(train, [1, 2, 3]), pixels_of(films(30, first=60)))
    named = {"train": train, "holdout": holdout, "synthetic": synthetic}
    return {name: save(images, folder / name) for name, images in named.items()}


def _run(store: Store, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    paths = os.pathsep.join(str(Path(__file__).parents[2] / name) for name in ("src", "tests"))
    own = {"PYTHONPATH": paths, "DOPPELSCAN_CACHE": str(folder / "cache"), "PYTHONWARNINGS": "ignore"}
    command = [sys.executable, "-c", "from doppelscan.cli import main; main()", *arguments]
    return subprocess.run(
        command,
        env=os.environ | store.environment | own,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
        cwd=folder,
    )


def _upload(store: Store, folder: Path, place: str) -> None:
    for file in (path for path in folder.rglob("*") if path.is_file()):
        line = http.client.HTTPConnection("127.0.0.1", store.port)
        line.request("PUT", f"/bucket/{place}/{file.relative_to(folder)}", file.read_bytes())
        assert line.getresponse().status == 200


SETS = ("--train", "{}/train", "--synthetic", "{}/synthetic", "--holdout", "{}/holdout")
HOW = ("--method", "pearson", "--effort", "quick", "--json")


def _audit(at: str, out: str) -> list[str]:
    return ["audit", *(part.format(at) for part in SETS), *HOW, "--out", out]


def test_an_audit_of_sets_there_concludes_the_same_whatever_is_in_the_way(
    store: Store, tmp_path: Path
) -> None:
    _films(tmp_path / "sets")
    _upload(store, tmp_path / "sets", "sets")
    here = _run(store, tmp_path, *_audit("sets", "run"))
    assert here.returncode == 0, here.stderr
    store.faults = {3: "throttled", 6: "cut", 9: "refused"}
    there = _run(store, tmp_path, *_audit("s3://bucket/sets", "s3://bucket/run"))
    assert there.returncode == 0, there.stderr
    assert {"throttled", "cut", "refused"} <= set(store.met)
    assert json.loads(there.stdout) == json.loads(here.stdout)
    written = {name.partition("/")[2]: content for name, content in store.content().items() if "run/" in name}
    assert set(written) == {path.name for path in (tmp_path / "run").iterdir()}
    assert json.loads(written["findings.json"]) == json.loads(
        (tmp_path / "run" / "findings.json").read_text()
    )
    assert SECRET not in there.stderr + there.stdout
    assert not any(SECRET.encode() in content for content in written.values())


def test_a_folder_of_films_there_is_prepared_there(store: Store, tmp_path: Path) -> None:
    from PIL import Image

    (tmp_path / "films").mkdir()
    for name, image in zip("abcdef", films(6), strict=True):
        Image.fromarray(image.stored[0]).save(tmp_path / "films" / f"{name}.png")
    _upload(store, tmp_path / "films", "films")
    store.faults = {4: "throttled", 8: "cut"}
    done = _run(store, tmp_path, "prepare", "s3://bucket/films", "--size", "16", "--out", "s3://bucket/set")
    assert done.returncode == 0, done.stderr
    assert "s3://bucket/set: 6 images of 1x16x16" in done.stdout
    alone = _run(store, tmp_path, "prepare", "films", "--size", "16", "--out", "set")
    assert alone.returncode == 0, alone.stderr
    there = {name: content for name, content in store.content().items() if name.startswith("set/pixels.zarr")}
    here = {str(path.relative_to(tmp_path)): path for path in (tmp_path / "set/pixels.zarr").rglob("*")}
    assert there == {name: path.read_bytes() for name, path in here.items() if path.is_file()}
    again = _run(store, tmp_path, "prepare", "s3://bucket/films", "--size", "16", "--out", "s3://bucket/set")
    assert (again.returncode, "holds something else" in again.stderr) == (2, True)


@pytest.mark.parametrize("fault", ["throttled", "cut", "refused"])
def test_a_store_that_never_lets_a_request_through_is_one_clear_error(
    store: Store, tmp_path: Path, fault: str
) -> None:
    store.every = fault
    code = (
        "from doppelscan.store import objects; objects._PAUSE = 0.01; objects._TRIES = 2\n"
        "objects._OPTIONS['s3']['config_kwargs']['retries']['max_attempts'] = 2\n"
        "import sys; from doppelscan.cli import main\n"
        "sys.argv = ['doppelscan', 'prepare', 's3://bucket/films', '--out', 'set']; main()"
    )
    paths = os.pathsep.join(str(Path(__file__).parents[2] / name) for name in ("src", "tests"))
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        env=os.environ | store.environment | {"PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
        cwd=tmp_path,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("doppelscan: s3://bucket/films")
    assert "the object store does not answer" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert SECRET not in done.stderr
