-- Deploy radioshop:model to pg
--
-- The catalogue of radio types. It is the shop's: every caller reads it, only the shop's administrators change it.

BEGIN;

CREATE FUNCTION radioshop.is_equipment_class(value text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
  RETURN value IN ('portable', 'mobile', 'control_station', 'base', 'console', 'pager', 'battery', 'charger', 'test_equipment',
    'other');
END
$$;

CREATE TABLE radioshop.model (
  model_id uuid NOT NULL DEFAULT radioshop.uuid_v7(),
  number text NOT NULL,
  number_key text COLLATE "C" NOT NULL GENERATED ALWAYS AS (upper(number)) STORED,
  manufacturer text NOT NULL,
  family text NOT NULL DEFAULT '',
  tier text NOT NULL DEFAULT '',
  band text NOT NULL DEFAULT '',
  class text NOT NULL,
  end_of_support_on date,
  revision bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT model_pkey PRIMARY KEY (model_id),
  CONSTRAINT model_number_unique UNIQUE (number_key),
  CONSTRAINT model_number_form CHECK (number <> '' AND radioshop.is_line(number, 64)),
  CONSTRAINT model_manufacturer_form CHECK (manufacturer <> '' AND radioshop.is_line(manufacturer, 120)),
  CONSTRAINT model_family_form CHECK (radioshop.is_line(family, 120)),
  CONSTRAINT model_tier_form CHECK (radioshop.is_line(tier, 120)),
  CONSTRAINT model_band_form CHECK (radioshop.is_line(band, 64)),
  CONSTRAINT model_class_known CHECK (radioshop.is_equipment_class(class)),
  CONSTRAINT model_end_of_support_on_range CHECK (end_of_support_on BETWEEN '1950-01-01' AND '2199-12-31')
);
COMMENT ON COLUMN radioshop.model.number_key IS 'capitals do not matter when a model is looked for';
COMMENT ON CONSTRAINT model_number_unique ON radioshop.model IS 'number: the catalogue has a model with this number';
COMMENT ON CONSTRAINT model_number_form ON radioshop.model IS 'number: a model number is needed, one line of at most 64 characters';
COMMENT ON CONSTRAINT model_manufacturer_form ON radioshop.model IS
  'manufacturer: a manufacturer is needed, one line of at most 120 characters';
COMMENT ON CONSTRAINT model_family_form ON radioshop.model IS 'family: a family is one line of at most 120 characters';
COMMENT ON CONSTRAINT model_tier_form ON radioshop.model IS 'tier: a tier is one line of at most 120 characters';
COMMENT ON CONSTRAINT model_band_form ON radioshop.model IS 'band: a band is one line of at most 64 characters';
COMMENT ON CONSTRAINT model_class_known ON radioshop.model IS
  'class: a class is portable, mobile, control_station, base, console, pager, battery, charger, test_equipment or other';
COMMENT ON CONSTRAINT model_end_of_support_on_range ON radioshop.model IS
  'end_of_support_on: the day must lie between 1950-01-01 and 2199-12-31';
CREATE INDEX model_by_family ON radioshop.model (family, number_key);

CREATE TRIGGER touch BEFORE UPDATE ON radioshop.model FOR EACH ROW EXECUTE FUNCTION radioshop.touch();
CREATE TRIGGER record_event AFTER INSERT OR UPDATE OR DELETE ON radioshop.model
  FOR EACH ROW EXECUTE FUNCTION radioshop.record_event('model', 'number', 'number_key');

ALTER TABLE radioshop.model ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY model_read ON radioshop.model FOR SELECT USING (true);
CREATE POLICY model_add ON radioshop.model FOR INSERT WITH CHECK ((SELECT radioshop.is_shop()));
CREATE POLICY model_change ON radioshop.model FOR UPDATE USING ((SELECT radioshop.is_shop()));

GRANT SELECT, INSERT, UPDATE (manufacturer, family, tier, band, class, end_of_support_on) ON radioshop.model TO radioshop_app;

-- A day as people write it, 2026-01-31 or 1/31/2026, or NULL: the date input of PostgreSQL itself would take 'today', 'infinity'
-- and, depending on settings, the day before the month.
CREATE FUNCTION radioshop.read_date(value text) RETURNS date LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
  part text[];
BEGIN
  part := regexp_match(btrim(value), '^([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})$');
  IF part IS NOT NULL THEN
    RETURN make_date(part[1]::int, part[2]::int, part[3]::int);
  END IF;
  part := regexp_match(btrim(value), '^([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})$');
  IF part IS NOT NULL THEN
    RETURN make_date(part[3]::int, part[1]::int, part[2]::int);
  END IF;
  RETURN NULL;
EXCEPTION WHEN datetime_field_overflow THEN
  RETURN NULL;
END
$$;

-- Loads many models at once, all or none. A model that is there with the same values is left alone: no event, no new revision.
-- An empty value of a known model is a value: the catalogue file is the truth.
CREATE FUNCTION radioshop.import_models(number text[], manufacturer text[], family text[], tier text[], band text[], class text[],
  end_of_support_on text[]) RETURNS TABLE (refusal text, created int, changed int, unchanged int) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  asked record;
  known radioshop.model%ROWTYPE;
  seen text[] := '{}';
BEGIN
  created := 0;
  changed := 0;
  unchanged := 0;
  IF NOT radioshop.is_shop() THEN
    refusal := radioshop.refuse('PERMISSION_DENIED', '', 'only an administrator of the shop changes the catalogue');
  ELSIF coalesce(cardinality(import_models.number), 0) = 0 THEN
    refusal := radioshop.refuse('INVALID_ARGUMENT', 'models', 'give at least one model');
  ELSIF cardinality(import_models.number) > 1000 THEN
    refusal := radioshop.refuse('INVALID_ARGUMENT', 'models', format('at most 1000 models a call, not %s', cardinality(import_models.number)));
  END IF;
  -- Everything is looked at before anything is written, since a refusal must leave nothing behind.
  FOR asked IN
    SELECT btrim(n.number) AS number, btrim(n.manufacturer) AS manufacturer, n.class, n.day, n.place - 1 AS place
      FROM unnest(import_models.number, import_models.manufacturer, import_models.class, import_models.end_of_support_on)
        WITH ORDINALITY AS n (number, manufacturer, class, day, place) ORDER BY n.place
  LOOP
    EXIT WHEN refusal IS NOT NULL;
    IF asked.number = '' THEN
      refusal := radioshop.refuse('INVALID_ARGUMENT', format('models[%s].number', asked.place), 'a model number is needed');
    ELSIF upper(asked.number) = ANY (seen) THEN
      refusal := radioshop.refuse('INVALID_ARGUMENT', format('models[%s].number', asked.place),
        format('model %s is twice in this call', left(asked.number, 64)));
    ELSIF asked.manufacturer = '' THEN
      refusal := radioshop.refuse('INVALID_ARGUMENT', format('models[%s].manufacturer', asked.place),
        format('model %s needs a manufacturer', left(asked.number, 64)));
    ELSIF coalesce(asked.class, '') = '' THEN
      refusal := radioshop.refuse('INVALID_ARGUMENT', format('models[%s].class', asked.place),
        format('model %s needs a class, such as portable', left(asked.number, 64)));
    ELSIF asked.day <> '' AND radioshop.read_date(asked.day) IS NULL THEN
      refusal := radioshop.refuse('INVALID_ARGUMENT', format('models[%s].end_of_support_on', asked.place),
        format('model %s: %s is not a day; write it like 2026-01-31', left(asked.number, 64), left(asked.day, 64)));
    END IF;
    seen := seen || upper(asked.number);
  END LOOP;
  IF refusal IS NOT NULL THEN
    RETURN NEXT;
    RETURN;
  END IF;

  FOR asked IN
    SELECT btrim(n.number) AS number, btrim(n.manufacturer) AS manufacturer, btrim(n.family) AS family, btrim(n.tier) AS tier,
        btrim(n.band) AS band, n.class, radioshop.read_date(nullif(n.day, '')) AS last_day
      FROM unnest(import_models.number, import_models.manufacturer, import_models.family, import_models.tier, import_models.band,
        import_models.class, import_models.end_of_support_on) AS n (number, manufacturer, family, tier, band, class, day)
      ORDER BY upper(btrim(n.number)) -- two loads at once lock in one order
  LOOP
    SELECT m.* INTO known FROM radioshop.model m WHERE m.number_key = upper(asked.number) FOR NO KEY UPDATE;
    IF NOT FOUND THEN
      INSERT INTO radioshop.model (number, manufacturer, family, tier, band, class, end_of_support_on)
        VALUES (asked.number, asked.manufacturer, asked.family, asked.tier, asked.band, asked.class, asked.last_day);
      created := created + 1;
    ELSIF (known.manufacturer, known.family, known.tier, known.band, known.class, known.end_of_support_on)
        IS DISTINCT FROM (asked.manufacturer, asked.family, asked.tier, asked.band, asked.class, asked.last_day) THEN
      UPDATE radioshop.model m SET manufacturer = asked.manufacturer, family = asked.family, tier = asked.tier, band = asked.band,
        class = asked.class, end_of_support_on = asked.last_day WHERE m.model_id = known.model_id;
      changed := changed + 1;
    ELSE
      unchanged := unchanged + 1;
    END IF;
  END LOOP;
  RETURN NEXT;
END
$$;

COMMIT;
