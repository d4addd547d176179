#!/usr/bin/python3
"""Checks rendered Kubernetes objects (stdin) against Kubernetes' OpenAPI schema, as the official Python client carries it: unknown
fields, wrong types, missing required fields. Kinds of operators (KEDA, Prometheus) are not in that schema and are counted only."""
import re
import sys

import yaml
from kubernetes import client

PRIMITIVE = {"str": str, "int": int, "bool": bool, "float": (int, float), "object": object, "datetime": str}

# What Kubernetes has and Debian's client (1.22) does not know yet: the kind under its earlier version, and fields.
EARLIER = {"autoscaling/v2": "autoscaling/v2beta2"}
NEWER_FIELDS = {("V1Handler", "sleep")}

problems = []
foreign = 0


def model_of(api_version, kind):
    api_version = EARLIER.get(api_version, api_version)
    group, _, version = api_version.rpartition("/")
    group = "".join(p.capitalize() for p in group.split(".")[0].split("-")) if group and not group.endswith(".k8s.io") else ""
    for name in (version.capitalize() + kind, group + version.capitalize() + kind):
        if hasattr(client, name):
            return getattr(client, name)
    return None


def check(value, type_name, where):
    if value is None:
        return
    if (m := re.fullmatch(r"list\[(.*)\]", type_name)) is not None:
        if not isinstance(value, list):
            problems.append(f"{where}: a list is wanted, it is {value!r}")
            return
        for i, item in enumerate(value):
            check(item, m[1], f"{where}[{i}]")
    elif (m := re.fullmatch(r"dict\(str, (.*)\)", type_name)) is not None:
        if not isinstance(value, dict):
            problems.append(f"{where}: a map is wanted, it is {value!r}")
            return
        for key, item in value.items():
            # Quantities are texts or numbers.
            if m[1] == "str" and ".resources." in where + "." and isinstance(item, (int, float)):
                continue
            check(item, m[1], f"{where}.{key}")
    elif type_name in PRIMITIVE:
        wanted = PRIMITIVE[type_name]
        if wanted is not object and (not isinstance(value, wanted) or (wanted is int and isinstance(value, bool))):
            problems.append(f"{where}: {type_name} is wanted, it is {value!r}")
    else:
        model = getattr(client, type_name)
        if not isinstance(value, dict):
            problems.append(f"{where}: an object {type_name} is wanted, it is {value!r}")
            return
        names = {json: python for python, json in model.attribute_map.items()}
        for key, item in value.items():
            if (type_name, key) in NEWER_FIELDS:
                continue
            if key not in names:
                problems.append(f"{where}: there is no field {key} in {type_name}")
            else:
                check(item, model.openapi_types[names[key]], f"{where}.{key}")
        try:
            # The constructor refuses a missing required field.
            model(**{python: value.get(json) for json, python in names.items()})
        except ValueError as e:
            if "must not be `None`" in str(e):
                problems.append(f"{where}: {e}")


objects = [o for o in yaml.safe_load_all(sys.stdin) if o]
for o in objects:
    name = f"{o.get('kind')}/{o.get('metadata', {}).get('name')}"
    model = model_of(o.get("apiVersion", ""), o.get("kind", ""))
    if model is None:
        foreign += 1
        if not re.search(r"(keda\.sh|monitoring\.coreos\.com)/", o.get("apiVersion", "")):
            problems.append(f"{name}: there is no {o.get('apiVersion')} {o.get('kind')}")
        continue
    check(o, model.__name__, name)
for p in problems:
    print(f"error: {p}")
print(f"{len(objects)} objects, {foreign} of operators, {len(problems)} problems")
sys.exit(1 if problems or not objects else 0)
