"""One small audit of films with copies among them, on disk, and reviews of it."""

from __future__ import annotations

import http.client
import json
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from calling import Folders, write_films
from cohorts import films, joined, noisy_copies, pixels_of
from doppelscan.audit import AuditSettings, audit
from doppelscan.review import Desk, QueueSettings, open_desk, served

MakeDesk = Callable[..., Desk]


@dataclass(frozen=True)
class Answer:
    """What a server said."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body's content."""
        return json.loads(self.body)


@dataclass(frozen=True)
class Site:
    """A review that answers, and whoever asks: a client of a reader has that reader's cookie."""

    urls: dict[str, str]
    jar: dict[str, str] = field(default_factory=dict)

    @property
    def host(self) -> str:
        """Name and port."""
        return urlsplit(next(iter(self.urls.values()))).netloc

    @property
    def origin(self) -> str:
        """What pages of the review are known by."""
        return f"http://{self.host}"

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        """A request with these headers (underscores for hyphens) and no other but `Host`."""
        connection = http.client.HTTPConnection(self.host, timeout=30)
        try:
            connection.request(
                method, path, body, {name.replace("_", "-"): text for name, text in headers.items()}
            )
            answer = connection.getresponse()
            return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def cookie(self, reader: str) -> str:
        """The cookie that a reader's URL becomes."""
        if reader not in self.jar:
            parts = urlsplit(self.urls[reader])
            answer = self.ask("GET", f"{parts.path}?{parts.query}")
            self.jar[reader] = answer.headers["set-cookie"].partition(";")[0]
        return self.jar[reader]

    def get(self, reader: str, path: str) -> Answer:
        """What a reader's page gets."""
        return self.ask("GET", path, Cookie=self.cookie(reader))

    def post(self, reader: str, path: str, content: object) -> Answer:
        """What a reader's page is told when it sends something."""
        return self.ask(
            "POST",
            path,
            json.dumps(content).encode(),
            Cookie=self.cookie(reader),
            Origin=self.origin,
            Content_Type="application/json",
        )


@pytest.fixture(scope="session")
def reviewed_films(tmp_path_factory: pytest.TempPathFactory) -> Folders:
    """30 training films, 20 held-out ones, and 12 synthetic ones of which three are noisy copies."""
    folder = tmp_path_factory.mktemp("reviewed")
    train = films(30)
    synthetic = joined(noisy_copies(train, [0, 1, 2]), pixels_of(films(9, first=300)))
    named = replace(synthetic, table=synthetic.table.assign(id=synthetic.table["id"] + ".png"))
    return Folders(
        write_films(folder / "train", train),
        write_films(folder / "synthetic", named, table=False),
        write_films(folder / "holdout", films(20, first=100)),
    )


@pytest.fixture(scope="session")
def audited(reviewed_films: Folders, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The audit of these films; to be copied before it is written to."""
    run = tmp_path_factory.mktemp("audits") / "run"
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("DOPPELSCAN_CACHE", str(tmp_path_factory.mktemp("cache")))
        audit(
            train=reviewed_films.train,
            synthetic=reviewed_films.synthetic,
            holdout=reviewed_films.holdout,
            settings=AuditSettings(method="pearson", n_controls=5, n_draws=2),
            out=run,
        )
    return run


@pytest.fixture
def run(audited: Path, tmp_path: Path) -> Path:
    """The audit, for one test to write to."""
    return Path(shutil.copytree(audited, tmp_path / "run"))


@pytest.fixture
def make_desk(run: Path) -> Iterator[MakeDesk]:
    """Opens the review of the run; closed at the end."""
    opened = []

    def make(folder: Path = run, n_pairs: int = 100, n_controls: int = 3, seed: int = 0) -> Desk:
        desk = open_desk(folder, QueueSettings(n_pairs, n_controls, seed))
        opened.append(desk)
        return desk

    yield make
    for desk in opened:
        desk.close()


@pytest.fixture(scope="module")
def site(audited: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A review by Ada and Ben that answers; what is asked of it must not depend on what was asked before."""
    folder = Path(shutil.copytree(audited, tmp_path_factory.mktemp("site") / "run"))
    desk = open_desk(folder, QueueSettings(100, 3, 0))
    with served(desk, ["Ada", "Ben"]) as service:
        thread = threading.Thread(target=service.run)
        thread.start()
        yield Site(service.urls)
        service.server.should_exit = True
        thread.join()
    desk.close()
