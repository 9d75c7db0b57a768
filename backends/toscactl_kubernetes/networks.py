"""Networks and ports: the pod network stands for all, unless the cluster has Multus."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from toscactl.backend import (
    Instance,
    Rule,
    Severity,
    is_known,
    network_of,
    networks,
    plain,
    ports_of,
    text,
)
from toscactl_kubernetes.manifests import Draft, Manifest, annotations_of, origin
from toscactl_kubernetes.workloads import Workload

POD_NETWORK = Rule(
    "kubernetes-pod-network",
    "A network of the template is the cluster's own pod network.",
    Severity.NOTE,
)
PORT_ADDRESS = Rule(
    "kubernetes-port-address",
    "A port asks for an address, which the pod network cannot promise.",
    Severity.WARNING,
)

NETWORKS_ANNOTATION = "k8s.v1.cni.cncf.io/networks"
_KINDS = {"flat": "macvlan", "vlan": "macvlan", "macvlan": "macvlan", "ipvlan": "ipvlan"}


def has_multus(draft: Draft) -> bool:
    return draft.site.fact("multus") is True


def attachments(draft: Draft, names: Mapping[str, str]) -> Iterator[Manifest]:
    """A NetworkAttachmentDefinition for each network where Multus is there; else a finding.

    `names` are those of the definitions, by the network's template.
    """
    own = {instance.address for instance in draft.portion.instances}
    for network in networks(draft.graph):
        if network.address not in own:
            continue
        if not has_multus(draft):
            draft.report(
                POD_NETWORK,
                network.place,
                f"`{network.address}` is the cluster's pod network; its addresses are the "
                "cluster's, and who may connect is said by NetworkPolicies",
                "where the cluster has Multus, say so in the target's facts: `multus: true`",
            )
            continue
        yield Manifest(
            "k8s.cni.cncf.io/v1",
            "NetworkAttachmentDefinition",
            names[network.address.template],
            {"spec": {"config": json.dumps(_config(network), sort_keys=True)}},
            draft.site.service_labels(),
            annotations_of([network]),
            (network.address,),
            origins={"": origin(network)},
            instance=network.address,
        )


def _config(network: Instance) -> dict[str, Any]:
    """The CNI configuration of a network: macvlan on a physical one, else a bridge."""
    said = {name: plain(v) for name, v in network.properties.items() if is_known(v)}
    kind = _KINDS.get(str(said.get("network_type", "")).lower())
    if kind is None:
        kind = "macvlan" if said.get("physical_network") else "bridge"
    config: dict[str, Any] = {
        "cniVersion": "0.3.1",
        "name": network.address.template,
        "type": kind,
    }
    if kind == "bridge":
        config["bridge"] = f"br-{network.address.template}"[:15]
    else:
        master = str(said.get("physical_network") or "eth0")
        segment = said.get("segmentation_id")
        config["master"] = f"{master}.{segment}" if segment else master
    if said.get("cidr"):
        pool: dict[str, Any] = {"subnet": said["cidr"]}
        for name, key in (
            ("start_ip", "rangeStart"),
            ("end_ip", "rangeEnd"),
            ("gateway_ip", "gateway"),
        ):
            if said.get(name):
                pool[key] = said[name]
        config["ipam"] = {"type": "host-local", "ranges": [[pool]]}
    return config


def annotation(draft: Draft, workload: Workload, names: Mapping[str, str]) -> dict[str, str]:
    """The annotation by which Multus gives a pod its networks, in the order of its ports."""
    if workload.compute is None:
        return {}
    wanted: list[dict[str, Any]] = []
    for port in ports_of(draft.graph, workload.compute):
        network = network_of(draft.graph, port)
        address = port.properties.get("ip_address")
        fixed = text(address) if address is not None and is_known(address) else None
        if has_multus(draft) and network is not None:
            entry: dict[str, Any] = {"name": names[network.address.template]}
            entry["namespace"] = draft.site.namespace
            wanted.append(entry | ({"ips": [fixed]} if fixed else {}))
        elif fixed:
            draft.report(
                PORT_ADDRESS,
                port.places.get("ip_address", port.place),
                f"the address {fixed} of `{port.address}` is left out: pods get theirs from the "
                "cluster, and are found by the name of their Service",
            )
    return {NETWORKS_ANNOTATION: json.dumps(wanted)} if wanted else {}


def attachment_needs(draft: Draft, workload: Workload, names: Mapping[str, str]) -> tuple[str, ...]:
    if workload.compute is None or not has_multus(draft):
        return ()
    found = [network_of(draft.graph, port) for port in ports_of(draft.graph, workload.compute)]
    return tuple(
        f"NetworkAttachmentDefinition/{names[network.address.template]}"
        for network in found
        if network is not None
    )
