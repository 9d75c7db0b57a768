"""definitions -> bundle: a service file with all that it imports, read through a `Fetch`."""

from toscactl.loading.fetch import ArchiveFetch, FolderFetch, MemoryFetch
from toscactl.loading.load import Limits, digest, load
from toscactl.loading.model import Bundle, Fetch, Loaded
from toscactl.loading.opening import Opened, open_path

__all__ = [
    "ArchiveFetch",
    "Bundle",
    "Fetch",
    "FolderFetch",
    "Limits",
    "Loaded",
    "MemoryFetch",
    "Opened",
    "digest",
    "load",
    "open_path",
]
