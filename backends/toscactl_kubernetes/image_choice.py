"""Which image the container of a workload runs, and what is to be said about it."""

from toscactl.backend import Artifact, Rule, Severity
from toscactl_kubernetes import images
from toscactl_kubernetes.images import Choice
from toscactl_kubernetes.manifests import Draft
from toscactl_kubernetes.workloads import CONTAINER, Workload

NO_IMAGE = Rule("kubernetes-no-image", "A container node has no image.")
IMAGE_NOT_PINNED = Rule(
    "kubernetes-image-not-pinned",
    "An image has no tag, or `latest`: what runs changes by itself.",
    Severity.WARNING,
)
BASE_IMAGE = Rule(
    "kubernetes-base-image",
    "The scripts of a server run in a container image that was chosen for them.",
    Severity.NOTE,
)
IDLE_SERVER = Rule(
    "kubernetes-idle-server",
    "Nothing is to run on a compute node: it becomes a container that waits.",
    Severity.WARNING,
)


def choose_image(draft: Draft, workload: Workload) -> Choice:
    """The image of the main container, and findings about it."""
    image = workload.image
    if isinstance(image, Artifact):
        choice = Choice(images.reference(image), "artifact", image)
    elif image is not None:
        choice = Choice(image, "fact")
    else:
        choice = _without_image(draft, workload)
    if not images.is_pinned(choice.image):
        draft.report(
            IMAGE_NOT_PINNED,
            choice.artifact.place if choice.artifact else workload.application.place,
            f"`{choice.image}` has no tag that stays: what runs changes by itself",
            "name a version, or a digest: `@sha256:...`",
        )
    return choice


def _without_image(draft: Draft, workload: Workload) -> Choice:
    system = images.system_of(workload.compute)
    root = workload.root
    container = next((c for c in workload.components if c.is_a(CONTAINER)), None)
    if container is not None and not workload.operations:
        draft.report(
            NO_IMAGE,
            container.place,
            f"`{container.address}` has no image",
            "give it an artifact of type `tosca.artifacts.Deployment.Image`",
        )
    named = None if workload.compute is None else workload.compute.properties.get("image")
    names = [f"{system.distribution}-{system.version}", system.distribution, *root.types]
    fact = images.by_fact(
        draft.site.fact("images"),
        [*([named] if isinstance(named, str) else []), root.address.template, *names],
    )
    if workload.idle:
        choice = Choice(fact, "fact") if fact else images.for_system(system)
        if container is None:
            _report_idle(draft, workload, choice)
        return choice
    choice = Choice(fact, "fact") if fact else images.for_scripts(system)
    if fact is None:
        draft.report(
            BASE_IMAGE,
            root.place,
            f"the operations of `{root.address.template}` run in `{choice.image}`",
            "name another image in the target's facts: "
            f"`images: {{{root.address.template}: IMAGE}}`",
        )
    return choice


def _report_idle(draft: Draft, workload: Workload, choice: Choice) -> None:
    names = ", ".join(f"`{component.address.template}`" for component in workload.components)
    draft.report(
        IDLE_SERVER,
        workload.root.place,
        f"nothing is to run for {names}: it becomes a container of `{choice.image}` that waits",
        "host software on it, give it a container image, or set the fact `kubevirt: true` of the "
        "target to have a virtual machine",
    )
