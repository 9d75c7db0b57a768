"""Patterns match as Python's engine says, but in time."""

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toscactl.typesystem.patterns import BadPattern, compile_pattern
from toscactl.typesystem.regular import Irregular, compile_regular

_atoms = st.sampled_from(["a", "b", ".", "[ab]", "[^a]", r"\d", r"\.", "^", "$", "(?:a|b)", "(b)"])
_repeats = st.sampled_from(["", "", "*", "+", "?", "{2}", "{1,2}", "{,2}", "{1,}", "*?"])
_rows = st.lists(st.tuples(_atoms, _repeats), max_size=4).map(
    lambda parts: "".join(
        atom + ("" if atom in "^$" else repeat) for atom, repeat in parts
    )
)  # fmt: skip
_patterns = st.recursive(
    _rows,
    lambda inner: st.tuples(inner, inner, _repeats).map(lambda t: f"({t[0]}|{t[1]}){t[2]}b?"),
    max_leaves=4,
)


@settings(deadline=None)
@given(_patterns, st.text("ab.1\n", max_size=8))
def test_the_automaton_agrees_with_the_engine(pattern: str, text: str) -> None:
    expected = re.compile(pattern, re.ASCII).fullmatch(text) is not None
    assert compile_regular(pattern)(text) is expected


@pytest.mark.parametrize(
    "pattern", ["(a+)+b", "(a|aa)+b", "(a*)*b", "a*a*a*a*a*a*a*a*b", "^([a-z0-9]+-?)+$", "(x+x+)+y"]
)
def test_nothing_explodes(pattern: str) -> None:
    begin = time.process_time()
    assert not compile_pattern(pattern)("a" * 3000 + "!")
    assert time.process_time() - begin < 5


@pytest.mark.parametrize(
    ("pattern", "good", "bad"),
    [
        (r"^([a-z0-9]([-a-z0-9]*[a-z0-9])?\.)+[a-z]{2,}$", "www.a-b.example", "www..example"),
        (r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "0a1b2c3d-0000-1111-2222-0123456789ab", "0"),
        (r"(?<year>\d{4})-\d\d", "2024-01", "24-01"),
        (r"(?!x).*", "abc", "xbc"),
        (r"[\]a-c]+x*", "a]b", "d"),
        (r"", "", "a"),
    ],
)
def test_patterns(pattern: str, good: str, bad: str) -> None:
    matches = compile_pattern(pattern)
    assert matches(good)
    assert not matches(bad)


@pytest.mark.parametrize(
    "pattern", ["(", "*a", "a{3,1}", "(?=a)(a+)+b", r"(a+)+\1b", "a" * 5000, r"\p{L}"]
)
def test_bad_patterns(pattern: str) -> None:
    with pytest.raises(BadPattern):
        compile_pattern(pattern)


def test_automata_stay_small() -> None:
    with pytest.raises(Irregular):
        compile_regular("((a{1,99}){1,99}){1,99}")
