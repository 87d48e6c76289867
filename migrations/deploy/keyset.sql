-- Deploy radioshop:keyset to pg
--
-- Encryption by reference: which keysets there are, which radio was given which of them, when, by whom and with which loader. Never a key:
-- no text of these tables takes what looks like one, and the methods refuse it before they have done anything with it. A keyset belongs to
-- an agency, whose radios alone hold it, or to the shop (agency 0), for radios of all agencies whose class it is for.

BEGIN;

-- ---------------------------------------------------------------------------------------------------------------------
-- What may not be kept

-- 16 hexadecimal digits, whatever stands between them that is no letter or digit, or what base64 of a key looks like.
CREATE FUNCTION radioshop.looks_like_key(value text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
  plain constant text := normalize(value, NFKC);
BEGIN
  RETURN regexp_replace(plain, '0[xX]|\\[xX]|[^0-9A-Za-z]', '', 'g') ~ '[0-9A-Fa-f]{16}'
    OR plain ~ '[0-9A-Za-z+/_=-]{40}' OR plain ~ '[0-9A-Za-z+/_-]{21}[AQgw]=='
    OR EXISTS (SELECT FROM regexp_matches(plain, '[0-9A-Za-z+/_=-]{32,}', 'g') w (word)
      WHERE w.word[1] ~ '[0-9]' AND w.word[1] ~ '[A-Z]' AND w.word[1] ~ '[a-z]');
END
$$;

-- The refusal of the first text that looks like a key; NULL if none does. The text itself is in no sentence.
CREATE FUNCTION radioshop.refuse_key(fields text[], texts text[]) RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
  RETURN (SELECT radioshop.refuse('INVALID_ARGUMENT', t.field,
      'this looks like a key, and keys are never kept here; name the keyset and its CKRs, and put words between long numbers')
    FROM unnest(fields, texts) WITH ORDINALITY t (field, value, place) WHERE radioshop.looks_like_key(t.value) ORDER BY t.place LIMIT 1);
END
$$;

-- ---------------------------------------------------------------------------------------------------------------------
-- What kind of agency holds keys

ALTER TABLE radioshop.agency ADD COLUMN class text,
  ADD CONSTRAINT agency_class_known CHECK (class IN ('public_safety', 'public_works', 'schools', 'health', 'other'));
COMMENT ON COLUMN radioshop.agency.class IS 'NULL: not said, and so none of those that a keyset may be for';
COMMENT ON CONSTRAINT agency_class_known ON radioshop.agency IS
  'class: a class is public_safety, public_works, schools, health or other';
GRANT UPDATE (class) ON radioshop.agency TO radioshop_app;

-- Whether an agency of this class may hold a keyset for these; for none means for all.
CREATE FUNCTION radioshop.class_may_hold(classes text[], class text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT cardinality(classes) = 0 OR coalesce(class = ANY (classes), false)
$$;

-- ---------------------------------------------------------------------------------------------------------------------
-- CKRs, as people write them: 1-4,20

CREATE FUNCTION radioshop.read_ckrs(value text, OUT ckrs int[], OUT wrong boolean) LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
#variable_conflict use_column
DECLARE
  part text;
  ends int[];
  many int[] := '{}';
BEGIN
  wrong := char_length(read_ckrs.value) > 4000;
  FOREACH part IN ARRAY CASE WHEN wrong THEN '{}' ELSE string_to_array(coalesce(read_ckrs.value, ''), ',') END LOOP
    part := btrim(part);
    IF part !~ '^[0-9]{1,4}( *- *[0-9]{1,4})?$' THEN
      wrong := true;
      RETURN;
    END IF;
    ends := string_to_array(replace(part, ' ', ''), '-')::int[];
    wrong := wrong OR ends[1] > 4095 OR coalesce(ends[2] > 4095 OR ends[2] < ends[1], false);
    EXIT WHEN wrong;
    many := many || ARRAY(SELECT generate_series(ends[1], coalesce(ends[2], ends[1])));
    EXIT WHEN cardinality(many) > 100000;
  END LOOP;
  ckrs := ARRAY(SELECT DISTINCT c FROM unnest(many) c ORDER BY c);
END
$$;

CREATE FUNCTION radioshop.ckrs_text(ckrs int[]) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT coalesce(string_agg(CASE WHEN r.first = r.last THEN r.first::text ELSE r.first || '-' || r.last END, ',' ORDER BY r.first), '')
  FROM (SELECT min(c.ckr) AS first, max(c.ckr) AS last FROM unnest(ckrs) WITH ORDINALITY c (ckr, place) GROUP BY c.ckr - c.place) r
$$;

-- In order, each once, from 0 to 4095.
CREATE FUNCTION radioshop.are_ckrs(ckrs int[]) RETURNS boolean LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
  RETURN cardinality(ckrs) > 0 AND ckrs[1] >= 0 AND ckrs[cardinality(ckrs)] <= 4095
    AND ckrs = ARRAY(SELECT DISTINCT c FROM unnest(ckrs) c WHERE c IS NOT NULL ORDER BY c);
END
$$;

-- ---------------------------------------------------------------------------------------------------------------------
-- Tables

CREATE TABLE radioshop.keyset (
  agency_id int NOT NULL,
  keyset_id uuid NOT NULL DEFAULT radioshop.uuid_v7(),
  code text NOT NULL,
  code_key text COLLATE "C" NOT NULL GENERATED ALWAYS AS (upper(code)) STORED,
  name text NOT NULL,
  number int NOT NULL,
  algorithm text NOT NULL,
  ckrs int[] NOT NULL,
  classes text[] NOT NULL DEFAULT '{}',
  note text NOT NULL DEFAULT '',
  successor_agency_id int,
  successor_id uuid,
  old_at timestamptz,
  old_by text NOT NULL DEFAULT '',
  old_reason text NOT NULL DEFAULT '',
  created_by text NOT NULL DEFAULT radioshop.caller(),
  revision bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT keyset_pkey PRIMARY KEY (agency_id, keyset_id),
  CONSTRAINT keyset_code_unique UNIQUE (agency_id, code_key),
  CONSTRAINT keyset_agency_known FOREIGN KEY (agency_id) REFERENCES radioshop.agency,
  CONSTRAINT keyset_successor_known FOREIGN KEY (successor_agency_id, successor_id) REFERENCES radioshop.keyset (agency_id, keyset_id),
  CONSTRAINT keyset_code_form CHECK (code ~ '^[A-Za-z0-9][A-Za-z0-9._/-]{0,31}$'),
  CONSTRAINT keyset_code_no_key CHECK (NOT radioshop.looks_like_key(code)),
  CONSTRAINT keyset_name_form CHECK (name <> '' AND radioshop.is_line(name, 120)),
  CONSTRAINT keyset_name_no_key CHECK (NOT radioshop.looks_like_key(name)),
  CONSTRAINT keyset_number_range CHECK (number BETWEEN 1 AND 255),
  CONSTRAINT keyset_algorithm_known CHECK (algorithm IN ('aes_256', 'des_ofb', 'adp')),
  CONSTRAINT keyset_ckrs_form CHECK (radioshop.are_ckrs(ckrs)),
  CONSTRAINT keyset_classes_known CHECK (classes <@ '{public_safety,public_works,schools,health,other}'),
  CONSTRAINT keyset_note_form CHECK (radioshop.is_text(note, 2000)),
  CONSTRAINT keyset_note_no_key CHECK (NOT radioshop.looks_like_key(note)),
  CONSTRAINT keyset_old_whole CHECK ((old_at IS NULL) = (old_by = '') AND (old_at IS NOT NULL OR (successor_id IS NULL AND old_reason = ''))),
  CONSTRAINT keyset_successor_whole CHECK ((successor_agency_id IS NULL) = (successor_id IS NULL)),
  CONSTRAINT keyset_successor_fits CHECK (successor_agency_id IN (0, agency_id) AND successor_id <> keyset_id),
  CONSTRAINT keyset_old_reason_form CHECK (radioshop.is_line(old_reason, 500)),
  CONSTRAINT keyset_old_reason_no_key CHECK (NOT radioshop.looks_like_key(old_reason))
);
COMMENT ON COLUMN radioshop.keyset.agency_id IS '0: the shop''s, for radios of all agencies';
COMMENT ON COLUMN radioshop.keyset.classes IS 'of agencies whose radios may hold it; empty: of all';
COMMENT ON COLUMN radioshop.keyset.old_at IS 'since when it is to be in no radio any more; NULL while it is current';
COMMENT ON CONSTRAINT keyset_code_unique ON radioshop.keyset IS 'code: another keyset of it has this code';
COMMENT ON CONSTRAINT keyset_agency_known ON radioshop.keyset IS 'agency: no agency has this code';
COMMENT ON CONSTRAINT keyset_successor_known ON radioshop.keyset IS 'superseded_by: no keyset has this code';
COMMENT ON CONSTRAINT keyset_code_form ON radioshop.keyset IS
  'code: a code is one to 32 letters, digits, dots, hyphens, underscores or slashes, such as MARRS-AES-26, and begins with a letter or digit';
COMMENT ON CONSTRAINT keyset_code_no_key ON radioshop.keyset IS 'code: this looks like a key, and keys are never kept here';
COMMENT ON CONSTRAINT keyset_name_form ON radioshop.keyset IS 'name: a name is needed, one line of at most 120 characters';
COMMENT ON CONSTRAINT keyset_name_no_key ON radioshop.keyset IS 'name: this looks like a key, and keys are never kept here';
COMMENT ON CONSTRAINT keyset_number_range ON radioshop.keyset IS 'number: a keyset has a number from 1 to 255';
COMMENT ON CONSTRAINT keyset_algorithm_known ON radioshop.keyset IS 'algorithm: an algorithm is aes_256, des_ofb or adp';
COMMENT ON CONSTRAINT keyset_ckrs_form ON radioshop.keyset IS 'ckrs: give CKRs from 0 to 4095 and ranges of them, such as 1-4,20';
COMMENT ON CONSTRAINT keyset_classes_known ON radioshop.keyset IS
  'classes: a class is public_safety, public_works, schools, health or other';
COMMENT ON CONSTRAINT keyset_note_form ON radioshop.keyset IS
  'note: at most 2000 characters, and no control characters but tabs and line ends';
COMMENT ON CONSTRAINT keyset_note_no_key ON radioshop.keyset IS 'note: this looks like a key, and keys are never kept here';
COMMENT ON CONSTRAINT keyset_old_whole ON radioshop.keyset IS 'keyset: only what is old has a successor, and somebody has said that it is';
COMMENT ON CONSTRAINT keyset_successor_whole ON radioshop.keyset IS 'superseded_by: a successor is a whole keyset';
COMMENT ON CONSTRAINT keyset_successor_fits ON radioshop.keyset IS
  'superseded_by: another keyset of the same agency comes after it, or one of the shop';
COMMENT ON CONSTRAINT keyset_old_reason_form ON radioshop.keyset IS 'reason: a reason is one line of at most 500 characters';
COMMENT ON CONSTRAINT keyset_old_reason_no_key ON radioshop.keyset IS 'reason: this looks like a key, and keys are never kept here';
CREATE INDEX keyset_by_code ON radioshop.keyset (code_key);

-- A row says what a radio holds of a keyset from then on; the next load of it, or its erasure, ends the row.
CREATE TABLE radioshop.key_load (
  agency_id int NOT NULL,
  load_id uuid NOT NULL DEFAULT radioshop.uuid_v7(),
  asset_id uuid NOT NULL,
  keyset_agency_id int NOT NULL,
  keyset_id uuid NOT NULL,
  ckrs int[] NOT NULL,
  means text NOT NULL,
  loader_agency_id int,
  loader_id uuid,
  loaded_on date NOT NULL,
  note text NOT NULL DEFAULT '',
  exception text NOT NULL DEFAULT '',
  recorded_by text NOT NULL DEFAULT radioshop.caller(),
  recorded_at timestamptz NOT NULL DEFAULT now(),
  ended_as text,
  ended_on date,
  ended_note text NOT NULL DEFAULT '',
  ended_by text NOT NULL DEFAULT '',
  ended_at timestamptz,
  CONSTRAINT key_load_pkey PRIMARY KEY (agency_id, load_id),
  CONSTRAINT key_load_asset_known FOREIGN KEY (agency_id, asset_id) REFERENCES radioshop.asset (agency_id, asset_id),
  CONSTRAINT key_load_keyset_known FOREIGN KEY (keyset_agency_id, keyset_id) REFERENCES radioshop.keyset (agency_id, keyset_id),
  CONSTRAINT key_load_loader_known FOREIGN KEY (loader_agency_id, loader_id) REFERENCES radioshop.asset (agency_id, asset_id),
  CONSTRAINT key_load_keyset_fits CHECK (keyset_agency_id IN (0, agency_id)),
  CONSTRAINT key_load_ckrs_form CHECK (radioshop.are_ckrs(ckrs)),
  CONSTRAINT key_load_means_known CHECK (means IN ('loader', 'otar', 'taken_over')),
  CONSTRAINT key_load_loader_fits CHECK ((means = 'loader') = (loader_id IS NOT NULL) AND (loader_id IS NULL) = (loader_agency_id IS NULL)),
  CONSTRAINT key_load_loaded_on_range CHECK (loaded_on BETWEEN '1990-01-01' AND '2199-12-31'),
  CONSTRAINT key_load_note_form CHECK (radioshop.is_text(note, 2000)),
  CONSTRAINT key_load_note_no_key CHECK (NOT radioshop.looks_like_key(note)),
  CONSTRAINT key_load_exception_form CHECK (radioshop.is_line(exception, 500)),
  CONSTRAINT key_load_exception_no_key CHECK (NOT radioshop.looks_like_key(exception)),
  CONSTRAINT key_load_ended_as_known CHECK (ended_as IN ('reloaded', 'erased', 'zeroized', 'replaced')),
  CONSTRAINT key_load_ended_whole CHECK ((ended_as IS NULL) = (ended_on IS NULL) AND (ended_as IS NULL) = (ended_at IS NULL)
    AND (ended_as IS NULL) = (ended_by = '') AND (ended_as IS NOT NULL OR ended_note = '')),
  CONSTRAINT key_load_ended_on_range CHECK (ended_on BETWEEN loaded_on AND '2199-12-31'),
  CONSTRAINT key_load_ended_note_form CHECK (radioshop.is_text(ended_note, 2000)),
  CONSTRAINT key_load_ended_note_no_key CHECK (NOT radioshop.looks_like_key(ended_note))
);
COMMENT ON COLUMN radioshop.key_load.ckrs IS 'what the radio holds of the keyset since, with what it held before';
COMMENT ON COLUMN radioshop.key_load.exception IS 'why it was loaded although the keyset is not for the class of the agency';
COMMENT ON CONSTRAINT key_load_asset_known ON radioshop.key_load IS 'assets: no such asset';
COMMENT ON CONSTRAINT key_load_keyset_known ON radioshop.key_load IS 'keyset: no keyset has this code';
COMMENT ON CONSTRAINT key_load_loader_known ON radioshop.key_load IS 'loader: no such asset';
COMMENT ON CONSTRAINT key_load_keyset_fits ON radioshop.key_load IS 'keyset: a keyset of an agency is for its own radios only';
COMMENT ON CONSTRAINT key_load_ckrs_form ON radioshop.key_load IS 'ckrs: give CKRs from 0 to 4095 and ranges of them, such as 1-4,20';
COMMENT ON CONSTRAINT key_load_means_known ON radioshop.key_load IS 'means: keys come by a loader, by otar, or were taken_over';
COMMENT ON CONSTRAINT key_load_loader_fits ON radioshop.key_load IS 'loader: say with which loader, unless they came by OTAR or were in it already';
COMMENT ON CONSTRAINT key_load_loaded_on_range ON radioshop.key_load IS 'loaded_on: the day must lie between 1990-01-01 and 2199-12-31';
COMMENT ON CONSTRAINT key_load_note_form ON radioshop.key_load IS
  'note: at most 2000 characters, and no control characters but tabs and line ends';
COMMENT ON CONSTRAINT key_load_note_no_key ON radioshop.key_load IS 'note: this looks like a key, and keys are never kept here';
COMMENT ON CONSTRAINT key_load_exception_form ON radioshop.key_load IS 'exception: a reason is one line of at most 500 characters';
COMMENT ON CONSTRAINT key_load_exception_no_key ON radioshop.key_load IS 'exception: this looks like a key, and keys are never kept here';
COMMENT ON CONSTRAINT key_load_ended_as_known ON radioshop.key_load IS 'keyset: keys are reloaded, erased, zeroized or replaced';
COMMENT ON CONSTRAINT key_load_ended_whole ON radioshop.key_load IS 'keyset: what is erased was erased by somebody';
COMMENT ON CONSTRAINT key_load_ended_on_range ON radioshop.key_load IS 'erased_on: keys are erased on the day they were loaded, or later';
COMMENT ON CONSTRAINT key_load_ended_note_form ON radioshop.key_load IS
  'note: at most 2000 characters, and no control characters but tabs and line ends';
COMMENT ON CONSTRAINT key_load_ended_note_no_key ON radioshop.key_load IS 'note: this looks like a key, and keys are never kept here';
CREATE UNIQUE INDEX key_load_one_held ON radioshop.key_load (agency_id, asset_id, keyset_id) WHERE ended_at IS NULL;
COMMENT ON INDEX radioshop.key_load_one_held IS 'assets: somebody else has just recorded this load; look at it first';
CREATE INDEX key_load_held_by_time ON radioshop.key_load (agency_id, recorded_at DESC, load_id DESC) WHERE ended_at IS NULL;
CREATE INDEX key_load_by_time ON radioshop.key_load (agency_id, recorded_at DESC, load_id DESC);
CREATE INDEX key_load_held_by_keyset ON radioshop.key_load (agency_id, keyset_id, recorded_at DESC, load_id DESC) WHERE ended_at IS NULL;
CREATE INDEX key_load_by_asset ON radioshop.key_load (agency_id, asset_id, recorded_at DESC, load_id DESC);

CREATE TRIGGER touch BEFORE UPDATE ON radioshop.keyset FOR EACH ROW EXECUTE FUNCTION radioshop.touch();
CREATE TRIGGER record_event AFTER INSERT OR UPDATE OR DELETE ON radioshop.keyset
  FOR EACH ROW EXECUTE FUNCTION radioshop.record_event('keyset', 'keyset_id', 'code_key');
CREATE TRIGGER record_event AFTER INSERT OR UPDATE OR DELETE ON radioshop.key_load
  FOR EACH ROW EXECUTE FUNCTION radioshop.record_event('key_load', 'asset_id');

-- A row that has ended stays as it ended, whatever statement tries.
CREATE FUNCTION radioshop.key_load_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'what a radio held is not changed any more'
    USING ERRCODE = '23514', SCHEMA = 'radioshop', TABLE = 'key_load', CONSTRAINT = 'key_load_stays';
END
$$;
CREATE TRIGGER stays BEFORE UPDATE ON radioshop.key_load FOR EACH ROW WHEN (OLD.ended_at IS NOT NULL)
  EXECUTE FUNCTION radioshop.key_load_stays();

-- A keyset of the shop is read by all who have a role anywhere. Who records a load locks it against its end (FOR SHARE asks for the right
-- to change it), so who sees it may lock it, and only its owner may change it.
ALTER TABLE radioshop.keyset ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY keyset_read ON radioshop.keyset FOR SELECT
  USING (agency_id = ANY ((SELECT 0 || nullif(current_setting('radioshop.agencies', true), '')::int[])::int[])
    AND (SELECT radioshop.agencies()) IS NOT NULL);
CREATE POLICY keyset_add ON radioshop.keyset FOR INSERT
  WITH CHECK (agency_id = ANY ((SELECT nullif(current_setting('radioshop.agencies', true), '')::int[])::int[]));
CREATE POLICY keyset_change ON radioshop.keyset FOR UPDATE
  USING (agency_id = ANY ((SELECT 0 || nullif(current_setting('radioshop.agencies', true), '')::int[])::int[])
    AND (SELECT radioshop.agencies()) IS NOT NULL)
  WITH CHECK (agency_id = ANY ((SELECT nullif(current_setting('radioshop.agencies', true), '')::int[])::int[]));
ALTER TABLE radioshop.key_load ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY key_load_agency ON radioshop.key_load
  USING (agency_id = ANY ((SELECT nullif(current_setting('radioshop.agencies', true), '')::int[])::int[]));
GRANT SELECT, INSERT, UPDATE (name, ckrs, classes, note, successor_agency_id, successor_id, old_at, old_by, old_reason) ON radioshop.keyset
  TO radioshop_app;
GRANT SELECT, INSERT, UPDATE (ended_as, ended_on, ended_note, ended_by, ended_at) ON radioshop.key_load TO radioshop_app;

-- Another radio that a vendor sends in the place of one has none of its keys.
CREATE FUNCTION radioshop.keys_of_replaced() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE radioshop.key_load l SET ended_as = 'replaced', ended_on = greatest(l.loaded_on, radioshop.today(g.time_zone)),
      ended_by = radioshop.caller(), ended_at = now()
    FROM radioshop.agency g
    WHERE l.agency_id = NEW.agency_id AND l.asset_id = NEW.asset_id AND l.ended_at IS NULL AND g.agency_id = l.agency_id;
  RETURN NULL;
END
$$;
CREATE TRIGGER end_keys AFTER INSERT ON radioshop.asset_former_serial
  FOR EACH ROW EXECUTE FUNCTION radioshop.keys_of_replaced();

-- ---------------------------------------------------------------------------------------------------------------------
-- What the methods share

-- A keyset as a caller sees it, with how many of the caller's radios hold it, or why not. In step with message Keyset.
CREATE TYPE radioshop.keyset_shown AS (
  refusal text, id uuid, agency text, code text, name text, number int, algorithm text, ckrs text, classes text[], note text, state text,
  superseded_by text, old_at timestamptz, old_by text, reason text, holders int, created_by text, created_at timestamptz, revision bigint
);

-- How a keyset is named: by its code, with that of its owner in front. The name of the shop is no secret, though its row is.
CREATE FUNCTION radioshop.keyset_name(agency int, keyset uuid) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (SELECT CASE WHEN k.agency_id = 0 THEN 'SHOP' ELSE g.code END || ':' || k.code
    FROM radioshop.keyset k LEFT JOIN radioshop.agency g ON g.agency_id = k.agency_id
    WHERE k.agency_id = keyset_name.agency AND k.keyset_id = keyset_name.keyset);
END
$$;

CREATE FUNCTION radioshop.shown_keyset(agency int, keyset uuid) RETURNS radioshop.keyset_shown LANGUAGE plpgsql AS $$
DECLARE
  shown radioshop.keyset_shown;
BEGIN
  SELECT NULL, k.keyset_id, CASE WHEN k.agency_id = 0 THEN 'SHOP' ELSE g.code END, k.code, k.name, k.number, k.algorithm,
      radioshop.ckrs_text(k.ckrs), k.classes, k.note, CASE WHEN k.old_at IS NULL THEN 'current' ELSE 'old' END,
      coalesce(radioshop.keyset_name(k.successor_agency_id, k.successor_id), ''), k.old_at, k.old_by, k.old_reason,
      (SELECT count(*)::int FROM radioshop.key_load l WHERE l.agency_id = ANY (radioshop.agencies()) AND l.keyset_id = k.keyset_id
        AND l.ended_at IS NULL), k.created_by, k.created_at, k.revision
    INTO shown
    FROM radioshop.keyset k LEFT JOIN radioshop.agency g ON g.agency_id = k.agency_id
    WHERE k.agency_id = shown_keyset.agency AND k.keyset_id = shown_keyset.keyset;
  RETURN shown;
END
$$;

-- The keyset that a code means: its UUID, its code, or its code behind that of its owner, such as SHOP:MARRS-AES-26.
CREATE FUNCTION radioshop.one_keyset(code text, field text, OUT agency_id int, OUT keyset_id uuid, OUT refusal text) LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
  key constant text := upper(btrim(coalesce(one_keyset.code, '')));
  names text[];
BEGIN
  SELECT (array_agg(k.agency_id))[1], (array_agg(k.keyset_id))[1], array_agg(radioshop.keyset_name(k.agency_id, k.keyset_id) ORDER BY k.agency_id)
    INTO one_keyset.agency_id, one_keyset.keyset_id, names
    FROM radioshop.keyset k
    WHERE k.code_key = key OR k.keyset_id::text = lower(key)
      OR (key ~ ':' AND k.code_key = substr(key, strpos(key, ':') + 1)
        AND split_part(key, ':', 1) = split_part(radioshop.keyset_name(k.agency_id, k.keyset_id), ':', 1));
  refusal := CASE
    WHEN key = '' THEN radioshop.refuse('INVALID_ARGUMENT', field, 'give the code of a keyset, such as MARRS-AES-26')
    WHEN names IS NULL THEN radioshop.refuse('NOT_FOUND', field, format('no keyset has the code %s', btrim(one_keyset.code)))
    WHEN cardinality(names) > 1 THEN radioshop.refuse('INVALID_ARGUMENT', field, format('%s keysets have the code %s; say which: %s',
      cardinality(names), btrim(one_keyset.code), array_to_string(names[:8], ', '))) END;
END
$$;

-- What a radio holds or held of a keyset, as a caller sees it, or why not. In step with message KeyLoad. A loader that belongs to an
-- agency which the caller does not see has no name.
CREATE TYPE radioshop.key_load_shown AS (
  refusal text, id uuid, agency text, tag text, serial text, model text, status text, assigned_to text, keyset text, name text, number int,
  algorithm text, ckrs text, state text, superseded_by text, means text, loader text, loaded_on date, note text, not_allowed boolean,
  exception text, recorded_by text, recorded_at timestamptz, ended_as text, ended_on date, ended_note text, ended_by text,
  ended_at timestamptz, asset_id uuid
);

CREATE FUNCTION radioshop.shown_key_load(agency int, load uuid) RETURNS radioshop.key_load_shown LANGUAGE plpgsql AS $$
DECLARE
  shown radioshop.key_load_shown;
BEGIN
  SELECT NULL, l.load_id, g.code, a.tag, a.serial, coalesce(m.number, ''), a.status, a.assigned_to,
      radioshop.keyset_name(k.agency_id, k.keyset_id), k.name, k.number, k.algorithm, radioshop.ckrs_text(l.ckrs),
      CASE WHEN k.old_at IS NULL THEN 'current' ELSE 'old' END, coalesce(radioshop.keyset_name(k.successor_agency_id, k.successor_id), ''),
      l.means, CASE WHEN l.loader_id IS NULL THEN '' ELSE coalesce((SELECT o.code || ':' || x.tag FROM radioshop.asset x
          JOIN radioshop.agency o ON o.agency_id = x.agency_id
          WHERE x.agency_id = l.loader_agency_id AND x.asset_id = l.loader_id), 'of another agency') END,
      l.loaded_on, l.note, NOT radioshop.class_may_hold(k.classes, g.class), l.exception, l.recorded_by, l.recorded_at, l.ended_as,
      l.ended_on, l.ended_note, l.ended_by, l.ended_at, l.asset_id
    INTO shown
    FROM radioshop.key_load l JOIN radioshop.agency g ON g.agency_id = l.agency_id
      JOIN radioshop.asset a ON a.agency_id = l.agency_id AND a.asset_id = l.asset_id
      JOIN radioshop.keyset k ON k.agency_id = l.keyset_agency_id AND k.keyset_id = l.keyset_id
      LEFT JOIN radioshop.model m ON m.model_id = a.model_id
    WHERE l.agency_id = shown_key_load.agency AND l.load_id = shown_key_load.load;
  RETURN shown;
END
$$;

-- ---------------------------------------------------------------------------------------------------------------------
-- Keysets

CREATE FUNCTION radioshop.refuse_owner(owner int, code text) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN CASE WHEN owner = 0 AND NOT radioshop.is_shop() THEN radioshop.refuse('PERMISSION_DENIED', '',
    format('keyset %s is the shop''s, and only who manages for every agency makes or changes one', code)) END;
END
$$;

CREATE FUNCTION radioshop.create_keyset(agency text, code text, name text, number int, algorithm text, ckrs text, classes text[], note text)
RETURNS radioshop.keyset_shown LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  shown radioshop.keyset_shown;
  place int;
  own constant text := btrim(coalesce(create_keyset.code, ''));
  said constant text := btrim(coalesce(create_keyset.note, ''), E' \t\r\n');
  made constant uuid := radioshop.uuid_v7();
  list record;
BEGIN
  shown.refusal := radioshop.refuse_key('{keyset.code,keyset.name,keyset.ckrs,keyset.note,keyset.agency}',
    ARRAY[own, create_keyset.name, create_keyset.ckrs, said, create_keyset.agency]);
  IF shown.refusal IS NOT NULL THEN
    RETURN shown;
  END IF;
  list := radioshop.read_ckrs(create_keyset.ckrs);
  SELECT g.agency_id INTO place FROM radioshop.agency g
    WHERE g.code = upper(btrim(create_keyset.agency)) AND g.agency_id = ANY (radioshop.agencies());
  IF upper(btrim(create_keyset.agency)) = 'SHOP' THEN
    place := 0;
  END IF;
  shown.refusal := CASE
    WHEN coalesce(btrim(create_keyset.agency), '') = '' THEN radioshop.refuse('INVALID_ARGUMENT', 'keyset.agency',
      'say whose it is: the code of an agency, or SHOP for radios of several')
    WHEN place IS NULL THEN radioshop.refuse('NOT_FOUND', 'keyset.agency', format('no agency has the code %s', btrim(create_keyset.agency)))
    WHEN radioshop.refuse_owner(place, own) IS NOT NULL THEN radioshop.refuse_owner(place, own)
    WHEN create_keyset.number IS NULL OR create_keyset.number NOT BETWEEN 1 AND 255 THEN
      radioshop.refuse('INVALID_ARGUMENT', 'keyset.number', 'a keyset has a number from 1 to 255')
    WHEN create_keyset.algorithm IS NULL THEN
      radioshop.refuse('INVALID_ARGUMENT', 'keyset.algorithm', 'say by which algorithm: aes_256, des_ofb or adp')
    WHEN list.wrong OR cardinality(list.ckrs) = 0 THEN
      radioshop.refuse('INVALID_ARGUMENT', 'keyset.ckrs', 'give CKRs from 0 to 4095 and ranges of them, such as 1-4,20')
    ELSE (SELECT radioshop.refuse('ALREADY_EXISTS', 'keyset.code', format('there is a keyset %s already',
        radioshop.keyset_name(k.agency_id, k.keyset_id))) FROM radioshop.keyset k WHERE k.agency_id = place AND k.code_key = upper(own)) END;
  IF shown.refusal IS NOT NULL THEN
    RETURN shown;
  END IF;
  INSERT INTO radioshop.keyset (agency_id, keyset_id, code, name, number, algorithm, ckrs, classes, note)
    VALUES (place, made, own, btrim(coalesce(create_keyset.name, '')), create_keyset.number, create_keyset.algorithm, list.ckrs,
      ARRAY(SELECT DISTINCT c FROM unnest(create_keyset.classes) c WHERE c IS NOT NULL ORDER BY c), said);
  RETURN radioshop.shown_keyset(place, made);
END
$$;

-- The keyset that its owner is about to change, locked, or why it cannot be.
CREATE FUNCTION radioshop.keyset_to_change(keyset text, field text, revision bigint, OUT refusal text, OUT agency_id int, OUT keyset_id uuid,
  OUT name text, OUT old_at timestamptz, OUT current_revision bigint) LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
  SELECT o.agency_id, o.keyset_id, o.refusal INTO keyset_to_change.agency_id, keyset_to_change.keyset_id, keyset_to_change.refusal
    FROM radioshop.one_keyset(keyset_to_change.keyset, keyset_to_change.field) o;
  IF refusal IS NULL THEN
    name := radioshop.keyset_name(agency_id, keyset_id);
    refusal := radioshop.refuse_owner(agency_id, name);
  END IF;
  IF refusal IS NOT NULL THEN
    RETURN;
  END IF;
  SELECT k.old_at, k.revision INTO keyset_to_change.old_at, keyset_to_change.current_revision FROM radioshop.keyset k
    WHERE k.agency_id = keyset_to_change.agency_id AND k.keyset_id = keyset_to_change.keyset_id FOR NO KEY UPDATE;
  refusal := CASE
    WHEN coalesce(keyset_to_change.revision, 0) <= 0 THEN radioshop.refuse('INVALID_ARGUMENT', 'revision', 'give the revision you have read')
    WHEN keyset_to_change.revision <> current_revision THEN radioshop.refuse('ABORTED', 'revision',
      format('keyset %s has moved on to revision %s; read it again', keyset_to_change.name, current_revision)) END;
END
$$;

CREATE FUNCTION radioshop.update_keyset(keyset text, revision bigint, mask text[], name text, ckrs text, classes text[], note text)
RETURNS radioshop.keyset_shown LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  changeable constant text[] := '{name,ckrs,classes,note}';
  shown radioshop.keyset_shown;
  it record;
  list record;
BEGIN
  shown.refusal := radioshop.refuse_key('{keyset.name,keyset.ckrs,keyset.note}', ARRAY[update_keyset.name, update_keyset.ckrs, update_keyset.note]);
  IF shown.refusal IS NOT NULL THEN
    RETURN shown;
  END IF;
  it := radioshop.keyset_to_change(update_keyset.keyset, 'keyset', update_keyset.revision);
  list := radioshop.read_ckrs(update_keyset.ckrs);
  shown.refusal := CASE
    WHEN it.refusal IS NOT NULL THEN it.refusal
    WHEN coalesce(cardinality(mask), 0) = 0 OR NOT mask <@ changeable THEN radioshop.refuse('INVALID_ARGUMENT', 'update_mask', format('only '
      'these can be changed: %s; another number or algorithm is another keyset', array_to_string(changeable, ', ')))
    WHEN 'ckrs' = ANY (mask) AND (list.wrong OR cardinality(list.ckrs) = 0) THEN
      radioshop.refuse('INVALID_ARGUMENT', 'keyset.ckrs', 'give CKRs from 0 to 4095 and ranges of them, such as 1-4,20') END;
  IF shown.refusal IS NOT NULL THEN
    RETURN shown;
  END IF;
  UPDATE radioshop.keyset k SET
      name = CASE WHEN 'name' = ANY (mask) THEN btrim(coalesce(update_keyset.name, '')) ELSE k.name END,
      ckrs = CASE WHEN 'ckrs' = ANY (mask) THEN list.ckrs ELSE k.ckrs END,
      classes = CASE WHEN 'classes' = ANY (mask) THEN ARRAY(SELECT DISTINCT c FROM unnest(update_keyset.classes) c WHERE c IS NOT NULL ORDER BY c)
        ELSE k.classes END,
      note = CASE WHEN 'note' = ANY (mask) THEN btrim(coalesce(update_keyset.note, ''), E' \t\r\n') ELSE k.note END
    WHERE k.agency_id = it.agency_id AND k.keyset_id = it.keyset_id;
  RETURN radioshop.shown_keyset(it.agency_id, it.keyset_id);
END
$$;

-- Makes a keyset an old one. What comes after it is current, so that successors make no circle; both are locked in one order for that.
CREATE FUNCTION radioshop.supersede_keyset(keyset text, revision bigint, superseded_by text, reason text) RETURNS radioshop.keyset_shown
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  shown radioshop.keyset_shown;
  after record;
  before record;
  it record;
  successor_old boolean;
  said constant text := btrim(coalesce(supersede_keyset.reason, ''));
BEGIN
  shown.refusal := radioshop.refuse_key('{reason}', ARRAY[said]);
  IF shown.refusal IS NOT NULL THEN
    RETURN shown;
  END IF;
  before := radioshop.one_keyset(supersede_keyset.keyset, 'keyset');
  IF coalesce(btrim(superseded_by), '') <> '' THEN
    after := radioshop.one_keyset(superseded_by, 'superseded_by');
  ELSE
    SELECT NULL::int AS agency_id, NULL::uuid AS keyset_id, NULL::text AS refusal INTO after;
  END IF;
  PERFORM 1 FROM radioshop.keyset k WHERE k.keyset_id IN (before.keyset_id, after.keyset_id) ORDER BY k.keyset_id FOR NO KEY UPDATE;
  it := radioshop.keyset_to_change(supersede_keyset.keyset, 'keyset', supersede_keyset.revision);
  SELECT k.old_at IS NOT NULL INTO successor_old FROM radioshop.keyset k WHERE k.agency_id = after.agency_id AND k.keyset_id = after.keyset_id;
  shown.refusal := CASE
    WHEN it.refusal IS NOT NULL THEN it.refusal
    WHEN it.old_at IS NOT NULL THEN radioshop.refuse('FAILED_PRECONDITION', 'keyset',
      format('keyset %s is old already; to name another successor take that back first: radioshop key reinstate %s', it.name, it.name))
    WHEN after.refusal IS NOT NULL THEN after.refusal
    WHEN after.keyset_id = it.keyset_id THEN radioshop.refuse('INVALID_ARGUMENT', 'superseded_by', 'another keyset comes after it')
    WHEN after.agency_id NOT IN (0, it.agency_id) THEN radioshop.refuse('INVALID_ARGUMENT', 'superseded_by',
      'another keyset of the same agency comes after it, or one of the shop')
    WHEN successor_old THEN radioshop.refuse('FAILED_PRECONDITION', 'superseded_by',
      format('keyset %s is old itself; name one that is current', radioshop.keyset_name(after.agency_id, after.keyset_id)))
    WHEN after.keyset_id IS NULL AND said = '' THEN
      radioshop.refuse('INVALID_ARGUMENT', 'reason', 'name the keyset that comes after it, or say why none does') END;
  IF shown.refusal IS NOT NULL THEN
    RETURN shown;
  END IF;
  UPDATE radioshop.keyset k SET successor_agency_id = after.agency_id, successor_id = after.keyset_id, old_at = now(),
      old_by = radioshop.caller(), old_reason = said
    WHERE k.agency_id = it.agency_id AND k.keyset_id = it.keyset_id;
  RETURN radioshop.shown_keyset(it.agency_id, it.keyset_id);
END
$$;

CREATE FUNCTION radioshop.reinstate_keyset(keyset text, revision bigint) RETURNS radioshop.keyset_shown LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  shown radioshop.keyset_shown;
  it record;
BEGIN
  it := radioshop.keyset_to_change(reinstate_keyset.keyset, 'keyset', reinstate_keyset.revision);
  shown.refusal := CASE WHEN it.refusal IS NOT NULL THEN it.refusal
    WHEN it.old_at IS NULL THEN radioshop.refuse('FAILED_PRECONDITION', 'keyset', format('keyset %s is current', it.name)) END;
  IF shown.refusal IS NOT NULL THEN
    RETURN shown;
  END IF;
  UPDATE radioshop.keyset k SET successor_agency_id = NULL, successor_id = NULL, old_at = NULL, old_by = '', old_reason = ''
    WHERE k.agency_id = it.agency_id AND k.keyset_id = it.keyset_id;
  RETURN radioshop.shown_keyset(it.agency_id, it.keyset_id);
END
$$;

-- ---------------------------------------------------------------------------------------------------------------------
-- Loads

-- One refusal for what is wrong with some of many radios: all of them are recorded, or none.
CREATE FUNCTION radioshop.refuse_some(refusals text[], asked int) RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
  n constant int := cardinality(refusals);
BEGIN
  RETURN CASE WHEN n = 0 THEN NULL
    WHEN asked = 1 THEN refusals[1]
    ELSE radioshop.refuse(split_part(refusals[1], chr(31), 1), 'assets', format('nothing is recorded, since %s of %s cannot be: %s%s', n, asked,
      (SELECT string_agg(split_part(r.refusal, chr(31), 3), '; ' ORDER BY r.place) FROM unnest(refusals[:8]) WITH ORDINALITY r (refusal, place)),
      CASE WHEN n > 8 THEN '; and more' ELSE '' END)) END;
END
$$;

-- The radios that codes mean, each once and locked in one order, or the refusals of those that mean none.
CREATE FUNCTION radioshop.assets_to_key(codes text[], OUT agencies int[], OUT assets uuid[], OUT refusals text[]) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  code text;
  it record;
BEGIN
  agencies := '{}'; assets := '{}'; refusals := '{}';
  IF coalesce(cardinality(codes), 0) NOT BETWEEN 1 AND 500 THEN
    refusals := ARRAY[radioshop.refuse('INVALID_ARGUMENT', 'assets', 'give the radios, at least one and at most 500 at once')];
    RETURN;
  END IF;
  FOREACH code IN ARRAY codes LOOP
    it := radioshop.one_asset(btrim(code));
    IF it.refusal IS NOT NULL THEN
      refusals := refusals || radioshop.refuse(split_part(it.refusal, chr(31), 1), 'assets', split_part(it.refusal, chr(31), 3));
    ELSIF it.asset_id <> ALL (assets) THEN
      agencies := agencies || it.agency_id;
      assets := assets || it.asset_id;
    END IF;
  END LOOP;
  PERFORM radioshop.lock_assets(assets);
END
$$;

-- Why this radio cannot have been loaded with the keyset so; NULL if it can.
CREATE FUNCTION radioshop.refuse_load(agency int, asset uuid, keyset_agency int, keyset uuid, means text, loader uuid, loaded_on date,
  exception text) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
  it record;
  held date;
BEGIN
  SELECT g.code || ':' || a.tag AS name, a.status, a.class AS kind, g.code, g.class, radioshop.today(g.time_zone) AS today,
      coalesce(refuse_load.loaded_on, radioshop.today(g.time_zone)) AS on_day, k.classes, (k.old_at AT TIME ZONE g.time_zone)::date AS old_on,
      radioshop.keyset_name(k.agency_id, k.keyset_id) AS keyset, radioshop.keyset_name(k.successor_agency_id, k.successor_id) AS successor
    INTO it
    FROM radioshop.asset a JOIN radioshop.agency g ON g.agency_id = a.agency_id CROSS JOIN radioshop.keyset k
    WHERE a.agency_id = agency AND a.asset_id = asset AND k.agency_id = keyset_agency AND k.keyset_id = refuse_load.keyset;
  SELECT l.loaded_on INTO held FROM radioshop.key_load l
    WHERE l.agency_id = agency AND l.asset_id = asset AND l.keyset_id = refuse_load.keyset AND l.ended_at IS NULL;
  RETURN CASE
    WHEN keyset_agency NOT IN (0, agency) THEN radioshop.refuse('FAILED_PRECONDITION', 'assets',
      format('asset %s is of another agency, and keyset %s is for its owner''s radios only', it.name, it.keyset))
    WHEN it.kind IN ('battery', 'charger') THEN radioshop.refuse('FAILED_PRECONDITION', 'assets',
      format('asset %s is a %s and holds no keys', it.name, it.kind))
    WHEN it.status IN ('missing', 'retired', 'disposed') THEN radioshop.refuse('FAILED_PRECONDITION', 'assets',
      format('asset %s is %s and is given no keys', it.name, it.status))
    WHEN asset = loader THEN radioshop.refuse('INVALID_ARGUMENT', 'assets', format('asset %s is the loader itself', it.name))
    WHEN it.on_day > it.today THEN radioshop.refuse('INVALID_ARGUMENT', 'loaded_on', format('%s is not yet; today is %s', it.on_day, it.today))
    WHEN it.on_day < '1990-01-01' THEN radioshop.refuse('INVALID_ARGUMENT', 'loaded_on', 'the day must lie between 1990-01-01 and today')
    WHEN held > it.on_day THEN radioshop.refuse('FAILED_PRECONDITION', 'assets',
      format('asset %s was loaded with keyset %s later, on %s', it.name, it.keyset, held))
    WHEN it.old_on <= it.on_day AND means <> 'taken_over' THEN radioshop.refuse('FAILED_PRECONDITION', 'keyset',
      format('keyset %s is old since %s and is loaded no more%s', it.keyset, it.old_on, coalesce('; load ' || it.successor, '')))
    WHEN NOT radioshop.class_may_hold(it.classes, it.class) AND exception = '' THEN radioshop.refuse('FAILED_PRECONDITION', 'assets', format(
      'keyset %s is only for agencies of the class %s, and %s is %s: asset %s may not hold it', it.keyset,
      replace(array_to_string(it.classes, ' or '), '_', ' '), it.code,
      coalesce('of the class ' || replace(it.class, '_', ' '), 'of none yet, which an administrator of the shop gives it with radioshop agency update'),
      it.name)) END;
END
$$;

CREATE FUNCTION radioshop.load_keyset(keyset text, assets text[], ckrs text, means text, loader text, loaded_on date, note text, exception text)
RETURNS SETOF radioshop.key_load_shown LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  shown radioshop.key_load_shown;
  set_of record;
  tool record;
  tool_is text;
  given record;
  these int[];
  whole int[];
  target record;
  it record;
  said constant text := btrim(coalesce(load_keyset.note, ''), E' \t\r\n');
  allowed constant text := btrim(coalesce(load_keyset.exception, ''));
  way constant text := coalesce(load_keyset.means, 'loader');
  held int[];
  day date;
  made uuid;
BEGIN
  shown.refusal := radioshop.refuse_key('{note,exception,ckrs}', ARRAY[said, allowed, load_keyset.ckrs]);
  IF shown.refusal IS NULL THEN
    set_of := radioshop.one_keyset(load_keyset.keyset, 'keyset');
    given := radioshop.read_ckrs(load_keyset.ckrs);
    IF way = 'loader' AND coalesce(btrim(load_keyset.loader), '') <> '' THEN
      tool := radioshop.one_asset(btrim(load_keyset.loader));
    ELSE
      SELECT NULL::int AS agency_id, NULL::uuid AS asset_id, NULL::text AS refusal INTO tool;
    END IF;
    SELECT CASE WHEN a.class NOT IN ('test_equipment', 'other') THEN format('asset %s is a %s; a key loader is test equipment or other', a.tag,
        replace(a.class, '_', ' ')) WHEN a.status IN ('missing', 'retired', 'disposed') THEN format('loader %s is %s', a.tag, a.status) END
      INTO tool_is FROM radioshop.asset a WHERE a.agency_id = tool.agency_id AND a.asset_id = tool.asset_id;
    shown.refusal := CASE
      WHEN set_of.refusal IS NOT NULL THEN set_of.refusal
      WHEN way = 'loader' AND tool.asset_id IS NULL AND tool.refusal IS NULL THEN radioshop.refuse('INVALID_ARGUMENT', 'loader',
        'say with which loader, by any code on it; or that the keys came by OTAR, or were in the radios already')
      WHEN tool.refusal IS NOT NULL THEN radioshop.refuse(split_part(tool.refusal, chr(31), 1), 'loader', split_part(tool.refusal, chr(31), 3))
      WHEN tool_is IS NOT NULL THEN radioshop.refuse('FAILED_PRECONDITION', 'loader', tool_is)
      WHEN way <> 'loader' AND coalesce(btrim(load_keyset.loader), '') <> '' THEN
        radioshop.refuse('INVALID_ARGUMENT', 'loader', 'what came by OTAR, or was there already, came with no loader')
      WHEN allowed <> '' AND NOT radioshop.is_shop() THEN radioshop.refuse('PERMISSION_DENIED', 'exception',
        'only who works for every agency makes an exception for a class')
      WHEN given.wrong AND coalesce(btrim(load_keyset.ckrs), '') <> '' THEN
        radioshop.refuse('INVALID_ARGUMENT', 'ckrs', 'give CKRs from 0 to 4095 and ranges of them, such as 1-4,20') END;
  END IF;
  IF shown.refusal IS NULL THEN
    -- Against its end, and against another list of CKRs or classes.
    SELECT k.ckrs INTO whole FROM radioshop.keyset k WHERE k.agency_id = set_of.agency_id AND k.keyset_id = set_of.keyset_id FOR SHARE;
    these := CASE WHEN cardinality(given.ckrs) > 0 THEN given.ckrs ELSE whole END;
    IF NOT these <@ whole THEN
      shown.refusal := radioshop.refuse('INVALID_ARGUMENT', 'ckrs', format('keyset %s has no CKR %s; it has %s',
        radioshop.keyset_name(set_of.agency_id, set_of.keyset_id),
        radioshop.ckrs_text(ARRAY(SELECT c FROM unnest(these) c WHERE c <> ALL (whole) ORDER BY c)), radioshop.ckrs_text(whole)));
    END IF;
  END IF;
  IF shown.refusal IS NULL THEN
    it := radioshop.assets_to_key(load_keyset.assets);
    shown.refusal := radioshop.refuse_some(it.refusals || ARRAY(
      SELECT x.refusal FROM (SELECT radioshop.refuse_load(t.agency_id, t.asset_id, set_of.agency_id, set_of.keyset_id, way, tool.asset_id,
          load_keyset.loaded_on, allowed) AS refusal, t.place FROM unnest(it.agencies, it.assets) WITH ORDINALITY t (agency_id, asset_id, place)) x
      WHERE x.refusal IS NOT NULL ORDER BY x.place), cardinality(load_keyset.assets));
  END IF;
  IF shown.refusal IS NOT NULL THEN
    RETURN NEXT shown;
    RETURN;
  END IF;
  FOR target IN SELECT t.agency_id, t.asset_id FROM unnest(it.agencies, it.assets) t (agency_id, asset_id) LOOP
    day := (SELECT coalesce(load_keyset.loaded_on, radioshop.today(g.time_zone)) FROM radioshop.agency g WHERE g.agency_id = target.agency_id);
    UPDATE radioshop.key_load l SET ended_as = 'reloaded', ended_on = day, ended_by = radioshop.caller(), ended_at = now()
      WHERE l.agency_id = target.agency_id AND l.asset_id = target.asset_id AND l.keyset_id = set_of.keyset_id AND l.ended_at IS NULL
      RETURNING l.ckrs INTO held;
    INSERT INTO radioshop.key_load (agency_id, asset_id, keyset_agency_id, keyset_id, ckrs, means, loader_agency_id, loader_id, loaded_on, note,
        exception)
      VALUES (target.agency_id, target.asset_id, set_of.agency_id, set_of.keyset_id,
        ARRAY(SELECT DISTINCT c FROM unnest(these || coalesce(held, '{}')) c ORDER BY c), way, tool.agency_id, tool.asset_id, day, said, allowed)
      RETURNING load_id INTO made;
    RETURN NEXT radioshop.shown_key_load(target.agency_id, made);
  END LOOP;
END
$$;

-- Records that radios hold a keyset no more, or, zeroized, none of any.
CREATE FUNCTION radioshop.erase_keys(assets text[], keyset text, zeroized boolean, erased_on date, note text)
RETURNS SETOF radioshop.key_load_shown LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  shown radioshop.key_load_shown;
  set_of record;
  it record;
  target record;
  ended record;
  said constant text := btrim(coalesce(erase_keys.note, ''), E' \t\r\n');
  everything constant boolean := coalesce(erase_keys.zeroized, false);
BEGIN
  SELECT NULL::int AS agency_id, NULL::uuid AS keyset_id, NULL::text AS refusal INTO set_of;
  shown.refusal := radioshop.refuse_key('{note}', ARRAY[said]);
  IF shown.refusal IS NULL THEN
    IF NOT everything THEN
      set_of := radioshop.one_keyset(erase_keys.keyset, 'keyset');
    END IF;
    shown.refusal := CASE WHEN set_of.refusal IS NOT NULL THEN set_of.refusal
      WHEN everything AND coalesce(btrim(erase_keys.keyset), '') <> '' THEN
        radioshop.refuse('INVALID_ARGUMENT', 'keyset', 'a radio that is zeroized holds none any more; name a keyset, or say zeroized') END;
  END IF;
  IF shown.refusal IS NULL THEN
    it := radioshop.assets_to_key(erase_keys.assets);
    shown.refusal := radioshop.refuse_some(it.refusals || ARRAY(
      SELECT x.refusal FROM (SELECT t.place, CASE
            WHEN h.last IS NULL AND everything THEN radioshop.refuse('FAILED_PRECONDITION', 'assets',
              format('asset %s:%s holds no keys on record', g.code, a.tag))
            WHEN h.last IS NULL THEN radioshop.refuse('FAILED_PRECONDITION', 'assets',
              format('asset %s:%s does not hold keyset %s on record', g.code, a.tag, radioshop.keyset_name(set_of.agency_id, set_of.keyset_id)))
            WHEN erase_keys.erased_on > radioshop.today(g.time_zone) THEN radioshop.refuse('INVALID_ARGUMENT', 'erased_on',
              format('%s is not yet; today is %s', erase_keys.erased_on, radioshop.today(g.time_zone)))
            WHEN erase_keys.erased_on < h.last THEN radioshop.refuse('FAILED_PRECONDITION', 'assets',
              format('asset %s:%s was loaded later, on %s', g.code, a.tag, h.last)) END AS refusal
          FROM unnest(it.agencies, it.assets) WITH ORDINALITY t (agency_id, asset_id, place)
            JOIN radioshop.asset a ON a.agency_id = t.agency_id AND a.asset_id = t.asset_id
            JOIN radioshop.agency g ON g.agency_id = a.agency_id
            CROSS JOIN LATERAL (SELECT max(l.loaded_on) AS last FROM radioshop.key_load l WHERE l.agency_id = t.agency_id
              AND l.asset_id = t.asset_id AND l.ended_at IS NULL AND (everything OR l.keyset_id = set_of.keyset_id)) h) x
      WHERE x.refusal IS NOT NULL ORDER BY x.place), cardinality(erase_keys.assets));
  END IF;
  IF shown.refusal IS NOT NULL THEN
    RETURN NEXT shown;
    RETURN;
  END IF;
  FOR target IN SELECT t.agency_id, t.asset_id, radioshop.today(g.time_zone) AS today FROM unnest(it.agencies, it.assets) t (agency_id, asset_id)
      JOIN radioshop.agency g ON g.agency_id = t.agency_id LOOP
    FOR ended IN UPDATE radioshop.key_load l SET ended_as = CASE WHEN everything THEN 'zeroized' ELSE 'erased' END,
          ended_on = coalesce(erase_keys.erased_on, target.today), ended_note = said, ended_by = radioshop.caller(), ended_at = now()
        WHERE l.agency_id = target.agency_id AND l.asset_id = target.asset_id AND l.ended_at IS NULL
          AND (everything OR l.keyset_id = set_of.keyset_id)
        RETURNING l.agency_id, l.load_id LOOP
      RETURN NEXT radioshop.shown_key_load(ended.agency_id, ended.load_id);
    END LOOP;
  END LOOP;
END
$$;

UPDATE radioshop.schema_version SET version = 39;

COMMIT;
