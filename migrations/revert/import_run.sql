-- Revert radioshop:import_run from pg
--
-- How far files came is forgotten, and what was said of it; what they brought stays.

BEGIN;

UPDATE radioshop.schema_version SET version = 34;

ALTER TABLE radioshop.alert NO FORCE ROW LEVEL SECURITY;
ALTER TABLE radioshop.alert_notice NO FORCE ROW LEVEL SECURITY;
ALTER TABLE radioshop.alert_route NO FORCE ROW LEVEL SECURITY;
ALTER TABLE radioshop.alert_rule NO FORCE ROW LEVEL SECURITY;
DELETE FROM radioshop.alert_notice n USING radioshop.alert l
  WHERE l.agency_id = n.agency_id AND l.alert_id = n.alert_id AND (l.kind = 'import_unfinished' OR l.said = 'import unfinished');
DELETE FROM radioshop.alert WHERE kind = 'import_unfinished' OR (kind = 'resolved' AND said = 'import unfinished');
DELETE FROM radioshop.alert_rule WHERE kind = 'import_unfinished';
DELETE FROM radioshop.alert_kind WHERE kind = 'import_unfinished';
UPDATE radioshop.alert_route SET kinds = array_remove(kinds, 'import_unfinished') WHERE 'import_unfinished' = ANY (kinds);
ALTER TABLE radioshop.alert FORCE ROW LEVEL SECURITY;
ALTER TABLE radioshop.alert_notice FORCE ROW LEVEL SECURITY;
ALTER TABLE radioshop.alert_route FORCE ROW LEVEL SECURITY;
ALTER TABLE radioshop.alert_rule FORCE ROW LEVEL SECURITY;
DROP FUNCTION radioshop.alert_imports_unfinished(int, date, int);

DROP FUNCTION radioshop.import_assets(text, boolean, int[], text[], text[], text[], text[], text[], text[], text[], text[], text[],
  text[], text[], text[], text[], text[], text[], text[], text[], text[], text, int);
-- The method. One agency's imports go one after another, so that two of them never wait for each other's rows. New assets wait and
-- are written together, at the end or as soon as a row comes that has a code in common with one of them. A dry run does all the
-- same and then raises, which undoes the rows; what it found is in variables and stays.
CREATE FUNCTION radioshop.import_assets(agency text, dry_run boolean, lines int[], tag text[], serial text[], model text[],
  class text[], status text[], assigned_to text[], location text[], system text[], unit_id text[], alias text[], firmware text[],
  codeplug text[], purchased_on text[], warranty_until text[], cost text[], quantity text[], description text[], notes text[])
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

  PERFORM pg_advisory_xact_lock(hashtextextended('radioshop.import_assets', place));
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

DROP FUNCTION radioshop.end_import(text, text);
DROP FUNCTION radioshop.bring_run_forward(int, uuid, int, int[], radioshop.row_result[]);
DROP FUNCTION radioshop.run_to_continue(int, text, int);
DROP FUNCTION radioshop.start_import(text, text, text, int);
DROP FUNCTION radioshop.one_import(text);
DROP FUNCTION radioshop.shown_import(int, uuid);
DROP TYPE radioshop.import_shown;
DROP FUNCTION radioshop.lock_imports(int);
DROP TABLE radioshop.import_run;

COMMIT;
