-- Revert radioshop:component from pg
--
-- What was attached to what is forgotten, and date codes with it; speaker microphones and antennas are other equipment again.

BEGIN;

UPDATE radioshop.schema_version SET version = 39;

DROP FUNCTION radioshop.set_date_code(text, text, bigint);
DROP FUNCTION radioshop.shown_battery(int, uuid);
DROP TYPE radioshop.battery_shown;
DROP FUNCTION radioshop.read_date_code(text, date);
DROP FUNCTION radioshop.detach_assets(text[], text);
DROP FUNCTION radioshop.attach_assets(text[], text, boolean, text);
DROP FUNCTION radioshop.parent_of(int, uuid);
DROP FUNCTION radioshop.components_of(int, uuid);
DROP FUNCTION radioshop.shown_component(int, uuid);
DROP TYPE radioshop.component_shown;
DROP TRIGGER asset_not_attached ON radioshop.asset;
DROP FUNCTION radioshop.asset_stays_attached();
DROP TRIGGER goes_along ON radioshop.custody;
DROP TRIGGER goes_along ON radioshop.loan;
DROP FUNCTION radioshop.goes_along();
DROP TABLE radioshop.date_code, radioshop.component;
DROP FUNCTION radioshop.component_show();
DROP FUNCTION radioshop.component_follow();
DROP FUNCTION radioshop.why_not_attach(int, uuid, uuid);

DO $$
DECLARE
  named text;
BEGIN
  FOREACH named IN ARRAY '{asset,model,part,plan,procedure}'::text[] LOOP
    EXECUTE format('ALTER TABLE radioshop.%I NO FORCE ROW LEVEL SECURITY, DISABLE TRIGGER USER', named);
    EXECUTE format('UPDATE radioshop.%I SET class = %L WHERE class IN (%L, %L)', named, 'other', 'speaker_mic', 'antenna');
    EXECUTE format('ALTER TABLE radioshop.%I FORCE ROW LEVEL SECURITY, ENABLE TRIGGER USER', named);
  END LOOP;
END
$$;
COMMENT ON CONSTRAINT asset_class_known ON radioshop.asset IS
  'class: a class is portable, mobile, control_station, base, console, pager, battery, charger, test_equipment or other';
COMMENT ON CONSTRAINT model_class_known ON radioshop.model IS
  'class: a class is portable, mobile, control_station, base, console, pager, battery, charger, test_equipment or other';
COMMENT ON CONSTRAINT part_class_known ON radioshop.part IS
  'class: a class is portable, mobile, control_station, base, console, pager, battery, charger, test_equipment or other';
CREATE OR REPLACE FUNCTION radioshop.is_equipment_class(value text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
  RETURN value IN ('portable', 'mobile', 'control_station', 'base', 'console', 'pager', 'battery', 'charger', 'test_equipment',
    'other');
END
$$;

COMMIT;
