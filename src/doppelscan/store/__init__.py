"""Bytes on disk: atomic writes, fingerprints, versioned manifests and tables, the cache. Knows no image."""

from doppelscan.store.atomic import atomic_file, check_writable, write_bytes, write_text
from doppelscan.store.cache import Cache
from doppelscan.store.fingerprints import fingerprint, fingerprint_file, fingerprint_files
from doppelscan.store.locks import locked
from doppelscan.store.manifests import read_json, write_json
from doppelscan.store.tables import read_table, write_table
from doppelscan.store.tensors import read_tensors, write_tensors

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
