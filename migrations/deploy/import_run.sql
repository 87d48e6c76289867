-- Deploy radioshop:import_run to pg
--
-- Which file came how far into the register. A run is begun by whoever imports the file, goes on when the same person imports the same
-- file once more after a crash, and is over when all its rows were looked at or somebody gives it up. Rows are counted in the transaction
-- that writes them. What is unfinished is told, by a kind of alert.

BEGIN;

CREATE TABLE radioshop.import_run (
  agency_id int NOT NULL,
  run_id uuid NOT NULL DEFAULT radioshop.uuid_v7(),
  file_id uuid NOT NULL,
  file_name text NOT NULL,
  state text NOT NULL DEFAULT 'running',
  rows int NOT NULL,
  rows_done int NOT NULL DEFAULT 0,
  created int NOT NULL DEFAULT 0,
  changed int NOT NULL DEFAULT 0,
  unchanged int NOT NULL DEFAULT 0,
  last_line int NOT NULL DEFAULT 0,
  started_by text NOT NULL DEFAULT radioshop.caller(),
  started_at timestamptz NOT NULL DEFAULT now(),
  last_rows_at timestamptz NOT NULL DEFAULT now(),
  ended_at timestamptz,
  ended_by text NOT NULL DEFAULT '',
  CONSTRAINT import_run_pkey PRIMARY KEY (agency_id, run_id),
  CONSTRAINT import_run_agency_known FOREIGN KEY (agency_id) REFERENCES radioshop.agency,
  CONSTRAINT import_run_file_name_form CHECK (file_name <> '' AND radioshop.is_line(file_name, 200)),
  CONSTRAINT import_run_state_known CHECK (state IN ('running', 'finished', 'abandoned')),
  CONSTRAINT import_run_rows_range CHECK (rows BETWEEN 1 AND 10000000),
  CONSTRAINT import_run_rows_done_range CHECK (rows_done BETWEEN 0 AND rows),
  CONSTRAINT import_run_counts_fit CHECK (created + changed + unchanged <= rows_done),
  CONSTRAINT import_run_end_fits CHECK ((ended_at IS NULL) = (state = 'running'))
);
COMMENT ON COLUMN radioshop.import_run.file_id IS 'made by the client from what is in the file and how it is read';
COMMENT ON COLUMN radioshop.import_run.last_line IS 'rows up to this line of the file are counted; a batch that comes again counts once';
COMMENT ON CONSTRAINT import_run_agency_known ON radioshop.import_run IS 'agency: no agency has this code';
COMMENT ON CONSTRAINT import_run_file_name_form ON radioshop.import_run IS 'file_name: a file has a name, one line of at most 200 characters';
COMMENT ON CONSTRAINT import_run_state_known ON radioshop.import_run IS 'state: an import is running, finished or abandoned';
COMMENT ON CONSTRAINT import_run_rows_range ON radioshop.import_run IS 'rows: a file has between 1 and 10000000 rows';
COMMENT ON CONSTRAINT import_run_rows_done_range ON radioshop.import_run IS 'rows_done: no more rows are done than the file has';
COMMENT ON CONSTRAINT import_run_end_fits ON radioshop.import_run IS 'state: what has ended ended at some time, and nothing else did';
COMMENT ON CONSTRAINT import_run_counts_fit ON radioshop.import_run IS 'rows_done: more rows came than the file has up to there';
-- One file is imported once at a time by a principal, however many clients it has.
CREATE UNIQUE INDEX import_run_one_running ON radioshop.import_run (agency_id, started_by, file_id) WHERE state = 'running';
COMMENT ON INDEX radioshop.import_run_one_running IS 'file: this file is being imported already';
CREATE INDEX import_run_by_time ON radioshop.import_run (agency_id, started_at DESC, run_id DESC);
CREATE INDEX import_run_running ON radioshop.import_run (agency_id, last_rows_at) WHERE state = 'running';

-- How far it has come is no event for each batch; that it began and how it ended is one.
CREATE TRIGGER record_event AFTER INSERT OR UPDATE OR DELETE ON radioshop.import_run FOR EACH ROW EXECUTE FUNCTION
  radioshop.record_event('import', 'run_id', 'rows_done', 'created', 'changed', 'unchanged', 'last_line', 'last_rows_at');
ALTER TABLE radioshop.import_run ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY import_run_agency ON radioshop.import_run
  USING (agency_id = ANY ((SELECT nullif(current_setting('radioshop.agencies', true), '')::int[])::int[]));
GRANT SELECT, INSERT, UPDATE (state, rows_done, created, changed, unchanged, last_line, last_rows_at, ended_at, ended_by)
  ON radioshop.import_run TO radioshop_app;

-- One agency's imports go one after another.
CREATE FUNCTION radioshop.lock_imports(agency int) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('radioshop.import_assets', agency));
END
$$;

CREATE TYPE radioshop.import_shown AS (refusal text, id uuid, agency text, file_name text, state text, rows int, rows_done int, created int,
  changed int, unchanged int, refused int, started_by text, started_at timestamptz, last_rows_at timestamptz, ended_at timestamptz, ended_by text);

CREATE FUNCTION radioshop.shown_import(agency int, run uuid) RETURNS radioshop.import_shown LANGUAGE plpgsql STABLE AS $$
DECLARE
  shown radioshop.import_shown;
BEGIN
  SELECT NULL, r.run_id, g.code, r.file_name, r.state, r.rows, r.rows_done, r.created, r.changed, r.unchanged,
      r.rows_done - r.created - r.changed - r.unchanged, r.started_by, r.started_at, r.last_rows_at, r.ended_at, r.ended_by
    INTO shown FROM radioshop.import_run r JOIN radioshop.agency g ON g.agency_id = r.agency_id
    WHERE r.agency_id = shown_import.agency AND r.run_id = shown_import.run;
  RETURN shown;
END
$$;

CREATE FUNCTION radioshop.one_import(run text, OUT agency_id int, OUT run_id uuid, OUT refusal text) LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
  key constant text := lower(btrim(coalesce(one_import.run, '')));
BEGIN
  IF key !~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN
    refusal := radioshop.refuse('INVALID_ARGUMENT', 'run', 'give the UUID of an import');
    RETURN;
  END IF;
  SELECT r.agency_id, r.run_id INTO one_import.agency_id, one_import.run_id FROM radioshop.import_run r
    WHERE r.agency_id = ANY (radioshop.agencies()) AND r.run_id = key::uuid;
  IF NOT FOUND THEN
    refusal := radioshop.refuse('NOT_FOUND', 'run', format('no import has the UUID %s', key));
  END IF;
END
$$;

-- Begins a run, or finds the one that the caller has begun with this file and not finished.
CREATE FUNCTION radioshop.start_import(agency text, file_name text, file text, rows int) RETURNS radioshop.import_shown LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  shown radioshop.import_shown;
  place int;
  it record;
  key constant text := lower(btrim(coalesce(start_import.file, '')));
BEGIN
  SELECT g.agency_id INTO place FROM radioshop.agency g
    WHERE g.code = upper(btrim(start_import.agency)) AND g.agency_id = ANY (radioshop.agencies()) AND g.agency_id <> 0;
  shown.refusal := CASE
    WHEN btrim(start_import.agency) = '' THEN
      radioshop.refuse('INVALID_ARGUMENT', 'agency', 'give the code of the agency that owns the assets')
    WHEN place IS NULL THEN radioshop.refuse('NOT_FOUND', 'agency', format('there is no agency %s', btrim(start_import.agency)))
    WHEN key !~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN
      radioshop.refuse('INVALID_ARGUMENT', 'file', 'give a UUID that is the same whenever this file is imported in this way')
    WHEN start_import.rows NOT BETWEEN 1 AND 10000000 THEN
      radioshop.refuse('INVALID_ARGUMENT', 'rows', 'say how many rows the file has, 1 to 10000000')
  END;
  IF shown.refusal IS NOT NULL THEN
    RETURN shown;
  END IF;
  PERFORM radioshop.lock_imports(place);
  SELECT r.run_id, r.rows INTO it FROM radioshop.import_run r
    WHERE r.agency_id = place AND r.started_by = radioshop.caller() AND r.file_id = key::uuid AND r.state = 'running';
  IF it.run_id IS NULL THEN
    INSERT INTO radioshop.import_run AS r (agency_id, file_id, file_name, rows)
      VALUES (place, key::uuid, btrim(start_import.file_name), start_import.rows) RETURNING r.run_id INTO it;
  ELSIF it.rows <> start_import.rows THEN
    shown.refusal := radioshop.refuse('FAILED_PRECONDITION', 'rows',
      format('import %s of this file was begun with %s rows, not %s: say the same, or abandon it', it.run_id, it.rows, start_import.rows));
    RETURN shown;
  END IF;
  RETURN radioshop.shown_import(place, it.run_id);
END
$$;

-- The run that a batch belongs to, which must be one of the caller's that still goes on; the caller has lock_imports().
CREATE FUNCTION radioshop.run_to_continue(place int, run text, rows_done int, OUT run_id uuid, OUT refusal text) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  found_it record;
  it record;
BEGIN
  found_it := radioshop.one_import(run_to_continue.run);
  SELECT r.run_id, r.state, r.rows, r.started_by INTO it FROM radioshop.import_run r
    WHERE r.agency_id = run_to_continue.place AND r.run_id = found_it.run_id;
  run_id := it.run_id;
  refusal := CASE
    WHEN found_it.refusal IS NOT NULL THEN found_it.refusal
    WHEN it.run_id IS NULL THEN radioshop.refuse('INVALID_ARGUMENT', 'run', 'this import is of another agency')
    WHEN it.started_by <> radioshop.caller() THEN
      radioshop.refuse('FAILED_PRECONDITION', 'run', format('this import is %s''s: begin one of your own', it.started_by))
    WHEN it.state <> 'running' THEN radioshop.refuse('FAILED_PRECONDITION', 'run', format('this import is %s: begin a new one', it.state))
    WHEN coalesce(run_to_continue.rows_done, 0) NOT BETWEEN 1 AND it.rows THEN
      radioshop.refuse('INVALID_ARGUMENT', 'rows_done', format('give how many of the %s rows of the file are done with these', it.rows))
  END;
END
$$;

-- Counts what came of a batch. Rows that were counted before, because the file was broken off and begun again, are not counted twice.
CREATE FUNCTION radioshop.bring_run_forward(place int, run uuid, rows_done int, lines int[], results radioshop.row_result[]) RETURNS void
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  n record;
BEGIN
  SELECT count(*) FILTER (WHERE x.outcome = 'created')::int AS created, count(*) FILTER (WHERE x.outcome = 'changed')::int AS changed,
      count(*) FILTER (WHERE x.outcome = 'unchanged')::int AS unchanged INTO n
    FROM unnest(results) x
    WHERE lines[x.line] > (SELECT r.last_line FROM radioshop.import_run r WHERE r.agency_id = place AND r.run_id = bring_run_forward.run);
  UPDATE radioshop.import_run r SET rows_done = greatest(r.rows_done, bring_run_forward.rows_done), created = r.created + n.created,
      changed = r.changed + n.changed, unchanged = r.unchanged + n.unchanged,
      last_line = greatest(r.last_line, (SELECT max(l) FROM unnest(bring_run_forward.lines) l)), last_rows_at = now()
    WHERE r.agency_id = place AND r.run_id = bring_run_forward.run;
  UPDATE radioshop.import_run r SET state = 'finished', ended_at = now(), ended_by = radioshop.caller()
    WHERE r.agency_id = place AND r.run_id = bring_run_forward.run AND r.rows_done = r.rows;
END
$$;

-- Ends a run. Finished: the rest of its rows were refused before they were sent. To end as it has ended already changes nothing.
CREATE FUNCTION radioshop.end_import(run text, state text) RETURNS radioshop.import_shown LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  shown radioshop.import_shown;
  o record;
  now_is text;
  beginner text;
BEGIN
  o := radioshop.one_import(end_import.run);
  IF o.refusal IS NULL THEN
    PERFORM radioshop.lock_imports(o.agency_id);
    SELECT r.state, r.started_by INTO now_is, beginner FROM radioshop.import_run r WHERE r.agency_id = o.agency_id AND r.run_id = o.run_id;
  END IF;
  shown.refusal := CASE
    WHEN o.refusal IS NOT NULL THEN o.refusal
    WHEN coalesce(end_import.state, 'running') NOT IN ('finished', 'abandoned') THEN
      radioshop.refuse('INVALID_ARGUMENT', 'state', 'say whether it is finished or abandoned')
    WHEN now_is NOT IN ('running', end_import.state) THEN
      radioshop.refuse('FAILED_PRECONDITION', 'state', format('this import is %s already', now_is))
    WHEN end_import.state = 'finished' AND beginner <> radioshop.caller() THEN
      radioshop.refuse('FAILED_PRECONDITION', 'state', format('this import is %s''s: it can be abandoned', beginner))
  END;
  IF shown.refusal IS NOT NULL THEN
    RETURN shown;
  END IF;
  UPDATE radioshop.import_run r SET state = end_import.state, ended_at = now(), ended_by = radioshop.caller(),
      rows_done = CASE WHEN end_import.state = 'finished' THEN r.rows ELSE r.rows_done END
    WHERE r.agency_id = o.agency_id AND r.run_id = o.run_id AND r.state = 'running';
  RETURN radioshop.shown_import(o.agency_id, o.run_id);
END
$$;

-- ---------------------------------------------------------------------------------------------------------------------
-- The rows of a call may belong to a run

DROP FUNCTION radioshop.import_assets(text, boolean, int[], text[], text[], text[], text[], text[], text[], text[], text[], text[], text[],
  text[], text[], text[], text[], text[], text[], text[], text[]);

-- The method. One agency's imports go one after another, so that two of them never wait for each other's rows. New assets wait and
-- are written together, at the end or as soon as a row comes that has a code in common with one of them. A dry run does all the
-- same and then raises, which undoes the rows; what it found is in variables and stays. With a run, that run is brought forward in the
-- same transaction: what it says is in, is in.
CREATE FUNCTION radioshop.import_assets(agency text, dry_run boolean, lines int[], tag text[], serial text[], model text[],
  class text[], status text[], assigned_to text[], location text[], system text[], unit_id text[], alias text[], firmware text[],
  codeplug text[], purchased_on text[], warranty_until text[], cost text[], quantity text[], description text[], notes text[],
  run text DEFAULT NULL, rows_done int DEFAULT NULL)
RETURNS TABLE (refusal text, line int, outcome text, id uuid, "column" text, value text, reason text) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  place int;
  asked record;
  done record;
  results radioshop.row_result[] := '{}';
  seen jsonb := '{}';
  wants radioshop.asset[] := '{}';
  want_places int[] := '{}';
  want_cells jsonb[] := '{}';
  taken text[] := '{}'; -- codes of those that wait
  codes text[];
  of_run uuid;
BEGIN
  SELECT g.agency_id INTO place FROM radioshop.agency g
    WHERE g.code = upper(btrim(import_assets.agency)) AND g.agency_id = ANY (radioshop.agencies()) AND g.agency_id <> 0;
  IF btrim(import_assets.agency) = '' THEN
    refusal := radioshop.refuse('INVALID_ARGUMENT', 'agency', 'give the code of the agency that owns the assets');
  ELSIF place IS NULL THEN
    refusal := radioshop.refuse('NOT_FOUND', 'agency', format('there is no agency %s', btrim(import_assets.agency)));
  ELSIF coalesce(cardinality(lines), 0) = 0 THEN
    refusal := radioshop.refuse('INVALID_ARGUMENT', 'rows', 'give at least one row');
  ELSIF cardinality(lines) > 500 THEN
    refusal := radioshop.refuse('INVALID_ARGUMENT', 'rows', format('at most 500 rows a call, not %s', cardinality(lines)));
  END IF;
  IF refusal IS NOT NULL THEN
    RETURN NEXT;
    RETURN;
  END IF;

  PERFORM radioshop.lock_imports(place);
  IF btrim(coalesce(import_assets.run, '')) <> '' THEN
    SELECT t.run_id, t.refusal INTO of_run, refusal FROM radioshop.run_to_continue(place, import_assets.run, import_assets.rows_done) t;
    IF refusal IS NOT NULL THEN
      RETURN NEXT;
      RETURN;
    END IF;
  END IF;
  BEGIN
    FOR asked IN
      SELECT r.n, lines[r.n] AS line, radioshop.asset_cells('{tag,serial,model,class,status,assigned_to,location,system,unit_id,alias,
          firmware,codeplug,purchased_on,warranty_until,cost,quantity,description,notes}', tag[r.n], serial[r.n], model[r.n],
          class[r.n], status[r.n], assigned_to[r.n], location[r.n], system[r.n], unit_id[r.n], alias[r.n], firmware[r.n],
          codeplug[r.n], purchased_on[r.n], warranty_until[r.n], cost[r.n], quantity[r.n], description[r.n], notes[r.n]) AS cells
        FROM generate_subscripts(lines, 1) r (n) ORDER BY r.n
    LOOP
      codes := array_remove(ARRAY['tag ' || upper(asked.cells ->> 'tag'), 'serial ' || upper(asked.cells ->> 'serial'),
        'unit ' || (asked.cells ->> 'unit_id')], NULL);
      IF codes && taken THEN
        results := results || radioshop.flush_assets(place, wants, want_places, want_cells);
        wants := '{}';
        want_places := '{}';
        want_cells := '{}';
        taken := '{}';
      END IF;
      done := radioshop.try_import_asset(place, asked.n, asked.cells, seen, NULL);
      IF (done.result).outcome = 'created' THEN
        wants := wants || done.want;
        want_places := want_places || asked.n;
        want_cells := want_cells || asked.cells;
        taken := taken || codes;
      ELSE
        results := results || done.result;
      END IF;
      IF (done.result).id IS NOT NULL AND NOT seen ? (done.result).id::text THEN
        seen := seen || jsonb_build_object((done.result).id::text, asked.line);
      END IF;
    END LOOP;
    results := results || radioshop.flush_assets(place, wants, want_places, want_cells);
    IF import_assets.dry_run THEN
      RAISE EXCEPTION 'a dry run keeps nothing' USING ERRCODE = 'RS000';
    END IF;
  EXCEPTION WHEN SQLSTATE 'RS000' THEN
    NULL;
  END;
  IF NOT import_assets.dry_run THEN
    IF of_run IS NOT NULL THEN
      PERFORM radioshop.bring_run_forward(place, of_run, import_assets.rows_done, lines, results);
    END IF;
    PERFORM radioshop.refresh_statistics();
  END IF;
  -- Results carry the place of their row until here, since a client may number its lines as it likes. After a dry run the UUIDs of
  -- assets that it added mean nothing, and are not found any more.
  RETURN QUERY SELECT NULL::text, lines[r.line], r.outcome,
      CASE WHEN import_assets.dry_run THEN (SELECT a.asset_id FROM radioshop.asset a WHERE a.agency_id = place AND a.asset_id = r.id)
        ELSE r.id END, coalesce(r."column", ''), coalesce(r.value, ''), coalesce(r.reason, '')
    FROM unnest(results) r ORDER BY r.line;
END
$$;

-- ---------------------------------------------------------------------------------------------------------------------
-- What was broken off is told

INSERT INTO radioshop.alert_kind (kind, subjects, days, resolves) VALUES ('import_unfinished', 'alert_imports_unfinished', 1, true);

-- Runs that go on, and of which nothing has come for so many days. The day on which rows came last is its date: if more come and it is
-- broken off once more, it is told once more.
CREATE FUNCTION radioshop.alert_imports_unfinished(agency int, today date, number int) RETURNS SETOF radioshop.alert_subject
LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN QUERY SELECT NULL::uuid, NULL::uuid, d.last_on, 0, alert_imports_unfinished.today - d.last_on,
      format('%s of %s: %s of %s rows were imported', r.file_name, r.started_by, r.rows_done, r.rows), r.run_id::text, 0::bigint
    FROM radioshop.import_run r JOIN radioshop.agency g ON g.agency_id = r.agency_id
      CROSS JOIN LATERAL (SELECT (r.last_rows_at AT TIME ZONE g.time_zone)::date AS last_on) d
    WHERE r.agency_id = alert_imports_unfinished.agency AND r.state = 'running'
      AND d.last_on <= alert_imports_unfinished.today - alert_imports_unfinished.number;
END
$$;

UPDATE radioshop.schema_version SET version = 35;

COMMIT;
