"""Bytes on disk: atomic writes, fingerprints, versioned manifests and tables, the cache. Knows no image."""

from typing import TYPE_CHECKING

from doppelscan.loading import loaded_on_use
from doppelscan.store.atomic import atomic_file, check_writable, write_bytes, write_text
from doppelscan.store.fingerprints import fingerprint, fingerprint_file, fingerprint_files
from doppelscan.store.locks import locked
from doppelscan.store.manifests import read_json, write_json
from doppelscan.store.tensors import read_tensors, write_tensors

if TYPE_CHECKING:
    from doppelscan.store.cache import Cache
    from doppelscan.store.tables import read_table, write_table

__all__ = [
    "Cache",
    "atomic_file",
    "check_writable",
    "fingerprint",
    "fingerprint_file",
    "fingerprint_files",
    "locked",
    "read_json",
    "read_table",
    "read_tensors",
    "write_bytes",
    "write_json",
    "write_table",
    "write_tensors",
    "write_text",
]

__getattr__ = loaded_on_use(__name__, {"Cache": "cache", "read_table": "tables", "write_table": "tables"})
