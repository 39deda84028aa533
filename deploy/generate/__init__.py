"""What the code says about itself, written down: frozen schemas, docs/topology.md, docs/asyncapi.json and docs/openapi.

Nothing here is edited by hand: `make freeze` writes it, `make check` names what is old.
"""
