-- Verify radioshop:procedure on pg

BEGIN;

SELECT procedure_id, code, name, post_repair, class, family, model_id, stopped, version, revision FROM radioshop.procedure WHERE false;
SELECT procedure_id, version, position, step, title, kind, may_skip, test, unit, band, mode, passing, failing
  FROM radioshop.procedure_step WHERE false;
SELECT analyser_id, serial, manufacturer, model, calibrated_on, calibration_due_on, notes, retired, revision FROM radioshop.analyser WHERE false;
SELECT agency_id, record_id, position, step, answer, verdict FROM radioshop.service_answer WHERE false;
SELECT procedure_id, procedure_version, analyser, analyser_calibrated, ticket_id FROM radioshop.service_record WHERE false;
SELECT test, band, mode, frequency_mhz, limit_id, legal_limit_id, verdict FROM radioshop.service_reading WHERE false;
SELECT procedure_id FROM radioshop.plan WHERE false;

DO $$
BEGIN
  ASSERT (SELECT version FROM radioshop.schema_version) >= 10, 'schema_version is below 10';
  ASSERT (SELECT bool_and(relrowsecurity AND relforcerowsecurity) FROM pg_class WHERE oid = ANY ('{radioshop.procedure,
    radioshop.procedure_step,radioshop.analyser,radioshop.analyser_calibration,radioshop.service_answer}'::regclass[])),
    'row level security is not forced';
  ASSERT NOT has_table_privilege('radioshop_app', 'radioshop.procedure_step', 'UPDATE, DELETE, TRUNCATE'), 'steps can be changed';
  ASSERT NOT has_table_privilege('radioshop_app', 'radioshop.service_answer', 'UPDATE, DELETE, TRUNCATE'), 'answers can be changed';
  ASSERT radioshop.refuse_untested('none', 'ready') IS NULL, 'a ticket that is not there is held back';
END
$$;

ROLLBACK;
