"""Attributes of TOSCA nodes as attributes of resources."""

from toscactl.backend import (
    ENDPOINT,
    AttributeOf,
    InputOf,
    Instance,
    Place,
    Rule,
    closest,
    compute_of,
    is_known,
    network_of,
    ports_of,
    text,
)
from toscactl_heat.draft import Draft
from toscactl_heat.facts import CLOUD_INIT
from toscactl_heat.hot import GetAttr, GetParam, GetResource, Hot

UNKNOWN_ATTRIBUTE = Rule(
    "heat-unknown-attribute", "A value needs an attribute that no resource of the stack has."
)

COMPUTE = "tosca.nodes.Compute"
LOAD_BALANCER = "tosca.nodes.LoadBalancer"
NETWORK = "tosca.nodes.network.Network"
PORT = "tosca.nodes.network.Port"
VOLUMES = ("tosca.nodes.BlockStorage", "tosca.nodes.Storage.BlockStorage")
OBJECT_STORES = ("tosca.nodes.ObjectStorage", "tosca.nodes.Storage.ObjectStorage")
_ADDRESSES = ("ip_address", "private_address", "public_address")
FIRST_ADDRESS: tuple[str | int, ...] = ("fixed_ips", 0, "ip_address")


def attribute(draft: Draft, value: AttributeOf, place: Place | None) -> Hot:
    """An attribute in HOT; itself, if another target gives it."""
    if value.address not in draft.here:
        return value
    instance = draft.graph[value.address]
    found = _found(draft, instance, value)
    if found is None:
        _report(draft, instance, value, place)
    return found


def _found(draft: Draft, instance: Instance, value: AttributeOf) -> Hot:
    output = draft.attributes.get((value.address, (value.name, *value.path)))
    if output is not None:
        return GetAttr(output[0], (output[1],))
    if value.name == "tosca_name":
        return value.address.template
    if value.name == "state" and not value.path:
        return "started"
    if value.name in _ADDRESSES and not value.path:
        return _address(draft, instance, value)
    if value.name in ("tosca_id", "network_id", "port_id", "volume_id") and not value.path:
        return _id(draft, instance, value.name)
    if instance.is_a(COMPUTE) and value.name in ("networks", "ports"):
        return _of_networks(draft, instance, value)
    return None


def _id(draft: Draft, instance: Instance, name: str) -> Hot:
    """The id of what an instance became, or of what it says is there already."""
    kind = "network_id" if instance.is_a(NETWORK) else "volume_id"
    there = instance.properties.get(kind)
    if there is None and instance.is_a(NETWORK) and is_existing(instance):
        there = instance.properties.get("network_name")
    if isinstance(there, InputOf):
        return GetParam(there.name, there.path)
    if there is not None and is_known(there):
        return text(there)
    native = (COMPUTE, LOAD_BALANCER, NETWORK, PORT, *VOLUMES, *OBJECT_STORES)
    if name in ("tosca_id", kind, "port_id") and any(instance.is_a(it) for it in native):
        return GetResource(draft.names.of(instance.address))
    return None


def is_existing(network: Instance) -> bool:
    """Whether a network is there already: it has an id, or only a name (1.3, 8.5.1)."""
    if network.properties.get("network_id") is not None:
        return True
    made = ("cidr", "start_ip", "end_ip", "gateway_ip", "network_type", "physical_network")
    return network.properties.get("network_name") is not None and not any(
        network.properties.get(name) is not None for name in made
    )


def _address(draft: Draft, instance: Instance, value: AttributeOf) -> Hot:
    if instance.is_a(PORT):
        return GetAttr(draft.names.of(instance.address), FIRST_ADDRESS)
    if instance.is_a(LOAD_BALANCER):
        if value.name != "private_address" and instance.address in draft.public:
            return GetAttr(draft.names.of(instance.address, "address"), ("floating_ip_address",))
        return GetAttr(draft.names.of(instance.address), ("vip_address",))
    compute = compute_of(draft.graph, instance)
    if compute is None:
        if instance.address in draft.alone:
            return GetAttr(draft.names.of(instance.address, "port"), FIRST_ADDRESS)
        return None
    if value.name == "public_address" or _is_public(instance, value):
        return public_address(draft, compute)
    return GetAttr(main_port(draft, compute), FIRST_ADDRESS)


def public_address(draft: Draft, compute: Instance) -> Hot:
    """The floating address of a server, or its only one where none is made."""
    if compute.address in draft.public and draft.facts.floating:
        return GetAttr(draft.names.of(compute.address, "address"), ("floating_ip_address",))
    return GetAttr(main_port(draft, compute), FIRST_ADDRESS)


def _is_public(instance: Instance, value: AttributeOf) -> bool:
    capability = instance.capabilities.get(value.capability or "")
    return capability is not None and (
        capability.is_a(f"{ENDPOINT}.Public")
        or capability.properties.get("network_name") == "PUBLIC"
    )


def main_port(draft: Draft, compute: Instance) -> str:
    """The name of the resource that is the first port of a server."""
    ports = ports_of(draft.graph, compute)
    if ports:
        return draft.names.of(ports[0].address)
    return draft.names.of(compute.address, "port")


def _of_networks(draft: Draft, compute: Instance, value: AttributeOf) -> Hot:
    """`networks` and `ports` of a server (1.3, 5.9.2): maps by name of what is known of each."""
    found: dict[str, dict[str, Hot]] = {}
    for name, port in _ports_by_name(draft, compute, value).items():
        found[name] = {"network_id": GetAttr(port, ("network_id",))}
        if value.name == "networks":
            found[name] |= {"network_name": name}
        else:
            found[name] |= {
                "port_name": name,
                "port_id": GetResource(port),
                "mac_address": GetAttr(port, ("mac_address",)),
            }
        found[name]["addresses"] = (GetAttr(port, FIRST_ADDRESS),)
        if value.path and str(value.path[0]) == name:
            return _within(found[name], port, value.path[1:])
    return None if value.path else found


def _ports_by_name(draft: Draft, compute: Instance, value: AttributeOf) -> dict[str, str]:
    """The resources that are ports of a server, by the name of the network or of the port.

    The one network that only deployment names answers to every name.
    """
    found: dict[str, str] = {}
    for port in ports_of(draft.graph, compute):
        name = port.address.template
        network = network_of(draft.graph, port)
        if value.name == "networks" and network is not None:
            written = network.properties.get("network_name")
            name = written if isinstance(written, str) else network.address.template
        found[name] = draft.names.of(port.address)
    if not found:
        found[str(value.path[0]) if value.path else value.name.removesuffix("s")] = draft.names.of(
            compute.address, "port"
        )
    return found


def _within(about: dict[str, Hot], port: str, path: tuple[str | int, ...]) -> Hot:
    match path:
        case ():
            return about
        case ("addresses", index) if str(index).isdigit():
            return GetAttr(port, ("fixed_ips", int(index), "ip_address"))
        case (name,):
            return about.get(str(name))
        case _:
            return None


def _report(draft: Draft, instance: Instance, value: AttributeOf, place: Place | None) -> None:
    known = [path[0] for address, path in draft.attributes if address == instance.address]
    near = closest(value.name, [str(name) for name in known] + list(_ADDRESSES))
    draft.report(
        UNKNOWN_ATTRIBUTE,
        place,
        f"no resource of the stack gives attribute `{value.name}` of `{instance.name}`",
        hint=f"did you mean `{near}`?"
        if near and near != value.name
        else "cloud-init reports no outputs; use images with Heat's agents (fact `software: agent`)"
        if draft.facts.software == CLOUD_INIT
        else "give it a value by the `outputs` of an operation",
    )
