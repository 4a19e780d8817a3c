"""A review is reached on this machine alone, unless its owner protects it, or says that nothing does."""

from __future__ import annotations

import importlib
import shutil
import ssl
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from doppelscan.errors import InputError, MissingExtra
from doppelscan.review import Address, served
from doppelscan.review.guard import Keys

from .conftest import MakeDesk


def problems(**options: object) -> list[str]:
    with pytest.raises(InputError) as refused:
        Address(**options)  # type: ignore[arg-type]
    return [str(problem) for problem in refused.value.problems]


def test_by_default_nothing_but_this_machine_reaches_it() -> None:
    address = Address()
    assert address.loopback
    assert address.hosts(8000) == ("127.0.0.1:8000", "localhost:8000")
    assert Address(bind="::1").hosts(8000) == ("[::1]:8000", "localhost:8000")
    assert Address().hosts(80) == ("127.0.0.1", "localhost")


def test_beyond_this_machine_it_wants_tls_or_to_be_told() -> None:
    (said,) = problems(bind="192.0.2.7")
    assert "in the clear" in said
    assert "--insecure" in said
    address = Address(bind="192.0.2.7", insecure=True)
    assert address.hosts(8000) == ("192.0.2.7:8000",)
    assert not address.loopback


def test_where_it_stands_for_every_address_it_must_be_named() -> None:
    assert "--name" in problems(bind="0.0.0.0", insecure=True)[0]  # noqa: S104 - that is the point
    named = Address(bind="0.0.0.0", insecure=True, names=("ward-7",))  # noqa: S104
    assert named.hosts(8000) == ("ward-7:8000",)


def test_all_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    said = problems(bind="::", certificate=tmp_path / "none.pem")
    assert len(said) == 3
    assert "no IP address" in problems(bind="localhost")[0]


def test_a_port_that_is_taken_is_said(make_desk: MakeDesk) -> None:
    desk = make_desk()
    with served(desk, ["Ada"]) as service:
        port = service.listening.getsockname()[1]
        with pytest.raises(InputError, match="cannot listen"), served(desk, ["Ada"], Address(port=port)):
            pass


@pytest.mark.parametrize("package", ["uvicorn", "fastapi"])
def test_without_the_extra_it_says_what_to_install(
    make_desk: MakeDesk, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = importlib.import_module

    def absent(name: str, *rest: object) -> object:
        if name == package:
            raise ImportError(name)
        return real(name, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(importlib, "import_module", absent)
    with (
        pytest.raises(MissingExtra, match=rf"{package} .*pip install 'doppelscan\[review\]'"),
        served(make_desk(), ["Ada"]),
    ):
        pass


def test_keys_are_long_and_never_the_same() -> None:
    keys = Keys.new(["Ada", "Ben"]), Keys.new(["Ada", "Ben"])
    every = [secret for one in keys for secret in (*one.tokens, *one.cookies)]
    assert len(set(every)) == 8
    assert min(map(len, every)) >= 43
    assert keys[0].tokens[keys[0].token_of("Ben")] == "Ben"


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    paths = tmp_path / "cert.pem", tmp_path / "key.pem"
    made = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost"
    named = "-addext", "subjectAltName=IP:127.0.0.1"
    subprocess.run(
        ["openssl", *made.split(), *named, "-out", paths[0], "-keyout", paths[1]],
        check=True,
        capture_output=True,
    )
    return paths


def test_with_a_certificate_it_speaks_tls_and_the_cookie_is_secure(
    make_desk: MakeDesk, certificate: tuple[Path, Path]
) -> None:
    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_: object) -> None:
            return None

    trusting = ssl.create_default_context(cafile=str(certificate[0]))
    opener = urllib.request.build_opener(Stay, urllib.request.HTTPSHandler(context=trusting))
    with served(make_desk(), ["Ada"], Address(certificate=certificate[0], key=certificate[1])) as service:
        thread = threading.Thread(target=service.run)
        thread.start()
        try:
            assert service.urls["Ada"].startswith("https://127.0.0.1:")
            with pytest.raises(urllib.error.HTTPError) as redirected:
                opener.open(service.urls["Ada"], timeout=30)
            assert redirected.value.code == 303
            assert redirected.value.headers["set-cookie"].endswith("; Secure")
            redirected.value.close()
        finally:
            service.server.should_exit = True
            thread.join()


def test_files_that_are_no_certificate_are_refused(make_desk: MakeDesk, tmp_path: Path) -> None:
    path = tmp_path / "nothing.pem"
    path.write_text("nothing")
    with (
        pytest.raises(InputError, match="--tls-cert"),
        served(make_desk(), ["Ada"], Address(certificate=path, key=path)),
    ):
        pass


@pytest.mark.slow
def test_verdicts_are_read_without_the_server_or_torch() -> None:
    program = (
        "import sys, doppelscan.review as r; r.verdicts_of, r.open_desk, r.readers_of, r.served\n"
        "print(sorted({'torch', 'fastapi', 'uvicorn'} & set(sys.modules)))"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"
