-- Revert radioshop:service_record from pg

BEGIN;

DROP FUNCTION radioshop.record_service(text, text, text, date, text[], float8[], text[], text);
DROP FUNCTION radioshop.plan_for_service(int, uuid, text);
DROP FUNCTION radioshop.readings_of(int, uuid);
DROP TYPE radioshop.service_shown;
DROP TABLE radioshop.service_reading;
DROP TABLE radioshop.service_record;
DROP FUNCTION radioshop.reschedule_serviced_assets();
CREATE OR REPLACE FUNCTION radioshop.services_done(agency int, asset uuid, plan uuid) RETURNS date[] LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN NULL;
END
$$;

COMMIT;
