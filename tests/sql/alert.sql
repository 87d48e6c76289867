-- Alerts: each item once, escalated, acknowledged, resolved; missed nights; limits; tenancy. Nights pass by moving due dates back.
\set calls `python3 tests/sql/statements.py emit_alerts list_alerts`
BEGIN;
SELECT no_plan();
:calls

INSERT INTO radioshop.agency (agency_id, code, name, time_zone) VALUES
  (901, 'IND', 'Independence', 'America/Chicago'), (902, 'LSM', 'Lee''s Summit', 'America/Chicago'), (903, 'BLU', 'Blue Springs', 'America/Chicago');
INSERT INTO radioshop.principal (name, display_name) VALUES ('cron', 'Cron'), ('lee', 'Lee');
INSERT INTO radioshop.principal_grant (principal_id, role, agency_id)
  SELECT p.principal_id, 'alerter', g FROM radioshop.principal p, unnest('{901,902,903}'::int[]) g WHERE p.name = 'cron' AND g <> 902 OR p.name = 'lee' AND g = 902;
INSERT INTO radioshop.asset (agency_id, tag, class, created_at) SELECT 901, 'P' || n, 'portable', now() - interval '3 years' FROM generate_series(1, 4) n;
INSERT INTO radioshop.asset (agency_id, tag, class, status, assigned_to, created_at) VALUES
  (901, 'BENCH', 'portable', 'in_shop', 'Unit 7', now() - interval '3 years'), (901, 'OLD', 'portable', 'retired', '', now() - interval '3 years'),
  (902, 'L1', 'portable', 'in_service', '', now()), (903, 'B1', 'portable', 'in_service', '', now());
SET LOCAL ROLE radioshop_app;
SELECT radioshop.enter('cron', '{alerter}', 'AlertService.EmitAlerts', 'c1', 60000, 5000, NULL, NULL);
CREATE FUNCTION pg_temp.today() RETURNS date LANGUAGE sql AS $$ SELECT radioshop.today('America/Chicago') $$;
-- What emit says: AGENCY:TAG kind step days, in its order.
CREATE FUNCTION pg_temp.emit(agency text DEFAULT '', lim int DEFAULT 0) RETURNS text[] LANGUAGE plpgsql AS $$
BEGIN
  RETURN (SELECT coalesce(array_agg(format('%s:%s %s %s %s', s.agency, s.tag, s.kind, s.step, s.days_overdue) ORDER BY s.n), '{}')
    FROM radioshop.emit_alerts(emit.agency, emit.lim) WITH ORDINALITY
      s (refusal, id, kind, agency, tag, assigned_to, plan, due_on, days_overdue, step, emitted_at, acked_at, acked_by, ack_note, n));
END
$$;
-- So many nights without a run: everything that counts days is so many days older, the ledger with it.
CREATE FUNCTION pg_temp.nights(n int) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  RESET ROLE;
  SET LOCAL session_replication_role = replica;
  UPDATE radioshop.plan SET first_due_on = first_due_on - n;
  UPDATE radioshop.schedule SET next_due = next_due - n, first_due_on = first_due_on - n, alerted_due = alerted_due - n;
  UPDATE radioshop.alert SET due_on = due_on - n;
  SET LOCAL session_replication_role = origin;
  SET LOCAL ROLE radioshop_app;
END
$$;
CREATE FUNCTION pg_temp.open_alerts() RETURNS text[] LANGUAGE sql AS $$
  SELECT coalesce(array_agg(a.tag || ' ' || l.kind ORDER BY a.tag, l.step), '{}') FROM radioshop.alert l JOIN radioshop.asset a USING (asset_id)
    WHERE l.kind <> 'resolved' AND l.acked_at IS NULL AND l.settled_at IS NULL
$$;
CREATE FUNCTION pg_temp.service(tag text, result text DEFAULT 'passed') RETURNS text LANGUAGE sql AS $$
  SELECT s.refusal FROM radioshop.record_service('IND:' || tag, 'PM12', result, NULL, '{}', '{}', '{}', '') s
$$;
CREATE FUNCTION pg_temp.stop(stopped boolean) RETURNS text LANGUAGE sql AS $$
  SELECT s.refusal FROM radioshop.plan p CROSS JOIN LATERAL radioshop.update_plan('IND', 'PM12', p.revision, '{stopped}', '', '', 0, NULL, NULL, NULL, 0, 0,
    NULL, '', stop.stopped) s WHERE p.code = 'PM12' AND p.agency_id = 901
$$;

SELECT is(pg_temp.emit(), '{}', 'with nothing due nothing is said');
SELECT s.refusal FROM radioshop.create_plan('IND', 'PM12', 'Yearly', '', 12, 'months', NULL, pg_temp.today() - 7, 7, 10, NULL, '', false) s;
SELECT s.refusal FROM radioshop.create_plan('BLU', 'PM12', 'Yearly', '', 12, 'months', NULL, pg_temp.today() - 6, 7, 0, NULL, '', false) s;
SELECT is(pg_temp.emit(), '{}', 'on the last day of grace nothing is said');
SELECT pg_temp.nights(1);
SELECT is(cardinality(pg_temp.emit(lim => 2)), 2, 'the day after it is overdue; so many are said as asked for');
SELECT is(cardinality(pg_temp.emit()), 3, 'and then the rest');
SELECT is(pg_temp.emit(), '{}', 'and then nothing more');
SELECT is((SELECT array_agg(a.tag || ' ' || l.kind || ' ' || l.step || ' ' || l.days_overdue ORDER BY a.tag) FROM radioshop.alert l JOIN radioshop.asset a USING (asset_id)),
  '{BENCH overdue 0 1,P1 overdue 0 1,P2 overdue 0 1,P3 overdue 0 1,P4 overdue 0 1}', 'each item once, on the bench too, not the retired one');
SELECT pg_temp.nights(1);
SELECT is(pg_temp.emit(), '{"BLU:B1 overdue 0 1"}', 'the next night just what is new');

-- Escalation, acknowledgement
SELECT pg_temp.nights(9);
SELECT is(pg_temp.emit('ind'), '{"IND:BENCH escalated 1 11","IND:P1 escalated 1 11","IND:P2 escalated 1 11","IND:P3 escalated 1 11","IND:P4 escalated 1 11"}',
  'after ten days more it is raised again, in order of tag');
SELECT is(pg_temp.emit('ind'), '{}', 'once');
PREPARE acked AS SELECT s.refusal, s.kind, s.tag, s.acked_by, s.ack_note, s.acked_at IS NOT NULL FROM radioshop.alert l JOIN radioshop.asset a USING (asset_id)
  CROSS JOIN LATERAL radioshop.ack_alert(l.alert_id::text, ' on leave ') s WHERE a.tag = 'P1' AND l.kind = 'escalated';
SELECT results_eq('acked', $$VALUES (NULL::text, 'escalated', 'P1', 'cron', 'on leave', true)$$, 'an alert is acknowledged');
SELECT alike((SELECT s.refusal FROM radioshop.alert l JOIN radioshop.asset a USING (asset_id) CROSS JOIN LATERAL radioshop.ack_alert(l.alert_id::text, '') s
  WHERE a.tag = 'P1' AND l.kind = 'overdue'), 'FAILED_PRECONDITION%acknowledged by cron already', 'and with it the one before, so not again');
SELECT is(pg_temp.open_alerts(), '{"B1 overdue","BENCH overdue","BENCH escalated","P2 overdue","P2 escalated","P3 overdue","P3 escalated","P4 overdue","P4 escalated"}', 'both are not open any more');
SELECT pg_temp.nights(35);
SELECT is(pg_temp.emit('IND'), '{"IND:BENCH escalated 4 46","IND:P2 escalated 4 46","IND:P3 escalated 4 46","IND:P4 escalated 4 46"}',
  'missed nights: just the highest step, and not what was acknowledged');
SELECT is((SELECT count(*) FROM radioshop.event e WHERE e.resource = 'alert' AND e.action = 'update'), 2::bigint, 'acknowledging is an event, emitting is not');

-- Resolution
SELECT pg_temp.service('P1'), pg_temp.service('P2'), pg_temp.service('P3', 'failed');
UPDATE radioshop.asset SET status = 'missing' WHERE tag = 'P4';
SELECT is(pg_temp.emit(), '{"IND:P1 resolved 0 0","IND:P2 resolved 0 0","IND:P4 resolved 0 0"}', 'what is serviced or out of use is resolved; a failed service resolves nothing');
SELECT is(pg_temp.emit(), '{}', 'once');
SELECT is(pg_temp.open_alerts(), '{"B1 overdue","BENCH overdue","BENCH escalated","BENCH escalated","P3 overdue","P3 escalated","P3 escalated"}', 'and closed');
SELECT alike((SELECT s.refusal FROM radioshop.alert l JOIN radioshop.asset a USING (asset_id) CROSS JOIN LATERAL radioshop.ack_alert(l.alert_id::text, '') s
  WHERE a.tag = 'P2' AND l.kind = 'resolved'), 'FAILED_PRECONDITION%', 'a resolved one cannot be acknowledged');
SELECT alike((SELECT s.refusal FROM radioshop.alert l JOIN radioshop.asset a USING (asset_id) CROSS JOIN LATERAL radioshop.ack_alert(l.alert_id::text, '') s
  WHERE a.tag = 'P2' AND l.kind = 'overdue'), 'FAILED_PRECONDITION%settled%', 'nor a settled one');
UPDATE radioshop.asset SET status = 'in_service' WHERE tag = 'P4';
SELECT is(pg_temp.emit(), '{}', 'an asset that is found is overdue for the same due date, and that was said');
SELECT ok('P4 overdue' = ANY (pg_temp.open_alerts()), 'but the alert is open again');
SELECT pg_temp.nights(10);
SELECT is(pg_temp.emit('IND'), '{"IND:BENCH escalated 5 56","IND:P3 escalated 5 56","IND:P4 escalated 5 56"}', 'and raised again in time');
SELECT is(pg_temp.stop(true), NULL, 'the plan stops');
SELECT is(pg_temp.emit('IND'), '{"IND:BENCH resolved 0 0","IND:P3 resolved 0 0"}', 'which resolves the rest, but for what was said to be resolved before');
SELECT is(pg_temp.stop(false), NULL, 'the plan goes on');
SELECT is(pg_temp.emit('IND'), '{}', 'and nothing is said twice');
SELECT is((SELECT count(*) FROM radioshop.alert l GROUP BY l.agency_id, l.asset_id, l.plan_id, l.due_on, l.kind, l.step ORDER BY 1 DESC LIMIT 1), 1::bigint, 'nothing is in the ledger twice');

-- What is found late is said once
INSERT INTO radioshop.asset (agency_id, tag, class, created_at) VALUES (901, 'P9', 'portable', now() - interval '3 years');
SELECT is(pg_temp.emit('IND'), '{"IND:P9 overdue 0 56"}', 'an item found late is said once, with its days');
SELECT pg_temp.nights(3);
SELECT is(pg_temp.emit('IND'), '{}', 'and not again until the next step');
SELECT pg_temp.nights(2);
SELECT ok('IND:P9 escalated 6 61' = ANY (pg_temp.emit('IND')), 'which comes with that of the others');

-- Reading
SELECT is((SELECT array_agg(l ->> 'id' ORDER BY n) FROM pg_temp.list_alerts('{}') WITH ORDINALITY x (l, n)),
  (SELECT array_agg(l.alert_id::text ORDER BY l.emitted_at DESC, l.alert_id DESC) FROM radioshop.alert l), 'the ledger is listed, newest first');
SELECT is((SELECT array_agg((l ->> 'tag') || ' ' || (l ->> 'kind') ORDER BY l ->> 'tag', (l ->> 'step')::int) FROM pg_temp.list_alerts('{"open": true}') l), pg_temp.open_alerts(), 'or what is open');
SELECT is((SELECT count(*) FROM pg_temp.list_alerts('{"agency": "blu", "open": true}')), 1::bigint, 'of one agency');
SELECT is((SELECT count(*) FROM (SELECT l FROM pg_temp.list_alerts('{"page_limit": 5}') l) x),  5::bigint, 'page by page');
SELECT is((SELECT array_agg(l2 ->> 'id' ORDER BY n) FROM (SELECT l FROM pg_temp.list_alerts('{"page_limit": 5}') l OFFSET 4) x
    CROSS JOIN LATERAL pg_temp.list_alerts(jsonb_build_object('page_key', l -> 'page_key')) WITH ORDINALITY y (l2, n)),
  (SELECT array_agg(l.alert_id::text ORDER BY l.emitted_at DESC, l.alert_id DESC) FROM (SELECT l.emitted_at, l.alert_id FROM radioshop.alert l ORDER BY 1 DESC, 2 DESC OFFSET 5) l), 'and on from a key');
SELECT is((SELECT l ->> 'refusal' FROM pg_temp.list_alerts('{"agency": "LSM"}') l), radioshop.refuse('NOT_FOUND', 'agency', 'no agency has the code LSM'), 'not another agency''s');

-- Refusals
SELECT is((SELECT s.refusal FROM radioshop.emit_alerts('', n) s), radioshop.refuse('INVALID_ARGUMENT', 'limit', 'give 1 to 1000, or 0 for 1000'), format('limit %s is refused', n))
  FROM unnest('{-1,1001}'::int[]) n;
SELECT is((SELECT s.refusal FROM radioshop.emit_alerts('LSM', 0) s), radioshop.refuse('NOT_FOUND', 'agency', 'no agency has the code LSM'), 'another agency looks like none');
SELECT is((radioshop.ack_alert('x', '')).refusal, radioshop.refuse('INVALID_ARGUMENT', 'alert', 'give the UUID of an alert'), 'an alert is named by UUID');
SELECT alike((radioshop.ack_alert('00000000-0000-0000-0000-000000000000', '')).refusal, 'NOT_FOUND%', 'one that does not exist is not found');

-- Tenancy
SELECT set_config('test.alert', (SELECT l.alert_id::text FROM radioshop.alert l WHERE l.acked_at IS NULL AND l.settled_at IS NULL AND l.kind = 'overdue' LIMIT 1), true);
SELECT radioshop.enter('lee', '{alerter}', 'AlertService.ListAlerts', 'c2', 60000, 5000, NULL, NULL);
SELECT is_empty($$SELECT l.alert_id FROM radioshop.alert l$$, 'another agency sees no alert');
SELECT is(pg_temp.emit(), '{}', 'and emits none');
SELECT alike((radioshop.ack_alert(current_setting('test.alert'), '')).refusal, 'NOT_FOUND%', 'nor acknowledges one');
SELECT throws_ok($$INSERT INTO radioshop.alert (agency_id, kind, asset_id, plan_id, due_on, days_overdue) VALUES (901, 'overdue', radioshop.uuid_v7(), radioshop.uuid_v7(), '2026-01-01', 1)$$,
  '42501', NULL, 'nor writes one');

SELECT * FROM finish();
ROLLBACK;
