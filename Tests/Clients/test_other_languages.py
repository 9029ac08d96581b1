"""The ancestor's calls from C++ and Go, with the gRPC libraries that Debian ships."""

import os
import pathlib
import shutil
import subprocess

import pytest

from support import seed
from support.protos import compile_go, go_environment

HERE = pathlib.Path(__file__).resolve().parent
PROTOS = seed.FOLDER / "protos"


def run(*command, **options):
    done = subprocess.run(list(map(str, command)), text=True, capture_output=True, timeout=900, **options)
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="session")
def cpp_client(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cpp") / "client"
    shutil.copytree(HERE / "cpp", folder)
    run("make", f"-j{os.cpu_count()}", f"PROTOS={PROTOS}", "client", cwd=folder)
    return folder / "client"


@pytest.fixture(scope="session")
def go_client(tmp_path_factory):
    folder = tmp_path_factory.mktemp("go")
    for file in ("blog_proto/post.proto", "account.proto", "hrm.proto", "snippets.proto"):
        source = PROTOS / file
        package = file.split("/")[0].removesuffix(".proto")
        compile_go(source.parent, source.name, package, folder / "src" / package)
    shutil.copytree(HERE / "go", folder / "src" / "client")
    run("go", "build", "-o", folder / "client", "client", cwd=folder, env=go_environment(folder))
    return folder / "client"


def expected(yes, no_details, language):
    return (
        f"Create t1 c1\nList t1 {yes}\nRetrieve t1 c1\nUpdate t2 c2\nDestroy {no_details}\n"
        "User tom 2\nList tom@account.com 2\n"
        "Person amy amy@demo.com\n"
        f"Snippet snippet title {yes}\nSnippet snippet title {language}\n"
    )


def test_cpp(seeded, cpp_client):
    assert run(cpp_client, seeded.server.address) == expected("1", "with details", "c++")


def test_go(seeded, go_client):
    assert run(go_client, seeded.server.address) == expected("true", "true", "go")
