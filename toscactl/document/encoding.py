"""bytes -> source: the encodings that YAML allows (YAML 1.2.2, section 5.2)."""

import codecs

from toscactl.diagnostics import Checked, Rule
from toscactl.source import Source, Span

ENCODING = Rule("encoding", "The bytes of a file are not text in UTF-8, UTF-16 or UTF-32.")

_MARKS = (
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF8, "utf-8"),
)


def decode(name: str, content: bytes) -> Checked[Source]:
    """The text of a file: UTF-8, or what its byte order mark says, which stays part of the text.

    Wrong bytes are reported once, at the first, and stand as U+FFFD in the text.
    """
    encoding = next((known for mark, known in _MARKS if content.startswith(mark)), "utf-8")
    try:
        return Checked(Source(name, content.decode(encoding)))
    except UnicodeDecodeError as error:
        source = Source(name, content.decode(encoding, "replace"))
        at = len(content[: error.start].decode(encoding, "replace"))
        message = f"byte 0x{content[error.start]:02X} is not {encoding.upper()} here"
        return Checked(source, (ENCODING.at(Span(source, at, at + 1), message),))
