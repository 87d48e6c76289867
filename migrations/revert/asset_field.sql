-- Revert radioshop:asset_field from pg

BEGIN;

UPDATE radioshop.schema_version SET version = 43;

DROP FUNCTION radioshop.update_field(text, bigint, text[], text, text, text, boolean, int, text, text, text[], int, boolean);
DROP FUNCTION radioshop.refuse_unfit(radioshop.asset_field, text);
DROP FUNCTION radioshop.create_field(text, text, text, text, text, boolean, int, text, text, text[], int, boolean);
DROP FUNCTION radioshop.lacking_warnings(radioshop.asset_field);
DROP FUNCTION radioshop.whole_field(radioshop.asset_field);
DROP FUNCTION radioshop.one_field(text);
DROP FUNCTION radioshop.shown_field(int, uuid);
DROP TYPE radioshop.field_shown;
DROP FUNCTION radioshop.walk_assets_where(text, text, text, text, text[], text[], int);
DROP FUNCTION radioshop.has_values(int, text, text, uuid[], text[], text[], text[]);
DROP FUNCTION radioshop.refuse_where(text, text[]);
DROP FUNCTION radioshop.read_where(text, radioshop.asset_field);
DROP FUNCTION radioshop.shown_fields(int, jsonb);
DROP FUNCTION radioshop.fields_of_asset(int, text, text, jsonb, boolean, text[], text[]);
DROP FUNCTION radioshop.changed_fields(int, text, text, jsonb, text[], text[]);

CREATE OR REPLACE FUNCTION radioshop.record_event() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  old_row jsonb;
  new_row jsonb;
  whole jsonb;
  id text;
  left_out text[] := coalesce((TG_ARGV)[2:], '{}') || ARRAY['updated_at'];
BEGIN
  IF TG_OP <> 'INSERT' THEN
    old_row := to_jsonb(OLD) - left_out;
    whole := to_jsonb(OLD);
  END IF;
  IF TG_OP <> 'DELETE' THEN
    new_row := to_jsonb(NEW) - left_out;
    whole := to_jsonb(NEW);
  END IF;
  IF TG_OP = 'UPDATE' THEN
    SELECT jsonb_object_agg(o.key, o.value), jsonb_object_agg(o.key, new_row -> o.key) INTO old_row, new_row
      FROM jsonb_each(old_row) o WHERE o.value IS DISTINCT FROM new_row -> o.key;
    IF old_row IS NULL THEN
      RETURN NULL;
    END IF;
  END IF;
  IF TG_OP <> 'UPDATE' THEN -- what has no value needs no mention
    old_row := jsonb_strip_nulls(old_row);
    new_row := jsonb_strip_nulls(new_row);
  END IF;
  id := whole ->> TG_ARGV[1];
  IF TG_ARGV[1] = 'principal_id' THEN -- people know a principal by its name only
    id := coalesce((SELECT p.name FROM radioshop.principal p WHERE p.principal_id = id::uuid), id);
  END IF;
  INSERT INTO radioshop.event (agency_id, principal, resource, resource_id, action, before, after, method, call, request_id)
    VALUES (coalesce((whole ->> 'agency_id')::int, 0), radioshop.caller(), TG_ARGV[0], id, lower(TG_OP), old_row, new_row,
      coalesce(current_setting('radioshop.method', true), ''), coalesce(current_setting('radioshop.call', true), ''),
      nullif(current_setting('radioshop.request', true), '')::uuid);
  RETURN NULL;
END
$$;

DROP FUNCTION radioshop.changed_keys(jsonb, jsonb);
DROP TRIGGER fields_gone ON radioshop.asset;
DROP TRIGGER fields_changed ON radioshop.asset;
DROP TRIGGER fields_added ON radioshop.asset;
DROP FUNCTION radioshop.asset_fields_follow();
DROP TABLE radioshop.asset_field_value;
ALTER TABLE radioshop.asset DROP COLUMN fields;
DROP FUNCTION radioshop.read_field(radioshop.asset_field, text);
DROP FUNCTION radioshop.field_key(text, text);
DROP TABLE radioshop.asset_field;
DROP FUNCTION radioshop.asset_field_named();
DROP FUNCTION radioshop.is_asset_column(text);
DROP FUNCTION radioshop.hold_fields_alone(int);
DROP FUNCTION radioshop.hold_fields(int);

COMMIT;
