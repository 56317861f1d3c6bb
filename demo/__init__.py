"""The demonstration: a legacy database, an embedded PostgreSQL and the story that `make demo` tells."""
