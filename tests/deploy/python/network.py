"""Who reaches whom: selectors, Services, NetworkPolicies, routes, monitors; and that everything is in one namespace."""

import ipaddress
import re

from findings import Finding
from objects import CLUSTER_WIDE, at, group_of, matches, name_of

OPS_PORT = 9090
# The alert rules look at five minutes and less
SLOWEST_S = 60
# What the alert rules look for
JOB = "sacola"
PUBLIC_PATHS = ("/webhooks", "/v1", "/openapi.json", "/docs", "/web/docs", "/web/shared")
# What the internet does not hold; the last of each is the links' own, with the cloud's metadata address
PRIVATE = ("10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16", "169.254.169.254/32", "fc00::/7", "fe80::/10")


def check(objects):
    yield from _identities(objects)
    yield from _namespaces(objects)
    yield from _selectors(objects)
    for service in objects.of("Service"):
        yield from _service(objects, service)
    for policy in objects.of("NetworkPolicy"):
        yield from _policy(objects, policy)
    for route in objects.of("HTTPRoute"):
        yield from _route(objects, route)
    for ingress in objects.of("Ingress"):
        yield from _ingress(objects, ingress)
    for monitor in objects.of("ServiceMonitor"):
        yield from _monitor(objects, monitor)


def _identities(objects):
    seen = {}
    for obj in objects.own:
        key = (group_of(obj), obj["kind"], at(obj, "metadata", "namespace"), obj["metadata"]["name"])
        if key in seen:
            problem = f"is there twice, as {seen[key]} and {obj['apiVersion']}: the last apply wins"
            yield Finding("object.twice", name_of(obj), "metadata.name", problem, "remove one")
        seen[key] = obj["apiVersion"]


def _namespaces(objects):
    names = [obj["metadata"]["name"] for obj in objects.of("Namespace")]
    expected = names[0] if names else None
    used = {at(obj, "metadata", "namespace") for obj in objects.own if obj["kind"] not in CLUSTER_WIDE} - {None}
    for name in names:
        if used and name not in used:
            yield Finding("namespace.other", f"Namespace/{name}", "metadata.name", f"nothing is in it, but in {', '.join(sorted(used))}", "name that one")
    if not names:
        for name in sorted(used):
            problem = f"there is no Namespace {name}: none of its labels keeps pods `restricted`"
            yield Finding("namespace.missing", f"Namespace/{name}", "", problem, "add it to the resources")
    for obj in objects.own:
        if obj["kind"] in CLUSTER_WIDE:
            continue
        own = at(obj, "metadata", "namespace")
        expected = expected or own
        if own != expected:
            problem = f"is in {own or 'whatever namespace is current'}, the others are in {expected}"
            yield Finding("namespace.other", name_of(obj), "metadata.namespace", problem, "set `namespace:` in the kustomization alone")


def _selectors(objects):
    for workload in objects.workloads():
        selector = at(workload.obj, "spec", "selector")
        if selector and workload.kind != "CronJob" and not matches(selector, workload.labels):
            yield _nothing(workload.obj, "spec.selector", "its own pods")
    for obj, path in [(one, "selector") for one in objects.of("PodDisruptionBudget")] + [
        (one, "podSelector") for one in objects.of("NetworkPolicy")
    ]:
        selector = at(obj, "spec", path, default={})
        if not objects.selected(selector):
            yield _nothing(obj, f"spec.{path}", "no pods")
    for service in objects.of("Service"):
        selector = at(service, "spec", "selector")
        if selector and not objects.selected({"matchLabels": selector}):
            yield _nothing(service, "spec.selector", "no pods")


        elif not selector:
            yield _nothing(service, "spec.selector", "no pods")
        elif len(objects.selected({"matchLabels": selector})) > 1:
            yield Finding("selector.several", name_of(service), "spec.selector", "takes pods of several kinds", "write all labels of the pod template")
    for workload in objects.workloads():
        selector = at(workload.obj, "spec", "selector")
        others = [other.name for other in objects.selected(selector) if other.name != workload.name] if selector else []
        if others and workload.kind != "Job":
            problem = f"takes the pods of {', '.join(others)} too"
            yield Finding("selector.several", workload.name, "spec.selector", problem, "give each of them a label of its own")
        if workload.kind == "StatefulSet" and objects.get("Service", at(workload.obj, "spec", "serviceName")) is None:
            problem = f"there is no Service {at(workload.obj, 'spec', 'serviceName')}"
            yield Finding("reference.service", workload.name, "spec.serviceName", problem, "name the one before it")


def _nothing(obj, path, what):
    problem = f"does not take {what}" if what == "its own pods" else f"takes {what}"
    return Finding("selector.nothing", name_of(obj), path, problem, "write the labels of the pod template")


def _pods_of(objects, service):
    selector = at(service, "spec", "selector")
    return objects.selected({"matchLabels": selector}) if selector else []


def _leads_to(objects, service, port):
    """The container port behind a Service's port, if it can be told."""
    target = port.get("targetPort", port.get("port"))
    for workload in _pods_of(objects, service):
        if target in workload.ports:
            return workload.ports[target]
    return target if isinstance(target, int) else None


def _service(objects, service):
    where, pods = name_of(service), _pods_of(objects, service)
    for port in at(service, "spec", "ports", default=[]):
        path = f"spec.ports[{port.get('name', port.get('port'))}]"
        target = port.get("targetPort", port.get("port"))
        if pods and not any(target in workload.ports for workload in pods):
            yield Finding("service.port", where, f"{path}.targetPort", f"the pods have no port {target}", "name one that they declare")
        if pods:
            yield from _of_a_port(service, port, path, pods, _leads_to(objects, service, port))
        outside = at(service, "spec", "type") in ("LoadBalancer", "NodePort") or at(service, "spec", "externalIPs")
        if outside and port.get("port") == 6379:
            yield Finding("service.store", where, path, "shows the store to whoever reaches the node or the balancer", "type: ClusterIP")
        if outside and _leads_to(objects, service, port) == OPS_PORT:
            problem = "health, metrics and console are shown to whoever reaches the node or the balancer"
            yield Finding("service.ops", where, path, problem, "keep type ClusterIP; the console is reached by kubectl port-forward")


def _of_a_port(service, port, path, pods, number):
    where, spec = name_of(service), service["spec"]

    def finding(code, field, problem, mend):
        return Finding(f"service.{code}", where, field, problem, mend)

    if port.get("protocol", "TCP") != "TCP":
        yield finding("port", f"{path}.protocol", f"nothing here listens at {port['protocol']}", "TCP")
    if port.get("appProtocol", "http") != "http" and number in (8080, OPS_PORT):
        yield finding("protocol", f"{path}.appProtocol", f"the program does not speak {port['appProtocol']} here", "http: TLS is the Gateway's")
    if spec.get("internalTrafficPolicy") == "Local":
        yield finding("local", "spec.internalTrafficPolicy", "who is on a node without a replica reaches none", "remove it")
    if spec.get("clusterIP") == "None" and number not in (None, port.get("port")):
        problem = f"a Service without an address changes no port: {port.get('port')} would be asked, and pods listen at {number}"
        yield finding("headless", "spec.clusterIP", problem, "remove clusterIP")
    gateway = any(pod.labels.get("app.kubernetes.io/component") == "gateway" for pod in pods)
    if gateway and number == 8080 and spec.get("publishNotReadyAddresses"):
        yield finding("not_ready", "spec.publishNotReadyAddresses", "replicas that start or drain get webhooks", "remove it")
    if gateway and number == OPS_PORT and not spec.get("publishNotReadyAddresses"):
        problem = "a replica that is not ready, which people on call want to see, is not read"
        yield finding("not_ready", "spec.publishNotReadyAddresses", problem, "set it to true")


def _policy(objects, policy):
    where, spec = name_of(policy), policy["spec"]
    pods = objects.selected(spec.get("podSelector") or {})
    for direction, side in (("ingress", "from"), ("egress", "to")):
        for index, rule in enumerate(spec.get(direction) or []):
            path = f"spec.{direction}[{index}]"
            ports = rule.get("ports") or []
            for peer in rule.get(side) or []:
                if "ipBlock" in peer:
                    yield from _block(where, f"{path}.{side}", peer["ipBlock"], direction)
                    if direction == "egress" and not ports and str(peer["ipBlock"].get("cidr")).endswith("/0"):
                        yield Finding("network.wide", where, f"{path}.ports", "lets everything out, at each port", "name port 443")
                labels = at(peer, "namespaceSelector", "matchLabels", default={})
                if "name" in labels:
                    problem = "no namespace has the label `name` of itself: the rule lets nobody pass"
                    mend = f"kubernetes.io/metadata.name: {labels['name']}, which Kubernetes sets"
                    yield Finding("network.namespace", where, f"{path}.{side}.namespaceSelector", problem, mend)
            if direction == "egress" and not rule.get("to"):
                problem = "lets everything out, the cloud's metadata address too"
                yield Finding("network.wide", where, f"{path}.to", problem, "name whom the pods ask")
            if direction == "ingress":
                yield from _open_ports(where, path, rule, ports, pods)
                yield from _open_store(where, path, rule, pods)


def _open_ports(where, path, rule, ports, pods):
    for port in ports:
        named = port.get("port")
        if named is not None and "endPort" not in port and pods and not any(named in pod.ports for pod in pods):
            yield Finding("network.port", where, f"{path}.ports", f"the pods have no port {named}", "name one that they declare")
    reached = [pod.ports.get(port.get("port"), port.get("port")) for port in ports for pod in pods]
    if _everybody(rule) and (not ports or OPS_PORT in reached):
        yield Finding("network.ops", where, path, "lets everybody reach the ops port", "name Prometheus' namespace in `from`")
    if OPS_PORT in reached and any(pod.ports.get("http") in reached for pod in pods):
        problem = "who brings webhooks reaches the ops port too"
        yield Finding("network.ops", where, path, problem, "a rule for the Gateway with `http`, one for Prometheus with `ops`")


def _everybody(rule):
    """Whether a rule names nobody, all namespaces, or all addresses."""
    peers = rule.get("from") or [{"ipBlock": {"cidr": "0.0.0.0/0"}}]
    return any(
        str(at(peer, "ipBlock", "cidr", default="")).endswith("/0")
        or (peer.get("namespaceSelector") == {} and not peer.get("podSelector"))
        for peer in peers
    )


def _open_store(where, path, rule, pods):
    """Only the gateway asks a store."""
    stores = [pod for pod in pods if pod.labels.get("app.kubernetes.io/name") == "redis"]
    if stores and len(stores) == len(pods) and (_everybody(rule) or {"podSelector": {}} in rule["from"]):
        problem = "lets pods that are no gateway reach the store"
        yield Finding("network.store", where, f"{path}.from", problem, "name the gateway's labels in podSelector")


def _block(where, path, block, direction):
    text = block.get("cidr", "")
    try:
        network = ipaddress.ip_network(text if "/" in text else f"{text} without a length")
    except ValueError as error:
        yield Finding("network.cidr", where, f"{path}.ipBlock.cidr", f"{text} is not a network: {error}", "write 10.0.0.0/8")
        return
    excluded = []
    for except_text in block.get("except") or []:
        try:
            inner = ipaddress.ip_network(except_text if "/" in except_text else f"{except_text} without a length")
        except ValueError as error:
            yield Finding("network.cidr", where, f"{path}.ipBlock.except", f"{except_text} is not a network: {error}", "write 10.0.0.0/8")
            continue
        excluded.append(inner)
        if inner.version != network.version or not inner.subnet_of(network):
            problem = f"{except_text} is not inside {text}: the API server refuses the policy"
            yield Finding("network.except", where, f"{path}.ipBlock.except", problem, "remove it, or move it to the block that has it")
    if direction == "egress":
        for hidden in (one for one in map(ipaddress.ip_network, PRIVATE) if one.version == network.version):
            wider = network.prefixlen < hidden.prefixlen and hidden.subnet_of(network)
            if wider and not any(inner.version == hidden.version and hidden.subnet_of(inner) for inner in excluded):
                problem = f"lets a forged address lead to {hidden}"
                yield Finding("network.private", where, f"{path}.ipBlock.except", problem, f"add a network that holds {hidden}")


def _backend(objects, where, path, name, number):
    service = objects.get("Service", name)
    if service is None:
        yield Finding("route.backend", where, path, f"there is no Service {name}", "name one of this rendering")
        return
    ports = [port for port in at(service, "spec", "ports", default=[]) if number in (port.get("port"), port.get("name"))]
    if not ports:
        known = ", ".join(str(port.get("port")) for port in at(service, "spec", "ports", default=[]))
        yield Finding("route.backend", where, path, f"the Service {name} has no port {number}", f"use {known}")
    for port in ports:
        if _leads_to(objects, service, port) == OPS_PORT:
            problem = "shows health, metrics and the console to the world"
            yield Finding("route.ops", where, path, problem, "route to the Service sacola, port 80")


def _public(path):
    return any(path == public or path.startswith(public + "/") for public in PUBLIC_PATHS)


def _route(objects, route):
    where = name_of(route)
    for index, rule in enumerate(at(route, "spec", "rules", default=[])):
        path = f"spec.rules[{index}]"
        matched = [at(match, "path", "value", default="/") for match in rule.get("matches") or [{}]]
        for one in matched:
            if not _public(one):
                mend = f"only {', '.join(PUBLIC_PATHS)} are for the world"
                yield Finding("route.path", where, f"{path}.matches", f"{one} leads further than the public paths", mend)
        for one in rule.get("filters") or []:
            if one.get("type") in ("URLRewrite", "RequestRedirect"):
                problem = f"{one['type']} leads to another path than the program serves"
                yield Finding("route.filter", where, f"{path}.filters", problem, "remove it")
        for backend in rule.get("backendRefs") or []:
            if backend.get("weight") == 0 or backend.get("namespace", at(route, "metadata", "namespace")) != at(route, "metadata", "namespace"):
                problem = "gets no request: its weight is 0, or it is in another namespace"
                yield Finding("route.backend", where, f"{path}.backendRefs[{backend['name']}]", problem, "remove weight and namespace")
            yield from _backend(objects, where, f"{path}.backendRefs[{backend['name']}]", backend["name"], backend["port"])


def _ingress(objects, ingress):
    where = name_of(ingress)
    if at(ingress, "spec", "defaultBackend"):
        problem = "every path leads there, not the public ones alone"
        yield Finding("route.path", where, "spec.defaultBackend", problem, f"name {', '.join(PUBLIC_PATHS)} in rules")
    for rule in at(ingress, "spec", "rules", default=[]):
        for one in at(rule, "http", "paths", default=[]):
            path = f"spec.rules[{rule.get('host', '*')}].http.paths[{one.get('path')}]"
            if not _public(one.get("path", "/")):
                yield Finding("route.path", where, path, "leads further than the public paths", f"only {', '.join(PUBLIC_PATHS)}")
            service = at(one, "backend", "service", default={})
            port = at(service, "port", "number", default=at(service, "port", "name"))
            yield from _backend(objects, where, path, service.get("name"), port)


def seconds(text):
    units = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400}
    return sum(int(number) * units[unit] for number, unit in re.findall(r"([0-9]+)(ms|s|m|h|d)", str(text)))


def _monitor(objects, monitor):
    where = name_of(monitor)
    selector = at(monitor, "spec", "selector", default={})
    services = [one for one in objects.of("Service") if matches(selector, at(one, "metadata", "labels", default={}))]
    if not services:
        yield Finding("selector.nothing", where, "spec.selector", "takes no Service", "write the labels of the Service sacola-ops")
        return
    chosen, own = at(monitor, "spec", "namespaceSelector"), at(monitor, "metadata", "namespace")
    if chosen and not chosen.get("any") and own not in (chosen.get("matchNames") or []):
        yield Finding("monitor.namespace", where, "spec.namespaceSelector", f"does not take {own}, where the Services are", "remove it")
    label = at(monitor, "spec", "jobLabel")
    if any(at(one, "metadata", "labels", label) != JOB for one in services):
        problem = f'job would not be "{JOB}", and the alert rules find nothing'
        yield Finding("monitor.job", where, "spec.jobLabel", problem, "jobLabel: app.kubernetes.io/name")
    for endpoint in at(monitor, "spec", "endpoints", default=[]):
        if seconds(endpoint.get("interval", "15s")) > SLOWEST_S:
            problem = f"is more than {SLOWEST_S} s: the alert rules look at some minutes, and find one point or none"
            yield Finding("monitor.endpoint", where, "spec.endpoints.interval", problem, "interval: 15s")
        if any(one.get("targetLabel") == "job" for one in endpoint.get("relabelings") or []):
            yield Finding("monitor.job", where, "spec.endpoints.relabelings", "job is set to something else", "remove that relabeling")
        wrong = endpoint.get("path", "/metrics") != "/metrics" or endpoint.get("scheme", "http") != "http"
        if wrong or seconds(endpoint.get("scrapeTimeout", "0s")) > seconds(endpoint.get("interval", "1h")):
            problem = "path, scheme or times are wrong: nothing is read"
            yield Finding("monitor.endpoint", where, "spec.endpoints", problem, "/metrics by http, scrapeTimeout below interval")
        ports = [(one, port) for one in services for port in at(one, "spec", "ports", default=[]) if port.get("name") == endpoint.get("port")]
        path = f"spec.endpoints[{endpoint.get('port')}]"
        if not ports:
            problem = f"no Service that it takes has a port named {endpoint.get('port')}"
            yield Finding("monitor.port", where, path, problem, "name the port `ops` of the Service sacola-ops")
        elif any(_leads_to(objects, service, port) != OPS_PORT for service, port in ports):
            yield Finding("monitor.port", where, path, "metrics are on the ops port alone", "take the Service sacola-ops")
