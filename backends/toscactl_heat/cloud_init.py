"""Software by cloud-init: one script per server at its first boot, for images without agents.

A server that must wait for what runs on another one waits for that one's wait condition.
"""

import hashlib
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from toscactl.backend import Address, Rule, Secret, Severity
from toscactl_heat.draft import Draft, HotResource
from toscactl_heat.expressions import lower
from toscactl_heat.hot import Function, GetAttr, GetFile, GetParam, GetResource, Hot, join, leaves
from toscactl_heat.network import origin
from toscactl_heat.script import ARTIFACT_FOR_AGENT, WORK
from toscactl_heat.sequence import Planned
from toscactl_heat.software import ON_DELETE, Deployment

NO_REMOVAL = Rule(
    "heat-no-removal",
    "Operations that clean up are not run: cloud-init acts at the first boot only.",
    Severity.WARNING,
)
TOO_MUCH_USER_DATA = Rule(
    "heat-user-data-size", "What a server is to run at its first boot is more than Nova takes."
)

SECRET_IN_USER_DATA = Rule(
    "heat-secret-in-user-data",
    "A secret reaches a server in its user data.",
    Severity.WARNING,
)

TIMEOUT = 3600
"""Seconds that a stack waits for the software of one server."""
MOST_BYTES = 65535 * 3 // 4
"""Nova takes 65535 bytes of user data, in base64."""


_NOTIFIED = """ --data-binary "{\\"status\\": \\"$1\\"}"
}
trap 'notify FAILURE' ERR
"""


def by_server(planned: Sequence[Planned]) -> Mapping[Address, tuple[Planned, ...]]:
    """What is to run on each server, in order."""
    found: dict[Address, list[Planned]] = {}
    for step in planned:
        found.setdefault(step[0].server, []).append(step)
    return {server: tuple(steps) for server, steps in found.items()}


def lower_user_data(draft: Draft, server: Address, steps: Sequence[Planned]) -> Hot:
    """What a server runs at its first boot, as the value of its `user_data`."""
    making = [step for step in steps if step[0].actions != ON_DELETE]
    _report(draft, server, steps)
    handle = draft.names.of(server, "handle")
    text = _script(server, [deployment for deployment, _ in making], handle)
    _check_size(draft, server, text)
    about = {
        "member_of": draft.scaled.get(server),
        "instance": server,
        "origin": origin(draft.graph[server]),
    }
    draft.add(HotResource(handle, "OS::Heat::WaitConditionHandle", {}, **about))  # type: ignore[arg-type]
    draft.add(
        HotResource(
            condition_name(draft, server),
            "OS::Heat::WaitCondition",
            {"handle": GetResource(handle), "timeout": TIMEOUT},
            (draft.names.of(server),),
            **about,  # type: ignore[arg-type]
        )
    )
    made = draft.add(
        HotResource(
            draft.names.of(server, "setup"),
            "OS::Heat::SoftwareConfig",
            {"group": "ungrouped", "config": text},
            **about,  # type: ignore[arg-type]
        )
    )
    own = draft.graph[server].properties.get("user_data")
    if own is None:
        return made
    parts = (
        {"config": lower(draft, own, draft.graph[server].places.get("user_data"))},
        {"config": made},
    )
    return draft.add(
        HotResource(
            draft.names.of(server, "user_data"),
            "OS::Heat::MultipartMime",
            {"parts": parts},
            **about,  # type: ignore[arg-type]
        )
    )


def condition_name(draft: Draft, server: Address) -> str:
    """The resource that is there when a server's software is."""
    return draft.names.of(server, "ready")


def await_software(draft: Draft, planned: Sequence[Planned]) -> None:
    """Let what waits for an operation wait for its server, and servers for one another."""
    ready = {deployment.name: condition_name(draft, deployment.server) for deployment, _ in planned}
    needed: dict[str, dict[str, None]] = {}
    for deployment, after in planned:
        own = condition_name(draft, deployment.server)
        for name in after:
            other = ready.get(name, name)
            if other != own and other != draft.names.of(deployment.server):
                needed.setdefault(draft.names.of(deployment.server), {})[other] = None
    attachments = {
        name
        for name, resource in draft.resources.items()
        if resource.type == "OS::Cinder::VolumeAttachment"
    }
    for name, resource in draft.resources.items():
        after_this = [ready.get(it, it) for it in resource.depends_on]
        # A volume is attached while the server boots; its script waits for the device.
        after_this += [it for it in needed.get(name, {}) if it not in attachments]
        draft.resources[name] = replace(resource, depends_on=tuple(dict.fromkeys(after_this)))


def _report(draft: Draft, server: Address, steps: Sequence[Planned]) -> None:
    cleaning = [deployment for deployment, _ in steps if deployment.actions == ON_DELETE]
    if cleaning:
        names = ", ".join(f"`{deployment.name}`" for deployment in cleaning)
        draft.report(
            NO_REMOVAL,
            cleaning[0].origin.place,
            f"cloud-init runs nothing when `{server}` is removed; left out: {names}",
        )
    for deployment, _ in steps:
        secret = [f"`{name}`" for name, value in deployment.inputs.items() if _tells(draft, value)]
        if secret and deployment.actions != ON_DELETE:
            draft.report(
                SECRET_IN_USER_DATA,
                deployment.origin.place,
                f"`{deployment.name}` needs {', '.join(secret)}, which is secret and so stands in"
                f" the user data of `{server}`",
                hint="forbid its users to reach the metadata service, or let the server fetch"
                " secrets from a store of them",
            )
        if deployment.group != "script":
            draft.report(
                ARTIFACT_FOR_AGENT,
                deployment.origin.place,
                f"`{deployment.name}` needs Heat's agent for {deployment.group}",
                hint="set fact `software: agent` of the target, with images that have the agents",
            )


def _tells(draft: Draft, value: Hot) -> bool:
    """Whether a value shows a secret: one that is known, or a hidden parameter."""
    hidden = {name for name, parameter in draft.parameters.items() if parameter.hidden}
    return any(
        isinstance(leaf, Secret) or (isinstance(leaf, GetParam) and leaf.name in hidden)
        for leaf in leaves(value)
    )


def _script(server: Address, making: Sequence[Deployment], handle: str) -> Hot:
    pieces: list[Hot] = [
        f"#!/bin/bash\n# What runs on {server} at its first boot\nset -eu\nnotify() {{\n",
        GetAttr(handle, ("curl_cli",)),
        _NOTIFIED,
        f"mkdir -p -m 700 {WORK}/run\n",
    ]
    for deployment in making:
        pieces += _step(deployment)
    pieces.append("notify SUCCESS\n")
    return join(*pieces)


def _step(deployment: Deployment) -> Iterator[Hot]:
    mark = "END_" + hashlib.sha256(deployment.name.encode()).hexdigest()[:12].upper()
    file = shlex.quote(f"{WORK}/run/{deployment.name}")
    yield f"cat > {file} <<'{mark}'\n"
    yield deployment.config
    yield f"\n{mark}\nchmod 700 {file}\n"
    words = ["deploy_action=CREATE"]
    for number, (name, value) in enumerate(
        {**deployment.inputs, **deployment.surroundings}.items()
    ):
        if isinstance(value, str):
            words.append(shlex.quote(f"{name}={value}"))
            continue
        yield f"value{number}=$(cat <<'{mark}'\n"
        yield value
        yield f"\n{mark}\n)\n"
        words.append(f'{shlex.quote(name + "=")}"$value{number}"')
    yield f"env {' '.join(words)} {file}\n"


def _check_size(draft: Draft, server: Address, text: Hot) -> None:
    size = sum(len(piece.encode()) for piece in _texts(text))
    files = (leaf.path for leaf in leaves(text) if isinstance(leaf, GetFile))
    size += sum(len(draft.files[path].data) for path in files)
    if size > MOST_BYTES:
        draft.report(
            TOO_MUCH_USER_DATA,
            draft.graph[server].place,
            f"`{server}` would get {size} bytes of user data, and Nova takes {MOST_BYTES}",
            hint="use images with Heat's agents (fact `software: agent`), or smaller files",
        )


def _texts(tree: Hot) -> Iterator[str]:
    match tree:
        case str():
            yield tree
        case Function(argument=argument):
            yield from _texts(argument)
        case tuple():
            for item in tree:
                yield from _texts(item)
        case _:
            return
