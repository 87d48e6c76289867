-- Loans: longest periods, constraints, and what holds whatever statement tries.
BEGIN;
SELECT no_plan();
SELECT is(radioshop.loan_latest(d, loaner), want, format('lent on %s', d)) FROM (VALUES ('2026-11-23'::date, true, '2027-02-23'::date), ('2026-11-30', true, '2027-02-28'),
  ('2027-11-30', true, '2028-02-29'), ('2026-12-31', true, '2027-03-31'), ('2026-11-23', false, '2027-11-23'), ('2028-02-29', false, '2029-02-28')) v (d, loaner, want);
SELECT is(radioshop.loan_due(d, over), want, format('due on %s, repaired on %s', d, over)) FROM (VALUES ('2026-11-23'::date, NULL::date, '2026-11-23'::date),
  ('2026-12-23', '2026-11-23', '2026-11-30'), ('2026-11-29', '2026-11-23', '2026-11-29')) v (d, over, want);

INSERT INTO radioshop.agency (agency_id, code, name, time_zone) VALUES (901, 'IND', 'Independence', 'Pacific/Kiritimati'), (902, 'LSM', 'Lee''s Summit', 'Pacific/Pago_Pago');
INSERT INTO radioshop.principal (name, display_name) VALUES ('tina', 'Tina'), ('ivy', 'Ivy'), ('mona', 'Mona');
INSERT INTO radioshop.principal_grant (principal_id, role, agency_id) SELECT p.principal_id, v.role, v.agency_id
  FROM (VALUES ('tina', 'technician', 0), ('ivy', 'technician', 901), ('mona', 'technician', 902)) v (name, role, agency_id) JOIN radioshop.principal p USING (name);
INSERT INTO radioshop.asset (agency_id, tag, class, status, assigned_to) SELECT 901, t, 'portable', s, '' FROM (VALUES ('P1', 'spare'), ('P2', 'in_service'), ('P3', 'missing'), ('P4', 'spare')) v (t, s);
INSERT INTO radioshop.asset (agency_id, tag, class, assigned_to) VALUES (902, 'R1', 'portable', 'Ruiz');
SET LOCAL ROLE radioshop_app;
SELECT radioshop.enter('tina', '{technician}', 'M', 'c1', 60000, 5000, NULL, NULL);
CREATE FUNCTION pg_temp.said(refusal text) RETURNS text LANGUAGE sql AS $$ SELECT translate(refusal, chr(31), '|') $$;
CREATE FUNCTION pg_temp.id(tag text) RETURNS uuid LANGUAGE sql AS $$ SELECT a.asset_id FROM radioshop.asset a WHERE a.tag = id.tag $$;
CREATE FUNCTION pg_temp.lend(tag text, borrower_id int, days int, loaner boolean) RETURNS void LANGUAGE sql AS $$
  INSERT INTO radioshop.loan (agency_id, asset_id, lender, tag, serial, model, borrower_id, borrower_agency, borrower, purpose, loaner, out_on, due_on, status_before)
    SELECT 901, pg_temp.id(lend.tag), 'IND', lend.tag, '', '', lend.borrower_id, 'XXX', 'X', 'other', lend.loaner, d, d + days, '' FROM radioshop.today('UTC') d $$;

-- Guards
SELECT throws_ok($$SELECT pg_temp.lend('P3', 901, 1, false)$$, '23514', 'asset P3 cannot be lent', 'what is missing does not go out');
SELECT throws_ok($$SELECT pg_temp.lend('P1', 902, 1, true)$$, '23514', 'asset P1 cannot be lent', 'nor to another agency what is not in the pool');
SELECT matches(pg_temp.said((radioshop.issue_loan('P1', '', 'X', '', '', 'LSM', NULL, radioshop.today('Pacific/Kiritimati'), '')).refusal), '^FAILED_PRECONDITION\|asset\|asset IND:P1 is not in the pool', 'in words');
SELECT is((radioshop.change_loaner(true, 'P1', '')).free, true, 'it is put into the pool');
SELECT throws_ok(format('SELECT pg_temp.lend(%L, %s, %s, %L)', tag, to_id, days, loaner), '23514', format('new row for relation "loan" violates check constraint "%s"', rule), rule)
  FROM (VALUES ('P1', 902, 1, false, 'loan_agency_fits'), ('P2', 901, 93, true, 'loan_due_on_fits'), ('P2', 901, 367, false, 'loan_due_on_fits'), ('P2', 901, -1, false, 'loan_due_on_fits')) v (tag, to_id, days, loaner, rule);
SELECT lives_ok($$SELECT pg_temp.lend('P2', 901, 366 - 1, false)$$, 'a year of what is no loaner');
SELECT throws_ok($$SELECT pg_temp.lend('P2', 901, 1, false)$$, '23505', 'duplicate key value violates unique constraint "loan_one_open"', 'one open loan an asset');
SELECT throws_ok(format('UPDATE radioshop.asset SET status = %L WHERE tag = %L', s, 'P2'), '23514', 'asset P2 is lent', 'not ' || s || ' while it is lent') FROM unnest('{retired,disposed}'::text[]) s;
SELECT lives_ok($$UPDATE radioshop.asset SET status = 'missing' WHERE tag = 'P2'$$, 'missing it may be');
SELECT throws_ok(format('UPDATE radioshop.loan SET %s', s), '23514', format('new row for relation "loan" violates check constraint "%s"', c), s) FROM (VALUES
  ('in_at = now()', 'loan_in_fits'), ('condition = $q$good$q$', 'loan_in_fits'), ('in_at = now(), in_on = out_on, condition = $q$fine$q$', 'loan_condition_known'), ('reason = repeat($q$x$q$, 501)', 'loan_reason_form')) v (s, c);
SELECT lives_ok($$UPDATE radioshop.loan SET in_at = now(), in_on = out_on, condition = 'good'$$, 'back');
SELECT is((SELECT a.status FROM radioshop.asset a WHERE a.tag = 'P2'), 'in_service', 'found, and as it was');
SELECT throws_ok(format('UPDATE radioshop.loan SET %s', s), '23514', 'the loan of asset P2 is over', s)
  FROM unnest('{due_on = due_on + 1,in_at = NULL,condition = $q$lost$q$,return_note = $q$x$q$}'::text[]) s;
SELECT throws_ok('DELETE FROM radioshop.loan', '42501', NULL, 'no loan is deleted');

-- One step with the ticket of another agency, in two time zones that are never at the same day
SELECT is((SELECT t.state FROM radioshop.open_ticket_with_loaner('R1', 'dead', 'normal', true, '', 'P1', '', NULL) t), 'received', 'a ticket with its loaner');
SELECT is((SELECT concat_ws(' ', l.lender, l.borrower_agency, l.borrower, l.ticket, l.due_on, l.loaner) FROM radioshop.loan l WHERE l.in_at IS NULL),
  (SELECT concat_ws(' ', 'IND', 'LSM', 'Ruiz', t.number, (radioshop.today('Pacific/Kiritimati') + interval '3 months')::date, true) FROM radioshop.ticket t), 'the days are the owner''s');
SELECT is((SELECT a.assigned_to || ' ' || a.status FROM radioshop.asset a WHERE a.tag = 'R1'), 'Ruiz in_shop', 'the radio in repair stays whose it is');
SELECT matches(radioshop.custody_of(902, pg_temp.id('R1')), '^in repair \(LSM-[0-9-]+, received\), loaner IND:P1 with Ruiz until ', 'and says so');
SELECT throws_ok($$INSERT INTO radioshop.loan (agency_id, asset_id, lender, tag, serial, model, borrower_id, borrower_agency, borrower, purpose, ticket, loaner, out_on, due_on, status_before)
  SELECT 901, pg_temp.id('P4'), 'IND', 'P4', '', '', 902, 'LSM', 'X', 'repair', t.number, true, d, d, '' FROM radioshop.today('UTC') d, radioshop.ticket t$$, '23514', 'asset P4 cannot be lent', 'P4 is not in the pool');
SELECT is((radioshop.change_loaner(true, 'P4', '')).free, true, 'now it is');
SELECT throws_ok($$INSERT INTO radioshop.loan (agency_id, asset_id, lender, tag, serial, model, borrower_id, borrower_agency, borrower, purpose, ticket, loaner, out_on, due_on, status_before)
  SELECT 901, pg_temp.id('P4'), 'IND', 'P4', '', '', 902, 'LSM', 'X', 'repair', t.number, true, d, d, '' FROM radioshop.today('UTC') d, radioshop.ticket t$$, '23505',
  'duplicate key value violates unique constraint "loan_one_open_of_ticket"', 'one loaner a ticket');
SELECT is((radioshop.open_ticket_with_loaner('P4', 'dead', 'normal', true, '', 'P1', 'X', NULL)).refusal IS NOT NULL, true, 'a loaner that is out');
SELECT is((SELECT count(*) FROM radioshop.ticket), 1::bigint, 'opens no ticket');

-- Who is of one of the two agencies
SELECT radioshop.enter('mona', '{technician}', 'M', 'c2', 60000, 5000, NULL, NULL);
SELECT is((SELECT count(*) FROM radioshop.loan), 1::bigint, 'the borrower''s agency sees the loan');
SELECT is_empty('SELECT 1 FROM radioshop.loaner UNION ALL SELECT 1 FROM radioshop.asset WHERE agency_id = 901 UNION ALL SELECT 1 FROM radioshop.event WHERE agency_id = 901', 'and nothing else');
PREPARE changed AS UPDATE radioshop.loan SET due_on = due_on - 1 RETURNING 1;
SELECT is_empty('changed', 'it changes no loan');
SELECT throws_ok($$SELECT pg_temp.lend('P4', 902, 1, true)$$, NULL, NULL, 'nor makes one');
SELECT is((SELECT t.state FROM radioshop.ticket k CROSS JOIN LATERAL radioshop.move_ticket(k.number, k.revision, 'cancelled', '', '', '') t), 'cancelled', 'its ticket is its own');
SELECT is((SELECT x.over_on FROM radioshop.ticket_loaner x), radioshop.today('Pacific/Pago_Pago'), 'and says when the repair was over');
SELECT is((SELECT o.due_on FROM radioshop.ticket t, radioshop.loaner_of('LSM', t.ticket_id) o), radioshop.today('Pacific/Pago_Pago') + 7, 'a week later the loaner is due');
SELECT radioshop.enter('ivy', '{technician}', 'M', 'c3', 60000, 5000, NULL, NULL);
SELECT is((SELECT s.due_on FROM radioshop.one_loan('P1') o, radioshop.shown_loan(o.agency_id, o.loan_id) s), radioshop.today('Pacific/Pago_Pago') + 7, 'the owner sees the same day');
SELECT is_empty('SELECT 1 FROM radioshop.ticket UNION ALL SELECT 1 FROM radioshop.asset WHERE agency_id = 902', 'and nothing of the borrower''s');
PREPARE moved AS UPDATE radioshop.ticket_loaner SET over_on = NULL RETURNING 1;
SELECT is_empty('moved', 'nor changes what the ticket says');
SELECT is((SELECT count(*) FROM radioshop.alert_loaners_out(901, radioshop.today('Pacific/Pago_Pago') + 7, 1)), 0::bigint, 'on the day it is due nobody is told');
SELECT is((SELECT concat_ws(' ', f.due_on, f.step, f.days, f.said) FROM radioshop.alert_loaners_out(901, radioshop.today('Pacific/Pago_Pago') + 8, 1) f),
  (SELECT concat_ws(' ', radioshop.today('Pacific/Pago_Pago') + 7, 0, 1, 'lent to Ruiz (LSM) for ' || l.ticket) FROM radioshop.loan l WHERE l.in_at IS NULL), 'on the next the owner is');
SELECT is((SELECT s.condition FROM radioshop.return_loan('P1', 1, NULL, '', '') s), 'good', 'the owner takes it in alone');
SELECT is((SELECT a.status FROM radioshop.asset a WHERE a.tag = 'P1'), 'spare', 'on the shelf as before');
SELECT is((SELECT count(*) FROM radioshop.event e WHERE e.resource = 'loan'), 4::bigint, 'each change is an event of the owner');

SELECT * FROM finish();
ROLLBACK;
