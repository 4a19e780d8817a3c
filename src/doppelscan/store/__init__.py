"""Bytes on disk: atomic writes, fingerprints, versioned manifests and tables, the cache. Knows no image."""

from typing import TYPE_CHECKING

from doppelscan.loading import loaded_on_use
from doppelscan.store.atomic import atomic_file, check_writable, write_bytes, write_text
from doppelscan.store.fingerprints import fingerprint, fingerprint_file, fingerprint_files
from doppelscan.store.hidden import contents
from doppelscan.store.locks import locked
from doppelscan.store.manifests import read_json, write_json
from doppelscan.store.objects import at_hand, is_file, is_object, is_zarr, read_bytes, refuse_objects, shown
from doppelscan.store.parsing import parse_json, parse_toml
from doppelscan.store.walking import walked

if TYPE_CHECKING:
    from doppelscan.store.cache import Cache
    from doppelscan.store.publishing import staged
    from doppelscan.store.rows import Rows
    from doppelscan.store.tables import read_parquet, read_table, write_table
    from doppelscan.store.tensors import read_tensors, write_tensors

__all__ = [
    "Cache",
    "Rows",
    "at_hand",
    "atomic_file",
    "check_writable",
    "contents",
    "fingerprint",
    "fingerprint_file",
    "fingerprint_files",
    "is_file",
    "is_object",
    "is_zarr",
    "locked",
    "parse_json",
    "parse_toml",
    "read_bytes",
    "read_json",
    "read_parquet",
    "read_table",
    "read_tensors",
    "refuse_objects",
    "shown",
    "staged",
    "walked",
    "write_bytes",
    "write_json",
    "write_table",
    "write_tensors",
    "write_text",
]

__getattr__ = loaded_on_use(
    __name__,
    {
        "Cache": "cache",
        "Rows": "rows",
        "staged": "publishing",
        "read_parquet": "tables",
        "read_table": "tables",
        "read_tensors": "tensors",
        "write_table": "tables",
        "write_tensors": "tensors",
    },
)
