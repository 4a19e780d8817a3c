"""What does the browser ask for? Pages of ours by name, pairs by id; no name from it ever becomes a path.

Only `serving` imports this, once the extra `review` is known to be there.
"""

from __future__ import annotations

from importlib import resources
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException as StarletteHTTPException

from doppelscan.errors import UnreadableImage
from doppelscan.review.desk import Desk, NoSuchPair
from doppelscan.review.verdicts import LABELS, Label
from doppelscan.review.view import Drawn, Side, Where

__all__ = ["LONGEST_COMMENT", "application"]

LONGEST_COMMENT = 2000  # characters

_FOLDERS = (("report", "viewer"), ("review", "web"))  # what the report has, too, and what only a review has
_KINDS = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}


class Said(BaseModel):
    """What a reader says of a pair."""

    model_config = ConfigDict(extra="forbid", strict=True)

    pair: str = Field(max_length=64)
    label: Label
    comment: str = Field(default="", max_length=LONGEST_COMMENT)


def _reader(request: Request) -> str:
    """Who asks; the guard has made sure of it."""
    return str(request.scope["reader"])


def _place(
    plane: Annotated[str, Query(max_length=16)] = "film",
    k: Annotated[int, Query(ge=0, alias="slice")] = 0,
    channel: Annotated[int, Query(ge=0)] = 0,
) -> Where:
    return Where(plane, k, channel)


Reader = Annotated[str, Depends(_reader)]
Place = Annotated[Where, Depends(_place)]


def application(desk: Desk) -> FastAPI:
    """The application of a review, to be put behind its guard."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    _pages(app)
    _pairs(app, desk)
    _verdicts(app, desk)
    _refusals(app)
    return app


def _pages(app: FastAPI) -> None:
    """The front end: files that are read once, now, and known by their names."""
    folders = [resources.files(f"doppelscan.{room}") / name for room, name in _FOLDERS]
    files = {
        file.name: file.read_bytes() for folder in folders for file in folder.iterdir() if file.is_file()
    }

    def page(name: str) -> Response:
        if name not in files:
            raise HTTPException(404)
        return Response(files[name], media_type=_KINDS["." + name.rpartition(".")[2]])

    app.get("/")(lambda: page("index.html"))
    app.get("/web/{name}")(page)


def _pairs(app: FastAPI, desk: Desk) -> None:
    @app.get("/api/queue")
    def queue(reader: Reader) -> dict[str, Any]:
        return {"reader": reader, "labels": LABELS, "pairs": desk.progress(reader)}

    @app.get("/api/pairs/{name}")
    def pair(name: str, reader: Reader) -> dict[str, Any]:
        described, said = desk.view(name).described(), desk.verdict(name, reader)
        return described | {
            "label": None if said is None else said.label,
            "comment": "" if said is None else said.comment,
        }

    @app.get("/api/pairs/{name}/values/{side}")
    def values(name: str, side: Side, place: Place) -> Response:
        view = desk.view(name)
        if not view.holds(place):
            raise HTTPException(404)
        return Response(view.values(side, place), media_type="application/octet-stream")

    @app.get("/api/pairs/{name}/maps/{drawn}")
    def maps(name: str, drawn: Drawn, place: Place) -> Response:
        view = desk.view(name)
        if not view.holds(place):
            raise HTTPException(404)
        return Response(view.drawn(drawn, place), media_type="image/png")


def _verdicts(app: FastAPI, desk: Desk) -> None:
    @app.post("/api/verdicts")
    def say(said: Said, reader: Reader) -> dict[str, str]:
        return {"at": desk.say(said.pair, reader, said.label, said.comment)}

    @app.post("/api/undo")
    def undo(reader: Reader) -> dict[str, str | None]:
        return {"pair": desk.undo(reader)}


def _refusals(app: FastAPI) -> None:
    """Errors as short answers that repeat nothing of what was asked."""

    @app.exception_handler(NoSuchPair)
    async def unknown(_request: Request, _error: NoSuchPair) -> JSONResponse:
        return JSONResponse({"problem": "There is no such pair."}, 404)

    @app.exception_handler(UnreadableImage)
    async def unreadable(_request: Request, error: UnreadableImage) -> JSONResponse:
        return JSONResponse({"problem": error.reason}, 409)

    @app.exception_handler(StarletteHTTPException)
    async def refused(_request: Request, error: StarletteHTTPException) -> JSONResponse:
        if error.status_code == 404:
            return JSONResponse({"problem": "There is no such thing."}, 404)
        return JSONResponse({"problem": "The request is malformed."}, error.status_code)

    @app.exception_handler(RequestValidationError)
    async def malformed(_request: Request, _error: RequestValidationError) -> JSONResponse:
        return JSONResponse({"problem": "The request is malformed."}, 400)
