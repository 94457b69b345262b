"""Values that the schemas of Kubernetes leave open and its API server refuses: enumerations, bounds, names, quantities, lists
whose entries have one name each. Custom resources have shapes of their own, in custom_resources.py."""

import re

from custom_resources import SCHEMAS
from findings import Finding
from objects import at, group_of, name_of

LABEL = r"[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
DNS_LABEL = r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?"
DNS_NAME = rf"{DNS_LABEL}(?:\.{DNS_LABEL})*"
PORT_NAME = r"(?=.{1,15}$)(?!.*--)(?=.*[a-z])[a-z0-9](?:[-a-z0-9]*[a-z0-9])?"
IMAGE = r"(?:[a-z0-9][-a-zA-Z0-9.]*(?::[0-9]+)?/)?[a-z0-9._/-]+(?::[A-Za-z0-9_][-A-Za-z0-9_.]{0,127})?(?:@sha256:[0-9a-f]{64})?"
QUANTITY = r"([0-9]+(?:\.[0-9]+)?)(m|k|M|G|T|Ki|Mi|Gi|Ti)?"
SUFFIXES = {None: 1, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}
LEVELS = ("privileged", "baseline", "restricted")
HANDLERS = {"exec", "grpc", "httpGet", "tcpSocket"}
# Beyond these a figure is a slip of the unit: cores, bytes
USUAL = {"cpu": (0.001, 64), "memory": (2**20, 2**40), "storage": (2**26, 2**50), "ephemeral-storage": (2**20, 2**40)}

# The end of a path (numbers left out) to what may stand there
WORDS = {
    "protocol": ("TCP", "UDP", "SCTP"),
    "imagePullPolicy": ("Always", "IfNotPresent", "Never"),
    "restartPolicy": ("Always", "OnFailure", "Never"),
    "dnsPolicy": ("ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"),
    "concurrencyPolicy": ("Allow", "Forbid", "Replace"),
    "podManagementPolicy": ("OrderedReady", "Parallel"),
    "policyTypes": ("Ingress", "Egress"),
    "accessModes": ("ReadWriteOnce", "ReadWriteMany", "ReadOnlyMany", "ReadWriteOncePod"),
    "whenUnsatisfiable": ("DoNotSchedule", "ScheduleAnyway"),
    "nodeAffinityPolicy": ("Honor", "Ignore"),
    "nodeTaintsPolicy": ("Honor", "Ignore"),
    "unhealthyPodEvictionPolicy": ("AlwaysAllow", "IfHealthyBudget"),
    "tolerations.operator": ("Exists", "Equal"),
    "tolerations.effect": ("NoSchedule", "PreferNoSchedule", "NoExecute"),
    "Ingress.spec.rules.http.paths.pathType": ("Exact", "Prefix", "ImplementationSpecific"),
    "fsGroupChangePolicy": ("OnRootMismatch", "Always"),
    "internalTrafficPolicy": ("Cluster", "Local"),
    "externalTrafficPolicy": ("Cluster", "Local"),
    "sessionAffinity": ("None", "ClientIP"),
    "selectPolicy": ("Max", "Min", "Disabled"),
    "seccompProfile.type": ("RuntimeDefault", "Localhost", "Unconfined"),
    "httpGet.scheme": ("HTTP", "HTTPS"),
    "matchExpressions.operator": ("In", "NotIn", "Exists", "DoesNotExist"),
    "CronJob.spec.jobTemplate.spec.template.spec.restartPolicy": ("OnFailure", "Never"),
    "Job.spec.template.spec.restartPolicy": ("OnFailure", "Never"),
    "Deployment.spec.template.spec.restartPolicy": ("Always",),
    "StatefulSet.spec.template.spec.restartPolicy": ("Always",),
    "Deployment.spec.strategy.type": ("RollingUpdate", "Recreate"),
    "StatefulSet.spec.updateStrategy.type": ("RollingUpdate", "OnDelete"),
    "Service.spec.type": ("ClusterIP", "NodePort", "LoadBalancer", "ExternalName"),
    "metrics.type": ("Resource", "ContainerResource", "Pods", "Object", "External"),
    "target.type": ("Utilization", "Value", "AverageValue"),
    "policies.type": ("Pods", "Percent"),
    "HorizontalPodAutoscaler.spec.metrics.resource.name": ("cpu", "memory"),
}
PORT, SECONDS = (1, 65_535), (0, 86_400)
BOUNDS = {
    "spec.replicas": (0, 1_000), "minReplicas": (0, 1_000), "maxReplicas": (1, 1_000), "revisionHistoryLimit": (0, 1_000),
    "minReadySeconds": SECONDS, "progressDeadlineSeconds": SECONDS, "terminationGracePeriodSeconds": (1, 86_400),
    "initialDelaySeconds": SECONDS, "periodSeconds": (1, 1_800), "timeoutSeconds": (1, 1_800),
    "failureThreshold": (1, 1_000), "successThreshold": (1, 1_000),
    "livenessProbe.successThreshold": (1, 1), "startupProbe.successThreshold": (1, 1),
    "containerPort": PORT, "hostPort": PORT, "ports.port": PORT, "targetPort": PORT, "endPort": PORT, "nodePort": (30_000, 32_767),
    "httpGet.port": PORT, "tcpSocket.port": PORT, "sleep.seconds": (1, 3_600),
    "averageUtilization": (1, 200), "stabilizationWindowSeconds": (0, 3_600), "policies.value": (1, 1_000),
    "maxSkew": (1, 1_000), "minDomains": (1, 1_000), "runAsUser": (0, 2**31), "runAsGroup": (0, 2**31), "fsGroup": (0, 2**31),
    "defaultMode": (0, 0o777), "items.mode": (0, 0o777),
    "maxUnavailable": (0, 1_000), "minAvailable": (0, 1_000), "maxSurge": (0, 1_000),
}  # fmt: skip
PERCENT = ("maxUnavailable", "minAvailable", "maxSurge")
# Lists in which two entries may not agree in these fields
UNIQUE = {
    "containers": ("name",), "initContainers": ("name",), "env": ("name",), "volumes": ("name",), "volumeMounts": ("mountPath",),
    "containers.ports": ("containerPort", "name"), "Service.spec.ports": ("port", "name"),
    "topologySpreadConstraints": ("topologyKey",), "volumeClaimTemplates": ("metadata",),
}  # fmt: skip
PATTERNS = {
    "containers.name": (rf"{DNS_LABEL}", "small letters, digits and hyphens"),
    "volumes.name": (rf"{DNS_LABEL}", "small letters, digits and hyphens"),
    "containers.ports.name": (PORT_NAME, "at most 15 small letters, digits and hyphens"),
    "Service.spec.ports.name": (DNS_LABEL, "small letters, digits and hyphens"),
    "env.name": (r"[-._a-zA-Z][-._a-zA-Z0-9]*", "letters, digits and _"),
    "containers.image": (IMAGE, "REGISTRY/NAME:TAG"),
    "clusterIP": (r"None|[0-9.]+|[0-9a-f:]+", "None, or nothing"),
    "mountPath": (r"/[^:]*", "an absolute path"),
    "CronJob.spec.schedule": None,
}
CRON = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))


def check(objects):
    for obj in objects.own:
        yield from _identity(obj)
        if obj["kind"] == "Secret":
            yield from _typed(obj)
        if (obj.get("apiVersion"), obj["kind"]) not in SCHEMAS:
            for path, place, value in _walk(obj, obj["kind"], ""):
                yield from _value(obj, path, place, value)


def _walk(value, path, place):
    """(path without numbers, place in the object, value) of everything."""
    yield path, place, value
    if isinstance(value, dict):
        for key, inner in value.items():
            if key not in ("annotations", "labels", "matchLabels", "data", "stringData", "binaryData"):
                yield from _walk(inner, f"{path}.{key}", f"{place}.{key}" if place else str(key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _walk(inner, path, f"{place}[{index}]")


def _rule(table, path):
    """The rule of the longest end of a path."""
    path = path.replace(".initContainers", ".containers")
    found = [end for end in table if path == end or path.endswith("." + end)]
    return table[max(found, key=len)] if found else None


def _value(obj, path, place, value):
    def finding(problem, mend):
        return Finding("value", name_of(obj), place, problem, mend)

    words, bounds, pattern = _rule(WORDS, path), _rule(BOUNDS, path), _rule(PATTERNS, path)
    if words and isinstance(value, str) and value not in words:
        yield finding(f"{value} is not known", f"one of {', '.join(words)}")
    if bounds and isinstance(value, int) and not bounds[0] <= value <= bounds[1]:
        yield finding(f"{value} is not allowed", f"{bounds[0]} to {bounds[1]}")
    if isinstance(value, str) and path.rsplit(".", 1)[-1] in PERCENT and not re.fullmatch(r"(100|[0-9]{1,2})%", value):
        yield finding(f"{value} is no part of the pods", "write a whole number, or 25%")
    if pattern and isinstance(value, str) and not re.fullmatch(pattern[0], value):
        yield finding(f"{value} is not allowed", pattern[1])
    if path.endswith("CronJob.spec.schedule") and not _is_schedule(value):
        yield finding(f"{value} is no schedule", "five fields, such as 0 3 * * *")
    unique = _rule(UNIQUE, path)
    if unique and isinstance(value, list):
        yield from _twice(finding, unique, value)
    if path.endswith("Probe") and isinstance(value, dict) and len(HANDLERS & set(value)) != 1:
        yield finding("asks in none or in several ways", "keep one of httpGet, tcpSocket, exec and grpc")
    if re.search(r"\.resources\.(requests|limits)$", path) and isinstance(value, dict):
        for resource, amount in value.items():
            problem = _quantity(resource, amount)
            if problem:
                yield finding(f"{resource}: {amount} {problem}", "write 250m for processor time, 128Mi for memory")
    if path.endswith("Deployment.spec") and isinstance(value, dict):
        if value.get("minReadySeconds", 0) >= value.get("progressDeadlineSeconds", 600):
            yield finding("minReadySeconds is not below progressDeadlineSeconds, which is 600 unless said", "minReadySeconds: 5")
    if re.search(r"(Deployment|StatefulSet)\.spec\.template\.spec\.activeDeadlineSeconds$", path):
        yield finding("is for Jobs alone", "remove it")
    if re.search(r"\.target\.(averageValue|value)$", path) and quantity(value) is None:
        yield finding(f"{value} is not a quantity", "write 200 or 500m")
    if path.endswith("topologySpreadConstraints") and isinstance(value, dict):
        if "minDomains" in value and value.get("whenUnsatisfiable") != "DoNotSchedule":
            yield finding("minDomains is for DoNotSchedule alone", "remove it")
    if "endPort" in (value if isinstance(value, dict) else {}) and value["endPort"] < value.get("port", 0):
        yield finding("endPort is less than port", "swap them")


def _twice(finding, fields, entries):
    for field in fields:
        seen = []
        for entry in entries:
            one = entry.get(field) if isinstance(entry, dict) else None
            one = (one, entry.get("protocol", "TCP")) if field in ("containerPort", "port") else one
            if one is not None and one in seen:
                yield finding(f"two have the {field} {one[0] if isinstance(one, tuple) else one}", "rename or remove one")
            seen.append(one)


def quantity(text):
    """`250m`, `128Mi` as a number, or `None`."""
    found = re.fullmatch(QUANTITY, str(text))
    return float(found[1]) * SUFFIXES[found[2]] if found else None


def _quantity(resource, text):
    amount = quantity(text)
    if amount is None:
        return "is not a quantity"
    least, most = USUAL.get(resource, (0, float("inf")))
    return None if least <= amount <= most else "is not in the usual range: a slip of the unit?"


def _is_schedule(text):
    fields = str(text).split()
    if re.fullmatch(r"@(yearly|annually|monthly|weekly|daily|midnight|hourly)", str(text)):
        return True
    return len(fields) == 5 and all(
        re.fullmatch(r"(\*|[0-9]+(-[0-9]+)?)(/[1-9][0-9]*)?", part)
        and all(low <= int(number) <= high for number in re.findall(r"[0-9]+", part.split("/")[0]))
        for field, (low, high) in zip(fields, CRON)
        for part in field.split(",")
    )


# What the API server wants in a Secret of a type
TYPED = {
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
    "kubernetes.io/dockercfg": (".dockercfg",),
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
}


def _typed(obj):
    for key in TYPED.get(obj.get("type"), ()):
        if key not in {**(obj.get("data") or {}), **(obj.get("stringData") or {})}:
            yield Finding("value", name_of(obj), "type", f"a Secret of type {obj['type']} needs {key}", "type: Opaque")


def _identity(obj):
    where, metadata = name_of(obj), obj.get("metadata") or {}
    name = str(metadata.get("name"))
    shape = r"[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?" if obj["kind"] == "Service" and not group_of(obj) else DNS_NAME
    if not re.fullmatch(shape, name) or len(name) > 253:
        yield Finding("value", where, "metadata.name", f"{name} is no name", "small letters, digits and hyphens")
    for holder in (metadata, at(obj, "spec", "template", "metadata", default={})):
        for key, value in (holder.get("labels") or {}).items():
            prefix, _, rest = key.rpartition("/")
            if not re.fullmatch(LABEL, rest) or (prefix and not re.fullmatch(DNS_NAME, prefix)) or not re.fullmatch(f"(?:{LABEL})?", str(value)):
                yield Finding("value", where, "metadata.labels", f"{key}: {value} is no label", "letters, digits, - _ . and one / in the key")
            if prefix == "pod-security.kubernetes.io" and not rest.endswith("-version") and (rest not in ("enforce", "audit", "warn") or value not in LEVELS):
                yield Finding("value", where, "metadata.labels", f"{key}: {value} is not known", "enforce, audit and warn: restricted")
