-- Retirements: what holds whatever statement tries, what is on record by whatever way, and what each agency sees of it.
BEGIN;
SELECT no_plan();
SELECT is((SELECT array_agg(radioshop.share_of(c, 3, i) ORDER BY i) FROM generate_series(1, 3) i), s, c || ' cents are shared out whole') FROM (VALUES (1000::bigint, '{334,333,333}'::bigint[]), (2, '{1,1,0}'), (0, '{0,0,0}')) v (c, s);

INSERT INTO radioshop.agency (agency_id, code, name, time_zone) VALUES (901, 'IND', 'Independence', 'UTC'), (902, 'LSM', 'Lee''s Summit', 'UTC');
INSERT INTO radioshop.principal (name, display_name) VALUES ('tina', 'Tina'), ('mona', 'Mona');
INSERT INTO radioshop.principal_grant (principal_id, role, agency_id) SELECT p.principal_id, v.role, v.agency_id
  FROM (VALUES ('tina', 'admin', 0), ('mona', 'fleet_manager', 902)) v (name, role, agency_id) JOIN radioshop.principal p USING (name);
INSERT INTO radioshop.asset (agency_id, tag, class, status, unit_id, system) SELECT v.g, v.t, 'portable', v.s, v.u, 'S' FROM (VALUES (901, 'R1', 'in_service', 1), (901, 'R2', 'spare', 2), (901, 'R3', 'in_service', 3),
  (901, 'OLD', 'disposed', NULL), (902, 'L1', 'retired', NULL)) v (g, t, s, u);
SET LOCAL ROLE radioshop_app;
SELECT radioshop.enter('tina', '{admin}', 'M', 'c1', 60000, 5000, NULL, NULL);
CREATE FUNCTION pg_temp.id(tag text) RETURNS uuid LANGUAGE sql AS $$ SELECT a.asset_id FROM radioshop.asset a WHERE a.tag = id.tag $$;
CREATE FUNCTION pg_temp.of(tag text) RETURNS text LANGUAGE sql AS $$
  SELECT string_agg(concat_ws(' ', r.reason, r.method, r.unit_id, CASE WHEN r.ended_at IS NOT NULL THEN 'ended' END), ',' ORDER BY r.retirement_id) FROM radioshop.retirement r WHERE r.asset_id = pg_temp.id(of.tag) $$;

SELECT is((SELECT count(*) FROM radioshop.retirement), 0::bigint, 'what is entered as retired or disposed of is not said to have been so by somebody');
SELECT throws_ok($$UPDATE radioshop.asset SET status = 'disposed' WHERE tag = 'R1'$$, '23514', 'nobody said how asset R1 was disposed of', 'not disposed of without a word');
SELECT lives_ok($$UPDATE radioshop.asset SET status = 'retired' WHERE tag IN ('R1', 'R2')$$, 'retired');
SELECT throws_ok($$UPDATE radioshop.asset SET status = 'disposed' WHERE tag = 'R1'$$, '23514', 'nobody said how asset R1 was disposed of', 'nor when it is retired');
SELECT is(pg_temp.of('R1'), '', 'retired without a reason');
SELECT throws_ok($$INSERT INTO radioshop.retirement (agency_id, asset_id, retired_on) VALUES (901, pg_temp.id('R1'), '2026-01-01')$$, '23505', NULL, 'once');
SELECT throws_ok($$INSERT INTO radioshop.retirement (agency_id, asset_id, retired_on) VALUES (901, pg_temp.id('L1'), '2026-01-01')$$, '23503', NULL, 'an asset of its agency');
SELECT throws_ok(format('UPDATE radioshop.retirement SET %s WHERE asset_id = pg_temp.id(%L)', s, 'R1'), '23514', NULL, s) FROM unnest(ARRAY['method = $q$sold$q$', 'recipient = $q$x$q$', 'certificate = $q$x$q$', 'disposed_at = now()',
  'method = $q$eaten$q$, disposed_on = retired_on, disposed_at = now(), disposed_by = $q$x$q$', 'method = $q$sold$q$, disposed_on = retired_on, disposed_at = now(), disposed_by = $q$x$q$',
  'method = $q$donated$q$, recipient = $q$x$q$, proceeds_cents = 1, disposed_on = retired_on, disposed_at = now(), disposed_by = $q$x$q$', 'ended_by = $q$x$q$', 'reason = $q$x$q$',
  'method = $q$scrapped$q$, disposed_on = retired_on - 1, disposed_at = now(), disposed_by = $q$x$q$']) s;
SELECT is((SELECT string_agg(concat_ws(' ', d.tag, d.state, d.unit_id, d.proceeds_cents), ',') FROM radioshop.dispose_assets('{R2,R1}', 'sold', NULL, 'x', 1001, '', '') d), 'R2 disposed 2 501,R1 disposed 1 500', 'disposed of together');
SELECT is((SELECT array_agg(i.unit_id) FROM radioshop.issued_unit_id i), '{3}', 'their unit IDs are free');
UPDATE radioshop.asset SET status = 'retired' WHERE tag = 'R1';
SELECT is(pg_temp.of('R1'), 'sold 1 ended,', 'here again, it is retired anew');
UPDATE radioshop.asset SET status = 'spare' WHERE tag = 'R1';
SELECT is(pg_temp.of('R1'), 'sold 1 ended,ended', 'in use again, that is over, too');
UPDATE radioshop.asset SET status = 'missing' WHERE tag = 'R2';
UPDATE radioshop.asset SET status = 'retired' WHERE tag = 'R2';
SELECT is(pg_temp.of('R2'), 'sold 2 ended,', 'each time is on record');
SELECT throws_ok($$UPDATE radioshop.retirement SET note = 'x' WHERE ended_at IS NOT NULL$$, 'RS412', NULL, 'what is over stays as it was');
SELECT throws_ok(s, '42501', NULL, s) FROM unnest(ARRAY['DELETE FROM radioshop.retirement', 'UPDATE radioshop.retirement SET asset_id = asset_id', 'UPDATE radioshop.retirement SET retired_by = $q$x$q$']) s;
SELECT is(translate((SELECT r.refusal FROM radioshop.retire_assets('{R3,OLD}', 'surplus', '', NULL) r), chr(31), '|'), 'FAILED_PRECONDITION|assets|asset OLD is disposed already', 'not what is gone');

SELECT radioshop.enter('mona', '{fleet_manager}', 'M', 'c2', 60000, 5000, NULL, NULL);
SELECT is((SELECT count(*) FROM radioshop.retirement), 0::bigint, 'another agency sees nothing of it');
SELECT throws_ok($$INSERT INTO radioshop.retirement (agency_id, asset_id, retired_on) VALUES (901, radioshop.uuid_v7(), '2026-01-01')$$, '42501', NULL, 'nor writes there');
SELECT is((SELECT split_part(d.refusal, chr(31), 1) FROM radioshop.dispose_assets('{R1}', 'scrapped', NULL, '', NULL, '', '') d), 'NOT_FOUND', 'nor finds it');

SELECT * FROM finish();
ROLLBACK;
