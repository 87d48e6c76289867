-- What the deliveries of alerts count with: quiet hours over midnight and in other zones, waiting times, times on nobody's behalf.
BEGIN;
SELECT no_plan();

CREATE FUNCTION pg_temp.around(before interval, after interval, zone text) RETURNS text LANGUAGE sql AS $$
  SELECT to_char((now() + before) AT TIME ZONE zone, 'HH24:MI') || '-' || to_char((now() + after) AT TIME ZONE zone, 'HH24:MI')
$$;
SELECT is(radioshop.is_quiet('', 'UTC'), false, 'without hours it is never quiet');
SELECT is(radioshop.is_quiet(pg_temp.around(- interval '1 hour', interval '1 hour', z), z), true, 'it is quiet in ' || z)
  FROM unnest('{UTC,America/Chicago,Asia/Kolkata,Pacific/Kiritimati,Pacific/Pago_Pago}'::text[]) z;
SELECT is(radioshop.is_quiet(pg_temp.around(interval '1 hour', interval '2 hours', z), z), false, 'not yet in ' || z)
  FROM unnest('{UTC,America/Chicago,Asia/Kolkata,Pacific/Kiritimati,Pacific/Pago_Pago}'::text[]) z;
SELECT is(radioshop.is_quiet(pg_temp.around(- interval '2 hours', - interval '1 hour', 'UTC'), 'UTC'), false, 'not any more');
SELECT is(radioshop.is_quiet(pg_temp.around(interval '1 hour', interval '23 hours', 'UTC'), 'UTC'), false, 'nor in the two hours left of a day');
SELECT is(radioshop.is_quiet(pg_temp.around(- interval '22 hours', interval '1 hour', 'UTC'), 'UTC'), true, 'but in the other 23');
SELECT is(array_agg(radioshop.retry_after(n) ORDER BY n), '{00:01:00,00:05:00,00:15:00,01:00:00,01:00:00}'::interval[], 'tries are further and further apart')
  FROM generate_series(1, 5) n;

-- Two agencies; the daemon learns times of the one that is worst off, and nobody else learns anything
INSERT INTO radioshop.agency (agency_id, code, name, time_zone) VALUES (901, 'IND', 'Independence', 'UTC'), (902, 'LSM', 'Lee''s Summit', 'UTC');
INSERT INTO radioshop.principal (name, display_name) VALUES ('mona', 'Mona');
INSERT INTO radioshop.principal_grant (principal_id, role, agency_id) SELECT p.principal_id, 'fleet_manager', 901 FROM radioshop.principal p WHERE p.name = 'mona';
INSERT INTO radioshop.alert_run (agency_id, decided_at, claimed_at, sent_at) VALUES (901, 'epoch'::timestamptz + interval '100 s', 'epoch'::timestamptz + interval '50 s', NULL),
  (902, 'epoch'::timestamptz + interval '70 s', 'epoch'::timestamptz + interval '60 s', 'epoch'::timestamptz + interval '65 s');
INSERT INTO radioshop.alert_route (agency_id, route_id, code, channel) VALUES (902, '00000000-0000-4000-8000-000000000001', 'OUT', 'output');
INSERT INTO radioshop.alert_delivery (agency_id, route_id, channel, address, secret, storm, made_at)
  VALUES (902, '00000000-0000-4000-8000-000000000001', 'output', '', '', false, 'epoch'::timestamptz + interval '66 s');
SET LOCAL ROLE radioshop_app;
SELECT results_eq('SELECT decided, claimed, sent, oldest_waiting FROM radioshop.alert_times()', 'VALUES (70::float8, 50::float8, 65::float8, 66::float8)',
  'the daemon reads the times on nobody''s behalf');
SELECT is(current_setting('radioshop.agencies', true), '', 'and keeps no right from it');
SELECT is_empty('SELECT agency_id FROM radioshop.alert_run', 'so that it sees no agency');
SELECT radioshop.enter('mona', '{fleet_manager}', 'M', 'c1', 60000, 5000, NULL, NULL);
SELECT is((SELECT array_agg(n.agency_id) FROM radioshop.alert_run n), '{901}', 'a caller sees its own agency''s runs');
SELECT is_empty($$SELECT 1 FROM radioshop.alert_route UNION ALL SELECT 1 FROM radioshop.alert_delivery UNION ALL SELECT 1 FROM radioshop.alert_notice$$,
  'and no route, delivery or notice of another');
SELECT throws_ok($$INSERT INTO radioshop.alert_route (agency_id, code, channel) VALUES (902, 'MINE', 'output')$$, '42501', NULL, 'nor adds a route there');
SELECT throws_ok($$DELETE FROM radioshop.alert_notice$$, '42501', NULL, 'what was told is never deleted');

-- The constraints are the last guard, whatever the functions let through
SELECT throws_ok(format($$INSERT INTO radioshop.alert_route (agency_id, code, channel, address, secret) VALUES (901, 'X', %L, %L, %L)$$, c, a, k), '23514', NULL,
  format('%s %s is no address', c, replace(a, E'\n', '\n')))
  FROM (VALUES ('email', '', ''), ('email', E'a@b.example\nBcc: c@d.example', ''), ('email', E'a@b.example\n', ''), ('email', '-f@b.example', ''),
    ('webhook', 'http://b.example/', 'K'), ('webhook', E'https://b.example/\r\nX: y', 'K'), ('webhook', 'https://b.example/', ''),
    ('file', '../x', ''), ('file', E'x\n', ''), ('output', 'x', '')) v (c, a, k);
SELECT lives_ok(format($$INSERT INTO radioshop.alert_route (agency_id, code, channel, address, secret) VALUES (901, %L, %L, %L, %L)$$, 'OK' || n, c, a, k), c || ' ' || a)
  FROM (VALUES (1, 'email', 'o''brien+radio@mail.ci.independence.mo.us', ''), (2, 'webhook', 'https://[2001:db8::1]:8443/a/b?c=d', 'key-1'),
    (3, 'file', 'alerts.jsonl', ''), (4, 'output', '', '')) v (n, c, a, k);

SELECT * FROM finish();
ROLLBACK;
