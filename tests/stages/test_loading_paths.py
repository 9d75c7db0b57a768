"""Opening what a user names: files, folders, packages; reading local files."""

import http.server
import os
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from toscactl import loading
from toscactl.errors import CannotRead, InvalidService
from toscactl.loading import FolderFetch, open_path

HEAD = "tosca_definitions_version: tosca_simple_yaml_1_3\n"
SERVICE = HEAD + "topology_template: {}\n"
META = (
    "TOSCA-Meta-File-Version: 1.0\nCSAR-Version: 1.1\nCreated-By: me\n"
    "Entry-Definitions: Definitions/top.yaml\n"
)


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_yaml", ".yaml").replace("_meta", ".meta")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def package(path: Path, **files: str) -> str:
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            member = name.replace("__", "/").replace("_yaml", ".yaml").replace("_meta", ".meta")
            archive.writestr(member, text)
    return str(path)


def importing(*references: str) -> str:
    return SERVICE + "imports:\n" + "".join(f'  - "{reference}"\n' for reference in references)


def test_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, shop__top_yaml=SERVICE)
    monkeypatch.chdir(tmp_path)
    opened = open_path("./shop/top.yaml")
    assert opened.location == str(tmp_path / "shop" / "top.yaml")
    assert (opened.stem, opened.shown) == ("top", "shop/top.yaml")
    bundle = loading.load(opened.location, opened.fetch).value
    assert bundle.root.file.source.name == "shop/top.yaml"


def test_a_file_called_service_is_named_after_its_folder(tmp_path: Path) -> None:
    write(tmp_path, shop__service_yaml=SERVICE)
    assert open_path(str(tmp_path / "shop" / "service.yaml")).stem == "shop"


@pytest.mark.parametrize(
    ("files", "entry"),
    [
        ({"service_yaml": SERVICE, "other_yaml": SERVICE}, "service.yaml"),
        (
            {"TOSCA-Metadata__TOSCA_meta": META, "Definitions__top_yaml": SERVICE},
            "Definitions/top.yaml",
        ),
        ({"top_yaml": SERVICE, "types_yaml": HEAD, "values_yaml": "a: 1\n"}, "top.yaml"),
        ({"types_yaml": HEAD}, "types.yaml"),
    ],
)
def test_a_folder(tmp_path: Path, files: dict[str, str], entry: str) -> None:
    folder = write(tmp_path / "shop", **files)
    opened = open_path(str(folder))
    assert opened.location == str(folder / entry)
    assert opened.stem == "shop"


def test_the_present_folder_has_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(write(tmp_path / "shop", service_yaml=SERVICE))
    opened = open_path(".")
    assert (opened.stem, opened.shown) == ("shop", "service.yaml")


def test_a_folder_with_several_services_names_them(tmp_path: Path) -> None:
    write(tmp_path, a_yaml=SERVICE, b_yaml=SERVICE, types_yaml=HEAD)
    with pytest.raises(CannotRead, match=r"several services: `.*a\.yaml`, `.*b\.yaml`") as error:
        open_path(str(tmp_path))
    assert error.value.hint == "name one of them"


def test_a_folder_without_a_service(tmp_path: Path) -> None:
    write(tmp_path, values_yaml="a: 1\n")
    with pytest.raises(CannotRead, match="there is no service in the folder"):
        open_path(str(tmp_path))


def test_a_folder_that_breaks_the_rules_of_packages(tmp_path: Path) -> None:
    write(tmp_path, **{"TOSCA-Metadata__TOSCA_meta": META})
    with pytest.raises(InvalidService) as error:
        open_path(str(tmp_path))
    (diagnostic,) = error.value.diagnostics
    assert diagnostic.rule.name == "entry-not-found"
    assert str(diagnostic.span).endswith("TOSCA-Metadata/TOSCA.meta:4:1")


def test_a_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    package(
        tmp_path / "shop.csar",
        **{
            "TOSCA-Metadata__TOSCA_meta": META,
            "Definitions__top_yaml": importing("types.yaml", "/more.yaml", "../more.yaml"),
            "Definitions__types_yaml": HEAD,
            "more_yaml": HEAD,
        },
    )
    opened = open_path("shop.csar")
    assert (opened.stem, opened.shown) == ("shop", "shop.csar!/Definitions/top.yaml")
    checked = loading.load(opened.location, opened.fetch)
    assert checked.diagnostics == ()
    names = [loaded.file.source.name for loaded in checked.value.files.values()]
    assert names[1:3] == ["shop.csar!/Definitions/types.yaml", "shop.csar!/more.yaml"]


@pytest.mark.parametrize(
    ("reference", "rule", "words"),
    [
        ("../../outside.yaml", "import-refused", "leads out of the package"),
        ("file:///etc/passwd", "import-refused", "names a file of this machine"),
        ("/etc/passwd", "import-not-found", "there is no file"),
        ("typs.yaml", "import-not-found", "there is no file"),
        ("http://127.0.0.1/a.yaml", "import-refused", "not a public host"),
        ("http://localhost:80/a.yaml", "import-refused", "not a public host"),
        ("https://169.254.169.254/a.yaml", "import-refused", "not a public host"),
    ],
)
def test_a_package_may_not_leave_itself(
    tmp_path: Path, reference: str, rule: str, words: str
) -> None:
    files = {
        "top_yaml": importing(reference) + "metadata: {template_name: x, template_version: 1.0}\n"
    }
    opened = open_path(package(tmp_path / "a.csar", **files))
    (diagnostic,) = loading.load(opened.location, opened.fetch).diagnostics
    assert diagnostic.rule.name == rule
    assert words in diagnostic.message


def test_a_package_that_breaks_the_rules(tmp_path: Path) -> None:
    path = package(tmp_path / "a.csar", **{"TOSCA-Metadata__TOSCA_meta": META.replace("1.1", "7")})
    with pytest.raises(InvalidService, match="has 2 errors") as error:
        open_path(path)
    rules = [diagnostic.rule.name for diagnostic in error.value.diagnostics]
    assert rules == ["csar-version-unknown", "entry-not-found"]
    assert [d.span.position.line for d in error.value.diagnostics if d.span] == [2, 4]


def test_warnings_about_a_package_come_with_it(tmp_path: Path) -> None:
    meta = META.replace("Created-By", "Created-by")
    files = {"TOSCA-Metadata__TOSCA_meta": meta, "Definitions__top_yaml": SERVICE}
    (diagnostic,) = open_path(package(tmp_path / "a.csar", **files)).diagnostics
    assert diagnostic.rule.name == "created-by-missing"
    assert diagnostic.severity.value == "warning"


def test_an_unsafe_package_is_invalid(tmp_path: Path) -> None:
    path = tmp_path / "a.csar"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../evil", "x")
        archive.writestr("/etc/passwd", "x")
    with pytest.raises(InvalidService) as error:
        open_path(str(path))
    rules = [diagnostic.rule.name for diagnostic in error.value.diagnostics]
    assert rules == ["archive-path-escape", "archive-absolute-path"]


def test_a_damaged_member_is_found_before_anything_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.csar"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("top.yaml", SERVICE)
        archive.writestr("data", "hello")
    path.write_bytes(path.read_bytes().replace(b"hello", b"jello"))
    with pytest.raises(InvalidService) as error:
        open_path(str(path))
    assert [d.rule.name for d in error.value.diagnostics] == ["archive-damaged"]


def test_a_file_that_only_looks_like_a_package(tmp_path: Path) -> None:
    path = tmp_path / "a.csar"
    path.write_text(SERVICE)
    with pytest.raises(CannotRead, match="not a zip archive"):
        open_path(str(path))


def test_nothing_there_names_what_is_near(tmp_path: Path) -> None:
    write(tmp_path, service_yaml=SERVICE)
    with pytest.raises(CannotRead, match="there is no file or folder") as error:
        open_path(str(tmp_path / "servce.yaml"))
    assert error.value.hint == f"did you mean `{tmp_path / 'service.yaml'}`?"


@pytest.mark.parametrize("path", ["", "a\0b", "x" * 5000, "service.yaml/more"])
def test_impossible_paths_are_clear_errors(
    path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(write(tmp_path, service_yaml=SERVICE))
    with pytest.raises(CannotRead):
        open_path(path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission(tmp_path: Path) -> None:
    write(tmp_path, service_yaml=SERVICE)
    (tmp_path / "service.yaml").chmod(0)
    with pytest.raises(CannotRead, match="permission denied"):
        open_path(str(tmp_path / "service.yaml"))


def test_pipes_and_devices_are_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    with pytest.raises(CannotRead, match="not a regular file"):
        open_path(str(tmp_path / "pipe.yaml"))
    top = write(tmp_path, top_yaml=importing("pipe.yaml", "sub", "/dev/zero")) / "top.yaml"
    (tmp_path / "sub").mkdir()
    opened = open_path(str(top))
    messages = [d.message for d in loading.load(opened.location, opened.fetch).diagnostics]
    assert len(messages) == 3
    assert "not a regular file" in messages[0]
    assert "is a folder" in messages[1]
    assert "not a regular file" in messages[2]


def test_local_imports_may_go_up_and_be_absolute(tmp_path: Path) -> None:
    write(tmp_path, types_yaml=HEAD, shop__lib__a_yaml=HEAD, shop__sub__b_yaml=importing("/c.yaml"))
    write(tmp_path, shop__sub__c_yaml=HEAD)
    absolute = str(tmp_path / "types.yaml")
    references = ("../types.yaml", "/lib/a.yaml", absolute, f"file://{absolute}", "sub/b.yaml")
    write(tmp_path, shop__top_yaml=importing(*references))
    opened = open_path(str(tmp_path / "shop" / "top.yaml"))
    checked = loading.load(opened.location, opened.fetch)
    assert checked.diagnostics == ()
    assert len([name for name in checked.value.files if name.startswith("/")]) == 5


def test_profiles_are_found_in_folders_and_beside_the_file(tmp_path: Path) -> None:
    profile = "tosca_definitions_version: tosca_2_0\nprofile: {}\n"
    write(tmp_path, catalog__org__types_yaml=profile.format("org.example:1.0"))
    write(tmp_path, shop__near_yaml=profile.format("org.near"))
    imports = "".join(f"  - profile: {name}\n" for name in ("org.example:1.0", "org.near"))
    text = f"tosca_definitions_version: tosca_2_0\nimports:\n{imports}"
    write(tmp_path, shop__top_yaml=f"{text}service_template:\n  node_templates: {{}}\n")
    path = str(tmp_path / "shop" / "top.yaml")
    opened = open_path(path, profile_paths=[str(tmp_path / "catalog")])
    checked = loading.load(opened.location, opened.fetch)
    assert checked.diagnostics == ()
    assert [Path(name).name for name in checked.value.files] == [
        "top.yaml",
        "types.yaml",
        "near.yaml",
    ]
    opened = open_path(path)
    (diagnostic,) = loading.load(opened.location, opened.fetch).diagnostics
    assert "there is no profile `org.example:1.0`" in diagnostic.message


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/moved.yaml":
            self.send_response(302)
            port = self.headers["Host"].partition(":")[2]
            self.send_header("Location", f"http://localhost:{port}/b.yaml")
            self.end_headers()
            return
        self.send_response(200 if self.path != "/missing.yaml" else 404)
        self.end_headers()
        self.wfile.write(b"#" * (9 * 2**20) if self.path == "/large.yaml" else HEAD.encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def origin() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_local_file_may_import_from_any_host(tmp_path: Path, origin: str) -> None:
    top = write(tmp_path, top_yaml=importing(f"{origin}/a.yaml")) / "top.yaml"
    opened = open_path(str(top))
    assert loading.load(opened.location, opened.fetch).diagnostics == ()


@pytest.mark.parametrize(
    ("name", "words"),
    [("missing", "404"), ("large", "larger than"), ("moved", "not a public host")],
)
def test_what_the_web_answers_is_checked(
    tmp_path: Path, origin: str, name: str, words: str
) -> None:
    address = f"{origin}/{name}.yaml"
    top = write(tmp_path, top_yaml=importing(address)) / "top.yaml"
    opened = open_path(str(top))
    (diagnostic,) = loading.load(opened.location, opened.fetch).diagnostics
    assert diagnostic.rule.name == "import-unreadable"
    assert words in diagnostic.message


def test_offline_nothing_is_fetched(tmp_path: Path, origin: str) -> None:
    top = write(tmp_path, top_yaml=importing(f"{origin}/a.yaml")) / "top.yaml"
    opened = open_path(str(top), offline=True)
    (diagnostic,) = loading.load(opened.location, opened.fetch).diagnostics
    assert "working offline" in diagnostic.message


def test_messages_name_files_as_the_user_did(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, shop__top_yaml=SERVICE, here__x_yaml=HEAD)
    monkeypatch.chdir(tmp_path / "here")
    fetch = FolderFetch("../shop")
    location = fetch.join(str(tmp_path / "shop" / "top.yaml"), "lib/a.yaml")
    assert fetch.shown(location) == "../shop/lib/a.yaml"
