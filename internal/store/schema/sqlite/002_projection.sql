-- What is to be done when, and under what a stream is found: kept in the
-- transaction of each append, so that nobody has to read all that ever was.

CREATE TABLE projections (
    stream  TEXT   NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL, -- of the stream, that this follows from
    open    BIGINT NOT NULL, -- 1 while it still concerns somebody
    until   BIGINT NOT NULL, -- once it is not open: its keys lead to it until then
    due     BIGINT,          -- when somebody must look at it next; NULL: nobody
    aside   TEXT   NOT NULL  -- why it can't be read; empty if it can
);
CREATE INDEX projections_due ON projections (due) WHERE due IS NOT NULL;
CREATE INDEX projections_open ON projections (stream) WHERE open = 1;

CREATE TABLE projection_keys (
    name   TEXT NOT NULL,
    stream TEXT NOT NULL,
    value  TEXT NOT NULL,
    PRIMARY KEY (name, stream)
);
CREATE INDEX projection_keys_stream ON projection_keys (stream);

-- When a blob was last put, so that old ones can be collected. Those from before
-- count as old as can be, and are kept while last_good names them.
ALTER TABLE blobs ADD COLUMN at BIGINT NOT NULL DEFAULT 0;

-- The queue of jobs that came before the projection.
DROP TABLE IF EXISTS river_notification;
DROP TABLE IF EXISTS river_client_queue;
DROP TABLE IF EXISTS river_client;
DROP TABLE IF EXISTS river_queue;
DROP TABLE IF EXISTS river_leader;
DROP TABLE IF EXISTS river_job;
DROP TABLE IF EXISTS river_migration;
