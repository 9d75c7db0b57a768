"""Services from text to graphs, for the tests of graph and placement."""

from collections.abc import Callable, Mapping

import pytest

from toscactl import document, graph, loading, topology, typesystem
from toscactl.diagnostics import Checked
from toscactl.graph import InstanceGraph

HEAD = "tosca_definitions_version: tosca_simple_yaml_1_3\n"

Resolve = Callable[..., Checked[InstanceGraph]]


@pytest.fixture
def resolve() -> Resolve:
    """The graph of a service's text; its topology must be without errors."""

    def make(
        text: str,
        inputs: Mapping[str, object] | None = None,
        *,
        parameters: bool = False,
        files: Mapping[str, str] | None = None,
    ) -> Checked[InstanceGraph]:
        content = {"service.yaml": HEAD + text, **(files or {})}
        fetch = loading.MemoryFetch({name: each.encode() for name, each in content.items()})
        bundle = loading.load(fetch.join("", "service.yaml"), fetch)
        checked = bundle.then(typesystem.bind).then(topology.build)
        assert checked.ok, [str(each.message) for each in checked.diagnostics]
        given = {name: document.node(value) for name, value in (inputs or {}).items()}
        return graph.instantiate(checked.value, given, service="service", parameters=parameters)

    return make
