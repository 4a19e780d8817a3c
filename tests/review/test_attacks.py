"""What gets past the guard? Nothing but the pages of a reader: tried, one after the other, on a real server."""

from __future__ import annotations

import contextlib
import json
import socket
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from .conftest import Site

PATHS = ["/", "/api/queue", "/web/app.js", "/web/index.html", "/api/undo", "/nothing"]


def first(site: Site, reader: str = "Ada") -> str:
    return str(site.get(reader, "/api/queue").json["pairs"][0]["id"])


def raw(site: Site, request: bytes) -> bytes:
    """What comes back to bytes that no client would send."""
    name, port = site.host.split(":")
    with socket.create_connection((name, int(port)), timeout=30) as connection:
        answer = []
        with contextlib.suppress(ConnectionError):  # it hangs up on what is too long
            connection.sendall(request)
            answer += iter(lambda: connection.recv(65536), b"")
        return b"".join(answer)


def test_the_address_lets_its_reader_in_and_is_forgotten(site: Site) -> None:
    path = site.urls["Ada"].removeprefix(site.origin)
    answer = site.ask("GET", path)
    assert (answer.status, answer.headers["location"], answer.body) == (303, "/", b"")
    cookie = answer.headers["set-cookie"]
    assert "; HttpOnly; SameSite=Strict" in cookie
    assert path.partition("token=")[2] not in cookie
    assert site.get("Ada", "/").status == 200
    assert site.get("Ada", "/api/queue").json["reader"] == "Ada"
    assert site.get("Ben", "/api/queue").json["reader"] == "Ben"


@pytest.mark.parametrize("path", PATHS)
def test_without_a_cookie_nothing_is_said(site: Site, path: str) -> None:
    for cookie in (
        {},
        {"Cookie": "x=y"},
        {"Cookie": site.cookie("Ada") + "x"},
        {"Cookie": site.cookie("Ada")[:-1]},
    ):
        answer = site.ask("GET", path, **cookie)
        assert answer.status == 401
        assert b"doppelscan" in answer.body
        assert b"pair" not in answer.body


@pytest.mark.parametrize("token", ["", "x", "%00", "é", "a" * 5000, "../../etc/passwd"])
def test_a_wrong_token_is_refused(site: Site, token: str) -> None:
    answer = site.ask(
        "GET", f"/?token={token.encode('latin-1', 'replace').decode('latin-1')}".replace("é", "%C3%A9")
    )
    assert answer.status == 403
    assert "set-cookie" not in answer.headers


def test_the_cookie_is_no_token_and_the_token_no_cookie(site: Site) -> None:
    name, _, value = site.cookie("Ada").partition("=")
    token = site.urls["Ada"].partition("token=")[2]
    assert site.ask("GET", f"/?token={value}").status == 403
    assert site.ask("GET", "/api/queue", Cookie=f"{name}={token}").status == 401


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:80", "", "127.0.0.1", "127.0.0.1:1", "localhost.evil.example"]
)
def test_another_host_is_refused_whatever_else_is_right(site: Site, host: str) -> None:
    cookie = site.cookie("Ada")
    for path in ("/", "/api/queue", site.urls["Ada"].removeprefix(site.origin)):
        assert site.ask("GET", path, Host=host, Cookie=cookie).status == 421


def test_two_hosts_or_none_are_refused(site: Site) -> None:
    cookie = site.cookie("Ada")
    for hosts in (
        f"Host: {site.host}\r\nHost: {site.host}",
        f"Host: {site.host}\r\nHost: evil.example",
        "X: y",
    ):
        head = f"GET /api/queue HTTP/1.1\r\n{hosts}\r\nCookie: {cookie}\r\nConnection: close\r\n\r\n"
        assert raw(site, head.encode()).split()[1] in {b"400", b"421"}


def test_our_other_name_is_ours(site: Site) -> None:
    host = f"localhost:{site.host.rpartition(':')[2]}"
    assert site.ask("GET", "/api/queue", Host=host, Cookie=site.cookie("Ada")).status == 200


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "https://{host}", "http://{host}.evil.example", "file://"]
)
def test_another_origin_is_refused_to_read_and_to_write(site: Site, origin: str) -> None:
    content = json.dumps({"pair": first(site), "label": "copy"}).encode()
    headers = {"Cookie": site.cookie("Ada"), "Origin": origin.format(host=site.host)}
    assert (
        site.ask("POST", "/api/verdicts", content, Content_Type="application/json", **headers).status == 403
    )
    assert site.ask("POST", "/api/undo", b"", **headers).status == 403
    assert site.ask("GET", "/api/queue", **headers).status == 403
    assert {pair["label"] for pair in site.get("Ada", "/api/queue").json["pairs"]} == {None}


def test_a_request_that_does_not_say_where_it_is_from_changes_nothing(site: Site) -> None:
    content = json.dumps({"pair": first(site), "label": "copy"}).encode()
    headers = {"Cookie": site.cookie("Ada"), "Content_Type": "application/json"}
    assert site.ask("POST", "/api/verdicts", content, **headers).status == 403
    assert {pair["label"] for pair in site.get("Ada", "/api/queue").json["pairs"]} == {None}


@pytest.mark.parametrize("where", ["cross-site", "same-site"])
def test_images_do_not_load_in_pages_of_others(site: Site, where: str) -> None:
    path = f"/api/pairs/{first(site)}/maps/difference"
    headers = {"Cookie": site.cookie("Ada"), "Sec_Fetch_Site": where}
    assert site.ask("GET", path, **headers).status == 403
    assert site.ask("GET", path, Cookie=site.cookie("Ada"), Sec_Fetch_Site="same-origin").status == 200


TRAVERSALS = [
    "../../../../etc/passwd",
    "..%2f..%2f..%2fetc%2fpasswd",
    "%2e%2e/%2e%2e/etc/passwd",
    "..%5c..%5cetc",
    "....//etc/passwd",
    "/etc/passwd",
    "%00",
    "app.js%00.html",
    "../app.py",
    "..%2fapp.py",
    "..%252fapp.py",
    "train-000.png",
    "p0-0.png",
    "matches.parquet",
    "..%2fmatches.parquet",
]


@pytest.mark.parametrize(
    "place",
    ["/web/{}", "/api/pairs/{}", "/api/pairs/{}/values/synthetic", "/api/pairs/{}/maps/agreement", "/{}"],
)
def test_no_name_becomes_a_path(site: Site, place: str) -> None:
    for name in TRAVERSALS:
        answer = site.get("Ada", place.format(name))
        assert answer.status in {400, 404}, name
        assert b"root:" not in answer.body
        assert b"import" not in answer.body


@given(st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=40))
@settings(max_examples=15, deadline=None)
def test_no_pair_has_a_name_that_was_made_up(site: Site, name: str) -> None:
    from urllib.parse import quote

    answer = site.get("Ada", f"/api/pairs/{quote(name, safe='')}/values/synthetic")
    assert answer.status in {400, 404}


@pytest.mark.parametrize(
    "query",
    [
        "plane=axial",
        "plane=../x",
        "slice=1",
        "slice=-1",
        "slice=x",
        "slice=99999999999999999999999",
        "channel=1",
        "channel=1e3",
    ],
)
def test_slices_that_are_not_there_are_refused(site: Site, query: str) -> None:
    for kind in ("values/synthetic", "maps/difference"):
        assert site.get("Ada", f"/api/pairs/{first(site)}/{kind}?{query}").status in {400, 404}


def test_layers_that_are_not_there_are_refused(site: Site) -> None:
    for kind in ("values/score", "maps/verdict", "values", "maps/", "values/../maps/difference"):
        assert site.get("Ada", f"/api/pairs/{first(site)}/{kind}").status in {400, 404}


MALFORMED = [
    b"",
    b"{",
    b"[]",
    b"null",
    b'"copy"',
    b"\xff\xfe",
    b'{"pair": "x"}',
    b'{"pair": 3, "label": "copy"}',
    b'{"pair": "x", "label": "COPY"}',
    b'{"pair": "x", "label": null}',
    b'{"pair": "x", "label": "copy", "comment": 3}',
    b'{"pair": "x", "label": "copy", "reader": "Ben"}',
    b'{"pair": "x", "label": "copy", "comment": "' + b"x" * 2001 + b'"}',
    b'{"pair": "' + b"x" * 65 + b'", "label": "copy"}',
    b"[" * 8000,
]


@pytest.mark.parametrize("body", MALFORMED, ids=range(len(MALFORMED)))
def test_malformed_verdicts_are_refused_and_not_repeated(site: Site, body: bytes) -> None:
    headers = {"Cookie": site.cookie("Ada"), "Origin": site.origin, "Content_Type": "application/json"}
    answer = site.ask("POST", "/api/verdicts", body, **headers)
    assert answer.status == 400
    assert answer.json == {"problem": "The request is malformed."}
    assert {pair["label"] for pair in site.get("Ada", "/api/queue").json["pairs"]} == {None}


def test_a_verdict_that_is_no_json_is_refused(site: Site) -> None:
    body = json.dumps({"pair": first(site), "label": "copy"}).encode()
    headers = {"Cookie": site.cookie("Ada"), "Origin": site.origin}
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        assert site.ask("POST", "/api/verdicts", body, Content_Type=kind, **headers).status == 400


def test_requests_that_are_too_long_are_refused(site: Site) -> None:
    headers = {"Cookie": site.cookie("Ada"), "Origin": site.origin, "Content_Type": "application/json"}
    assert site.ask("POST", "/api/verdicts", b"x" * 16385, **headers).status == 413
    assert site.ask("GET", "/" + "x" * 70_000, **headers).status in {400, 404, 414, 431}
    assert site.ask("GET", "/api/queue", X_Long="x" * 70_000, **headers).status in {400, 431}
    assert site.get("Ada", "/api/queue").status == 200


def test_a_body_that_is_longer_than_it_says_is_refused(site: Site) -> None:
    head = (
        f"POST /api/verdicts HTTP/1.1\r\nHost: {site.host}\r\nCookie: {site.cookie('Ada')}\r\nOrigin: {site.origin}\r\n"
        "Content-Type: application/json\r\nConnection: close\r\n"
    )
    chunk = b"4000\r\n" + b"x" * 0x4000 + b"\r\n"
    chunked = head.encode() + b"Transfer-Encoding: chunked\r\n\r\n" + chunk * 8 + b"0\r\n\r\n"
    assert raw(site, chunked).split()[1:2] in [[b"400"], [b"413"], []]
    assert raw(site, head.encode() + b"Transfer-Encoding: chunked\r\n\r\n" + chunk + b"0\r\n\r\n").split()[
        1:2
    ] in [[b"400"], []]
    negative = head.encode() + b"Content-Length: -5\r\n\r\nxxxxx"
    assert raw(site, negative).split()[1] in {b"400", b"413"}
    assert site.get("Ada", "/api/queue").status == 200


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "TRACE", "CONNECT"])
def test_no_other_method_is_answered(site: Site, method: str) -> None:
    headers = {"Cookie": site.cookie("Ada"), "Origin": site.origin}
    assert site.ask(method, "/api/queue", **headers).status in {400, 405}


def test_readers_are_kept_apart(site: Site) -> None:
    pairs = site.get("Ada", "/api/queue").json["pairs"]
    assert (
        site.post("Ada", "/api/verdicts", {"pair": pairs[1]["id"], "label": "copy", "comment": "mine"}).status
        == 200
    )
    seen = site.get("Ben", f"/api/pairs/{pairs[1]['id']}").json
    assert (seen["label"], seen["comment"]) == (None, "")
    assert {pair["label"] for pair in site.get("Ben", "/api/queue").json["pairs"]} == {None}
    assert site.post("Ben", "/api/undo", {}).json == {"pair": None}
    for header in ({"X_Reader": "Ada"}, {"Authorization": "Ada"}):
        answer = site.ask("GET", "/api/queue?reader=Ada", Cookie=site.cookie("Ben"), **header)
        assert answer.json["reader"] == "Ben"
    assert site.post("Ada", "/api/undo", {}).json == {"pair": pairs[1]["id"]}


def test_nothing_tells_a_reader_what_a_pair_is(site: Site) -> None:
    queue = site.get("Ada", "/api/queue")
    ids = [pair["id"] for pair in queue.json["pairs"]]
    assert {tuple(sorted(pair)) for pair in queue.json["pairs"]} == {("id", "label")}
    assert len({len(name) for name in ids}) == 1
    said = queue.body + b"".join(site.get("Ada", f"/api/pairs/{name}").body for name in ids)
    for word in (
        b".png",
        b"@",
        b"control",
        b"score",
        b"p_value",
        b"copied",
        b'"patient"',
        b"planted",
        b"holdout",
    ):
        assert word not in said
    assert len({tuple(sorted(site.get("Ada", f"/api/pairs/{name}").json)) for name in ids}) == 1


def test_every_answer_is_kept_by_nobody_and_loads_nothing_from_elsewhere(site: Site) -> None:
    pair = f"/api/pairs/{first(site)}"
    answers = [
        site.get("Ada", path) for path in (*PATHS, pair, f"{pair}/values/laid", f"{pair}/maps/agreement")
    ]
    answers += [
        site.ask("GET", "/"),
        site.ask("GET", "/?token=x"),
        site.ask("PUT", "/"),
        site.ask("GET", "/", Host="x"),
    ]
    answers += [
        site.post("Ada", "/api/verdicts", {}),
        site.ask("GET", site.urls["Ada"].removeprefix(site.origin)),
    ]
    for answer in answers:
        assert answer.headers["cache-control"] == "no-store"
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'self';")
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        assert "access-control-allow-origin" not in answer.headers
        assert "server" not in answer.headers


def test_only_the_pages_that_are_shipped_are_served(site: Site) -> None:
    import doppelscan.review

    web = Path(doppelscan.review.__file__).parent / "web"
    for file in web.iterdir():
        assert site.get("Ada", f"/web/{file.name}").body == file.read_bytes()
        assert b"http://" not in file.read_bytes().replace(b"http://www.w3.org/2000/svg", b"")
        assert b"https://" not in file.read_bytes()
