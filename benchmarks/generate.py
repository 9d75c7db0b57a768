"""Write a service of N nodes in TOSCA 1.3 that every parser of 1.x accepts alike.

    python benchmarks/generate.py 1000 > service-1000.yaml

A stack is five nodes: a server, a volume attached to it, a web server with operations, an
application on that, and a database server; each application connects to the database of the
stack before it, so that the graph has one long spine and many short branches.
"""

import sys
from collections.abc import Iterator

_HEAD = """\
tosca_definitions_version: tosca_simple_yaml_1_0

description: A generated service of {count} nodes.

topology_template:

  inputs:
    cpus:
      type: integer
      description: The number of CPUs of every server.
      default: 2
      constraints:
        - valid_values: [ 1, 2, 4, 8 ]
    image:
      type: string
      default: ubuntu

  node_templates:
"""

_SERVER = """
    server_{n}:
      type: tosca.nodes.Compute
      capabilities:
        host:
          properties:
            num_cpus: {{ get_input: cpus }}
            mem_size: {memory} MB
            disk_size: 20 GB
        os:
          properties:
            architecture: x86_64
            type: linux
            distribution: {{ get_input: image }}
            version: "24.04"
      requirements:
        - local_storage:
            node: volume_{n}
            relationship:
              type: tosca.relationships.AttachesTo
              properties:
                location: /data/{n}
"""

_VOLUME = """
    volume_{n}:
      type: tosca.nodes.BlockStorage
      properties:
        size: {size} GB
"""

_WEB = """
    web_{n}:
      type: tosca.nodes.WebServer
      requirements:
        - host: server_{n}
      interfaces:
        Standard:
          create: scripts/web_create.sh
          configure:
            implementation: scripts/web_configure.sh
            inputs:
              address: {{ get_attribute: [ server_{n}, private_address ] }}
              workers: {workers}
          start: scripts/web_start.sh
"""

_APPLICATION = """
    application_{n}:
      type: tosca.nodes.WebApplication
      properties:
        context_root: application-{n}
      requirements:
        - host: web_{n}
        - dependency: database_{before}
"""

_DATABASE = """
    database_{n}:
      type: tosca.nodes.DBMS
      properties:
        port: {port}
        root_password: secret-{n}
      requirements:
        - host: server_{n}
"""

_KINDS = (_SERVER, _VOLUME, _WEB, _DATABASE, _APPLICATION)


def service(count: int) -> Iterator[str]:
    """The text of a service of `count` nodes, in pieces. `count` is a multiple of five."""
    yield _HEAD.format(count=count)
    for number in range(count // len(_KINDS)):
        values = {
            "n": number,
            "before": max(number - 1, 0),
            "memory": 1024 * (1 + number % 8),
            "size": 10 + number % 90,
            "workers": 1 + number % 16,
            "port": 3306 + number % 1000,
        }
        for kind in _KINDS:
            yield kind.format(**values)
    yield "\n  outputs:\n    first:\n      description: The address of the first server.\n"
    yield "      value: { get_attribute: [ server_0, private_address ] }\n"


if __name__ == "__main__":
    sys.stdout.writelines(service(int(sys.argv[1])))
