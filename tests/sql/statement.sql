-- Statements: whole cents, months that are closed once, and what the constraints say when somebody works by hand.
\set calls `python3 tests/sql/statements.py set_agreement set_labour_rate preview_month close_month summarize_month list_statement_lines add_correction add_fund_movement`
BEGIN;
SELECT no_plan();
:calls

-- Whole parts
SELECT is(radioshop.apportion(t, w), want, format('%s by %s', t, w)) FROM (VALUES (100::numeric, '{1,1,1}'::numeric[], '{34,33,33}'::numeric[]), (-100, '{1,1,1}', '{-33,-33,-34}'),
  (0, '{5,3}', '{0,0}'), (1, '{1,1,1,1}', '{1,0,0,0}'), (-1, '{1,1}', '{0,-1}'), (7, '{0,1,0}', '{0,7,0}'), (100, '{6000,3000,1000}', '{60,30,10}'),
  (99, '{6000,3000,1000}', '{59,30,10}'), (10, '{1,2,4}', '{1,3,6}'), (1000000000000000, '{3333,3333,3334}', '{333300000000000,333300000000000,333400000000000}'),
  (99999999999999999999999, '{7}', '{99999999999999999999999}')) v (t, w, want);
SELECT is((SELECT sum(a) FROM unnest(radioshop.apportion(t, '{3,7,7,11,0,13}')) a), t, 'nothing is lost of ' || t) FROM unnest('{1,2,3,40,41,-1,-40,123456789012345678}'::numeric[]) t;
SELECT is(radioshop.round_half(n, d), want, n || '/' || d) FROM (VALUES (5::numeric, 2::numeric, 3::numeric), (-5, 2, -3), (4, 3, 1), (-4, 3, -1), (0, 60, 0), (29, 60, 0), (30, 60, 1), (-30, 60, -1), (-29, 60, 0)) v (n, d, want);

INSERT INTO radioshop.agency (agency_id, code, name) VALUES (901, 'IND', 'Independence'), (902, 'BSP', 'Blue Springs');
INSERT INTO radioshop.principal (name, display_name) VALUES ('boss', 'Boss'), ('mona', 'Mona');
INSERT INTO radioshop.principal_grant (principal_id, role, agency_id)
  SELECT p.principal_id, g.role, g.agency_id FROM radioshop.principal p JOIN (VALUES ('boss', 'admin', 0), ('mona', 'technician', 901)) g (name, role, agency_id) ON g.name = p.name;
CREATE FUNCTION pg_temp.enter(who text) RETURNS void LANGUAGE sql AS $$ SELECT radioshop.enter(who, '{admin,technician}', 'M', 'c1', 60000, 5000, NULL, NULL) $$;

SET LOCAL ROLE radioshop_app;
SELECT pg_temp.enter('boss');
SELECT alike(pg_temp.preview_month('{"month": "2024-01"}') ->> 'refusal', 'FAILED_PRECONDITION%month%no agreement yet%', 'without an agreement there is nothing to reckon');
SELECT alike(pg_temp.add_correction('{"agency": "IND", "amount_cents": 5, "text": "x"}') ->> 'refusal', 'FAILED_PRECONDITION%month%no agreement yet%', 'nor to correct');
SELECT is(pg_temp.set_agreement('{"from_month": "2024-01", "split": "minutes", "fixed_costs": [{"description": "Rent", "monthly_cents": 101}],
  "members": [{"agency": "IND", "kind": "member"}, {"agency": "BSP", "kind": "member"}]}') ->> 'refusal', NULL, 'an agreement by minutes');
SELECT alike(pg_temp.close_month('{"month": "2023-12"}') ->> 'refusal', 'FAILED_PRECONDITION%month%begins with 2024-01%', 'no month before it');
SELECT is(pg_temp.preview_month('{"month": "2024-03"}') ->> 'begins_at', '2024-03-01T06:00:00+00:00', 'a month begins at midnight in the time zone of the agreement');
SELECT is(pg_temp.preview_month('{"month": "2024-03"}') ->> 'ends_at', '2024-04-01T05:00:00+00:00', 'and is an hour shorter in March');
SELECT is((SELECT string_agg(s ->> 'share_cents', ' ') FROM pg_temp.close_month('{"month": "2024-01"}') m, jsonb_array_elements(m -> 'statements') s), '51 50', 'nobody had work: equal parts, and the odd cent goes to the first');
SET CONSTRAINTS ALL IMMEDIATE;
SET CONSTRAINTS ALL DEFERRED;
SELECT is((SELECT l ->> 'rounding_millicents' FROM pg_temp.list_statement_lines('{"agency": "BSP", "month": "2024-01"}') l), '500', 'the rounding is shown');
-- The transaction of this test is the one that closed January: what follows is about others.
RESET ROLE;
SET LOCAL session_replication_role = replica;
UPDATE radioshop.billing_month SET transaction = '3';
SET LOCAL session_replication_role = origin;
SET LOCAL ROLE radioshop_app;
SELECT throws_ok(c, '42501', NULL, c) FROM unnest(ARRAY[
  $$INSERT INTO radioshop.statement_line VALUES (901, '2024-01-01', 99, 'share', '', NULL, 'x', 0, 0, 0, 1, 0, '')$$,
  $$INSERT INTO radioshop.statement VALUES (0, '2024-01-01', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)$$,
  $$UPDATE radioshop.statement_line SET amount_cents = 1$$, $$DELETE FROM radioshop.statement$$, $$DELETE FROM radioshop.billing_month$$, $$UPDATE radioshop.month_account SET total_cents = 1$$,
  $$UPDATE radioshop.correction SET amount_cents = 1$$, $$DELETE FROM radioshop.fund_movement$$]) c;
SELECT throws_ok($$INSERT INTO radioshop.correction (agency_id, month, amount_cents, text) VALUES (901, '2024-01-01', 5, 'x')$$, 'RS412', 'month: 2024-01 is closed', 'a closed month takes no correction');
SELECT throws_ok($$INSERT INTO radioshop.fund_movement (agency_id, month, kind, amount_cents, text) VALUES (0, '2024-01-01', 'deposit', 5, 'x')$$, 'RS412', 'month: 2024-01 is closed', 'nor a movement');
-- Sums that do not add up cannot be committed
INSERT INTO radioshop.billing_month (month, begins_at, ends_at) VALUES ('2024-02-01', '2024-02-01 06:00Z', '2024-03-01 06:00Z');
INSERT INTO radioshop.statement_line VALUES (901, '2024-02-01', 1, 'share', '', NULL, 'x', 0, 0, 0, 100, 0, '');
INSERT INTO radioshop.statement VALUES (901, '2024-02-01', 1, 0, 100, 0, 0, 0, 0, 0, 0, 100);
SELECT throws_ok($$INSERT INTO radioshop.month_account VALUES ('2024-02-01', '2024-01-01', 101, 0, 0, 101, 0, 0, 0, 101, 0, ''); SET CONSTRAINTS ALL IMMEDIATE$$, 'XX000', NULL, 'statements of 100 for a total of 101');
SELECT throws_ok($$INSERT INTO radioshop.statement_line VALUES (902, '2024-02-01', 1, 'share', '', NULL, 'x', 0, 0, 0, 1, 0, '');
  INSERT INTO radioshop.month_account VALUES ('2024-02-01', '2024-01-01', 100, 0, 0, 100, 0, 0, 0, 100, 0, ''); SET CONSTRAINTS ALL IMMEDIATE$$, 'XX000', NULL, 'a line without its statement');
SELECT lives_ok($$INSERT INTO radioshop.month_account VALUES ('2024-02-01', '2024-01-01', 100, 0, 0, 100, 0, 0, 0, 100, 0, ''); SET CONSTRAINTS ALL IMMEDIATE$$, 'sums that add up');

-- Work in a closed month; a transaction that began in it and writes after its closing
RESET ROLE;
INSERT INTO radioshop.asset (agency_id, tag, class) VALUES (901, 'P1', 'portable');
SET LOCAL ROLE radioshop_app;
SELECT pg_temp.enter('mona');
SELECT is((SELECT t.number FROM radioshop.open_ticket('P1', 'x', NULL, true) t), 'IND-' || extract(year FROM now() AT TIME ZONE 'America/Chicago') || '-00001', 'a ticket');
PREPARE entry (timestamptz, int) AS INSERT INTO radioshop.ticket_entry (agency_id, ticket_id, entry_no, kind, minutes, at)
  SELECT t.agency_id, t.ticket_id, $2, 'labour', 5, $1 FROM radioshop.ticket t RETURNING at > now();
SELECT throws_ok($$EXECUTE entry('2024-02-29 23:59:59.999-06', 11)$$, 'RS412', 'at: 2024-02 is closed; enter the work as of now, and it counts for the month that is open', 'work of the last moment of February');
SELECT throws_ok($$EXECUTE entry('2019-01-01', 11)$$, 'RS412', NULL, 'and of any time before');
SELECT lives_ok($$EXECUTE entry('2024-03-01 00:00:00-06', 12)$$, 'but not of the first of March');
SELECT results_eq($$EXECUTE entry(now(), 13)$$, '{f}'::boolean[], 'now is now');
RESET ROLE;
SET LOCAL session_replication_role = replica;
UPDATE radioshop.billing_month SET ends_at = clock_timestamp(), closed_at = clock_timestamp() WHERE month = '2024-02-01';
SET LOCAL session_replication_role = origin;
SET LOCAL ROLE radioshop_app;
SELECT results_eq($$EXECUTE entry(now(), 14)$$, '{t}'::boolean[], 'what began before the turn of a month that was closed meanwhile counts for the next one');
SELECT throws_ok($$INSERT INTO radioshop.statement_line VALUES (901, '2024-02-01', 2, 'share', '', NULL, 'x', 0, 0, 0, 100, 0, '')$$, '42501', NULL, 'an agency writes no lines');
SELECT is((SELECT count(*) FROM radioshop.statement_line) || ' ' || (SELECT count(*) FROM radioshop.month_account), '2 0', 'and reads its own, and nothing of the shop''s');

SELECT * FROM finish();
ROLLBACK;
