-- Revert radioshop:procedure from pg

BEGIN;

UPDATE radioshop.schema_version SET version = 9;
DROP FUNCTION radioshop.refuse_untested(text, text);
DROP FUNCTION radioshop.record_service(text, text, text, date, text[], float8[], text[], text, float8[], text[], text[], text[], text, boolean,
  text, int);
DROP FUNCTION radioshop.service_sheet(text, text, text);
DROP FUNCTION radioshop.procedure_for_service(text, uuid, int, text, uuid, text, int);
DROP FUNCTION radioshop.ticket_for_failure(int, uuid, text);
DROP FUNCTION radioshop.judge_service(uuid, int, text, text, text, date, text[], float8[], text[], float8[], text[], text[], text[]);
DROP TYPE radioshop.service_judged;
DROP FUNCTION radioshop.judge_answer(text, text, text[], text[], text);
DROP FUNCTION radioshop.judge_reading(text, text, text, text, text, date, float8, text, text, float8, text);
DROP TYPE radioshop.judged;
DROP FUNCTION radioshop.steps_for(uuid, int, text);
DROP FUNCTION radioshop.band_fits(text, text);
DROP FUNCTION radioshop.shown_service(int, uuid);
ALTER TYPE radioshop.service_shown DROP ATTRIBUTE procedure, DROP ATTRIBUTE procedure_version, DROP ATTRIBUTE answers,
  DROP ATTRIBUTE analyser, DROP ATTRIBUTE analyser_out_of_date, DROP ATTRIBUTE ticket;
CREATE OR REPLACE FUNCTION radioshop.readings_of(agency int, record uuid) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (SELECT coalesce(jsonb_agg(jsonb_build_object('name', r.name, 'value', r.value, 'unit', r.unit) ORDER BY r.position), '[]')
    FROM radioshop.service_reading r WHERE r.agency_id = agency AND r.record_id = record);
END
$$;
CREATE OR REPLACE FUNCTION radioshop.reschedule_serviced_assets() RETURNS trigger LANGUAGE plpgsql AS $$
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
DROP TABLE radioshop.service_answer;
ALTER TABLE radioshop.service_reading DROP COLUMN test, DROP COLUMN band, DROP COLUMN mode, DROP COLUMN frequency_mhz, DROP COLUMN limit_id,
  DROP COLUMN legal_limit_id, DROP COLUMN verdict;
ALTER TABLE radioshop.service_record DROP CONSTRAINT service_record_plan_needed, DROP COLUMN procedure_id, DROP COLUMN procedure_version,
  DROP COLUMN analyser, DROP COLUMN analyser_calibrated, DROP COLUMN ticket_id, ALTER COLUMN plan_id SET NOT NULL;
DROP FUNCTION radioshop.is_calibrated(uuid, date);
DROP TABLE radioshop.analyser_calibration;
DROP TABLE radioshop.analyser;
DROP FUNCTION radioshop.keep_calibration();
DROP FUNCTION radioshop.attach_procedure(text, text, bigint, text);
DROP FUNCTION radioshop.update_procedure(text, bigint, text[], text, boolean, text, text, text, boolean);
DROP FUNCTION radioshop.revise_procedure(text, bigint, text[], text[], text[], boolean[], text[], text[], text[], text[], text[], text[]);
DROP FUNCTION radioshop.procedure_to_change(text, bigint);
DROP FUNCTION radioshop.create_procedure(text, text, boolean, text, text, text, boolean, text[], text[], text[], boolean[], text[], text[],
  text[], text[], text[], text[]);
DROP FUNCTION radioshop.refuse_steps(text[], text[]);
DROP FUNCTION radioshop.add_steps(uuid, int, text[], text[], text[], boolean[], text[], text[], text[], text[], text[], text[]);
DROP FUNCTION radioshop.split_options(text);
DROP FUNCTION radioshop.shown_procedure(uuid, int);
DROP TYPE radioshop.procedure_shown;
ALTER TABLE radioshop.plan DROP COLUMN procedure_id;
DROP TABLE radioshop.procedure_step;
DROP TABLE radioshop.procedure;

COMMIT;
