# SPDX-License-Identifier: LGPL-2.1-or-later
"""What data/hivectl.schema.json promises of hivectl --json."""

import json
import warnings

from build import SOURCE


def schema():
    return json.loads((SOURCE / "data/hivectl.schema.json").read_text())


def read(verb, text):
    """Each document of what @verb printed, once it was held against its schema."""
    documents, text = [], text.lstrip()
    while text:
        document, end = json.JSONDecoder().raw_decode(text)
        documents.append(document)
        text = text[end:].lstrip()
    check(verb, *documents)
    return documents


def check(verb, *documents):
    """Fails for one that is not as the schema of @verb says."""
    import jsonschema

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # newer versions have another resolver, older ones this alone
        resolver = jsonschema.RefResolver(
            "", schema(), store={"openapi.json": json.loads((SOURCE / "src/bridge/openapi.json").read_text()), "hivectl.schema.json": schema()}
        )
        validator = jsonschema.Draft202012Validator({"$ref": f"hivectl.schema.json#/$defs/{verb}"}, resolver=resolver)
        for document in documents:
            errors = sorted(validator.iter_errors(document), key=lambda error: len(list(error.path)))
            assert not errors, f"{verb}: {errors[0].message}\n{json.dumps(document)[:2000]}"
