"""How many pods there are, who decides that, how they spread, and what may take them away."""

import re

from findings import Finding
from objects import at, matches, name_of

# What a trigger of KEDA takes (keda.sh/docs/2.14/scalers): required, then optional
TRIGGERS = {
    "prometheus": (
        {"serverAddress", "query", "threshold"},
        {"activationThreshold", "namespace", "customHeaders", "ignoreNullValues", "queryParameters", "unsafeSsl", "authModes", "timeout"},
    ),
    "cpu": ({"value"}, {"containerName"}),
    "memory": ({"value"}, {"containerName"}),
}


def check(objects, metrics):
    yield from _budgets(objects)
    for workload in objects.workloads():
        yield from _two_scalers(objects, workload)
        yield from _single_writer(objects, workload)
        yield from _spread(workload)
    for scaler in objects.of("HorizontalPodAutoscaler", "ScaledObject"):
        yield from _scaler(objects, scaler)
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
        pods = [objects.replicas(workload)[0] for workload in objects.selected(spec.get("selector") or {})]
        blocks = most in (0, "0%", "0") or least == "100%" or (isinstance(least, int) and pods and least >= min(pods))
        if blocks:
            problem = "no pod may ever be evicted: draining a node waits forever"
            yield Finding("budget.blocks", where, "spec", problem, "set maxUnavailable: 1, and run two replicas or more")


def _two_scalers(objects, workload):
    scalers = objects.scaler_of(workload)
    for extra in scalers[1:]:
        if name_of(extra) == name_of(scalers[0]):  # one object twice, which is told as that
            continue
        problem = f"{name_of(scalers[0])} scales {workload.name} too: they pull it to and fro"
        yield Finding("scaling.twice", name_of(extra), "spec.scaleTargetRef", problem, "keep one of them; components/keda removes the other")
    if scalers and "replicas" in workload.obj.get("spec", {}):
        problem = f"each apply sets the number back that {name_of(scalers[0])} chose"
        yield Finding("scaling.replicas", workload.name, "spec.replicas", problem, "remove it")


def _scaler(objects, scaler):
    spec, where = scaler["spec"], name_of(scaler)
    keda = scaler["kind"] == "ScaledObject"
    low, high = ("minReplicaCount", "maxReplicaCount") if keda else ("minReplicas", "maxReplicas")
    least, most = spec.get(low, 0 if keda else 1), spec.get(high, 100 if keda else 1)
    if least > most:
        yield Finding("scaling.bounds", where, f"spec.{low}", f"{least} is more than {high}, which is {most}", "swap or mend them")
    if least == 0 or "idleReplicaCount" in spec:
        problem = "with no replica nobody answers a webhook"
        yield Finding("scaling.zero", where, f"spec.{low}", problem, "keep one at least, and no idleReplicaCount")
    target = spec.get("scaleTargetRef") or {}
    found = [
        workload
        for workload in objects.workloads()
        if (workload.kind, at(workload.obj, "metadata", "name")) == (target.get("kind", "Deployment"), target.get("name"))
    ]
    if not found:
        problem = f"there is no {target.get('kind', 'Deployment')} {target.get('name')}"
        yield Finding("scaling.target", where, "spec.scaleTargetRef", problem, "name what is to be scaled")


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
            if not re.fullmatch(r"[0-9]+(\.[0-9]+)?", metadata[key]):
                yield Finding("keda.metadata", where, f"{path}.{key}", "is not a number", "write it as a text of digits")
        yield from _query(where, f"{path}.query", metadata.get("query", ""), namespace, metrics)
    averages = [one for one in triggers if one["type"] not in ("cpu", "memory") and one.get("metricType", "AverageValue") == "AverageValue"]
    if "fallback" in scaled["spec"] and not averages:
        problem = "KEDA takes a fallback only beside a trigger of metricType AverageValue"
        yield Finding("keda.fallback", where, "spec.fallback", problem, "remove it, or add such a trigger")


def _query(where, path, query, namespace, metrics):
    for metric in sorted(set(re.findall(r"\bsacola_[a-z0-9_]+", query))):
        base = re.sub(r"_(bucket|sum|count)$", "", metric)
        if metric not in metrics and base not in metrics:
            yield Finding("keda.metric", where, path, f"Sacola has no metric {metric}", "docs/METRICS.md lists them")
    for named in re.findall(r"namespace=~?\"([^\"]*)\"", query):
        if namespace and named != namespace:
            problem = f"asks about the namespace {named}, and this is {namespace}"
            yield Finding("keda.namespace", where, path, problem, f'write namespace="{namespace}"')


def _single_writer(objects, workload):
    """A volume that one node may mount, under pods that overlap."""
    most = objects.replicas(workload)[1]
    strategy = at(workload.obj, "spec", "strategy", "type", default="RollingUpdate")
    for volume in workload.spec.get("volumes") or []:
        claim = objects.get("PersistentVolumeClaim", at(volume, "persistentVolumeClaim", "claimName"))
        if claim is None or "ReadWriteMany" in at(claim, "spec", "accessModes", default=[]):
            continue
        name = at(claim, "metadata", "name")
        if most > 1:
            problem = f"up to {most} pods share the volume {name}, which one node may mount"
            yield Finding("volume.single", workload.name, "spec.replicas", problem, "run one replica, or use a Redis store")
        elif workload.kind == "Deployment" and strategy != "Recreate":
            problem = f"the new pod waits for the volume {name} that the old one holds"
            yield Finding("volume.single", workload.name, "spec.strategy", problem, "set strategy.type: Recreate")


def _spread(workload):
    for constraint in workload.spec.get("topologySpreadConstraints") or []:
        where = f"{workload.path}.topologySpreadConstraints[{constraint.get('topologyKey')}]"
        selector = constraint.get("labelSelector")
        if selector is None or not matches(selector, workload.labels):
            problem = "counts other pods than these: nothing is spread"
            yield Finding("spread.selector", workload.name, where, problem, "write the labels of the pod template")
