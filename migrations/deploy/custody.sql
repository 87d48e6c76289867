-- Deploy radioshop:custody to pg
--
-- Whom an agency hands its assets to: people, vehicles and sites as records, and who had which asset from when until when. Owner, custodian
-- and location are three things: the agency of the asset, an open row of custody, and the asset's location. assigned_to of an asset that is
-- checked out is the name of who has it, kept so by the triggers below whatever statement tries otherwise; of one that is not, it is what
-- people typed. Nothing goes to custodians of another agency, not even by the shop: that is a loan.

BEGIN;

-- ---------------------------------------------------------------------------------------------------------------------
-- Tables

CREATE TABLE radioshop.custodian (
  agency_id int NOT NULL,
  custodian_id uuid NOT NULL DEFAULT radioshop.uuid_v7(),
  kind text NOT NULL DEFAULT 'person',
  code text NOT NULL,
  code_key text COLLATE "C" NOT NULL GENERATED ALWAYS AS (upper(code)) STORED,
  name text NOT NULL,
  note text NOT NULL DEFAULT '',
  inactive boolean NOT NULL DEFAULT false,
  revision bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT custodian_pkey PRIMARY KEY (agency_id, custodian_id),
  CONSTRAINT custodian_code_unique UNIQUE (agency_id, code_key),
  CONSTRAINT custodian_agency_known FOREIGN KEY (agency_id) REFERENCES radioshop.agency,
  CONSTRAINT custodian_agency_not_shop CHECK (agency_id > 0),
  CONSTRAINT custodian_kind_known CHECK (kind IN ('person', 'vehicle', 'site')),
  CONSTRAINT custodian_code_form CHECK (code <> '' AND radioshop.is_line(code, 64)),
  CONSTRAINT custodian_name_form CHECK (name <> '' AND radioshop.is_line(name, 120)),
  CONSTRAINT custodian_note_form CHECK (radioshop.is_line(note, 500))
);
COMMENT ON CONSTRAINT custodian_code_unique ON radioshop.custodian IS 'code: another custodian of this agency has this code';
COMMENT ON CONSTRAINT custodian_agency_known ON radioshop.custodian IS 'agency: no agency has this code';
COMMENT ON CONSTRAINT custodian_agency_not_shop ON radioshop.custodian IS
  'agency: a custodian is of an agency; a radio is with the shop while its ticket says so';
COMMENT ON CONSTRAINT custodian_kind_known ON radioshop.custodian IS
  'kind: a custodian is a person, vehicle or site; with the shop or the depot a radio is while its ticket says so';
COMMENT ON CONSTRAINT custodian_code_form ON radioshop.custodian IS
  'code: give a code, such as a badge number, one line of at most 64 characters';
COMMENT ON CONSTRAINT custodian_name_form ON radioshop.custodian IS 'name: a name is needed, one line of at most 120 characters';
COMMENT ON CONSTRAINT custodian_note_form ON radioshop.custodian IS 'note: a note is one line of at most 500 characters';
CREATE INDEX custodian_by_kind ON radioshop.custodian (agency_id, kind, code_key);
-- A whole code is found without the agency first, as codes of assets are.
CREATE INDEX custodian_by_id ON radioshop.custodian (custodian_id);
CREATE INDEX custodian_by_code ON radioshop.custodian (code_key);

CREATE TABLE radioshop.custody (
  agency_id int NOT NULL,
  custody_id uuid NOT NULL DEFAULT radioshop.uuid_v7(),
  asset_id uuid NOT NULL,
  custodian_id uuid NOT NULL,
  out_at timestamptz NOT NULL DEFAULT now(),
  out_by text NOT NULL DEFAULT radioshop.caller(),
  out_on date NOT NULL,
  due_on date,
  note text NOT NULL DEFAULT '',
  in_at timestamptz,
  in_by text NOT NULL DEFAULT '',
  returned_to text NOT NULL DEFAULT '',
  return_note text NOT NULL DEFAULT '',
  status_before text NOT NULL DEFAULT '',
  CONSTRAINT custody_pkey PRIMARY KEY (agency_id, custody_id),
  CONSTRAINT custody_asset_known FOREIGN KEY (agency_id, asset_id) REFERENCES radioshop.asset (agency_id, asset_id),
  CONSTRAINT custody_custodian_known FOREIGN KEY (agency_id, custodian_id) REFERENCES radioshop.custodian (agency_id, custodian_id),
  CONSTRAINT custody_due_on_range CHECK (due_on BETWEEN out_on AND '2199-12-31'),
  CONSTRAINT custody_note_form CHECK (radioshop.is_line(note, 500)),
  CONSTRAINT custody_in_fits CHECK ((in_at IS NULL) = (in_by = '') AND (in_at IS NOT NULL OR (returned_to = '' AND return_note = ''))),
  CONSTRAINT custody_in_after_out CHECK (in_at >= out_at),
  CONSTRAINT custody_returned_to_form CHECK (radioshop.is_line(returned_to, 200)),
  CONSTRAINT custody_return_note_form CHECK (radioshop.is_line(return_note, 500))
);
COMMENT ON COLUMN radioshop.custody.returned_to IS 'location where it was put at its check-in; empty: the asset keeps the one it had';
COMMENT ON COLUMN radioshop.custody.status_before IS 'status that the asset gets back';
COMMENT ON CONSTRAINT custody_asset_known ON radioshop.custody IS 'assets: no such asset';
COMMENT ON CONSTRAINT custody_custodian_known ON radioshop.custody IS 'to: no such custodian';
COMMENT ON CONSTRAINT custody_due_on_range ON radioshop.custody IS 'due_on: give a day from today to 2199-12-31';
COMMENT ON CONSTRAINT custody_note_form ON radioshop.custody IS 'note: a note is one line of at most 500 characters';
COMMENT ON CONSTRAINT custody_in_fits ON radioshop.custody IS 'assets: what came back came back from somebody to somebody';
COMMENT ON CONSTRAINT custody_in_after_out ON radioshop.custody IS 'assets: it was checked out a moment ago; try again';
COMMENT ON CONSTRAINT custody_returned_to_form ON radioshop.custody IS 'location: a location is one line of at most 200 characters';
COMMENT ON CONSTRAINT custody_return_note_form ON radioshop.custody IS 'note: a note is one line of at most 500 characters';
CREATE UNIQUE INDEX custody_one_open ON radioshop.custody (agency_id, asset_id) WHERE in_at IS NULL;
COMMENT ON INDEX radioshop.custody_one_open IS 'assets: somebody else has just checked it out; read it again';
CREATE INDEX custody_by_time ON radioshop.custody (agency_id, out_at DESC, custody_id DESC);
CREATE INDEX custody_open_by_time ON radioshop.custody (agency_id, out_at DESC, custody_id DESC) WHERE in_at IS NULL;
CREATE INDEX custody_by_asset ON radioshop.custody (agency_id, asset_id, out_at DESC, custody_id DESC);
CREATE INDEX custody_by_custodian ON radioshop.custody (agency_id, custodian_id, out_at DESC, custody_id DESC);
CREATE INDEX custody_open_by_custodian ON radioshop.custody (agency_id, custodian_id, out_at DESC, custody_id DESC) WHERE in_at IS NULL;
CREATE INDEX custody_open_by_due ON radioshop.custody (agency_id, due_on) WHERE in_at IS NULL AND due_on IS NOT NULL;

-- ---------------------------------------------------------------------------------------------------------------------
-- Guards

-- What an asset is to be checked out: in service or on the shelf, and not lent. The custodian is locked before its assets (check_out() says
-- so too), so that nobody leaves between the look and the deed. What is over is never changed.
CREATE FUNCTION radioshop.custody_follow() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  it record;
  gone boolean;
BEGIN
  IF TG_OP = 'UPDATE' THEN
    IF OLD.in_at IS NOT NULL THEN
      RAISE EXCEPTION 'assets: it is checked in already' USING ERRCODE = 'RS412';
    END IF;
    RETURN NEW;
  END IF;
  SELECT c.inactive INTO gone FROM radioshop.custodian c WHERE c.agency_id = NEW.agency_id AND c.custodian_id = NEW.custodian_id FOR SHARE;
  SELECT a.tag, a.status INTO it FROM radioshop.asset a WHERE a.agency_id = NEW.agency_id AND a.asset_id = NEW.asset_id FOR NO KEY UPDATE;
  IF gone THEN
    RAISE EXCEPTION 'to: nothing is checked out to who is not active' USING ERRCODE = 'RS412';
  ELSIF it.status NOT IN ('in_service', 'spare') THEN
    RAISE EXCEPTION 'assets: asset % is %; only what is in service or spare is checked out', it.tag, it.status USING ERRCODE = 'RS412';
  ELSIF EXISTS (SELECT FROM radioshop.loan l WHERE l.agency_id = NEW.agency_id AND l.asset_id = NEW.asset_id AND l.in_at IS NULL) THEN
    RAISE EXCEPTION 'assets: asset % is lent', it.tag USING ERRCODE = 'RS412';
  END IF;
  NEW.status_before := it.status;
  RETURN NEW;
END
$$;
CREATE TRIGGER follow BEFORE INSERT OR UPDATE ON radioshop.custody FOR EACH ROW EXECUTE FUNCTION radioshop.custody_follow();

-- The asset shows who has it; what came back has the status it had before, if nothing else has befallen it.
CREATE FUNCTION radioshop.custody_show() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE radioshop.asset a SET
      assigned_to = CASE WHEN NEW.in_at IS NULL THEN c.name ELSE '' END,
      location = CASE WHEN NEW.returned_to <> '' THEN NEW.returned_to ELSE a.location END,
      status = CASE WHEN NEW.in_at IS NULL THEN 'in_service' WHEN a.status = 'in_service' THEN NEW.status_before ELSE a.status END
    FROM radioshop.custodian c
    WHERE a.agency_id = NEW.agency_id AND a.asset_id = NEW.asset_id AND c.agency_id = NEW.agency_id AND c.custodian_id = NEW.custodian_id;
  RETURN NULL;
END
$$;
CREATE TRIGGER show AFTER INSERT OR UPDATE OF in_at ON radioshop.custody FOR EACH ROW EXECUTE FUNCTION radioshop.custody_show();

-- Whoever is given another name is shown by it on what they have. The assets are locked first; then a new look says which are still theirs.
CREATE FUNCTION radioshop.custodian_renamed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM radioshop.lock_assets(ARRAY(SELECT k.asset_id FROM radioshop.custody k
    WHERE k.agency_id = NEW.agency_id AND k.custodian_id = NEW.custodian_id AND k.in_at IS NULL));
  UPDATE radioshop.asset a SET assigned_to = NEW.name FROM radioshop.custody k
    WHERE k.agency_id = NEW.agency_id AND k.custodian_id = NEW.custodian_id AND k.in_at IS NULL
      AND a.agency_id = k.agency_id AND a.asset_id = k.asset_id;
  RETURN NULL;
END
$$;
CREATE TRIGGER renamed AFTER UPDATE OF name ON radioshop.custodian FOR EACH ROW WHEN (OLD.name <> NEW.name)
  EXECUTE FUNCTION radioshop.custodian_renamed();

-- Nobody leaves with a radio.
CREATE FUNCTION radioshop.custodian_hands_in() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM radioshop.custody k WHERE k.agency_id = NEW.agency_id AND k.custodian_id = NEW.custodian_id AND k.in_at IS NULL) THEN
    RAISE EXCEPTION 'custodian % has something', NEW.code
      USING ERRCODE = '23514', SCHEMA = 'radioshop', TABLE = 'custodian', CONSTRAINT = 'custodian_hands_in';
  END IF;
  RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER custodian_hands_in AFTER UPDATE OF inactive ON radioshop.custodian FOR EACH ROW
  WHEN (NEW.inactive AND NOT OLD.inactive) EXECUTE FUNCTION radioshop.custodian_hands_in();
COMMENT ON CONSTRAINT custodian_hands_in ON radioshop.custodian IS
  'inactive: something is checked out to them; check it in first (custodian show says what)';

-- One truth: while an asset is checked out, its assigned_to is who has it.
CREATE FUNCTION radioshop.asset_shows_custodian() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM radioshop.custody k JOIN radioshop.custodian c ON c.agency_id = k.agency_id AND c.custodian_id = k.custodian_id
      WHERE k.agency_id = NEW.agency_id AND k.asset_id = NEW.asset_id AND k.in_at IS NULL AND c.name <> NEW.assigned_to) THEN
    RAISE EXCEPTION 'asset % is checked out', NEW.tag
      USING ERRCODE = '23514', SCHEMA = 'radioshop', TABLE = 'asset', CONSTRAINT = 'asset_shows_custodian';
  END IF;
  RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER asset_shows_custodian AFTER UPDATE OF assigned_to ON radioshop.asset FOR EACH ROW
  WHEN (OLD.assigned_to <> NEW.assigned_to) EXECUTE FUNCTION radioshop.asset_shows_custodian();
COMMENT ON CONSTRAINT asset_shows_custodian ON radioshop.asset IS
  'assigned_to: it is checked out, and shows who has it; check it in first (asset checkin)';

-- What is checked out is checked in before it is retired, whatever statement retires it.
CREATE FUNCTION radioshop.asset_stays_checked_out() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM radioshop.custody k WHERE k.agency_id = NEW.agency_id AND k.asset_id = NEW.asset_id AND k.in_at IS NULL) THEN
    RAISE EXCEPTION 'asset % is checked out', NEW.tag
      USING ERRCODE = '23514', SCHEMA = 'radioshop', TABLE = 'asset', CONSTRAINT = 'asset_not_checked_out';
  END IF;
  RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER asset_not_checked_out AFTER UPDATE OF status ON radioshop.asset FOR EACH ROW
  WHEN (NEW.status IN ('retired', 'disposed') AND OLD.status NOT IN ('retired', 'disposed'))
  EXECUTE FUNCTION radioshop.asset_stays_checked_out();
COMMENT ON CONSTRAINT asset_not_checked_out ON radioshop.asset IS
  'status: it is checked out; check it in with asset checkin before it is retired';

-- Nor is it lent meanwhile; loan_follow() has locked the asset.
CREATE FUNCTION radioshop.loan_of_what_is_in() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM radioshop.custody k WHERE k.agency_id = NEW.agency_id AND k.asset_id = NEW.asset_id AND k.in_at IS NULL) THEN
    RAISE EXCEPTION 'asset: asset % is checked out; check it in first', NEW.tag USING ERRCODE = 'RS412';
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER not_checked_out BEFORE INSERT ON radioshop.loan FOR EACH ROW EXECUTE FUNCTION radioshop.loan_of_what_is_in();

CREATE TRIGGER touch BEFORE UPDATE ON radioshop.custodian FOR EACH ROW EXECUTE FUNCTION radioshop.touch();
CREATE TRIGGER record_event AFTER INSERT OR UPDATE OR DELETE ON radioshop.custodian
  FOR EACH ROW EXECUTE FUNCTION radioshop.record_event('custodian', 'custodian_id', 'code_key');
CREATE TRIGGER record_event AFTER INSERT OR UPDATE OR DELETE ON radioshop.custody
  FOR EACH ROW EXECUTE FUNCTION radioshop.record_event('custody', 'asset_id', 'status_before');

ALTER TABLE radioshop.custodian ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY custodian_agency ON radioshop.custodian
  USING (agency_id = ANY ((SELECT nullif(current_setting('radioshop.agencies', true), '')::int[])::int[]));
ALTER TABLE radioshop.custody ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY custody_agency ON radioshop.custody
  USING (agency_id = ANY ((SELECT nullif(current_setting('radioshop.agencies', true), '')::int[])::int[]));
GRANT SELECT, INSERT, UPDATE (kind, code, name, note, inactive) ON radioshop.custodian TO radioshop_app;
GRANT SELECT, INSERT, UPDATE (in_at, in_by, returned_to, return_note) ON radioshop.custody TO radioshop_app;

-- ---------------------------------------------------------------------------------------------------------------------
-- What the methods share

-- A check-out as a caller sees it, or why not. In step with message Custody.
CREATE TYPE radioshop.custody_shown AS (
  refusal text, id uuid, agency text, tag text, serial text, model text, class text, status text, custodian text, kind text, name text,
  out_at timestamptz, out_by text, due_on date, days_late int, note text, in_at timestamptz, in_by text, returned_to text, return_note text
);

CREATE FUNCTION radioshop.shown_custody(agency int, custody uuid) RETURNS radioshop.custody_shown LANGUAGE plpgsql AS $$
DECLARE
  shown radioshop.custody_shown;
BEGIN
  SELECT NULL, k.custody_id, g.code, a.tag, a.serial, coalesce(m.number, ''), a.class, a.status, c.code, c.kind, c.name, k.out_at, k.out_by,
      k.due_on, coalesce(greatest(coalesce((k.in_at AT TIME ZONE g.time_zone)::date, radioshop.today(g.time_zone)) - k.due_on, 0), 0), k.note,
      k.in_at, k.in_by, k.returned_to, k.return_note
    INTO shown
    FROM radioshop.custody k JOIN radioshop.agency g ON g.agency_id = k.agency_id
      JOIN radioshop.asset a ON a.agency_id = k.agency_id AND a.asset_id = k.asset_id
      LEFT JOIN radioshop.model m ON m.model_id = a.model_id
      JOIN radioshop.custodian c ON c.agency_id = k.agency_id AND c.custodian_id = k.custodian_id
    WHERE k.agency_id = agency AND k.custody_id = custody;
  RETURN shown;
END
$$;

-- A custodian as a caller sees it, or why not. In step with message Custodian.
CREATE TYPE radioshop.custodian_shown AS (
  refusal text, id uuid, agency text, code text, kind text, name text, note text, inactive boolean, holding int, overdue int, held jsonb,
  revision bigint, created_at timestamptz, updated_at timestamptz
);

CREATE FUNCTION radioshop.shown_custodian(agency int, custodian uuid) RETURNS radioshop.custodian_shown LANGUAGE plpgsql AS $$
DECLARE
  shown radioshop.custodian_shown;
BEGIN
  SELECT NULL, c.custodian_id, g.code, c.code, c.kind, c.name, c.note, c.inactive, h.n, h.late, h.list, c.revision, c.created_at, c.updated_at
    INTO shown
    FROM radioshop.custodian c JOIN radioshop.agency g ON g.agency_id = c.agency_id
      CROSS JOIN LATERAL (SELECT count(*)::int AS n, (count(*) FILTER (WHERE k.due_on < radioshop.today(g.time_zone)))::int AS late,
          coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object('tag', a.tag, 'serial', a.serial, 'model', coalesce(m.number, ''), 'class', a.class,
            'status', a.status, 'out_at', k.out_at, 'due_on', k.due_on, 'note', k.note)) ORDER BY k.out_at DESC, a.tag_key)
            FILTER (WHERE k.place <= 200), '[]') AS list
        FROM (SELECT o.asset_id, o.out_at, o.due_on, o.note, row_number() OVER (ORDER BY o.out_at DESC, o.custody_id DESC) AS place
            FROM radioshop.custody o WHERE o.agency_id = c.agency_id AND o.custodian_id = c.custodian_id AND o.in_at IS NULL) k
          JOIN radioshop.asset a ON a.agency_id = c.agency_id AND a.asset_id = k.asset_id
          LEFT JOIN radioshop.model m ON m.model_id = a.model_id) h
    WHERE c.agency_id = agency AND c.custodian_id = custodian;
  RETURN shown;
END
$$;

-- The custodian that a code means: UUID, AGENCY:CODE, or the code alone. `place` is the agency it must be of; NULL: any that the caller sees.
CREATE FUNCTION radioshop.one_custodian(code text, place int, field text, OUT agency_id int, OUT custodian_id uuid, OUT refusal text)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
  scope constant int[] := CASE WHEN place IS NULL THEN radioshop.agencies() ELSE ARRAY[place] END;
  key constant text := upper(btrim(coalesce(one_custodian.code, '')));
  n int := 0;
BEGIN
  IF key = '' THEN
    refusal := radioshop.refuse('INVALID_ARGUMENT', field, 'give the code of a custodian, such as a badge number');
    RETURN;
  END IF;
  IF key ~ '^[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}$' THEN
    SELECT c.agency_id, c.custodian_id INTO one_custodian.agency_id, one_custodian.custodian_id FROM radioshop.custodian c
      WHERE c.custodian_id = key::uuid AND c.agency_id = ANY (scope);
  END IF;
  IF one_custodian.custodian_id IS NULL THEN
    SELECT count(*), (array_agg(c.agency_id))[1], (array_agg(c.custodian_id))[1] INTO n, one_custodian.agency_id, one_custodian.custodian_id
      FROM radioshop.custodian c WHERE c.code_key = key AND c.agency_id = ANY (scope);
  END IF;
  IF one_custodian.custodian_id IS NULL AND key ~ '^[A-Z0-9]{2,8}:.' THEN
    SELECT c.agency_id, c.custodian_id INTO one_custodian.agency_id, one_custodian.custodian_id
      FROM radioshop.agency g JOIN radioshop.custodian c ON c.agency_id = g.agency_id AND c.code_key = btrim(substr(key, strpos(key, ':') + 1))
      WHERE g.code = split_part(key, ':', 1) AND g.agency_id = ANY (scope);
  END IF;
  IF n > 1 THEN
    refusal := radioshop.refuse('INVALID_ARGUMENT', field, format('custodians of %s have the code %s; write AGENCY:CODE',
      (SELECT string_agg(g.code, ', ' ORDER BY g.code) FROM radioshop.custodian c JOIN radioshop.agency g ON g.agency_id = c.agency_id
        WHERE c.code_key = key AND c.agency_id = ANY (scope)), btrim(one_custodian.code)));
  ELSIF one_custodian.custodian_id IS NULL THEN
    refusal := radioshop.refuse('NOT_FOUND', field, CASE WHEN place IS NULL THEN format('no custodian has the code %s', btrim(one_custodian.code))
      ELSE (SELECT format('%s has no custodian %s; people of another agency get a radio by a loan (loan out)', g.code, btrim(one_custodian.code))
        FROM radioshop.agency g WHERE g.agency_id = place) END);
  END IF;
END
$$;

-- Several sentences as one, of which at most five are told.
CREATE FUNCTION radioshop.some_of(sentences text[]) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT array_to_string(sentences[1:5], '; ') || CASE WHEN cardinality(sentences) > 5 THEN format('; and %s more', cardinality(sentences) - 5) ELSE '' END
$$;

-- The assets that the codes mean, each once, all of one agency; or the refusal, which names every code that is wrong.
CREATE FUNCTION radioshop.some_assets(codes text[], OUT agency_id int, OUT assets uuid[], OUT refusal text) LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
  code text;
  it record;
  wrong text[] := '{}';
  status text;
  places int[] := '{}';
BEGIN
  assets := '{}';
  IF coalesce(cardinality(codes), 0) NOT BETWEEN 1 AND 500 THEN
    refusal := radioshop.refuse('INVALID_ARGUMENT', 'assets', CASE WHEN cardinality(codes) > 500 THEN
      format('at most 500 assets a call, not %s', cardinality(codes)) ELSE 'give at least one asset, by any code on it' END);
    RETURN;
  END IF;
  FOREACH code IN ARRAY codes LOOP
    it := radioshop.one_asset(btrim(code));
    IF it.refusal IS NOT NULL THEN
      status := coalesce(status, split_part(it.refusal, chr(31), 1));
      wrong := wrong || split_part(it.refusal, chr(31), 3);
    ELSIF it.asset_id <> ALL (assets) THEN
      assets := assets || it.asset_id;
      places := places || it.agency_id;
    END IF;
  END LOOP;
  agency_id := places[1];
  IF cardinality(wrong) > 0 THEN
    refusal := radioshop.refuse(status, 'assets', radioshop.some_of(wrong));
  ELSIF agency_id <> ANY (places) THEN
    refusal := radioshop.refuse('INVALID_ARGUMENT', 'assets', format('these are assets of %s; take one agency at a time',
      (SELECT string_agg(g.code, ' and ' ORDER BY g.code) FROM radioshop.agency g WHERE g.agency_id = ANY (places))));
  END IF;
END
$$;

-- The refusal when an asset is checked out or lent and so is not retired; NULL when it may be.
CREATE OR REPLACE FUNCTION radioshop.refuse_retiring(agency int, asset uuid, field text) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN coalesce((SELECT radioshop.refuse('FAILED_PRECONDITION', field,
      format('asset %s:%s is lent to %s since %s; take it in with loan return before it is retired', l.lender, l.tag, l.borrower, l.out_on))
    FROM radioshop.loan l WHERE l.agency_id = agency AND l.asset_id = asset AND l.in_at IS NULL),
    (SELECT radioshop.refuse('FAILED_PRECONDITION', field,
      format('asset %s:%s is checked out to %s (%s) since %s; check it in with asset checkin before it is retired', g.code, a.tag, c.name, c.code, k.out_on))
    FROM radioshop.custody k JOIN radioshop.custodian c ON c.agency_id = k.agency_id AND c.custodian_id = k.custodian_id
      JOIN radioshop.asset a ON a.agency_id = k.agency_id AND a.asset_id = k.asset_id JOIN radioshop.agency g ON g.agency_id = k.agency_id
    WHERE k.agency_id = agency AND k.asset_id = asset AND k.in_at IS NULL));
END
$$;

-- The refusal when an asset is not there to be lent; NULL when it is.
CREATE OR REPLACE FUNCTION radioshop.refuse_lending(agency int, asset uuid) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  RETURN (SELECT CASE
      WHEN l.loan_id IS NOT NULL THEN radioshop.refuse('FAILED_PRECONDITION', 'asset',
        format('asset %s:%s is lent to %s since %s; take it in with loan return first', g.code, a.tag, l.borrower, l.out_on))
      WHEN c.custodian_id IS NOT NULL THEN radioshop.refuse('FAILED_PRECONDITION', 'asset',
        format('asset %s:%s is checked out to %s (%s) since %s; check it in with asset checkin first', g.code, a.tag, c.name, c.code, k.out_on))
      WHEN t.number IS NOT NULL THEN radioshop.refuse('FAILED_PRECONDITION', 'asset',
        format('ticket %s is open for asset %s:%s (%s); what is in repair is not lent', t.number, g.code, a.tag, t.state))
      WHEN a.status NOT IN ('in_service', 'spare') THEN radioshop.refuse('FAILED_PRECONDITION', 'asset',
        format('asset %s:%s is %s; only what is in service or spare is lent', g.code, a.tag, a.status)) END
    FROM radioshop.asset a JOIN radioshop.agency g ON g.agency_id = a.agency_id
      LEFT JOIN radioshop.loan l ON l.agency_id = a.agency_id AND l.asset_id = a.asset_id AND l.in_at IS NULL
      LEFT JOIN radioshop.custody k ON k.agency_id = a.agency_id AND k.asset_id = a.asset_id AND k.in_at IS NULL
      LEFT JOIN radioshop.custodian c ON c.agency_id = k.agency_id AND c.custodian_id = k.custodian_id
      LEFT JOIN radioshop.ticket t ON t.agency_id = a.agency_id AND t.asset_id = a.asset_id AND t.closed_at IS NULL
    WHERE a.agency_id = agency AND a.asset_id = asset);
END
$$;

-- Who has an asset, in words, where that is not simply whom it is assigned to: in repair, with which loaner, lent, or checked out.
CREATE OR REPLACE FUNCTION radioshop.custody_of(agency int, asset uuid) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN concat_ws('; ',
    (SELECT CASE WHEN radioshop.shop_status(t.state) IS NOT NULL THEN 'in repair' ELSE 'reported' END || ' (' || t.number || ', '
        || replace(t.state, '_', ' ') || ')' || coalesce((SELECT format(', loaner %s:%s with %s until %s', l.lender, l.tag, l.borrower,
          radioshop.loan_due(l.due_on, x.over_on))
        FROM radioshop.ticket_loaner x JOIN radioshop.loan l ON l.agency_id = x.lender_id AND l.loan_id = x.loan_id AND l.in_at IS NULL
        WHERE x.agency_id = t.agency_id AND x.ticket_id = t.ticket_id), '')
      FROM radioshop.ticket t WHERE t.agency_id = agency AND t.asset_id = asset AND t.closed_at IS NULL),
    (SELECT format('lent to %s (%s) until %s', l.borrower, l.borrower_agency, radioshop.loan_due(l.due_on, x.over_on))
        || CASE WHEN l.ticket <> '' THEN ' for ' || l.ticket ELSE '' END
      FROM radioshop.loan l LEFT JOIN radioshop.ticket_loaner x ON x.agency_id = l.borrower_id AND x.lender_id = l.agency_id AND x.loan_id = l.loan_id
      WHERE l.agency_id = agency AND l.asset_id = asset AND l.in_at IS NULL),
    (SELECT format('checked out to %s (%s) since %s', c.name, c.code, k.out_on) || coalesce(', due ' || k.due_on, '')
      FROM radioshop.custody k JOIN radioshop.custodian c ON c.agency_id = k.agency_id AND c.custodian_id = k.custodian_id
      WHERE k.agency_id = agency AND k.asset_id = asset AND k.in_at IS NULL));
END
$$;

-- ---------------------------------------------------------------------------------------------------------------------
-- Custodians

CREATE FUNCTION radioshop.create_custodian(agency text, code text, kind text, name text, note text, inactive boolean)
RETURNS radioshop.custodian_shown LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  shown radioshop.custodian_shown;
  place record;
  made constant uuid := radioshop.uuid_v7();
BEGIN
  SELECT g.agency_id, g.code INTO place FROM radioshop.agency g
    WHERE g.code = upper(btrim(create_custodian.agency)) AND g.agency_id = ANY (radioshop.agencies()) AND g.agency_id <> 0;
  shown.refusal := CASE
    WHEN btrim(coalesce(create_custodian.agency, '')) = '' THEN radioshop.refuse('INVALID_ARGUMENT', 'agency', 'give the code of the agency')
    WHEN place.agency_id IS NULL THEN radioshop.refuse('NOT_FOUND', 'agency', format('there is no agency %s', btrim(create_custodian.agency)))
    ELSE (SELECT radioshop.refuse('ALREADY_EXISTS', 'code', format('%s has a custodian %s already: %s', place.code, c.code, c.name))
      FROM radioshop.custodian c WHERE c.agency_id = place.agency_id AND c.code_key = upper(btrim(create_custodian.code))) END;
  IF shown.refusal IS NOT NULL THEN
    RETURN shown;
  END IF;
  INSERT INTO radioshop.custodian (agency_id, custodian_id, kind, code, name, note, inactive)
    VALUES (place.agency_id, made, coalesce(create_custodian.kind, 'person'), btrim(coalesce(create_custodian.code, '')),
      btrim(coalesce(create_custodian.name, '')), btrim(coalesce(create_custodian.note, '')), coalesce(create_custodian.inactive, false));
  RETURN radioshop.shown_custodian(place.agency_id, made);
END
$$;

-- Who leaves hands in first; the refusal says what is still out.
CREATE FUNCTION radioshop.update_custodian(custodian text, expected bigint, mask text[], code text, kind text, name text, note text, inactive boolean)
RETURNS radioshop.custodian_shown LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  shown radioshop.custodian_shown;
  it record;
  known radioshop.custodian;
  held text[];
BEGIN
  it := radioshop.one_custodian(update_custodian.custodian, NULL, 'custodian');
  shown.refusal := it.refusal;
  IF shown.refusal IS NOT NULL THEN
    RETURN shown;
  END IF;
  SELECT c.code, c.revision, c.inactive INTO known.code, known.revision, known.inactive FROM radioshop.custodian c
    WHERE c.agency_id = it.agency_id AND c.custodian_id = it.custodian_id FOR NO KEY UPDATE;
  IF 'inactive' = ANY (mask) AND update_custodian.inactive THEN
    held := ARRAY(SELECT a.tag FROM radioshop.custody k JOIN radioshop.asset a ON a.agency_id = k.agency_id AND a.asset_id = k.asset_id
      WHERE k.agency_id = it.agency_id AND k.custodian_id = it.custodian_id AND k.in_at IS NULL ORDER BY a.tag_key);
  END IF;
  shown.refusal := coalesce(radioshop.refuse_update(mask, '{code,kind,name,note,inactive}', update_custodian.expected, known.revision,
      'custodian ' || known.code), CASE
    WHEN 'kind' = ANY (mask) AND update_custodian.kind IS NULL THEN radioshop.refuse('INVALID_ARGUMENT', 'kind', 'give a kind: person, vehicle or site')
    WHEN cardinality(held) > 0 THEN radioshop.refuse('FAILED_PRECONDITION', 'inactive', format('custodian %s still holds %s: %s%s; check %s in first',
      known.code, cardinality(held), array_to_string(held[1:10], ', '), CASE WHEN cardinality(held) > 10 THEN ' and more' ELSE '' END,
      CASE WHEN cardinality(held) > 1 THEN 'them' ELSE 'it' END))
    WHEN 'code' = ANY (mask) THEN (SELECT radioshop.refuse('ALREADY_EXISTS', 'code', format('%s has this code already: %s', c.name, c.code))
      FROM radioshop.custodian c WHERE c.agency_id = it.agency_id AND c.code_key = upper(btrim(update_custodian.code))
        AND c.custodian_id <> it.custodian_id) END);
  IF shown.refusal IS NOT NULL THEN
    RETURN shown;
  END IF;
  UPDATE radioshop.custodian c SET
      code = CASE WHEN 'code' = ANY (mask) THEN btrim(update_custodian.code) ELSE c.code END,
      kind = CASE WHEN 'kind' = ANY (mask) THEN update_custodian.kind ELSE c.kind END,
      name = CASE WHEN 'name' = ANY (mask) THEN btrim(update_custodian.name) ELSE c.name END,
      note = CASE WHEN 'note' = ANY (mask) THEN btrim(update_custodian.note) ELSE c.note END,
      inactive = CASE WHEN 'inactive' = ANY (mask) THEN update_custodian.inactive ELSE c.inactive END
    WHERE c.agency_id = it.agency_id AND c.custodian_id = it.custodian_id;
  RETURN radioshop.shown_custodian(it.agency_id, it.custodian_id);
END
$$;

-- ---------------------------------------------------------------------------------------------------------------------
-- Out and in, all or none

CREATE FUNCTION radioshop.check_out(assets text[], custodian text, due_on date, note text) RETURNS SETOF radioshop.custody_shown LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  shown radioshop.custody_shown;
  those record;
  who record;
  person record;
  today date;
  wrong text[];
BEGIN
  those := radioshop.some_assets(check_out.assets);
  shown.refusal := those.refusal;
  IF shown.refusal IS NULL THEN
    who := radioshop.one_custodian(check_out.custodian, those.agency_id, 'to');
    shown.refusal := who.refusal;
  END IF;
  IF shown.refusal IS NOT NULL THEN
    RETURN NEXT shown;
    RETURN;
  END IF;
  -- The custodian first, then the assets in their order: as everybody who wants both.
  SELECT c.code, c.name, c.inactive INTO person FROM radioshop.custodian c
    WHERE c.agency_id = who.agency_id AND c.custodian_id = who.custodian_id FOR SHARE;
  PERFORM radioshop.lock_assets(those.assets);
  SELECT radioshop.today(g.time_zone) INTO today FROM radioshop.agency g WHERE g.agency_id = those.agency_id;
  wrong := ARRAY(SELECT CASE
        WHEN c.custodian_id IS NOT NULL THEN format('asset %s is checked out to %s (%s) since %s; check it in first', a.tag, c.name, c.code, k.out_on)
        WHEN l.loan_id IS NOT NULL THEN format('asset %s is lent to %s since %s; take it in with loan return first', a.tag, l.borrower, l.out_on)
        ELSE format('asset %s is %s; only what is in service or spare is checked out', a.tag, a.status) END
    FROM radioshop.asset a
      LEFT JOIN radioshop.custody k ON k.agency_id = a.agency_id AND k.asset_id = a.asset_id AND k.in_at IS NULL
      LEFT JOIN radioshop.custodian c ON c.agency_id = k.agency_id AND c.custodian_id = k.custodian_id
      LEFT JOIN radioshop.loan l ON l.agency_id = a.agency_id AND l.asset_id = a.asset_id AND l.in_at IS NULL
    WHERE a.agency_id = those.agency_id AND a.asset_id = ANY (those.assets)
      AND (c.custodian_id IS NOT NULL OR l.loan_id IS NOT NULL OR a.status NOT IN ('in_service', 'spare'))
    ORDER BY a.tag_key);
  shown.refusal := CASE
    WHEN person.inactive THEN radioshop.refuse('FAILED_PRECONDITION', 'to', format('%s (%s) is not active any more', person.name, person.code))
    WHEN cardinality(wrong) > 0 THEN radioshop.refuse('FAILED_PRECONDITION', 'assets', radioshop.some_of(wrong))
    WHEN check_out.due_on < today THEN radioshop.refuse('INVALID_ARGUMENT', 'due_on', format('give a day from today on, %s', today)) END;
  IF shown.refusal IS NOT NULL THEN
    RETURN NEXT shown;
    RETURN;
  END IF;
  INSERT INTO radioshop.custody (agency_id, asset_id, custodian_id, out_on, due_on, note)
    SELECT those.agency_id, t.asset, who.custodian_id, today, check_out.due_on, btrim(coalesce(check_out.note, ''))
      FROM unnest(those.assets) WITH ORDINALITY t (asset, place) ORDER BY t.place;
  RETURN QUERY SELECT s.refusal, s.id, s.agency, s.tag, s.serial, s.model, s.class, s.status, s.custodian, s.kind, s.name, s.out_at, s.out_by, s.due_on, s.days_late,
      s.note, s.in_at, s.in_by, s.returned_to, s.return_note
    FROM radioshop.custody k CROSS JOIN LATERAL radioshop.shown_custody(k.agency_id, k.custody_id) s
    WHERE k.agency_id = those.agency_id AND k.asset_id = ANY (those.assets) AND k.in_at IS NULL
    ORDER BY array_position(those.assets, k.asset_id);
END
$$;

CREATE FUNCTION radioshop.check_in(assets text[], location text, note text) RETURNS SETOF radioshop.custody_shown LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  shown radioshop.custody_shown;
  those record;
  wrong text[];
  ended uuid[];
BEGIN
  those := radioshop.some_assets(check_in.assets);
  shown.refusal := those.refusal;
  IF shown.refusal IS NULL THEN
    PERFORM radioshop.lock_assets(those.assets);
    wrong := ARRAY(SELECT format('asset %s is not checked out', a.tag) FROM radioshop.asset a
      WHERE a.agency_id = those.agency_id AND a.asset_id = ANY (those.assets) AND NOT EXISTS (SELECT FROM radioshop.custody k
        WHERE k.agency_id = a.agency_id AND k.asset_id = a.asset_id AND k.in_at IS NULL)
      ORDER BY a.tag_key);
    IF cardinality(wrong) > 0 THEN
      shown.refusal := radioshop.refuse('FAILED_PRECONDITION', 'assets', radioshop.some_of(wrong));
    END IF;
  END IF;
  IF shown.refusal IS NOT NULL THEN
    RETURN NEXT shown;
    RETURN;
  END IF;
  WITH done AS (
      UPDATE radioshop.custody k SET in_at = greatest(now(), k.out_at), in_by = radioshop.caller(), returned_to = btrim(coalesce(check_in.location, '')),
          return_note = btrim(coalesce(check_in.note, ''))
        WHERE k.agency_id = those.agency_id AND k.asset_id = ANY (those.assets) AND k.in_at IS NULL
        RETURNING k.custody_id, k.asset_id)
    SELECT array_agg(d.custody_id ORDER BY array_position(those.assets, d.asset_id)) INTO ended FROM done d;
  RETURN QUERY SELECT s.refusal, s.id, s.agency, s.tag, s.serial, s.model, s.class, s.status, s.custodian, s.kind, s.name, s.out_at, s.out_by, s.due_on, s.days_late,
      s.note, s.in_at, s.in_by, s.returned_to, s.return_note
    FROM unnest(ended) WITH ORDINALITY d (custody_id, place)
      CROSS JOIN LATERAL radioshop.shown_custody(those.agency_id, d.custody_id) s ORDER BY d.place;
END
$$;

-- ---------------------------------------------------------------------------------------------------------------------
-- What an asset has been through: one row for each time in which its custodian, location and status were the same. It is told from the
-- events and from nothing else, those of the asset, of its custody and of its loans; what one transaction did is one step.
CREATE TYPE radioshop.asset_period AS (
  from_at timestamptz, until_at timestamptz, changed_by text, status text, assigned_to text, location text, custodian text, kind text, lent_to text
);

CREATE FUNCTION radioshop.asset_periods(agency int, asset uuid) RETURNS SETOF radioshop.asset_period LANGUAGE plpgsql STABLE AS $$
DECLARE
  now_at radioshop.asset_period;
  last_at radioshop.asset_period;
  e record;
  step xid8;
BEGIN
  FOR e IN
    SELECT v.at, v.principal, v.resource, v.action, v.after, v.transaction, c.code, c.kind, l.borrower, l.borrower_agency
      FROM radioshop.event v
        LEFT JOIN radioshop.custody k ON v.resource = 'custody' AND v.action = 'insert' AND k.agency_id = v.agency_id
          AND k.custody_id = (v.after ->> 'custody_id')::uuid
        LEFT JOIN radioshop.custodian c ON c.agency_id = k.agency_id AND c.custodian_id = k.custodian_id
        LEFT JOIN radioshop.loan l ON v.resource = 'loan' AND l.agency_id = v.agency_id AND l.loan_id = v.resource_id::uuid
      WHERE v.agency_id = asset_periods.agency
        AND v.resource_id = ANY (asset_periods.asset::text || ARRAY(SELECT o.loan_id::text FROM radioshop.loan o
          WHERE o.agency_id = asset_periods.agency AND o.asset_id = asset_periods.asset))
        AND CASE v.resource WHEN 'asset' THEN v.action = 'insert' OR v.after ?| '{status,assigned_to,location}'
          WHEN 'custody' THEN true WHEN 'loan' THEN v.action = 'insert' OR v.after ? 'in_at' ELSE false END
      ORDER BY v.at, v.event_id
  LOOP
    IF step <> e.transaction AND (now_at.status, now_at.assigned_to, now_at.location, now_at.custodian, now_at.kind, now_at.lent_to)
        IS DISTINCT FROM (last_at.status, last_at.assigned_to, last_at.location, last_at.custodian, last_at.kind, last_at.lent_to) THEN
      IF last_at.from_at IS NOT NULL THEN
        last_at.until_at := now_at.from_at;
        RETURN NEXT last_at;
      END IF;
      last_at := now_at;
    END IF;
    IF step IS DISTINCT FROM e.transaction THEN
      step := e.transaction;
      now_at.from_at := e.at;
      now_at.changed_by := e.principal;
    END IF;
    CASE e.resource
      WHEN 'asset' THEN
        now_at.status := coalesce(e.after ->> 'status', now_at.status);
        now_at.assigned_to := coalesce(e.after ->> 'assigned_to', now_at.assigned_to);
        now_at.location := coalesce(e.after ->> 'location', now_at.location);
      WHEN 'custody' THEN
        now_at.custodian := CASE WHEN e.action = 'insert' THEN e.code END;
        now_at.kind := CASE WHEN e.action = 'insert' THEN e.kind END;
      ELSE
        now_at.lent_to := CASE WHEN e.action = 'insert' THEN format('%s (%s)', e.borrower, e.borrower_agency) END;
    END CASE;
  END LOOP;
  IF last_at.from_at IS NULL OR (now_at.status, now_at.assigned_to, now_at.location, now_at.custodian, now_at.kind, now_at.lent_to)
      IS DISTINCT FROM (last_at.status, last_at.assigned_to, last_at.location, last_at.custodian, last_at.kind, last_at.lent_to) THEN
    IF last_at.from_at IS NOT NULL THEN
      last_at.until_at := now_at.from_at;
      RETURN NEXT last_at;
    END IF;
    last_at := now_at;
  END IF;
  IF last_at.from_at IS NOT NULL THEN
    RETURN NEXT last_at;
  END IF;
END
$$;

UPDATE radioshop.schema_version SET version = 31;

COMMIT;
