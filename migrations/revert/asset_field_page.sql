-- Revert radioshop:asset_field_page from pg

BEGIN;

UPDATE radioshop.schema_version SET version = 48;

-- walk_assets() with conditions on fields. One that asks for a single value leads, on the index of values, which has its assets in order of
-- tag; else one that asks for a range; else the register. The others are looked up asset by asset.
CREATE OR REPLACE FUNCTION radioshop.walk_assets_where(agency text, status text, class text, model text, said text[], after text[], most int)
RETURNS TABLE (code text, agency_id int, asset_id uuid, tag_key text) LANGUAGE plpgsql STABLE ROWS 50 AS $$
#variable_conflict use_column
DECLARE
  place record;
  one record;
  wanted uuid;
  behind text;
  n int;
  leads record;
  ids uuid[];
  lows text[];
  highs text[];
  classes text[];
BEGIN
  IF walk_assets_where.model <> '' THEN
    SELECT m.model_id INTO wanted FROM radioshop.model m WHERE m.number_key = upper(btrim(walk_assets_where.model));
    IF NOT FOUND THEN RETURN; END IF;
  END IF;
  FOR place IN
    SELECT g.agency_id, g.code FROM radioshop.agency g
      WHERE g.agency_id = ANY (radioshop.agencies()) AND (walk_assets_where.agency = '' OR g.code = upper(btrim(walk_assets_where.agency)))
        AND g.code >= coalesce(walk_assets_where.after[1], '')
      ORDER BY g.code
  LOOP
    behind := CASE WHEN place.code = walk_assets_where.after[1] THEN walk_assets_where.after[2] ELSE '' END;
    -- What the conditions mean here; an agency that lacks a field, or has it of another kind, has nothing that fits.
    SELECT array_agg(c.field_id ORDER BY c.rank), array_agg(c.low ORDER BY c.rank), array_agg(c.high ORDER BY c.rank),
        array_agg(c.class ORDER BY c.rank)
      INTO ids, lows, highs, classes
      FROM (SELECT f.field_id, f.class, w.low, w.high, CASE WHEN w.low = w.high THEN 0 WHEN w.low IS NOT NULL THEN 1 ELSE 2 END AS rank
        FROM unnest(said) s CROSS JOIN LATERAL (SELECT lower((regexp_match(s, '^\s*([A-Za-z0-9_]+)'))[1]) AS name) x
        JOIN radioshop.asset_field f ON f.agency_id IN (0, place.agency_id) AND f.name = x.name
        CROSS JOIN LATERAL radioshop.read_where(s, f) w WHERE w.fault IS NULL) c;
    CONTINUE WHEN coalesce(cardinality(ids), 0) < cardinality(said);
    IF lows[1] = highs[1] THEN
      RETURN QUERY SELECT place.code, a.agency_id, a.asset_id, v.tag_key
        FROM radioshop.asset_field_value v JOIN radioshop.asset a ON a.agency_id = v.agency_id AND a.tag_key = v.tag_key
        WHERE v.agency_id = place.agency_id AND v.field_id = ids[1] AND v.value_key = lows[1] AND v.tag_key > behind
          AND (wanted IS NULL OR a.model_id = wanted) AND (walk_assets_where.status IS NULL OR a.status = walk_assets_where.status)
          AND (walk_assets_where.class IS NULL OR a.class = walk_assets_where.class)
          AND (cardinality(ids) = 1 OR radioshop.has_values(v.agency_id, v.tag_key, a.class, ids[2:], lows[2:], highs[2:], classes[2:]))
        ORDER BY v.tag_key LIMIT most;
    ELSIF lows[1] IS NOT NULL THEN
      RETURN QUERY SELECT place.code, a.agency_id, a.asset_id, v.tag_key
        FROM radioshop.asset_field_value v JOIN radioshop.asset a ON a.agency_id = v.agency_id AND a.tag_key = v.tag_key
        WHERE v.agency_id = place.agency_id AND v.field_id = ids[1] AND v.value_key BETWEEN lows[1] AND highs[1] AND v.tag_key > behind
          AND (wanted IS NULL OR a.model_id = wanted) AND (walk_assets_where.status IS NULL OR a.status = walk_assets_where.status)
          AND (walk_assets_where.class IS NULL OR a.class = walk_assets_where.class)
          AND (cardinality(ids) = 1 OR radioshop.has_values(v.agency_id, v.tag_key, a.class, ids[2:], lows[2:], highs[2:], classes[2:]))
        ORDER BY v.tag_key LIMIT most;
    ELSE
      RETURN QUERY SELECT place.code, a.agency_id, a.asset_id, a.tag_key FROM radioshop.asset a
        WHERE a.agency_id = place.agency_id AND a.tag_key > behind
          AND (wanted IS NULL OR a.model_id = wanted) AND (walk_assets_where.status IS NULL OR a.status = walk_assets_where.status)
          AND (walk_assets_where.class IS NULL OR a.class = walk_assets_where.class)
          AND radioshop.has_values(a.agency_id, a.tag_key, a.class, ids, lows, highs, classes)
        ORDER BY a.tag_key LIMIT most;
    END IF;
    GET DIAGNOSTICS n = ROW_COUNT;
    most := most - n;
    EXIT WHEN most <= 0;
  END LOOP;
END
$$;

COMMIT;
