"""What the engines achieve, measured: each module prints a table, and JSON with ``--json``."""
