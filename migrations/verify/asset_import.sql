-- Verify radioshop:asset_import on pg

BEGIN;

DO $$
BEGIN
  ASSERT radioshop.read_cents('62,627.50') = 6262750, 'read_cents does not read a price';
  ASSERT radioshop.read_whole('1,042') = 1042, 'read_whole does not read a number';
  ASSERT (SELECT i.refusal LIKE 'NOT_FOUND%' FROM radioshop.import_assets('NOSUCH', true, '{1}', '{""}', '{""}', '{""}', '{""}', '{""}',
    '{""}', '{""}', '{""}', '{""}', '{""}', '{""}', '{""}', '{""}', '{""}', '{""}', '{""}', '{""}', '{""}') i),
    'import_assets does not refuse an unknown agency';
END
$$;

ROLLBACK;
