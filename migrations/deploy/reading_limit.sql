-- Deploy radioshop:reading_limit to pg
--
-- Limits of measured readings, in versions: the maker's, and the legal floor beside them. They are the shop's: every caller reads
-- them, its administrators make new versions, and no version is ever changed. Judging is here too, so that one place says what a
-- reading is worth.

BEGIN;

-- ---------------------------------------------------------------------------------------------------------------------
-- Units

-- The shortest decimal that reads back as the same number, so that 4.9 is 4.9 and arithmetic with it is exact.
CREATE FUNCTION radioshop.exact(value float8) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT value::text::numeric
$$;

-- What a unit measures, its spelling, and how many of the quantity's own unit it is; dBm, which is no multiple, has no factor. A unit
-- that is not listed measures a quantity of its own and compares with nothing else.
CREATE FUNCTION radioshop.read_unit(unit text, OUT quantity text, OUT name text, OUT factor numeric)
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
  SELECT u.quantity, u.name, u.factor INTO read_unit.quantity, read_unit.name, read_unit.factor FROM (VALUES
      ('Hz', 'hz', 'frequency', 1::numeric), ('kHz', 'khz', 'frequency', 1000), ('MHz', 'mhz', 'frequency', 1000000),
      ('ppm', 'ppm', 'relative frequency', 1), ('ppb', 'ppb', 'relative frequency', 0.001),
      ('W', 'w', 'power', 1), ('mW', NULL, 'power', 0.001), ('kW', 'kw', 'power', 1000), ('dBm', 'dbm', 'power', NULL),
      ('V', 'v', 'voltage', 1), ('mV', NULL, 'voltage', 0.001), ('µV', 'uv', 'voltage', 0.000001),
      ('dB', 'db', 'ratio', 1), ('%', '%', 'share', 1), ('A', 'a', 'current', 1), ('mA', 'ma', 'current', 0.001),
      ('Ah', 'ah', 'charge', 1), ('mAh', 'mah', 'charge', 0.001), ('s', 's', 'time', 1), ('ms', NULL, 'time', 0.001)
    ) u (name, plain, quantity, factor)
    WHERE u.name = read_unit.unit OR u.plain = lower(translate(read_unit.unit, 'µμ', 'uu'));
  IF NOT FOUND THEN
    quantity := read_unit.unit;
    name := read_unit.unit;
    factor := 1;
  END IF;
END
$$;

-- A value in another unit, exactly; NULL where the units do not measure the same. Watts and dBm do (0 dBm is 1 mW by definition);
-- microvolts and dBm do not, since that depends on the impedance and on where it is measured. Hz and ppm do at a known frequency.
CREATE FUNCTION radioshop.convert_reading(value numeric, unit text, into_unit text, mhz numeric) RETURNS numeric
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
  a record := radioshop.read_unit(unit);
  b record := radioshop.read_unit(into_unit);
  plain numeric;
BEGIN
  IF a.name = b.name THEN
    RETURN value;
  END IF;
  plain := CASE WHEN a.factor IS NOT NULL THEN value * a.factor ELSE power(10::numeric, (value - 30) / 10) END;
  IF a.quantity = 'frequency' AND b.quantity = 'relative frequency' AND mhz > 0 THEN
    plain := plain / mhz;
  ELSIF a.quantity = 'relative frequency' AND b.quantity = 'frequency' AND mhz > 0 THEN
    plain := plain * mhz;
  ELSIF a.quantity <> b.quantity THEN
    RETURN NULL;
  END IF;
  IF b.factor IS NULL THEN
    RETURN CASE WHEN plain > 0 THEN 10 * log(plain) + 30 END;
  END IF;
  RETURN trim_scale(plain / b.factor);
END
$$;

-- ---------------------------------------------------------------------------------------------------------------------
-- The table

CREATE FUNCTION radioshop.unit_quantity(unit text) RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
  RETURN (SELECT u.quantity FROM radioshop.read_unit(unit) u);
END
$$;

-- Names of tests and modes: words that a program can use, such as tx_freq_error.
CREATE FUNCTION radioshop.is_word(value text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
  RETURN value ~ '^[a-z][a-z0-9_]{0,39}$';
END
$$;

CREATE TABLE radioshop.reading_limit (
  limit_id uuid NOT NULL DEFAULT radioshop.uuid_v7(),
  test text COLLATE "C" NOT NULL,
  kind text NOT NULL DEFAULT 'maker',
  family text NOT NULL DEFAULT '',
  band text NOT NULL DEFAULT '',
  mode text COLLATE "C" NOT NULL DEFAULT '',
  from_mhz numeric,
  to_mhz numeric,
  version int NOT NULL,
  direction text NOT NULL,
  low numeric,
  high numeric,
  unit text NOT NULL,
  source text NOT NULL,
  valid_from date NOT NULL,
  withdrawn boolean NOT NULL DEFAULT false,
  set_by text NOT NULL DEFAULT radioshop.caller(),
  set_at timestamptz NOT NULL DEFAULT now(),
  quantity text COLLATE "C" NOT NULL GENERATED ALWAYS AS (radioshop.unit_quantity(unit)) STORED,
  subject text COLLATE "C" NOT NULL GENERATED ALWAYS AS (test || chr(31) || upper(family) || chr(31) || upper(band) || chr(31) || mode
    || chr(31) || coalesce(from_mhz::text, '') || chr(31) || coalesce(to_mhz::text, '') || chr(31) || kind || chr(31)
    || radioshop.unit_quantity(unit)) STORED,
  CONSTRAINT reading_limit_pkey PRIMARY KEY (limit_id),
  CONSTRAINT reading_limit_version_unique UNIQUE (subject, version),
  CONSTRAINT reading_limit_test_form CHECK (radioshop.is_word(test)),
  CONSTRAINT reading_limit_kind_known CHECK (kind IN ('maker', 'legal')),
  CONSTRAINT reading_limit_family_form CHECK (radioshop.is_line(family, 120)),
  CONSTRAINT reading_limit_band_form CHECK (radioshop.is_line(band, 64)),
  CONSTRAINT reading_limit_mode_form CHECK (mode = '' OR radioshop.is_word(mode)),
  CONSTRAINT reading_limit_mhz_range CHECK ((from_mhz IS NULL) = (to_mhz IS NULL) AND from_mhz > 0 AND from_mhz < to_mhz
    AND to_mhz <= 100000),
  CONSTRAINT reading_limit_version_range CHECK (version > 0),
  CONSTRAINT reading_limit_direction_known CHECK (direction IN ('minimum', 'maximum', 'range', 'max_abs')),
  CONSTRAINT reading_limit_low_fits CHECK ((low IS NOT NULL) = (direction IN ('minimum', 'range')) AND low BETWEEN -1e15 AND 1e15),
  CONSTRAINT reading_limit_high_fits CHECK ((high IS NOT NULL) = (direction IN ('maximum', 'range', 'max_abs'))
    AND high BETWEEN -1e15 AND 1e15),
  CONSTRAINT reading_limit_range_fits CHECK (low <= high),
  CONSTRAINT reading_limit_max_abs_fits CHECK (direction <> 'max_abs' OR high >= 0),
  CONSTRAINT reading_limit_unit_form CHECK (unit <> '' AND radioshop.is_line(unit, 16)),
  CONSTRAINT reading_limit_source_form CHECK (source <> '' AND radioshop.is_line(source, 400)),
  CONSTRAINT reading_limit_valid_from_range CHECK (valid_from BETWEEN '1970-01-01' AND '2199-12-31')
);
COMMENT ON TABLE radioshop.reading_limit IS 'only grows; the highest version that was valid on a day is the one of that day';
COMMENT ON COLUMN radioshop.reading_limit.family IS 'model family it is for; empty: every one. band and mode likewise';
COMMENT ON COLUMN radioshop.reading_limit.from_mhz IS 'only for readings taken at a frequency from here up to, not including, to_mhz';
COMMENT ON COLUMN radioshop.reading_limit.subject IS 'what it limits; all versions of a limit have the same';
COMMENT ON CONSTRAINT reading_limit_version_unique ON radioshop.reading_limit IS 'version: somebody else has just set this limit; read it again';
COMMENT ON CONSTRAINT reading_limit_test_form ON radioshop.reading_limit IS
  'test: a test is named by small letters, digits and underscores, such as tx_freq_error, at most 40';
COMMENT ON CONSTRAINT reading_limit_kind_known ON radioshop.reading_limit IS 'kind: a limit is the maker''s or the legal floor';
COMMENT ON CONSTRAINT reading_limit_family_form ON radioshop.reading_limit IS 'family: a family is one line of at most 120 characters';
COMMENT ON CONSTRAINT reading_limit_band_form ON radioshop.reading_limit IS 'band: a band is one line of at most 64 characters';
COMMENT ON CONSTRAINT reading_limit_mode_form ON radioshop.reading_limit IS
  'mode: a mode is named by small letters, digits and underscores, such as p25 or analog, at most 40';
COMMENT ON CONSTRAINT reading_limit_mhz_range ON radioshop.reading_limit IS
  'from_mhz: give both ends of the frequencies in MHz, the lower first, or neither';
COMMENT ON CONSTRAINT reading_limit_version_range ON radioshop.reading_limit IS 'version: versions are counted from 1';
COMMENT ON CONSTRAINT reading_limit_direction_known ON radioshop.reading_limit IS
  'direction: a limit is a minimum, a maximum, a range or the greatest absolute value';
COMMENT ON CONSTRAINT reading_limit_low_fits ON radioshop.reading_limit IS
  'low: a minimum and a range need their lower end, and nothing else has one';
COMMENT ON CONSTRAINT reading_limit_high_fits ON radioshop.reading_limit IS
  'high: a maximum, a range and a greatest absolute value need their upper end, and a minimum has none';
COMMENT ON CONSTRAINT reading_limit_range_fits ON radioshop.reading_limit IS 'low: the lower end of a range is not above its upper end';
COMMENT ON CONSTRAINT reading_limit_max_abs_fits ON radioshop.reading_limit IS 'high: a greatest absolute value is not below zero';
COMMENT ON CONSTRAINT reading_limit_unit_form ON radioshop.reading_limit IS 'unit: a unit is needed, one line of at most 16 characters';
COMMENT ON CONSTRAINT reading_limit_source_form ON radioshop.reading_limit IS
  'source: say where the figure is from, in one line of at most 400 characters';
COMMENT ON CONSTRAINT reading_limit_valid_from_range ON radioshop.reading_limit IS 'valid_from: give a day from 1970-01-01 to 2199-12-31';
CREATE INDEX reading_limit_by_test ON radioshop.reading_limit (test, kind, valid_from);

-- ---------------------------------------------------------------------------------------------------------------------
-- The figures to begin with. Families that a source names as "class" are meant as printed; others are the shop's to add.

INSERT INTO radioshop.reading_limit (test, kind, family, band, mode, from_mhz, to_mhz, version, direction, low, high, unit, source, valid_from)
  SELECT l.test, l.kind, f.family, l.band, l.mode, l.from_mhz, l.to_mhz, 1, l.direction, l.low, l.high, l.unit, l.source, '1970-01-01'
  FROM (VALUES
    ('tx_freq_error', 'maker', '{APX 5000,APX 6000}', 'VHF', '', NULL::numeric, NULL::numeric, 'max_abs', NULL::numeric, 140::numeric, 'Hz',
      'Motorola APX 5000/6000 service manual p. 5-13: ±0.8 ppm'),
    ('tx_freq_error', 'maker', '{APX 5000,APX 6000}', 'UHF 1', '', NULL, NULL, 'max_abs', NULL, 376, 'Hz',
      'Motorola APX 5000/6000 service manual p. 5-13: ±0.8 ppm'),
    ('tx_freq_error', 'maker', '{APX 5000,APX 6000}', 'UHF 2', '', NULL, NULL, 'max_abs', NULL, 416, 'Hz',
      'Motorola APX 5000/6000 service manual p. 5-13: ±0.8 ppm'),
    ('tx_freq_error', 'maker', '{APX 5000,APX 6000}', '7/800', '', NULL, NULL, 'max_abs', NULL, 696, 'Hz',
      'Motorola APX 5000/6000 service manual p. 5-13: ±0.8 ppm'),
    ('tx_freq_error', 'maker', '{APX 7000}', 'VHF', '', NULL, NULL, 'max_abs', NULL, 2, 'ppm', 'Motorola APX 7000 manual p. 191'),
    ('tx_freq_error', 'maker', '{APX 7000}', 'UHF', '', NULL, NULL, 'max_abs', NULL, 2, 'ppm', 'Motorola APX 7000 manual p. 191'),
    ('tx_freq_error', 'maker', '{APX 7000}', '7/800', '', NULL, NULL, 'max_abs', NULL, 1.5, 'ppm', 'Motorola APX 7000 manual p. 191'),
    ('tx_freq_error', 'maker', '{XTS 2500,XTS 5000}', '7/800', '', NULL, NULL, 'max_abs', NULL, 100, 'Hz',
      'Motorola basic service manual as quoted at forums.radioreference.com, thread 402985: target when aligning'),
    ('tx_freq_error', 'maker', '{XTS 3000}', '7/800', '', NULL, NULL, 'max_abs', NULL, 300, 'Hz',
      'Motorola basic service manual as quoted at forums.radioreference.com, thread 402985: target when aligning'),
    ('tx_freq_error', 'maker', '{""}', '', 'p25', NULL, NULL, 'max_abs', NULL, 1, 'kHz',
      'Motorola APX 5000 manual p. 208: ASTRO conventional frequency error'),
    ('tx_freq_error', 'legal', '{""}', '', '', 150, 174, 'max_abs', NULL, 5, 'ppm', '47 CFR 90.213 Table 1, mobile stations over 2 W'),
    ('tx_freq_error', 'legal', '{""}', '', '', 421, 512, 'max_abs', NULL, 5, 'ppm', '47 CFR 90.213 Table 1, mobile stations'),
    ('tx_freq_error', 'legal', '{""}', '', '', 806, 809, 'max_abs', NULL, 1.5, 'ppm', '47 CFR 90.213 Table 1, mobile stations'),
    ('tx_freq_error', 'legal', '{""}', '', '', 809, 824, 'max_abs', NULL, 2.5, 'ppm', '47 CFR 90.213 Table 1, mobile stations'),
    ('tx_freq_error', 'legal', '{""}', '', '', 851, 854, 'max_abs', NULL, 1.5, 'ppm', '47 CFR 90.213 Table 1, mobile stations'),
    ('tx_freq_error', 'legal', '{""}', '', '', 854, 869, 'max_abs', NULL, 2.5, 'ppm', '47 CFR 90.213 Table 1, mobile stations'),
    ('tx_power', 'maker', '{APX 5000,APX 6000}', 'VHF', '', NULL, NULL, 'range', 1, 6, 'W', 'Motorola APX 5000/6000 service manual p. 5-13'),
    ('tx_power', 'maker', '{APX 5000,APX 6000}', 'UHF', '', NULL, NULL, 'range', 1, 5, 'W', 'Motorola APX 5000/6000 service manual p. 5-13'),
    ('tx_power', 'maker', '{APX 5000,APX 6000}', '7/800', '', NULL, NULL, 'range', 1, 3, 'W',
      'Motorola APX 5000/6000 service manual p. 5-13: the figure for 800 MHz, where no frequency is given'),
    ('tx_power', 'maker', '{APX 5000,APX 6000}', '7/800', '', 764, 806, 'range', 1, 2.7, 'W', 'Motorola APX 5000/6000 service manual p. 5-13'),
    ('tx_power', 'maker', '{APX 5000,APX 6000}', '7/800', '', 806, 870, 'range', 1, 3, 'W', 'Motorola APX 5000/6000 service manual p. 5-13'),
    ('tx_deviation', 'maker', '{APX 5000,APX 6000}', '', 'analog', NULL, NULL, 'range', 2.1, 2.5, 'kHz',
      'Motorola APX 5000/6000 service manual p. 5-13: voice, 12.5 kHz channel'),
    ('tx_deviation', 'maker', '{APX 5000,APX 6000}', '', 'analog_25', NULL, NULL, 'range', 4.1, 5.0, 'kHz',
      'Motorola APX 5000/6000 service manual p. 5-13: voice, 25 kHz channel'),
    ('pl_deviation', 'maker', '{APX 5000}', '', 'analog', NULL, NULL, 'range', 375, 500, 'Hz', 'Motorola APX 5000 manual p. 208: 12.5 kHz channel'),
    ('test_pattern_high', 'maker', '{APX 5000,XTS 5000}', '', 'p25', NULL, NULL, 'range', 2.543, 3.110, 'kHz',
      'Motorola APX 5000 manual p. 208, XTS 5000 manual p. 52'),
    ('test_pattern_low', 'maker', '{APX 5000,XTS 5000}', '', 'p25', NULL, NULL, 'range', 0.841, 1.037, 'kHz',
      'Motorola APX 5000 manual p. 208, XTS 5000 manual p. 52'),
    ('symbol_deviation', 'maker', '{""}', '', 'p25', NULL, NULL, 'range', 1620, 1980, 'Hz',
      'TIA-102.CAAB as in the FREEDOM R8000 guide 4.16: 1800 Hz ±180 Hz'),
    ('symbol_deviation', 'maker', '{""}', '', 'p25_phase2', NULL, NULL, 'range', 2842, 3142, 'Hz',
      'FREEDOM R8000 manual p. 61: H-CPM, 2992 Hz ±150 Hz'),
    ('modulation_fidelity', 'maker', '{""}', '', 'p25', NULL, NULL, 'maximum', NULL, 5, '%',
      'common figure for 4-level FSK error; TIA-102.CAAB itself was not read'),
    ('rx_sensitivity', 'maker', '{""}', '', 'p25', NULL, NULL, 'maximum', NULL, -116, 'dBm',
      'Motorola APX 7000 manual p. 191; 5 % BER per TIA as in the FREEDOM R8000 guide p. 33'),
    ('rx_sensitivity', 'maker', '{""}', '', 'p25', NULL, NULL, 'maximum', NULL, 0.35, 'µV',
      'Motorola APX 7000 manual p. 191; 5 % BER per TIA as in the FREEDOM R8000 guide p. 33'),
    ('rx_ber', 'maker', '{""}', '', 'p25', NULL, NULL, 'maximum', NULL, 5, '%', 'FREEDOM R8000 guide p. 33: 5 % at the reference level, per TIA'),
    ('rx_ber_floor', 'maker', '{APX 7000}', '', 'p25', NULL, NULL, 'maximum', NULL, 0.01, '%', 'Motorola APX 7000 manual p. 191: at -47 dBm'),
    ('rx_sensitivity', 'maker', '{APX 7000}', '', 'analog', NULL, NULL, 'maximum', NULL, 0.35, 'µV', 'Motorola APX 7000 manual p. 191: 12 dB SINAD'),
    ('squelch_opens', 'maker', '{APX 7000}', '', 'analog', NULL, NULL, 'maximum', NULL, 0.25, 'µV', 'Motorola APX 7000 manual p. 191'),
    ('audio_distortion', 'maker', '{APX 5000,APX 6000,APX 7000}', '', '', NULL, NULL, 'maximum', NULL, 3, '%',
      'Motorola APX 7000 manual p. 191, APX 5000/6000 service manual p. 5-13: at rated audio'),
    ('residual_noise', 'maker', '{APX 5000,APX 6000,APX 7000}', '', '', NULL, NULL, 'maximum', NULL, -45, 'dB',
      'Motorola APX 7000 manual p. 191, APX 5000/6000 service manual p. 5-13'),
    ('battery_capacity', 'maker', '{""}', '', '', NULL, NULL, 'minimum', 60, NULL, '%', 'Motorola IMPRES chargers flag a battery below 60 %')
  ) l (test, kind, families, band, mode, from_mhz, to_mhz, direction, low, high, unit, source)
  CROSS JOIN LATERAL unnest(l.families::text[]) f (family);

CREATE TRIGGER only_append BEFORE UPDATE OR DELETE OR TRUNCATE ON radioshop.reading_limit
  FOR EACH STATEMENT EXECUTE FUNCTION radioshop.only_append();
CREATE TRIGGER record_event AFTER INSERT ON radioshop.reading_limit
  FOR EACH ROW EXECUTE FUNCTION radioshop.record_event('limit', 'limit_id', 'subject', 'quantity', 'set_at', 'set_by');
ALTER TABLE radioshop.reading_limit ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY reading_limit_read ON radioshop.reading_limit FOR SELECT USING (true);
CREATE POLICY reading_limit_add ON radioshop.reading_limit FOR INSERT WITH CHECK ((SELECT radioshop.is_shop()));
GRANT SELECT, INSERT ON radioshop.reading_limit TO radioshop_app;

-- ---------------------------------------------------------------------------------------------------------------------
-- Judging

-- The limit as people read it: ±696 Hz.
CREATE FUNCTION radioshop.limit_text(direction text, low numeric, high numeric, unit text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE direction WHEN 'max_abs' THEN '±' || high WHEN 'range' THEN low || ' to ' || high WHEN 'minimum' THEN 'at least ' || low
    ELSE 'at most ' || high END || ' ' || unit
$$;

CREATE FUNCTION radioshop.is_within(value numeric, direction text, low numeric, high numeric) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE direction WHEN 'max_abs' THEN abs(value) <= high WHEN 'range' THEN value BETWEEN low AND high WHEN 'minimum' THEN value >= low
    ELSE value <= high END
$$;

-- The limit that applies to a reading of `quantity` on a radio of this family on this day, or no row: of all whose family, band, mode and
-- frequencies fit, the most specific one, the family before all, then the band, the mode and the frequencies. UHF fits UHF 1 and UHF 2.
-- Of each limit the version of that day counts, and a withdrawn one is none. A limit in ppm fits a reading in Hz, and the other way
-- round: whoever asks then needs the frequency.
CREATE FUNCTION radioshop.limit_for(test text, kind text, family text, band text, mode text, day date, quantity text, mhz numeric)
RETURNS SETOF radioshop.reading_limit LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
    SELECT l.* FROM radioshop.reading_limit l
      WHERE l.test = limit_for.test AND l.kind = limit_for.kind AND l.valid_from <= limit_for.day AND NOT l.withdrawn
        AND (l.family = '' OR upper(l.family) = upper(limit_for.family))
        AND (l.band = '' OR upper(limit_for.band) = upper(l.band) OR starts_with(upper(limit_for.band), upper(l.band) || ' '))
        AND (l.mode = '' OR l.mode = limit_for.mode)
        AND (l.from_mhz IS NULL OR (l.from_mhz <= limit_for.mhz AND limit_for.mhz < l.to_mhz))
        AND (l.quantity = limit_for.quantity OR (l.quantity IN ('frequency', 'relative frequency')
          AND limit_for.quantity IN ('frequency', 'relative frequency')))
        AND NOT EXISTS (SELECT FROM radioshop.reading_limit n
          WHERE n.subject = l.subject AND n.version > l.version AND n.valid_from <= limit_for.day)
      ORDER BY l.family = '', char_length(l.band) DESC, l.mode = '', l.from_mhz IS NULL, l.to_mhz - l.from_mhz,
        l.quantity <> limit_for.quantity, l.limit_id
      LIMIT 1;
END
$$;

-- ---------------------------------------------------------------------------------------------------------------------
-- What the methods share

-- A limit as a caller sees it, or why not. In step with message Limit.
CREATE TYPE radioshop.limit_shown AS (
  refusal text, id uuid, test text, kind text, family text, band text, mode text, from_mhz float8, to_mhz float8, direction text,
  low float8, high float8, unit text, source text, valid_from date, version int, withdrawn boolean, text text, set_by text,
  set_at timestamptz
);

CREATE FUNCTION radioshop.shown_limit(limit_id uuid) RETURNS radioshop.limit_shown LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
  shown radioshop.limit_shown;
BEGIN
  SELECT NULL, l.limit_id, l.test, l.kind, l.family, l.band, l.mode, l.from_mhz::float8, l.to_mhz::float8, l.direction, l.low::float8,
      l.high::float8, l.unit, l.source, l.valid_from, l.version, l.withdrawn,
      radioshop.limit_text(l.direction, l.low, l.high, l.unit), l.set_by, l.set_at
    INTO shown FROM radioshop.reading_limit l WHERE l.limit_id = shown_limit.limit_id;
  RETURN shown;
END
$$;

-- Makes the next version of a limit. `seen` is the version that the caller has read, 0 where it knows of none.
CREATE FUNCTION radioshop.set_limit(test text, kind text, family text, band text, mode text, from_mhz float8, to_mhz float8,
  direction text, low float8, high float8, unit text, source text, valid_from date, seen int, withdrawn boolean)
RETURNS radioshop.limit_shown LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  shown radioshop.limit_shown;
  asked radioshop.reading_limit%ROWTYPE;
  now_is int;
BEGIN
  shown.refusal := CASE
    WHEN NOT radioshop.is_shop() THEN radioshop.refuse('PERMISSION_DENIED', '', 'only an administrator of the shop sets limits')
    WHEN coalesce(set_limit.test, '') = '' THEN
      radioshop.refuse('INVALID_ARGUMENT', 'test', 'name the test that is limited, such as tx_freq_error')
    WHEN set_limit.direction IS NULL THEN radioshop.refuse('INVALID_ARGUMENT', 'direction',
      'say what kind of limit it is: minimum, maximum, range or max_abs (the greatest absolute value)')
    WHEN 'NaN'::float8 IN (set_limit.low, set_limit.high) THEN radioshop.refuse('INVALID_ARGUMENT',
      CASE 'NaN'::float8 WHEN set_limit.low THEN 'low' ELSE 'high' END, 'a limit is a number')
  END;
  IF shown.refusal IS NOT NULL THEN
    RETURN shown;
  END IF;
  asked.test := btrim(set_limit.test);
  asked.kind := coalesce(set_limit.kind, 'maker');
  asked.family := btrim(coalesce(set_limit.family, ''));
  asked.band := btrim(coalesce(set_limit.band, ''));
  asked.mode := btrim(coalesce(set_limit.mode, ''));
  asked.unit := (radioshop.read_unit(btrim(coalesce(set_limit.unit, '')))).name;
  asked.from_mhz := radioshop.exact(set_limit.from_mhz);
  asked.to_mhz := radioshop.exact(set_limit.to_mhz);
  PERFORM pg_advisory_xact_lock(hashtextextended('radioshop.set_limit ' || asked.test, 0)); -- two at once count one after the other
  SELECT max(l.version) INTO now_is FROM radioshop.reading_limit l
    WHERE l.test = asked.test AND l.kind = asked.kind AND upper(l.family) = upper(asked.family) AND upper(l.band) = upper(asked.band)
      AND l.mode = asked.mode AND l.from_mhz IS NOT DISTINCT FROM asked.from_mhz AND l.to_mhz IS NOT DISTINCT FROM asked.to_mhz
      AND l.quantity = radioshop.unit_quantity(asked.unit);
  IF coalesce(now_is, 0) <> coalesce(set_limit.seen, 0) THEN
    shown.refusal := radioshop.refuse('ABORTED', 'version', CASE
      WHEN now_is IS NULL THEN 'there is no such limit yet; leave the version out'
      ELSE format('this limit is at version %s now; look at it, and give %s as the version you have read', now_is, now_is) END);
    RETURN shown;
  END IF;
  INSERT INTO radioshop.reading_limit (test, kind, family, band, mode, from_mhz, to_mhz, version, direction, low, high, unit, source,
      valid_from, withdrawn)
    VALUES (asked.test, asked.kind, asked.family, asked.band, asked.mode, asked.from_mhz, asked.to_mhz, coalesce(now_is, 0) + 1,
      set_limit.direction, radioshop.exact(set_limit.low), radioshop.exact(set_limit.high), asked.unit, btrim(coalesce(set_limit.source, '')),
      coalesce(set_limit.valid_from, (SELECT radioshop.today(g.time_zone) FROM radioshop.agency g WHERE g.agency_id = 0)),
      coalesce(set_limit.withdrawn, false))
    RETURNING limit_id INTO asked.limit_id;
  RETURN radioshop.shown_limit(asked.limit_id);
END
$$;

UPDATE radioshop.schema_version SET version = 3;

COMMIT;
