"""Whether the ways that Sacola needs are open: names, the store, Meta, Prometheus, the Gateway, by what NetworkPolicies let pass;
and whether the addresses in configurations and arguments lead to a Service of this rendering."""

import ipaddress
import re
from urllib.parse import urlsplit

from configuration import gateways, secret_files, secret_text, store_url
from findings import Finding
from network import OPS_PORT
from objects import at, matches, name_of
from programs import help_of, is_redis, words_after

DNS = {"k8s-app": "kube-dns"}
META = ("157.240.0.35", "2a03:2880:f10c::35")
SAMPLES = ("/webhooks/whatsapp", "/webhooks/merchants/any", "/v1/products", "/openapi.json", "/docs", "/web/docs/main.js", "/web/shared/base.css")


def check(objects, program):
    for policy in objects.of("NetworkPolicy"):
        yield from _types(policy)
    found = list(gateways(objects))
    for gateway in found:
        yield from _ways_out(objects, gateway)
        yield from _ways_in(objects, gateway)
        for place, url in _urls(gateway.toml):
            yield from _address(objects, f"ConfigMap/{gateway.config_name}", place, url)
        yield from _address(objects, gateway.workload.name, "the store's address", store_url(objects, gateway))
        yield from _public_url(objects, gateway)
    merchants = {merchant.get("id") for gateway in found for merchant in at(gateway.toml, "merchant", default=[])}
    for workload in objects.workloads():
        for path, container in workload.containers:
            args = container.get("args") or []
            if found and "emulator" in args:
                yield from _emulator_ways(objects, workload, args)
                yield from _links(found)
                yield from _emulator(objects, workload, path, container, merchants)
                if program:
                    yield from _same_secrets(objects, found, args, program)


def _types(policy):
    spec, where = policy["spec"], name_of(policy)
    types = spec.get("policyTypes") or []
    for field, kind in (("ingress", "Ingress"), ("egress", "Egress")):
        if field in spec and kind not in types:
            yield Finding("network.types", where, "spec.policyTypes", f"{field} has rules, and {kind} is not named", f"add {kind}")
    if not spec.get("podSelector") and set(types) != {"Ingress", "Egress"}:
        problem = "all pods of the namespace are guarded in one direction alone"
        yield Finding("network.types", where, "spec.policyTypes", problem, 'write ["Ingress", "Egress"]')


def _rules(objects, workload, direction):
    """The rules that hold for pods in a direction; `None` when nobody guards them."""
    kind = direction.capitalize()
    policies = [
        policy
        for policy in objects.of("NetworkPolicy")
        if kind in at(policy, "spec", "policyTypes", default=[]) and matches(at(policy, "spec", "podSelector", default={}), workload.labels)
    ]
    return [rule for policy in policies for rule in at(policy, "spec", direction, default=[])] if policies else None


def _passes(rules, side, peer, port, protocol="TCP", names=None):
    """Whether a rule lets `peer` pass: `(namespace labels, pod labels)`, pods of this namespace with `None`, or an address."""
    return rules is None or any(_port(rule, port, protocol, names or {}) and _peer(rule.get(side), peer) for rule in rules)


def _port(rule, number, protocol, names):
    return not rule.get("ports") or any(
        port.get("protocol", "TCP") == protocol
        and (port.get("port") is None or names.get(port["port"], port["port"]) == number or _within(port, number))
        for port in rule["ports"]
    )


def _within(port, number):
    return isinstance(port.get("port"), int) and port["port"] <= number <= port.get("endPort", 0)


def _peer(peers, wanted):
    return not peers or any(_takes(peer, wanted) for peer in peers)


def _takes(peer, wanted):
    if isinstance(wanted, str):
        try:
            address, block = ipaddress.ip_address(wanted), peer.get("ipBlock") or {}
            inside = address in ipaddress.ip_network(block.get("cidr", "255.255.255.255/32"))
            return inside and not any(address in ipaddress.ip_network(one) for one in block.get("except") or [])
        except ValueError:  # told as network.cidr
            return True
    namespace, pod = wanted
    if "ipBlock" in peer or ("namespaceSelector" in peer) != (namespace is not None):
        return False
    return matches(peer.get("namespaceSelector") or {}, namespace or {}) and matches(peer.get("podSelector") or {}, pod)


def _named(namespace):
    return {"kubernetes.io/metadata.name": namespace}


def _closed(workload, what, mend):
    return Finding("network.closed", workload.name, "NetworkPolicy", f"{what}: no rule lets it pass", mend)


def _ways_out(objects, gateway):
    workload, rules = gateway.workload, _rules(objects, gateway.workload, "egress")
    for protocol in ("UDP", "TCP"):
        if not _passes(rules, "to", (_named("kube-system"), DNS), 53, protocol):
            yield _closed(workload, f"names are asked for at {protocol} 53 of k8s-app kube-dns in kube-system", "open it in sacola-egress")
    for address in META:
        if "graph_url" not in at(gateway.toml, "whatsapp", default={}) and not _passes(rules, "to", address, 443):
            yield _closed(workload, f"Meta and merchants are reached at TCP 443, such as {address}", "open it in sacola-egress")
    for other in objects.workloads():
        if any(is_redis(container) for _, container in other.containers):
            yield from _to_redis(objects, gateway, rules, other)
    for place, url in _urls(gateway.toml):
        if place.startswith(("whatsapp.", "merchant[", "tracing.")):
            yield from _way_to(objects, workload, rules, place, url)
    url = store_url(objects, gateway)
    split = urlsplit(url.replace("+cluster", "").replace("+sentinel", ""))
    if not split.scheme.startswith("redis"):
        return
    first = split.netloc.rpartition("@")[2].split(",")[0]
    host, _, port = first.partition(":")
    port = int(port) if port.isdigit() else 26379 if "+sentinel" in url else 6379
    if not _pods_behind(objects, host) and not _leads_out(rules, host, port):
        yield _closed(workload, f"the store is asked at TCP {port}", "open it in sacola-egress")


def _way_to(objects, workload, rules, place, url):
    """The way to an address: a Service of this rendering, one of another namespace, or a host outside."""
    try:
        split = urlsplit(url)
        host, port = split.hostname or "", split.port or {"http": 80}.get(split.scheme, 443)
    except ValueError:  # the program tells it
        return
    mend = "open it in sacola-egress, or in a policy of your own beside it"
    behind = _pods_behind(objects, host) if "." not in host else []
    for other in behind:
        target = _target(objects, host, port, other)
        if not _passes(rules, "to", (None, other.labels), target, names=other.ports):
            yield _closed(workload, f"{place} is {other.name} at TCP {target}", mend)
        if not _passes(_rules(objects, other, "ingress"), "from", (None, workload.labels), target, names=other.ports):
            yield _closed(other, f"{workload.name} asks it at TCP {target}", "open it in a NetworkPolicy of its own")
    inside = re.fullmatch(r"[-a-z0-9]+\.([-a-z0-9]+)(\.svc(\.cluster\.local)?)?", host) if split.scheme == "http" or ".svc" in host else None
    if inside and not _some(rules, inside[1], port):
        yield _closed(workload, f"{place} is in the namespace {inside[1]} at TCP {port}", mend)
    outside = not behind and not inside and "." in host
    if outside and port != 443 and not _leads_out(rules, host, port):
        yield _closed(workload, f"{place} is asked at TCP {port}", mend)


def _target(objects, host, port, pods):
    """The pods' port behind a Service's."""
    for one in at(objects.get("Service", host), "spec", "ports", default=[]):
        if one.get("port") == port:
            target = one.get("targetPort", port)
            return pods.ports.get(target, target)
    return port


def _leads_out(rules, host, port):
    """Whether a rule is made for a host at a port: which address a name has, and so how narrow the rule may be, is not told here."""
    try:
        return _passes(rules, "to", str(ipaddress.ip_address(host)), port)
    except ValueError:
        return rules is None or any(_port(rule, port, "TCP", {}) for rule in rules)


def _some(rules, namespace, port):
    """Whether any pod of another namespace is reached: which labels it has, and which port its Service leads to, is not told here."""
    return rules is None or any(
        not rule.get("to")
        or any(peer.get("namespaceSelector") is not None and matches(peer["namespaceSelector"], _named(namespace)) for peer in rule["to"])
        or (_port(rule, port, "TCP", {}) and any("ipBlock" in peer for peer in rule["to"]))
        for rule in rules
    )


def _emulator_ways(objects, workload, args):
    """The emulator asks the gateway, by its name."""
    rules = _rules(objects, workload, "egress")
    for protocol in ("UDP", "TCP"):
        if not _passes(rules, "to", (_named("kube-system"), DNS), 53, protocol):
            yield _closed(workload, f"names are asked for at {protocol} 53", "give it a NetworkPolicy of its own")
    for option in ("--webhook-url", "--callback-url"):
        for url in words_after(args, option):
            yield from _way_to(objects, workload, rules, option, url)


# The emulator's pages and links are its own, as a browser reaches it by `kubectl port-forward`
LINKS = "127.0.0.1"


def _links(found):
    """A payment link that the configuration does not take is never sent: the trial ends before its end."""
    for gateway in found:
        allowed = [ipaddress.ip_network(one, strict=False) for one in at(gateway.toml, "outgoing", "allow_private", default=[])]
        for index, merchant in enumerate(at(gateway.toml, "merchant", default=[])):
            if LINKS not in merchant.get("payment_hosts", []):
                problem = f"the emulator's payment links are of {LINKS}, and none of them is sent"
                yield Finding("address.link", f"ConfigMap/{gateway.config_name}", f"merchant[{index}].payment_hosts", problem, f'add "{LINKS}"')
        if not any(ipaddress.ip_address(LINKS) in one for one in allowed if one.version == 4):
            problem = f"a payment link of the emulator is http://{LINKS}, and none of them is sent"
            yield Finding("address.link", f"ConfigMap/{gateway.config_name}", "outgoing.allow_private", problem, 'add "127.0.0.0/8"')


def _to_redis(objects, gateway, rules, other):
    """The way to a Redis of this rendering."""
    port = other.ports.get("redis", 6379)
    if not _passes(rules, "to", (None, other.labels), port):
        yield _closed(gateway.workload, f"the store is {other.name} at TCP {port}", "open it in sacola-egress")
    if not _passes(_rules(objects, other, "ingress"), "from", (None, gateway.workload.labels), port, names=other.ports):
        yield _closed(other, f"the gateway asks it at TCP {port}", "open it in its NetworkPolicy")
    for service in objects.of("Service"):
        ports = [one.get("port") for one in at(service, "spec", "ports", default=[])]
        if other in _pods_behind(objects, service["metadata"]["name"]) and port not in ports:
            yield Finding("address.service", name_of(service), "spec.ports", f"{port}, where Redis answers, is not among its ports", f"port: {port}")


def _pods_behind(objects, host):
    service = objects.get("Service", host.split(".")[0])
    selector = at(service, "spec", "selector")
    return objects.selected({"matchLabels": selector}) if selector else []


def _ways_in(objects, gateway):
    workload, rules = gateway.workload, _rules(objects, gateway.workload, "ingress")
    public = workload.ports.get("http")
    if rules is None:
        return
    for route in objects.of("HTTPRoute"):
        for parent in at(route, "spec", "parentRefs", default=[]):
            namespace = parent.get("namespace", at(route, "metadata", "namespace"))
            if not _passes(rules, "from", (_named(namespace), {}), public, names=workload.ports):
                yield _closed(workload, f"the Gateway's pods in {namespace} come to TCP {public}", "let its namespace in, in sacola-ingress")
    if not any(_port(rule, public, "TCP", workload.ports) for rule in rules):
        yield _closed(workload, f"webhooks come to TCP {public}", "open it in sacola-ingress")
    monitored = objects.of("ServiceMonitor") or objects.of("ScaledObject")
    if monitored and not any(_port(rule, OPS_PORT, "TCP", workload.ports) for rule in rules):
        yield _closed(workload, f"Prometheus comes to TCP {OPS_PORT}", "open it in sacola-ingress")


def _urls(value, path=""):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _urls(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _urls(inner, f"{path}[{index}]")
    elif isinstance(value, str) and "://" in value:
        yield path, value


def _address(objects, where, place, url):
    """A host of one word is a Service of the same namespace."""
    try:
        split = urlsplit(url.replace("+cluster", "").replace("+sentinel", ""))
        usual = {"http": 80, "https": 443}.get(split.scheme, 26379 if "+sentinel" in url else 6379)
        host, port = split.hostname or "", split.port or usual
    except ValueError:  # several hosts, or the program tells it
        return
    if split.scheme in ("embedded", "") or not re.fullmatch(r"[a-z][-a-z0-9]*", host) or host in ("localhost", "from-elsewhere"):
        return
    service = objects.get("Service", host)
    if service is None:
        yield Finding("address.service", where, place, f"there is no Service {host}", "name one of this rendering, or a whole host name")
    elif port not in [one.get("port") for one in at(service, "spec", "ports", default=[])]:
        yield Finding("address.service", where, place, f"the Service {host} has no port {port}", "name one of its ports")


def _public_url(objects, gateway):
    """The address that the program tells people is one that a route leads to, and a route leads all of what it serves."""
    host = urlsplit(str(at(gateway.toml, "server", "public_url", default=""))).hostname
    for route in objects.of("HTTPRoute"):
        hosts = at(route, "spec", "hostnames", default=[])
        known = any(host == one or (one.startswith("*.") and host and host.endswith(one[1:])) for one in hosts)
        if host and hosts and not known:
            problem = f"server.public_url says {host}, this leads {', '.join(hosts)}"
            yield Finding("route.host", name_of(route), "spec.hostnames", problem, "make them agree")
        every = [match for rule in at(route, "spec", "rules", default=[]) for match in rule.get("matches") or []]
        # one that asks for a method or a header too leads some of the requests alone
        paths = [{} if {"method", "headers", "queryParams"} & set(match) else at(match, "path", default={}) for match in every]
        for sample in SAMPLES:
            if paths and not any(_leads(path, sample) for path in paths):
                yield Finding("route.missing", name_of(route), "spec.rules", f"{sample} gets 404 from the Gateway", "add a match for it")


def _leads(path, sample):
    if not path:
        return False
    value, kind = path.get("value", "/"), path.get("type", "PathPrefix")
    if kind == "RegularExpression":
        return re.fullmatch(value, sample) is not None
    return sample == value or (kind == "PathPrefix" and sample.startswith(value.rstrip("/") + "/"))


def _emulator(objects, workload, path, container, merchants):
    args = container.get("args") or []
    paths = {"--webhook-url": {"/webhooks/whatsapp"}, "--callback-url": {f"/webhooks/merchants/{merchant}" for merchant in merchants}}
    for option, known in paths.items():
        for url in words_after(args, option):
            yield from _address(objects, workload.name, f"{path}.args[{option}]", url)
            if urlsplit(url).path not in known:
                problem = f"{urlsplit(url).path} is no address of the gateway"
                yield Finding("address.path", workload.name, f"{path}.args[{option}]", problem, f"one of {', '.join(sorted(known)) or 'none'}")
    for listen in words_after(args, "--listen"):
        port = listen.rpartition(":")[2]
        if port.isdigit() and int(port) not in workload.ports:
            yield Finding("config.listener", workload.name, f"{path}.args[--listen]", f"the pod declares no port {port}", "declare it")


def _same_secrets(objects, found, args, program):
    """Emulator and gateway know the same secrets; the emulator's own are those that its help tells."""
    plain = re.sub("\x1b\\[[0-9;]*m", "", help_of(program, "emulator").stdout)
    for option, places in (
        ("--verify-token", r"whatsapp\.verify_token"),
        ("--app-secret", r"whatsapp\.app_secrets"),
        ("--access-token", r"number\[0\]\.access_token"),
        ("--merchant-secret", r"merchant\[0\]\.secrets"),
    ):
        default = re.search(rf"{option} <[A-Z]+>.*?\[default: (.*?)\]", plain, re.DOTALL)
        own = (words_after(args, option) or ([default[1]] if default else []))[-1:]
        for gateway in found:
            texts = [secret_text(objects, gateway, named, False) for place, named in secret_files(gateway.toml) if re.match(places, place)]
            if own and texts and own[0] not in texts:
                problem = f"is another one than {option} of the emulator"
                yield Finding("address.secret", f"ConfigMap/{gateway.config_name}", places.replace("\\", ""), problem, "make them agree")
