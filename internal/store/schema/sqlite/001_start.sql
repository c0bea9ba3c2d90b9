-- Times are nanoseconds since 1970. Hashes of events are 32 bytes; hashes of
-- blobs and messages are lower-case hex, as people see them.

CREATE TABLE streams (
    stream       TEXT   NOT NULL PRIMARY KEY,
    version      BIGINT NOT NULL,
    head         BLOB   NOT NULL,
    first_at     BIGINT NOT NULL,
    last_at      BIGINT NOT NULL,
    checkpointed BIGINT NOT NULL -- the version in the last checkpoint, 0 if in none
);

CREATE TABLE events (
    stream       TEXT   NOT NULL,
    version      BIGINT NOT NULL,
    type         TEXT   NOT NULL,
    type_version BIGINT NOT NULL,
    at           BIGINT NOT NULL,
    data         BLOB,           -- NULL once purged
    digest       BLOB   NOT NULL,
    prev         BLOB   NOT NULL,
    hash         BLOB   NOT NULL,
    purged       TEXT,           -- why it was purged; NULL if it was not
    PRIMARY KEY (stream, version)
);

CREATE TABLE deliveries (
    incident    TEXT   NOT NULL,
    slot        TEXT   NOT NULL,
    channel     TEXT   NOT NULL,
    ts          TEXT   NOT NULL, -- empty until first sent
    wanted      BLOB   NOT NULL,
    wanted_hash TEXT   NOT NULL,
    sent_hash   TEXT   NOT NULL, -- empty until first sent
    sending_at  BIGINT NOT NULL, -- 0 unless a sending was begun and not recorded as done
    updated_at  BIGINT NOT NULL,
    PRIMARY KEY (incident, slot)
);
CREATE INDEX deliveries_pending ON deliveries (updated_at) WHERE wanted_hash <> sent_hash;

CREATE TABLE blobs (
    hash TEXT NOT NULL PRIMARY KEY,
    data BLOB NOT NULL
);

CREATE TABLE last_good (
    key  TEXT   NOT NULL,
    hash TEXT   NOT NULL REFERENCES blobs (hash),
    at   BIGINT NOT NULL,
    PRIMARY KEY (key, hash)
);

CREATE TABLE embeddings (
    model  TEXT NOT NULL,
    chunk  TEXT NOT NULL,
    vector BLOB NOT NULL, -- float32, little-endian
    PRIMARY KEY (model, chunk)
);

CREATE TABLE seen (
    scope TEXT   NOT NULL,
    id    TEXT   NOT NULL, -- SHA-256 of the id, so that its length is bounded
    until BIGINT NOT NULL,
    PRIMARY KEY (scope, id)
);
CREATE INDEX seen_until ON seen (until);
