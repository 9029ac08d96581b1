"""`scripts/dist`: what a release holds, and that the same binary gives the same bytes. `make test-release`."""

import gzip
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import tarfile

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
COMMANDS = ["serve", "generate-protos", "inspect", "check", "schema", "api-key", "healthcheck", "help"]


def run(*command, **variables):
    done = subprocess.run(
        list(map(str, command)), text=True, capture_output=True, cwd=ROOT, timeout=600, env=os.environ | variables)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def binary():
    return pathlib.Path(os.environ.get("PILLION_BINARY", ROOT / ".build/debug/pillion"))


@pytest.fixture(scope="module")
def manual(binary, tmp_path_factory):
    folder = tmp_path_factory.mktemp("manual")
    run("scripts/manual", binary, folder)
    return folder


def pack(binary, manual, out):
    run("scripts/dist", binary, manual, out)
    return {file.name: file for file in out.iterdir()}


@pytest.fixture(scope="module")
def files(binary, manual, tmp_path_factory):
    return pack(binary, manual, tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="module")
def unpacked(files, tmp_path_factory):
    folder = tmp_path_factory.mktemp("unpacked")
    archive = next(file for name, file in files.items() if name.endswith(".tar.gz"))
    with tarfile.open(archive) as tar:
        for member in tar.getmembers():
            assert (member.uid, member.gid, member.mode & 0o022) == (0, 0, 0), member.name
        tar.extractall(folder)
    root, = folder.iterdir()
    assert root.name == archive.name.removesuffix(".tar.gz")
    return root


def test_the_binary_is_stripped_and_runs(unpacked, binary):
    ours = unpacked / "bin/pillion"
    assert run(ours, "--version") == run(binary, "--version")
    assert ours.stat().st_size < binary.stat().st_size
    sections = run("readelf", "--section-headers", "--wide", ours)
    assert ".symtab" not in sections and ".debug_info" not in sections


def test_checksums(files):
    lines = files["SHA256SUMS"].read_text().splitlines()
    assert len(lines) == len(files) - 1
    for line in lines:
        digest, name = line.split()
        assert hashlib.sha256(files[name].read_bytes()).hexdigest() == digest


def test_the_same_binary_gives_the_same_bytes(binary, manual, files, tmp_path):
    # With another name, another mode and a time of its own; beside what says what it was linked from.
    copy = binary.with_name("pillion-again")
    shutil.copyfile(binary, copy)
    copy.chmod(0o700)
    try:
        again = pack(copy, manual, tmp_path / "out")
    finally:
        copy.unlink()
    assert {name: file.read_bytes() for name, file in files.items()} == {name: file.read_bytes() for name, file in again.items()}


def test_completions(unpacked):
    bash = unpacked / "share/bash-completion/completions/pillion"
    completed = run("bash", "-c", f"source {bash}; COMP_WORDS=(pillion serve --al) COMP_CWORD=2; _pillion pillion --al serve; printf '%s\\n' \"${{COMPREPLY[@]}}\"")
    assert "--allow-drift" in completed.split()
    for path in ["share/zsh/site-functions/_pillion", "share/fish/vendor_completions.d/pillion.fish"]:
        text = (unpacked / path).read_text()
        assert all(command in text for command in COMMANDS), path
    assert (unpacked / "share/zsh/site-functions/_pillion").read_text().startswith("#compdef pillion")


def test_manual(unpacked):
    pages = {page.name: gzip.decompress(page.read_bytes()).decode() for page in (unpacked / "share/man/man1").iterdir()}
    assert set(pages) == {"pillion.1.gz"} | {f"pillion.{command}.1.gz" for command in COMMANDS}
    for page in pages.values():
        assert page.startswith(".\\\" ") or page.startswith(".Dd")
    assert ".It Fl -allow-drift" in pages["pillion.serve.1.gz"]


def test_bill_of_materials(unpacked, files):
    document = json.loads((unpacked / "share/doc/pillion/pillion.spdx.json").read_text())
    assert (document["spdxVersion"], document["dataLicense"], document["SPDXID"]) == ("SPDX-2.3", "CC0-1.0", "SPDXRef-DOCUMENT")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", document["creationInfo"]["created"])
    packages = {package["SPDXID"]: package for package in document["packages"]}
    assert len(packages) == len(document["packages"]), "identifiers are unique"
    for identifier, package in packages.items():
        assert re.fullmatch(r"SPDXRef-[A-Za-z0-9.-]+", identifier)
        assert package["name"] and package["versionInfo"] and package["downloadLocation"]
        assert package["externalRefs"][0]["referenceLocator"].startswith("pkg:")
    for relationship in document["relationships"]:
        assert relationship["relatedSpdxElement"] in packages
    names = {package["name"] for package in packages.values()}
    resolved = {pin["identity"] for pin in json.loads((ROOT / "Package.resolved").read_text())["pins"]}
    linked = {package["name"] for package in packages.values() if package["externalRefs"][0]["referenceLocator"].startswith("pkg:swift/")}
    assert linked <= resolved
    assert {"swift-nio", "swift-nio-ssl", "swift-crypto", "swift-protobuf", "swift-argument-parser", "swift-log"} <= linked
    assert "grpc-swift-2" not in linked, "resolved for other products, and not in this binary"
    assert {"libpq5", "libsqlite3-0", "libnghttp2-14", "libyaml-0-2"} <= names, "every library that is linked"
    binary = next(package for package in packages.values() if package["name"] == "pillion")
    assert binary["checksums"][0]["checksumValue"] == hashlib.sha256((unpacked / "bin/pillion").read_bytes()).hexdigest()


def test_documents_and_unit(unpacked):
    assert (unpacked / "lib/systemd/system/pillion.service").read_bytes() == (ROOT / "deploy/systemd/pillion.service").read_bytes()
    assert (unpacked / "share/doc/pillion/LICENSE").exists() and (unpacked / "share/doc/pillion/production.md").exists()
