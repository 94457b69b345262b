"""How many pods there are, who decides that, how they spread, and what may take them away."""

import json
import math
import re
import shutil
import subprocess
import tempfile

from findings import Finding
from objects import at, matches, name_of

# What a trigger of KEDA takes (keda.sh/docs/2.17/scalers): required, then optional
TRIGGERS = {
    "prometheus": (
        {"serverAddress", "query", "threshold"},
        {"activationThreshold", "namespace", "customHeaders", "ignoreNullValues", "queryParameters", "unsafeSsl", "authModes", "timeout"},
    ),
    "cpu": ({"value"}, {"containerName"}),
    "memory": ({"value"}, {"containerName"}),
}


# Labels that Prometheus adds
SCRAPED = {"namespace", "job", "instance", "pod", "service", "endpoint", "container"}
TOPOLOGY = {"topology.kubernetes.io/zone", "topology.kubernetes.io/region", "kubernetes.io/hostname"}


def check(objects, metrics):
    yield from _budgets(objects)
    for workload in objects.workloads():
        yield from _two_scalers(objects, workload)
        yield from _single_writer(objects, workload)
        yield from _spread(objects, workload)
        yield from _rollout(objects, workload)
    for scaler in objects.of("HorizontalPodAutoscaler", "ScaledObject"):
        yield from _scaler(objects, scaler, metrics)
    for scaled in objects.of("ScaledObject"):
        yield from _triggers(scaled, metrics)


def _budgets(objects):
    for budget in objects.of("PodDisruptionBudget"):
        spec, where = budget["spec"], name_of(budget)
        least, most = spec.get("minAvailable"), spec.get("maxUnavailable")
        if least is not None and most is not None:
            yield Finding("budget.both", where, "spec", "has minAvailable and maxUnavailable: the API server refuses it", "keep maxUnavailable: 1")
            continue
        if least is None and most is None:
            yield Finding("budget.neither", where, "spec", "has neither minAvailable nor maxUnavailable", "set maxUnavailable: 1")
            continue
        if not spec.get("selector"):
            problem = "takes no pods or all of them" if "selector" in spec else "takes no pods"
            yield Finding("budget.selector", where, "spec.selector", problem, "write the labels of the pod template")
            continue
        for pods in sorted({objects.replicas(workload)[0] for workload in objects.selected(spec["selector"])}):
            # the API server rounds both up
            gone = _share(most, pods) if most is not None else pods - _share(least, pods)
            if gone <= 0:
                problem = f"of {pods} pods none may ever be evicted: draining a node waits forever"
                yield Finding("budget.blocks", where, "spec", problem, "set maxUnavailable: 1, and run two replicas or more")
            elif gone >= pods:
                problem = f"of {pods} pods all may be evicted at once: it guards nothing"
                yield Finding("budget.nothing", where, "spec", problem, "set maxUnavailable: 1, and run two replicas or more")
    for workload in objects.workloads():
        budgets = [one for one in objects.of("PodDisruptionBudget") if matches(at(one, "spec", "selector", default={}), workload.labels)]
        if objects.replicas(workload)[1] > 1 and not budgets:
            problem = "nothing keeps a node's maintenance from taking all replicas at once"
            yield Finding("budget.missing", workload.name, "spec", problem, "add a PodDisruptionBudget with maxUnavailable: 1")


def _share(text, pods):
    """A number of pods, or a percentage of them, rounded up. What is neither is told by values.py."""
    found = re.fullmatch(r"([0-9]+)(%?)", str(text))
    return 1 if not found else math.ceil(pods * int(found[1]) / 100) if found[2] else int(found[1])


def _two_scalers(objects, workload):
    scalers = objects.scaler_of(workload)
    for extra in scalers[1:]:
        if name_of(extra) == name_of(scalers[0]):  # one object twice, which is told as that
            continue
        problem = f"{name_of(scalers[0])} scales {workload.name} too: they pull it to and fro"
        yield Finding("scaling.twice", name_of(extra), "spec.scaleTargetRef", problem, "keep one of them; components/keda removes the other")
    if not scalers and at(workload.obj, "spec", "replicas") == 0:
        yield Finding("scaling.zero", workload.name, "spec.replicas", "no pod is made", "keep one at least")
    if scalers and "replicas" in workload.obj.get("spec", {}):
        problem = f"each apply sets the number back that {name_of(scalers[0])} chose"
        yield Finding("scaling.replicas", workload.name, "spec.replicas", problem, "remove it")


def _scaler(objects, scaler, metrics):
    spec, where = scaler["spec"], name_of(scaler)
    keda = scaler["kind"] == "ScaledObject"
    low, high = ("minReplicaCount", "maxReplicaCount") if keda else ("minReplicas", "maxReplicas")
    least, most = spec.get(low, 0 if keda else 1), spec.get(high, 100 if keda else 1)
    if least > most:
        yield Finding("scaling.bounds", where, f"spec.{low}", f"{least} is more than {high}, which is {most}", "swap or mend them")
    if least == 0 or "idleReplicaCount" in spec:
        problem = "with no replica nobody answers a webhook"
        yield Finding("scaling.zero", where, f"spec.{low}", problem, "keep one at least, and no idleReplicaCount")
    elif least == 1 < most:
        yield Finding("scaling.single", where, f"spec.{low}", "one replica is away at each failure of its node", "keep two at least")
    behavior = at(spec, "advanced", "horizontalPodAutoscalerConfig", "behavior") if keda else spec.get("behavior")
    if at(behavior, "scaleUp", "selectPolicy") == "Disabled":
        yield Finding("scaling.disabled", where, "behavior.scaleUp.selectPolicy", "never makes a replica more", "remove selectPolicy")
    target = spec.get("scaleTargetRef") or {}
    found = [
        workload
        for workload in objects.workloads()
        if (workload.kind, at(workload.obj, "metadata", "name")) == (target.get("kind", "Deployment"), target.get("name"))
    ]
    if not found:
        problem = f"there is no {target.get('kind', 'Deployment')} {target.get('name')}"
        yield Finding("scaling.target", where, "spec.scaleTargetRef", problem, "name what is to be scaled")
    if scaler["apiVersion"] == "autoscaling/v2":
        yield from _metrics(where, spec, [container["name"] for workload in found for _, container in workload.containers], metrics)
    for workload in found:
        if target.get("apiVersion", "apps/v1") != workload.obj["apiVersion"]:
            problem = f"{target['apiVersion']} has no {workload.kind}"
            yield Finding("scaling.target", where, "spec.scaleTargetRef.apiVersion", problem, f"write {workload.obj['apiVersion']}")


def _metrics(where, spec, containers, metrics):
    if not spec.get("metrics"):
        yield Finding("scaling.metrics", where, "spec.metrics", "says not on what to scale", "name cpu with averageUtilization: 65")
    wanted = {"Utilization": "averageUtilization", "AverageValue": "averageValue", "Value": "value"}
    for index, metric in enumerate(spec.get("metrics") or []):
        kind = str(metric.get("type", ""))
        own = metric.get(kind[:1].lower() + kind[1:])
        field, path = wanted.get(at(own, "target", "type")), f"spec.metrics[{index}]"
        if kind == "ContainerResource" and containers and at(own, "container") not in containers:
            yield Finding("scaling.metrics", where, path, f"there is no container {at(own, 'container')}", f"one of {', '.join(containers)}")
        named = str(at(own, "metric", "name", default=""))
        if named.startswith("sacola_") and named not in metrics:
            yield Finding("scaling.metrics", where, path, f"Sacola has no metric {named}", "docs/METRICS.md lists them")
        if own is None or field is None or at(own, "target", field) is None:
            problem = "type, target and value do not belong together: the API server refuses it"
            yield Finding("scaling.metrics", where, f"spec.metrics[{index}]", problem, "type: Resource, target.type: Utilization, averageUtilization")


def _triggers(scaled, metrics):
    where, namespace = name_of(scaled), at(scaled, "metadata", "namespace")
    triggers = scaled["spec"]["triggers"]
    for trigger in triggers:
        path, metadata = f"spec.triggers[{trigger.get('name', trigger['type'])}].metadata", trigger["metadata"]
        if trigger["type"] not in TRIGGERS:
            yield Finding("keda.trigger", where, path, f"no trigger {trigger['type']} is known here", "use prometheus or cpu")
            continue
        required, optional = TRIGGERS[trigger["type"]]
        for key in sorted(required - set(metadata)):
            yield Finding("keda.metadata", where, path, f"lacks {key}", "add it: KEDA takes any text and fails later")
        for key in sorted(set(metadata) - required - optional):
            yield Finding("keda.metadata", where, path, f"{key} is nothing that KEDA reads here", f"one of {', '.join(sorted(required | optional))}")
        for key in sorted({"threshold", "activationThreshold", "value"} & set(metadata)):
            if not re.fullmatch(r"[0-9]+(\.[0-9]+)?", metadata[key]) or (key != "activationThreshold" and float(metadata[key]) == 0):
                yield Finding("keda.metadata", where, f"{path}.{key}", "is not a number above 0", "write it as a text of digits")
        for key in sorted({"ignoreNullValues", "unsafeSsl"} & set(metadata)):
            if metadata[key] not in ("true", "false"):
                yield Finding("keda.metadata", where, f"{path}.{key}", f"{metadata[key]} is neither true nor false", 'write "false"')
        if not re.match(r"https?://[a-z0-9]", metadata.get("serverAddress", "http://x")):
            yield Finding("keda.metadata", where, f"{path}.serverAddress", "is no address", "write http://HOST:9090")
        if trigger["type"] in ("cpu", "memory") and trigger.get("metricType") not in ("Utilization", "AverageValue"):
            yield Finding("keda.metadata", where, path, "has no metricType that is possible here", "metricType: Utilization")
        yield from _query(where, f"{path}.query", metadata.get("query", ""), namespace, metrics)
    for note in sorted(at(scaled, "metadata", "annotations", default={})):
        if note.startswith("autoscaling.keda.sh/paused"):
            yield Finding("keda.paused", where, f"metadata.annotations[{note}]", "nothing is scaled while it is there", "remove it")
    names = [trigger.get("name") for trigger in triggers if trigger.get("name")]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield Finding("keda.twice", where, "spec.triggers", f"two are named {name}: KEDA refuses them", "rename one")
    spec = scaled["spec"]
    held = at(spec, "fallback", "replicas")
    if held is not None and not spec.get("minReplicaCount", 0) <= held <= spec.get("maxReplicaCount", 100):
        problem = f"{held} is not between minReplicaCount and maxReplicaCount"
        yield Finding("keda.fallback", where, "spec.fallback.replicas", problem, "hold a number between them")
    averages = [one for one in triggers if one["type"] not in ("cpu", "memory") and one.get("metricType", "AverageValue") == "AverageValue"]
    if "fallback" in scaled["spec"] and not averages:
        problem = "KEDA takes a fallback only beside a trigger of metricType AverageValue"
        yield Finding("keda.fallback", where, "spec.fallback", problem, "remove it, or add such a trigger")


# Every replica tells the same of these: a sum grows with the number of replicas, and makes more of them
SHARED = r"\bsum\s*(?:(?:by|without)\s*\([^)]*\)\s*)?\(\s*(sacola_lanes|sacola_lane_oldest_due_seconds)\b"


def _query(where, path, query, namespace, metrics):
    for metric in re.findall(SHARED, query):
        problem = f"every replica tells the same {metric}: their sum grows with each replica"
        yield Finding("keda.sum", where, path, problem, f"sum(max by (kind) ({metric}{{…}}))")
    for metric, matchers in re.findall(r"\b(sacola_[a-z0-9_]+)(\{[^}]*\})?", query):
        labels = metrics.get(metric) or metrics.get(re.sub(r"_(bucket|sum|count)$", "", metric))
        if labels is None:
            yield Finding("keda.metric", where, path, f"Sacola has no metric {metric}", "docs/METRICS.md lists them")
            continue
        if namespace and "namespace" not in matchers:
            problem = f"{metric} of every namespace counts, such as a trial's"
            yield Finding("keda.namespace", where, path, problem, f'write {metric}{{namespace="{namespace}"}}')
        for label, sign, value in re.findall(r"([a-z_]+)\s*(=~|!~|!=|=)\s*\"([^\"]*)\"", matchers):
            words = labels.get(label, None if label not in SCRAPED else ())
            if words is None:
                yield Finding("keda.label", where, path, f"{metric} has no label {label}", f"one of {', '.join(sorted(labels)) or 'none'}")
            elif words and sign == "=" and value not in words:
                yield Finding("keda.label", where, path, f"{label} of {metric} is never {value}", f"one of {', '.join(words)}")
    yield from _promql(where, path, query)
    for named in re.findall(r"namespace=~?\"([^\"]*)\"", query):
        if namespace and named != namespace:
            problem = f"asks about the namespace {named}, and this is {namespace}"
            yield Finding("keda.namespace", where, path, problem, f'write namespace="{namespace}"')


def _promql(where, path, query):
    """Prometheus itself reads the query, where promtool is at hand; KEDA would tell only in the cluster."""
    if not query or not shutil.which("promtool"):
        return
    with tempfile.NamedTemporaryFile("w", suffix=".yaml", encoding="utf-8") as file:
        json.dump({"groups": [{"name": "query", "rules": [{"record": "query", "expr": query}]}]}, file)
        file.flush()
        run = subprocess.run(["promtool", "check", "rules", file.name], capture_output=True, text=True, check=False)
    if run.returncode != 0:
        told = [line for line in (run.stderr + run.stdout).splitlines() if "parse error" in line]
        problem = re.sub(r"^.*parse error", "parse error", told[0]) if told else "promtool refuses it"
        yield Finding("keda.query", where, path, problem, "try it in Prometheus")


def _single_writer(objects, workload):
    """A volume that one node may mount, under pods that overlap."""
    most = objects.replicas(workload)[1]
    strategy = at(workload.obj, "spec", "strategy", "type", default="RollingUpdate")
    for volume in workload.spec.get("volumes") or []:
        claim = objects.get("PersistentVolumeClaim", at(volume, "persistentVolumeClaim", "claimName"))
        if claim is None or "ReadWriteMany" in at(claim, "spec", "accessModes", default=[]):
            continue
        name = at(claim, "metadata", "name")
        if at(claim, "spec", "accessModes") == ["ReadOnlyMany"]:
            yield Finding("volume.single", workload.name, "spec.volumes", f"nobody may write to {name}", "accessModes: [ReadWriteOnce]")
        if most > 1:
            problem = f"up to {most} pods share the volume {name}, which one node may mount"
            yield Finding("volume.single", workload.name, "spec.replicas", problem, "run one replica, or use a Redis store")
        elif workload.kind == "Deployment" and strategy != "Recreate":
            problem = f"the new pod waits for the volume {name} that the old one holds"
            yield Finding("volume.single", workload.name, "spec.strategy", problem, "set strategy.type: Recreate")


def _spread(objects, workload):
    constraints = workload.spec.get("topologySpreadConstraints") or []
    if objects.replicas(workload)[1] > 1 and not constraints and not at(workload.spec, "affinity", "podAntiAffinity"):
        problem = "all replicas may run on one node, and end with it"
        yield Finding("spread.missing", workload.name, f"{workload.path}.topologySpreadConstraints", problem, "spread over zones and nodes")
    yield from _affinities(objects, workload)
    for constraint in constraints:
        where = f"{workload.path}.topologySpreadConstraints[{constraint.get('topologyKey')}]"
        if constraint.get("topologyKey") not in TOPOLOGY:
            problem = "nodes have no such label: nothing is spread"
            yield Finding("spread.key", workload.name, where, problem, f"one of {', '.join(sorted(TOPOLOGY))}")
        for key in constraint.get("matchLabelKeys") or []:
            if key not in workload.labels and key != "pod-template-hash":
                yield Finding("spread.key", workload.name, where, f"the pods have no label {key}", "pod-template-hash")
        selector = constraint.get("labelSelector")
        if selector is None or not matches(selector, workload.labels):
            problem = "counts other pods than these: nothing is spread"
            yield Finding("spread.selector", workload.name, where, problem, "write the labels of the pod template")


def _affinities(objects, workload):
    """Pods that keep away from each other, or that cling together."""
    for kind in ("podAntiAffinity", "podAffinity"):
        for strength in ("required", "preferred"):
            for term in at(workload.spec, "affinity", kind, f"{strength}DuringSchedulingIgnoredDuringExecution", default=[]):
                term = term.get("podAffinityTerm", term)
                own = matches(term.get("labelSelector") or {}, workload.labels) and "labelSelector" in term
                where = f"{workload.path}.affinity.{kind}"
                if kind == "podAntiAffinity" and not own:
                    problem = "counts other pods than these: nothing is spread"
                    yield Finding("spread.selector", workload.name, where, problem, "write the labels of the pod template")
                if kind == "podAffinity" and own and objects.replicas(workload)[1] > 1:
                    problem = "all replicas run in one place, and end with it"
                    yield Finding("spread.missing", workload.name, where, problem, "remove it")


def _rollout(objects, workload):
    """How new pods take the place of old ones."""
    if workload.kind == "StatefulSet" and "Delete" in at(workload.obj, "spec", "persistentVolumeClaimRetentionPolicy", default={}).values():
        problem = "whoever deletes or scales it loses the data too"
        yield Finding("volume.retention", workload.name, "spec.persistentVolumeClaimRetentionPolicy", problem, "remove it: Retain holds then")
    if workload.kind != "Deployment":
        return
    if at(workload.obj, "spec", "paused"):
        yield Finding("rollout.paused", workload.name, "spec.paused", "no change of the pods is rolled out", "remove it")
    strategy, most = at(workload.obj, "spec", "strategy", default={}), objects.replicas(workload)[1]
    surge, gone = (at(strategy, "rollingUpdate", field, default="25%") for field in ("maxSurge", "maxUnavailable"))
    path = "spec.strategy"
    if strategy.get("type") == "Recreate" and "rollingUpdate" in strategy:
        yield Finding("rollout.strategy", workload.name, path, "Recreate takes no rollingUpdate", "remove one of them")
    elif strategy.get("type") == "Recreate" and most > 1:
        yield Finding("rollout.outage", workload.name, path, "each rollout takes all replicas away at once", "type: RollingUpdate")
    elif str(surge) in ("0", "0%") and str(gone) in ("0", "0%"):
        problem = "neither may a new pod come nor an old one go: the API server refuses it"
        yield Finding("rollout.stuck", workload.name, path, problem, "maxSurge: 1, maxUnavailable: 0")
    elif most > 1 and _share(gone, objects.replicas(workload)[0]) >= objects.replicas(workload)[0]:
        problem = "each rollout may take all replicas away at once"
        yield Finding("rollout.outage", workload.name, path, problem, "maxUnavailable: 0")
