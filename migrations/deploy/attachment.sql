-- Deploy radioshop:attachment to pg
--
-- Files on an asset or a ticket. They come in chunks on a fixed grid, each a row and a transaction of its own, so that an upload that
-- breaks off goes on where it stopped, two clients may send one file at once, and no slow client holds a connection. A file is an
-- attachment once all of its chunks are there and make the SHA-256 that was announced; its bytes never change after that.
--
-- The grid is 256 KiB: a call with a chunk costs the daemon about 1 MiB for a moment, and 32 MiB are 128 calls. Bytes are stored as
-- PostgreSQL stores any: of 32 MiB that do not compress, STORAGE EXTERNAL saves a twentieth of the time, and costs text all its compression.

BEGIN;

CREATE FUNCTION radioshop.chunk_bytes() RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT 262144 $$;

-- A size for people.
CREATE FUNCTION radioshop.shown_size(bytes bigint) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN bytes < 1048576 THEN bytes || ' bytes' ELSE trim_scale(round(bytes / 1048576.0, 1)) || ' MiB' END
$$;

-- ---------------------------------------------------------------------------------------------------------------------
-- How much an agency may attach: one row an agency, made with it. It is locked by whatever adds or removes, so that two at once cannot
-- pass the limits together.

CREATE TABLE radioshop.attachment_limits (
  agency_id int NOT NULL,
  file_bytes bigint NOT NULL DEFAULT 33554432,
  total_bytes bigint NOT NULL DEFAULT 10737418240,
  record_files int NOT NULL DEFAULT 100,
  used_bytes bigint NOT NULL DEFAULT 0,
  revision bigint NOT NULL DEFAULT 1,
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT attachment_limits_pkey PRIMARY KEY (agency_id),
  CONSTRAINT attachment_limits_agency_known FOREIGN KEY (agency_id) REFERENCES radioshop.agency,
  CONSTRAINT attachment_limits_file_bytes_range CHECK (file_bytes BETWEEN 0 AND 134217728),
  CONSTRAINT attachment_limits_total_bytes_range CHECK (total_bytes BETWEEN 0 AND 1125899906842624),
  CONSTRAINT attachment_limits_record_files_range CHECK (record_files BETWEEN 0 AND 1000),
  CONSTRAINT attachment_limits_used_bytes_range CHECK (used_bytes >= 0)
);
COMMENT ON TABLE radioshop.attachment_limits IS 'how much an agency may attach, and how much there is';
COMMENT ON COLUMN radioshop.attachment_limits.used_bytes IS 'of what is there or on its way; kept by trigger';
COMMENT ON CONSTRAINT attachment_limits_file_bytes_range ON radioshop.attachment_limits IS
  'file_bytes: a file may have at most 134217728 bytes (128 MiB); 0 allows none';
COMMENT ON CONSTRAINT attachment_limits_total_bytes_range ON radioshop.attachment_limits IS 'total_bytes: give 0 to 1125899906842624 bytes (1 PiB)';
COMMENT ON CONSTRAINT attachment_limits_record_files_range ON radioshop.attachment_limits IS 'record_files: give 0 to 1000 files';
COMMENT ON CONSTRAINT attachment_limits_used_bytes_range ON radioshop.attachment_limits IS 'used_bytes: no less than nothing is there';

CREATE TRIGGER touch BEFORE UPDATE ON radioshop.attachment_limits FOR EACH ROW
  WHEN ((OLD.file_bytes, OLD.total_bytes, OLD.record_files) IS DISTINCT FROM (NEW.file_bytes, NEW.total_bytes, NEW.record_files))
  EXECUTE FUNCTION radioshop.touch();
-- Its making is told by the event of the agency, and what is used by those of the attachments.
CREATE TRIGGER record_event AFTER UPDATE OR DELETE ON radioshop.attachment_limits
  FOR EACH ROW EXECUTE FUNCTION radioshop.record_event('attachment_limits', 'agency_id', 'used_bytes');
ALTER TABLE radioshop.attachment_limits ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY attachment_limits_agency ON radioshop.attachment_limits
  USING (agency_id = ANY ((SELECT nullif(current_setting('radioshop.agencies', true), '')::int[])::int[]));
-- The shop adds an agency that agencies() does not list yet.
CREATE POLICY attachment_limits_add ON radioshop.attachment_limits FOR INSERT WITH CHECK ((SELECT radioshop.is_shop()));
GRANT SELECT, INSERT (agency_id), UPDATE (file_bytes, total_bytes, record_files, used_bytes) ON radioshop.attachment_limits TO radioshop_app;

CREATE FUNCTION radioshop.add_attachment_limits() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO radioshop.attachment_limits (agency_id) VALUES (NEW.agency_id);
  RETURN NULL;
END
$$;
CREATE TRIGGER add_attachment_limits AFTER INSERT ON radioshop.agency FOR EACH ROW WHEN (NEW.agency_id <> 0)
  EXECUTE FUNCTION radioshop.add_attachment_limits();

-- For the rows that are there: as the owner of the schema, who sees what the settings say.
DO $$
BEGIN
  PERFORM set_config('radioshop.agencies', '{0}', true);
  PERFORM set_config('radioshop.agencies', (SELECT array_agg(g.agency_id)::text FROM radioshop.agency g), true);
END
$$;
INSERT INTO radioshop.attachment_limits (agency_id) SELECT g.agency_id FROM radioshop.agency g WHERE g.agency_id <> 0;

-- ---------------------------------------------------------------------------------------------------------------------
-- Attachments and their bytes

CREATE TABLE radioshop.attachment (
  agency_id int NOT NULL,
  attachment_id uuid NOT NULL DEFAULT radioshop.uuid_v7(),
  asset_id uuid NOT NULL,
  ticket_id uuid,
  name text NOT NULL,
  name_key text COLLATE "C" NOT NULL GENERATED ALWAYS AS (upper(name)) STORED,
  media_type text,
  size_bytes bigint NOT NULL,
  sha256 bytea NOT NULL,
  note text NOT NULL DEFAULT '',
  state text NOT NULL DEFAULT 'uploading',
  added_by text NOT NULL DEFAULT radioshop.caller(),
  added_at timestamptz NOT NULL DEFAULT now(),
  stored_at timestamptz,
  removed_by text NOT NULL DEFAULT '',
  removed_at timestamptz,
  reason text NOT NULL DEFAULT '',
  CONSTRAINT attachment_pkey PRIMARY KEY (agency_id, attachment_id),
  CONSTRAINT attachment_asset_known FOREIGN KEY (agency_id, asset_id) REFERENCES radioshop.asset (agency_id, asset_id),
  CONSTRAINT attachment_ticket_known FOREIGN KEY (agency_id, asset_id, ticket_id) REFERENCES radioshop.ticket (agency_id, asset_id, ticket_id),
  -- What a file may be called wherever it is saved. The marks of direction make gpj.exe look like exe.jpg.
  CONSTRAINT attachment_name_form CHECK (name <> '' AND radioshop.is_line(name, 120) AND octet_length(name) <= 200 AND name !~ '^[.-]|[/\\:*?"<>|]|\.$'
    AND name !~ '[\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]'),
  CONSTRAINT attachment_size_bytes_range CHECK (size_bytes BETWEEN 1 AND 134217728),
  CONSTRAINT attachment_sha256_form CHECK (octet_length(sha256) = 32),
  CONSTRAINT attachment_note_form CHECK (radioshop.is_line(note, 200)),
  CONSTRAINT attachment_media_type_known CHECK (media_type IN ('image/jpeg', 'image/png', 'application/pdf', 'text/plain', 'text/csv',
    'application/octet-stream')),
  CONSTRAINT attachment_state_known CHECK (state IN ('uploading', 'stored', 'removed')),
  CONSTRAINT attachment_stored_at_fits CHECK (CASE state WHEN 'uploading' THEN stored_at IS NULL WHEN 'stored' THEN stored_at IS NOT NULL ELSE true END
    AND (stored_at IS NULL) = (media_type IS NULL)),
  CONSTRAINT attachment_removed_at_fits CHECK ((removed_at IS NOT NULL) = (state = 'removed') AND (removed_by <> '') = (state = 'removed')),
  CONSTRAINT attachment_reason_form CHECK (radioshop.is_line(reason, 500) AND (reason <> '') = (state = 'removed'))
);
COMMENT ON TABLE radioshop.attachment IS 'a file on an asset, or on a ticket of it; the row stays when the bytes are gone';
COMMENT ON CONSTRAINT attachment_asset_known ON radioshop.attachment IS 'record: no such asset';
COMMENT ON CONSTRAINT attachment_ticket_known ON radioshop.attachment IS 'record: no such ticket of the asset';
COMMENT ON CONSTRAINT attachment_name_form ON radioshop.attachment IS
  'name: give a file name of at most 120 characters without / \ : * ? " < > | and marks of direction, that begins with no dot or hyphen and ends with no dot';
COMMENT ON CONSTRAINT attachment_size_bytes_range ON radioshop.attachment IS 'size_bytes: a file has 1 to 134217728 bytes (128 MiB)';
COMMENT ON CONSTRAINT attachment_sha256_form ON radioshop.attachment IS 'sha256: give the SHA-256 of the file as 64 hexadecimal digits';
COMMENT ON CONSTRAINT attachment_note_form ON radioshop.attachment IS 'note: at most 200 characters on one line';
COMMENT ON CONSTRAINT attachment_media_type_known ON radioshop.attachment IS 'media_type: it follows from the first bytes';
COMMENT ON CONSTRAINT attachment_state_known ON radioshop.attachment IS 'state: an attachment is uploading, stored or removed';
COMMENT ON CONSTRAINT attachment_stored_at_fits ON radioshop.attachment IS 'state: what is stored was stored at some time, as what its bytes say';
COMMENT ON CONSTRAINT attachment_removed_at_fits ON radioshop.attachment IS 'state: what is removed was removed at some time, by somebody';
COMMENT ON CONSTRAINT attachment_reason_form ON radioshop.attachment IS 'reason: say why it is removed, in a line of at most 500 characters';
CREATE UNIQUE INDEX attachment_name_unique ON radioshop.attachment
  (agency_id, asset_id, coalesce(ticket_id, '00000000-0000-0000-0000-000000000000'), name_key) WHERE state <> 'removed';
COMMENT ON INDEX radioshop.attachment_name_unique IS 'name: there is a file of this name already';
-- Keys are of version 7: in their order files came.
CREATE INDEX attachment_by_asset ON radioshop.attachment (agency_id, asset_id, attachment_id);
CREATE INDEX attachment_by_ticket ON radioshop.attachment (agency_id, ticket_id, attachment_id) WHERE ticket_id IS NOT NULL;
CREATE INDEX attachment_uploading ON radioshop.attachment (agency_id, added_at) WHERE state = 'uploading';

CREATE TABLE radioshop.attachment_chunk (
  agency_id int NOT NULL,
  attachment_id uuid NOT NULL,
  chunk_no int NOT NULL,
  bytes bytea NOT NULL,
  CONSTRAINT attachment_chunk_pkey PRIMARY KEY (agency_id, attachment_id, chunk_no),
  CONSTRAINT attachment_chunk_attachment_known FOREIGN KEY (agency_id, attachment_id) REFERENCES radioshop.attachment (agency_id, attachment_id),
  CONSTRAINT attachment_chunk_no_range CHECK (chunk_no BETWEEN 0 AND 511),
  CONSTRAINT attachment_chunk_bytes_range CHECK (octet_length(bytes) BETWEEN 1 AND 262144)
);
COMMENT ON TABLE radioshop.attachment_chunk IS 'bytes of attachments, chunk_bytes() each but for the last; no event tells them, that of the attachment has their SHA-256';
COMMENT ON CONSTRAINT attachment_chunk_pkey ON radioshop.attachment_chunk IS 'offset: this chunk is there already';
COMMENT ON CONSTRAINT attachment_chunk_attachment_known ON radioshop.attachment_chunk IS 'upload: no such upload';
COMMENT ON CONSTRAINT attachment_chunk_no_range ON radioshop.attachment_chunk IS 'offset: a file ends at 134217728 bytes';
COMMENT ON CONSTRAINT attachment_chunk_bytes_range ON radioshop.attachment_chunk IS 'data: a chunk has 1 to 262144 bytes';

ALTER TABLE radioshop.attachment ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY attachment_agency ON radioshop.attachment
  USING (agency_id = ANY ((SELECT nullif(current_setting('radioshop.agencies', true), '')::int[])::int[]));
ALTER TABLE radioshop.attachment_chunk ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY attachment_chunk_agency ON radioshop.attachment_chunk
  USING (agency_id = ANY ((SELECT nullif(current_setting('radioshop.agencies', true), '')::int[])::int[]));
GRANT SELECT, INSERT, UPDATE (state, media_type, stored_at, removed_by, removed_at, reason) ON radioshop.attachment TO radioshop_app;
GRANT SELECT, INSERT, DELETE ON radioshop.attachment_chunk TO radioshop_app;

CREATE TRIGGER record_event AFTER INSERT OR UPDATE OR DELETE ON radioshop.attachment
  FOR EACH ROW EXECUTE FUNCTION radioshop.record_event('attachment', 'attachment_id', 'name_key');

-- What holds whatever statement tries: an attachment begins as an upload, is stored when all of its bytes are there, and ends removed.
CREATE FUNCTION radioshop.attachment_follow() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  there bigint;
BEGIN
  IF TG_OP = 'INSERT' AND NEW.state <> 'uploading'
      OR TG_OP = 'UPDATE' AND (OLD.state, NEW.state) NOT IN (('uploading', 'stored'), ('uploading', 'removed'), ('stored', 'removed')) THEN
    RAISE EXCEPTION 'attachment % cannot go from % to %', NEW.name, CASE TG_OP WHEN 'UPDATE' THEN OLD.state ELSE 'nothing' END, NEW.state
      USING ERRCODE = '23514', SCHEMA = 'radioshop', TABLE = 'attachment', CONSTRAINT = 'attachment_move_allowed';
  END IF;
  IF NEW.state = 'stored' THEN
    SELECT sum(octet_length(c.bytes)) INTO there FROM radioshop.attachment_chunk c
      WHERE c.agency_id = NEW.agency_id AND c.attachment_id = NEW.attachment_id;
    IF there IS DISTINCT FROM NEW.size_bytes THEN
      RAISE EXCEPTION 'attachment % is not whole', NEW.name
        USING ERRCODE = '23514', SCHEMA = 'radioshop', TABLE = 'attachment', CONSTRAINT = 'attachment_whole';
    END IF;
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER follow BEFORE INSERT OR UPDATE OF state ON radioshop.attachment FOR EACH ROW EXECUTE FUNCTION radioshop.attachment_follow();

-- Keeps used_bytes. Bytes are counted when they are announced: uploads that nobody finishes cannot fill the disk either.
CREATE FUNCTION radioshop.attachment_count() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE radioshop.attachment_limits l SET used_bytes = l.used_bytes + CASE TG_OP WHEN 'INSERT' THEN NEW.size_bytes ELSE -NEW.size_bytes END
    WHERE l.agency_id = NEW.agency_id;
  RETURN NULL;
END
$$;
CREATE TRIGGER count_in AFTER INSERT ON radioshop.attachment FOR EACH ROW EXECUTE FUNCTION radioshop.attachment_count();
CREATE TRIGGER count_out AFTER UPDATE ON radioshop.attachment FOR EACH ROW WHEN (NEW.state = 'removed' AND OLD.state <> 'removed')
  EXECUTE FUNCTION radioshop.attachment_count();

-- A chunk fits the grid, which is full when the attachment is stored, and goes only with its attachment. The lock lets none come after a
-- removal.
CREATE FUNCTION radioshop.chunk_follow() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  chunk constant radioshop.attachment_chunk := CASE TG_OP WHEN 'INSERT' THEN NEW ELSE OLD END;
  it record;
BEGIN
  SELECT a.name, a.state, a.size_bytes - chunk.chunk_no::bigint * radioshop.chunk_bytes() AS left_bytes INTO it FROM radioshop.attachment a
    WHERE a.agency_id = chunk.agency_id AND a.attachment_id = chunk.attachment_id FOR KEY SHARE;
  IF TG_OP = 'INSERT' AND it.state = 'removed' OR TG_OP = 'DELETE' AND it.state = 'stored' THEN
    RAISE EXCEPTION 'attachment % is %: its bytes stay as they are', it.name, it.state
      USING ERRCODE = '23514', SCHEMA = 'radioshop', TABLE = 'attachment_chunk', CONSTRAINT = 'attachment_chunk_state_fits';
  ELSIF TG_OP = 'INSERT' AND octet_length(NEW.bytes) IS DISTINCT FROM least(radioshop.chunk_bytes(), it.left_bytes) THEN
    RAISE EXCEPTION 'a chunk of attachment % is too long or too short', it.name
      USING ERRCODE = '23514', SCHEMA = 'radioshop', TABLE = 'attachment_chunk', CONSTRAINT = 'attachment_chunk_fits';
  END IF;
  RETURN chunk;
END
$$;
CREATE TRIGGER follow BEFORE INSERT OR DELETE ON radioshop.attachment_chunk FOR EACH ROW EXECUTE FUNCTION radioshop.chunk_follow();

-- ---------------------------------------------------------------------------------------------------------------------
-- What bytes are

-- Whether bytes are text in UTF-8 without control characters. They may end within a character when they are the beginning of a file.
CREATE FUNCTION radioshop.is_plain_text(head bytea, cut boolean) RETURNS boolean LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
  FOR i IN 0 .. CASE WHEN cut THEN 3 ELSE 0 END LOOP
    BEGIN
      RETURN translate(convert_from(substring(head FROM 1 FOR octet_length(head) - i), 'UTF8'), E'\t\r\n\f', '') !~ '[[:cntrl:]]';
    EXCEPTION WHEN character_not_in_repertoire OR untranslatable_character THEN
      NULL;
    END;
  END LOOP;
  RETURN false;
END
$$;

-- The media type that the first bytes say, of the few that are known; nothing that a browser would run.
CREATE FUNCTION radioshop.media_type_of(head bytea, cut boolean, name text) RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
  RETURN CASE
    WHEN substring(head FROM 1 FOR 3) = '\xffd8ff' THEN 'image/jpeg'
    WHEN substring(head FROM 1 FOR 8) = '\x89504e470d0a1a0a' THEN 'image/png'
    WHEN substring(head FROM 1 FOR 5) = '\x255044462d' THEN 'application/pdf' -- %PDF-
    WHEN NOT radioshop.is_plain_text(head, cut) THEN 'application/octet-stream'
    WHEN name ~* '\.csv$' THEN 'text/csv'
    ELSE 'text/plain' END;
END
$$;

-- ---------------------------------------------------------------------------------------------------------------------
-- Finding and showing

-- What a file is on: a ticket by number or UUID, else an asset by any code on it.
CREATE FUNCTION radioshop.one_record(code text, OUT agency_id int, OUT asset_id uuid, OUT ticket_id uuid, OUT refusal text)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
  IF btrim(coalesce(one_record.code, '')) = '' THEN
    refusal := radioshop.refuse('INVALID_ARGUMENT', 'record', 'give the number of a ticket, or any code on an asset');
    RETURN;
  END IF;
  SELECT t.agency_id, t.asset_id, t.ticket_id INTO one_record.agency_id, one_record.asset_id, one_record.ticket_id
    FROM radioshop.find_ticket(one_record.code) f JOIN radioshop.ticket t ON t.agency_id = f.agency_id AND t.ticket_id = f.ticket_id;
  IF NOT FOUND THEN
    SELECT o.agency_id, o.asset_id, CASE
        WHEN o.refusal IS NULL THEN NULL
        WHEN o.refusal LIKE 'NOT\_FOUND%' THEN radioshop.refuse('NOT_FOUND', 'record', format('no ticket has the number %s, and no asset this code', one_record.code))
        ELSE radioshop.refuse(split_part(o.refusal, chr(31), 1), 'record', split_part(o.refusal, chr(31), 3)) END
      INTO one_record.agency_id, one_record.asset_id, one_record.refusal
      FROM radioshop.one_asset(one_record.code) o;
  END IF;
END
$$;

-- An attachment by what it is on and its name, or by its UUID. On an asset its own files come before those of its tickets.
CREATE FUNCTION radioshop.one_attachment(record text, name text, OUT agency_id int, OUT attachment_id uuid, OUT refusal text)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
  it record;
  own int;
  several text;
BEGIN
  IF btrim(coalesce(one_attachment.name, '')) = '' THEN
    IF one_attachment.record ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN
      SELECT a.agency_id, a.attachment_id INTO one_attachment.agency_id, one_attachment.attachment_id FROM radioshop.attachment a
        WHERE a.agency_id = ANY (radioshop.agencies()) AND a.attachment_id = one_attachment.record::uuid;
    END IF;
    IF one_attachment.attachment_id IS NULL THEN
      refusal := CASE WHEN one_attachment.record ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
        THEN radioshop.refuse('NOT_FOUND', 'attachment', format('no attachment has the UUID %s', one_attachment.record))
        ELSE radioshop.refuse('INVALID_ARGUMENT', 'name', 'give the name of the file') END;
    END IF;
    RETURN;
  END IF;
  it := radioshop.one_record(one_attachment.record);
  refusal := it.refusal;
  IF refusal IS NOT NULL THEN
    RETURN;
  END IF;
  SELECT (array_agg(a.agency_id ORDER BY a.ticket_id NULLS FIRST))[1], (array_agg(a.attachment_id ORDER BY a.ticket_id NULLS FIRST))[1],
      count(*) FILTER (WHERE a.ticket_id IS NULL OR it.ticket_id IS NOT NULL), string_agg(t.number, ', ' ORDER BY t.number)
    INTO one_attachment.agency_id, one_attachment.attachment_id, own, several
    FROM radioshop.attachment a LEFT JOIN radioshop.ticket t ON t.agency_id = a.agency_id AND t.ticket_id = a.ticket_id
    WHERE a.agency_id = it.agency_id AND a.asset_id = it.asset_id AND a.name_key = upper(btrim(one_attachment.name)) AND a.state <> 'removed'
      AND (it.ticket_id IS NULL OR a.ticket_id = it.ticket_id);
  refusal := CASE
    WHEN one_attachment.attachment_id IS NULL THEN radioshop.refuse('NOT_FOUND', 'name',
      format('%s has no file %s', one_attachment.record, btrim(one_attachment.name)))
    WHEN own = 0 AND several LIKE '%,%' THEN radioshop.refuse('INVALID_ARGUMENT', 'record',
      format('several tickets of it have a file of this name: %s; name the ticket', several)) END;
END
$$;

CREATE TYPE radioshop.attachment_shown AS (
  refusal text, id uuid, agency text, tag text, ticket text, name text, media_type text, size_bytes bigint, sha256 text, note text, state text,
  added_by text, added_at timestamptz, stored_at timestamptz, removed_by text, removed_at timestamptz, reason text, next_offset bigint
);

-- Where the first chunk begins that is not there; the size when all are.
CREATE FUNCTION radioshop.next_offset(agency int, attachment uuid, size_bytes bigint) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
  RETURN coalesce((SELECT n::bigint * radioshop.chunk_bytes() FROM generate_series(0, (size_bytes - 1) / radioshop.chunk_bytes()) n
    WHERE NOT EXISTS (SELECT FROM radioshop.attachment_chunk c WHERE c.agency_id = agency AND c.attachment_id = attachment AND c.chunk_no = n)
    ORDER BY n LIMIT 1), size_bytes);
END
$$;

-- VOLATILE, so that it sees what the calling function has just changed.
CREATE FUNCTION radioshop.shown_attachment(agency int, attachment uuid) RETURNS radioshop.attachment_shown LANGUAGE plpgsql AS $$
DECLARE
  shown radioshop.attachment_shown;
BEGIN
  SELECT NULL, a.attachment_id, g.code, s.tag, coalesce(t.number, ''), a.name, coalesce(a.media_type, ''), a.size_bytes, encode(a.sha256, 'hex'), a.note,
      a.state, a.added_by, a.added_at, a.stored_at, a.removed_by, a.removed_at, a.reason
    INTO shown.refusal, shown.id, shown.agency, shown.tag, shown.ticket, shown.name, shown.media_type, shown.size_bytes, shown.sha256, shown.note,
      shown.state, shown.added_by, shown.added_at, shown.stored_at, shown.removed_by, shown.removed_at, shown.reason
    FROM radioshop.attachment a JOIN radioshop.agency g ON g.agency_id = a.agency_id
      JOIN radioshop.asset s ON s.agency_id = a.agency_id AND s.asset_id = a.asset_id
      LEFT JOIN radioshop.ticket t ON t.agency_id = a.agency_id AND t.ticket_id = a.ticket_id
    WHERE a.agency_id = shown_attachment.agency AND a.attachment_id = shown_attachment.attachment;
  RETURN shown;
END
$$;

-- ---------------------------------------------------------------------------------------------------------------------
-- What happens to an attachment

-- Takes the bytes away; the rows stay and say why. The caller has the agency's limits locked.
CREATE FUNCTION radioshop.drop_bytes(agency int, attachments uuid[], why text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM radioshop.attachment a WHERE a.agency_id = agency AND a.attachment_id = ANY (attachments) ORDER BY a.attachment_id FOR UPDATE;
  UPDATE radioshop.attachment a SET state = 'removed', removed_at = now(), removed_by = radioshop.caller(), reason = why
    WHERE a.agency_id = agency AND a.attachment_id = ANY (attachments) AND a.state <> 'removed';
  DELETE FROM radioshop.attachment_chunk c WHERE c.agency_id = agency AND c.attachment_id = ANY (attachments);
END
$$;

-- Begins an upload, or says where one of the very same file stopped, whoever began it. What nobody finished within a day gives way.
CREATE FUNCTION radioshop.start_upload(record text, name text, size_bytes bigint, sha256 text, note text, restart boolean)
RETURNS radioshop.attachment_shown LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  shown radioshop.attachment_shown;
  it record;
  may record;
  had record;
  expired uuid[];
  freed bigint;
  files int;
  called constant text := btrim(coalesce(start_upload.name, ''));
  digest bytea;
  made uuid;
BEGIN
  it := radioshop.one_record(start_upload.record);
  SELECT l.file_bytes, l.total_bytes, l.record_files, l.used_bytes, g.code INTO may
    FROM radioshop.attachment_limits l JOIN radioshop.agency g ON g.agency_id = l.agency_id WHERE l.agency_id = it.agency_id FOR NO KEY UPDATE OF l;
  -- Whether it is too large comes first: nobody need read 2 GB for its SHA-256 to hear that.
  shown.refusal := CASE WHEN it.refusal IS NOT NULL THEN it.refusal
    WHEN coalesce(start_upload.size_bytes, 0) < 1 THEN radioshop.refuse('INVALID_ARGUMENT', 'size_bytes', 'an empty file is no attachment')
    WHEN start_upload.size_bytes > may.file_bytes THEN radioshop.refuse('INVALID_ARGUMENT', 'size_bytes',
      format('the file has %s; agency %s attaches files of at most %s', radioshop.shown_size(start_upload.size_bytes), may.code,
        radioshop.shown_size(may.file_bytes)))
    WHEN coalesce(start_upload.sha256, '') !~* '^[0-9a-f]{64}$' THEN radioshop.refuse('INVALID_ARGUMENT', 'sha256',
      'give the SHA-256 of the file as 64 hexadecimal digits') END;
  IF shown.refusal IS NOT NULL THEN
    RETURN shown;
  END IF;
  digest := decode(start_upload.sha256, 'hex');
  SELECT coalesce(array_agg(a.attachment_id), '{}'), coalesce(sum(a.size_bytes), 0) INTO expired, freed FROM radioshop.attachment a
    WHERE a.agency_id = it.agency_id AND a.state = 'uploading' AND a.added_at < now() - interval '1 day';
  SELECT a.attachment_id, a.state, a.size_bytes, a.sha256, a.added_by, a.added_at INTO had FROM radioshop.attachment a
    WHERE a.agency_id = it.agency_id AND a.asset_id = it.asset_id AND a.ticket_id IS NOT DISTINCT FROM it.ticket_id
      AND a.name_key = upper(called) AND a.state <> 'removed' AND a.attachment_id <> ALL (expired);
  IF FOUND AND had.size_bytes = start_upload.size_bytes AND had.sha256 = digest AND (had.state = 'stored' OR NOT coalesce(start_upload.restart, false)) THEN
    shown := radioshop.shown_attachment(it.agency_id, had.attachment_id);
    shown.next_offset := radioshop.next_offset(it.agency_id, had.attachment_id, had.size_bytes);
    RETURN shown;
  ELSIF had.state = 'stored' THEN
    shown.refusal := radioshop.refuse('ALREADY_EXISTS', 'name',
      format('%s has another file %s already; give this one another name, or remove that one', start_upload.record, called));
    RETURN shown;
  ELSIF had.added_by <> radioshop.caller() THEN
    shown.refusal := radioshop.refuse('ALREADY_EXISTS', 'name',
      format('%s is sending another file %s; give this one another name, or wait', had.added_by, called));
    RETURN shown;
  END IF;
  SELECT count(*) INTO files FROM radioshop.attachment a WHERE a.agency_id = it.agency_id AND a.asset_id = it.asset_id
    AND a.state <> 'removed' AND a.attachment_id <> ALL (expired) AND a.attachment_id IS DISTINCT FROM had.attachment_id;
  freed := freed + coalesce(had.size_bytes, 0);
  shown.refusal := CASE
    WHEN files >= may.record_files THEN radioshop.refuse('FAILED_PRECONDITION', 'record',
      format('the asset and its tickets have %s files, and may have %s; remove some', files, may.record_files))
    WHEN may.used_bytes - freed + start_upload.size_bytes > may.total_bytes THEN radioshop.refuse('FAILED_PRECONDITION', 'size_bytes',
      format('the file has %s; the files of agency %s have %s of %s already; remove some, or ask the shop for more',
        radioshop.shown_size(start_upload.size_bytes), may.code, radioshop.shown_size(may.used_bytes - freed), radioshop.shown_size(may.total_bytes))) END;
  IF shown.refusal IS NOT NULL THEN
    RETURN shown;
  END IF;
  PERFORM radioshop.drop_bytes(it.agency_id, expired, 'the upload was not finished within a day');
  IF had.attachment_id IS NOT NULL THEN
    PERFORM radioshop.drop_bytes(it.agency_id, ARRAY[had.attachment_id], 'the upload was begun anew');
  END IF;
  INSERT INTO radioshop.attachment (agency_id, asset_id, ticket_id, name, size_bytes, sha256, note)
    VALUES (it.agency_id, it.asset_id, it.ticket_id, called, start_upload.size_bytes, digest, btrim(coalesce(start_upload.note, '')))
    RETURNING attachment_id INTO made;
  shown := radioshop.shown_attachment(it.agency_id, made);
  shown.next_offset := 0;
  RETURN shown;
END
$$;

-- The upload that is meant, to be changed; refused when there is none.
CREATE FUNCTION radioshop.one_upload(upload uuid, OUT refusal text, OUT agency_id int, OUT state text, OUT name text, OUT size_bytes bigint,
  OUT sha256 bytea) LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
  SELECT a.agency_id, a.state, a.name, a.size_bytes, a.sha256, CASE a.state WHEN 'removed' THEN radioshop.refuse('FAILED_PRECONDITION', 'upload',
      format('%s was given up: %s; start the upload again', a.name, a.reason)) END
    INTO one_upload.agency_id, one_upload.state, one_upload.name, one_upload.size_bytes, one_upload.sha256, one_upload.refusal
    FROM radioshop.attachment a WHERE a.agency_id = ANY (radioshop.agencies()) AND a.attachment_id = one_upload.upload;
  IF NOT FOUND THEN
    refusal := CASE WHEN upload IS NULL THEN radioshop.refuse('INVALID_ARGUMENT', 'upload', 'give the UUID that StartUpload answered')
      ELSE radioshop.refuse('NOT_FOUND', 'upload', format('no upload has the UUID %s', upload)) END;
  END IF;
END
$$;

-- Takes one chunk. It may be there already, also since a moment ago from another client, if it has the same bytes.
CREATE FUNCTION radioshop.put_chunk(upload uuid, at bigint, data bytea, OUT refusal text, OUT next_offset bigint) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  it record;
  wanted bigint;
BEGIN
  PERFORM 1 FROM radioshop.attachment a WHERE a.agency_id = ANY (radioshop.agencies()) AND a.attachment_id = upload FOR KEY SHARE;
  it := radioshop.one_upload(upload);
  wanted := least(radioshop.chunk_bytes(), it.size_bytes - at);
  refusal := CASE WHEN it.refusal IS NOT NULL THEN it.refusal
    WHEN at < 0 OR at >= it.size_bytes OR at % radioshop.chunk_bytes() <> 0 THEN radioshop.refuse('INVALID_ARGUMENT', 'offset',
      format('chunks of %s begin at the multiples of %s below %s', it.name, radioshop.chunk_bytes(), it.size_bytes))
    WHEN octet_length(data) <> wanted THEN radioshop.refuse('INVALID_ARGUMENT', 'data',
      format('the chunk at %s has %s bytes, not %s', at, wanted, octet_length(data))) END;
  IF refusal IS NOT NULL THEN
    RETURN;
  END IF;
  INSERT INTO radioshop.attachment_chunk AS c (agency_id, attachment_id, chunk_no, bytes)
    VALUES (it.agency_id, upload, (at / radioshop.chunk_bytes())::int, data) ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN
    SELECT CASE WHEN c.bytes <> data THEN radioshop.refuse('ALREADY_EXISTS', 'data', format('other bytes came for the chunk at %s before', at)) END
      INTO refusal FROM radioshop.attachment_chunk c
      WHERE c.agency_id = it.agency_id AND c.attachment_id = upload AND c.chunk_no = at / radioshop.chunk_bytes();
  END IF;
  next_offset := radioshop.next_offset(it.agency_id, upload, it.size_bytes);
END
$$;

-- Makes an attachment of an upload whose bytes are all there and are those that were announced. Of two that finish it at once the second
-- finds it stored.
CREATE FUNCTION radioshop.finish_upload(upload uuid) RETURNS radioshop.attachment_shown LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  shown radioshop.attachment_shown;
  it record;
  digest bytea;
  next bigint;
BEGIN
  PERFORM 1 FROM radioshop.attachment a WHERE a.agency_id = ANY (radioshop.agencies()) AND a.attachment_id = upload FOR NO KEY UPDATE;
  it := radioshop.one_upload(upload);
  IF it.refusal IS NOT NULL OR it.state = 'stored' THEN
    shown := radioshop.shown_attachment(it.agency_id, upload);
    shown.refusal := it.refusal;
    RETURN shown;
  END IF;
  next := radioshop.next_offset(it.agency_id, upload, it.size_bytes);
  IF next = it.size_bytes THEN
    digest := sha256((SELECT string_agg(c.bytes, NULL) FROM (SELECT o.bytes FROM radioshop.attachment_chunk o
      WHERE o.agency_id = it.agency_id AND o.attachment_id = upload ORDER BY o.chunk_no) c));
  END IF;
  shown.refusal := CASE
    WHEN next < it.size_bytes THEN radioshop.refuse('FAILED_PRECONDITION', 'upload',
      format('%s is not whole: the chunk at %s of %s bytes has not come yet', it.name, next, it.size_bytes))
    WHEN digest <> it.sha256 THEN radioshop.refuse('FAILED_PRECONDITION', 'sha256',
      format('what came as %s has the SHA-256 %s, and %s was announced; send it anew', it.name, encode(digest, 'hex'), encode(it.sha256, 'hex'))) END;
  IF shown.refusal IS NOT NULL THEN
    RETURN shown;
  END IF;
  UPDATE radioshop.attachment a SET state = 'stored', stored_at = now(), media_type = (
      SELECT radioshop.media_type_of(c.bytes, a.size_bytes > radioshop.chunk_bytes(), a.name) FROM radioshop.attachment_chunk c
        WHERE c.agency_id = it.agency_id AND c.attachment_id = upload AND c.chunk_no = 0)
    WHERE a.agency_id = it.agency_id AND a.attachment_id = upload;
  RETURN radioshop.shown_attachment(it.agency_id, upload);
END
$$;

-- Takes the bytes of an attachment or an upload away. A technician's own go at his word, another's at that of who answers for the agency.
CREATE FUNCTION radioshop.remove_attachment(attachment uuid, reason text) RETURNS radioshop.attachment_shown LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  shown radioshop.attachment_shown;
  it record;
BEGIN
  -- In the order in which start_upload() locks.
  PERFORM 1 FROM radioshop.attachment_limits l WHERE l.agency_id = (SELECT a.agency_id FROM radioshop.attachment a
    WHERE a.agency_id = ANY (radioshop.agencies()) AND a.attachment_id = remove_attachment.attachment) FOR NO KEY UPDATE;
  SELECT a.agency_id, a.state, a.name, a.added_by, a.removed_by INTO it FROM radioshop.attachment a
    WHERE a.agency_id = ANY (radioshop.agencies()) AND a.attachment_id = remove_attachment.attachment;
  shown.refusal := CASE
    WHEN remove_attachment.attachment IS NULL THEN radioshop.refuse('INVALID_ARGUMENT', 'attachment', 'give the UUID of the attachment')
    WHEN it.agency_id IS NULL THEN radioshop.refuse('NOT_FOUND', 'attachment', format('no attachment has the UUID %s', remove_attachment.attachment))
    WHEN it.added_by <> radioshop.caller() AND NOT EXISTS (SELECT FROM radioshop.principal_grant g
        WHERE g.principal_id = nullif(current_setting('radioshop.principal_id', true), '')::uuid
          AND g.role IN ('fleet_manager', 'admin') AND g.agency_id IN (0, it.agency_id)) THEN radioshop.refuse('PERMISSION_DENIED', '',
      format('%s added %s; only %s, a fleet manager of the agency or an administrator removes it', it.added_by, it.name, it.added_by))
    WHEN it.state = 'removed' THEN radioshop.refuse('FAILED_PRECONDITION', 'attachment', format('%s was removed by %s already', it.name, it.removed_by))
    WHEN btrim(coalesce(remove_attachment.reason, '')) = '' THEN radioshop.refuse('INVALID_ARGUMENT', 'reason', 'say why it is removed') END;
  IF shown.refusal IS NOT NULL THEN
    RETURN shown;
  END IF;
  PERFORM radioshop.drop_bytes(it.agency_id, ARRAY[remove_attachment.attachment], btrim(remove_attachment.reason));
  RETURN radioshop.shown_attachment(it.agency_id, remove_attachment.attachment);
END
$$;

UPDATE radioshop.schema_version SET version = 27;

COMMIT;
