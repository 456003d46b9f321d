"""The targets that come with syncproof, by name: where the class of each is, so that only the one asked for is loaded."""

from __future__ import annotations

TARGETS: dict[str, str] = {
    "sqlite-log": "syncproof.engines.drive.targets.sqlite:SqliteLog",
    "sqlite-inbox": "syncproof.engines.drive.targets.sqlite:SqliteInbox",
    "postgres-serial": "syncproof.engines.drive.targets.postgres:PostgresSerial",
    "postgres-counter": "syncproof.engines.drive.targets.postgres:PostgresCounter",
    "postgres-inbox": "syncproof.engines.drive.targets.postgres:PostgresInbox",
    "redis-always": "syncproof.engines.drive.targets.redis:RedisAlways",
    "redis-memory": "syncproof.engines.drive.targets.redis:RedisMemory",
    "redis-replica": "syncproof.engines.drive.targets.redis:RedisReplica",
    "redis-replica-head": "syncproof.engines.drive.targets.redis:RedisReplicaHead",
    "nats": "syncproof.engines.drive.targets.nats:Nats",
    "mosquitto": "syncproof.engines.drive.targets.mosquitto:Mosquitto",
    "prosody-offline": "syncproof.engines.drive.targets.prosody:ProsodyOffline",
    "prosody-archive": "syncproof.engines.drive.targets.prosody:ProsodyArchive",
}
"""Name -> `module:Class`."""

GROUPS: dict[str, tuple[str, ...]] = {
    "sqlite": ("sqlite-log", "sqlite-inbox"),
    "postgres": ("postgres-serial", "postgres-counter", "postgres-inbox"),
    "prosody": ("prosody-offline", "prosody-archive"),
    "redis": ("redis-always", "redis-memory", "redis-replica", "redis-replica-head"),
}
"""A name that stands for several targets, which `drive` then runs one after the other."""

MODEL = "syncproof.engines.drive.targets.model:ModelTarget"
"""The class whose server and devices are the actors of a system."""
