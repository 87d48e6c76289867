-- RMAs: business days, constraints, and what holds whatever statement tries.
BEGIN;
SELECT no_plan();
SELECT is(radioshop.add_weekdays(d, n), want, format('%s business days after %s', n, d)) FROM (VALUES ('2026-11-20'::date, 1, '2026-11-23'::date), ('2026-11-20', 5, '2026-11-27'),
  ('2026-11-21', 1, '2026-11-23'), ('2026-11-22', 1, '2026-11-23'), ('2026-11-23', 4, '2026-11-27'), ('2026-11-23', 5, '2026-11-30'), ('2026-12-31', 1, '2027-01-01'), ('2026-11-23', 365, '2028-04-17')) v (d, n, want);
SELECT is(radioshop.weekdays_between(a, b), want, format('from %s to %s', a, b)) FROM (VALUES ('2026-11-20'::date, '2026-11-20'::date, 0), ('2026-11-20', '2026-11-22', 0), ('2026-11-20', '2026-11-23', 1),
  ('2026-11-23', '2026-11-30', 5), ('2026-11-22', '2026-11-27', 5)) v (a, b, want);
SELECT is((SELECT count(*) FROM generate_series(date '2026-01-01', '2026-12-31', '1 day') d CROSS JOIN generate_series(1, 20) n
  WHERE radioshop.weekdays_between(d::date, radioshop.add_weekdays(d::date, n)) <> n), 0::bigint, 'the two agree on every day of a year');

INSERT INTO radioshop.agency (agency_id, code, name, time_zone) VALUES (901, 'IND', 'Independence', 'UTC'), (902, 'LSM', 'Lee''s Summit', 'UTC');
INSERT INTO radioshop.principal (name, display_name) VALUES ('tina', 'Tina'), ('mona', 'Mona');
INSERT INTO radioshop.principal_grant (principal_id, role, agency_id) SELECT p.principal_id, v.role, v.agency_id
  FROM (VALUES ('tina', 'technician', 0), ('mona', 'fleet_manager', 902)) v (name, role, agency_id) JOIN radioshop.principal p USING (name);
INSERT INTO radioshop.asset (agency_id, tag, class, serial) VALUES (901, 'P1', 'portable', 'OLD1'), (901, 'P2', 'portable', 'S2');
SET LOCAL ROLE radioshop_app;
SELECT radioshop.enter('tina', '{technician}', 'M', 'c1', 60000, 5000, NULL, NULL);
CREATE FUNCTION pg_temp.said(refusal text) RETURNS text LANGUAGE sql AS $$ SELECT translate(refusal, chr(31), '|') $$;
CREATE FUNCTION pg_temp.ticket() RETURNS text LANGUAGE sql AS $$ SELECT t.number FROM radioshop.ticket t ORDER BY t.opened_at DESC, t.number LIMIT 1 $$;
SELECT isnt((SELECT t.number FROM radioshop.open_ticket('P1', 'x', NULL, true) t), NULL, 'a ticket');
SELECT is((SELECT t.state FROM radioshop.move_ticket(pg_temp.ticket(), 1, 'diagnosing', '', '', '') t), 'diagnosing', 'that is looked at');
SELECT matches(pg_temp.said((radioshop.open_rma(pg_temp.ticket(), 'R1', '', 'depot', false, 4, '')).refusal), '^INVALID_ARGUMENT\|vendor', 'an asset without a model says not who makes it');
SELECT matches(pg_temp.said((radioshop.open_rma(pg_temp.ticket(), 'R1', 'M', 'warranty', false, 4, '')).refusal), '^FAILED_PRECONDITION\|kind\|nobody has entered until when asset P1 has a warranty', 'nor whether there is a warranty');
SELECT is((SELECT r.state FROM radioshop.open_rma(pg_temp.ticket(), ' R1 ', 'M', 'depot', false, 4, '') r), 'open', 'opened');
SELECT throws_ok(format($$INSERT INTO radioshop.rma (agency_id, ticket_id, number, vendor, kind, state, shipped_on, received_on, goodwill, outcome) SELECT agency_id, ticket_id, %L, 'M', %L, %L, %L, %L, %L, %L FROM radioshop.ticket$$,
    number, kind, state, shipped, received, goodwill, CASE WHEN state = 'received' THEN 'repaired' END), code, format(CASE code WHEN '23505' THEN 'duplicate key value violates unique constraint "%s"' ELSE 'new row for relation "rma" violates check constraint "%s"' END, rule), rule)
  FROM (VALUES ('r1', 'depot', 'cancelled', NULL, NULL, false, '23505', 'rma_number_unique'), ('R2', 'depot', 'open', NULL, NULL, false, '23505', 'rma_one_open'),
    ('R2', 'depot', 'open', '2026-01-01', NULL, false, '23514', 'rma_shipped_on_fits'), ('R2', 'depot', 'shipped', NULL, NULL, false, '23514', 'rma_shipped_on_fits'),
    ('R2', 'depot', 'received', '2026-01-02', '2026-01-01', false, '23514', 'rma_received_on_fits'), ('R2', 'depot', 'received', '2026-01-02', NULL, false, '23514', 'rma_received_on_fits'),
    ('R2', 'depot', 'cancelled', NULL, NULL, true, '23514', 'rma_goodwill_fits'), ('', 'depot', 'cancelled', NULL, NULL, false, '23514', 'rma_number_form')) v (number, kind, state, shipped, received, goodwill, code, rule);
SELECT is((SELECT r.state || ' ' || r.ticket_state || ' ' || r.serial_sent FROM radioshop.ship_rma('r1', 1, NULL, '', '') r), 'shipped at_depot OLD1', 'shipped');
SELECT throws_ok(format('UPDATE radioshop.ticket SET state = %L', s), '23514', format('ticket %s cannot move to %s while its radio is away', pg_temp.ticket(), s), 'it is not ' || s)
  FROM unnest('{diagnosing,testing,repairing,ready}'::text[]) s;
SELECT throws_ok($$UPDATE radioshop.rma SET state = 'open', shipped_on = NULL$$, '23514', 'RMA R1 cannot go from shipped to open', 'nor does the RMA go back');
SELECT throws_ok($$UPDATE radioshop.rma SET bill_entry = 1$$, '23514', 'new row for relation "rma" violates check constraint "rma_bill_fits"', 'no bill before it is back');
SELECT is((SELECT r.state || ' ' || r.ticket_state || ' ' || r.serial_back || ' ' || r.codeplug_due FROM radioshop.receive_rma('R1', 2, NULL, NULL, 'new1', '', false, 7, '') r), 'received testing new1 true', 'another radio came back');
SELECT is((SELECT array_agg(f.serial) FROM radioshop.asset_former_serial f), '{OLD1}', 'the serial number before is kept');
SELECT is((SELECT e.cost_cents || ' ' || e.kind || ' ' || e.text FROM radioshop.rma r JOIN radioshop.ticket_entry e ON e.agency_id = r.agency_id AND e.ticket_id = r.ticket_id
  AND e.entry_no = r.bill_entry), '7 outside RMA R1 of M', 'its bill is an entry of the ticket');
SELECT throws_ok(format('UPDATE radioshop.rma SET %s', s), '23514', format('new row for relation "rma" violates check constraint "%s"', c), s) FROM (VALUES
  ('outcome = NULL', 'rma_outcome_fits'), ('outcome = $q$lost$q$', 'rma_outcome_known'), ('outcome = $q$repaired$q$', 'rma_serial_back_fits'), ('serial_back = $q$$q$', 'rma_serial_back_fits')) v (s, c);
SELECT throws_ok($$UPDATE radioshop.rma SET state = 'shipped', received_on = NULL, outcome = NULL, serial_back = '', bill_entry = NULL$$, '23514', 'RMA R1 cannot go from received to shipped', 'what is back is not away again');
SELECT throws_ok($$UPDATE radioshop.ticket SET state = 'ready'$$, '23514', 'new row for relation "ticket" violates check constraint "ticket_codeplug_reloaded"', 'whatever statement makes it ready');
SELECT is((SELECT r.codeplug_due FROM radioshop.confirm_rma_codeplug('R1', 3, '') r), false, 'the codeplug is loaded');
SELECT is((SELECT t.state FROM radioshop.ticket t JOIN radioshop.move_ticket(t.number, t.revision, 'ready', '', '', '') m ON true), 'testing', 'and it goes on');
SELECT is((SELECT t.state FROM radioshop.ticket t), 'ready', 'to be ready');
SELECT radioshop.enter('mona', '{fleet_manager}', 'M', 'c2', 60000, 5000, NULL, NULL);
SELECT is_empty('SELECT 1 FROM radioshop.rma UNION ALL SELECT 1 FROM radioshop.asset_former_serial', 'another agency sees nothing of it');

SELECT * FROM finish();
ROLLBACK;
