"""Services, Ingresses, load balancers and NetworkPolicies."""

from collections.abc import Callable
from typing import Any

Translate = Callable[..., Any]

TYPES = """
node_types:
  shop.App:
    derived_from: tosca.nodes.Container.Application
    capabilities:
      web: { type: tosca.capabilities.Endpoint.Public }
      inner: { type: tosca.capabilities.Endpoint }
    requirements:
      - peer:
          capability: tosca.capabilities.Endpoint
          node: shop.App
          relationship: tosca.relationships.ConnectsTo
          occurrences: [ 0, UNBOUNDED ]
"""
HEAD = """
topology_template:
  node_templates:
    runtime: { type: tosca.nodes.Container.Runtime }
"""


def app(name: str, capabilities: str, requirements: str = "") -> str:
    return f"""
    {name}:
      type: shop.App
      artifacts:
        image:
          type: tosca.artifacts.Deployment.Image
          file: registry.example/app:1
      capabilities: {{ {capabilities} }}
      requirements: [ {{ host: runtime }}{requirements} ]
"""


def service(*nodes: str) -> str:
    return TYPES + HEAD + "".join(nodes)


WEB = "web: { properties: { protocol: http, port: %d%s } }"
INNER = "inner: { properties: { port: %d } }"


def test_a_public_port_gets_a_load_balancer(translate: Translate) -> None:
    made = translate(service(app("a", WEB % (8080, ""))))
    spec = made["Service/shop-a"]["spec"]
    assert spec["type"] == "LoadBalancer"
    assert spec["ports"] == [
        {"name": "web", "port": 8080, "targetPort": "web", "protocol": "TCP", "appProtocol": "http"}
    ]
    assert made["NetworkPolicy/shop-a"]["spec"]["ingress"] == [
        {"ports": [{"port": 8080, "protocol": "TCP"}]}
    ]


def test_inner_ports_stay_inside(translate: Translate) -> None:
    made = translate(service(app("a", f"{WEB % (8080, '')}, {INNER % 9000}")))
    assert "type" not in made["Service/shop-a"]["spec"]
    assert [p["port"] for p in made["Service/shop-a"]["spec"]["ports"]] == [9000]
    assert [p["port"] for p in made["Service/shop-a-public"]["spec"]["ports"]] == [8080]


def test_a_path_puts_a_web_endpoint_behind_an_ingress(translate: Translate) -> None:
    made = translate(service(app("a", WEB % (8080, ", url_path: shop"))), facts={"domain": "x.org"})
    spec = made["Ingress/shop-a"]["spec"]
    assert "ingressClassName" not in spec
    (rule,) = spec["rules"]
    assert rule["host"] == "shop-a.x.org"
    assert rule["http"]["paths"][0]["path"] == "/shop"
    assert "type" not in made["Service/shop-a"]["spec"]
    probe = made.container("Deployment/shop-a")["readinessProbe"]
    assert probe["httpGet"]["path"] == "/shop"


def test_k3s_brings_its_own_ingress_for_port_80(translate: Translate) -> None:
    made = translate(service(app("a", WEB % (80, ""))), "k3s")
    assert made["Ingress/shop-a"]["spec"]["ingressClassName"] == "traefik"
    assert made["Ingress/shop-a"]["spec"]["rules"][0]["http"]["paths"][0]["path"] == "/"
    pod = made.pod("Deployment/shop-a")["securityContext"]
    assert pod["sysctls"] == [{"name": "net.ipv4.ip_unprivileged_port_start", "value": "0"}]


def test_k3s_cannot_give_a_port_twice(translate: Translate) -> None:
    text = service(app("a", WEB % (8080, "")), app("b", WEB % (8080, "")))
    assert "port 8080" in translate(text, "k3s").said("load-balancer-clash")
    assert "load-balancer-clash" not in translate(text).rules()


def test_https_needs_a_certificate_for_an_ingress(translate: Translate) -> None:
    text = service(app("a", "web: { properties: { protocol: https, port: 8443, url_path: / } }"))
    made = translate(text)
    assert made.kinds("Ingress") == set()
    assert "ingress-tls" in made.rules()
    made = translate(text, facts={"tls_secret": "cert"})
    assert made["Ingress/shop-a"]["spec"]["tls"] == [{"secretName": "cert"}]


def test_only_those_who_connect_may(translate: Translate) -> None:
    text = service(
        app("a", INNER % 9000),
        app("b", INNER % 9001, ", { peer: { node: a, capability: inner } }"),
        app("c", INNER % 9002),
    )
    made = translate(text)
    (rule,) = made["NetworkPolicy/shop-a"]["spec"]["ingress"]
    (peer,) = rule["from"]
    assert peer["podSelector"]["matchLabels"]["app.kubernetes.io/instance"] == "shop-b"
    assert made.env("Deployment/shop-b") == {"PEER_HOST": "shop-a", "PEER_PORT": "9000"}
    assert made["NetworkPolicy/shop-c"]["spec"]["ingress"][0]["from"] == [{"podSelector": {}}]


def test_ports_of_several_protocols_and_ranges(translate: Translate) -> None:
    ports = "{ a: { protocol: udp, target: 53 }, b: { protocol: tcp, target_range: [ 100, 102 ] } }"
    many = "{ a: { protocol: udp, target_range: [ 1000, 9000 ] } }"
    made = translate(service(app("a", f"inner: {{ properties: {{ ports: {ports} }} }}")))
    found = [(p["port"], p["protocol"]) for p in made["Service/shop-a"]["spec"]["ports"]]
    assert found == [(53, "UDP"), (100, "TCP"), (101, "TCP"), (102, "TCP")]
    made = translate(service(app("a", f"inner: {{ properties: {{ ports: {many} }} }}")))
    assert "too many ports" in made.said("port-not-expressible")


BALANCER = """
    front:
      type: tosca.nodes.LoadBalancer
      properties: { algorithm: %s }
      capabilities: { client: { properties: { protocol: http, port: 80 } } }
      requirements: [ %s ]
"""
ROUTE = "{ application: { node: %s, capability: inner } }"


def test_a_load_balancer_is_a_service_in_front(translate: Translate) -> None:
    text = service(app("a", INNER % 9000), BALANCER % ("source_ip", ROUTE % "a"))
    made = translate(text)
    spec = made["Service/shop-front"]["spec"]
    assert spec["type"] == "LoadBalancer"
    assert spec["sessionAffinity"] == "ClientIP"
    assert spec["selector"]["app.kubernetes.io/instance"] == "shop-a"
    assert (spec["ports"][0]["port"], spec["ports"][0]["targetPort"]) == (80, "inner")
    assert made["NetworkPolicy/shop-a"]["spec"]["ingress"] == [
        {"ports": [{"port": 9000, "protocol": "TCP"}]}
    ]


def test_a_load_balancer_of_several_workloads_selects_by_a_label(translate: Translate) -> None:
    routes = f"{ROUTE % 'a'}, {ROUTE % 'b'}"
    text = service(
        app("a", INNER % 9000), app("b", INNER % 9000), BALANCER % ("LEAST_CONNECTIONS", routes)
    )
    made = translate(text)
    selector = made["Service/shop-front"]["spec"]["selector"]
    assert selector == {"balancer.toscactl.dev/shop-front": "member"}
    for name in ("shop-a", "shop-b"):
        labels = made[f"Deployment/{name}"]["spec"]["template"]["metadata"]["labels"]
        assert selector.items() <= labels.items()
    assert made["Service/shop-front"]["spec"]["ports"][0]["targetPort"] == 9000
    assert "LEAST_CONNECTIONS" in made.said("balancer-algorithm")


def test_a_load_balancer_of_nothing_is_said(translate: Translate) -> None:
    made = translate(service(app("a", INNER % 9000), BALANCER % ("RANDOM", "")))
    assert "Service/shop-front" not in made.documents
    assert "balancer-members" in made.rules()


def test_multus_networks(translate: Translate) -> None:
    text = """
topology_template:
  node_templates:
    server: { type: tosca.nodes.Compute }
    net:
      type: tosca.nodes.network.Network
      properties: { cidr: 10.1.0.0/24, physical_network: eth1 }
    port:
      type: tosca.nodes.network.Port
      properties: { ip_address: 10.1.0.9 }
      requirements: [ { link: net }, { binding: server } ]
"""
    plain = translate(text)
    assert {"pod-network", "port-address"} <= plain.rules()
    made = translate(text, facts={"multus": True})
    config = made["NetworkAttachmentDefinition/shop-net"]["spec"]["config"]
    assert '"type": "macvlan"' in config
    annotations = made["Deployment/shop-server"]["spec"]["template"]["metadata"]["annotations"]
    assert '"ips": ["10.1.0.9"]' in annotations["k8s.v1.cni.cncf.io/networks"]


FRONTS = """
    front:
      type: tosca.nodes.LoadBalancer
      capabilities:
        client:
          properties:
            protocol: http
            port: 80
            ports:
              tls: { protocol: tcp, target: 443 }
              names: { protocol: udp, target: 53 }
              many: { protocol: tcp, target_range: [ 1000, 1010 ] }
      requirements: [ %s ]
"""


def test_each_port_in_front_of_a_load_balancer_is_made_or_said_to_be_left_out(
    translate: Translate,
) -> None:
    made = translate(service(app("a", INNER % 9000), FRONTS % (ROUTE % "a")))
    ports = made["Service/shop-front"]["spec"]["ports"]
    assert [(p["port"], p["targetPort"], p["protocol"]) for p in ports] == [
        (80, "inner", "TCP"),
        (443, "inner", "TCP"),
    ]
    said = made.said("balancer-front")
    assert "`client.names` of `front`" in said
    assert "`client.many` of `front`" in said


def test_routes_to_two_ports_of_one_workload_are_said(translate: Translate) -> None:
    text = """
topology_template:
  node_templates:
    server: { type: tosca.nodes.Compute }
    web: { type: tosca.nodes.WebServer, requirements: [ { host: server } ] }
    one:
      type: tosca.nodes.WebApplication
      capabilities: { app_endpoint: { properties: { port: 8001 } } }
      requirements: [ { host: web } ]
    two:
      type: tosca.nodes.WebApplication
      capabilities: { app_endpoint: { properties: { port: 8002 } } }
      requirements: [ { host: web } ]
    front:
      type: tosca.nodes.LoadBalancer
      capabilities: { client: { properties: { port: 80 } } }
      requirements: [ { application: one }, { application: two } ]
"""
    made = translate(text)
    assert made["Service/shop-front"]["spec"]["ports"][0]["targetPort"] == "app"
    assert "only 8001 is reached" in made.said("balancer-members")


def test_a_load_balancer_does_not_clash_with_itself(translate: Translate) -> None:
    front = (BALANCER % ("RANDOM", ROUTE % "a")).replace("port: 80 ", "port: 8025 ")
    text = service(app("a", INNER % 9000), front)
    assert "load-balancer-clash" not in translate(text, "k3s").rules()
    both = text + front.replace("front:", "other:")
    assert translate(both, "k3s").said("load-balancer-clash").count("8025") == 1


def test_members_of_another_transport_are_said(translate: Translate) -> None:
    other = app("b", "inner: { properties: { protocol: udp, port: 9000 } }")
    routes = f"{ROUTE % 'a'}, {ROUTE % 'b'}"
    made = translate(service(app("a", INNER % 9000), other, BALANCER % ("RANDOM", routes)))
    assert "`b` is not reached" in made.said("balancer-members")
