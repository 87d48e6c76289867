-- Physical inventory: what accounts for a radio, what a scan makes of one, and what holds whatever statement tries.
BEGIN;
SELECT no_plan();

SELECT is(radioshop.inventory_away(place, status, location, lent), want, concat_ws(', ', place, status, location, lent)) FROM (VALUES
  ('A', 'in_service', 'A', NULL, NULL), ('A', 'spare', 'a', NULL, NULL), ('A', 'missing', 'A', NULL, NULL), ('', 'in_service', '', NULL, NULL),
  ('A', 'in_shop', 'A', NULL, 'in the shop'), ('A', 'at_depot', 'A', NULL, 'at the depot'), ('A', 'retired', 'B', NULL, 'retired'), ('A', 'disposed', 'A', NULL, 'disposed'),
  ('A', 'in_service', 'B', NULL, 'moved to B'), ('A', 'in_service', '', NULL, 'moved'), ('', 'in_service', 'B', NULL, 'moved to B'), ('A', 'in_service', 'A', 'Lane', 'lent to Lane')
  ) v (place, status, location, lent, want);
-- expected, status, class, where the register has it, class and location counted, where scanned
SELECT is(j.verdict || coalesce(nullif(': ' || j.reason, ': '), ''), want, want) FROM (VALUES
  (true, 'in_service', 'portable', 'A', NULL, '', '', 'found'), (true, 'spare', 'portable', 'A', NULL, 'A', 'a', 'found'), (true, 'in_service', 'portable', '', NULL, '', 'B', 'found'),
  (true, 'in_service', 'portable', 'A', NULL, '', 'B', 'wrong_place'), (true, 'retired', 'portable', 'A', NULL, '', 'A', 'found: the register says since then that it is retired'),
  (true, 'at_depot', 'portable', 'A', NULL, '', 'B', 'wrong_place: the register says since then that it is at depot'),
  (false, 'missing', 'portable', 'A', NULL, '', 'B', 'unexpected: the register says that it is missing'), (false, 'in_service', 'portable', 'B', 'portable', 'A', 'A', 'wrong_place'),
  (false, 'in_service', 'mobile', 'B', 'portable', 'A', 'A', 'unexpected: it is a mobile, and not counted here'),
  (false, 'in_service', 'portable', '', NULL, 'A', 'A', 'unexpected: the register does not say where it is kept'),
  (false, 'in_service', 'portable', 'A', NULL, 'A', 'A', 'unexpected: it was not in service or spare here when the inventory began')
  ) v (expected, status, class, location, counted_class, counted_location, scanned, want),
  LATERAL radioshop.inventory_verdict(expected, status, class, location, counted_class, counted_location, scanned) j;
SELECT is(radioshop.inventory_percent(e, m), want, format('%s of %s missing', m, e)) FROM (VALUES (300, 1, 99), (300, 0, 100), (300, 300, 0), (3, 1, 66), (2000000000, 1, 99), (NULL, 0, NULL)) v (e, m, want);

INSERT INTO radioshop.agency (agency_id, code, name, time_zone) VALUES (901, 'IND', 'Independence', 'UTC'), (902, 'LSM', 'Lee''s Summit', 'UTC');
INSERT INTO radioshop.principal (name, display_name) VALUES ('root', 'Root'), ('mona', 'Mona');
INSERT INTO radioshop.principal_grant (principal_id, role, agency_id) SELECT p.principal_id, v.role, v.agency_id
  FROM (VALUES ('root', 'admin', 0), ('mona', 'fleet_manager', 902)) v (name, role, agency_id) JOIN radioshop.principal p USING (name);
SELECT set_config('radioshop.agencies', '{0,901,902}', true);
INSERT INTO radioshop.asset (agency_id, tag, class, alias, serial, location) SELECT 901, 'A' || n, 'portable', CASE WHEN n < 3 THEN 'TWIN' ELSE '' END, 'B' || n, 'HQ' FROM generate_series(1, 4) n;
INSERT INTO radioshop.asset (agency_id, tag, class, serial) VALUES (902, 'B3', 'portable', 'SB3');
SET LOCAL ROLE radioshop_app;
SELECT radioshop.enter('root', '{admin}', 'M', 'c1', 60000, 5000, NULL, NULL);
SELECT is((SELECT concat_ws(' ', s.number, s.expected, s.missing) FROM radioshop.start_inventory('ind', '', NULL, '') s), format('IND-INV-%s-001 4 4', to_char(now() AT TIME ZONE 'UTC', 'YYYY')), 'begun');
CREATE FUNCTION pg_temp.scanned(codes text[]) RETURNS text LANGUAGE sql AS $$ SELECT string_agg(concat_ws(' ', s.verdict, nullif(s.tag, ''), nullif(s.owner, ''), nullif(s.refused, '')), ',')
  FROM (SELECT i.number FROM radioshop.inventory i ORDER BY i.number DESC LIMIT 1) n, radioshop.scan_inventory(n.number, codes, '') s $$;
SELECT is(pg_temp.scanned('{B3}'), 'found A3', 'a code of the agency counted goes before the same of another');
SELECT is(pg_temp.scanned('{SB3,LSM:B3}'), 'unexpected LSM:B3,unexpected LSM:B3', 'whose it is is told to the shop');
SELECT is(pg_temp.scanned('{TWIN,IND:A1}'), 'the code fits 2 radios: A1, A2; scan the tag,found A1', 'what fits two is none of them');
SELECT is((SELECT count(*) FROM radioshop.event e WHERE e.resource = 'inventory_item'), 2::bigint, 'an event a radio that was scanned, none for what is expected');
SELECT throws_ok(s, '23514', NULL, s) FROM (VALUES ($$UPDATE radioshop.inventory_item SET verdict = 'found' WHERE verdict = 'open'$$), ($$UPDATE radioshop.inventory_item SET verdict = 'unexpected' WHERE expected AND scanned_at IS NOT NULL$$),
  ($$UPDATE radioshop.inventory SET state = 'closed'$$), ($$INSERT INTO radioshop.inventory_stray (agency_id, inventory_id, code) SELECT agency_id, inventory_id, E'a\tb' FROM radioshop.inventory$$)) v (s);
SELECT throws_ok(s, '42501', NULL, s) FROM (VALUES ('UPDATE radioshop.inventory SET expected = 1'), ('DELETE FROM radioshop.inventory'), ('UPDATE radioshop.inventory_item SET expected = false'), ('UPDATE radioshop.inventory_stray SET code = code')) v (s);
SELECT is((SELECT c.state FROM radioshop.inventory i, radioshop.close_inventory(i.number, false, false, '') c), 'closed', 'closed');
SELECT throws_ok(s, '23514', 'the inventory is closed', s) FROM (VALUES ('UPDATE radioshop.inventory SET state = $$open$$, closed_at = NULL, closed_by = $$$$'), ('UPDATE radioshop.inventory SET close_note = $$x$$'),
  ('UPDATE radioshop.inventory_item SET reason = $$x$$'), ('DELETE FROM radioshop.inventory_item'), ('DELETE FROM radioshop.inventory_stray'),
  ('INSERT INTO radioshop.inventory_stray (agency_id, inventory_id, code) SELECT agency_id, inventory_id, $$X$$ FROM radioshop.inventory'),
  ('INSERT INTO radioshop.inventory_item (agency_id, inventory_id, asset_id, tag, place, expected, verdict, scanned_by, scanned_at) SELECT i.agency_id, i.inventory_id, a.asset_id, a.tag, a.location, false, $$unexpected$$, $$x$$, now() FROM radioshop.inventory i JOIN radioshop.asset a ON a.tag = $$A4$$ AND a.agency_id = i.agency_id')) v (s);
SELECT radioshop.enter('mona', '{fleet_manager}', 'M', 'c2', 60000, 5000, NULL, NULL);
SELECT is((SELECT count(*) FROM radioshop.inventory) + (SELECT count(*) FROM radioshop.inventory_item) + (SELECT count(*) FROM radioshop.inventory_stray), 0::bigint, 'another agency sees nothing of it');

SELECT * FROM finish();
ROLLBACK;
