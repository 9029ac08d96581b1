"""The image without Docker: the last stage of deploy/Dockerfile, carried out in a debootstrap chroot, and served from there.

`make test-image`. Needs root and a Debian mirror, which is the one that this machine installs from.
"""

import contextlib
import glob
import os
import pathlib
import re
import shlex
import shutil
import signal
import subprocess

import grpc
import pytest

import dockerfile
from support.client import Client
from support.postgres import free_port, wait_until
from support.project import Project
from support.protos import descriptor_set

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("PILLION_BINARY", ROOT / ".build/debug/pillion"))
STAGE = dockerfile.stages((ROOT / "deploy/Dockerfile").read_text())[-1]
RELEASE = re.match(r"debian:(\w+)-slim", STAGE.base)[1]
MODEL = """
package: notes
models:
  Note:
    fields:
      id: { type: int64, primary_key: true }
      text: { type: string }
"""

pytestmark = pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("debootstrap"), reason="needs root and debootstrap")


def run(*command, **options):
    done = subprocess.run(list(map(str, command)), text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, **options)
    assert done.returncode == 0, f"{shlex.join(map(str, command))} ended with {done.returncode}:\n{done.stdout[-4000:]}"
    return done.stdout


def mirror():
    """Where this machine's packages come from."""
    for line in run("apt-get", "indextargets", "--format", "$(SITE)").splitlines():
        if line.startswith(("http://", "https://", "file:")):
            return line
    pytest.fail("apt knows no mirror")


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    """The root file system after the last stage."""
    root = tmp_path_factory.mktemp("image") / "root"
    run("debootstrap", "--variant=minbase", RELEASE, root, mirror(), timeout=900)
    # debian:*-slim leaves documentation out.
    for folder in ["usr/share/doc", "usr/share/man", "usr/share/info", "usr/share/locale"]:
        shutil.rmtree(root / folder, ignore_errors=True)
    shutil.copy("/etc/resolv.conf", root / "etc/resolv.conf")
    for step in STAGE.steps:
        if step.keyword == "RUN":
            run("chroot", root, "/bin/sh", "-c", step.text, timeout=900, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive"})
        elif step.keyword == "COPY":
            source, target = step.words[-2:]
            assert step.words[0] == "--from=build" and pathlib.Path(source).name == "pillion"
            shutil.copy(BINARY, root / target.lstrip("/"))
            run("strip", root / target.lstrip("/"))
    return root


@pytest.fixture(scope="module")
def runtime(image):
    """A binary that was not linked with `--static-swift-stdlib` takes Swift's libraries along."""
    wanted = subprocess.run(["ldd", BINARY], text=True, capture_output=True).stdout
    libraries = {match[1]: match[2] for match in re.finditer(r"(\S+) => (\S+)", wanted)}
    copied = []
    for name, path in libraries.items():
        if "/swift/" in os.path.realpath(path) or "/swift/" in path:
            shutil.copy(path, image / "usr/lib" / name)
            copied.append(name)
    return copied


def test_everything_it_links_is_in_the_image(image, runtime):
    missing = [line for line in run("chroot", image, "ldd", "/usr/bin/pillion").splitlines() if "not found" in line]
    assert not missing


def test_size_and_packages(image, runtime):
    packages = run("chroot", image, "dpkg-query", "--show", "--showformat", "${Package} ${Version}\n").splitlines()
    megabytes = int(run("du", "-s", "--block-size=1M", "--one-file-system", image).split()[0])
    binary = (image / "usr/bin/pillion").stat().st_size / 2**20
    print(f"\nimage: {megabytes} MiB, of which pillion {binary:.1f} MiB and {len(runtime)} libraries of Swift; {len(packages)} packages:")
    print("\n".join(packages))
    names = {line.split()[0].split(":")[0] for line in packages}
    assert {"libpq5", "libsqlite3-0", "libnghttp2-14", "libyaml-0-2", "ca-certificates"} <= names
    assert not names & {"gcc", "clang", "curl", "wget", "openssh-client", "python3"}, "nothing to break in with or to build with"


class Container:
    """The entry point as the unprivileged user, in mount and process namespaces of its own, on a root that is read-only."""

    def __init__(self, image, volumes, variables, arguments):
        self.image = image
        variables = {"PATH": "/usr/bin:/bin"} | dict(step.text.split("=", 1) for step in STAGE.steps if step.keyword == "ENV") | variables
        user, group = STAGE.last("USER").text.split(":")
        script = [
            f"mount --bind {image} {image}",
            *[f"mount --bind {source} {image}{target}" for target, source in volumes.items()],
            f"mount -t proc proc {image}/proc",
            f"mount -o remount,ro,bind {image}",
            f"cd {image}",
            "exec chroot " + shlex.join([
                f"--userspec={user}:{group}", str(image), "/usr/bin/env", "-i", "-C", STAGE.last("WORKDIR").text,
                *[f"{name}={value}" for name, value in variables.items()], *arguments]),
        ]
        self.process = subprocess.Popen(
            ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-ec", "\n".join(script)], text=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        wait_until(lambda: self.process.poll() is not None or self.children, what="the first process inside")

    @property
    def children(self):
        return pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()

    @property
    def pid(self):
        """The first process inside."""
        return int(self.children[0])

    def inside(self, *command, variables=None):
        user, group = STAGE.last("USER").text.split(":")
        settings = dict(step.text.split("=", 1) for step in STAGE.steps if step.keyword == "ENV") | (variables or {})
        return subprocess.run(
            ["nsenter", "--mount", "--pid", f"--target={self.pid}", f"--root=/proc/{self.pid}/root", "setpriv", f"--reuid={user}",
             f"--regid={group}", "--clear-groups", "env", "-i", "-C", STAGE.last("WORKDIR").text,
             *[f"{name}={value}" for name, value in settings.items()], *command], text=True, capture_output=True)


@contextlib.contextmanager
def container(image, volumes, variables, arguments=None):
    container = Container(image, volumes, variables, arguments or STAGE.last("ENTRYPOINT").json + STAGE.last("CMD").json)
    try:
        yield container
    finally:
        if container.process.poll() is None:
            container.process.kill()
        container.process.wait()


@pytest.fixture
def project(image, tmp_path):
    user, group = map(int, STAGE.last("USER").text.split(":"))
    project = Project(BINARY, tmp_path / "project").write(notes=MODEL).generate()
    state = tmp_path / "state"
    state.mkdir()
    project.check("schema", "--apply", "--database", f"sqlite:{state}/notes.db")
    for path in [state, *state.iterdir()]:
        os.chown(path, user, group)
    run_folder = tmp_path / "run"
    run_folder.mkdir()
    os.chown(run_folder, user, group)
    project.volumes = {
        "/etc/pillion/models": project.folder / "models", "/etc/pillion/protos": project.protos, "/var/lib/pillion": state,
        "/run/pillion": run_folder,
    }
    assert {"/var/lib/pillion", "/run/pillion"} == set(STAGE.last("VOLUME").json)
    return project


def test_it_serves_as_nobody_on_a_root_that_cannot_be_written(image, runtime, project):
    port = free_port()
    variables = {"PILLION_DATABASE_URL": "sqlite:/var/lib/pillion/notes.db", "PILLION_SERVER_LISTEN": f"0.0.0.0:{port},unix:/run/pillion/pillion.sock"}
    health = STAGE.last("HEALTHCHECK").json
    with container(image, project.volumes, variables) as running:
        wait_until(
            lambda: running.process.poll() is not None or running.inside(*health, variables=variables).returncode == 0,
            what="the health check of the image to succeed")
        assert running.process.poll() is None, running.process.stdout.read()
        status = dict(line.split(":", 1) for line in pathlib.Path(f"/proc/{running.pid}/status").read_text().splitlines())
        assert status["Uid"].split()[0] == STAGE.last("USER").text.split(":")[0]
        assert int(status["CapEff"], 16) == 0
        for place in ["/", "/etc", "/usr/bin", "/tmp", "/var"]:
            assert running.inside("touch", f"{place}/x").returncode != 0, place
        assert running.inside("/usr/bin/pillion", "healthcheck", "--address", "unix:/run/pillion/pillion.sock").stdout == "SERVING\n"
        for target in [f"127.0.0.1:{port}", f"unix:{project.volumes['/run/pillion']}/pillion.sock"]:
            with grpc.insecure_channel(target) as channel:
                notes = Client(channel, descriptor_set(project.protos)).service("NoteController")
                created = notes.Create(text="from inside")
                assert notes.Retrieve(id=created.id).text == "from inside"
        # It is the first process of its namespace, as in a container, and still ends by the signal.
        os.kill(running.pid, getattr(signal, STAGE.last("STOPSIGNAL").text))
        assert running.process.wait(30) == 0, running.process.stdout.read()
        assert not glob.glob(f"{project.volumes['/run/pillion']}/*"), "the socket went with it"


def test_no_database_is_said_and_ends_it(image, runtime, project):
    with container(image, project.volumes, {}) as running:
        assert running.process.wait(30) == 78
        assert "no database" in running.process.stdout.read()
