"""server.json with what only a release knows: where its bundles are, what they hash to, and its image."""

import json

from facts import NAME, SERVER, as_json, sha256


def make(bundles, base_url, image):
    """server.json with what only a release knows: where its bundles are, what they hash to, and its image."""
    server = json.loads(json.dumps(SERVER))
    variables = server["packages"][0]["environmentVariables"]
    common = {"transport": {"type": "stdio"}}
    for file, content in sorted(bundles.items()) if base_url else ():
        package = {"registryType": "mcpb", "identifier": f"{base_url}/{file}", "fileSha256": sha256(content)}
        server["packages"].append(package | common | {"environmentVariables": variables})
    if image:
        # Without a volume the journal would go with the container.
        mount = {"type": "named", "name": "--mount", "value": f"type=volume,source={NAME},target=/data"}
        package = {"registryType": "oci", "identifier": image, "runtimeHint": "docker", "runtimeArguments": [mount]}
        # Paths of the machine mean nothing in it.
        inside = [variable for variable in variables if variable.get("format") != "filepath"]
        server["packages"].append(package | common | {"environmentVariables": inside})
    return {"server.json": as_json(server)}
