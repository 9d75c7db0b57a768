"""Look-ups in a graph that more than one backend needs: hosts, endpoints, volumes, ports, sizes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from toscactl.address import Address
from toscactl.graph.model import Capability, Instance, InstanceGraph, Relationship
from toscactl.source import Place
from toscactl.values import AttributeOf, Call, InputOf, ScalarUnit, Secret, Value

COMPUTE = "tosca.nodes.Compute"
BLOCK_STORAGE = ("tosca.nodes.BlockStorage", "tosca.nodes.Storage.BlockStorage")
NETWORK = "tosca.nodes.network.Network"
HOSTED_ON = "tosca.relationships.HostedOn"
ATTACHES_TO = "tosca.relationships.AttachesTo"
BINDS_TO = "tosca.relationships.network.BindsTo"
LINKS_TO = "tosca.relationships.network.LinksTo"
ENDPOINT = "tosca.capabilities.Endpoint"
COMPUTE_CAPABILITIES = ("tosca.capabilities.Compute", "tosca.capabilities.Container")

_OTHER_TRANSPORTS = frozenset({"udp", "icmp", "igmp", "sctp"})


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where an instance can be reached: one port, or a range of them, of one capability.

    `port` and `last` are integers or residual expressions; `port` is None where none was given,
    `last` where it is a single port. `protocol` is as written (`http`, `tcp`, ...).
    """

    name: str
    """The capability's name; `<capability>.<key>` for an entry of its `ports`."""
    capability: str
    protocol: Value
    port: Value = None
    last: Value = None
    secure: bool = False
    url_path: Value = None
    network: Value = None
    public: bool = False
    """Its type is, or is derived from, `tosca.capabilities.Endpoint.Public`."""
    admin: bool = False
    """Its type is, or is derived from, `tosca.capabilities.Endpoint.Admin`."""
    initiator: Value = None
    place: Place | None = None

    @property
    def transport(self) -> str:
        """The protocol of the transport layer: tcp, udp, icmp, igmp or sctp."""
        protocol = str(self.protocol).lower()
        return protocol if protocol in _OTHER_TRANSPORTS else "tcp"


@dataclass(frozen=True, slots=True)
class Attachment:
    """A volume as it is attached: where it is mounted and as which device, where known."""

    volume: Instance
    relationship: Relationship
    location: Value = None
    device: Value = None


@dataclass(frozen=True, slots=True)
class ComputeSize:
    """What a compute node needs: an integer, a residual expression, or None if nothing was said.

    `memory` and `disk` are in bytes, `frequency` in hertz.
    """

    cpus: Value = None
    memory: Value = None
    disk: Value = None
    frequency: Value = None


def host_of(graph: InstanceGraph, instance: Instance) -> Instance | None:
    """What an instance is hosted on, one step down the HostedOn chain."""
    for edge in instance.relationships:
        if edge.is_a(HOSTED_ON) and edge.target in graph.instances:
            return graph.instances[edge.target]
    return None


def host_chain(graph: InstanceGraph, instance: Instance) -> Iterator[Instance]:
    """The hosts of an instance, the nearest one first."""
    seen = {instance.address}
    host = host_of(graph, instance)
    while host is not None and host.address not in seen:
        seen.add(host.address)
        yield host
        host = host_of(graph, host)


def compute_of(graph: InstanceGraph, instance: Instance) -> Instance | None:
    """The nearest `tosca.nodes.Compute`: the instance itself, or one in its HostedOn chain."""
    if instance.is_a(COMPUTE):
        return instance
    return next((host for host in host_chain(graph, instance) if host.is_a(COMPUTE)), None)


def hosted_on(graph: InstanceGraph, address: Address) -> tuple[Instance, ...]:
    """What is hosted directly on an instance, in the order of the graph."""
    return tuple(graph.instances[edge.source] for edge in graph.relating(address, HOSTED_ON))


def hosted_within(graph: InstanceGraph, address: Address) -> tuple[Instance, ...]:
    """What is hosted on an instance directly or through others, hosts before what they host."""
    found: dict[Address, Instance] = {}
    pending = [address]
    for host in pending:
        for instance in hosted_on(graph, host):
            if instance.address not in found:
                found[instance.address] = instance
                pending.append(instance.address)
    return tuple(found.values())


def endpoints(instance: Instance) -> tuple[Endpoint, ...]:
    """The endpoints of an instance, in the order of its capabilities, one per port or range.

    A node property `port` (as of `tosca.nodes.DBMS` and `Database`) counts where no capability
    gives a port.
    """
    found = [
        endpoint
        for capability in instance.capabilities.values()
        if capability.is_a(ENDPOINT)
        for endpoint in _endpoints_of(capability)
    ]
    port = instance.properties.get("port")
    if port is not None and all(endpoint.port is None for endpoint in found):
        if len(found) == 1:
            return (replace(found[0], port=port),)
        place = instance.places.get("port", instance.place)
        found.append(Endpoint("port", "", "tcp", port, place=place))
    return tuple(found)


def _endpoints_of(capability: Capability) -> Iterator[Endpoint]:
    properties = capability.properties
    whole = Endpoint(
        capability.name,
        capability.name,
        properties.get("protocol") or "tcp",
        properties.get("port"),
        secure=properties.get("secure") is True,
        url_path=properties.get("url_path"),
        network=properties.get("network_name"),
        public=capability.is_a(f"{ENDPOINT}.Public"),
        admin=capability.is_a(f"{ENDPOINT}.Admin"),
        initiator=properties.get("initiator"),
        place=capability.place,
    )
    ports = properties.get("ports")
    if whole.port is not None or not isinstance(ports, Mapping) or not ports:
        yield whole
    if isinstance(ports, Mapping):
        for name, spec in ports.items():
            if isinstance(spec, Mapping):
                yield _of_port_spec(whole, name, spec)


def _of_port_spec(whole: Endpoint, name: str, spec: Mapping[str, Value]) -> Endpoint:
    """One entry of `ports`, a `tosca.datatypes.network.PortSpec` (1.3, 5.3.10)."""
    port, last = spec.get("target"), None
    if port is None:
        port, last = _bounds(spec.get("target_range"))
    if port is None:
        port = spec.get("source")
    if port is None:
        port, last = _bounds(spec.get("source_range"))
    return replace(
        whole,
        name=f"{whole.name}.{name}",
        protocol=spec.get("protocol") or whole.protocol,
        port=port,
        last=last,
    )


def _bounds(value: Value) -> tuple[Value, Value]:
    if isinstance(value, Sequence) and not isinstance(value, str) and len(value) == 2:  # noqa: PLR2004
        return value[0], value[1]
    return None, None


def volumes_of(graph: InstanceGraph, instance: Instance) -> tuple[Attachment, ...]:
    """The volumes attached to an instance, in the order of its requirements."""
    found: list[Attachment] = []
    for edge in instance.relationships:
        volume = graph.instances.get(edge.target)
        if volume is None or not any(volume.is_a(name) for name in BLOCK_STORAGE):
            continue
        location, device = edge.properties.get("location"), edge.properties.get("device")
        found.append(Attachment(volume, edge, location, device))
    return tuple(found)


def attached_to(graph: InstanceGraph, volume: Instance) -> tuple[Instance, ...]:
    """The instances that a volume is attached to, in the order of the graph."""
    return tuple(
        graph.instances[edge.source] for edge in graph.relating(volume.address, ATTACHES_TO)
    )


def ports_of(graph: InstanceGraph, compute: Instance) -> tuple[Instance, ...]:
    """The network ports bound to a compute node, by `order`, then as in the graph."""
    ports = [graph.instances[edge.source] for edge in graph.relating(compute.address, BINDS_TO)]
    return tuple(sorted(ports, key=_order_of))


def _order_of(port: Instance) -> int:
    order = port.properties.get("order")
    return order if isinstance(order, int) else 0


def network_of(graph: InstanceGraph, port: Instance) -> Instance | None:
    """The network that a port is linked to."""
    return next(iter(graph.related(port, LINKS_TO)), None)


def ports_on(graph: InstanceGraph, network: Instance) -> tuple[Instance, ...]:
    """The ports linked to a network, in the order of the graph."""
    return tuple(graph.instances[edge.source] for edge in graph.relating(network.address, LINKS_TO))


def networks(graph: InstanceGraph) -> tuple[Instance, ...]:
    """All networks, in the order of the graph."""
    return tuple(instance for instance in graph if instance.is_a(NETWORK))


def compute_size(instance: Instance) -> ComputeSize:
    """What the `host` capability of a compute node asks for (1.3, 5.5.3)."""
    capability = next(
        (
            capability
            for capability in instance.capabilities.values()
            if any(capability.is_a(name) for name in COMPUTE_CAPABILITIES)
        ),
        None,
    )
    if capability is None:
        return ComputeSize()
    properties = capability.properties
    return ComputeSize(
        _amount(properties.get("num_cpus")),
        _amount(properties.get("mem_size")),
        _amount(properties.get("disk_size")),
        _amount(properties.get("cpu_frequency")),
    )


def _amount(value: Value) -> Value:
    match value:
        case ScalarUnit(amount=amount):
            return int(amount)
        case float():
            return int(value)
        case int() | AttributeOf() | InputOf() | Call() | Secret():
            return value
        case _:
            return None
