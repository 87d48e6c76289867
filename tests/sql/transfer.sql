-- Transfers: what each side sees and may write, and that a decision is for good.
BEGIN;
SELECT no_plan();
INSERT INTO radioshop.agency (agency_id, code, name, time_zone) VALUES (901, 'IND', 'Independence', 'UTC'), (902, 'LSM', 'Lee''s Summit', 'UTC'), (903, 'BSP', 'Blue Springs', 'UTC');
INSERT INTO radioshop.principal (name, display_name) VALUES ('frank', 'Frank'), ('lee', 'Lee'), ('bea', 'Bea');
INSERT INTO radioshop.principal_grant (principal_id, role, agency_id) SELECT p.principal_id, 'fleet_manager', v.agency_id
  FROM (VALUES ('frank', 901), ('lee', 902), ('bea', 903)) v (name, agency_id) JOIN radioshop.principal p USING (name);
INSERT INTO radioshop.asset (agency_id, tag, class, notes) VALUES (901, 'R1', 'portable', 'secret'), (901, 'R2', 'portable', 'secret');
SET LOCAL ROLE radioshop_app;
SELECT radioshop.enter('frank', '{fleet_manager}', 'M', 'c1', 60000, 5000, NULL, NULL);
SELECT is((SELECT t.number || ' ' || t.state || ' ' || t.receiver FROM radioshop.offer_transfer('{R1}', 'LSM', 1000, '', false, '{}') t), 'IND-T-1 offered LSM', 'offered to an agency that the giver does not see');
SELECT is((SELECT count(*) FROM radioshop.agency), 1::bigint, 'which it still does not');
SELECT throws_ok($$INSERT INTO radioshop.transfer_item (agency_id, transfer_id, asset_id, place, receiver_id, tag, serial, class, quantity, flashcode, firmware, price_cents, repairs)
  SELECT i.agency_id, t.transfer_id, i.asset_id, 2, 902, 'R1', '', 'portable', 1, '', '', 0, 0 FROM radioshop.transfer_item i, radioshop.transfer t$$, '23505', NULL, 'once');
SELECT throws_ok(s, '42501', NULL, s) FROM unnest(ARRAY['DELETE FROM radioshop.transfer', 'DELETE FROM radioshop.transfer_item', 'UPDATE radioshop.transfer SET price_cents = 0', 'UPDATE radioshop.transfer_item SET serial = $q$x$q$']) s;
SELECT radioshop.enter('bea', '{fleet_manager}', 'M', 'c2', 60000, 5000, NULL, NULL);
SELECT is((SELECT (SELECT count(*) FROM radioshop.transfer) + (SELECT count(*) FROM radioshop.transfer_item)), 0::bigint, 'a third agency sees nothing of it');
SELECT is((SELECT split_part(t.refusal, chr(31), 1) FROM radioshop.accept_transfer('IND-T-1', '{}', '') t), 'NOT_FOUND', 'nor accepts it');
SELECT radioshop.enter('lee', '{fleet_manager}', 'M', 'c3', 60000, 5000, NULL, NULL);
SELECT is((SELECT count(*) FROM radioshop.transfer_item), 1::bigint, 'the receiver reads it');
WITH u AS (UPDATE radioshop.transfer SET state = 'accepted', decided_at = now(), decided_by = 'lee' RETURNING 1) SELECT is((SELECT count(*) FROM u), 0::bigint, 'and writes nothing there by itself');
SELECT is((SELECT t.state FROM radioshop.accept_transfer('IND-T-1', '{}', '') t), 'accepted', 'but by accepting it');
SELECT is(current_setting('radioshop.agencies'), '{902}', 'and acts for the giver no longer than that');
SELECT is((SELECT array_agg(a.tag || a.status || a.notes) FROM radioshop.asset a), '{R1spare}', 'it is an asset here, without a word of the giver');
SELECT is((SELECT count(*) FROM radioshop.event e WHERE e.agency_id <> 902 OR e.after::text ~ 'secret' OR e.before::text ~ 'secret'), 0::bigint, 'nor among the events');
SELECT is((SELECT translate(t.refusal, chr(31), '|') FROM radioshop.drop_transfer('IND-T-1', true, '') t), 'FAILED_PRECONDITION|transfer|transfer IND-T-1 is accepted already', 'for good');
SELECT is(current_setting('radioshop.agencies'), '{902}', 'nor when it is refused');
SELECT radioshop.enter('frank', '{fleet_manager}', 'M', 'c4', 60000, 5000, NULL, NULL);
SELECT throws_ok($$UPDATE radioshop.transfer SET decision_note = 'x'$$, 'RS412', 'transfer: transfer IND-T-1 is accepted already', 'whatever statement tries');
SELECT throws_ok($$UPDATE radioshop.asset SET status = 'spare' WHERE tag = 'R1'$$, '23514', 'asset R1 was transferred', 'and it is not in use here again');
SELECT * FROM finish();
ROLLBACK;
