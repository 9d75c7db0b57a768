"""The files of a translation: names, determinism, references, and the samples' expected output."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from toscactl import pipeline
from toscactl.backend import (
    Action,
    Address,
    AttributeOf,
    BackendError,
    MissingExtra,
    Portion,
    Severity,
    Target,
    Unit,
    UnitChange,
    waits_for,
)
from toscactl.targets import BUILT_IN
from toscactl_kubernetes import KubernetesBackend
from toscactl_kubernetes.naming import Names, dns_label, label_value, port_name

SAMPLES = ("elk", "hello", "single-server", "three-tier", "wordpress")
TARGETS = ("kubernetes", "k3s")
Translate = Callable[..., Any]


def files_of(root: Path, sample: str, target: str) -> dict[str, str]:
    service = pipeline.load(str(root / "samples" / sample))
    backends = {"kubernetes": KubernetesBackend()}
    made = pipeline.translate(service, BUILT_IN[target], backends=backends)
    assert not [d for d in made.diagnostics if d.severity is Severity.ERROR]
    return {name: data.decode() for name, data in made.files.items()}


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("sample", SAMPLES)
def test_manifests_refer_to_each_other(root: Path, sample: str, target: str) -> None:
    found = files_of(root, sample, target)
    text = next(text for name, text in found.items() if name.endswith(".yaml"))
    documents = [d for d in yaml.safe_load_all(text) if d]
    keys = [(d["kind"], d["metadata"]["name"]) for d in documents]
    assert len(keys) == len(set(keys))
    pods = [d["spec"]["template"] for d in documents if "template" in d.get("spec", {})]
    for document in documents:
        spec = document.get("spec", {})
        if document["kind"] == "Service":
            assert any(_selects(spec["selector"], pod) for pod in pods)
        if document["kind"] == "HorizontalPodAutoscaler":
            target_of = spec["scaleTargetRef"]
            assert (target_of["kind"], target_of["name"]) in keys
        if document["kind"] == "StatefulSet":
            assert ("Service", spec["serviceName"]) in keys
    for pod in pods:
        assert ("ServiceAccount", pod["spec"]["serviceAccountName"]) in keys
        for volume in pod["spec"]["volumes"]:
            for source in volume.get("projected", {}).get("sources", []):
                if "configMap" in source:
                    assert ("ConfigMap", source["configMap"]["name"]) in keys


def _selects(selector: dict[str, str], pod: dict[str, Any]) -> bool:
    return all(pod["metadata"]["labels"].get(key) == value for key, value in selector.items())


def test_files_have_the_names_that_tools_expect(root: Path) -> None:
    assert set(files_of(root, "three-tier", "kubernetes")) == {
        "three-tier.yaml",
        "Kustomization",
        "README.txt",
    }
    found = files_of(root, "three-tier", "k3s")
    assert "toscactl-three-tier.yaml" in found
    assert yaml.safe_load(found["Kustomization"])["resources"] == ["toscactl-three-tier.yaml"]


def test_the_same_service_makes_the_same_bytes(root: Path) -> None:
    assert files_of(root, "three-tier", "k3s") == files_of(root, "three-tier", "k3s")


def test_what_others_need_comes_first(root: Path) -> None:
    text = files_of(root, "three-tier", "kubernetes")["three-tier.yaml"]
    kinds = [d["kind"] for d in yaml.safe_load_all(text) if d]
    order = list(dict.fromkeys(kinds))
    assert order[0] == "Namespace"
    assert order.index("ConfigMap") < order.index("Service") < order.index("Deployment")


def test_outputs_say_how_to_ask_the_cluster(root: Path) -> None:
    readme = files_of(root, "three-tier", "kubernetes")["README.txt"]
    assert "shop = http://ADDRESS:8080/shop/" in readme
    assert "get service three-tier-balancer" in readme
    readme = files_of(root, "hello", "kubernetes")["README.txt"]
    assert "exec deployment/hello-web -- cat /work/attributes/web/url" in readme


def planned(
    root: Path, sample: str, inputs: Mapping[str, object] | None = None
) -> tuple[Unit, ...]:
    service = pipeline.load(str(root / "samples" / sample))
    graph = pipeline.resolve(service, inputs or {})
    portion = Portion(
        sample,
        BUILT_IN["kubernetes"],
        graph,
        tuple(graph),
        graph.policies,
        graph.outputs,
    )
    checked = KubernetesBackend().lower(portion)
    assert checked.ok
    return checked.value


def test_each_object_is_a_unit_that_knows_what_it_needs(root: Path) -> None:
    units = planned(root, "three-tier")
    ids = [unit.id for unit in units]
    assert len(ids) == len(set(ids))
    for unit in units:
        for need in unit.needs:
            assert need.unit in ids[: ids.index(unit.id)] or unit.kind == "Ingress"
    deployment = next(unit for unit in units if unit.kind == "Deployment")
    assert deployment.id == "kubernetes/Deployment/three-tier/three-tier-web"
    needed = {need.unit.split("/")[1] for need in deployment.needs}
    assert {"Namespace", "ServiceAccount", "ConfigMap", "Secret"} <= needed
    carried = {str(address) for unit in units for address in unit.instances}
    assert carried == {
        "db_server", "db_volume", "db", "shop_db", "web_server", "web", "shop", "balancer",
    }  # fmt: skip


def test_a_change_is_made_in_place_unless_a_field_is_immutable(root: Path) -> None:
    backend = KubernetesBackend()
    before = {unit.kind: unit for unit in planned(root, "wordpress", {"db_password": "one-secret"})}
    after = {unit.kind: unit for unit in planned(root, "wordpress", {"db_password": "two-secret"})}
    assert backend.change(before["Secret"], after["Secret"]).action is Action.UPDATE
    assert backend.change(before["StatefulSet"], after["StatefulSet"]).action is Action.NOOP
    larger = planned(root, "wordpress", {"db_password": "one-secret", "volume_size": "20 GB"})
    grown = {unit.kind: unit for unit in larger}
    replaced = backend.change(before["StatefulSet"], grown["StatefulSet"])
    assert replaced.action is Action.REPLACE
    assert [step.verb for step in backend.steps(replaced)] == ["delete", "apply"]
    first, second = backend.steps(replaced)
    assert first.removes
    assert not first.last
    assert second.last
    assert second.needs == (first.id,)
    (left,) = backend.steps(replace(replaced, done=frozenset({"delete"})))
    assert left.key == "apply"


def test_values_of_other_targets_stay_open_until_they_are_known(root: Path) -> None:
    service = pipeline.load(str(root / "samples" / "wordpress"))
    graph = pipeline.resolve(service, {"db_password": "one-secret"})
    away = {Address("mysql"), Address("db_data")}
    here = tuple(instance for instance in graph if instance.address not in away)
    portion = Portion("wordpress", BUILT_IN["kubernetes"], graph, here, elsewhere=frozenset(away))
    backend = KubernetesBackend()
    checked = backend.lower(portion)
    assert checked.ok
    (unit,) = [unit for unit in checked.value if unit.kind == "Deployment"]
    (reference,) = unit.inputs.values()
    assert isinstance(reference, AttributeOf)
    assert reference.address == Address("mysql")
    (step,) = backend.steps(UnitChange(Action.CREATE, None, unit))
    assert waits_for(step.inputs) == {Address("mysql")}
    assert "mysql" not in "".join(str(address) for address in unit.instances)
    with pytest.raises(BackendError, match="cannot be written"):
        backend.files(portion, checked.value)
    left_open = replace(portion, parameters=True)
    assert not backend.lower(left_open).ok


def test_removal_is_one_step(root: Path) -> None:
    unit = planned(root, "hello")[0]
    (step,) = KubernetesBackend().steps(UnitChange(Action.DELETE, unit, None))
    assert step.removes
    assert step.last
    assert step.payload["name"] == "hello"


def test_clusters_are_not_reached_yet() -> None:
    with pytest.raises((MissingExtra, BackendError)) as raised:
        KubernetesBackend().connect(Target("edge", "kubernetes"))
    assert raised.value.hint


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("Web_Server", "web-server"),
        ("1st", "x-1st"),
        ("---", "x"),
        ("ü", "x"),
        ("a" * 48, "a" * 48),
    ],
)
def test_labels_follow_the_rules_of_dns(text: str, label: str) -> None:
    assert dns_label(text) == label


def test_long_names_stay_distinct() -> None:
    first, second = dns_label("a" * 60 + "b"), dns_label("a" * 60 + "c")
    assert first != second
    assert len(first) == 48


def test_names_are_given_once() -> None:
    names = Names()
    assert names.give("my_app") == "my-app"
    assert names.give("my_app") == "my-app"
    assert names.give("my-app") != "my-app"


def test_port_names_are_short_and_have_a_letter() -> None:
    assert port_name("database_endpoint") == "database"
    assert port_name("80") == "p-80"
    assert len(port_name("a-very-long-capability-name")) <= 15


def test_label_values() -> None:
    assert label_value("1.0 beta!") == "1.0-beta"
    assert label_value("???") == "none"
