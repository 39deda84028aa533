"""`jitt content preview`: the mentor's page of a module on disk, without Kafka or Postgres."""
