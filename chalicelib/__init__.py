"""What the Chalice Lambda holds beside ``app.py``; the measure image shares parts of it."""

VERSION = "0.1.0"
