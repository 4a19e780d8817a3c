"""May this request pass? Nothing reaches the application unless it comes from a page of ours, opened by a reader.

A page of another origin may point its own name at this machine (DNS rebinding), so the `Host` must be ours; it may send
forms and scripts (CSRF), so whatever changes something must name our origin, and cookies are strict. What goes out
may load nothing from elsewhere, be framed by nobody, and be kept by no browser.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

__all__ = ["LARGEST_BODY", "LARGEST_HEAD", "Guard", "Keys", "Refused"]

LARGEST_HEAD = LARGEST_BODY = 16 * 1024  # bytes of a request

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
DRAWING_POLICY = POLICY.replace("blob:", "blob: data:")  # niivue holds its letters as pictures
_ALWAYS = (
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
)


@dataclass(frozen=True)
class Keys:
    """What each reader is known by: the token of the URL that is given out, and the cookie that it becomes."""

    tokens: Mapping[str, str]
    cookies: Mapping[str, str]

    @staticmethod
    def new(readers: Iterable[str]) -> Keys:
        """New ones, of 256 bits."""
        names = tuple(readers)
        return Keys(*({secrets.token_urlsafe(32): name for name in names} for _ in range(2)))

    def token_of(self, reader: str) -> str:
        """The token to be given to a reader."""
        return next(token for token, name in self.tokens.items() if name == reader)


class Refused(Exception):
    """A request that does not pass; `status` and `reason` are all that its sender learns."""

    def __init__(self, status: int, reason: str) -> None:
        self.status, self.reason = status, reason
        super().__init__(reason)


class Guard:
    """An application behind checks; what passes has its reader in `scope["reader"]`."""

    def __init__(
        self,
        app: App,
        keys: Keys,
        hosts: Iterable[str],
        *,
        cookie: str,
        secure: bool,
        drawing: Collection[str] = (),
    ) -> None:
        """`hosts` are our names with our port, `cookie` is what ours is called, `secure` whether TLS is spoken.

        The pages whose paths are in `drawing` may show pictures that their own scripts hold, and nothing more.
        """
        self._app, self._keys, self._secure, self._drawing = app, keys, secure, drawing
        self._hosts = frozenset(host.lower() for host in hosts)
        scheme = "https" if secure else "http"
        self._origins = frozenset(f"{scheme}://{host}" for host in self._hosts)
        self._cookie = cookie

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Let a request pass, take its token, or refuse it."""
        if scope["type"] != "http":
            return
        sending = _hardened(send, DRAWING_POLICY if scope["path"] in self._drawing else POLICY)
        try:
            headers = _read(scope["headers"])
            self._check(scope, headers)
            if token := _token(scope):
                await self._enter(token, sending)
                return
            scope["reader"] = self._reader(headers)
            await self._app(scope, _limited(receive, headers), sending)
        except Refused as refused:
            await _answer(sending, refused.status, refused.reason)

    def _check(self, scope: Message, headers: Mapping[str, list[str]]) -> None:
        """Refuse what is not asked of us, by a page of ours."""
        size = (
            len(scope["raw_path"])
            + len(scope["query_string"])
            + sum(len(k) + len(v) for k, v in scope["headers"])
        )
        if size > LARGEST_HEAD:
            raise Refused(431, "The request is too long.")
        if scope["method"] not in {"GET", "POST"}:
            raise Refused(405, "Only GET and POST are answered.")
        if [host.lower() for host in headers.get("host", [])] not in [[host] for host in self._hosts]:
            raise Refused(421, "This is not the address of this review.")
        origins = headers.get("origin", [])
        if any(origin.lower() not in self._origins for origin in origins):
            raise Refused(403, "This request comes from another page.")
        if scope["method"] == "POST" and len(origins) != 1:
            raise Refused(403, "This request does not say from which page it comes.")
        if scope["path"] != "/" and set(headers.get("sec-fetch-site", [])) - {"same-origin", "none"}:
            raise Refused(403, "This request comes from another page.")

    def _reader(self, headers: Mapping[str, list[str]]) -> str:
        given = [
            cookie.strip().partition("=") for line in headers.get("cookie", []) for cookie in line.split(";")
        ]
        for name, _, value in given:
            if name == self._cookie and (reader := _matched(value, self._keys.cookies)):
                return reader
        raise Refused(401, "Open the address that doppelscan printed: it lets you in.")

    async def _enter(self, token: str, send: Send) -> None:
        """Turn the token of a URL into a cookie, and the URL into one without it."""
        reader = _matched(token, self._keys.tokens)
        if reader is None:
            raise Refused(
                403, "This address is not, or no longer, valid: the review prints a new one each time."
            )
        value = next(value for value, name in self._keys.cookies.items() if name == reader)
        cookie = f"{self._cookie}={value}; Path=/; HttpOnly; SameSite=Strict" + (
            "; Secure" if self._secure else ""
        )
        await _answer(send, 303, "", [(b"location", b"/"), (b"set-cookie", cookie.encode())])


def _read(pairs: Iterable[tuple[bytes, bytes]]) -> Mapping[str, list[str]]:
    headers: dict[str, list[str]] = {}
    for name, value in pairs:
        headers.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
    return headers


def _token(scope: Message) -> str | None:
    """The token in the query of the first page; an empty one is one, too."""
    if scope["path"] != "/" or scope["method"] != "GET":
        return None
    found = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True).get("token")
    return None if found is None else found[0] or "-"


def _matched(given: str, known: Mapping[str, str]) -> str | None:
    """Whose key this is; how long the answer takes does not tell how much of it is right."""
    found = [
        name
        for key, name in known.items()
        if hmac.compare_digest(given.encode("utf-8", "replace"), key.encode())
    ]
    return found[0] if found else None


def _limited(receive: Receive, headers: Mapping[str, list[str]]) -> Receive:
    """The request's body, refused as soon as it is too long, whatever it says of itself."""
    for length in headers.get("content-length", []):
        if not length.isdecimal() or int(length) > LARGEST_BODY:
            raise Refused(413, "The request is too long.")
    taken = 0

    async def limited() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > LARGEST_BODY:
            raise Refused(413, "The request is too long.")
        return message

    return limited


def _hardened(send: Send, policy: str) -> Send:
    always = ((b"content-security-policy", policy.encode()), *_ALWAYS)

    async def hardened(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", []), *always]
        await send(message)

    return hardened


async def _answer(send: Send, status: int, text: str, headers: Iterable[tuple[bytes, bytes]] = ()) -> None:
    kind = (b"content-type", b"text/plain; charset=utf-8")
    await send({"type": "http.response.start", "status": status, "headers": [kind, *headers]})
    await send({"type": "http.response.body", "body": text.encode()})
