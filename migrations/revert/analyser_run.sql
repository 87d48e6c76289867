-- Revert radioshop:analyser_run from pg

BEGIN;

UPDATE radioshop.schema_version SET version = 24;
CREATE OR REPLACE FUNCTION radioshop.readings_of(agency int, record uuid) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (SELECT coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object('name', r.name, 'value', r.value, 'unit', r.unit,
        'frequency_mhz', r.frequency_mhz, 'verdict', r.verdict, 'limit', r.limit_id,
        'limit_text', radioshop.limit_text(l.direction, l.low, l.high, l.unit),
        'legal_limit_text', radioshop.limit_text(f.direction, f.low, f.high, f.unit))) ORDER BY r.position), '[]')
    FROM radioshop.service_reading r LEFT JOIN radioshop.reading_limit l ON l.limit_id = r.limit_id
      LEFT JOIN radioshop.reading_limit f ON f.limit_id = r.legal_limit_id
    WHERE r.agency_id = agency AND r.record_id = record);
END
$$;
DROP FUNCTION radioshop.import_results(boolean, text, text, text, boolean, int[], int[], text[], text[], text[], text[], text[], text[], text[],
  text[], text[], text[], text[], text[], text[], text[]);
DROP FUNCTION radioshop.import_run(jsonb[], int[], text, text, text, boolean);
DROP FUNCTION radioshop.known_run(int, uuid, text, timestamp, text, bytea, text, text);
DROP FUNCTION radioshop.describe_verdict(jsonb);
DROP FUNCTION radioshop.fault_of_row(jsonb, radioshop.run_frame);
DROP FUNCTION radioshop.add_run_row(radioshop.run_sheet, jsonb, int, radioshop.run_frame);
DROP TYPE radioshop.run_sheet;
DROP TYPE radioshop.run_frame;
DROP FUNCTION radioshop.step_of_row(uuid, int, text, text);
DROP FUNCTION radioshop.run_content(jsonb[]);
DROP FUNCTION radioshop.radio_of_run(jsonb);
DROP FUNCTION radioshop.figure_of_cell(jsonb, text);
DROP FUNCTION radioshop.read_verdict(text);
DROP FUNCTION radioshop.plain_name(text);
DROP FUNCTION radioshop.read_figure(text);
DROP FUNCTION radioshop.read_clock(text);
DROP FUNCTION radioshop.own_limit_text(numeric, numeric, text);
DROP TABLE radioshop.analyser_run_reading;
DROP TABLE radioshop.analyser_run;

COMMIT;
