"""Packages as files: zip archives read safely and without extraction, TOSCA.meta, packing.

    archive = toscactl_csar.read("service.csar")      # raises ArchiveError if it is unsafe
    package = toscactl_csar.inspect_archive(archive)  # where its parts are
    content = archive.read(package.entry)

This library knows nothing of the TOSCA language but the line that says its version.
"""

from toscactl_csar.archive import Archive, Limits, Member, nested, read, verify
from toscactl_csar.findings import ArchiveError, Finding, Severity
from toscactl_csar.meta import Block, Entry, Meta, MetaSyntaxError, parse_meta
from toscactl_csar.packing import pack
from toscactl_csar.structure import Package, inspect, inspect_archive

__all__ = [
    "Archive",
    "ArchiveError",
    "Block",
    "Entry",
    "Finding",
    "Limits",
    "Member",
    "Meta",
    "MetaSyntaxError",
    "Package",
    "Severity",
    "inspect",
    "inspect_archive",
    "nested",
    "pack",
    "parse_meta",
    "read",
    "verify",
]
