"""Rendered people: clothed bodies of known skeletons, seen by phones as people hold them.

Needs an environment of its own (Python 3.11, torch, Anny): see README.md. Nothing else in the
project imports it; what it makes are JPEGs and a ``truth.jsonl``.
"""

RENDERER_VERSION = 4  # a photo of another version is rendered again
