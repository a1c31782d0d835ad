"""The whole product on one machine: moto for S3 and SQS, Lambda's real runtime client, Chalice.

Nothing that ships imports this package. ``make run`` keeps a stack up, ``make demo`` runs
one photo through it, and tests use :class:`local.stack.LocalStack`.
"""
