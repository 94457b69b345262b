"""The shape of the custom resources that we use: their fields, their enumerations, what is required. Their own definitions
take much more; what we do not use is refused, so that a misspelt field is seen."""

TEXT = {"type": "string", "minLength": 1}
NUMBER = {"type": "integer", "minimum": 0}
LABELS = {"type": "object", "additionalProperties": {"type": "string"}}
DURATION = {"type": "string", "pattern": r"^([0-9]+(ms|s|m|h|d))+$"}


def record(required=(), **properties):
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


def listed(item, least=1):
    return {"type": "array", "items": item, "minItems": least}


def one_of(*words):
    return {"enum": list(words)}


def resource(api_version, kind, spec):
    metadata = record(["name"], name=TEXT, namespace=TEXT, labels=LABELS, annotations=LABELS)
    return record(
        ["apiVersion", "kind", "metadata", "spec"],
        apiVersion={"const": api_version},
        kind={"const": kind},
        metadata=metadata,
        spec=spec,
    )


SELECTOR = record(
    matchLabels=LABELS,
    matchExpressions=listed(
        record(
            ["key", "operator"],
            key=TEXT,
            operator=one_of("In", "NotIn", "Exists", "DoesNotExist"),
            values=listed(TEXT),
        )
    ),
)

# Gateway API 1.0, gateway.networking.k8s.io/v1
HTTP_ROUTE = record(
    ["parentRefs", "rules"],
    parentRefs=listed(record(["name"], group=one_of("gateway.networking.k8s.io"), kind=one_of("Gateway"), namespace=TEXT, name=TEXT, sectionName=TEXT, port=NUMBER)),
    hostnames=listed({"type": "string", "pattern": r"^(\*\.)?[a-z0-9]([-a-z0-9.]*[a-z0-9])?$"}),
    rules=listed(
        record(
            ["backendRefs"],
            name=TEXT,
            matches=listed(
                record(
                    path=record(
                        ["type", "value"],
                        type=one_of("Exact", "PathPrefix", "RegularExpression"),
                        value={"type": "string", "pattern": "^/"},
                    ),
                    method=one_of("GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"),
                    headers=listed(record(["name", "value"], name=TEXT, value=TEXT, type=one_of("Exact", "RegularExpression"))),
                )
            ),
            filters=listed({"type": "object", "required": ["type"]}),
            timeouts=record(request=DURATION, backendRequest=DURATION),
            backendRefs=listed(
                record(
                    ["name", "port"],
                    group={"const": ""},
                    kind=one_of("Service"),
                    namespace=TEXT,
                    name=TEXT,
                    port={"type": "integer", "minimum": 1, "maximum": 65535},
                    weight=NUMBER,
                )
            ),
        )
    ),
)

# Prometheus operator, monitoring.coreos.com/v1
SERVICE_MONITOR = record(
    ["selector", "endpoints"],
    jobLabel=TEXT,
    targetLabels=listed(TEXT),
    podTargetLabels=listed(TEXT),
    sampleLimit=NUMBER,
    namespaceSelector=record(any={"type": "boolean"}, matchNames=listed(TEXT)),
    selector=SELECTOR,
    endpoints=listed(
        record(
            ["port"],
            port=TEXT,
            path={"type": "string", "pattern": "^/"},
            scheme=one_of("http", "https"),
            interval=DURATION,
            scrapeTimeout=DURATION,
            honorLabels={"type": "boolean"},
            relabelings=listed({"type": "object"}),
            metricRelabelings=listed({"type": "object"}),
        )
    ),
)
PROMETHEUS_RULE = record(
    ["groups"],
    groups=listed(
        record(
            ["name", "rules"],
            name=TEXT,
            interval=DURATION,
            limit=NUMBER,
            labels=LABELS,
            rules=listed(
                {
                    **record(
                        ["expr"],
                        alert=TEXT,
                        record=TEXT,
                        expr={"type": ["string", "integer"]},
                        keep_firing_for=DURATION,
                        labels=LABELS,
                        annotations=LABELS,
                        **{"for": DURATION},
                    ),
                    "oneOf": [{"required": ["alert"]}, {"required": ["record"]}],
                }
            ),
        )
    ),
)

SCALING = record(
    stabilizationWindowSeconds={"type": "integer", "minimum": 0, "maximum": 3600},
    selectPolicy=one_of("Max", "Min", "Disabled"),
    policies=listed(
        record(
            ["type", "value", "periodSeconds"],
            type=one_of("Pods", "Percent"),
            value={"type": "integer", "minimum": 1},
            periodSeconds={"type": "integer", "minimum": 1, "maximum": 1800},
        )
    ),
)

# KEDA 2.17, keda.sh/v1alpha1
SCALED_OBJECT = record(
    ["scaleTargetRef", "triggers"],
    scaleTargetRef=record(["name"], apiVersion=TEXT, kind=TEXT, name=TEXT, envSourceContainerName=TEXT),
    pollingInterval={"type": "integer", "minimum": 1, "maximum": 120},
    cooldownPeriod=NUMBER,
    initialCooldownPeriod=NUMBER,
    idleReplicaCount=NUMBER,
    minReplicaCount=NUMBER,
    maxReplicaCount={"type": "integer", "minimum": 1},
    fallback=record(["failureThreshold", "replicas"], failureThreshold=NUMBER, replicas=NUMBER),
    advanced=record(
        restoreToOriginalReplicaCount={"type": "boolean"},
        horizontalPodAutoscalerConfig=record(name=TEXT, behavior=record(scaleUp=SCALING, scaleDown=SCALING)),
    ),
    triggers=listed(
        record(
            ["type", "metadata"],
            type=TEXT,
            name=TEXT,
            metricType=one_of("AverageValue", "Value", "Utilization"),
            useCachedMetrics={"type": "boolean"},
            # the operator wants texts here: a bare 200 is refused by the API server
            metadata={"type": "object", "additionalProperties": {"type": "string"}},
            authenticationRef=record(["name"], name=TEXT, kind=one_of("TriggerAuthentication", "ClusterTriggerAuthentication")),
        )
    ),
)

# External Secrets Operator, external-secrets.io/v1
EXTERNAL_SECRET = record(
    ["secretStoreRef", "target"],
    refreshPolicy=one_of("Periodic", "OnChange", "CreatedOnce"),
    refreshInterval=DURATION,
    secretStoreRef=record(["kind", "name"], kind=one_of("SecretStore", "ClusterSecretStore"), name=TEXT),
    target=record(
        ["name"],
        name=TEXT,
        creationPolicy=one_of("Owner", "Orphan", "Merge", "None"),
        deletionPolicy=one_of("Retain", "Delete", "Merge"),
        immutable={"type": "boolean"},
        template=record(
            type=TEXT,
            engineVersion=one_of("v2"),
            mergePolicy=one_of("Replace", "Merge"),
            metadata=record(labels=LABELS, annotations=LABELS),
            data=LABELS,
        ),
    ),
    data=listed(
        record(
            ["secretKey", "remoteRef"],
            secretKey={"type": "string", "pattern": r"^[-._a-zA-Z0-9]+$"},
            remoteRef=record(
                ["key"],
                key=TEXT,
                property=TEXT,
                version=TEXT,
                conversionStrategy=one_of("Default", "Unicode"),
                decodingStrategy=one_of("None", "Auto", "Base64", "Base64URL"),
                metadataPolicy=one_of("None", "Fetch"),
            ),
        )
    ),
)

SCHEMAS = {
    (api_version, kind): resource(api_version, kind, spec)
    for api_version, kind, spec in (
        ("gateway.networking.k8s.io/v1", "HTTPRoute", HTTP_ROUTE),
        ("monitoring.coreos.com/v1", "ServiceMonitor", SERVICE_MONITOR),
        ("monitoring.coreos.com/v1", "PrometheusRule", PROMETHEUS_RULE),
        ("keda.sh/v1alpha1", "ScaledObject", SCALED_OBJECT),
        ("external-secrets.io/v1", "ExternalSecret", EXTERNAL_SECRET),
    )
}
