"""From .proto files to descriptors, by the protoc in grpcio-tools."""

import os
import pathlib
import subprocess
import tempfile

import grpc_tools
from google.protobuf import descriptor_pb2
from grpc_tools import protoc

WELL_KNOWN = pathlib.Path(grpc_tools.__file__).parent / "_proto"


def descriptor_set(folder):
    """Everything below `folder` with what it imports, as a FileDescriptorSet."""
    files = sorted(str(file.relative_to(folder)) for file in folder.rglob("*.proto"))
    assert files, f"no .proto in {folder}"
    with tempfile.NamedTemporaryFile(suffix=".pb") as output:
        code = protoc.main(
            ["protoc", f"-I{folder}", f"-I{WELL_KNOWN}", "--include_imports", f"--descriptor_set_out={output.name}", *files]
        )
        assert code == 0, f"protoc refused {files}"
        return descriptor_pb2.FileDescriptorSet.FromString(pathlib.Path(output.name).read_bytes())


def compile_python(source, output, *files):
    """protoc's usual Python modules for clients that import them."""
    output.mkdir(parents=True, exist_ok=True)
    code = protoc.main(
        ["protoc", f"-I{source}", f"-I{WELL_KNOWN}", f"--python_out={output}", f"--grpc_python_out={output}", *files]
    )
    assert code == 0, f"protoc refused {files}"


def compile_go(source, file, package, output):
    """A Go package from one .proto, with its service."""
    output.mkdir(parents=True)
    command = ["protoc", f"-I{source}", f"--go_out=plugins=grpc,paths=source_relative,M{file}=./{package}:{output}", str(file)]
    done = subprocess.run(command, text=True, capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr


def go_environment(folder):
    """Debian's Go libraries are for GOPATH mode; what is made here goes to `folder`/src."""
    return os.environ | {
        "GO111MODULE": "off", "GOPATH": f"{folder}:/usr/share/gocode", "GOFLAGS": "", "GOCACHE": str(folder / "cache"),
    }
