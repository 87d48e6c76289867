-- Deploy radioshop:unit_block to pg
--
-- Blocks of unit IDs that the shop grants to agencies on a system of the catalogue. Blocks never overlap. An agency that has one is issued
-- unit IDs of its own blocks only; one that has none may be issued what is in nobody's. Neither hears whose a block is that is not its own.

BEGIN;

-- What stands for a system in the spans of blocks: the span of a block is its unit IDs behind this number, so that one key of the ranges
-- that PostgreSQL has holds blocks of all systems apart.
ALTER TABLE radioshop.radio_system ADD COLUMN place int NOT NULL GENERATED ALWAYS AS IDENTITY;
ALTER TABLE radioshop.radio_system ADD CONSTRAINT radio_system_place_unique UNIQUE (system_id, place);
COMMENT ON CONSTRAINT radio_system_place_unique ON radioshop.radio_system IS 'system: another system has this place';
DROP TRIGGER record_event ON radioshop.radio_system;
CREATE TRIGGER record_event AFTER INSERT OR UPDATE OR DELETE ON radioshop.radio_system
  FOR EACH ROW EXECUTE FUNCTION radioshop.record_event('radio_system', 'name', 'name_key', 'place');

CREATE TABLE radioshop.unit_block (
  agency_id int NOT NULL,
  block_id uuid NOT NULL DEFAULT radioshop.uuid_v7(),
  system_id uuid NOT NULL,
  place int NOT NULL,
  first int NOT NULL,
  last int NOT NULL,
  span int8range NOT NULL GENERATED ALWAYS AS (int8range((place::int8 << 24) + first, (place::int8 << 24) + greatest(first, last), '[]')) STORED,
  granted_by text NOT NULL DEFAULT radioshop.caller(),
  granted_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT unit_block_pkey PRIMARY KEY (agency_id, block_id),
  CONSTRAINT unit_block_apart EXCLUDE USING gist (span WITH &&),
  CONSTRAINT unit_block_agency_known FOREIGN KEY (agency_id) REFERENCES radioshop.agency,
  CONSTRAINT unit_block_agency_not_shop CHECK (agency_id > 0),
  CONSTRAINT unit_block_system_known FOREIGN KEY (system_id, place) REFERENCES radioshop.radio_system (system_id, place),
  CONSTRAINT unit_block_first_range CHECK (first BETWEEN 1 AND 16777211),
  CONSTRAINT unit_block_last_range CHECK (last BETWEEN first AND 16777211)
);
COMMENT ON CONSTRAINT unit_block_apart ON radioshop.unit_block IS 'first: a block that is granted already overlaps it';
COMMENT ON CONSTRAINT unit_block_agency_known ON radioshop.unit_block IS 'agency: no agency has this code';
COMMENT ON CONSTRAINT unit_block_agency_not_shop ON radioshop.unit_block IS 'agency: a block is granted to an agency, not to the shop itself';
COMMENT ON CONSTRAINT unit_block_system_known ON radioshop.unit_block IS 'system: the catalogue has no such system';
COMMENT ON CONSTRAINT unit_block_first_range ON radioshop.unit_block IS 'first: a unit ID lies between 1 and 16777211';
COMMENT ON CONSTRAINT unit_block_last_range ON radioshop.unit_block IS 'last: the last unit ID of a block lies between its first and 16777211';
CREATE INDEX unit_block_by_system ON radioshop.unit_block (agency_id, system_id, first);

CREATE TRIGGER record_event AFTER INSERT OR UPDATE OR DELETE ON radioshop.unit_block
  FOR EACH ROW EXECUTE FUNCTION radioshop.record_event('unit_block', 'block_id', 'span', 'place');

-- The shop may look at all of them also for a caller of one agency: see in_a_block().
ALTER TABLE radioshop.unit_block ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY unit_block_read ON radioshop.unit_block FOR SELECT
  USING (agency_id = ANY ((SELECT nullif(current_setting('radioshop.agencies', true), '')::int[])::int[])
    OR (SELECT radioshop.is_shop()));
CREATE POLICY unit_block_grant ON radioshop.unit_block FOR INSERT WITH CHECK ((SELECT radioshop.is_shop()));
CREATE POLICY unit_block_revoke ON radioshop.unit_block FOR DELETE USING ((SELECT radioshop.is_shop()));

GRANT SELECT, INSERT, DELETE ON radioshop.unit_block TO radioshop_app;

-- ---------------------------------------------------------------------------------------------------------------------
-- What an agency may be issued

CREATE FUNCTION radioshop.show_blocks(agency int, system uuid) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (SELECT string_agg(CASE WHEN b.first = b.last THEN b.first::text ELSE b.first || '–' || b.last END, ' and ' ORDER BY b.first)
    FROM radioshop.unit_block b WHERE b.agency_id = agency AND b.system_id = system);
END
$$;

-- Whether a unit ID lies in a block of any agency. Blocks of others are not the caller's to see: so this looks as the shop does, for the
-- length of one query, and says no more than yes or no.
CREATE FUNCTION radioshop.in_a_block(place int, unit_id int) RETURNS boolean LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  before text := coalesce(current_setting('radioshop.agencies', true), '');
  ignored text;
  yes boolean;
BEGIN
  ignored := set_config('radioshop.agencies', '{0}', true);
  yes := EXISTS (SELECT FROM radioshop.unit_block b WHERE b.span @> (in_a_block.place::int8 << 24) + in_a_block.unit_id);
  ignored := set_config('radioshop.agencies', before, true);
  RETURN yes;
END
$$;

-- Why a unit ID may not be issued in the agency on a system of the catalogue, with the agency's own blocks named; NULL when it may. Who
-- needs it to hold holds the systems first.
CREATE FUNCTION radioshop.outside_sentence(agency int, system_key text, unit_id int) RETURNS text LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  it record;
BEGIN
  SELECT s.system_id, s.place, s.name, bool_or(outside_sentence.unit_id BETWEEN b.first AND b.last) AS inside INTO it
    FROM radioshop.radio_system s LEFT JOIN radioshop.unit_block b ON b.agency_id = outside_sentence.agency AND b.system_id = s.system_id
    WHERE s.name_key = outside_sentence.system_key GROUP BY s.system_id;
  IF NOT FOUND OR it.inside OR it.inside IS NULL AND NOT radioshop.in_a_block(it.place, outside_sentence.unit_id) THEN
    RETURN NULL;
  END IF;
  RETURN (SELECT CASE WHEN it.inside IS NULL THEN format('%s may not use %s on %s; ask the shop for a block of unit IDs', g.code, outside_sentence.unit_id, it.name)
      ELSE format('%s may use %s on %s, not %s', g.code, radioshop.show_blocks(agency, it.system_id), it.name, outside_sentence.unit_id) END
    FROM radioshop.agency g WHERE g.agency_id = outside_sentence.agency);
END
$$;

-- As before, and within the blocks of the agency. What an asset has already it keeps, whatever is granted later.
CREATE OR REPLACE FUNCTION radioshop.refuse_unit_id(agency int, self uuid, system text, unit_id int) RETURNS text LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
  key constant text := upper(coalesce(refuse_unit_id.system, ''));
  place int;
  holder uuid;
  outside text;
BEGIN
  IF refuse_unit_id.unit_id IS NULL THEN
    RETURN NULL;
  END IF;
  SELECT i.agency_id, i.asset_id INTO place, holder FROM radioshop.issued_unit_id i
    WHERE i.system_key = key AND i.unit_id = refuse_unit_id.unit_id AND i.scope IN (0, refuse_unit_id.agency);
  IF holder = refuse_unit_id.self THEN
    RETURN NULL;
  END IF;
  outside := radioshop.outside_sentence(refuse_unit_id.agency, key, refuse_unit_id.unit_id);
  IF outside IS NOT NULL THEN
    RETURN radioshop.refuse('FAILED_PRECONDITION', 'unit_id', outside);
  ELSIF holder IS NULL THEN
    RETURN NULL;
  END IF;
  RETURN (SELECT radioshop.refuse('ALREADY_EXISTS', 'unit_id',
      format(CASE WHEN a.unit_id = refuse_unit_id.unit_id AND a.system_key = key THEN 'asset %s has this unit ID on this system'
          ELSE 'asset %s had this unit ID when it went missing; it is not issued again before that asset is found' END,
        CASE WHEN place = refuse_unit_id.agency THEN a.tag ELSE g.code || ':' || a.tag END))
    FROM radioshop.asset a JOIN radioshop.agency g ON g.agency_id = a.agency_id WHERE a.agency_id = place AND a.asset_id = holder);
END
$$;

-- The guard behind that: whoever issues holds the systems, and a grant waits for it.
CREATE OR REPLACE FUNCTION radioshop.issue_unit_ids() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  before text := coalesce(current_setting('radioshop.agencies', true), '');
  ignored text;
  outside record;
BEGIN
  IF NOT EXISTS (SELECT FROM added a WHERE a.unit_id IS NOT NULL) THEN
    RETURN NULL;
  END IF;
  PERFORM radioshop.hold_systems();
  ignored := set_config('radioshop.agencies', '{0}', true); -- as in_a_block(), but of all at once
  SELECT a.agency_id, a.system_key, a.unit_id INTO outside
    FROM added a JOIN radioshop.radio_system s ON s.name_key = a.system_key
      LEFT JOIN radioshop.unit_block b ON b.span @> (s.place::int8 << 24) + a.unit_id
    WHERE a.unit_id IS NOT NULL AND b.agency_id IS DISTINCT FROM a.agency_id AND (b.agency_id IS NOT NULL
      OR EXISTS (SELECT FROM radioshop.unit_block o WHERE o.agency_id = a.agency_id AND o.system_id = s.system_id)) LIMIT 1;
  ignored := set_config('radioshop.agencies', before, true);
  IF outside.unit_id IS NOT NULL THEN
    RAISE EXCEPTION 'unit_id: %', radioshop.outside_sentence(outside.agency_id, outside.system_key, outside.unit_id) USING ERRCODE = 'RS412';
  END IF;
  INSERT INTO radioshop.issued_unit_id (agency_id, asset_id, system_key, unit_id, scope, withheld)
    SELECT a.agency_id, a.asset_id, a.system_key, a.unit_id, CASE WHEN s.system_id IS NULL THEN a.agency_id ELSE 0 END, a.status = 'missing'
    FROM added a LEFT JOIN radioshop.radio_system s ON s.name_key = a.system_key
    WHERE a.unit_id IS NOT NULL;
  RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION radioshop.reissue_unit_id() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  outside text;
BEGIN
  PERFORM radioshop.hold_systems();
  IF NEW.status = 'missing' THEN
    UPDATE radioshop.issued_unit_id i SET withheld = true WHERE i.agency_id = NEW.agency_id AND i.asset_id = NEW.asset_id AND NOT i.withheld;
  ELSIF NEW.status NOT IN ('retired', 'disposed') THEN
    UPDATE radioshop.issued_unit_id i SET withheld = false WHERE i.agency_id = NEW.agency_id AND i.asset_id = NEW.asset_id AND i.withheld;
  END IF;
  DELETE FROM radioshop.issued_unit_id i WHERE i.agency_id = NEW.agency_id AND i.asset_id = NEW.asset_id AND NOT i.withheld
    AND (i.system_key, i.unit_id) IS DISTINCT FROM (NEW.system_key, NEW.unit_id);
  IF NEW.unit_id IS NOT NULL AND NOT EXISTS (SELECT FROM radioshop.issued_unit_id i WHERE i.agency_id = NEW.agency_id AND i.asset_id = NEW.asset_id
      AND i.system_key = NEW.system_key AND i.unit_id = NEW.unit_id) THEN
    outside := radioshop.outside_sentence(NEW.agency_id, NEW.system_key, NEW.unit_id);
    IF outside IS NOT NULL THEN
      RAISE EXCEPTION 'unit_id: %', outside USING ERRCODE = 'RS412';
    END IF;
    INSERT INTO radioshop.issued_unit_id (agency_id, asset_id, system_key, unit_id, scope, withheld)
      VALUES (NEW.agency_id, NEW.asset_id, NEW.system_key, NEW.unit_id, radioshop.unit_id_scope(NEW.agency_id, NEW.system_key),
        NEW.status = 'missing');
  END IF;
  RETURN NULL;
END
$$;

-- ---------------------------------------------------------------------------------------------------------------------
-- Methods

-- The agency and the system that a call names, or its refusal.
CREATE FUNCTION radioshop.block_place(agency text, system text, OUT refusal text, OUT agency_id int, OUT code text, OUT system_id uuid,
  OUT name text, OUT name_key text, OUT place int) LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
  SELECT g.agency_id, g.code INTO block_place.agency_id, block_place.code FROM radioshop.agency g
    WHERE g.code = upper(btrim(block_place.agency)) AND g.agency_id = ANY (radioshop.agencies()) AND g.agency_id <> 0;
  SELECT s.system_id, s.name, s.name_key, s.place INTO block_place.system_id, block_place.name, block_place.name_key, block_place.place
    FROM radioshop.radio_system s WHERE s.name_key = upper(btrim(block_place.system));
  refusal := CASE
    WHEN btrim(coalesce(block_place.agency, '')) = '' THEN radioshop.refuse('INVALID_ARGUMENT', 'agency', 'give the code of the agency')
    WHEN block_place.agency_id IS NULL THEN radioshop.refuse('NOT_FOUND', 'agency', format('there is no agency %s', btrim(block_place.agency)))
    WHEN btrim(coalesce(block_place.system, '')) = '' THEN radioshop.refuse('INVALID_ARGUMENT', 'system', 'give the name of the system')
    WHEN block_place.system_id IS NULL THEN radioshop.refuse('NOT_FOUND', 'system', format('the catalogue has no system %s', btrim(block_place.system))) END;
END
$$;

CREATE FUNCTION radioshop.refuse_block(first int, last int) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN CASE
    WHEN NOT radioshop.is_shop() THEN radioshop.refuse('PERMISSION_DENIED', '', 'only an administrator of the shop grants and revokes blocks')
    WHEN coalesce(first, 0) NOT BETWEEN 1 AND 16777211 THEN radioshop.refuse('INVALID_ARGUMENT', 'first', 'a unit ID lies between 1 and 16777211')
    WHEN coalesce(last, 0) NOT BETWEEN first AND 16777211 THEN radioshop.refuse('INVALID_ARGUMENT', 'last',
      'the last unit ID of a block lies between its first and 16777211') END;
END
$$;

-- A block for an agency. Radios that it has outside of its blocks keep their unit IDs, and the answer says how many they are.
CREATE FUNCTION radioshop.grant_unit_block(agency text, system text, first int, last int, OUT refusal text, OUT code text, OUT name text,
  OUT shown_first int, OUT shown_last int, OUT granted_by text, OUT granted_at timestamptz, OUT warnings text[]) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  at record;
  made record;
  others record;
BEGIN
  refusal := radioshop.refuse_block(grant_unit_block.first, grant_unit_block.last);
  IF refusal IS NULL THEN
    PERFORM radioshop.hold_systems_alone();
    at := radioshop.block_place(grant_unit_block.agency, grant_unit_block.system);
    refusal := coalesce(at.refusal, (SELECT radioshop.refuse('ALREADY_EXISTS', 'first', format('%s has %s–%s on %s already', g.code, b.first, b.last, at.name))
      FROM radioshop.unit_block b JOIN radioshop.agency g ON g.agency_id = b.agency_id
      WHERE b.system_id = at.system_id AND b.first <= grant_unit_block.last AND b.last >= grant_unit_block.first ORDER BY b.first LIMIT 1));
  END IF;
  IF refusal IS NULL THEN
    SELECT count(*) AS n, min(i.unit_id) AS first INTO others FROM radioshop.issued_unit_id i
      WHERE i.system_key = at.name_key AND i.unit_id BETWEEN grant_unit_block.first AND grant_unit_block.last AND i.agency_id <> at.agency_id;
    IF others.n > 0 THEN
      refusal := radioshop.refuse('FAILED_PRECONDITION', 'first', format('assets of other agencies have %s of these unit IDs, such as %s; give those assets others first',
        others.n, (SELECT format('%s of %s:%s', i.unit_id, g.code, a.tag) FROM radioshop.issued_unit_id i JOIN radioshop.agency g ON g.agency_id = i.agency_id
          JOIN radioshop.asset a ON a.agency_id = i.agency_id AND a.asset_id = i.asset_id WHERE i.system_key = at.name_key AND i.unit_id = others.first)));
    END IF;
  END IF;
  IF refusal IS NOT NULL THEN
    RETURN;
  END IF;
  INSERT INTO radioshop.unit_block (agency_id, system_id, place, first, last)
    VALUES (at.agency_id, at.system_id, at.place, grant_unit_block.first, grant_unit_block.last)
    RETURNING granted_by, granted_at INTO made;
  code := at.code;
  name := at.name;
  shown_first := grant_unit_block.first;
  shown_last := grant_unit_block.last;
  granted_by := made.granted_by;
  granted_at := made.granted_at;
  warnings := ARRAY(SELECT format('assets of %s have %s unit IDs outside of its blocks on %s; they keep them', at.code, o.n, at.name)
    FROM (SELECT count(*) AS n FROM radioshop.issued_unit_id i WHERE i.agency_id = at.agency_id AND i.system_key = at.name_key
      AND NOT EXISTS (SELECT FROM radioshop.unit_block b WHERE b.agency_id = at.agency_id AND b.system_id = at.system_id
        AND i.unit_id BETWEEN b.first AND b.last)) o WHERE o.n > 0);
END
$$;

-- Takes unit IDs out of the blocks of an agency, which may be whole blocks or parts of some. The answer is what it has left there.
CREATE FUNCTION radioshop.revoke_unit_block(agency text, system text, first int, last int)
RETURNS TABLE (refusal text, code text, name text, shown_first int, shown_last int, granted_by text, granted_at timestamptz) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  at record;
  b radioshop.unit_block%ROWTYPE;
  used bigint;
BEGIN
  refusal := radioshop.refuse_block(revoke_unit_block.first, revoke_unit_block.last);
  IF refusal IS NULL THEN
    PERFORM radioshop.hold_systems_alone();
    at := radioshop.block_place(revoke_unit_block.agency, revoke_unit_block.system);
    refusal := at.refusal;
  END IF;
  IF refusal IS NULL THEN
    SELECT count(*) INTO used FROM radioshop.issued_unit_id i WHERE i.agency_id = at.agency_id AND i.system_key = at.name_key
      AND i.unit_id BETWEEN revoke_unit_block.first AND revoke_unit_block.last;
    refusal := CASE WHEN (SELECT coalesce(sum(least(b.last, revoke_unit_block.last) - greatest(b.first, revoke_unit_block.first) + 1), 0)
        FROM radioshop.unit_block b WHERE b.agency_id = at.agency_id AND b.system_id = at.system_id
          AND b.first <= revoke_unit_block.last AND b.last >= revoke_unit_block.first) < revoke_unit_block.last - revoke_unit_block.first + 1
      THEN radioshop.refuse('FAILED_PRECONDITION', 'first', format('%s has %s on %s, and not all of %s–%s', at.code,
        coalesce(radioshop.show_blocks(at.agency_id, at.system_id), 'no block'), at.name, revoke_unit_block.first, revoke_unit_block.last))
      WHEN used > 0 THEN radioshop.refuse('FAILED_PRECONDITION', 'first',
        format('assets of %s have %s of these unit IDs; give them others first', at.code, used)) END;
  END IF;
  IF refusal IS NOT NULL THEN
    RETURN NEXT;
    RETURN;
  END IF;
  FOR b IN
    DELETE FROM radioshop.unit_block d WHERE d.agency_id = at.agency_id AND d.system_id = at.system_id
      AND d.first <= revoke_unit_block.last AND d.last >= revoke_unit_block.first RETURNING d.*
  LOOP
    INSERT INTO radioshop.unit_block (agency_id, system_id, place, first, last, granted_by, granted_at)
      SELECT b.agency_id, b.system_id, b.place, r.first, r.last, b.granted_by, b.granted_at
      FROM (VALUES (b.first, revoke_unit_block.first - 1), (revoke_unit_block.last + 1, b.last)) r (first, last) WHERE r.first <= r.last;
  END LOOP;
  RETURN QUERY SELECT NULL::text, at.code, at.name, l.first, l.last, l.granted_by, l.granted_at
    FROM radioshop.unit_block l WHERE l.agency_id = at.agency_id AND l.system_id = at.system_id ORDER BY l.first;
END
$$;

-- The lowest unit IDs of an agency's blocks that no asset has. Nothing of another agency is in them: a grant and the triggers of the
-- register see to it.
CREATE FUNCTION radioshop.free_unit_ids(agency text, system text, most int) RETURNS TABLE (refusal text, unit_id int, first int, last int)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
  at record := radioshop.block_place(free_unit_ids.agency, free_unit_ids.system);
  left_over int := coalesce(nullif(most, 0), 1);
  block record;
  held int;
BEGIN
  refusal := CASE WHEN at.refusal IS NOT NULL THEN at.refusal
    WHEN left_over NOT BETWEEN 1 AND 500 THEN radioshop.refuse('INVALID_ARGUMENT', 'count', 'ask for 1 to 500 unit IDs')
    WHEN radioshop.show_blocks(at.agency_id, at.system_id) IS NULL THEN radioshop.refuse('FAILED_PRECONDITION', 'agency',
      format('%s has no block of unit IDs on %s; ask the shop for one', at.code, at.name)) END;
  IF refusal IS NOT NULL THEN
    RETURN NEXT;
    RETURN;
  END IF;
  FOR block IN SELECT b.first, b.last FROM radioshop.unit_block b
    WHERE b.agency_id = at.agency_id AND b.system_id = at.system_id ORDER BY b.first
  LOOP
    unit_id := block.first;
    first := block.first;
    last := block.last;
    FOR held IN SELECT i.unit_id FROM radioshop.issued_unit_id i WHERE i.system_key = at.name_key AND i.scope = 0
      AND i.unit_id BETWEEN block.first AND block.last ORDER BY i.unit_id
    LOOP
      WHILE unit_id < held AND left_over > 0 LOOP
        RETURN NEXT;
        left_over := left_over - 1;
        unit_id := unit_id + 1;
      END LOOP;
      EXIT WHEN left_over = 0;
      unit_id := held + 1;
    END LOOP;
    WHILE unit_id <= block.last AND left_over > 0 LOOP
      RETURN NEXT;
      left_over := left_over - 1;
      unit_id := unit_id + 1;
    END LOOP;
    EXIT WHEN left_over = 0;
  END LOOP;
  IF left_over = coalesce(nullif(most, 0), 1) THEN
    refusal := radioshop.refuse('FAILED_PRECONDITION', 'agency', format('all unit IDs of %s on %s are issued: %s; ask the shop for another block',
      at.code, at.name, radioshop.show_blocks(at.agency_id, at.system_id)));
    RETURN NEXT;
  END IF;
END
$$;

-- As before, and what is odd about a unit ID.
CREATE OR REPLACE FUNCTION radioshop.asset_warnings(it radioshop.asset, fields text[]) RETURNS text[] LANGUAGE plpgsql STABLE AS $$
DECLARE
  warnings text[] := '{}';
BEGIN
  IF (fields IS NULL OR fields && '{serial,model}') AND it.serial <> ''
      AND EXISTS (SELECT FROM radioshop.model m WHERE m.model_id = it.model_id AND m.manufacturer ILIKE 'motorola%') THEN
    warnings := warnings || radioshop.motorola_serial_warning(it.serial);
  END IF;
  IF (fields IS NULL OR 'flashcode' = ANY (fields)) AND it.flashcode <> '' THEN
    warnings := warnings || radioshop.flashcode_warning(it.flashcode);
  END IF;
  IF (fields IS NULL OR 'unit_id' = ANY (fields)) AND it.unit_id > 9999999 THEN
    warnings := warnings || format('unit ID %s: radios are numbered up to 9999999 as a rule; look whether it is typed right', it.unit_id);
  END IF;
  RETURN array_remove(warnings, NULL);
END
$$;

UPDATE radioshop.schema_version SET version = 38;

COMMIT;
