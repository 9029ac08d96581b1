"""Kubernetes' published schemas, and Helm's renderer."""

import pathlib

import helm_python
import kubernetes_validate
import yaml

# The oldest version that has native sidecars by default and sleeping preStop hooks, and the newest with schemas.
VERSIONS = ["1.30", "1.37"]
CHART = pathlib.Path(__file__).resolve().parents[3] / "deploy/helm/pillion"


class StrictLoader(yaml.SafeLoader):
    """Refuses a key that stands twice in a mapping; YAML says that it must not, PyYAML takes the last."""

    def construct_mapping(self, node, deep=False):
        keys = [self.construct_object(key, deep=deep) for key, _ in node.value if key.tag != "tag:yaml.org,2002:merge"]
        twice = {key for key in keys if keys.count(key) > 1}
        assert not twice, f"{node.start_mark}: {twice} twice"
        return super().construct_mapping(node, deep)


def documents(text):
    return [document for document in yaml.load_all(text, StrictLoader) if document]


def validate(documents):
    """Against the schemas that allow no unknown field."""
    for version in VERSIONS:
        for document in documents:
            try:
                kubernetes_validate.validate(document, version, strict=True)
            except kubernetes_validate.ValidationError as error:
                where = "/".join(map(str, error.path))
                raise AssertionError(f"{document['kind']} {document['metadata']['name']}, {where} ({version}): {error.message}") from None


def render(values=None, name="notes", namespace="default"):
    """What `helm template` prints, document by document."""
    with helm_python.Chart.load(str(CHART)) as chart:
        files = chart.render(values or {}, name=name, namespace=namespace)
    return [document for file in sorted(files) if file.endswith(".yaml") for document in documents(files[file])]


def by_kind(documents, kind):
    return next(document for document in documents if document["kind"] == kind)


def pod(document):
    """The Pod's specification of a workload."""
    return document["spec"]["template"]["spec"]
