-- Watchers of tickets: who may, who is told, and who is not any more.
BEGIN;
SELECT no_plan();
INSERT INTO radioshop.agency (agency_id, code, name, time_zone) VALUES (901, 'IND', 'Independence', 'UTC'), (902, 'LSM', 'Lee''s Summit', 'UTC');
INSERT INTO radioshop.principal (name, display_name) SELECT n, n FROM unnest('{tess,lee,max,vic}'::text[] || ARRAY(SELECT 'p' || i FROM generate_series(1, 50) i)) n;
INSERT INTO radioshop.principal_grant (principal_id, role, agency_id) SELECT p.principal_id, CASE p.name WHEN 'tess' THEN 'technician' WHEN 'max' THEN 'fleet_manager' ELSE 'viewer' END,
  CASE p.name WHEN 'lee' THEN 902 WHEN 'vic' THEN 0 ELSE 901 END FROM radioshop.principal p;
INSERT INTO radioshop.asset (agency_id, tag, class) SELECT 901, 'P' || n, 'portable' FROM generate_series(1, 2) n;
SELECT set_config('radioshop.agencies', '{901}', true);
INSERT INTO radioshop.alert_route (agency_id, code, channel, principal, kinds) VALUES (901, 'VIC', 'output', 'vic', '{ticket_moved}'), (901, 'MAX', 'output', 'max', '{overdue}'), (901, 'ALL', 'output', '', '{}');
SET LOCAL ROLE radioshop_app;
SELECT radioshop.enter('tess', '{technician}', 'x', 'c1', 60000, 5000, NULL, NULL);
SELECT is((SELECT count(*) FROM radioshop.open_ticket('P' || n, 'x', NULL, true) t), 1::bigint, 'ticket ' || n) FROM generate_series(1, 2) n;
CREATE FUNCTION pg_temp.n(i int) RETURNS text LANGUAGE sql AS $$ SELECT 'IND-' || extract(year FROM now()) || '-' || lpad(i::text, 5, '0') $$;
CREATE FUNCTION pg_temp.watch(who text, watch boolean DEFAULT true) RETURNS text LANGUAGE sql AS $$
  SELECT coalesce(translate(w.refusal, chr(31), '|'), array_to_string(w.watchers, ' ')) FROM radioshop.watch_ticket(pg_temp.n(1), who, watch) w $$;
SELECT is(pg_temp.watch(''), 'tess', 'a technician watches');
SELECT matches(pg_temp.watch('vic'), '^PERMISSION_DENIED', 'and says so for nobody else');
SELECT radioshop.enter('max', '{fleet_manager}', 'x', 'c2', 60000, 5000, NULL, NULL);
SELECT is(pg_temp.watch('vic'), 'tess vic', 'the fleet manager does');
SELECT is(pg_temp.watch('max'), 'max tess vic', 'for the shop''s viewer and for himself');
SELECT matches(pg_temp.watch(who), 'FAILED_PRECONDITION.principal.nobody with the name .* may see ticket', 'not for ' || who) FROM unnest('{lee,nobody,Lee}'::text[]) who;
SELECT is((SELECT w.moved FROM radioshop.ticket_watcher w WHERE w.principal = 'vic'), false, 'nothing to tell yet');

-- Telling
SELECT radioshop.enter('tess', '{technician}', 'x', 'c3', 60000, 5000, NULL, NULL);
SELECT is((SELECT m.state FROM radioshop.ticket t CROSS JOIN LATERAL radioshop.move_ticket(t.number, t.revision, 'diagnosing', '', '', '') m WHERE t.number = pg_temp.n(1)), 'diagnosing', 'moved');
SELECT is((SELECT m.state FROM radioshop.ticket t CROSS JOIN LATERAL radioshop.move_ticket(t.number, t.revision, 'repairing', '', '', '') m WHERE t.number = pg_temp.n(1)), 'repairing', 'and again');
SELECT is((SELECT array_agg(w.principal ORDER BY w.principal) FROM radioshop.ticket_watcher w WHERE w.moved), '{max,vic}', 'who has moved it is not told');
SELECT radioshop.tell_watchers(901, 1);
SELECT is((SELECT array_agg(w.principal) FROM radioshop.ticket_watcher w WHERE w.moved), '{vic}', 'as many as are wanted at once');
SELECT radioshop.tell_watchers(901, 10);
SELECT radioshop.tell_watchers(901, 10);
SELECT is((SELECT array_agg(l.kind || ' ' || l.subject || ' ' || l.occasion || ': ' || l.said) FROM radioshop.alert l),
  ARRAY[format('ticket_moved %s 3: %1$s is repairing, moved by tess', pg_temp.n(1))], 'one alert of where it is, and of which move');
SELECT is((SELECT array_agg(r.code || ' ' || n.state) FROM radioshop.alert_notice n JOIN radioshop.alert_route r USING (agency_id, route_id)), '{VIC queued}', 'for the route that takes it, of the one who watches');

-- Who may see nothing any more
SELECT is((SELECT count(*) FROM radioshop.mute_former_watchers(901) m JOIN radioshop.alert_notice n ON n.state = 'queued'), 1::bigint, 'who may see it is told');
RESET ROLE;
UPDATE radioshop.principal SET disabled = true WHERE name = 'vic';
SET LOCAL ROLE radioshop_app;
SELECT ok(NOT radioshop.may_see_tickets('vic', 901), 'who is locked out may not');
SELECT is((SELECT count(*) FROM radioshop.mute_former_watchers(901)), 1::bigint, 'what is queued');
SELECT is((SELECT n.state || ': ' || n.reason FROM radioshop.alert_notice n), 'muted: vic may not see the tickets of the agency any more', 'is not sent');
SELECT is(current_setting('radioshop.agencies'), '{901}', 'and nobody sees more than before');

-- At most fifty, and nobody of another city
SELECT radioshop.enter('max', '{fleet_manager}', 'x', 'c4', 60000, 5000, NULL, NULL);
SELECT is(count(pg_temp.watch('p' || i)), 47::bigint, 'forty-seven more') FROM generate_series(1, 47) i;
SELECT is(pg_temp.watch('p48'), format('FAILED_PRECONDITION|ticket|ticket %s is watched by 50 people, which is the most', pg_temp.n(1)), 'the fifty-first is too many');
SELECT isnt(pg_temp.watch('p47'), NULL, 'one of them again is not');
SELECT is(pg_temp.watch('p48', false), format('NOT_FOUND|principal|p48 does not watch ticket %s', pg_temp.n(1)), 'who does not watch does not leave');
SELECT radioshop.enter('lee', '{viewer}', 'x', 'c5', 60000, 5000, NULL, NULL);
SELECT is_empty($$SELECT w.principal FROM radioshop.ticket_watcher w$$, 'another city sees none of them');
SELECT matches(pg_temp.watch(''), '^NOT_FOUND.ticket', 'nor the ticket');
SELECT * FROM finish();
