"""Volumes, autoscalers, budgets, placement; what is no part of Kubernetes."""

from collections.abc import Callable
from typing import Any

import pytest

from toscactl_kubernetes.quantities import cpu, memory, storage

Translate = Callable[..., Any]

VOLUME = """
topology_template:
  node_templates:
    runtime: { type: tosca.nodes.Container.Runtime }
    data:
      type: tosca.nodes.Storage.BlockStorage
      properties: { name: data, size: %s }
"""
USER = """
    %s:
      type: shop.App
      artifacts:
        image: { type: tosca.artifacts.Deployment.Image, file: "registry.example/app:1" }
      requirements:
        - host: runtime
        - data:
            node: data
            relationship: { type: tosca.relationships.AttachesTo, properties: { location: %s } }
"""
TYPES = """
node_types:
  shop.App:
    derived_from: tosca.nodes.Container.Application
    requirements:
      - data:
          capability: tosca.capabilities.Attachment
          relationship: tosca.relationships.AttachesTo
          occurrences: [ 0, 1 ]
"""


@pytest.mark.parametrize(
    ("amount", "written"),
    [(1, "1Gi"), (10**9, "1Gi"), (1 << 30, "1Gi"), ((1 << 30) + 1, "2Gi"), (10**10, "10Gi")],
)
def test_storage_is_rounded_up(amount: int, written: str) -> None:
    assert storage(amount) == written


def test_quantities_are_exact() -> None:
    assert memory(512 * 10**6) == "512M"
    assert memory(1 << 30) == "1Gi"
    assert memory(1001) == "1001"
    assert (cpu(500), cpu(2000)) == ("500m", "2")


def test_an_attached_volume_makes_a_stateful_set(translate: Translate) -> None:
    made = translate(TYPES + VOLUME % "1500 MB" + USER % ("app", "/srv/data"))
    spec = made["StatefulSet/shop-app"]["spec"]
    (claim,) = spec["volumeClaimTemplates"]
    assert claim["spec"] == {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "2Gi"}},
    }
    assert made["Service/shop-app"]["spec"]["clusterIP"] == "None"
    mounts = made.container("StatefulSet/shop-app")["volumeMounts"]
    assert {"name": "data", "mountPath": "/srv/data"} in mounts
    assert made.pod("StatefulSet/shop-app")["securityContext"]["fsGroup"] == 10001


def test_volumes_of_k3s_stay_on_their_node(translate: Translate) -> None:
    text = TYPES + VOLUME % "1 GB" + USER % ("app", "/srv/data")
    made = translate(text, "k3s")
    (claim,) = made["StatefulSet/shop-app"]["spec"]["volumeClaimTemplates"]
    assert claim["spec"]["storageClassName"] == "local-path"
    assert "volume-on-node" in made.rules()
    made = translate(text, "k3s", facts={"storage_class": "longhorn"})
    assert "volume-on-node" not in made.rules()


def test_a_volume_of_two_is_one_claim(translate: Translate) -> None:
    made = translate(TYPES + VOLUME % "1 GB" + USER % ("first", "/one") + USER % ("second", "/two"))
    claim = made["PersistentVolumeClaim/shop-data"]["spec"]
    assert claim["accessModes"] == ["ReadWriteMany"]
    for name in ("first", "second"):
        (volume,) = [
            v for v in made.pod(f"Deployment/shop-{name}")["volumes"] if v["name"] == "shop-data"
        ]
        assert volume["persistentVolumeClaim"] == {"claimName": "shop-data"}
    assert "volume-shared" in made.rules()


def test_a_volume_that_is_attached_twice_is_mounted_twice(translate: Translate) -> None:
    user = (
        USER % ("app", "/one")
        + """        - data:
            node: data
            relationship: { type: tosca.relationships.AttachesTo, properties: { location: /two } }
"""
    )
    made = translate(TYPES.replace("[ 0, 1 ]", "[ 0, 2 ]") + VOLUME % "1 GB" + user)
    assert len(made["StatefulSet/shop-app"]["spec"]["volumeClaimTemplates"]) == 1
    paths = [m["mountPath"] for m in made.container("StatefulSet/shop-app")["volumeMounts"]]
    assert {"/one", "/two"} <= set(paths)


def test_a_volume_of_nobody_is_a_claim(translate: Translate) -> None:
    text = VOLUME % "3 GiB, volume_id: pv-7, snapshot_id: snap-1"
    spec = translate(text)["PersistentVolumeClaim/shop-data"]["spec"]
    assert spec["resources"]["requests"]["storage"] == "3Gi"
    assert spec["volumeName"] == "pv-7"
    assert spec["dataSource"]["name"] == "snap-1"


def test_a_relative_location_is_said(translate: Translate) -> None:
    made = translate(TYPES + VOLUME % "1 GB" + USER % ("app", "data"))
    assert "without an absolute path" in made.said("volume-not-expressible")
    mounts = made.container("StatefulSet/shop-app")["volumeMounts"]
    assert "/mnt/data" in [mount["mountPath"] for mount in mounts]


SCALED = """
topology_template:
  node_templates:
    server:
      type: tosca.nodes.Compute
      capabilities:
        scalable:
          properties: { min_instances: 2, max_instances: 6, default_instances: 3 }
    web:
      type: tosca.nodes.WebServer
      capabilities: { data_endpoint: { properties: { protocol: http, port: 8080 } } }
      interfaces: { Standard: { operations: { start: run.sh } } }
      requirements: [ { host: server } ]
"""
POLICY = """
  policies:
    - grow:
        type: tosca.policies.Scaling
        targets: [ %s ]
        triggers:
          busy:
            event: tosca.events.resource.utilization
            condition:
              constraint: [ { %s: [ { greater_than: 70 } ] } ]
              period: 30 s
              evaluations: 4
            action: [ { delegate: scale_out } ]
"""
SCRIPT = {"run.sh": "#!/bin/sh\n"}


def test_without_a_policy_the_number_is_fixed(translate: Translate) -> None:
    made = translate(SCALED, files=SCRIPT)
    spec = made["Deployment/shop-web"]["spec"]
    assert spec["replicas"] == 3
    assert made["PodDisruptionBudget/shop-web"]["spec"]["maxUnavailable"] == 1
    pod = spec["template"]["spec"]
    (term,) = pod["affinity"]["podAntiAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"]
    assert term["podAffinityTerm"]["topologyKey"] == "kubernetes.io/hostname"
    assert pod["topologySpreadConstraints"][0]["whenUnsatisfiable"] == "ScheduleAnyway"


@pytest.mark.parametrize("target", ["server", "web"])
@pytest.mark.parametrize(("metric", "resource"), [("cpu_utilization", "cpu"), ("mem", "memory")])
def test_a_policy_is_an_autoscaler(
    translate: Translate, target: str, metric: str, resource: str
) -> None:
    made = translate(SCALED + POLICY % (target, metric), files=SCRIPT)
    assert "replicas" not in made["Deployment/shop-web"]["spec"]
    spec = made["HorizontalPodAutoscaler/shop-web"]["spec"]
    assert (spec["minReplicas"], spec["maxReplicas"]) == (2, 6)
    (measured,) = spec["metrics"]
    assert measured["resource"] == {
        "name": resource,
        "target": {"type": "Utilization", "averageUtilization": 70},
    }
    assert spec["behavior"]["scaleUp"]["stabilizationWindowSeconds"] == 120
    assert {"metrics-needed", "initial-instances"} <= made.rules()
    assert resource in made.container("Deployment/shop-web")["resources"]["requests"]


def test_of_two_thresholds_the_first_to_act_is_the_target(translate: Translate) -> None:
    further = (POLICY % ("web", "cpu")).partition("        triggers:\n")[2]
    both = POLICY % ("web", "cpu") + further.replace("busy", "busier").replace("70", "90")
    made = translate(SCALED + both, files=SCRIPT)
    (measured,) = made["HorizontalPodAutoscaler/shop-web"]["spec"]["metrics"]
    assert measured["resource"]["target"]["averageUtilization"] == 70
    assert "90 % is left out" in made.said("scaling-not-expressible")


def test_a_cluster_without_metrics_has_a_fixed_number(translate: Translate) -> None:
    made = translate(SCALED + POLICY % ("web", "cpu"), files=SCRIPT, facts={"metrics": False})
    assert made.kinds("HorizontalPodAutoscaler") == set()
    assert made["Deployment/shop-web"]["spec"]["replicas"] == 3
    assert "no metrics" in made.said("scaling-not-expressible")


def test_other_metrics_are_said(translate: Translate) -> None:
    made = translate(SCALED + POLICY % ("web", "queue_length"), files=SCRIPT)
    assert made.kinds("HorizontalPodAutoscaler") == set()
    assert "queue_length" in made.said("scaling-not-expressible")


def test_an_autoscaler_that_could_never_act_is_said_and_left_out(translate: Translate) -> None:
    text = SCALED.replace("max_instances: 6", "max_instances: 2").replace(
        "default_instances: 3", "default_instances: 2"
    )
    assert text.count("_instances: 2") == 3
    made = translate(text + POLICY % ("web", "cpu"), files=SCRIPT)
    assert made.kinds("HorizontalPodAutoscaler") == set()
    assert made["Deployment/shop-web"]["spec"]["replicas"] == 2
    assert "never more" in made.said("scaling-not-expressible")


PLACED = """
policy_types:
  shop.AntiAffinity: { derived_from: tosca.policies.Placement }
topology_template:
  node_templates:
    one: { type: tosca.nodes.Compute }
    two: { type: tosca.nodes.Compute }
  policies:
    - apart: { type: %s, targets: [ one, two ] }
"""


def test_placement_policies(translate: Translate) -> None:
    made = translate(PLACED % "shop.AntiAffinity")
    affinity = made.pod("Deployment/shop-one")["affinity"]["podAntiAffinity"]
    (term,) = affinity["requiredDuringSchedulingIgnoredDuringExecution"]
    assert term["labelSelector"]["matchExpressions"][0]["values"] == ["shop-one", "shop-two"]
    made = translate(PLACED % "shop.AntiAffinity", "k3s")
    affinity = made.pod("Deployment/shop-one")["affinity"]["podAntiAffinity"]
    assert "preferredDuringSchedulingIgnoredDuringExecution" in affinity
    assert "placement-softened" in made.rules()
    made = translate(PLACED % "shop.AntiAffinity", "k3s", facts={"nodes": 3})
    assert "placement-softened" not in made.rules()
    assert "placement-unclear" in translate(PLACED % "tosca.policies.Placement").rules()
    assert "policy-not-expressible" in translate(PLACED % "tosca.policies.Performance").rules()
