"""source -> document: structure, places, limits, and what is wrong with a text."""

import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from toscactl import document
from toscactl.document import Limits, Node, Scalar
from toscactl.document.parse import _Builder, _pure_parser
from toscactl.source import Source


def parse(text: str, limits: Limits | None = None) -> Node | None:
    checked = document.parse(Source("t.yaml", text), limits or Limits())
    assert not checked.diagnostics, checked.diagnostics
    return checked.value.root


def found(text: str, limits: Limits | None = None) -> list[tuple[str, str]]:
    checked = document.parse(Source("t.yaml", text), limits or Limits())
    return [
        (finding.rule.name, str(finding.span).removeprefix("t.yaml:"))
        for finding in checked.diagnostics
    ]


def data(node: Node | None) -> object:
    match node:
        case document.Scalar():
            return document.core_value(node)
        case document.Sequence():
            return [data(item) for item in node]
        case document.Mapping():
            return {
                key.text if isinstance(key, Scalar) else repr(key): data(item) for key, item in node
            }
        case _:
            pass
    return None


def scalars(node: Node | None) -> Iterator[Scalar]:
    match node:
        case document.Scalar():
            yield node
        case document.Sequence():
            for item in node:
                yield from scalars(item)
        case document.Mapping():
            for key, item in node:
                yield from scalars(key)
                yield from scalars(item)
        case _:
            return


def at(node: Node) -> str:
    span = node.span
    return span.source.text[span.start : span.end]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1", {"a": 1}),
        ("[a, {b: c}, [d]]", ["a", {"b": "c"}, ["d"]]),
        ("- a\n-\n  - b\n- {}", ["a", ["b"], {}]),
        ("a: |\n  one\n\n  two\n", {"a": "one\n\ntwo\n"}),
        ("a: >-\n  one\n  two\n", {"a": "one two"}),
        ("? [a, b]\n: c", {"Sequence([Scalar('a'), Scalar('b')])": "c"}),
        ("%YAML 1.2\n---\na: b", {"a": "b"}),
        ("a: 'it''s'\nb: \"\\u00e9\\t\"", {"a": "it's", "b": "é\t"}),
        ("a:\u2028b: c", {"a:\u2028b": "c"}),
        ('a: "x\x85y"', {"a": "x\x85y"}),
        ("a: !!str 1\nb: !!int '2'\nc: !!float 3", {"a": "1", "b": 2, "c": 3.0}),
    ],
)
def test_structure(text: str, expected: object) -> None:
    assert data(parse(text)) == expected


@pytest.mark.parametrize(
    ("prefix", "line_break"),
    [("", "\n"), ("", "\r\n"), ("\ufeff", "\n"), ("# \U0001f600 é\n", "\r\n"), ("\n\n", "\n")],
)
def test_every_scalar_stands_where_its_place_says(prefix: str, line_break: str) -> None:
    lines = ["key: plain text", 'quoted: "a b"', "\U0001f600: [one, 'two']", "last: {x: y}"]
    root = parse(prefix + line_break.join(lines) + line_break)
    written = [
        "key",
        "plain text",
        "quoted",
        '"a b"',
        "\U0001f600",
        "one",
        "'two'",
        "last",
        "x",
        "y",
    ]
    assert [at(scalar) for scalar in scalars(root)] == written


def test_a_line_and_a_column_count_characters_from_one() -> None:
    root = parse("\U0001f600: a\r\nsecond:\r\n    third: [b]\r\n")
    places = {scalar.text: str(scalar.span.position) for scalar in scalars(root)}
    assert places["third"] == "Position(line=3, column=5)"
    assert places["b"] == "Position(line=3, column=13)"


def test_the_place_of_a_collection_ends_with_its_last_item() -> None:
    root = parse("a:\n  b: 1\n  c: [2]\n\n# comment\nd: 3\n")
    assert isinstance(root, document.Mapping)
    inner = root.get("a")
    assert inner is not None
    assert at(inner) == "b: 1\n  c: [2]"


def test_anchors_and_tags_are_no_part_of_the_place() -> None:
    root = parse("a: &x !!str text\nb: &y\n  c: d\n")
    assert isinstance(root, document.Mapping)
    first, second = root.get("a"), root.get("b")
    assert first is not None
    assert second is not None
    assert (at(first), at(second)) == ("text", "c: d")


def test_plain_tells_what_may_be_a_number() -> None:
    root = parse("[1, '1', \"1\", !!str 1, |\n 1]".replace("|\n 1", "x"))
    assert [scalar.plain for scalar in scalars(root)] == [True, False, False, False, True]


def test_aliases_share_the_node() -> None:
    root = parse("a: &x {k: v}\nb: *x\n")
    assert isinstance(root, document.Mapping)
    assert root.get("a") is root.get("b")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: &a {x: 1, y: 2}\nb: {<<: *a, y: 3}", {"x": 1, "y": 3}),
        ("a: &a {x: 1, y: 2}\nb: {y: 3, <<: *a}", {"x": 1, "y": 3}),
        ("a: &a {x: 1}\nc: &c {x: 2, z: 3}\nb: {<<: [*a, *c]}", {"x": 1, "z": 3}),
        ("b: {'<<': 1}", {"<<": 1}),
        ("b: {<<: {x: 1}, y: 2}", {"x": 1, "y": 2}),
    ],
)
def test_merge_keys(text: str, expected: object) -> None:
    root = parse(text)
    assert isinstance(root, document.Mapping)
    assert data(root.get("b")) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", [("empty-file", "1:1")]),
        ("# nothing\n", [("empty-file", "1:1")]),
        ("---\n...\n", [("empty-file", "1:1")]),
        ("a: 1\nb: 2\n  c: 3\n", [("yaml-syntax", "3:4")]),
        ("a: [1,\nb: 2", [("yaml-syntax", "2:5")]),
        ("a:\n\tb: 1", [("yaml-syntax", "2:1")]),
        ("a: 1\nc: 3\na: 2\n", [("duplicate-key", "3:1")]),
        ("{a: 1, 'a': 2, a: 3}", [("duplicate-key", "1:8"), ("duplicate-key", "1:16")]),
        ("? [x]\n: 1\n? [x]\n: 2\n", [("duplicate-key", "3:3")]),
        ("a: 1\n--- \nb: 2\n", [("several-documents", "2:1")]),
        ("a: *b", [("unknown-alias", "1:4")]),
        ("a: &a {b: [*a]}", [("recursive-alias", "1:12")]),
        ("a: !!binary xx", [("yaml-tag", "1:4")]),
        ("a: !include x.yaml", [("yaml-tag", "1:4")]),
        ("a: &x !Ref {b: c}", [("yaml-tag", "1:7")]),
        ("a: !!timestamp 2020-01-01", [("yaml-tag", "1:4")]),
        ("a: !x!y z", [("yaml-syntax", "1:4")]),
        ("a: {<<: 1}", [("merge-key", "1:9")]),
        ("a: 1\nb: \x1f", [("yaml-character", "2:4")]),
        ("a: \ud800", [("yaml-character", "1:4")]),
        ("a: &b\nb: *c\nc: &d [*b]\nd: !q x", [("unknown-alias", "2:4"), ("yaml-tag", "4:4")]),
    ],
)
def test_what_is_wrong_is_found_where_it_is(text: str, expected: list[tuple[str, str]]) -> None:
    assert found(text) == expected


def test_a_duplicate_key_shows_the_first_and_keeps_it() -> None:
    checked = document.parse(Source("t", "a: 1\nb: 2\na: 3\n"))
    note = checked.diagnostics[0].notes[0]
    assert str(note.span) == "t:1:1"
    assert data(checked.value.root) == {"a": 1, "b": 2}


def test_an_unknown_alias_says_what_was_meant() -> None:
    checked = document.parse(Source("t", "a: &defaults 1\nb: *default\n"))
    assert checked.diagnostics[0].hint == "did you mean `*defaults`?"


def test_limits() -> None:
    assert found("a: " + "x" * 100, Limits(characters=50)) == [("too-large", "1:1")]
    assert found("[" * 20 + "]" * 20, Limits(depth=10)) == [("too-large", "1:11")]
    assert not found("[" * 10 + "]" * 10, Limits(depth=10))


def test_an_alias_bomb_costs_nothing() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    for level in range(1, 30):
        aliases = ", ".join([f"*a{level - 1}"] * 10)
        lines.append(f"a{level}: &a{level} [{aliases}]")
    start = time.process_time()
    assert [name for name, _ in found("\n".join(lines))] == ["too-large"]
    assert time.process_time() - start < 1


def test_a_chain_of_merges_is_limited_too() -> None:
    first = "a0: &a0 {" + ", ".join(f"k{key}: 1" for key in range(1000)) + "}"
    rest = [f"a{level}: &a{level} {{<<: *a{level - 1}, n{level}: 1}}" for level in range(1, 3000)]
    names = [name for name, _ in found("\n".join([first, *rest]), Limits(aliased=100_000))]
    assert names == ["too-large"]


def test_a_hundred_thousand_brackets_end_at_once() -> None:
    assert found("[" * 100_000) == [("too-large", "1:129")]


def test_the_pure_reader_gives_the_same() -> None:
    text = "a: &x [1, 'b', {c: |\n    d\n   }]\ne: {<<: {f: g}}\nh: !!str i\nj: *x\n"
    text = text.replace("{c: |\n    d\n   }", "{c: d}")
    source = Source("t", text)
    pure = _Builder(source, Limits()).build(_pure_parser(text))
    fast = parse(text)
    assert data(pure) == data(fast)
    assert [s.at for s in scalars(pure)] == [s.at for s in scalars(fast)]


@pytest.mark.parametrize(
    ("content", "expected", "rules"),
    [
        ("é: 1".encode(), "é: 1", []),
        ("\ufeffé: 1".encode(), "\ufeffé: 1", []),
        ("\ufeffé: 1".encode("utf-16-le"), "\ufeffé: 1", []),
        ("\ufeffé: 1".encode("utf-32-be"), "\ufeffé: 1", []),
        (b"ab\xe9: 1", "ab\ufffd: 1", [("encoding", "1:3")]),
        (b"\xff\xfe\x00", "\ufeff\ufffd", [("encoding", "1:2")]),
    ],
)
def test_decoding(content: bytes, expected: str, rules: list[tuple[str, str]]) -> None:
    checked = document.decode("t", content)
    assert checked.value.text == expected
    assert [(d.rule.name, str(d.span)[2:]) for d in checked.diagnostics] == rules


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("-12", -12),
        ("+3", 3),
        ("0777", 777),
        ("0o17", 15),
        ("0x1f", 31),
        ("1.10", 1.1),
        (".5", 0.5),
        ("1.", 1.0),
        ("1e3", 1000.0),
        (".inf", float("inf")),
        ("-.Inf", float("-inf")),
        ("true", True),
        ("False", False),
        ("TRUE", True),
        ("null", None),
        ("~", None),
        ("", None),
        ("yes", "yes"),
        ("on", "on"),
        ("No", "No"),
        ("2020-01-01", "2020-01-01"),
        ("1:30", "1:30"),
        ("1_000", "1_000"),
        ("0b1", "0b1"),
        ("1.2.3", "1.2.3"),
        ("tRue", "tRue"),
        ("-", "-"),
        ("0o8", "0o8"),
        ("1e", "1e"),
        ("९", "९"),
        ("9" * 5000, "9" * 5000),
        ("inf", "inf"),
        ("+.INF", float("inf")),
        ("=", "="),
        (".", "."),
        ("-0", 0),
        ("0xg", "0xg"),
    ],
)
def test_core_schema(text: str, value: object) -> None:
    read = document.core_value(document.name(text))
    assert read == value
    assert type(read) is type(value)


def test_core_schema_of_nan_and_of_what_is_quoted() -> None:
    nan = document.core_value(document.name(".nan"))
    assert isinstance(nan, float)
    assert nan != nan  # noqa: PLR0124  (what makes it one)
    assert document.core_value(Scalar(Source("t", ""), 0, "1", plain=False)) == "1"


def test_literals_are_what_was_given() -> None:
    given = {"a": [1, 2.5, True, None, "1", float("inf")], "b": {}}
    assert data(document.node(given)) == given
    with pytest.raises(TypeError):
        document.node(object())


def test_nothing_of_yaml_is_imported_before_the_first_text() -> None:
    code = "import sys; from toscactl import document; assert 'yaml' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
