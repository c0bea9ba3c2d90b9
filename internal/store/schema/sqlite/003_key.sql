-- The record is sealed by a key that is kept outside of it (key.go): each stream's
-- end and each last-good copy carry what only the key's owner can make.

ALTER TABLE streams ADD COLUMN tip BLOB;   -- NULL: written without the key
ALTER TABLE last_good ADD COLUMN mac BLOB; -- the same

-- What is left of an event's data once a secret was taken out of it.
ALTER TABLE events ADD COLUMN kept BLOB;

-- Where the newest seal is, among all that the store itself writes.
CREATE INDEX events_sealed ON events (version) WHERE stream = 'system' AND type = 'RecordSealed';
