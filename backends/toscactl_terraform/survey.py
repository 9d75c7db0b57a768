"""The whole looked over before anything is made: what is public, reached, scaled and placed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from toscactl.backend import (
    COMPUTE,
    Address,
    AttributeOf,
    Instance,
    Value,
    endpoints,
    walk,
)
from toscactl_terraform.access import Opening, is_public, openings, seat
from toscactl_terraform.balancing import Member, balancers_of, is_balancer
from toscactl_terraform.draft import Draft
from toscactl_terraform.placing import Placing, placings
from toscactl_terraform.scaling import Scaled, scaled_servers
from toscactl_terraform.software import is_busy


@dataclass(frozen=True, slots=True)
class Survey:
    """A draft, with what has been found out about its instances."""

    draft: Draft
    openings: Mapping[Address, tuple[Opening, ...]]
    """What is to be reached on each server."""
    behind: Mapping[Address, tuple[Member, ...]]
    """What is behind each load balancer of the cloud."""
    scaled: Mapping[Address, Scaled]
    """The servers of which there may be several."""
    public: frozenset[Address]
    """Servers and load balancers that need a public address."""
    busy: frozenset[Address]
    """Servers that set themselves up, so that they need a way out."""
    placings: tuple[Placing, ...]

    def servers(self) -> tuple[Instance, ...]:
        """The servers, in the order of the graph."""
        return tuple(it for it in self.draft.portion.instances if it.is_a(COMPUTE))


def survey(draft: Draft) -> Survey:
    """Look over what a target is to carry. Needs the variables of the inputs."""
    return Survey(
        draft,
        openings(draft),
        balancers_of(draft),
        scaled_servers(draft),
        frozenset(_public(draft)),
        frozenset(
            it.address for it in draft.portion.instances if it.is_a(COMPUTE) and is_busy(draft, it)
        ),
        placings(draft),
    )


def _public(draft: Draft) -> Iterator[Address]:
    """What needs a public address: by its endpoints, or because somebody reads it."""
    for instance in draft.portion.instances:
        at = seat(draft, instance)
        if at is None and is_balancer(draft, instance):
            at = instance.address
        if at is not None and any(is_public(endpoint) for endpoint in endpoints(instance)):
            yield at
    for value in _all_values(draft):
        for part in walk(value):
            if isinstance(part, AttributeOf) and part.name == "public_address":
                there = draft.graph.instances.get(part.address)
                at = None if there is None else seat(draft, there)
                if at is not None:
                    yield at


def _all_values(draft: Draft) -> Iterator[Value]:
    for output in draft.portion.outputs.values():
        yield output.value
    for instance in draft.graph:
        yield from instance.properties.values()
        for capability in instance.capabilities.values():
            yield from capability.properties.values()
        for operation in instance.operations:
            yield from operation.inputs.values()
        for edge in instance.relationships:
            yield from edge.properties.values()
            for operation in edge.operations:
                yield from operation.inputs.values()
