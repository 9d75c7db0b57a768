"""`Address`: the identity of one instance, shared by graph, plan, state and messages."""

import re
from dataclasses import dataclass

_ADDRESS = re.compile(r"(?P<name>.+?)(?:\[(?P<index>\d+)\])?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Address:
    """A node template's name and, where several instances were asked for, the index (from 0)."""

    template: str
    index: int | None = None

    def __str__(self) -> str:
        return self.template if self.index is None else f"{self.template}[{self.index}]"

    def __lt__(self, other: "Address") -> bool:
        return self.sort_key < other.sort_key

    @property
    def sort_key(self) -> tuple[str, int]:
        return (self.template, -1 if self.index is None else self.index)

    @staticmethod
    def parse(text: str) -> "Address":
        """Read what `str` wrote. Raises `ValueError` for an empty text."""
        match = _ADDRESS.fullmatch(text)
        if match is None:
            raise ValueError("an address is not empty")
        index = match["index"]
        return Address(match["name"], None if index is None else int(index))
