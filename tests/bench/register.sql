-- A register of :assets assets, the same in each run: three cities own half of them, seventeen more the rest. Each asset is
-- under one plan, its date spread over a year, one in forty overdue. Loaded by the superuser without triggers: what is
-- measured is the work on it, and the events of its making are no part of that.
BEGIN;
SET LOCAL session_replication_role = replica;
SET LOCAL synchronous_commit = off;

INSERT INTO radioshop.agency (agency_id, code, name, time_zone)
SELECT i, 'C' || lpad(i::text, 2, '0'), 'City ' || i, 'UTC' FROM generate_series(1, 20) i;

INSERT INTO radioshop.model (model_id, number, manufacturer, family, class)
SELECT md5('model' || i)::uuid, 'H98UCF9PW' || i || 'BN', 'Motorola Solutions', 'APX ' || i, 'portable' FROM generate_series(0, 9) i;

INSERT INTO radioshop.asset (agency_id, asset_id, tag, serial, model_id, class, status, assigned_to, location, system, unit_id, alias,
  firmware, codeplug, purchased_on, cost_cents, created_at, updated_at)
SELECT CASE WHEN i % 2 = 0 THEN 1 + i / 2 % 3 ELSE 4 + i / 2 % 17 END, md5('asset' || i)::uuid, 'T' || i,
  '426C' || lpad(upper(to_hex(i)), 6, '0'), md5('model' || i % 10)::uuid, 'portable', 'in_service', 'Officer ' || i % 5000,
  'Station ' || i % 40, 'MARRS', i + 1, 'UNIT' || i, 'R' || i % 7 || '.00.00', 'CP-' || i % 30, DATE '2020-01-01' + i % 1800, 450000,
  TIMESTAMPTZ '2026-01-01 00:00+00', TIMESTAMPTZ '2026-01-01 00:00+00'
FROM generate_series(0, :assets - 1) i;

-- What the triggers do not write here.
INSERT INTO radioshop.asset_word (agency_id, word, asset_id)
SELECT DISTINCT a.agency_id, w, a.asset_id FROM radioshop.asset a CROSS JOIN LATERAL unnest(radioshop.asset_words(a.tag, a.alias, a.assigned_to)) w;
INSERT INTO radioshop.issued_unit_id (agency_id, asset_id, system_key, unit_id, scope)
SELECT a.agency_id, a.asset_id, a.system_key, a.unit_id, a.agency_id FROM radioshop.asset a;

INSERT INTO radioshop.plan (agency_id, plan_id, code, name, interval_count, interval_unit, basis, first_due_on, grace_days, escalate_days)
SELECT i, md5('plan' || i)::uuid, 'PM12', 'Yearly check', 12, 'months', 'completed', current_date, 7, 14 FROM generate_series(1, 20) i;

INSERT INTO radioshop.schedule (agency_id, asset_id, plan_id, first_due_on, next_due, grace_days, escalate_days)
SELECT agency_id, asset_id, md5('plan' || agency_id)::uuid, d, d, 7, 14
FROM (SELECT a.agency_id, a.asset_id, current_date - 16 + ((a.unit_id::int8 * 7919) % 365)::int AS d FROM radioshop.asset a) a;

-- bench-shop works for every agency, bench-city for one, bench-cities for three.
INSERT INTO radioshop.principal (principal_id, name, display_name)
SELECT md5(name)::uuid, name, name FROM unnest(ARRAY['bench-shop', 'bench-city', 'bench-cities']) name;
INSERT INTO radioshop.principal_grant (principal_id, role, agency_id)
SELECT md5(g.name)::uuid, r.role, g.agency_id
FROM (VALUES ('bench-shop', 0), ('bench-city', 1), ('bench-cities', 1), ('bench-cities', 2), ('bench-cities', 3)) g (name, agency_id),
  unnest(ARRAY['viewer', 'technician', 'fleet_manager', 'admin', 'alerter']) r (role);
SELECT setval(pg_get_serial_sequence('radioshop.agency', 'agency_id'), 20);
COMMIT;
VACUUM (ANALYZE, FREEZE) radioshop.agency, radioshop.model, radioshop.asset, radioshop.asset_word, radioshop.issued_unit_id, radioshop.plan, radioshop.schedule, radioshop.principal,
  radioshop.principal_grant;
