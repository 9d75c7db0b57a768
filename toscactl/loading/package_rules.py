"""The rules of packages, by the ids under which toscactl_csar reports them."""

from collections.abc import Mapping
from types import MappingProxyType

from toscactl.diagnostics import Rule

ARCHIVE_PATH_ESCAPE = Rule("archive-path-escape", "A member's name leads out of the archive.")
ARCHIVE_ABSOLUTE_PATH = Rule("archive-absolute-path", "A member's name is absolute.")
ARCHIVE_BACKSLASH = Rule("archive-backslash", "A member's name has a backslash.")
ARCHIVE_SPECIAL_FILE = Rule("archive-special-file", "A member is a link or a device, not a file.")
ARCHIVE_DUPLICATE_MEMBER = Rule(
    "archive-duplicate-member", "Two members of an archive have the same name."
)
ARCHIVE_NAME_COLLISION = Rule(
    "archive-name-collision", "Two members are the same file on some systems."
)
ARCHIVE_TOO_LARGE = Rule(
    "archive-too-large", "An archive is far larger than it looks, or than is allowed."
)
ARCHIVE_TOO_MANY_MEMBERS = Rule(
    "archive-too-many-members", "An archive has more members than is allowed."
)
ARCHIVE_ENCRYPTED = Rule("archive-encrypted", "A member is encrypted.")
ARCHIVE_NAME_ENCODING = Rule(
    "archive-name-encoding", "A member's name is not UTF-8, or not marked so."
)
ARCHIVE_CONTROL_CHARACTER = Rule(
    "archive-control-character", "A member's name has control characters."
)
ARCHIVE_COMPRESSION = Rule(
    "archive-compression", "A member is compressed by a method other than deflate."
)
ARCHIVE_DAMAGED = Rule("archive-damaged", "An archive is damaged or hides something.")
ARCHIVE_EMPTY = Rule("archive-empty", "An archive holds no file.")
ARCHIVE_PERMISSIONS = Rule(
    "archive-permissions", "A member would get set-uid, set-gid or sticky permissions."
)
ARCHIVE_SPLIT = Rule("archive-split", "An archive is one part of several.")
ARCHIVE_NESTING = Rule("archive-nesting", "Archives lie too deep in each other.")
META_FILE_PLACE = Rule("meta-file-place", "TOSCA.meta is not where its version wants it.")
META_FILE_TWICE = Rule("meta-file-twice", "A package has two TOSCA.meta files.")
META_FILE_VERSION = Rule("meta-file-version", "TOSCA.meta does not say its version.")
CSAR_VERSION_MISSING = Rule(
    "csar-version-missing", "TOSCA.meta does not say the version of the package."
)
CREATED_BY_MISSING = Rule("created-by-missing", "TOSCA.meta does not say who made the package.")
CSAR_VERSION_UNKNOWN = Rule(
    "csar-version-unknown", "TOSCA.meta names a version of packages that does not exist."
)
CSAR_VERSION_MISMATCH = Rule(
    "csar-version-mismatch", "The version of the package does not fit that of its entry."
)
ENTRY_DEFINITIONS_MISSING = Rule(
    "entry-definitions-missing", "TOSCA.meta does not name the entry of the package."
)
ENTRY_NOT_FOUND = Rule("entry-not-found", "The entry of a package does not exist.")
ENTRY_OUTSIDE = Rule("entry-outside", "The entry of a package lies outside of it.")
META_DUPLICATE_NAME = Rule("meta-duplicate-name", "A name is there twice in a block of TOSCA.meta.")
META_SYNTAX = Rule("meta-syntax", "TOSCA.meta is not made of lines `name: value`.")
PACKAGE_ROOT_FILE = Rule(
    "package-root-file", "A package without TOSCA.meta has not exactly one YAML file at its root."
)
META_FILE_NOT_FOUND = Rule("meta-file-not-found", "TOSCA.meta is about a file that does not exist.")
ENTRY_NOT_TOSCA = Rule("entry-not-tosca", "The entry of a package is not a TOSCA file.")
OTHER_DEFINITIONS_NOT_FOUND = Rule(
    "other-definitions-not-found", "Other-Definitions names a file that does not exist."
)
PACKAGE_METADATA_MISSING = Rule(
    "package-metadata-missing", "A package without TOSCA.meta does not say its name and version."
)
META_FILE_MISSING = Rule("meta-file-missing", "A package of TOSCA 1.0 has no TOSCA.meta.")
META_RESERVED_NAME = Rule("meta-reserved-name", "TOSCA.meta uses a reserved name.")

RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "ARC-01": ARCHIVE_PATH_ESCAPE,
        "ARC-02": ARCHIVE_ABSOLUTE_PATH,
        "ARC-03": ARCHIVE_BACKSLASH,
        "ARC-04": ARCHIVE_SPECIAL_FILE,
        "ARC-05": ARCHIVE_DUPLICATE_MEMBER,
        "ARC-06": ARCHIVE_NAME_COLLISION,
        "ARC-07": ARCHIVE_TOO_LARGE,
        "ARC-08": ARCHIVE_TOO_MANY_MEMBERS,
        "ARC-09": ARCHIVE_ENCRYPTED,
        "ARC-10": ARCHIVE_NAME_ENCODING,
        "ARC-11": ARCHIVE_CONTROL_CHARACTER,
        "ARC-12": ARCHIVE_COMPRESSION,
        "ARC-13": ARCHIVE_DAMAGED,
        "ARC-14": ARCHIVE_EMPTY,
        "ARC-15": ARCHIVE_PERMISSIONS,
        "ARC-16": ARCHIVE_SPLIT,
        "ARC-17": ARCHIVE_NESTING,
        "CSR-01": META_FILE_PLACE,
        "CSR-02": META_FILE_TWICE,
        "CSR-03": META_FILE_VERSION,
        "CSR-04": CSAR_VERSION_MISSING,
        "CSR-05": CREATED_BY_MISSING,
        "CSR-06": CSAR_VERSION_UNKNOWN,
        "CSR-07": CSAR_VERSION_MISMATCH,
        "CSR-08": ENTRY_DEFINITIONS_MISSING,
        "CSR-09": ENTRY_NOT_FOUND,
        "CSR-10": ENTRY_OUTSIDE,
        "CSR-11": META_DUPLICATE_NAME,
        "CSR-12": META_SYNTAX,
        "CSR-13": PACKAGE_ROOT_FILE,
        "CSR-14": META_FILE_NOT_FOUND,
        "CSR-15": ENTRY_NOT_TOSCA,
        "CSR-16": OTHER_DEFINITIONS_NOT_FOUND,
        "CSR-17": PACKAGE_METADATA_MISSING,
        "CSR-18": META_FILE_MISSING,
        "CSR-19": META_RESERVED_NAME,
    }
)
