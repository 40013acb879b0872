"""The embedded store: SQLite through apsw, one directory."""
