"""One measurement: how it is asked for, how it ends, and what is stored of it."""
