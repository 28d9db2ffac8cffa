-- A database of version 5, before secrets were sealed, as its own program made it.
CREATE TABLE secrets (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;
CREATE TABLE staff (
    staff TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE COLLATE NOCASE, role TEXT NOT NULL,
    password_hash TEXT NOT NULL, totp_secret BLOB, totp_last_step INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE visits (
    visit TEXT PRIMARY KEY, host TEXT NOT NULL, state TEXT NOT NULL, ended TEXT, created_unix_micros INTEGER NOT NULL
) STRICT;
CREATE TABLE invites (
    invite TEXT PRIMARY KEY, visit TEXT NOT NULL REFERENCES visits, key BLOB NOT NULL,
    expires_unix_micros INTEGER NOT NULL
) STRICT;
CREATE TABLE endpoints (
    endpoint TEXT PRIMARY KEY, visit TEXT NOT NULL REFERENCES visits, role TEXT NOT NULL, admission TEXT NOT NULL,
    invite TEXT, bundle BLOB NOT NULL, gone TEXT, joined_unix_micros INTEGER NOT NULL
) STRICT;
CREATE TABLE endpoint_tokens (hash BLOB PRIMARY KEY, endpoint TEXT NOT NULL REFERENCES endpoints) STRICT;
ALTER TABLE visits ADD COLUMN ended_unix_micros INTEGER;
UPDATE visits SET ended_unix_micros = unixepoch() * 1000000 WHERE state = 'ended';
CREATE INDEX invites_of_visit ON invites (visit);
CREATE INDEX endpoints_of_visit ON endpoints (visit);
CREATE INDEX tokens_of_endpoint ON endpoint_tokens (endpoint);
CREATE TABLE clinic (
    one INTEGER PRIMARY KEY CHECK (one = 1), fingerprint BLOB NOT NULL, generation INTEGER NOT NULL,
    head BLOB NOT NULL
) STRICT;
CREATE TABLE notices (
    one INTEGER PRIMARY KEY CHECK (one = 1), epoch INTEGER NOT NULL, notice BLOB NOT NULL
) STRICT;
CREATE TABLE devices (
    device TEXT PRIMARY KEY, staff TEXT NOT NULL REFERENCES staff, request BLOB NOT NULL,
    asked_unix_micros INTEGER NOT NULL, revision INTEGER NOT NULL DEFAULT 0, issuer BLOB, certificate BLOB
) STRICT;
CREATE INDEX devices_of_staff ON devices (staff);
CREATE TABLE staff_objects (
    kind INTEGER NOT NULL, object TEXT NOT NULL, creator TEXT NOT NULL REFERENCES staff, revision INTEGER NOT NULL,
    PRIMARY KEY (kind, object)
) STRICT;
CREATE INDEX staff_objects_of_object ON staff_objects (object);
CREATE TABLE staff_boxes (
    kind INTEGER NOT NULL, object TEXT NOT NULL, staff TEXT NOT NULL REFERENCES staff, revision INTEGER NOT NULL,
    sealed BLOB NOT NULL, PRIMARY KEY (kind, object, staff),
    FOREIGN KEY (kind, object) REFERENCES staff_objects ON DELETE CASCADE
) STRICT;
CREATE INDEX staff_boxes_of_staff ON staff_boxes (staff);
ALTER TABLE staff ADD COLUMN disabled INTEGER NOT NULL DEFAULT 0;
CREATE TABLE sign_up_codes (
    hash BLOB PRIMARY KEY, staff TEXT UNIQUE REFERENCES staff, expires_unix_micros INTEGER NOT NULL
) STRICT;
CREATE TABLE recovery_codes (hash BLOB PRIMARY KEY, staff TEXT NOT NULL REFERENCES staff) STRICT;
CREATE INDEX recovery_codes_of_staff ON recovery_codes (staff);
CREATE TABLE known_devices (
    hash BLOB PRIMARY KEY, staff TEXT NOT NULL REFERENCES staff, used_unix_micros INTEGER NOT NULL
) STRICT;
CREATE INDEX known_devices_of_staff ON known_devices (staff);
CREATE TABLE sessions (
    session TEXT PRIMARY KEY, staff TEXT NOT NULL REFERENCES staff, label TEXT NOT NULL,
    began_unix_micros INTEGER NOT NULL, used_unix_micros INTEGER NOT NULL, refresh_hash BLOB NOT NULL UNIQUE
) STRICT;
CREATE INDEX sessions_of_staff ON sessions (staff);
CREATE TABLE access_tokens (
    hash BLOB PRIMARY KEY, session TEXT NOT NULL REFERENCES sessions ON DELETE CASCADE,
    ends_unix_micros INTEGER NOT NULL
) STRICT;
CREATE INDEX access_tokens_of_session ON access_tokens (session);
CREATE TABLE used_refresh_tokens (
    hash BLOB PRIMARY KEY, session TEXT NOT NULL REFERENCES sessions ON DELETE CASCADE
) STRICT;
CREATE INDEX used_refresh_tokens_of_session ON used_refresh_tokens (session);
ALTER TABLE visits RENAME COLUMN host TO creator;
ALTER TABLE visits ADD COLUMN host TEXT;
UPDATE visits SET host = creator;
ALTER TABLE visits ADD COLUMN start_unix_secs INTEGER;
ALTER TABLE visits ADD COLUMN length_minutes INTEGER;
ALTER TABLE visits ADD COLUMN time_zone TEXT;
ALTER TABLE visits ADD COLUMN locked INTEGER NOT NULL DEFAULT 0;
ALTER TABLE invites ADD COLUMN opens_unix_micros INTEGER NOT NULL DEFAULT 0;
ALTER TABLE invites ADD COLUMN role TEXT NOT NULL DEFAULT 'patient';
ALTER TABLE invites ADD COLUMN revoked INTEGER NOT NULL DEFAULT 0;
ALTER TABLE invites ADD COLUMN tries INTEGER NOT NULL DEFAULT 0;
PRAGMA user_version = 5;
