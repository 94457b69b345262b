"""The gateway's own needs: its configuration file as the program reads it, the secrets that it names, its store, its probes,
and the time that it is given to stop."""

import base64
import hashlib
import json
import os
import re
import subprocess
import tempfile
from dataclasses import dataclass, field

try:
    import tomllib
except ModuleNotFoundError:  # before Python 3.11
    import tomli as tomllib

from findings import Finding
from network import OPS_PORT, seconds
from objects import Objects, at, name_of
from programs import OWN_VARIABLES, words_after

# From the end of the drain to the kill
SPARE_S = 10
# The least pause before it
PAUSE_S = 5
DRAIN_S = 25
HOUR_S = 3600
# A variable that no key has: the program tells all faults of the configuration, and then asks nobody else
STOP = "SACOLA__ONLY_THE_CONFIGURATION"
# An address of which only a secret manager knows more
STORE_ELSEWHERE = "redis://from-elsewhere:6379"


@dataclass
class Gateway:
    """A container that runs `sacola serve`, and what it reads."""

    workload: object
    path: str
    container: dict
    config_name: str = ""
    text: str = ""
    toml: dict = field(default_factory=dict)
    problem: Finding | None = None

    @property
    def env(self):
        return {variable["name"]: variable for variable in self.container.get("env") or []}

    def setting(self, section, key, default):
        """What holds for a key, and where that is said: a variable wins over the file."""
        variable = f"SACOLA__{section}__{key}".upper()
        if "value" in self.env.get(variable, {}):
            return self.env[variable]["value"], (self.workload.name, f"{self.path}.env[{variable}]")
        return at(self.toml, section, key, default=default), (f"ConfigMap/{self.config_name}", f"{section}.{key}")


def gateways(objects):
    """Every container that serves, with its configuration as far as it can be read."""
    for workload in objects.workloads():
        for path, container in workload.containers:
            if "serve" in (container.get("args") or []) + (container.get("command") or []):
                gateway = Gateway(workload, path, container)
                gateway.problem = _find_file(objects, gateway)
                yield gateway


def _at_start_alone(objects):
    """Secrets of which no running gateway reads a file again: those of the store's address and of nothing else."""
    at_start, again = set(), set()
    for gateway in gateways(objects):
        for place, named in secret_files(gateway.toml):
            secret = at(_mounted(gateway, named)[1], "secret", "secretName")
            (at_start if place == "store.url" else again).add(secret)
    return at_start - again


def _still(objects):
    """What can't change: Sacola takes new secrets and configurations by itself, if they can come."""
    mounted = {at(volume, "secret", "secretName") for workload in objects.workloads() for volume in workload.spec.get("volumes") or []}
    mounted -= _at_start_alone(objects)
    for obj in objects.of("ConfigMap", "Secret", "ExternalSecret"):
        where = name_of(obj)
        if obj.get("immutable") or at(obj, "spec", "target", "immutable"):
            problem = "no change of it reaches the replicas"
            yield Finding("reload.immutable", where, "immutable", problem, "remove it: the names stay, the contents change")
        if obj["kind"] != "ExternalSecret":
            continue
        spec = obj["spec"]
        # what is read at start alone may come more slowly
        longest = HOUR_S if at(spec, "target", "name") in mounted else 24 * HOUR_S
        if spec.get("refreshPolicy", "Periodic") != "Periodic" or not 0 < seconds(spec.get("refreshInterval", "1h")) <= longest:
            problem = f"a secret that changes at the secret manager does not come within {longest // HOUR_S} h"
            yield Finding("reload.refresh", where, "spec.refreshInterval", problem, "refreshInterval: 1m, and no refreshPolicy")
        if at(spec, "target", "creationPolicy", default="Owner") in ("None", "Merge"):
            problem = f"creationPolicy {at(spec, 'target', 'creationPolicy')} makes no Secret"
            yield Finding("reload.creation", where, "spec.target.creationPolicy", problem, "creationPolicy: Owner")
        if at(spec, "target", "deletionPolicy") == "Delete":
            problem = "what is gone at the secret manager goes here too, and the gateway with it"
            yield Finding("reload.deletion", where, "spec.target.deletionPolicy", problem, "deletionPolicy: Retain")


def check(objects, program):
    yield from _still(objects)
    found = list(gateways(objects))
    if not found:
        yield Finding("config.gateway", "Deployment/sacola", "", "no container runs `sacola serve`", 'args: ["serve", "--config", …]')
    for gateway in found:
        yield from _probes(gateway)
        if gateway.problem:
            yield gateway.problem
        if not gateway.toml:  # a ConfigMap that is not there is told with its volume
            continue
        yield from _listeners(gateway)
        yield from _outgoing(gateway)
        yield from _drain(gateway)
        yield from _files(objects, gateway)
        yield from _store(objects, gateway)
        yield from _variable_names(gateway)
        if program:
            yield from _as_the_program_reads_it(objects, gateway, program)


def _find_file(objects, gateway):
    """Reads what `--config` names out of the ConfigMap that is mounted there."""
    words = gateway.container.get("args") or []
    where = f"{gateway.path}.args"

    def finding(problem, mend):
        return Finding("config.file", gateway.workload.name, where, problem, mend)

    named = words[words.index("--config") + 1] if "--config" in words[:-1] else None
    if named is None:
        return finding("no --config", 'write ["serve", "--config", "/etc/sacola/sacola.toml"]')
    mount, source = _mounted(gateway, named)
    if mount is None or "configMap" not in source:
        return finding(f"{named} is in no mounted ConfigMap", "mount sacola-config where --config leads")
    gateway.config_name = source["configMap"]["name"]
    data = objects.config_map(gateway.config_name)
    if data is None:
        return None
    key = named[len(mount["mountPath"].rstrip("/")) + 1 :]
    if key not in data:
        return finding(f"the ConfigMap {gateway.config_name} has no key {key}", f"use one of {', '.join(sorted(data))}")
    gateway.text = data[key]
    try:
        gateway.toml = tomllib.loads(gateway.text)
    except tomllib.TOMLDecodeError as error:
        return Finding("config.syntax", f"ConfigMap/{gateway.config_name}", key, str(error), "mend that line")
    return None


def _mounted(gateway, path):
    """The mount and the volume that hold a path."""
    volumes = {volume["name"]: volume for volume in gateway.workload.spec.get("volumes") or []}
    for mount in gateway.container.get("volumeMounts") or []:
        if path.startswith(mount["mountPath"].rstrip("/") + "/"):
            return mount, volumes.get(mount["name"], {})
    return None, {}


def _listeners(gateway):
    for key, default in (("listen", "0.0.0.0:8080"), ("ops_listen", "127.0.0.1:9090")):
        address, (where, path) = gateway.setting("server", key, default)
        host, _, port = str(address).rpartition(":")
        if host in ("127.0.0.1", "[::1]"):
            problem = "only the pod itself reaches it: probes, Services and Prometheus do not"
            yield Finding("config.listener", where, path, problem, f'write "0.0.0.0:{port}"')
        name = "http" if key == "listen" else "ops"
        if port.isdigit() and int(port) != gateway.workload.ports.get(name):
            problem = f"the pod's port `{name}` is {gateway.workload.ports.get(name, 'not declared')}, and this listens at {port}"
            yield Finding("config.listener", where, path, problem, "use 8080 and 9090")
        if not re.fullmatch(r"[0-9.]+|\[[0-9a-f:]+\]", host):
            yield Finding("config.listener", where, path, f"{host} is no address of this pod", f'write "0.0.0.0:{port}"')


def _probes(gateway):
    expected = {"startupProbe": "/livez", "livenessProbe": "/livez", "readinessProbe": "/readyz"}
    for probe, path in expected.items():
        where, found = f"{gateway.path}.{probe}", gateway.container.get(probe)

        def finding(code, problem, mend, where=where):
            return Finding(code, gateway.workload.name, where, problem, mend)

        if found is None:
            if probe != "startupProbe":
                yield finding("probe.missing", "there is none", f"ask {path} on the port `ops`")
            continue
        port = at(found, "httpGet", "port")
        if gateway.workload.ports.get(port, OPS_PORT) != OPS_PORT:
            yield finding("probe.port", f"{path} is not on port {port}", "ask the port `ops`")
        if at(found, "httpGet", "scheme", default="HTTP") != "HTTP":
            yield finding("probe.path", "asks by TLS, which the program does not speak", "remove scheme")
        asked = at(found, "httpGet", "path")
        if asked != path:
            why = "an outage of the store would restart every replica" if path == "/livez" else "a replica that drains would get traffic"
            yield finding("probe.path", f"asks {asked}: {why}", f"ask {path}")


def _outgoing(gateway):
    for index, text in enumerate(at(gateway.toml, "outgoing", "allow_private", default=[])):
        if str(text).endswith("/0"):
            problem = f"{text} is every address: a forged link leads to the cloud's metadata address too"
            yield Finding("config.private", f"ConfigMap/{gateway.config_name}", f"outgoing.allow_private[{index}]", problem, "name the merchants' networks")


def _drain(gateway):
    hook = at(gateway.container, "lifecycle", "preStop")
    path = f"{gateway.path}.lifecycle.preStop"
    if not hook or "sleep" not in hook:
        problem = "without a pause new requests still come while the endpoints forget this pod" if not hook else "there is no shell in the image"
        yield Finding("drain.pre_stop", gateway.workload.name, path, problem, "sleep: {seconds: 8}, which Kubernetes 1.30 does itself")
        return
    if hook["sleep"].get("seconds", 0) < PAUSE_S:
        problem = "is shorter than the endpoints take to forget this pod"
        yield Finding("drain.pre_stop", gateway.workload.name, path, problem, f"{PAUSE_S} s or more")
    pause, drain = hook["sleep"].get("seconds", 0), int(gateway.setting("server", "drain_s", DRAIN_S)[0])
    grace, needed = gateway.workload.spec.get("terminationGracePeriodSeconds", 30), pause + drain + SPARE_S
    if grace < needed:
        problem = f"{grace} s is less than preStop {pause} s + server.drain_s {drain} s + {SPARE_S} s: work is killed half done"
        where = f"{gateway.workload.path}.terminationGracePeriodSeconds"
        yield Finding("drain.grace", gateway.workload.name, where, problem, f"set it to {needed} or more")


def secret_files(value, path=""):
    """Every `{ file = "…" }` of a configuration, with its place."""
    if isinstance(value, dict):
        if isinstance(value.get("file"), str):
            yield path, value["file"]
        for key, inner in value.items():
            yield from secret_files(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from secret_files(inner, f"{path}[{index}]")


def _files(objects, gateway):
    where = f"ConfigMap/{gateway.config_name}"
    for place, named in secret_files(gateway.toml):
        mount, volume = _mounted(gateway, named)
        if mount is None or "secret" not in volume:
            yield Finding("secret.path", where, place, f"{named} is in no mounted Secret", "keep it below /run/secrets/sacola")
            continue
        source, key = volume["secret"], named[len(mount["mountPath"].rstrip("/")) + 1 :]
        keys = objects.secret(source["secretName"])
        if keys is None:  # told with the volume
            continue
        items = {item.get("path"): item["key"] for item in source.get("items") or []}
        if key in items:  # whether the Secret has it is told with the volume
            continue
        if items or key not in keys:
            mend = f"add it there, or use one of {', '.join(sorted(items or keys)) or 'none'}"
            yield Finding("secret.key", where, place, f"the Secret {source['secretName']} has no key {key}", mend)


def unused(objects):
    """Keys that nobody reads: mostly a name that was mistyped on one of two sides."""
    used, found = {}, list(gateways(objects))
    for workload in objects.workloads():
        for _, container in workload.containers:
            for variable in container.get("env") or []:
                for kind, field_name in (("Secret", "secretKeyRef"), ("ConfigMap", "configMapKeyRef")):
                    reference = at(variable, "valueFrom", field_name, default={})
                    used.setdefault((kind, reference.get("name")), set()).add(reference.get("key"))
    for gateway in found:
        files = [named for _, named in secret_files(gateway.toml)] + words_after(gateway.container.get("args") or [], "--config")
        for named in files:
            mount, volume = _mounted(gateway, named)
            for kind, field_name, name in (("Secret", "secret", "secretName"), ("ConfigMap", "configMap", "name")):
                if mount is not None and field_name in volume:
                    source, key = volume[field_name], named[len(mount["mountPath"].rstrip("/")) + 1 :]
                    items = {item.get("path"): item["key"] for item in source.get("items") or []}
                    used.setdefault((kind, source.get(name)), set()).add(items.get(key, key))
    for obj in objects.of("Secret", "ExternalSecret", "ConfigMap"):
        kind = "ConfigMap" if obj["kind"] == "ConfigMap" else "Secret"
        name = at(obj, "spec", "target", "name", default=obj["metadata"]["name"])
        alone = Objects([obj])
        keys = alone.config_map(name) if kind == "ConfigMap" else alone.secret(name)
        for key in sorted(set(keys or {}) - used.get((kind, name), set())):
            code = "config.unused" if kind == "ConfigMap" else "secret.unused"
            yield Finding(code, name_of(obj), key, f"nobody reads the key {key} of {name}", "name it in sacola.toml, or remove it")
        if obj["kind"] == "ExternalSecret":
            yield from _template(obj)
            yield from _same_place(obj)


def _same_place(obj):
    """Two keys from one place: mostly a line that was copied and not mended."""
    places = {}
    for entry in at(obj, "spec", "data", default=[]):
        place = json.dumps(entry.get("remoteRef"), sort_keys=True)
        if places.get(place, entry["secretKey"]) != entry["secretKey"]:
            problem = f"{places[place]} and {entry['secretKey']} are one secret"
            yield Finding("secret.twice", name_of(obj), "spec.data", problem, "name a place of its own for each")
        places[place] = entry["secretKey"]


def _template(obj):
    """What a template puts in comes from the secret manager under that name."""
    entries = [entry.get("secretKey") for entry in at(obj, "spec", "data", default=[])]
    for key in sorted({key for key in entries if entries.count(key) > 1}):
        yield Finding("secret.template", name_of(obj), "spec.data", f"{key} is there twice: the last one wins", "remove one")
    texts = at(obj, "spec", "target", "template", "data", default={})
    wanted = {name for text in texts.values() for name in re.findall(r"\{\{[^}]*?\.([A-Za-z0-9_]+)", text)}
    for name in sorted(wanted - set(entries)):
        yield Finding("secret.template", name_of(obj), "spec.target.template", f"there is no secretKey {name}", f"one of {', '.join(entries)}")
    for name in sorted(set(entries) - wanted if texts else ()):
        yield Finding("secret.template", name_of(obj), "spec.data", f"the template does not use {name}", "use it, or remove it")


def _variable_names(gateway):
    """Variables that the program does not read would be a setting that has no effect."""
    named = {text for text in _named_variables(gateway.toml)}
    for name in gateway.env:
        if not name.startswith("SACOLA__") and name not in OWN_VARIABLES and name not in named:
            where = f"{gateway.path}.env[{name}]"
            mend = f"SACOLA__SECTION__KEY, {', '.join(sorted(OWN_VARIABLES))}, or one that sacola.toml names"
            yield Finding("program.variable", gateway.workload.name, where, "the program reads no such variable", mend)


def _named_variables(value):
    if isinstance(value, dict):
        if isinstance(value.get("env"), str):
            yield value["env"]
        for inner in value.values():
            yield from _named_variables(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _named_variables(inner)


def _value(objects, variable):
    """What a variable holds, as far as anybody can tell here."""
    reference = at(variable, "valueFrom", "secretKeyRef")
    if reference:
        text = (objects.secret(reference.get("name")) or {}).get(reference.get("key"))
        if text is not None:
            return _rendered(text)
        return STORE_ELSEWHERE if variable["name"] == "SACOLA__STORE__URL" else f"of-a-secret-{variable['name'].lower()}"
    reference = at(variable, "valueFrom", "configMapKeyRef")
    if reference:
        return (objects.config_map(reference.get("name")) or {}).get(reference.get("key"), "")
    return str(variable.get("value", ""))


def store_url(objects, gateway):
    variable = gateway.env.get("SACOLA__STORE__URL")
    if variable:
        return _value(objects, variable)
    url = at(gateway.toml, "store", "url", default="embedded:./sacola-data")
    if isinstance(url, str):
        return url
    text = _kept(objects, gateway, url.get("file", ""))
    return STORE_ELSEWHERE if text is None else text


def _rendered(text):
    """What a template makes of it, as far as anybody can tell here."""
    return re.sub(r"\{\{.*?\}\}", "from-elsewhere", text)


def _kept(objects, gateway, named):
    """The text of a Secret's key that is mounted there; `None` where only a secret manager knows it."""
    mount, volume = _mounted(gateway, named)
    if mount is None or "secret" not in volume:
        return None
    path = named[len(mount["mountPath"].rstrip("/")) + 1 :]
    items = {item.get("path"): item["key"] for item in volume["secret"].get("items") or []}
    text = (objects.secret(volume["secret"]["secretName"]) or {}).get(items.get(path, path))
    return None if text is None else _rendered(text)


def _store(objects, gateway):
    variable, url = gateway.env.get("SACOLA__STORE__URL"), store_url(objects, gateway)
    if not url.startswith("embedded:"):
        return
    path = f"{gateway.path}.env[SACOLA__STORE__URL]" if variable else "store.url"
    where = gateway.workload.name if variable else f"ConfigMap/{gateway.config_name}"
    most = objects.replicas(gateway.workload)[1]
    directory = url.removeprefix("embedded:").rstrip("/")
    mount, volume = _mounted(gateway, directory + "/sacola.redb")
    if most > 1:
        problem = f"each of up to {most} replicas would keep conversations of its own"
        yield Finding("store.embedded", where, path, problem, "use a Redis store, or one replica")
    elif mount and (mount.get("readOnly") or mount.get("subPath")):
        yield Finding("store.volume", where, path, "the volume is mounted read-only, or a part of it", "mount the whole of it to write")
    elif "persistentVolumeClaim" not in volume:
        problem = f"{directory} is on no volume: conversations end with the pod"
        yield Finding("store.volume", where, path, problem, "mount a PersistentVolumeClaim there")


def _as_the_program_reads_it(objects, gateway, program):
    """Runs `sacola check` on the file, with a file of its own for each secret. Nothing beyond the configuration is asked."""
    merchants = {named for merchant in at(gateway.toml, "merchant", default=[]) for _, named in secret_files(merchant)}
    with tempfile.TemporaryDirectory() as folder:
        text, places = gateway.text, {}
        for index, named in enumerate(sorted({named for _, named in secret_files(gateway.toml)}, key=len, reverse=True)):
            own = os.path.join(folder, f"secret-{index}")
            places[own] = named
            with open(os.open(own, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="utf-8") as file:
                file.write(secret_text(objects, gateway, named, named in merchants))
            text = text.replace(f'"{named}"', f'"{own}"')
        config = os.path.join(folder, "sacola.toml")
        with open(config, "w", encoding="utf-8") as file:
            file.write(text)
        env = {name: _value(objects, variable) for name, variable in gateway.env.items()}
        run = subprocess.run(
            [program, "check", "--config", config, "--json"],
            env={**env, STOP: ""}, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
    try:
        report = json.loads(run.stdout)
    except json.JSONDecodeError:
        raise SystemExit(f"manifests.py: {program} check printed no JSON: {run.stderr.strip()}") from None
    # a secret in plain text is a warning on one machine; in a ConfigMap everybody who may list those reads it
    grave = ("config.plain_secret", "config.weak_secret")
    told = report["faults"] + [one for one in report["warnings"] if one["code"] in grave]
    for fault in told:
        if fault["subject"] == STOP:
            continue
        problem = fault["problem"]
        for own, named in places.items():
            problem = problem.replace(own, named)
        variable = fault["subject"].startswith("SACOLA__")
        where = gateway.workload.name if variable else f"ConfigMap/{gateway.config_name}"
        path = f"{gateway.path}.env[{fault['subject']}]" if variable else fault["subject"]
        yield Finding(fault["code"], where, path, problem, fault["mend"])


def secret_text(objects, gateway, named, signs):
    """The Secret's own text, or one of the right shape where only a secret manager knows it."""
    text = _kept(objects, gateway, named)
    if text is not None:
        return text
    if named == at(gateway.toml, "store", "url", "file"):
        return STORE_ELSEWHERE
    digest = hashlib.sha256(named.encode()).digest()
    return f"whsec_{base64.b64encode(digest).decode()}" if signs else digest.hex()
