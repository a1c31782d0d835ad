"""``hypermob validate``: how right the product is on real people, beside height alone.

`photos` reads the CSV and measures, `figures` computes, `tables` puts the figures into words, and
`page` shows the photos beside each other for eyes. docs/validation.md says how to read them.
"""

from hypermob.validation.figures import figures
from hypermob.validation.page import page
from hypermob.validation.photos import Photo, Source, measure_rows, sources
from hypermob.validation.tables import Table, tables

__all__ = ["Photo", "Source", "Table", "figures", "measure_rows", "page", "sources", "tables"]
