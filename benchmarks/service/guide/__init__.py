"""The deployment guide's two handlers, written from its description: what the product is beside."""
