-- Deploy radioshop:component to pg
--
-- What belongs to a radio piece by piece: batteries, speaker microphones, antennas and chargers are assets of their own, with tag and serial,
-- and are attached to one other asset of their agency from when until when. They go along with it: to whom it is checked out or lent, into
-- the shop, and when it is lost. A component has none itself, so that there are no circles. What a battery says of its age is kept beside it;
-- what is left of its capacity is read at services, and stands in their trend.

BEGIN;

CREATE OR REPLACE FUNCTION radioshop.is_equipment_class(value text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
  RETURN value IN ('portable', 'mobile', 'control_station', 'base', 'console', 'pager', 'battery', 'charger', 'speaker_mic', 'antenna',
    'test_equipment', 'other');
END
$$;
COMMENT ON CONSTRAINT asset_class_known ON radioshop.asset IS
  'class: a class is portable, mobile, control_station, base, console, pager, battery, charger, speaker_mic, antenna, test_equipment or other';
COMMENT ON CONSTRAINT model_class_known ON radioshop.model IS
  'class: a class is portable, mobile, control_station, base, console, pager, battery, charger, speaker_mic, antenna, test_equipment or other';
COMMENT ON CONSTRAINT part_class_known ON radioshop.part IS
  'class: a class is portable, mobile, control_station, base, console, pager, battery, charger, speaker_mic, antenna, test_equipment or other';

-- ---------------------------------------------------------------------------------------------------------------------
-- Tables

CREATE TABLE radioshop.component (
  agency_id int NOT NULL,
  component_id uuid NOT NULL DEFAULT radioshop.uuid_v7(),
  asset_id uuid NOT NULL,
  parent_id uuid NOT NULL,
  from_at timestamptz NOT NULL DEFAULT now(),
  from_by text NOT NULL DEFAULT radioshop.caller(),
  note text NOT NULL DEFAULT '',
  until_at timestamptz,
  until_by text NOT NULL DEFAULT '',
  until_note text NOT NULL DEFAULT '',
  CONSTRAINT component_pkey PRIMARY KEY (agency_id, component_id),
  CONSTRAINT component_asset_known FOREIGN KEY (agency_id, asset_id) REFERENCES radioshop.asset (agency_id, asset_id),
  CONSTRAINT component_parent_known FOREIGN KEY (agency_id, parent_id) REFERENCES radioshop.asset (agency_id, asset_id),
  CONSTRAINT component_of_another CHECK (asset_id <> parent_id),
  CONSTRAINT component_note_form CHECK (radioshop.is_line(note, 500)),
  CONSTRAINT component_until_fits CHECK ((until_at IS NULL) = (until_by = '') AND (until_at IS NOT NULL OR until_note = '')),
  CONSTRAINT component_until_note_form CHECK (radioshop.is_line(until_note, 500))
);
COMMENT ON TABLE radioshop.component IS 'which asset was attached to which other, from when until when';
COMMENT ON CONSTRAINT component_asset_known ON radioshop.component IS 'assets: no such asset';
COMMENT ON CONSTRAINT component_parent_known ON radioshop.component IS 'to: no such asset';
COMMENT ON CONSTRAINT component_of_another ON radioshop.component IS 'assets: nothing is attached to itself';
COMMENT ON CONSTRAINT component_note_form ON radioshop.component IS 'note: a note is one line of at most 500 characters';
COMMENT ON CONSTRAINT component_until_fits ON radioshop.component IS 'assets: what was taken off was taken off by somebody';
COMMENT ON CONSTRAINT component_until_note_form ON radioshop.component IS 'note: a note is one line of at most 500 characters';
CREATE UNIQUE INDEX component_one_parent ON radioshop.component (agency_id, asset_id) WHERE until_at IS NULL;
COMMENT ON INDEX radioshop.component_one_parent IS 'assets: somebody else has just attached it; read it again';
CREATE INDEX component_by_time ON radioshop.component (agency_id, from_at DESC, component_id DESC);
CREATE INDEX component_open_by_time ON radioshop.component (agency_id, from_at DESC, component_id DESC) WHERE until_at IS NULL;
CREATE INDEX component_by_asset ON radioshop.component (agency_id, asset_id, from_at DESC, component_id DESC);
CREATE INDEX component_by_parent ON radioshop.component (agency_id, parent_id, from_at DESC, component_id DESC);
CREATE INDEX component_open_by_parent ON radioshop.component (agency_id, parent_id, from_at DESC, component_id DESC) WHERE until_at IS NULL;

CREATE TABLE radioshop.date_code (
  agency_id int NOT NULL,
  asset_id uuid NOT NULL,
  code text NOT NULL,
  made_on date,
  revision bigint NOT NULL DEFAULT 1,
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT date_code_pkey PRIMARY KEY (agency_id, asset_id),
  CONSTRAINT date_code_asset_known FOREIGN KEY (agency_id, asset_id) REFERENCES radioshop.asset (agency_id, asset_id),
  CONSTRAINT date_code_form CHECK (code <> '' AND radioshop.is_line(code, 16))
);
COMMENT ON COLUMN radioshop.date_code.made_on IS 'first day of the week that the code says; NULL: it cannot be read';
COMMENT ON CONSTRAINT date_code_pkey ON radioshop.date_code IS 'revision: somebody else has just set it; read it again';
COMMENT ON CONSTRAINT date_code_asset_known ON radioshop.date_code IS 'asset: no such asset';
COMMENT ON CONSTRAINT date_code_form ON radioshop.date_code IS 'date_code: give the date code as printed, such as 635 or 2635';

-- ---------------------------------------------------------------------------------------------------------------------
-- Guards

-- The refusal, as a sentence, when one asset is not to be attached to another; NULL when it is. Both are locked.
CREATE FUNCTION radioshop.why_not_attach(agency int, asset uuid, parent uuid) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  RETURN (SELECT CASE
      WHEN a.asset_id = p.asset_id THEN format('asset %s is not attached to itself', a.tag)
      WHEN a.class NOT IN ('battery', 'charger', 'speaker_mic', 'antenna', 'other') THEN
        format('asset %s is a %s; a battery, charger, speaker_mic, antenna or other is attached', a.tag, a.class)
      WHEN a.quantity > 1 THEN format('asset %s stands for %s pieces; give each one that is attached a tag of its own', a.tag, a.quantity)
      WHEN a.status NOT IN ('in_service', 'spare') THEN format('asset %s is %s; only what is in service or spare is attached', a.tag, a.status)
      WHEN EXISTS (SELECT FROM radioshop.custody k WHERE k.agency_id = a.agency_id AND k.asset_id = a.asset_id AND k.in_at IS NULL) THEN
        format('asset %s is checked out by itself; check it in first', a.tag)
      WHEN EXISTS (SELECT FROM radioshop.loan l WHERE l.agency_id = a.agency_id AND l.asset_id = a.asset_id AND l.in_at IS NULL) THEN
        format('asset %s is lent by itself; take it in first', a.tag)
      WHEN EXISTS (SELECT FROM radioshop.component c WHERE c.agency_id = a.agency_id AND c.parent_id = a.asset_id AND c.until_at IS NULL) THEN
        format('something is attached to asset %s; detach that first', a.tag)
      WHEN p.status IN ('missing', 'retired', 'disposed') THEN format('asset %s is %s; nothing is attached to it', p.tag, p.status)
      ELSE (SELECT format('asset %s is itself attached to %s; attach to that', p.tag, g.tag)
        FROM radioshop.component c JOIN radioshop.asset g ON g.agency_id = c.agency_id AND g.asset_id = c.parent_id
        WHERE c.agency_id = p.agency_id AND c.asset_id = p.asset_id AND c.until_at IS NULL) END
    FROM radioshop.asset a JOIN radioshop.asset p ON p.agency_id = a.agency_id AND p.asset_id = parent
    WHERE a.agency_id = agency AND a.asset_id = asset);
END
$$;

CREATE FUNCTION radioshop.component_follow() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  why_not text;
BEGIN
  IF TG_OP = 'UPDATE' THEN
    IF OLD.until_at IS NOT NULL THEN
      RAISE EXCEPTION 'assets: it is detached already' USING ERRCODE = 'RS412';
    END IF;
    RETURN NEW;
  END IF;
  PERFORM radioshop.lock_assets(ARRAY[NEW.asset_id, NEW.parent_id]);
  why_not := radioshop.why_not_attach(NEW.agency_id, NEW.asset_id, NEW.parent_id);
  IF why_not IS NOT NULL THEN
    RAISE EXCEPTION 'assets: %', why_not USING ERRCODE = 'RS412';
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER follow BEFORE INSERT OR UPDATE ON radioshop.component FOR EACH ROW EXECUTE FUNCTION radioshop.component_follow();

-- What is attached is in service; what is taken off is a spare, if nothing has befallen it.
CREATE FUNCTION radioshop.component_show() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE radioshop.asset a SET status = CASE WHEN NEW.until_at IS NULL THEN 'in_service' ELSE 'spare' END
    WHERE a.agency_id = NEW.agency_id AND a.asset_id = NEW.asset_id
      AND a.status = CASE WHEN NEW.until_at IS NULL THEN 'spare' ELSE 'in_service' END;
  RETURN NULL;
END
$$;
CREATE TRIGGER show AFTER INSERT OR UPDATE OF until_at ON radioshop.component FOR EACH ROW EXECUTE FUNCTION radioshop.component_show();

-- What is attached goes with what it is attached to, and not by itself. Its asset is locked by the guards that come before.
CREATE FUNCTION radioshop.goes_along() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  it record;
BEGIN
  SELECT a.tag, p.tag AS parent INTO it FROM radioshop.component c
      JOIN radioshop.asset a ON a.agency_id = c.agency_id AND a.asset_id = c.asset_id
      JOIN radioshop.asset p ON p.agency_id = c.agency_id AND p.asset_id = c.parent_id
    WHERE c.agency_id = NEW.agency_id AND c.asset_id = NEW.asset_id AND c.until_at IS NULL;
  IF FOUND THEN
    RAISE EXCEPTION '%: asset % is attached to % and goes along with it; detach it first', TG_ARGV[0], it.tag, it.parent USING ERRCODE = 'RS412';
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER goes_along BEFORE INSERT ON radioshop.custody FOR EACH ROW EXECUTE FUNCTION radioshop.goes_along('assets');
CREATE TRIGGER goes_along BEFORE INSERT ON radioshop.loan FOR EACH ROW EXECUTE FUNCTION radioshop.goes_along('asset');

-- A radio is retired without its battery, and a battery without its radio.
CREATE FUNCTION radioshop.asset_stays_attached() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM radioshop.component c WHERE c.agency_id = NEW.agency_id AND c.asset_id = NEW.asset_id AND c.until_at IS NULL)
    OR EXISTS (SELECT FROM radioshop.component c WHERE c.agency_id = NEW.agency_id AND c.parent_id = NEW.asset_id AND c.until_at IS NULL) THEN
    RAISE EXCEPTION 'asset % is attached', NEW.tag
      USING ERRCODE = '23514', SCHEMA = 'radioshop', TABLE = 'asset', CONSTRAINT = 'asset_not_attached';
  END IF;
  RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER asset_not_attached AFTER UPDATE OF status ON radioshop.asset FOR EACH ROW
  WHEN (NEW.status IN ('retired', 'disposed') AND OLD.status NOT IN ('retired', 'disposed'))
  EXECUTE FUNCTION radioshop.asset_stays_attached();
COMMENT ON CONSTRAINT asset_not_attached ON radioshop.asset IS
  'status: it is attached to something, or something to it (asset show says what); detach with asset detach before it is retired';

CREATE TRIGGER touch BEFORE UPDATE ON radioshop.date_code FOR EACH ROW EXECUTE FUNCTION radioshop.touch();
CREATE TRIGGER record_event AFTER INSERT OR UPDATE OR DELETE ON radioshop.component
  FOR EACH ROW EXECUTE FUNCTION radioshop.record_event('component', 'asset_id');
CREATE TRIGGER record_event AFTER INSERT OR UPDATE OR DELETE ON radioshop.date_code
  FOR EACH ROW EXECUTE FUNCTION radioshop.record_event('date_code', 'asset_id');

ALTER TABLE radioshop.component ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY component_agency ON radioshop.component
  USING (agency_id = ANY ((SELECT nullif(current_setting('radioshop.agencies', true), '')::int[])::int[]));
ALTER TABLE radioshop.date_code ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY date_code_agency ON radioshop.date_code
  USING (agency_id = ANY ((SELECT nullif(current_setting('radioshop.agencies', true), '')::int[])::int[]));
GRANT SELECT, INSERT, UPDATE (until_at, until_by, until_note) ON radioshop.component TO radioshop_app;
GRANT SELECT, INSERT, UPDATE (code, made_on) ON radioshop.date_code TO radioshop_app;

-- ---------------------------------------------------------------------------------------------------------------------
-- What the methods share

-- An attachment of one asset to another as a caller sees it, or why not. In step with message Component.
CREATE TYPE radioshop.component_shown AS (
  refusal text, id uuid, agency text, tag text, serial text, model text, class text, status text, parent text, parent_model text,
  from_at timestamptz, from_by text, note text, until_at timestamptz, until_by text, until_note text
);

CREATE FUNCTION radioshop.shown_component(agency int, component uuid) RETURNS radioshop.component_shown LANGUAGE plpgsql AS $$
DECLARE
  shown radioshop.component_shown;
BEGIN
  SELECT NULL, c.component_id, g.code, a.tag, a.serial, coalesce(m.number, ''), a.class, a.status, p.tag, coalesce(n.number, ''), c.from_at,
      c.from_by, c.note, c.until_at, c.until_by, c.until_note
    INTO shown
    FROM radioshop.component c JOIN radioshop.agency g ON g.agency_id = c.agency_id
      JOIN radioshop.asset a ON a.agency_id = c.agency_id AND a.asset_id = c.asset_id
      JOIN radioshop.asset p ON p.agency_id = c.agency_id AND p.asset_id = c.parent_id
      LEFT JOIN radioshop.model m ON m.model_id = a.model_id
      LEFT JOIN radioshop.model n ON n.model_id = p.model_id
    WHERE c.agency_id = agency AND c.component_id = component;
  RETURN shown;
END
$$;

-- Tags of what is attached to an asset, in order.
CREATE FUNCTION radioshop.components_of(agency int, asset uuid) RETURNS text[] LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN ARRAY(SELECT a.tag FROM radioshop.component c JOIN radioshop.asset a ON a.agency_id = c.agency_id AND a.asset_id = c.asset_id
    WHERE c.agency_id = components_of.agency AND c.parent_id = components_of.asset AND c.until_at IS NULL ORDER BY a.tag_key);
END
$$;

-- Tag of what an asset is attached to; empty if it is not.
CREATE FUNCTION radioshop.parent_of(agency int, asset uuid) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN coalesce((SELECT p.tag FROM radioshop.component c JOIN radioshop.asset p ON p.agency_id = c.agency_id AND p.asset_id = c.parent_id
    WHERE c.agency_id = parent_of.agency AND c.asset_id = parent_of.asset AND c.until_at IS NULL), '');
END
$$;

-- ---------------------------------------------------------------------------------------------------------------------
-- On and off, all or none

CREATE FUNCTION radioshop.attach_assets(assets text[], parent text, take_off boolean, note text) RETURNS SETOF radioshop.component_shown
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  shown radioshop.component_shown;
  those record;
  it record;
  wrong text[];
BEGIN
  those := radioshop.some_assets(attach_assets.assets);
  shown.refusal := those.refusal;
  IF shown.refusal IS NULL THEN
    it := radioshop.one_asset(btrim(attach_assets.parent));
    shown.refusal := CASE
      WHEN it.refusal IS NOT NULL THEN replace(it.refusal, chr(31) || 'asset' || chr(31), chr(31) || 'to' || chr(31))
      WHEN it.agency_id <> those.agency_id THEN radioshop.refuse('INVALID_ARGUMENT', 'to', format('it is of %s, and what is attached to it is of %s; both are of one agency',
        (SELECT g.code FROM radioshop.agency g WHERE g.agency_id = it.agency_id), (SELECT g.code FROM radioshop.agency g WHERE g.agency_id = those.agency_id))) END;
  END IF;
  IF shown.refusal IS NULL THEN
    PERFORM radioshop.lock_assets(those.assets || it.asset_id);
    wrong := ARRAY(SELECT w.sentence FROM (
        SELECT coalesce(CASE WHEN c.parent_id = it.asset_id THEN format('asset %s is attached to it already', a.tag)
            WHEN c.component_id IS NOT NULL AND NOT take_off THEN format('asset %s is attached to %s since %s; detach it first, or move it (--move)', a.tag, p.tag,
              (c.from_at AT TIME ZONE g.time_zone)::date) END,
          radioshop.why_not_attach(a.agency_id, a.asset_id, it.asset_id)) AS sentence, a.tag_key
        FROM radioshop.asset a JOIN radioshop.agency g ON g.agency_id = a.agency_id
          LEFT JOIN radioshop.component c ON c.agency_id = a.agency_id AND c.asset_id = a.asset_id AND c.until_at IS NULL
          LEFT JOIN radioshop.asset p ON p.agency_id = c.agency_id AND p.asset_id = c.parent_id
        WHERE a.agency_id = those.agency_id AND a.asset_id = ANY (those.assets)) w
      WHERE w.sentence IS NOT NULL ORDER BY w.tag_key);
    IF cardinality(wrong) > 0 THEN
      shown.refusal := radioshop.refuse('FAILED_PRECONDITION', 'assets', radioshop.some_of(wrong));
    END IF;
  END IF;
  IF shown.refusal IS NOT NULL THEN
    RETURN NEXT shown;
    RETURN;
  END IF;
  UPDATE radioshop.component c SET until_at = greatest(now(), c.from_at), until_by = radioshop.caller(), until_note = btrim(coalesce(attach_assets.note, ''))
    WHERE c.agency_id = those.agency_id AND c.asset_id = ANY (those.assets) AND c.until_at IS NULL;
  INSERT INTO radioshop.component (agency_id, asset_id, parent_id, note)
    SELECT those.agency_id, t.asset, it.asset_id, btrim(coalesce(attach_assets.note, '')) FROM unnest(those.assets) WITH ORDINALITY t (asset, place) ORDER BY t.place;
  RETURN QUERY SELECT s.refusal, s.id, s.agency, s.tag, s.serial, s.model, s.class, s.status, s.parent, s.parent_model, s.from_at, s.from_by, s.note, s.until_at,
      s.until_by, s.until_note
    FROM radioshop.component c CROSS JOIN LATERAL radioshop.shown_component(c.agency_id, c.component_id) s
    WHERE c.agency_id = those.agency_id AND c.asset_id = ANY (those.assets) AND c.until_at IS NULL
    ORDER BY array_position(those.assets, c.asset_id);
END
$$;

CREATE FUNCTION radioshop.detach_assets(assets text[], note text) RETURNS SETOF radioshop.component_shown LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  shown radioshop.component_shown;
  those record;
  wrong text[];
  ended uuid[];
BEGIN
  those := radioshop.some_assets(detach_assets.assets);
  shown.refusal := those.refusal;
  IF shown.refusal IS NULL THEN
    PERFORM radioshop.lock_assets(those.assets);
    wrong := ARRAY(SELECT format('asset %s is not attached to anything', a.tag) FROM radioshop.asset a
      WHERE a.agency_id = those.agency_id AND a.asset_id = ANY (those.assets) AND NOT EXISTS (SELECT FROM radioshop.component c
        WHERE c.agency_id = a.agency_id AND c.asset_id = a.asset_id AND c.until_at IS NULL)
      ORDER BY a.tag_key);
    IF cardinality(wrong) > 0 THEN
      shown.refusal := radioshop.refuse('FAILED_PRECONDITION', 'assets', radioshop.some_of(wrong));
    END IF;
  END IF;
  IF shown.refusal IS NOT NULL THEN
    RETURN NEXT shown;
    RETURN;
  END IF;
  WITH done AS (
      UPDATE radioshop.component c SET until_at = greatest(now(), c.from_at), until_by = radioshop.caller(), until_note = btrim(coalesce(detach_assets.note, ''))
        WHERE c.agency_id = those.agency_id AND c.asset_id = ANY (those.assets) AND c.until_at IS NULL
        RETURNING c.component_id, c.asset_id)
    SELECT array_agg(d.component_id ORDER BY array_position(those.assets, d.asset_id)) INTO ended FROM done d;
  RETURN QUERY SELECT s.refusal, s.id, s.agency, s.tag, s.serial, s.model, s.class, s.status, s.parent, s.parent_model, s.from_at, s.from_by, s.note, s.until_at,
      s.until_by, s.until_note
    FROM unnest(ended) WITH ORDINALITY d (component_id, place)
      CROSS JOIN LATERAL radioshop.shown_component(those.agency_id, d.component_id) s ORDER BY d.place;
END
$$;

-- ---------------------------------------------------------------------------------------------------------------------
-- Batteries

-- First day of the week that a battery's date code says: YWW, the last digit of the year and the week, or YYWW. Of the years that end in a digit
-- it is the last one that has been. NULL: it cannot be read, or that week is yet to come.
CREATE FUNCTION radioshop.read_date_code(code text, today date) RETURNS date LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
  key constant text := btrim(code);
  week constant int := CASE WHEN key ~ '^[0-9]{3,4}$' THEN right(key, 2)::int END;
  year int;
  made date;
BEGIN
  IF week IS NULL OR week NOT BETWEEN 1 AND 53 THEN
    RETURN NULL;
  END IF;
  IF length(key) = 4 THEN
    year := 2000 + left(key, 2)::int;
  ELSE
    year := extract(isoyear FROM today)::int;
    year := year - (year - left(key, 1)::int) % 10;
    IF to_date(format('%s-%s', year, to_char(week, 'FM00')), 'IYYY-IW') > today THEN
      year := year - 10;
    END IF;
  END IF;
  made := to_date(format('%s-%s', year, to_char(week, 'FM00')), 'IYYY-IW');
  RETURN CASE WHEN made <= today AND extract(week FROM made) = week THEN made END; -- most years have no week 53
END
$$;

-- A battery as a caller sees it, or why not. In step with message Battery.
CREATE TYPE radioshop.battery_shown AS (
  refusal text, agency text, tag text, serial text, model text, status text, parent text, assigned_to text, date_code text, made_on date, age_months int,
  capacity_percent float8, measured_on date, per_year float8, date_code_revision bigint
);

-- Its age is from its date code, or else from the day on which it was bought. Its capacity is the last one of its trend.
CREATE FUNCTION radioshop.shown_battery(agency int, asset uuid) RETURNS radioshop.battery_shown LANGUAGE plpgsql AS $$
DECLARE
  shown radioshop.battery_shown;
BEGIN
  SELECT NULL, g.code, a.tag, a.serial, coalesce(m.number, ''), a.status, radioshop.parent_of(a.agency_id, a.asset_id),
      coalesce((SELECT p.assigned_to FROM radioshop.component c JOIN radioshop.asset p ON p.agency_id = c.agency_id AND p.asset_id = c.parent_id
        WHERE c.agency_id = a.agency_id AND c.asset_id = a.asset_id AND c.until_at IS NULL), a.assigned_to),
      coalesce(d.code, ''), d.made_on, (extract(year FROM w.age) * 12 + extract(month FROM w.age))::int, t.last_value, t.last_on,
      radioshop.per_year(t.slope), coalesce(d.revision, 0)
    INTO shown
    FROM radioshop.asset a JOIN radioshop.agency g ON g.agency_id = a.agency_id
      LEFT JOIN radioshop.model m ON m.model_id = a.model_id
      LEFT JOIN radioshop.date_code d ON d.agency_id = a.agency_id AND d.asset_id = a.asset_id
      CROSS JOIN LATERAL (SELECT age(radioshop.today(g.time_zone), coalesce(d.made_on, a.purchased_on)) AS age) w
      LEFT JOIN LATERAL (SELECT x.last_value, x.last_on, x.slope FROM radioshop.trend x
        WHERE x.agency_id = a.agency_id AND x.asset_id = a.asset_id AND x.test = 'battery_capacity' AND x.unit = '%'
        ORDER BY x.last_on DESC LIMIT 1) t ON true
    WHERE a.agency_id = shown_battery.agency AND a.asset_id = shown_battery.asset;
  RETURN shown;
END
$$;

-- Sets the date code that is printed on a battery. One that cannot be read is kept as it is, and said to be odd.
CREATE FUNCTION radioshop.set_date_code(asset text, date_code text, revision bigint, OUT shown radioshop.battery_shown, OUT warnings text[])
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  it record;
  kind text;
  known bigint;
  today date;
  made date;
BEGIN
  it := radioshop.one_asset(btrim(set_date_code.asset));
  shown.refusal := it.refusal;
  IF shown.refusal IS NOT NULL THEN
    RETURN;
  END IF;
  SELECT a.class, radioshop.today(g.time_zone) INTO kind, today FROM radioshop.asset a JOIN radioshop.agency g ON g.agency_id = a.agency_id
    WHERE a.agency_id = it.agency_id AND a.asset_id = it.asset_id FOR NO KEY UPDATE OF a;
  SELECT d.revision INTO known FROM radioshop.date_code d WHERE d.agency_id = it.agency_id AND d.asset_id = it.asset_id;
  shown.refusal := CASE
    WHEN kind <> 'battery' THEN radioshop.refuse('FAILED_PRECONDITION', 'asset', format('it is a %s; a battery has a date code', kind))
    WHEN coalesce(known, 0) <> coalesce(set_date_code.revision, 0) THEN radioshop.refuse('ABORTED', 'revision',
      format('its date code is at revision %s; read it again', coalesce(known, 0))) END;
  IF shown.refusal IS NOT NULL THEN
    RETURN;
  END IF;
  made := radioshop.read_date_code(set_date_code.date_code, today);
  INSERT INTO radioshop.date_code AS d (agency_id, asset_id, code, made_on) VALUES (it.agency_id, it.asset_id, btrim(set_date_code.date_code), made)
    ON CONFLICT ON CONSTRAINT date_code_pkey DO UPDATE SET code = EXCLUDED.code, made_on = EXCLUDED.made_on;
  shown := radioshop.shown_battery(it.agency_id, it.asset_id);
  warnings := CASE WHEN made IS NULL THEN ARRAY[format('date code %s: it is neither YWW nor YYWW of a week that has been, such as 635 or 2635', btrim(set_date_code.date_code))]
    ELSE '{}' END;
END
$$;

UPDATE radioshop.schema_version SET version = 40;

COMMIT;
