-- Deploy radioshop:trend to pg
--
-- Where the readings of a radio are heading: a straight line through those of each test, kept with every new reading, and the day on
-- which it leaves its limit. So the radios that will fail before they are due can be listed from an index.

BEGIN;

-- ---------------------------------------------------------------------------------------------------------------------
-- Arithmetic. All in numeric, where sums and products are exact: equal readings make a level line and not one that rises by a rounding.

-- The nearest number that the wire can carry; what is too small for it is 0 and no error.
CREATE FUNCTION radioshop.nearest(value numeric) RETURNS float8 LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN abs(value) < 1e-300 THEN 0 ELSE value::float8 END
$$;

-- A reading in the unit of its series, or NULL: it does not convert, or is more in dBm than any power. That must not hinder the record
-- of the next service.
CREATE FUNCTION radioshop.reading_in(value numeric, unit text, into_unit text, mhz numeric) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN unit = into_unit THEN value WHEN unit <> 'dBm' OR abs(value) <= 300 THEN
    radioshop.convert_reading(value, unit, into_unit, mhz) END
$$;

-- The line through readings by least squares, over at least three days. slope is by day, fit is R squared, NULL for a level line.
-- leaves_on: the first day on which the line is outside the limit that it heads for, but not before the last reading. NULL if it heads
-- for none within a hundred years, or could as well be level: the slope must differ from 0 by Student's t, one-sided, at 95 %. With n
-- readings that is t² = R² (n - 2) / (1 - R²), so three readings need an R² of 0.975 and six one of 0.532.
CREATE FUNCTION radioshop.fit_line(days date[], readings numeric[], direction text, low numeric, high numeric, OUT slope float8,
  OUT fit float8, OUT leaves_on date) LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
  critical constant numeric[] := '{6.314,2.920,2.353,2.132,2.015,1.943,1.895,1.860,1.833,1.812,1.796,1.782,1.771,1.761,1.753,1.746,
    1.740,1.734,1.729,1.725,1.721,1.717,1.714,1.711,1.708,1.706,1.703,1.701,1.699,1.697}'; -- by freedom; a little strict beyond 30
  first_day date;
  last_day date;
  different int;
  n numeric;
  x numeric;
  y numeric;
  run numeric;
  rise numeric;
  spread numeric;
  t numeric;
  bound numeric;
  ends numeric;
BEGIN
  SELECT min(r.day), max(r.day), count(DISTINCT r.day) INTO first_day, last_day, different FROM unnest(days) r (day);
  IF different < 3 THEN
    RETURN;
  END IF;
  SELECT s.n, s.x, s.y, s.n * s.xx - s.x * s.x, s.n * s.xy - s.x * s.y, s.n * s.yy - s.y * s.y INTO n, x, y, run, rise, spread
    FROM (SELECT count(*)::numeric AS n, sum(r.x) AS x, sum(r.y) AS y, sum(r.x * r.x) AS xx, sum(r.x * r.y) AS xy, sum(r.y * r.y) AS yy
      FROM (SELECT (u.day - first_day)::numeric AS x, u.reading AS y FROM unnest(days, readings) u (day, reading)) r) s;
  slope := radioshop.nearest(rise / run);
  fit := radioshop.nearest(rise * rise / nullif(run * spread, 0));
  t := critical[least(n - 2, 30)::int];
  bound := CASE
    WHEN rise * rise * (n - 2 + t * t) < t * t * run * spread THEN NULL
    WHEN direction = 'max_abs' THEN sign(rise) * high
    WHEN rise > 0 AND direction IN ('maximum', 'range') THEN high
    WHEN rise < 0 AND direction IN ('minimum', 'range') THEN low END;
  -- The last whole day on which it is inside, counted from the first.
  ends := div(bound * n * run - y * run + x * rise, nullif(n * rise, 0));
  IF ends < 36500 THEN
    leaves_on := greatest(first_day + greatest(ends, 0)::int + 1, last_day);
  END IF;
END
$$;

-- What a slope by day comes to in a year, in six digits: no reading has more.
CREATE FUNCTION radioshop.per_year(slope float8) RETURNS float8 LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT to_char(slope * 365, '9.99999EEEE')::float8
$$;

-- ---------------------------------------------------------------------------------------------------------------------
-- The table

CREATE TABLE radioshop.trend (
  agency_id int NOT NULL,
  asset_id uuid NOT NULL,
  test text COLLATE "C" NOT NULL,
  band text COLLATE "C" NOT NULL,
  mode text COLLATE "C" NOT NULL,
  readings int NOT NULL,
  first_on date NOT NULL,
  last_on date NOT NULL,
  last_value float8 NOT NULL,
  unit text NOT NULL,
  slope float8,
  fit float8,
  limit_id uuid,
  leaves_on date,
  CONSTRAINT trend_pkey PRIMARY KEY (agency_id, asset_id, test, band, mode),
  CONSTRAINT trend_asset_known FOREIGN KEY (agency_id, asset_id) REFERENCES radioshop.asset (agency_id, asset_id),
  CONSTRAINT trend_limit_known FOREIGN KEY (limit_id) REFERENCES radioshop.reading_limit
);
COMMENT ON TABLE radioshop.trend IS 'what trends_of() says of every radio; nobody writes it but keep_trends()';
COMMENT ON COLUMN radioshop.trend.first_on IS 'where the line begins: nothing before the last adjustment or repair counts';
COMMENT ON CONSTRAINT trend_asset_known ON radioshop.trend IS 'asset: no such asset';
COMMENT ON CONSTRAINT trend_limit_known ON radioshop.trend IS 'limit: no such limit';
CREATE INDEX trend_by_day ON radioshop.trend (agency_id, leaves_on, asset_id, test, band, mode) WHERE leaves_on IS NOT NULL;

ALTER TABLE radioshop.trend ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY trend_agency ON radioshop.trend
  USING (agency_id = ANY ((SELECT nullif(current_setting('radioshop.agencies', true), '')::int[])::int[]));
GRANT SELECT, INSERT, DELETE ON radioshop.trend TO radioshop_app;

-- ---------------------------------------------------------------------------------------------------------------------
-- Keeping it right

-- The trends of one radio, from all that was judged at its services. A series begins with the last reading that was taken when the radio
-- was adjusted, or by a procedure for repaired radios outside any plan. Its limits are those by which its last reading was judged: the
-- maker's, and the legal floor where that is left before. Readings that do not convert into the unit of the limit are left out.
CREATE FUNCTION radioshop.trends_of(agency int, asset uuid) RETURNS SETOF radioshop.trend LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  WITH taken AS MATERIALIZED (
    SELECT x.test, x.band, x.mode, x.value, x.unit, x.frequency_mhz, x.limit_id, x.legal_limit_id, r.done_on,
      r.result = 'adjusted' OR (r.plan_id IS NULL AND p.post_repair) AS anew,
      row_number() OVER (PARTITION BY x.test, x.band, x.mode ORDER BY r.done_on, r.recorded_at, r.record_id, x.position) AS n
    FROM radioshop.service_record r LEFT JOIN radioshop.procedure p ON p.procedure_id = r.procedure_id
      CROSS JOIN LATERAL (SELECT i.test, i.band, i.mode, radioshop.exact(i.value) AS value, i.unit, i.frequency_mhz, i.limit_id,
          i.legal_limit_id, i.position
        FROM radioshop.service_reading i WHERE i.agency_id = r.agency_id AND i.record_id = r.record_id AND i.test IS NOT NULL OFFSET 0) x
    WHERE r.agency_id = trends_of.agency AND r.asset_id = trends_of.asset
  ), series AS MATERIALIZED (
    SELECT t.test, t.band, t.mode, coalesce(max(t.n) FILTER (WHERE t.anew), 1) AS begins, max(t.n) AS ends
    FROM taken t GROUP BY t.test, t.band, t.mode
  ), judged AS MATERIALIZED (
    SELECT s.test, s.band, s.mode, s.begins, l.limit_id, l.kind, l.direction, l.low, l.high, coalesce(l.unit, t.unit) AS unit
    FROM series s JOIN taken t ON (t.test, t.band, t.mode, t.n) = (s.test, s.band, s.mode, s.ends)
      LEFT JOIN radioshop.reading_limit l ON l.limit_id = ANY (ARRAY[t.limit_id, t.legal_limit_id])
  ), lines AS MATERIALIZED (
    SELECT j.test, j.band, j.mode, j.limit_id, j.kind, j.direction, j.low, j.high, j.unit, count(*)::int AS readings,
      array_agg(t.done_on ORDER BY t.n) AS days, array_agg(c.value ORDER BY t.n) AS "values"
    FROM judged j JOIN taken t ON (t.test, t.band, t.mode) = (j.test, j.band, j.mode) AND t.n >= j.begins
      CROSS JOIN LATERAL (SELECT radioshop.reading_in(t.value, t.unit, j.unit, t.frequency_mhz) AS value) c
    WHERE c.value IS NOT NULL
    GROUP BY j.test, j.band, j.mode, j.limit_id, j.kind, j.direction, j.low, j.high, j.unit
  )
  SELECT DISTINCT ON (l.test, l.band, l.mode) trends_of.agency, trends_of.asset, l.test, l.band, l.mode, l.readings, l.days[1],
      l.days[l.readings], radioshop.nearest(l."values"[l.readings]), l.unit, f.slope, f.fit, l.limit_id, f.leaves_on
    FROM lines l CROSS JOIN LATERAL radioshop.fit_line(l.days, l."values", l.direction, l.low, l.high) f
    ORDER BY l.test, l.band, l.mode, f.leaves_on, l.kind DESC;
END
$$;

-- Whoever records a service holds its asset, so two services of one radio count one after the other.
CREATE FUNCTION radioshop.keep_trends() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  it record;
BEGIN
  FOR it IN SELECT DISTINCT r.agency_id, r.asset_id
      FROM (SELECT DISTINCT a.agency_id, a.record_id FROM added a WHERE a.test IS NOT NULL) n
        CROSS JOIN LATERAL (SELECT s.agency_id, s.asset_id FROM radioshop.service_record s
          WHERE s.agency_id = n.agency_id AND s.record_id = n.record_id OFFSET 0) r -- by its key, whatever the statistics
      ORDER BY r.agency_id, r.asset_id LOOP
    DELETE FROM radioshop.trend t WHERE t.agency_id = it.agency_id AND t.asset_id = it.asset_id;
    INSERT INTO radioshop.trend (agency_id, asset_id, test, band, mode, readings, first_on, last_on, last_value, unit, slope, fit, limit_id,
        leaves_on)
      SELECT t.agency_id, t.asset_id, t.test, t.band, t.mode, t.readings, t.first_on, t.last_on, t.last_value, t.unit, t.slope, t.fit,
          t.limit_id, t.leaves_on
        FROM radioshop.trends_of(it.agency_id, it.asset_id) t;
  END LOOP;
  RETURN NULL;
END
$$;
CREATE TRIGGER keep_trends AFTER INSERT ON radioshop.service_reading REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION radioshop.keep_trends();

-- What has been read until now. The shop sees all agencies, and with them everything.
DO $$
BEGIN
  PERFORM set_config('radioshop.agencies', '{0}', true);
  PERFORM set_config('radioshop.agencies', (SELECT array_agg(g.agency_id)::text FROM radioshop.agency g), true);
  INSERT INTO radioshop.trend (agency_id, asset_id, test, band, mode, readings, first_on, last_on, last_value, unit, slope, fit, limit_id,
      leaves_on)
    SELECT t.agency_id, t.asset_id, t.test, t.band, t.mode, t.readings, t.first_on, t.last_on, t.last_value, t.unit, t.slope, t.fit,
        t.limit_id, t.leaves_on
      FROM (SELECT DISTINCT r.agency_id, r.asset_id FROM radioshop.service_record r JOIN radioshop.service_reading x
          ON x.agency_id = r.agency_id AND x.record_id = r.record_id AND x.test IS NOT NULL) a
        CROSS JOIN LATERAL radioshop.trends_of(a.agency_id, a.asset_id) t;
  PERFORM set_config('radioshop.agencies', '', true);
END
$$;

UPDATE radioshop.schema_version SET version = 15;

COMMIT;
