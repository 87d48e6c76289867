-- Deploy radioshop:service_record to pg
--
-- Preventive maintenance that was done, and what was measured. Only grows: a wrong record stays, and a right one follows it.

BEGIN;

CREATE TABLE radioshop.service_record (
  agency_id int NOT NULL,
  record_id uuid NOT NULL DEFAULT radioshop.uuid_v7(),
  asset_id uuid NOT NULL,
  plan_id uuid NOT NULL,
  done_on date NOT NULL,
  result text NOT NULL,
  notes text NOT NULL DEFAULT '',
  recorded_by text NOT NULL DEFAULT radioshop.caller(),
  recorded_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT service_record_pkey PRIMARY KEY (agency_id, record_id),
  CONSTRAINT service_record_asset_known FOREIGN KEY (agency_id, asset_id) REFERENCES radioshop.asset (agency_id, asset_id),
  CONSTRAINT service_record_plan_known FOREIGN KEY (agency_id, plan_id) REFERENCES radioshop.plan (agency_id, plan_id),
  CONSTRAINT service_record_done_on_range CHECK (done_on >= '1970-01-01'),
  CONSTRAINT service_record_result_known CHECK (result IN ('passed', 'adjusted', 'failed')),
  CONSTRAINT service_record_notes_form CHECK (radioshop.is_text(notes, 8000))
);
COMMENT ON CONSTRAINT service_record_asset_known ON radioshop.service_record IS 'asset: no such asset';
COMMENT ON CONSTRAINT service_record_plan_known ON radioshop.service_record IS 'plan: no such plan';
COMMENT ON CONSTRAINT service_record_done_on_range ON radioshop.service_record IS 'done_on: give a day from 1970-01-01 to today';
COMMENT ON CONSTRAINT service_record_result_known ON radioshop.service_record IS 'result: a service has passed, was adjusted, or failed';
COMMENT ON CONSTRAINT service_record_notes_form ON radioshop.service_record IS
  'notes: at most 8000 characters, and no control characters but tabs and line ends';
CREATE INDEX service_record_by_day ON radioshop.service_record (agency_id, done_on DESC, record_id DESC);
CREATE INDEX service_record_by_asset ON radioshop.service_record (agency_id, asset_id, done_on DESC, record_id DESC);
CREATE INDEX service_record_by_plan ON radioshop.service_record (agency_id, plan_id, asset_id);

CREATE TABLE radioshop.service_reading (
  agency_id int NOT NULL,
  record_id uuid NOT NULL,
  position int NOT NULL,
  name text NOT NULL,
  value float8 NOT NULL,
  unit text NOT NULL,
  CONSTRAINT service_reading_pkey PRIMARY KEY (agency_id, record_id, position),
  CONSTRAINT service_reading_record_known FOREIGN KEY (agency_id, record_id) REFERENCES radioshop.service_record (agency_id, record_id),
  CONSTRAINT service_reading_position_range CHECK (position BETWEEN 1 AND 50),
  CONSTRAINT service_reading_name_form CHECK (name <> '' AND radioshop.is_line(name, 80)),
  CONSTRAINT service_reading_value_range CHECK (value BETWEEN -1e15 AND 1e15),
  CONSTRAINT service_reading_unit_form CHECK (radioshop.is_line(unit, 16))
);
COMMENT ON CONSTRAINT service_reading_position_range ON radioshop.service_reading IS 'readings: a service has at most 50 readings';
COMMENT ON CONSTRAINT service_reading_name_form ON radioshop.service_reading IS
  'readings.name: each reading needs a name, one line of at most 80 characters';
COMMENT ON CONSTRAINT service_reading_value_range ON radioshop.service_reading IS
  'readings.value: a value is a number between -1e15 and 1e15; it may not be infinite or NaN';
COMMENT ON CONSTRAINT service_reading_unit_form ON radioshop.service_reading IS
  'readings.unit: a unit is one line of at most 16 characters';

CREATE TRIGGER only_append BEFORE UPDATE OR DELETE OR TRUNCATE ON radioshop.service_record
  FOR EACH STATEMENT EXECUTE FUNCTION radioshop.only_append();
CREATE TRIGGER only_append BEFORE UPDATE OR DELETE OR TRUNCATE ON radioshop.service_reading
  FOR EACH STATEMENT EXECUTE FUNCTION radioshop.only_append();
CREATE TRIGGER record_event AFTER INSERT OR UPDATE OR DELETE ON radioshop.service_record
  FOR EACH ROW EXECUTE FUNCTION radioshop.record_event('service', 'record_id');

ALTER TABLE radioshop.service_record ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY service_record_agency ON radioshop.service_record
  USING (agency_id = ANY ((SELECT nullif(current_setting('radioshop.agencies', true), '')::int[])::int[]));
ALTER TABLE radioshop.service_reading ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY service_reading_agency ON radioshop.service_reading
  USING (agency_id = ANY ((SELECT nullif(current_setting('radioshop.agencies', true), '')::int[])::int[]));
GRANT SELECT, INSERT ON radioshop.service_record, radioshop.service_reading TO radioshop_app;

-- Days of the passed services, for reschedule(): a failed one never moves a due date.
CREATE OR REPLACE FUNCTION radioshop.services_done(agency int, asset uuid, plan uuid) RETURNS date[] LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (SELECT array_agg(r.done_on) FROM radioshop.service_record r
    WHERE r.agency_id = agency AND r.asset_id = asset AND r.plan_id = plan AND r.result <> 'failed');
END
$$;

CREATE FUNCTION radioshop.reschedule_serviced_assets() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  group_of record;
BEGIN
  FOR group_of IN SELECT n.agency_id, n.plan_id, array_agg(DISTINCT n.asset_id) AS assets FROM added n WHERE n.result <> 'failed'
      GROUP BY n.agency_id, n.plan_id ORDER BY n.agency_id, n.plan_id LOOP
    PERFORM radioshop.reschedule(group_of.agency_id, group_of.assets, group_of.plan_id);
  END LOOP;
  RETURN NULL;
END
$$;
CREATE TRIGGER reschedule_serviced AFTER INSERT ON radioshop.service_record REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION radioshop.reschedule_serviced_assets();

-- A service as a caller sees it, or why not. In step with message ServiceRecord.
CREATE TYPE radioshop.service_shown AS (
  refusal text, id uuid, agency text, tag text, plan text, done_on date, result text, readings jsonb, notes text, recorded_by text,
  recorded_at timestamptz, next_due_on date
);

CREATE FUNCTION radioshop.readings_of(agency int, record uuid) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (SELECT coalesce(jsonb_agg(jsonb_build_object('name', r.name, 'value', r.value, 'unit', r.unit) ORDER BY r.position), '[]')
    FROM radioshop.service_reading r WHERE r.agency_id = agency AND r.record_id = record);
END
$$;

-- The one plan that a service is recorded under: the one named, or the only one that applies.
CREATE FUNCTION radioshop.plan_for_service(agency int, asset uuid, code text, OUT plan_id uuid, OUT refusal text)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
  candidates text[];
  named boolean := coalesce(plan_for_service.code, '') <> '';
BEGIN
  SELECT array_agg(p.code ORDER BY p.code_key), (array_agg(p.plan_id))[1] INTO candidates, plan_for_service.plan_id
    FROM radioshop.plan p JOIN radioshop.asset a ON a.agency_id = p.agency_id AND a.asset_id = plan_for_service.asset
    WHERE p.agency_id = plan_for_service.agency AND (p.class IS NULL OR p.class = a.class)
      AND (p.model_id IS NULL OR p.model_id = a.model_id)
      AND CASE WHEN named THEN p.code_key = upper(plan_for_service.code) ELSE NOT p.stopped END;
  IF cardinality(candidates) = 1 THEN
    RETURN;
  END IF;
  plan_for_service.plan_id := NULL;
  refusal := CASE
    WHEN candidates IS NOT NULL THEN radioshop.refuse('INVALID_ARGUMENT', 'plan',
      format('say which plan; these apply to the asset: %s', array_to_string(candidates, ', ')))
    WHEN NOT named THEN radioshop.refuse('FAILED_PRECONDITION', 'plan', 'no plan applies to the asset')
    WHEN EXISTS (SELECT FROM radioshop.plan p
        WHERE p.agency_id = plan_for_service.agency AND p.code_key = upper(plan_for_service.code)) THEN
      radioshop.refuse('FAILED_PRECONDITION', 'plan', format('plan %s does not apply to this class or model', plan_for_service.code))
    ELSE radioshop.refuse('NOT_FOUND', 'plan', format('the asset''s agency has no plan %s', plan_for_service.code)) END;
END
$$;

-- Records a service; the trigger moves the due date. The asset is locked first, so that it cannot be retired meanwhile.
CREATE FUNCTION radioshop.record_service(asset text, plan text, result text, done_on date, reading_names text[], reading_values float8[],
  reading_units text[], notes text)
RETURNS radioshop.service_shown LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  shown radioshop.service_shown;
  found_asset record;
  of_plan record;
  it record;
  made uuid := radioshop.uuid_v7();
BEGIN
  found_asset := radioshop.one_asset(record_service.asset);
  IF found_asset.refusal IS NOT NULL THEN
    shown.refusal := found_asset.refusal;
    RETURN shown;
  END IF;
  SELECT a.status, a.tag, g.code AS agency, radioshop.today(g.time_zone) AS today INTO it
    FROM radioshop.asset a JOIN radioshop.agency g ON g.agency_id = a.agency_id
    WHERE a.agency_id = found_asset.agency_id AND a.asset_id = found_asset.asset_id FOR NO KEY UPDATE OF a;
  of_plan := radioshop.plan_for_service(found_asset.agency_id, found_asset.asset_id, record_service.plan);
  shown.refusal := CASE
    WHEN it.status IN ('retired', 'disposed') THEN radioshop.refuse('FAILED_PRECONDITION', 'asset',
      format('asset %s:%s is %s; nothing is serviced on it', it.agency, it.tag, it.status))
    WHEN of_plan.refusal IS NOT NULL THEN of_plan.refusal
    WHEN record_service.result IS NULL THEN
      radioshop.refuse('INVALID_ARGUMENT', 'result', 'say how the service ended: passed, adjusted or failed')
    WHEN record_service.done_on > it.today THEN radioshop.refuse('INVALID_ARGUMENT', 'done_on',
      format('%s is in the future; it is %s at agency %s', record_service.done_on, it.today, it.agency))
    WHEN cardinality(reading_names) > 50 THEN
      radioshop.refuse('INVALID_ARGUMENT', 'readings', format('a service has at most 50 readings, not %s', cardinality(reading_names)))
  END;
  IF shown.refusal IS NOT NULL THEN
    RETURN shown;
  END IF;
  INSERT INTO radioshop.service_record (agency_id, record_id, asset_id, plan_id, done_on, result, notes)
    VALUES (found_asset.agency_id, made, found_asset.asset_id, of_plan.plan_id, coalesce(record_service.done_on, it.today),
      record_service.result, btrim(coalesce(record_service.notes, ''), E' \t\r\n'));
  INSERT INTO radioshop.service_reading (agency_id, record_id, position, name, value, unit)
    SELECT found_asset.agency_id, made, r.position, btrim(coalesce(r.name, '')), r.value, btrim(coalesce(r.unit, ''))
      FROM unnest(reading_names, reading_values, reading_units) WITH ORDINALITY r (name, value, unit, position);
  SELECT NULL, r.record_id, it.agency, it.tag, p.code, r.done_on, r.result, radioshop.readings_of(r.agency_id, r.record_id), r.notes,
      r.recorded_by, r.recorded_at, s.next_due
    INTO shown
    FROM radioshop.service_record r JOIN radioshop.plan p ON p.agency_id = r.agency_id AND p.plan_id = r.plan_id
      LEFT JOIN radioshop.schedule s ON s.agency_id = r.agency_id AND s.asset_id = r.asset_id AND s.plan_id = r.plan_id
    WHERE r.agency_id = found_asset.agency_id AND r.record_id = made;
  RETURN shown;
END
$$;

COMMIT;
