"""The objects of one rendering: found by kind and name, pods with who runs them, labels against selectors."""

import base64
from dataclasses import dataclass, field

import yaml

WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "Pod", "ReplicaSet")
CLUSTER_WIDE = ("Namespace", "ClusterRole", "ClusterRoleBinding", "ClusterSecretStore", "PersistentVolume", "StorageClass")


class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
    """YAML as Kubernetes reads it: dates stay text."""


Loader.yaml_implicit_resolvers = {
    first: [(tag, regexp) for tag, regexp in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def at(value, *path, default=None):
    """What lies at `path`, or `default` when a step is missing or null."""
    for step in path:
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            return default
        if value is None:
            return default
    return value


def name_of(obj):
    return f"{obj.get('kind')}/{at(obj, 'metadata', 'name')}"


def group_of(obj):
    version = obj.get("apiVersion", "")
    return version.split("/")[0] if "/" in version else ""


def matches(selector, labels):
    """Whether a label selector takes these labels. An empty one takes all, as in Kubernetes."""
    if any(labels.get(key) != value for key, value in (selector.get("matchLabels") or {}).items()):
        return False
    for rule in selector.get("matchExpressions") or []:
        value, wanted = labels.get(rule["key"]), rule.get("values") or []
        good = {
            "In": value in wanted,
            "NotIn": value not in wanted,
            "Exists": rule["key"] in labels,
            "DoesNotExist": rule["key"] not in labels,
        }[rule["operator"]]
        if not good:
            return False
    return True


@dataclass
class Workload:
    """Whoever runs pods, and the template of those."""

    obj: dict
    template: dict
    path: str

    @property
    def name(self):
        return name_of(self.obj)

    @property
    def kind(self):
        return self.obj["kind"]

    @property
    def labels(self):
        return at(self.template, "metadata", "labels", default={})

    @property
    def spec(self):
        return at(self.template, "spec", default={})

    @property
    def containers(self):
        """(path, container), those that run before the others included."""
        for field_name in ("initContainers", "containers"):
            for container in self.spec.get(field_name) or []:
                yield f"{self.path}.{field_name}[{container.get('name')}]", container

    @property
    def ports(self):
        """Name and number of each declared port, to its number."""
        ports = {}
        for _, container in self.containers:
            for port in container.get("ports") or []:
                ports[port["containerPort"]] = port["containerPort"]
                if "name" in port:
                    ports[port["name"]] = port["containerPort"]
        return ports


@dataclass
class Objects:
    """Everything of one rendering. `extra` are objects that somebody else applies, such as a Secret: known, not checked."""

    own: list
    extra: list = field(default_factory=list)

    @classmethod
    def read(cls, text, extra_texts=()):
        def load(one):
            return [obj for obj in yaml.load_all(one, Loader) if obj]

        return cls(load(text), [obj for one in extra_texts for obj in load(one)])

    def of(self, *kinds):
        return [obj for obj in self.own if obj.get("kind") in kinds]

    def get(self, kind, name):
        """By kind and name, among the objects of others too."""
        for obj in self.own + self.extra:
            if obj.get("kind") == kind and at(obj, "metadata", "name") == name:
                return obj
        return None

    def workloads(self):
        for obj in self.of(*WORKLOADS):
            if obj["kind"] == "Pod":
                yield Workload(obj, obj, "spec")
            elif obj["kind"] == "CronJob":
                template = at(obj, "spec", "jobTemplate", "spec", "template", default={})
                yield Workload(obj, template, "spec.jobTemplate.spec.template.spec")
            else:
                yield Workload(obj, at(obj, "spec", "template", default={}), "spec.template.spec")

    def selected(self, selector):
        return [workload for workload in self.workloads() if matches(selector, workload.labels)]

    def scaler_of(self, workload):
        """Every autoscaler that points to this workload."""
        name = at(workload.obj, "metadata", "name")
        found = []
        for obj in self.of("HorizontalPodAutoscaler", "ScaledObject"):
            target = at(obj, "spec", "scaleTargetRef", default={})
            if (target.get("kind", "Deployment"), target.get("name")) == (workload.kind, name):
                found.append(obj)
        return found

    def replicas(self, workload):
        """(least, most) as autoscalers or the workload say."""
        fixed = at(workload.obj, "spec", "replicas", default=1)
        least, most = [], []
        for scaler in self.scaler_of(workload):
            spec = scaler["spec"]
            if scaler["kind"] == "ScaledObject":
                least.append(spec.get("minReplicaCount", 0))
                most.append(spec.get("maxReplicaCount", 100))
            else:
                least.append(spec.get("minReplicas", 1))
                most.append(spec.get("maxReplicas", 1))
        return (min(least), max(most)) if least else (fixed, fixed)

    def config_map(self, name):
        obj = self.get("ConfigMap", name)
        return None if obj is None else {**(obj.get("data") or {}), **(obj.get("binaryData") or {})}

    def secret(self, name):
        """The keys of a Secret to their texts, or to `None` where only a secret manager knows. `None`: no such Secret."""
        found = None
        for obj in self.own + self.extra:
            if obj.get("kind") == "Secret" and at(obj, "metadata", "name") == name:
                found = found or {}
                for key, text in (obj.get("data") or {}).items():
                    found[key] = base64.b64decode(text).decode(errors="replace")
                found.update(obj.get("stringData") or {})
            if obj.get("kind") == "ExternalSecret":
                target = at(obj, "spec", "target", "name", default=at(obj, "metadata", "name"))
                if target == name:
                    found = {**(found or {}), **_external_keys(obj)}
        return found


def _external_keys(obj):
    """A template takes the place of the plain keys, unless it says `Merge`."""
    plain = {entry.get("secretKey"): None for entry in at(obj, "spec", "data", default=[])}
    template = at(obj, "spec", "target", "template", default={})
    made = template.get("data") or {}
    if not made:
        return plain
    return {**plain, **made} if template.get("mergePolicy") == "Merge" else dict(made)
