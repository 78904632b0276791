"""What the store's tables look like, version by version."""

_SCHEMA = """
CREATE TABLE tracks (
    id TEXT PRIMARY KEY, path BLOB NOT NULL, mtime_ns INTEGER NOT NULL, size INTEGER NOT NULL,
    track BLOB NOT NULL, broken_why TEXT NOT NULL DEFAULT ''
);
CREATE TABLE interactions (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,
    interaction BLOB NOT NULL, sent INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX unsent ON interactions (number) WHERE NOT sent;
CREATE TABLE packs (library TEXT PRIMARY KEY, content BLOB NOT NULL);
CREATE TABLE settings (key TEXT PRIMARY KEY, value TEXT NOT NULL);
"""
_LIBRARY = """
ALTER TABLE tracks ADD COLUMN root TEXT NOT NULL DEFAULT '';
ALTER TABLE tracks ADD COLUMN missing_since INTEGER;
ALTER TABLE tracks ADD COLUMN sound TEXT NOT NULL DEFAULT '';
CREATE TABLE sounds (fingerprint TEXT PRIMARY KEY, sound BLOB NOT NULL);
"""
_OPINIONS = """
CREATE TABLE opinions (track TEXT PRIMARY KEY, verdict TEXT NOT NULL);
CREATE TABLE heard (id TEXT PRIMARY KEY, track BLOB NOT NULL);
REPLACE INTO opinions
    SELECT json_extract(CAST(interaction AS TEXT), '$.track'),
           json_extract(CAST(interaction AS TEXT), '$.kind')
    FROM interactions
    WHERE json_extract(CAST(interaction AS TEXT), '$.kind') IN ('liked', 'banned')
    ORDER BY number;
REPLACE INTO heard SELECT id, track FROM tracks
    WHERE id IN (SELECT json_extract(CAST(interaction AS TEXT), '$.track') FROM interactions);
"""
_ESTIMATES = """
ALTER TABLE sounds ADD COLUMN estimate INTEGER NOT NULL DEFAULT 1;
CREATE INDEX tracks_of_sound ON tracks (sound);
"""
MIGRATIONS = (_SCHEMA, _LIBRARY, _OPINIONS, _ESTIMATES)
"""Each takes a file from the version that is its index to the next; never changed, only added."""
SCHEMA_VERSION = len(MIGRATIONS)
