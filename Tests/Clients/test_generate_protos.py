"""`generate-protos`: what it writes, that it stays the same, and who can compile it."""

import os
import pathlib
import re
import subprocess
import sys

import pytest
from google.protobuf import descriptor_pb2

from support.library import MODEL
from support.protos import compile_go, descriptor_set, go_environment

ROOT = pathlib.Path(__file__).resolve().parents[2]

BLOG = """
package: blog
models:
  Post:
    doc: A blog post.
    fields:
      id: { type: int64, primary_key: true }
      title: { type: string, max_length: 100, doc: What it is called. }
      content: { type: string }
      language: { type: string, null: true }
"""


@pytest.fixture
def project(new_project):
    return new_project(blog=BLOG).generate()


def numbers(project, message):
    """Field names and numbers of a message."""
    for file in descriptor_set(project.protos).file:
        for found in file.message_type:
            if found.name == message and not file.name.startswith("google/"):
                return {field.name: field.number for field in found.field}
    raise AssertionError(f"no message {message}")


def message(project, name):
    for file in descriptor_set(project.protos).file:
        for found in file.message_type:
            if found.name == name:
                return found
    raise AssertionError(f"no message {name}")


def contents(folder):
    return {str(file.relative_to(folder)): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}


def test_one_file_a_package_and_the_lock(new_project):
    project = new_project(blog=BLOG, library=MODEL).generate()
    names = [pathlib.Path(name).name for name in contents(project.protos)]
    assert sorted(names) == ["blog.proto", "library.proto", "pillion.lock"]


def test_methods_and_streaming(project):
    file = next(file for file in descriptor_set(project.protos).file if file.package == "blog")
    [service] = file.service
    assert service.name == "PostController"
    methods = [(method.name, method.input_type, method.output_type, method.server_streaming) for method in service.method]
    assert methods == [
        ("List", ".blog.PostListRequest", ".blog.Post", True), ("Create", ".blog.Post", ".blog.Post", False),
        ("Retrieve", ".blog.PostRetrieveRequest", ".blog.Post", False), ("Update", ".blog.Post", ".blog.Post", False),
        ("PartialUpdate", ".blog.PostPartialUpdateRequest", ".blog.Post", False),
        ("Destroy", ".blog.PostDestroyRequest", ".google.protobuf.Empty", False),
    ]
    assert not any(method.client_streaming for method in service.method)


def test_numbers_follow_the_definition(project):
    assert numbers(project, "Post") == {"id": 1, "title": 2, "content": 3, "language": 4}
    assert numbers(project, "PostListRequest") == {"filter": 1, "order_by": 2, "page_size": 3, "page_token": 4, "read_mask": 5}
    assert numbers(project, "PostRetrieveRequest") == {"id": 1, "read_mask": 2}
    assert numbers(project, "PostDestroyRequest") == {"id": 1}
    assert numbers(project, "PostPartialUpdateRequest") == {"id": 1, "title": 2, "content": 3, "language": 4}
    assert numbers(project, "NullableString") == {"value": 1, "null": 2}


def test_seeds_numbers(new_project):
    from support import seed

    project = new_project(**seed.MODELS).generate()
    assert numbers(project, "User") == {"id": 1, "username": 2, "email": 3, "groups": 4}
    assert numbers(project, "UserPartialUpdateRequest") == {"id": 1, "username": 2, "email": 3, "groups": 4, "is_groups_set": 5}
    types = {field.name: field.type_name for field in message(project, "PersonPartialUpdateRequest").field}
    assert types == {"id": "", "name": ".google.protobuf.StringValue", "email": ".google.protobuf.StringValue"}


def test_docs_become_comments(project):
    text = project.proto_text()
    assert re.search(r"// A blog post\.\nmessage Post \{", text)
    assert re.search(r"// What it is called\.\n(\s+//[^\n]*\n)*\s+string title = 2;", text)


@pytest.mark.parametrize(
    ("style", "type_name", "optional"),
    [("oneof", ".blog.NullableString", False), ("wrapper", ".google.protobuf.StringValue", False), ("optional", "", True)],
)
def test_null_styles(new_project, style, type_name, optional):
    project = new_project(blog=BLOG + f"    service: {{ null_style: {style} }}\n").generate()
    field = message(project, "Post").field[3]
    assert (field.name, field.type_name, field.proto3_optional) == ("language", type_name, optional)


def test_presence_of_defaults_and_generated_keys(new_project):
    project = new_project(library=MODEL).generate()
    optional = {field.name for field in message(project, "Book").field if field.proto3_optional}
    assert optional == {"id", "pages", "price", "in_print", "language", "secret"}
    # A key that the client gives has no other value to be told from.
    assert not message(project, "Setting").field[0].proto3_optional


def test_running_again_changes_nothing(project):
    before = contents(project.protos)
    project.generate()
    assert contents(project.protos) == before


def test_output_does_not_depend_on_the_past(new_project, project):
    """A fresh folder and an old one print the same."""
    assert contents(new_project(blog=BLOG).generate().protos) == contents(project.protos)


def test_insertion_and_reordering_keep_numbers(project):
    changed = BLOG.replace(
        "      title: { type: string, max_length: 100, doc: What it is called. }\n      content: { type: string }\n",
        "      subtitle: { type: string, null: true }\n      content: { type: string }\n      title: { type: string }\n",
    )
    project.write(blog=changed).generate()
    assert numbers(project, "Post") == {"id": 1, "title": 2, "content": 3, "language": 4, "subtitle": 5}
    assert numbers(project, "PostPartialUpdateRequest")["subtitle"] == 5


def test_removal_reserves_for_ever(project):
    project.write(blog=BLOG.replace("      content: { type: string }\n", "")).generate()
    assert numbers(project, "Post") == {"id": 1, "title": 2, "language": 4}
    post = message(project, "Post")
    assert [(part.start, part.end) for part in post.reserved_range] == [(3, 4)]
    assert list(post.reserved_name) == ["content"]
    # A new field never takes the number of an old one.
    project.write(blog=BLOG.replace("content: { type: string }", "body: { type: string }")).generate()
    assert numbers(project, "Post") == {"id": 1, "title": 2, "language": 4, "body": 5}


def test_column_rename_is_not_a_change(project):
    before = contents(project.protos)
    project.write(blog=BLOG.replace("content: { type: string }", "content: { type: string, column: body }")).generate()
    assert contents(project.protos) == before


def test_check_says_whether_all_is_up_to_date(new_project):
    project = new_project(blog=BLOG)
    assert project.run("generate-protos", "--check").returncode == 1
    assert not project.protos.exists(), "--check writes nothing"
    project.generate()
    assert project.run("generate-protos", "--check").returncode == 0
    before = contents(project.protos)
    project.write(blog=BLOG.replace("content:", "body:"))
    done = project.run("generate-protos", "--check")
    assert done.returncode == 1 and done.stderr.strip()
    assert contents(project.protos) == before
    project.generate()
    [proto] = project.protos.rglob("*.proto")
    proto.write_text(proto.read_text().replace("title = 2", "title = 7"))
    assert project.run("generate-protos", "--check").returncode == 1


def test_one_model_and_some_fields(project):
    printed = project.check("generate-protos", "--model", "blog.Post", "--fields", "id,title")
    assert re.search(r"message Post \{\s+(?://[^\n]*\s+)*(?:optional )?int64 id = 1;\s+(?://[^\n]*\s+)*string title = 2;\s+\}", printed)
    assert "content" not in printed
    file = project.folder / "demo.proto"
    project.check("generate-protos", "--model", "blog.Post", "--fields", "id,title", "--file", file)
    assert file.read_text() == printed
    assert project.check("generate-protos", "--model", "blog.Post", "--fields", "id,title", "--file", "-") == printed


@pytest.mark.parametrize("arguments", [["--model", "blog.Pots"], ["--model", "blog.Post", "--fields", "id,titel"]])
def test_names_that_are_not_there(project, arguments):
    done = project.run("generate-protos", *arguments)
    assert done.returncode in (64, 78)
    assert ("Post" if "blog.Pots" in arguments else "title") in done.stderr, "suggests the near one"


def test_out_and_models_elsewhere(project, tmp_path):
    project.check("generate-protos", "--models", project.folder / "models", "--out", tmp_path / "there")
    assert contents(tmp_path / "there") == contents(project.protos)


@pytest.fixture(scope="module")
def everything(new_project):
    """The protos of all definitions that the tests and the demo have."""
    from test_enums import ITEM
    from test_types import definitions

    return new_project(
        enums=ITEM.replace("package: shop", "package: enums"), blog=BLOG, library=MODEL, types=definitions(), shop=(ROOT / "models" / "shop.yaml").read_text()
    ).generate()


def files(project):
    return [str(file.relative_to(project.protos)) for file in sorted(project.protos.rglob("*.proto"))]


def run(*command, **options):
    done = subprocess.run(list(map(str, command)), text=True, capture_output=True, timeout=600, **options)
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"


def test_compiles_for_python(everything, tmp_path):
    run(sys.executable, "-m", "grpc_tools.protoc", f"-I{everything.protos}", f"--python_out={tmp_path}",
        f"--grpc_python_out={tmp_path}", *files(everything))
    modules = [file[:-6].replace("/", ".") + "_pb2_grpc" for file in files(everything)]
    run(sys.executable, "-c", f"import {', '.join(modules)}", cwd=tmp_path)


def test_compiles_for_cpp(everything, tmp_path):
    run("protoc", f"-I{everything.protos}", f"--cpp_out={tmp_path}", f"--grpc_out={tmp_path}",
        "--plugin=protoc-gen-grpc=/usr/bin/grpc_cpp_plugin", *files(everything))
    run("g++", "-std=c++17", "-fsyntax-only", f"-I{tmp_path}", *tmp_path.rglob("shop.grpc.pb.cc"))


def test_compiles_for_go(everything, tmp_path):
    packages = []
    for file in files(everything):
        package = pathlib.Path(file).stem
        compile_go(everything.protos, file, package, tmp_path / "src" / package)
        packages.append(package)
    run("go", "build", *packages, env=go_environment(tmp_path), cwd=tmp_path)


def test_buf_is_content(everything):
    buf = pathlib.Path(sys.executable).parent / "buf"
    rules = (ROOT / "buf.yaml").read_text()
    (everything.folder / "buf.yaml").write_text(rules)
    run(buf, "lint", cwd=everything.folder)
    run(buf, "build", "-o", os.devnull, cwd=everything.folder)


def test_descriptor_set_is_protocs(everything, tmp_path):
    output = tmp_path / "all.pb"
    everything.check("generate-protos", "--descriptor-set", output)
    ours = descriptor_pb2.FileDescriptorSet.FromString(output.read_bytes())
    theirs = descriptor_set(everything.protos)
    for file in theirs.file:
        file.ClearField("source_code_info")
    assert {file.name: file for file in ours.file} == {file.name: file for file in theirs.file}
    assert len(ours.file) == len(theirs.file), "each file once"
    seen = set()
    for file in ours.file:
        assert set(file.dependency) <= seen, "a file stands behind those that it imports"
        seen.add(file.name)
    # Byte for byte what protoc writes, given the files in the same order.
    own = [file.name for file in ours.file if not file.name.startswith("google/")]
    run(sys.executable, "-m", "grpc_tools.protoc", f"-I{everything.protos}", "--include_imports", f"--descriptor_set_out={tmp_path}/theirs.pb", *own)
    assert output.read_bytes() == (tmp_path / "theirs.pb").read_bytes()
    before = output.stat().st_mtime_ns
    everything.check("generate-protos", "--descriptor-set", output)
    assert output.stat().st_mtime_ns == before, "it is not written again"


def test_check_of_the_descriptor_set(project, tmp_path):
    output = tmp_path / "all.pb"
    missing = project.run("generate-protos", "--check", "--descriptor-set", output)
    assert missing.returncode == 1 and "all.pb" in missing.stderr and not output.exists()
    project.check("generate-protos", "--descriptor-set", output)
    assert project.run("generate-protos", "--check", "--descriptor-set", output).returncode == 0
    assert project.run("generate-protos", "--model", "blog.Post", "--descriptor-set", output).returncode == 64


def test_dry_run_prints_a_patch(new_project, tmp_path):
    project = new_project(blog=BLOG).generate()
    project.write(blog=BLOG.replace("content:", "body:"), library=MODEL)
    before = contents(project.folder)
    patch = project.check("generate-protos", "--dry-run", "--descriptor-set", tmp_path / "all.pb")
    assert contents(project.folder) == before and not (tmp_path / "all.pb").exists(), "nothing is written"
    assert '\n-  string content = 3;\n' in patch and '\n+  reserved "content";\n' in patch
    project.generate()
    wanted = contents(project.protos)
    for name, bytes_ in contents(project.protos).items():
        (project.protos / name).unlink()
    for name in [name for name in before if name.startswith("protos/")]:
        (project.folder / name).write_bytes(before[name])
    done = subprocess.run(["git", "apply", "-p0"], cwd=project.folder, input=patch, text=True, capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert contents(project.protos) == wanted
    again = project.run("generate-protos", "--dry-run")
    assert (again.returncode, again.stdout) == (0, "") and "up to date" in again.stderr


def test_dry_run_of_a_breaking_change(project):
    project.write(blog=BLOG.replace("content: { type: string }", "content: { type: int32 }"))
    done = project.run("generate-protos", "--dry-run")
    assert done.returncode == 1 and "field-type:blog.Post.content" in done.stderr and not done.stdout
    assert "int32 content = 5;" in project.check("generate-protos", "--dry-run", "--accept-breaking", "field-type:blog.Post.content")
    assert project.run("generate-protos", "--check", "--dry-run").returncode == 64


def test_deprecated(new_project):
    text = BLOG.replace("doc: A blog post.", "deprecated: true").replace("content: { type: string }", "content: { type: string, deprecated: true }")
    methods = "methods: { Publish: { deprecated: true }, Archive: { response: empty } }"
    project = new_project(blog=text + f"    service: {{ deprecated: true, {methods} }}\n").generate()
    for name in ("Post", "PostPartialUpdateRequest"):
        assert [field.name for field in message(project, name).field if field.options.deprecated] == ["content"]
    assert message(project, "Post").options.deprecated and not message(project, "PostListRequest").options.deprecated
    [service] = next(file for file in descriptor_set(project.protos).file if file.package == "blog").service
    assert service.options.deprecated
    assert [method.name for method in service.method if method.options.deprecated] == ["Publish"]
    buf = pathlib.Path(sys.executable).parent / "buf"
    run(buf, "format", "--exit-code", project.protos)


def test_deprecation_is_no_breaking_change(project):
    done = project.write(blog=BLOG.replace("content: { type: string }", "content: { type: string, deprecated: true }")).run("generate-protos")
    assert (done.returncode, done.stderr) == (0, "")
