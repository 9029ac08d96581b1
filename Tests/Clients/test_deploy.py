"""What deploy/ and docs/production.md hold: valid by the schemas of those who read them, and true of the binary."""

import json
import pathlib
import re
import shutil
import subprocess

import helm_python
import pytest
import yaml

from support import kubernetes
from support.kubernetes import by_kind, documents, pod, render, validate

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
MANIFESTS = sorted((DEPLOY / "kubernetes").glob("*.yaml"))
VALUES = sorted((DEPLOY / "helm/examples").glob("*.yaml"))
DOCUMENT = (ROOT / "docs/production.md").read_text()


def settings(binary):
    """Paths and environment variables of all settings, as the binary prints them."""
    done = subprocess.run([binary, "serve", "--print-config"], text=True, capture_output=True, check=True, cwd="/")
    paths = [line.split(":", 1)[0] for line in done.stdout.splitlines() if ": " in line]
    return {"PILLION_" + path.replace(".", "_").upper(): path for path in paths}


def environment(container):
    return {entry["name"]: entry.get("value") for entry in container.get("env", [])}


# Kubernetes


@pytest.mark.parametrize("file", MANIFESTS, ids=lambda file: file.stem)
def test_manifest_is_valid(file):
    found = documents(file.read_text())
    assert found
    validate(found)


@pytest.mark.parametrize("file", [None, *VALUES], ids=lambda file: file.stem if file else "defaults")
def test_chart_renders_valid_manifests(file):
    rendered = render(yaml.safe_load(file.read_text()) if file else None)
    validate(rendered)
    assert {"Deployment", "Service", "ConfigMap"} <= {document["kind"] for document in rendered}


def test_chart_has_no_lint():
    result = helm_python.lint(str(kubernetes.CHART))
    worst = [message for message in result["messages"] if message.get("severity") not in (None, 0, 1, "info", "INFO", "unknown")]
    assert not worst, worst


@pytest.mark.parametrize(
    "values",
    [
        {"replica": 3}, {"replicas": -1}, {"image": {"repository": ""}}, {"database": {"secret": {"name": ""}}},
        {"service": {"port": 70000}}, {"settings": {"database.url": "sqlite:x"}}, {"settings": {"server.threads": [1]}},
        {"models": {"files": {"notes.txt": "x"}}}, {"tls": {"secret": "Not_A_Name"}}, {"disruption": {"maxUnavailable": 0}},
        {"autoscaling": {"cpuUtilization": 0}},
    ],
    ids=json.dumps)
def test_chart_refuses_values_that_cannot_work(values):
    with pytest.raises(helm_python.HelmError):
        render(values)


def test_stand_alone_manifest_is_what_the_chart_renders():
    """Two descriptions of the same thing do not drift apart. `make kubernetes` writes it again."""
    assert documents((DEPLOY / "kubernetes/standalone.yaml").read_text()) == render()


def everything():
    for file in MANIFESTS:
        yield from ((file.stem, document) for document in documents(file.read_text()))
    for file in VALUES:
        yield from ((file.stem, document) for document in render(yaml.safe_load(file.read_text())))


def workloads():
    for name, document in everything():
        if document["kind"] in ("Deployment", "StatefulSet", "Job"):
            spec = pod(document)
            for container in spec.get("initContainers", []) + spec["containers"]:
                if container["name"] in ("pillion", "schema"):
                    yield name, document, spec, container


def test_every_pillion_is_locked_up():
    found = list(workloads())
    assert len(found) >= 5
    for name, _, spec, container in found:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}, name
        assert spec["securityContext"]["runAsNonRoot"] and spec["securityContext"]["seccompProfile"]["type"] == "RuntimeDefault"
        assert spec["automountServiceAccountToken"] is False
        assert "memory" in container["resources"]["limits"] and "cpu" in container["resources"]["requests"]


def test_every_server_is_probed_and_drained():
    for name, document, spec, container in workloads():
        if container["name"] != "pillion":
            continue
        ports = {port["name"]: port["containerPort"] for port in container["ports"]}
        for probe in ["startupProbe", "livenessProbe"]:
            assert container[probe]["grpc"]["port"] in ports.values(), (name, probe)
        assert container["livenessProbe"]["grpc"]["service"] == "grpc.health.v1.Health", "a database that is away kills nobody"
        if document["kind"] != "Job":
            assert "grpc" in container["readinessProbe"], name
            # Behind a mesh, which takes Pods out by itself, there is no pause.
            hook = container["lifecycle"]["preStop"] if name != "plain" else {"sleep": {"seconds": 0}}
            pause = hook["sleep"]["seconds"]
            assert spec["terminationGracePeriodSeconds"] > pause + 20, "server.shutdown_grace is 20s"


def test_sidecars_are_native_and_share_a_socket():
    for stem in ["sidecar-sqlite", "sidecar-postgresql", "job"]:
        found = documents((DEPLOY / f"kubernetes/{stem}.yaml").read_text())
        workload = next(document for document in found if document["kind"] in ("Deployment", "StatefulSet", "Job"))
        spec = pod(workload)
        pillion = next(container for container in spec["initContainers"] if container["name"] == "pillion")
        assert pillion["restartPolicy"] == "Always" and "startupProbe" in pillion
        path = re.search(r"unix:(\S+)/[^/,]+", environment(pillion)["PILLION_SERVER_LISTEN"])[1]
        for container in [pillion, *spec["containers"]]:
            assert any(mount["mountPath"] == path for mount in container["volumeMounts"]), (stem, container["name"])
        if workload["kind"] == "Job":
            assert spec["restartPolicy"] == "Never"
        policy = by_kind(found, "NetworkPolicy")
        ports = [port["port"] for rule in policy["spec"]["ingress"] for port in rule.get("ports", [])]
        assert "grpc" not in ports and 50051 not in ports, "the socket is the door"


def test_stand_alone_has_what_it_should():
    found = render()
    assert {document["kind"] for document in found} >= {
        "Deployment", "Service", "PodDisruptionBudget", "NetworkPolicy", "HorizontalPodAutoscaler"}
    assert by_kind(found, "Service")["spec"]["clusterIP"] == "None", "gRPC clients balance by themselves"
    assert by_kind(found, "HorizontalPodAutoscaler")["spec"]["scaleTargetRef"]["name"] == by_kind(found, "Deployment")["metadata"]["name"]
    labels = by_kind(found, "Deployment")["spec"]["template"]["metadata"]["labels"]
    for kind, path in [("Service", "selector"), ("PodDisruptionBudget", "selector"), ("NetworkPolicy", "podSelector")]:
        selector = by_kind(found, kind)["spec"][path]
        selector = selector.get("matchLabels", selector)
        assert selector.items() <= labels.items(), kind


def test_manifests_start_this_binary(binary, new_project):
    """Every variable is a setting, every argument a command, and the definitions in them are right."""
    known = settings(binary)
    for name, _, _, container in workloads():
        for variable in environment(container):
            assert variable in known or not variable.startswith("PILLION_"), (name, variable)
        help = subprocess.run([binary, container["args"][0], "--help"], text=True, capture_output=True)
        assert help.returncode == 0
        for flag in container["args"][1:]:
            assert not flag.startswith("--") or flag in help.stdout, (name, flag)
    checked = set()
    for name, document in everything():
        for file, text in (document.get("data") or {}).items() if document["kind"] == "ConfigMap" else []:
            if file == "pillion.yaml":
                project = new_project()
                (project.folder / "pillion.yaml").write_text(text)
                project.check("serve", "--print-config")
                checked.add("settings")
            elif file.endswith(".yaml") and text not in checked:
                checked.add(text)
                new_project(**{file.removesuffix(".yaml"): text}).generate()
    assert len(checked) >= 2


# Compose, Docker, systemd, proxies


def test_compose_file(binary):
    compose = yaml.load((DEPLOY / "compose/compose.yaml").read_text(), kubernetes.StrictLoader)
    known = {"image", "build", "command", "environment", "ports", "volumes", "depends_on", "healthcheck", "read_only", "secrets",
             "user", "cap_drop", "security_opt", "restart", "tmpfs", "profiles", "entrypoint"}
    assert set(compose) <= {"name", "services", "volumes", "secrets"}
    services = compose["services"]
    assert {"database", "pillion", "client"} <= set(services)
    for name, service in services.items():
        assert set(service) <= known, (name, set(service) - known)
        assert ("image" in service) or ("build" in service)
        for other, condition in service.get("depends_on", {}).items():
            assert other in services
            if condition["condition"] == "service_healthy":
                assert "healthcheck" in services[other] or "build" in services[other], "the image brings one"
            else:
                assert condition["condition"] == "service_completed_successfully"
        for secret in service.get("secrets", []):
            assert secret in compose["secrets"]
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert source in compose.get("volumes", {}) or (DEPLOY / "compose" / source).resolve().exists(), volume
    variables = settings(binary)
    for name in ["schema", "pillion"]:
        for variable in services[name]["environment"]:
            assert variable in variables, variable
        build = services[name].get("build")
        if build:
            assert (DEPLOY / "compose" / build["context"] / build["dockerfile"]).resolve() == DEPLOY / "Dockerfile"


def test_haproxy_configuration_is_valid(tmp_path):
    """By HAProxy itself, as it is shipped but for its folders."""
    from support.certificates import Authority

    certificate = Authority().server()
    (tmp_path / "pillion.pem").write_bytes(certificate.pem + certificate.key)
    text = (DEPLOY / "haproxy/haproxy.cfg").read_text()
    (tmp_path / "haproxy.cfg").write_text(
        text.replace("/etc/haproxy/pillion.pem", str(tmp_path / "pillion.pem")).replace("/run/haproxy/", f"{tmp_path}/"))
    haproxy = shutil.which("haproxy") or "/usr/sbin/haproxy"
    done = subprocess.run([haproxy, "-c", "-f", tmp_path / "haproxy.cfg"], text=True, capture_output=True)
    assert done.returncode == 0 and "WARNING" not in done.stdout + done.stderr, done.stdout + done.stderr


def test_envoy_example_hangs_together():
    """Envoy is not at hand: names that it refers to exist, and it speaks HTTP/2 to both sides."""
    envoy = yaml.load((DEPLOY / "envoy/envoy.yaml").read_text(), kubernetes.StrictLoader)
    listeners, clusters = envoy["static_resources"]["listeners"], envoy["static_resources"]["clusters"]
    names = {cluster["name"] for cluster in clusters}
    text = json.dumps(listeners)
    assert set(re.findall(r'"cluster": "([^"]+)"', text)) == names
    assert '"h2"' in text
    for cluster in clusters:
        protocol = cluster["typed_extension_protocol_options"]["envoy.extensions.upstreams.http.v3.HttpProtocolOptions"]
        assert "http2_protocol_options" in protocol["explicit_http_config"]
        assert cluster["load_assignment"]["cluster_name"] == cluster["name"]
        assert cluster["health_checks"][0]["grpc_health_check"] is not None


def test_dockerfile_ignores_nothing_that_it_copies():
    lines = (DEPLOY / "Dockerfile").read_text().splitlines()
    kept = {line[1:] for line in (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = [word for line in lines if line.startswith("COPY ") and "--from" not in line for word in line.split()[1:-1]]
    assert {word.replace("[d]", "d") for word in copied} == kept
    for path in kept - {"Package.resolved"}:
        assert (ROOT / path).exists(), path


def test_dockerfile_builds_as_releases_are_built():
    flags = re.search(r"^RELEASE_FLAGS := ((?:.*\\\n)*.+)$", (ROOT / "Makefile").read_text(), re.M).group(1)
    build = re.search(r"^RUN (swift build .+?) && ", (DEPLOY / "Dockerfile").read_text(), re.M | re.S).group(1)
    words = lambda text: " ".join(text.replace("\\", " ").split())
    assert "--no-export-dynamic" in words(flags) and words(flags) in words(build)


def test_image_installs_what_the_binary_links(binary):
    """The last stage of the Dockerfile has the Debian package of every library that is not part of Debian's base."""
    text = (DEPLOY / "Dockerfile").read_text().split("FROM ")[-1]
    linked = subprocess.run(["ldd", binary], text=True, capture_output=True).stdout
    for library, package in {"libpq": "libpq5", "libsqlite3": "libsqlite3-0", "libnghttp2": "libnghttp2-14", "libyaml": "libyaml-0-2", "libz.so": "zlib1g"}.items():
        assert library in linked and package in text


# The document


def test_document_names_settings_that_exist(binary):
    known = set(settings(binary).values())
    sections = {path.rsplit(".", 1)[0] for path in known}
    named = set(re.findall(r"`((?:server|database|list|errors|log)\.[a-z_.]+[a-z])`", DOCUMENT))
    assert named, "the document names settings"
    assert not {name for name in named if name not in known and name not in sections}


def test_document_shows_files_that_exist():
    for path in re.findall(r"`(deploy/[\w./-]+)`", DOCUMENT):
        assert (ROOT / path).exists(), path
