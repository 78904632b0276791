CREATE TABLE IF NOT EXISTS chunk (
  device TEXT NOT NULL, library TEXT NOT NULL, idx INTEGER NOT NULL,
  total INTEGER NOT NULL, tracks BLOB NOT NULL,
  PRIMARY KEY (device, library, idx)
);
CREATE TABLE IF NOT EXISTS library (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  device TEXT NOT NULL, library TEXT NOT NULL,
  UNIQUE (device, library)
);
CREATE TABLE IF NOT EXISTS library_track (
  library INTEGER NOT NULL REFERENCES library (number) ON DELETE CASCADE,
  position INTEGER NOT NULL, track TEXT NOT NULL, item INTEGER NOT NULL, content BLOB NOT NULL,
  PRIMARY KEY (library, position)
);
CREATE TABLE IF NOT EXISTS item (
  number INTEGER PRIMARY KEY AUTOINCREMENT, title TEXT NOT NULL, artist TEXT NOT NULL,
  tags TEXT NOT NULL DEFAULT '[]'
);
CREATE TABLE IF NOT EXISTS item_key (
  key TEXT PRIMARY KEY, item INTEGER NOT NULL REFERENCES item (number)
);
CREATE TABLE IF NOT EXISTS device_track (
  device TEXT NOT NULL, track TEXT NOT NULL, item INTEGER NOT NULL,
  PRIMARY KEY (device, track)
);
CREATE INDEX IF NOT EXISTS device_track_track ON device_track (track, item);
CREATE TABLE IF NOT EXISTS interaction (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  device TEXT NOT NULL, id TEXT NOT NULL, listener TEXT NOT NULL, track TEXT NOT NULL,
  kind TEXT NOT NULL, at_unix_seconds REAL NOT NULL, position_seconds REAL NOT NULL,
  valence REAL, arousal REAL, valence_change REAL,
  UNIQUE (device, id)
);
CREATE INDEX IF NOT EXISTS interaction_listener ON interaction (device, listener, number);
CREATE TABLE IF NOT EXISTS playlist (
  number INTEGER PRIMARY KEY AUTOINCREMENT, source TEXT NOT NULL, name TEXT NOT NULL,
  UNIQUE (source, name)
);
CREATE TABLE IF NOT EXISTS playlist_item (
  playlist INTEGER NOT NULL REFERENCES playlist (number) ON DELETE CASCADE,
  item INTEGER NOT NULL, weight REAL NOT NULL DEFAULT 1.0, PRIMARY KEY (playlist, item)
);
