"""How do machines read a release? As MLCommons Croissant with its vocabulary for responsible AI."""

from __future__ import annotations

import json
import logging
import re
import warnings
from collections.abc import Iterator, Mapping
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pandas as pd

from doppelscan.errors import Problem
from doppelscan.release.forms import ends_of
from doppelscan.release.record import Record
from doppelscan.store import fingerprint_file

__all__ = ["described", "faults", "faults_by_mlcroissant"]

_CONFORMS = ["http://mlcommons.org/croissant/1.0", "http://mlcommons.org/croissant/RAI/1.0"]
_CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileProperty": "cr:fileProperty",
    "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
_KINDS = {"png": "image/png", "png16": "image/png", "nifti": "application/gzip", "npz": "application/zip"}
_OBJECTS = {"images.csv": "text/csv", "audit.json": "application/json", "README.md": "text/markdown"}
_PLACES = frozenset({"images.csv"})
_MUST = ("@context", "@type", "conformsTo", "name", "description", "license", "datePublished", "distribution")


def described(record: Record, folder: Path, columns: Mapping[str, str]) -> dict[str, Any]:
    """The content of `croissant.json`; `columns` are those of `images.csv`, each with its type in schema.org."""
    audit = record.audit
    said = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": _CONFORMS,
        "name": record.title,
        "description": (
            f"{record.selection.n_released} synthetic medical images, audited for copies of training images. "
            "README.md is their datasheet."
        ),
        "citeAs": _citation(record),
        "license": record.licence or "not stated",
        "version": "1.0.0",
        "datePublished": record.published,
        "keywords": ["synthetic", "medical imaging"],
        "isLiveDataset": False,
        "distribution": list(_distribution(record, folder)),
        "recordSet": _record_sets(record, columns),
        "rai:dataCollection": f"Drawn from a generative model{_by(record)}; no image was taken of a person.",
        "rai:dataCollectionType": ["Software Collection"],
        "rai:dataPreprocessingProtocol": _selection(record),
        "rai:dataBiases": [
            "Whoever is rare among the training patients is rare, or wrong, among these images."
        ],
        "rai:dataLimitations": [
            f"The audit finds {_ends(audit.power.overall)} of planted copies.",
            f"{_ends(audit.copies_left)} of the images may be copies that it missed.",
            *audit.notes,
        ],
        "rai:dataUseCases": [
            "Research and teaching; not diagnosis, nor estimates of how often something occurs."
        ],
        "rai:personalSensitiveInformation": [
            f"{audit.n_exposed} of {audit.n_patients} training patients were found copied; those images are withheld.",
            "Health, by appearance. Labels are the only attributes, unless README.md lists more.",
        ],
    }
    if record.creators:
        said["creator"] = [{"@type": "sc:Organization", "name": name} for name in record.creators]
    return said


def faults(content: Any, folder: Path) -> Iterator[Problem]:
    """What is wrong with a `croissant.json`: fields, files that are not there, or are others, references, columns."""
    if not isinstance(content, dict):
        yield _fault("is no object")
        return
    yield from (_fault(f"lacks {name}") for name in _MUST if name not in content)
    if content.get("@type") != "sc:Dataset" or not set(_CONFORMS) <= set(_list(content.get("conformsTo"))):
        yield _fault("is no data set of Croissant 1.0 with the vocabulary for responsible AI")
    if content.get("@context") != _CONTEXT:
        yield _fault("has another @context than Croissant 1.0")
    resources = [one for one in _list(content.get("distribution")) if isinstance(one, dict)]
    for one in resources:
        yield from _about_resource(one, folder)
    ids = {str(one.get("@id")) for one in resources}
    for record_set in _list(content.get("recordSet")):
        yield from _about_fields(record_set, ids, folder)


def faults_by_mlcroissant(path: Path) -> list[Problem] | None:
    """What MLCommons' own package says is wrong; None where it is not installed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its own dependencies
        try:
            import mlcroissant
        except ImportError:
            return None
        logging.getLogger("absl").setLevel(logging.ERROR)  # it warns of what is recommended
        try:
            mlcroissant.Dataset(jsonld=str(path))
        except (
            mlcroissant.ValidationError,
            ValueError,
            KeyError,
            TypeError,
            AssertionError,
            RecursionError,
        ) as error:
            return [_fault(f"mlcroissant: {error}")]
    return []


def _distribution(record: Record, folder: Path) -> Iterator[dict[str, Any]]:
    names = _OBJECTS | ({"images.npz": _KINDS["npz"]} if record.form == "npz" else {})
    for name, kind in names.items():
        yield {
            "@type": "cr:FileObject",
            "@id": name,
            "name": name,
            "contentUrl": name,
            "encodingFormat": kind,
            "sha256": fingerprint_file(folder / name),
        }
    if record.form != "npz":
        yield {
            "@type": "cr:FileSet",
            "@id": "image-files",
            "name": "image-files",
            "encodingFormat": _KINDS[record.form],
            "includes": f"images/*{ends_of(record.form)}",
        }


def _record_sets(record: Record, columns: Mapping[str, str]) -> list[dict[str, Any]]:
    fields = [
        {
            "@type": "cr:Field",
            "@id": f"images/{name}",
            "name": f"images/{name}",
            "dataType": kind,
            "source": {"fileObject": {"@id": "images.csv"}, "extract": {"column": name}},
        }
        for name, kind in columns.items()
    ]
    return [{"@type": "cr:RecordSet", "@id": "images", "name": "images", "field": fields}]


def _citation(record: Record) -> str:
    return ". ".join([*filter(None, [", ".join(record.creators)]), record.title, record.published[:4]]) + "."


def _by(record: Record) -> str:
    return f" ({record.generator})" if record.generator else ""


def _selection(record: Record) -> list[str]:
    chosen = record.selection
    return [
        f"{chosen.n_synthetic} images were audited by doppelscan; {chosen.n_released} passed and are released."
    ]


def _ends(rate: Any) -> str:
    if rate.low is None or rate.high is None or rate.value is None:
        return "an unknown share"
    return f"{100 * rate.low:.3g}% to {100 * rate.high:.3g}%"


def _about_resource(one: Mapping[str, Any], folder: Path) -> Iterator[Problem]:
    name = str(one.get("@id"))
    if not one.get("encodingFormat"):
        yield _fault(f"{name} has no encodingFormat")
    if one.get("@type") == "cr:FileSet":
        pattern = str(one.get("includes", ""))
        if not any(fnmatch(f"images/{path.name}", pattern) for path in (folder / "images").glob("*")):
            yield _fault(f"{name} includes {pattern!r}, which is no file")
    elif one.get("@type") == "cr:FileObject":
        url = str(one.get("contentUrl", ""))
        if not re.fullmatch(r"[\w.-]+", url) or fingerprint_file(folder / url) != one.get("sha256"):
            yield _fault(f"{name} is not there, or another file than its sha256 says")
    else:
        yield _fault(f"{name} is of type {one.get('@type')!r}")


def _about_fields(record_set: Any, ids: set[str], folder: Path) -> Iterator[Problem]:
    try:
        columns = set(pd.read_csv(folder / "images.csv", nrows=0).columns)
        for field in record_set["field"]:
            source = field["source"]
            place, column = source["fileObject"]["@id"], source["extract"]["column"]
            if place not in ids or place not in _PLACES or column not in columns:
                yield _fault(f"{field['@id']} is read from {column!r} of {place!r}, which is not there")
    except (OSError, ValueError, KeyError, TypeError) as error:
        yield _fault(f"has a record set that cannot be read: {error!r}")


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _fault(what: str) -> Problem:
    return Problem(what, where="croissant.json")


def as_text(content: Mapping[str, Any]) -> str:
    """The content as it is written."""
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
