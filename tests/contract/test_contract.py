"""The contract: its rules, its comments, its last release, and that everything which must follow it does."""

import re
import subprocess

import pytest

from rig import ROOT
from rig import contract

BUF = ROOT / "node_modules" / ".bin" / "buf"
RELEASE = ROOT / "tests" / "contract" / "release"


def buf(*words):
    return subprocess.run([BUF, *words], cwd=contract.PROTO, capture_output=True, text=True, timeout=120, check=False)


def test_lint():
    """buf's STANDARD rules, and a comment at every element."""
    done = buf("lint")
    assert done.returncode == 0, done.stdout + done.stderr


def test_nothing_breaks_for_the_clients_of_the_last_release():
    releases = sorted(RELEASE.glob("*.binpb"))
    assert len(releases) == 1, "exactly one image: that of the last release"
    done = buf("breaking", "--against", releases[0])
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_breaking_change_would_be_found(tmp_path):
    """The check above does bite: a field that is taken away is reported."""
    copy = tmp_path / "proto"
    subprocess.run(["cp", "-r", contract.PROTO, copy], check=True)
    file = copy / "radioshop" / "v1" / "asset.proto"
    file.write_text(file.read_text(encoding="utf-8").replace("  string serial = 3;\n", "", 1), encoding="utf-8")
    done = subprocess.run([BUF, "breaking", "--against", next(RELEASE.glob("*.binpb"))], cwd=copy, capture_output=True,
                          text=True, timeout=120, check=False)
    assert done.returncode != 0 and "serial" in done.stdout, done.stdout + done.stderr


def ours():
    return [file for file in contract.file_set().file if file.package == contract.PACKAGE]


def elements(file):
    """(path in source info, name) of every service, rpc, message, field, oneof, enum and enum value."""
    def of_message(message, path, name):
        yield path, name
        for i, field in enumerate(message.field):
            yield (*path, 2, i), f"{name}.{field.name}"
        for i, oneof in enumerate(message.oneof_decl):
            yield (*path, 8, i), f"{name}.{oneof.name}"
        for i, nested in enumerate(message.nested_type):
            yield from of_message(nested, (*path, 3, i), f"{name}.{nested.name}")
        for i, enum in enumerate(message.enum_type):
            yield from of_enum(enum, (*path, 4, i), f"{name}.{enum.name}")

    def of_enum(enum, path, name):
        yield path, name
        for i, value in enumerate(enum.value):
            yield (*path, 2, i), f"{name}.{value.name}"
    for i, message in enumerate(file.message_type):
        yield from of_message(message, (4, i), message.name)
    for i, enum in enumerate(file.enum_type):
        yield from of_enum(enum, (5, i), enum.name)
    for i, service in enumerate(file.service):
        yield (6, i), service.name
        for j, method in enumerate(service.method):
            yield (6, i, 2, j), f"{service.name}.{method.name}"


def test_every_element_has_a_sentence():
    """They are the help text: each begins with a capital and ends with a full stop."""
    count = 0
    for file in ours():
        comments = {tuple(l.path): l.leading_comments.strip() for l in file.source_code_info.location}
        for path, name in elements(file):
            comment = comments.get(path, "")
            assert re.match(r"(?s)[A-Z\"/].*[.)]$", comment), f"{file.name}: {name}: {comment!r}"
            count += 1
    assert count > 300


def test_no_message_holds_itself():
    """protobuf-c unpacks recursively and has no limit: the schema must not be recursive."""
    def walk(descriptor, above):
        assert descriptor.full_name not in above, f"{descriptor.full_name} holds itself"
        for field in descriptor.fields:
            if field.message_type is not None:
                walk(field.message_type, above | {descriptor.full_name})
    for method in contract.methods().values():
        walk(method.request.DESCRIPTOR, frozenset())
        walk(method.reply.DESCRIPTOR, frozenset())


def test_conventions():
    """Writes carry a request_id as field 1, lists page in one way, and replies never are another method's."""
    for name, method in contract.methods().items():
        request, reply = method.request.DESCRIPTOR, method.reply.DESCRIPTOR
        assert (request.name, reply.name) == (f"{name}Request", f"{name}Response")
        reads = re.match(r"(Get|List|Lookup|Export|Summarize|Preview)[A-Z]", name) is not None
        assert reads != method.writes, name
        if method.writes:
            assert request.fields_by_name["request_id"].number == 1, name
        if name.startswith("List"):
            assert (request.fields_by_name["page_size"].number, request.fields_by_name["page_token"].number) == (1, 2), name
            assert reply.fields_by_name["next_page_token"].number == 2, name
        if name.startswith("Update"):
            assert "update_mask" in request.fields_by_name, name


def snake(name):
    return re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower()


@pytest.mark.parametrize("name", sorted(contract.methods()))
def test_everything_of_a_method_is_there(name):
    """An rpc has its statement, its row in the table of methods, and a command; nothing else is left over."""
    method = contract.methods()[name]
    sql = ROOT / "daemon" / "sql" / f"{snake(name)}.sql"
    assert sql.exists(), f"no {sql.name}"
    assert sql.read_text(encoding="utf-8").startswith("-- "), f"{sql.name} does not begin by saying what it is"
    table = (ROOT / "daemon" / "rpc" / "method.c").read_text(encoding="utf-8")
    service = method.full_name.split(".")[0].removesuffix("Service")
    assert re.search(rf"\bROW\({service},\s*{name},", table), "no row in method.c"
    commands = (ROOT / "client" / "command.c").read_text(encoding="utf-8")
    without = commands.split("methods_without_row[] = {")[1].split("};")[0]
    assert f'"{method.full_name}"' in commands or f'"{method.path}"' in without, "no command"


def test_no_statement_is_left_over():
    wanted = {f"{snake(name)}.sql" for name in contract.methods()}
    assert {path.name for path in (ROOT / "daemon" / "sql").glob("*.sql")} == wanted


def test_no_star_in_a_statement():
    for path in (ROOT / "daemon" / "sql").glob("*.sql"):
        text = re.sub(r"--[^\n]*|'[^']*'", "", path.read_text(encoding="utf-8"))
        stars = [m for m in re.finditer(r"(?:SELECT|,|\.|RETURNING)\s*\*", text, re.I)]
        assert not stars, f"{path.name}: {text[stars[0].start() - 40:stars[0].end() + 20]}"


def test_nothing_of_a_machine_is_committed():
    """No path of the machine it was written on, no host of a package registry, nothing left to do."""
    names = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True,
                           check=False).stdout.split("\n")
    words = ["/" + "work/", "/tmp/" + "build-", "TO" + "DO", "FIX" + "ME", "not " + "implemented"]
    if not any(names):
        pytest.fail("git knows no files here: run the tests in a checkout")
    for name in filter(None, names):
        path = ROOT / name
        if path.suffix in (".csv", ".binpb") or not path.is_file():
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        for word in words:
            assert word not in text, f"{name} holds {word!r}"


def test_buf_is_pinned():
    assert re.search(r'"@bufbuild/buf": "\d+\.\d+\.\d+"', (ROOT / "package.json").read_text(encoding="utf-8"))


def test_the_readme_tells_the_path_of_a_request():
    """Each word of the path is a file of the daemon, in a room that the next words do not know."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    path = text.split("## The path of a request")[1].split("Each word is a file")[0]
    words = [word for word in re.findall(r"`([a-z0-9_]+)`", path)]
    assert len(words) >= 12
    for word in words:
        assert list((ROOT / "daemon").glob(f"*/{word}.c")), f"{word}.c is not in daemon/"
    for room, forbidden in (("db", r'"(h2|call|conn|listener|tls)\.h"|nghttp2|openssl'), ("rpc", r"libpq-fe|openssl/"),
                            ("net", r"libpq-fe|nghttp2/")):
        for file in (ROOT / "daemon" / room).glob("*.[ch]"):
            found = re.search(rf"^#include.*(?:{forbidden})", file.read_text(encoding="utf-8"), re.M)
            assert not found, f"{file.name}: {found[0]}"
