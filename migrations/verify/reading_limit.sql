-- Verify radioshop:reading_limit on pg

BEGIN;

SELECT limit_id, test, kind, family, band, mode, from_mhz, to_mhz, version, direction, low, high, unit, source, valid_from, withdrawn,
    set_by, set_at, quantity, subject
  FROM radioshop.reading_limit WHERE false;

DO $$
BEGIN
  ASSERT (SELECT version FROM radioshop.schema_version) >= 3, 'schema_version is below 3';
  ASSERT (SELECT relrowsecurity AND relforcerowsecurity FROM pg_class WHERE oid = 'radioshop.reading_limit'::regclass),
    'row level security is not forced';
  ASSERT NOT has_table_privilege('radioshop_app', 'radioshop.reading_limit', 'UPDATE, DELETE, TRUNCATE'), 'limits can be changed';
  ASSERT radioshop.convert_reading(4900, 'mW', 'W', NULL) = 4.9, 'units are not converted';
  ASSERT (SELECT l.high FROM radioshop.limit_for('tx_freq_error', 'maker', 'APX 6000', '7/800', 'p25', '2026-01-01', 'frequency', NULL) l)
    = 696, 'the figures to begin with are missing';
END
$$;

ROLLBACK;
