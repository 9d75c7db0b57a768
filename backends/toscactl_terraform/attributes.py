"""What an attribute of a TOSCA node means in a cloud: an address or an id of something made."""

import enum
from dataclasses import dataclass

from toscactl.backend import (
    COMPUTE,
    ENDPOINT,
    AttributeOf,
    Instance,
    Rule,
    Severity,
    network_of,
    ports_of,
)
from toscactl_terraform.balancing import is_balancer
from toscactl_terraform.draft import VOLUMES, Draft

FIRST_OF_SEVERAL = Rule(
    "terraform-first-of-several",
    "An address of a server of which there are several is that of the first one.",
    Severity.WARNING,
)

NETWORK = "tosca.nodes.network.Network"
PORT = "tosca.nodes.network.Port"
OBJECT_STORES = ("tosca.nodes.ObjectStorage", "tosca.nodes.Storage.ObjectStorage")
_ADDRESSES = ("ip_address", "private_address", "public_address")
_IDS = ("tosca_id", "network_id", "port_id", "volume_id")


class What(enum.Enum):
    """What is asked for of an instance."""

    PRIVATE = "private address"
    PUBLIC = "public address"
    ADDRESS = "address of a port or load balancer"
    ID = "id"
    MAC = "MAC address"
    NAME = "name of the template"


@dataclass(frozen=True, slots=True)
class Meant:
    """A server, port, load balancer, network, volume or store, and what of it."""

    what: What
    instance: Instance


def meant(draft: Draft, value: AttributeOf) -> Meant | None:
    """What an attribute is in the cloud; None if only software on a server knows it."""
    instance = draft.graph.instances.get(value.address)
    if instance is None or value.address not in draft.here:
        return None
    if value.name == "tosca_name":
        return Meant(What.NAME, instance)
    if value.name in _ADDRESSES and not value.path:
        return _address(draft, instance, value)
    if value.name in _IDS and not value.path:
        return Meant(What.ID, instance) if _is_native(draft, instance) else None
    if instance.is_a(COMPUTE) and value.name in ("networks", "ports"):
        return _of_networks(draft, instance, value)
    return None


def _is_native(draft: Draft, instance: Instance) -> bool:
    kinds = (COMPUTE, NETWORK, PORT, *VOLUMES, *OBJECT_STORES)
    return any(instance.is_a(kind) for kind in kinds) or is_balancer(draft, instance)


def _address(draft: Draft, instance: Instance, value: AttributeOf) -> Meant | None:
    if instance.is_a(PORT) or is_balancer(draft, instance):
        return Meant(What.ADDRESS, instance)
    compute = draft.compute(instance)
    if compute is None or compute.address not in draft.here:
        return None
    public = value.name == "public_address" or _is_public(instance, value)
    return Meant(What.PUBLIC if public else What.PRIVATE, compute)


def _is_public(instance: Instance, value: AttributeOf) -> bool:
    capability = instance.capabilities.get(value.capability or "")
    return capability is not None and (
        capability.is_a(f"{ENDPOINT}.Public")
        or capability.properties.get("network_name") == "PUBLIC"
    )


def _of_networks(draft: Draft, compute: Instance, value: AttributeOf) -> Meant | None:
    """`networks` and `ports` of a server (1.3, 5.9.2): maps by name, so they need a path."""
    if not value.path:
        return None
    wanted, rest = str(value.path[0]), value.path[1:]
    ports = ports_of(draft.graph, compute)
    for port in ports:
        network = network_of(draft.graph, port)
        names = {port.address.template}
        if value.name == "networks" and network is not None:
            names = {network.address.template, str(network.properties.get("network_name"))}
        if wanted in names:
            return _of_port(port, rest)
    if not ports and value.name == "networks" and rest == ("addresses", 0):
        return Meant(What.PRIVATE, compute)
    return None


def _of_port(port: Instance, path: tuple[str | int, ...]) -> Meant | None:
    match path:
        case ("addresses", 0 | "0") | ("ip_address",):
            return Meant(What.ADDRESS, port)
        case ("mac_address",):
            return Meant(What.MAC, port)
        case ("port_id",):
            return Meant(What.ID, port)
        case _:
            return None


def report_several(draft: Draft, compute: Instance) -> None:
    """Say that one address stands for several, once for a server."""
    message = f"the address of `{compute.name}` is that of the first of several servers"
    if all(known.message != message for known in draft.findings):
        draft.report(
            FIRST_OF_SEVERAL,
            compute.place,
            message,
            hint="put a tosca.nodes.LoadBalancer before it, and use its address",
        )
