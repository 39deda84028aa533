"""The embedded stack: Kafka and PostgreSQL as child processes of whoever needs them, without Docker."""
